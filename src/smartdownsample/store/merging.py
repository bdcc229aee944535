"""Which parts of a store to merge, and which of their rows to keep."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..arrow import pack_flags, pack_values, unpack
from .schema import view_bytes

# With more parts than this the small ones are merged.
_MAX_PARTS = 16
# A part this many times larger than all smaller ones together is left alone: rewriting it for
# every few new images would cost more than reading one part more.
_MERGE_RATIO = 4


def choose_merge(sizes: Sequence[int]) -> list[int]:
    """Choose which parts to merge into one, by their sizes in bytes; none while they are few.

    Starting with the smallest, a part joins while it is at most `_MERGE_RATIO` times as large as
    all before it together. Each merge moves a row to a part that is larger by a constant factor,
    so appending n rows costs O(n log n), and a large store is not rewritten for a few images.
    """
    if len(sizes) <= _MAX_PARTS:
        return []
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    # Merging at least this many leaves `_MAX_PARTS`.
    n_merged = len(sizes) - _MAX_PARTS + 1
    total = sum(sizes[i] for i in order[:n_merged])
    while n_merged < len(sizes) and sizes[order[n_merged]] <= _MERGE_RATIO * total:
        total += sizes[order[n_merged]]
        n_merged += 1
    return sorted(order[:n_merged])


def keep_newest(table: pa.Table) -> pa.Table:
    """Keep the row of each item that was written last; sorted by path, frame and region."""
    return table.take(find_newest(table))


def find_newest(table: pa.Table) -> pa.Array:
    """Find the row of each item that was written last, in the order of path, frame and region.

    The table needs no columns but these and the time of writing. Returns the numbers of rows.
    """
    regions = np.hstack([view_bytes(unpack(table[name])) for name in ("frame", "region")])
    packed = pack_values(regions, pa.binary(regions.shape[1]))
    items = pa.table({"path": table["path"], "region": packed, "time": table["written_ns"]})
    # The sort is stable: of rows with equal times the later one comes last and is kept.
    order = pc.sort_indices(items, sort_keys=[(name, "ascending") for name in items.column_names])
    items = items.take(order).combine_chunks()
    is_repeated = pc.and_(
        *(
            pc.equal(column.slice(1), column.slice(0, max(len(items) - 1, 0)))
            for column in items.columns[:2]
        )
    )
    is_newest = np.append(~unpack(is_repeated), True)[: len(items)]
    return order.filter(pack_flags(is_newest))
