"""From columns, a count and a seed to picked rows: pure functions of arrays."""

from .buckets import THEMES, encode_buckets, name_bucket
from .coverage import Coverage, measure_coverage
from .distances import (
    DISTANCE_SCALE,
    FAR,
    find_nearest_rows,
    measure_steps,
)
from .groups import check_groups, label_items
from .ranking import draw_ranking
from .sampling import draw_selection
from .sequences import NEAR_DUPLICATE, find_sequences

__all__ = [
    "DISTANCE_SCALE",
    "FAR",
    "NEAR_DUPLICATE",
    "THEMES",
    "Coverage",
    "check_groups",
    "draw_ranking",
    "draw_selection",
    "encode_buckets",
    "find_nearest_rows",
    "find_sequences",
    "label_items",
    "measure_coverage",
    "measure_steps",
    "name_bucket",
]
