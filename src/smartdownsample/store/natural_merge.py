"""Rows of many groups in natural order, without all of them in memory at a time.

Parts are sorted by path, and natural order is another: ``IMG_2`` comes before ``IMG_10``. But most
row groups are of a few folders, so that each covers a short stretch of the natural order, and a row
is passed on as soon as no group to come can have one before it.
"""

import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

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
            rows = pa.concat_tables(waiting)
            order, keys = _sort(rows, ties)
            n_before = bisect.bisect_left(range(len(keys)), smallest, key=partial(_read, keys))
            if n_before:
                yield _take(rows, order, slice(0, n_before))
            waiting = [_take(rows, order, slice(n_before, n_waiting))]
            n_waiting -= n_before
            # Rows that stay are sorted again only with as many new ones.
            n_enough = max(_SORTED_ROWS, 2 * n_waiting)
            del rows, order, keys
        waiting.append(group)
        n_waiting += len(group)
    if n_waiting:
        yield sort_naturally(pa.concat_tables(waiting), ties)


def sort_naturally(rows: pa.Table, ties: Sequence[str]) -> pa.Table:
    """Sort rows by their ``order_key``, then by columns `ties`."""
    order, _ = _sort(rows, ties)
    return _take(rows, order, slice(0, len(rows)))


def _sort(rows: pa.Table, ties: Sequence[str]) -> tuple[pa.Array | None, pa.LargeBinaryArray]:
    """Find the order of rows, None where they are sorted; also gives the sorted keys."""
    keys = rows["order_key"].combine_chunks()
    if _are_all(pc.less, keys):  # usual names have numbers of one length
        return None, keys
    order = pc.sort_indices(keys)
    ordered = keys.take(order)
    if not _are_all(pc.not_equal, ordered):
        columns = rows.select(["order_key", *ties]).combine_chunks()
        by = [(name, "ascending") for name in columns.column_names]
        order = pc.sort_indices(columns, sort_keys=by)
    return order, ordered


def _are_all(compare: Callable[..., pa.Array], keys: pa.LargeBinaryArray) -> bool:
    """Tell whether a comparison holds between each key and the next one."""
    n_pairs = max(len(keys) - 1, 0)
    is_false = pc.invert(compare(keys.slice(0, n_pairs), keys.slice(1)))
    return not pc.any(is_false).as_py()


def _take(rows: pa.Table, order: pa.Array | None, some: slice) -> pa.Table:
    """Take some of the sorted rows; rows that are sorted already are not copied."""
    n = some.stop - some.start
    if order is None:
        return rows.slice(some.start, n)
    return rows.combine_chunks().take(order.slice(some.start, n))


def _read(keys: pa.LargeBinaryArray, place: int) -> bytes:
    """Read one of the keys."""
    key: bytes = keys[place].as_py()
    return key
