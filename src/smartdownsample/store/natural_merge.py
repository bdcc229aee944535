"""Rows of many groups in natural order, without all of them in memory at a time.

Parts are sorted by path, and natural order is another: ``IMG_2`` comes before ``IMG_10``. But most
row groups are of a few folders, so that each covers a short stretch of the natural order, and a row
is passed on as soon as no group to come can have one before it.
"""

import bisect
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..records import pack_values, sort_bytes

# Rows that are sorted at a time, at least.
_SORTED_ROWS = 1 << 17


def merge_naturally(
    groups: Iterable[tuple[bytes, pa.Table]], ties: Sequence[str]
) -> Iterator[pa.Table]:
    """Yield the rows of groups sorted by ``order_key``, and rows of equal keys by columns `ties`.

    Each group comes with a key that is not above its smallest one, and groups are sorted by these
    keys. All have the same columns. Rows of one key are never of two tables. Memory holds the
    groups that overlap.
    """
    waiting: list[pa.Table] = []
    n_waiting, n_enough = 0, _SORTED_ROWS
    for smallest, group in groups:
        if n_waiting >= n_enough:
            ordered = _sort(pa.concat_tables(waiting), ties)
            n_before = _count_smaller(ordered["order_key"], smallest)
            if n_before:
                yield ordered.slice(0, n_before)
            waiting = [ordered.slice(n_before)]
            n_waiting = len(waiting[0])
            # Rows that stay are sorted again only with as many new ones.
            n_enough = max(_SORTED_ROWS, 2 * n_waiting)
            del ordered
        waiting.append(group)
        n_waiting += len(group)
    if n_waiting:
        yield _sort(pa.concat_tables(waiting), ties)


def _sort(rows: pa.Table, ties: Sequence[str]) -> pa.Table:
    """Sort rows by their order key, then by columns `ties`."""
    keys = rows["order_key"].combine_chunks()
    order = pack_values(sort_bytes(keys), pa.int64())
    taken = keys.take(order)
    n_pairs = max(len(taken) - 1, 0)
    if pc.any(pc.equal(taken.slice(1), taken.slice(0, n_pairs))).as_py():
        order = pc.sort_indices(
            rows.select(["order_key", *ties]).combine_chunks(),
            sort_keys=[(name, "ascending") for name in ("order_key", *ties)],
        )
    return rows.combine_chunks().take(order)


def _count_smaller(keys: pa.ChunkedArray, bound: bytes) -> int:
    """Count the keys before a bound; `keys` are sorted."""
    return bisect.bisect_left(range(len(keys)), bound, key=lambda place: keys[place].as_py())
