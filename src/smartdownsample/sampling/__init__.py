"""Feature columns, a count and a seed in, picked rows out: pure functions of arrays.

Once for each collection, `lay_out` chooses the order that picks are spread along: by capture time,
by name, or by looks. Then `draw_selection` works in these steps, each a module:

1. ``scope``: find the items that may be picked, and their strata (each group's buckets).
2. ``quotas``: share the count among groups, and say which buckets are to have a pick.
3. ``even_steps``: share picks among events, and pick in even steps along the order.
4. ``anchors``: set a pick in each bucket that steps pass over, and step around it.
5. ``scenes``, ``repeats``: move a few picks where looks say clearly that it pays.

With spread "order", step 5 is left out. `draw_ranking` selects from large to small, each selection
from the one before.
"""

from .bucket_names import is_bucket_name, name_buckets
from .buckets import N_CODES, describe_bucket, encode_buckets
from .coverage import Coverage, NeededCount, measure_coverage
from .covered import find_alike
from .distances import DISTANCE_SCALE, FAR, find_nearest_rows, measure_distances
from .exact_selection import draw_selection
from .groups import check_groups, label_items
from .kept import find_kept
from .layout import lay_out
from .near_duplicates import SAME_SCENE, are_near_duplicates, is_near_duplicate
from .nested_ranking import draw_ranking
from .quality import (
    GOOD,
    QUALITY_WORDS,
    QualityWord,
    count_quality_unknown,
    name_quality,
    tell_quality,
)
from .representatives import count_represented, find_representatives
from .sequences import number_sequences
from .within_keys import number_joined

__all__ = [
    "DISTANCE_SCALE",
    "FAR",
    "GOOD",
    "N_CODES",
    "QUALITY_WORDS",
    "SAME_SCENE",
    "Coverage",
    "NeededCount",
    "QualityWord",
    "are_near_duplicates",
    "check_groups",
    "count_quality_unknown",
    "count_represented",
    "describe_bucket",
    "draw_ranking",
    "draw_selection",
    "encode_buckets",
    "find_alike",
    "find_kept",
    "find_nearest_rows",
    "find_representatives",
    "is_bucket_name",
    "is_near_duplicate",
    "label_items",
    "lay_out",
    "measure_coverage",
    "measure_distances",
    "name_buckets",
    "name_quality",
    "number_joined",
    "number_sequences",
    "tell_quality",
]
