"""From items to their features: known ones from the store, the others by decoding."""

from .box_orientation import turn_boxes, turn_upright
from .forecast import forecast_work
from .gather import describe_failures, gather_features, open_pack, warn_of_failures
from .photo_sizes import measure_photo
from .preview_trust import PreviewCounts, count_previews, describe_previews
from .progress_bar import count_progress
from .stored_table import open_stored

__all__ = [
    "PreviewCounts",
    "count_previews",
    "count_progress",
    "describe_failures",
    "describe_previews",
    "forecast_work",
    "gather_features",
    "measure_photo",
    "open_pack",
    "open_stored",
    "turn_boxes",
    "turn_upright",
    "warn_of_failures",
]
