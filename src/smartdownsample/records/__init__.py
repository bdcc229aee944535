"""The frozen records that pass between the wings, from named images to what was picked."""

from .arrays import (
    BoolArray,
    ByteArray,
    DistanceArray,
    Float32Array,
    Float64Array,
    FrameArray,
    IntArray,
    RowArray,
)
from .collection import BucketCount, Collection, GroupCount, GroupLabels, Layout, Picks, Regime
from .failures import Cause, Failure
from .feature_batch import FeatureBatch, FileStats
from .feature_spec import (
    FLAG_ALIKE,
    FLAG_CHECKED,
    FLAG_COMPARED,
    FLAG_PREVIEW,
    FLAG_TRUNCATED,
    FLAG_TURNED,
    LAB_LAYOUT_SIDE,
    SHARPNESS_SCALE,
    FeatureSpec,
    n_bytes,
)
from .feature_table import FeatureTable
from .item_list import ItemList
from .regions import (
    REGION_COLUMNS,
    WHOLE,
    Region,
    are_crops,
    round_region,
    round_regions,
    whole_photos,
)

__all__ = [
    "FLAG_ALIKE",
    "FLAG_CHECKED",
    "FLAG_COMPARED",
    "FLAG_PREVIEW",
    "FLAG_TRUNCATED",
    "FLAG_TURNED",
    "LAB_LAYOUT_SIDE",
    "REGION_COLUMNS",
    "SHARPNESS_SCALE",
    "WHOLE",
    "BoolArray",
    "BucketCount",
    "ByteArray",
    "Cause",
    "Collection",
    "DistanceArray",
    "Failure",
    "FeatureBatch",
    "FeatureSpec",
    "FeatureTable",
    "FileStats",
    "Float32Array",
    "Float64Array",
    "FrameArray",
    "GroupCount",
    "GroupLabels",
    "IntArray",
    "ItemList",
    "Layout",
    "Picks",
    "Regime",
    "Region",
    "RowArray",
    "are_crops",
    "n_bytes",
    "round_region",
    "round_regions",
    "whole_photos",
]
