"""Pick a visually diverse subset of exactly N images out of a large, redundant collection."""

from .api import sample_diverse
from .errors import (
    DecodeError,
    ImageLoadingWarning,
    InvalidParameterError,
    MissingExtraError,
    MissingImageError,
    SmartDownsampleError,
    StoreWarning,
)
from .index import ImageIndex
from .model import BucketCount, Cause, Failure, FeatureSpec, FeatureTable, Selection
from .paths import find_images

__version__ = "3.0.0.dev0"

__all__ = [
    "BucketCount",
    "Cause",
    "DecodeError",
    "Failure",
    "FeatureSpec",
    "FeatureTable",
    "ImageIndex",
    "ImageLoadingWarning",
    "InvalidParameterError",
    "MissingExtraError",
    "MissingImageError",
    "Selection",
    "SmartDownsampleError",
    "StoreWarning",
    "__version__",
    "find_images",
    "sample_diverse",
]
