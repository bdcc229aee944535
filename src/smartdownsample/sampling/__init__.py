"""Feature columns, a count and a seed in, picked rows out: pure functions of arrays.

`draw_selection` works in these steps, each a module:

1. ``scope``: find the items that may be picked, and their strata (each group's buckets).
2. ``quotas``: share the count among groups, and each group's share among its buckets.
3. ``windows``: cut each group's natural order into one window for each pick.
4. ``picking``: draw a few candidates of each window; the first is its pick for now.
5. ``local_search``: swap picks for candidates until quotas are met and no two picks look alike.

With spread "order", each window of a stratum gives one item, and steps 4 and 5 are left out.
`draw_ranking` repeats steps 2 to 5 in growing rounds that keep all earlier picks.
"""

from .buckets import THEMES, encode_buckets, name_bucket
from .coverage import Coverage, measure_coverage
from .distances import DISTANCE_SCALE, FAR, find_nearest_rows, measure_steps
from .exact_selection import draw_selection
from .groups import check_groups, label_items
from .nested_ranking import draw_ranking
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
