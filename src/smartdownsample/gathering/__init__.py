"""From items to their features: known ones from the store, the others by decoding."""

from .forecast import Forecast, forecast_work
from .gather import gather_features, open_pack
from .preview_trust import PreviewCounts, count_previews, describe_previews

__all__ = [
    "Forecast",
    "PreviewCounts",
    "count_previews",
    "describe_previews",
    "forecast_work",
    "gather_features",
    "open_pack",
]
