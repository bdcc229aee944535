"""Which parts of a store to merge, and which of their rows to keep."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..records import BoolArray, IntArray, pack_flags, pack_values, unpack
from .look_up import make_state_keys
from .schema import view_bytes

# With more parts than this the small ones are merged.
_MAX_PARTS = 16
# A part this many times larger than all smaller ones together is left alone: rewriting it for
# every few new images would cost more than reading one part more.
_MERGE_RATIO = 4
# States of an image that are kept when parts are merged.
_MAX_STATES = 4


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


def keep_some_states(table: pa.Table) -> pa.Table:
    """Keep the newest row of each state of an item, of the few newest states; sorted by path.

    Machines that share features may see one image with other times. The number of states is
    bounded, so that a file that changes for ever does not fill the store.
    """
    order, items = _sort_items(table)
    table = table.take(order)
    is_same = _is_like_later(items, 1)
    rivals = np.flatnonzero(is_same | np.append(False, is_same[:-1])[: len(items)])
    if not len(rivals):
        return table
    is_kept = np.ones(len(table), dtype=np.bool_)
    is_kept[rivals] = False
    newest = find_newest_states(table.take(pack_values(rivals, pa.int64())))
    is_kept[rivals[newest]] = True
    states = table.filter(pack_flags(is_kept))
    return states.filter(pack_flags(~_is_like_later(_sort_items(states)[1], _MAX_STATES)))


def find_newest_states(table: pa.Table) -> IntArray:
    """Find the row of each state of each item that was written last, ascending.

    Of rows with equal times the later one counts.
    """
    order = unpack(pc.sort_indices(table, sort_keys=[("written_ns", "ascending")]))[::-1]
    states = unpack(make_state_keys(table).dictionary_encode().indices)
    _, last = np.unique(states[order], return_index=True)
    return np.sort(order[last]).astype(np.int64)


def find_newest(table: pa.Table, ranks: IntArray | None = None) -> pa.Array:
    """Find the row of each item that was written last, in the order of path, frame and region.

    The table needs no columns but these and the time of writing. A row of a higher rank, shape
    (n,), goes before one that was written later. Returns the numbers of rows.
    """
    order, items = _sort_items(table, ranks)
    return order.filter(pack_flags(~_is_like_later(items, 1)))


def _sort_items(table: pa.Table, ranks: IntArray | None = None) -> tuple[pa.Array, pa.Table]:
    """Sort rows by path, frame, region, rank and time; also returns what tells items apart."""
    regions = np.hstack([view_bytes(unpack(table[name])) for name in ("frame", "region")])
    packed = pack_values(regions, pa.binary(regions.shape[1]))
    columns = {"path": table["path"], "region": packed}
    if ranks is not None:
        columns["rank"] = pack_values(ranks, pa.int64())
    rows = pa.table({**columns, "time": table["written_ns"]})
    # The sort is stable: of rows with equal times the later one comes last and is kept.
    order = pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in rows.column_names])
    return order, rows.select(["path", "region"]).take(order).combine_chunks()


def _is_like_later(items: pa.Table, distance: int) -> BoolArray:
    """Tell which rows are of the same item as the one so many rows later, shape (n,)."""
    n_pairs = max(len(items) - distance, 0)
    is_same = np.zeros(len(items), dtype=np.bool_)
    equal = [pc.equal(column.slice(distance), column.slice(0, n_pairs)) for column in items.columns]
    is_same[:n_pairs] = unpack(pc.and_(*equal))
    return is_same
