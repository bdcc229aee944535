"""Features: pure functions from the pixels of pictures to rows of the feature matrix."""

from .batches import take_together
from .columns import (
    describe_pictures,
    measure_brightness,
    measure_colour_variance,
    tell_infrared,
)
from .preview_checks import MIN_COMPARED, N_CHECKED, choose_checked, is_trusted
from .spec import FEATURE_VERSION, choose_crop_min_side, choose_min_side, make_spec, make_spec_for
from .thumbnails import MEAN_SIDE

__all__ = [
    "FEATURE_VERSION",
    "MEAN_SIDE",
    "MIN_COMPARED",
    "N_CHECKED",
    "choose_checked",
    "choose_crop_min_side",
    "choose_min_side",
    "describe_pictures",
    "is_trusted",
    "make_spec",
    "make_spec_for",
    "measure_brightness",
    "measure_colour_variance",
    "take_together",
    "tell_infrared",
]
