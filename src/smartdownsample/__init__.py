"""Pick a visually diverse subset of exactly N images out of a large, redundant collection."""

from . import cache
from .api import sample_diverse
from .errors import (
    DecodeError,
    ImageLoadingWarning,
    InvalidParameterError,
    MissingExtraError,
    MissingImageError,
    SmartDownsampleError,
    StoreError,
    StoreWarning,
)
from .index import ImageIndex
from .model import (
    BucketCount,
    Cause,
    Failure,
    FeatureSpec,
    FeatureTable,
    GroupCount,
    Selection,
)
from .packs import export_pack, import_pack
from .paths import find_images
from .ranking import Ranking

__version__ = "3.0.0.dev0"

__all__ = [
    "BucketCount",
    "Cause",
    "DecodeError",
    "Failure",
    "FeatureSpec",
    "FeatureTable",
    "GroupCount",
    "ImageIndex",
    "ImageLoadingWarning",
    "InvalidParameterError",
    "MissingExtraError",
    "MissingImageError",
    "Ranking",
    "Selection",
    "SmartDownsampleError",
    "StoreError",
    "StoreWarning",
    "__version__",
    "cache",
    "export_pack",
    "find_images",
    "import_pack",
    "sample_diverse",
]
