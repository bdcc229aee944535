"""What each pick stands for."""

import numpy as np

from ..records import IntArray, Picks
from .distances import FAR, measure_distances

# Picks before and after an item, along the order, that it may belong to.
_N_BESIDE = 2
# Items compared at a time, to bound memory.
_BATCH_ROWS = 1 << 16


def find_representatives(picks: Picks) -> IntArray:
    """Find the pick that stands for each item: rows of the table, shape (n,); -1 without any.

    Items selected before are picks as well, and a pick stands for itself. Another item belongs to
    one of the two picks before and the two after it along the order, see
    `smartdownsample.sampling.layout`: to one of its group, then to one of its event, then to the
    one that it looks most like.
    """
    table, layout = picks.table, picks.collection.layout
    n = len(table)
    chosen = np.concatenate([picks.rows, picks.earlier_rows])
    if not len(chosen):
        return np.full(n, -1)
    groups = np.zeros(n, dtype=np.int64) if picks.labels is None else picks.labels.ids
    events = np.empty(n, dtype=np.int64)
    events[layout.order] = layout.events
    # Places along the order, group by group.
    order = layout.order[np.argsort(groups[layout.order], kind="stable")]
    is_chosen = np.zeros(n, dtype=np.bool_)
    is_chosen[chosen] = True
    along = order[is_chosen[order]]
    after = np.cumsum(is_chosen[order])
    representatives = np.empty(n, dtype=np.int64)
    for start in range(0, n, _BATCH_ROWS):
        rows = order[start : start + _BATCH_ROWS]
        beside = after[start : start + _BATCH_ROWS, np.newaxis] + np.arange(-_N_BESIDE, _N_BESIDE)
        found = along[np.clip(beside, 0, len(along) - 1)]
        scores = np.empty(found.shape, dtype=np.int64)
        for column, others in enumerate(found.T):
            looks = measure_distances(table.rows[rows], table.rows[others], table.spec)
            is_far = (groups[rows] != groups[others]) * 2 + (events[rows] != events[others])
            scores[:, column] = is_far * (int(FAR) + 1) + looks
        representatives[rows] = found[np.arange(len(rows)), scores.argmin(axis=1)]
    representatives[chosen] = chosen
    return representatives


def count_represented(picks: Picks) -> IntArray:
    """Count the items that each pick stands for, itself included, shape (k,)."""
    representatives = find_representatives(picks)
    counts = np.bincount(representatives[representatives >= 0], minlength=len(picks.table))
    return counts[picks.rows]
