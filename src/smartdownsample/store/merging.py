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
# Bytes that are merged into one part, since a merge has all of its rows in memory: a million rows.
_MAX_BYTES = 2**26


def choose_merge(sizes: Sequence[int]) -> list[int]:
    """Choose which parts to merge into one, by their sizes in bytes; none while they are few.

    Starting with the smallest, a part joins while it is at most `_MERGE_RATIO` times as large as
    all before it together. Each merge moves a row to a part that is larger by a constant factor,
    so appending n rows costs O(n log n), and a large store is not rewritten for a few images.
    A merge takes `_MAX_BYTES` at most, and parts of half as many are left alone: with many parts,
    there is more to merge afterwards.
    """
    small = [i for i, size in enumerate(sizes) if size < _MAX_BYTES // 2]
    # Merging at least this many leaves `_MAX_PARTS`.
    n_least = len(small) - _MAX_PARTS + 1
    if n_least <= 1:
        return []
    merged: list[int] = []
    total = 0
    for i in sorted(small, key=sizes.__getitem__):
        is_wanted = len(merged) < n_least or sizes[i] <= _MERGE_RATIO * total
        if not is_wanted or total + sizes[i] > _MAX_BYTES:
            break
        merged.append(i)
        total += sizes[i]
    return sorted(merged)


def keep_newest(table: pa.Table) -> pa.Table:
    """Keep the row of each item that was written last; sorted by path, frame and region."""
    return table.take(find_newest(table))


def keep_states(table: pa.Table) -> pa.Table:
    """Keep what look-ups may find: the row of each state of an item, see `find_states`.

    Machines that share features may see one image with other times, and none is to decode again
    because parts were merged. Sorted by path.
    """
    order, items = _sort_items(table)
    table = table.take(order)
    is_same = _is_like_next(items)
    rivals = np.flatnonzero(is_same | np.append(False, is_same[:-1])[: len(items)])
    if not len(rivals):
        return table
    is_kept = np.ones(len(table), dtype=np.bool_)
    is_kept[rivals] = False
    is_kept[rivals[find_states(table.take(pack_values(rivals, pa.int64())))]] = True
    return table.filter(pack_flags(is_kept))


def find_states(table: pa.Table) -> IntArray:
    """Find the row of each state of each item that was written last, ascending.

    Of a state that nobody could read there is one for each decoder, since each trusts its own
    failures alone. Of rows with equal times the later one counts.
    """
    states = unpack(make_state_keys(table).dictionary_encode().indices).astype(np.int64)
    is_read = unpack(pc.is_null(table["cause"]))
    decoders = table["decoder"].combine_chunks().dictionary_encode()
    outcomes = np.where(is_read, 0, 1 + unpack(decoders.indices).astype(np.int64))
    is_rival = is_read | ~np.isin(states, states[is_read])
    order = unpack(pc.sort_indices(table, sort_keys=[("written_ns", "ascending")]))[::-1]
    order = order[is_rival[order]]
    kinds = states * (1 + len(decoders.dictionary)) + outcomes
    _, last = np.unique(kinds[order], return_index=True)
    return np.sort(order[last]).astype(np.int64)


def find_newest(table: pa.Table, ranks: IntArray | None = None) -> pa.Array:
    """Find the row of each item that was written last, in the order of path, frame and region.

    The table needs no columns but these and the time of writing. A row of a higher rank, shape
    (n,), goes before one that was written later. Returns the numbers of rows.
    """
    order, items = _sort_items(table, ranks)
    return order.filter(pack_flags(~_is_like_next(items)))


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


def _is_like_next(items: pa.Table) -> BoolArray:
    """Tell which rows are of the same item as the one after, shape (n,)."""
    n_pairs = max(len(items) - 1, 0)
    is_same = np.zeros(len(items), dtype=np.bool_)
    equal = [pc.equal(column.slice(1), column.slice(0, n_pairs)) for column in items.columns]
    is_same[:n_pairs] = unpack(pc.and_(*equal))
    return is_same
