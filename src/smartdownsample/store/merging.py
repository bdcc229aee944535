"""Which parts of a store are merged."""

from collections.abc import Sequence

# With more parts than this the small ones are merged.
_MAX_PARTS = 16
# A part this many times larger than all smaller ones together is left alone: rewriting it for
# every few new images would cost more than reading one part more.
_MERGE_RATIO = 4


def choose_merge(sizes: Sequence[int]) -> list[int]:
    """Choose which parts to merge into one.

    Parameters
    ----------
    sizes : sequence of int
        Bytes of each part.

    Returns
    -------
    list of int
        Places of the parts to merge; empty when there are few enough.

    Notes
    -----
    From the smallest on, a part joins while it is at most `_MERGE_RATIO` times as large as those
    before it together. Each merge of a row is into a part that is larger by a constant factor,
    so that n rows cost O(n log n) in all and a large store is not rewritten for a few images.
    """
    if len(sizes) <= _MAX_PARTS:
        return []
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    # At least so many that no more than the allowed number is left.
    n_merged = len(sizes) - _MAX_PARTS + 1
    total = sum(sizes[i] for i in order[:n_merged])
    while n_merged < len(sizes) and sizes[order[n_merged]] <= _MERGE_RATIO * total:
        total += sizes[order[n_merged]]
        n_merged += 1
    return sorted(order[:n_merged])
