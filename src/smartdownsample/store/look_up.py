"""Looking items up: which rows of a store still describe the files as they are now."""

import bisect
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import StoreWarning, warn_user
from ..records import (
    BoolArray,
    Cause,
    FileStats,
    IntArray,
    ItemList,
    PackedKeys,
    RowArray,
    pack_bytes,
    pack_flags,
    pack_texts,
    pack_values,
    read_cause,
    unpack,
)
from .natural_reading import NaturalReader
from .part import RowGroup
from .schema import decoder_version, view_bytes

_SECOND_NS = 10**9


class KnownFeatures(NamedTuple):
    """What the store knows of the items that were asked for.

    Attributes
    ----------
    table : pyarrow.Table
        Rows of the store, one for each known item, in natural order.
    items : ndarray of int64
        The item of each row.
    misses : ndarray of int64
        The items that the store does not know, ascending.
    """

    table: pa.Table
    items: IntArray
    misses: IntArray


class KnownRows(NamedTuple):
    """The same as the feature matrix of those that are readable.

    Attributes
    ----------
    items : ndarray of int64, shape (n,)
        The known items, in natural order.
    rows : structured ndarray
        Features of the readable ones.
    causes : dict of int to Cause
        The other items.
    misses : ndarray of int64
        The items that the store does not know, ascending.
    """

    items: IntArray
    rows: RowArray
    causes: dict[int, Cause]
    misses: IntArray

    @property
    def readable(self) -> IntArray:
        """The item of each row."""
        return self.items[~are_among(self.items, self.causes)] if self.causes else self.items


@dataclass(frozen=True)
class Query:
    """The m items to look up, sorted by path; those without a readable file are left out.

    ``items`` are places in `item_list`; ``stats`` are of its files as they are now; ``retried``
    are the causes of failures that count as misses; with `whole_seconds` times agree up to the
    second.
    """

    paths: PackedKeys
    items: IntArray
    item_list: ItemList
    stats: FileStats
    retried: tuple[Cause, ...]
    whole_seconds: bool

    @classmethod
    def of(
        cls,
        item_list: ItemList,
        stats: FileStats,
        retried: Sequence[Cause] = (),
        *,
        whole_seconds: bool = False,
    ) -> "Query":
        """Sort the items that have a readable file."""
        is_file = np.ones(len(item_list.keys), dtype=np.bool_)
        is_file[list(stats.causes)] = False
        items = item_list.order[is_file[item_list.file_of[item_list.order]]]
        paths = item_list.packed_keys.take(item_list.file_of[items])
        return cls(paths, items, item_list, stats, tuple(retried), whole_seconds)

    def find(
        self, reader: NaturalReader, parts: Sequence[Path], columns: Sequence[str]
    ) -> Iterator[tuple[pa.Table, IntArray]]:
        """Yield a row of each item that parts know, in natural order, and its item: the newest one.

        Raises what `NaturalReader.read` does.
        """
        take = partial(self._match, columns=list(dict.fromkeys(["order_key", *columns])))
        is_found = np.zeros(len(self.items), dtype=np.bool_)
        for rows in reader.read(parts, self._may_hold, take, ["place"]):
            places = unpack(rows["place"])
            repeated = _mark(places, is_found)
            if repeated.any():
                rows = rows.filter(pack_flags(~repeated))  # noqa: PLW2901 - the rest of them
                places = places[~repeated]
            yield rows.select(list(columns)), self.items[places]

    def list_misses(self, found: IntArray) -> IntArray:
        """List the items that are not among those found, ascending."""
        is_missed = np.zeros(len(self.item_list), dtype=np.bool_)
        is_missed[self.items] = True
        is_missed[found] = False
        return np.flatnonzero(is_missed)

    def _may_hold(self, group: RowGroup) -> bool:
        """Tell whether any of the items lies in a row group's range of paths."""
        return group.may_hold(self.paths)

    def _match(self, stored: pa.Table, columns: Sequence[str]) -> pa.Table:
        """Find the rows that describe items, with the ``place`` of each in this query.

        `stored` is not empty and sorted by path.
        """
        first = bisect.bisect_left(self.paths, stored["path"][0].as_py())
        last = bisect.bisect_right(self.paths, stored["path"][-1].as_py())
        places = np.arange(first, last)
        current = drop_outdated(stored, self.retried)
        if not self._are_described(places, current):
            known = make_state_keys(current, whole_seconds=self.whole_seconds)
            rows = pc.index_in(self._make_keys(places), value_set=known)
            is_hit = pc.is_valid(rows)
            current, places = current.take(rows.filter(is_hit)), places[unpack(is_hit)]
        return current.select(columns).append_column("place", pack_values(places, pa.int64()))

    def _are_described(self, places: IntArray, stored: pa.Table) -> bool:
        """Tell whether stored rows describe some items one by one, as when nothing has changed."""
        if self.stats.etags is not None or stored["etag"].null_count < len(stored):
            return False
        items = self.items[places]
        files = self.item_list.file_of[items]
        is_same = (
            np.array_equal(unpack(stored["mtime_ns"]), self.stats.mtime_ns[files])
            and np.array_equal(unpack(stored["size_bytes"]), self.stats.size_bytes[files])
            and np.array_equal(unpack(stored["frame"]), self.item_list.frames[items])
            and np.array_equal(unpack(stored["region"]), self.item_list.regions[items])
        )
        paths = stored["path"].combine_chunks()
        return is_same and bool(pc.all(pc.equal(self.paths.pack(places), paths)).as_py())

    def _make_keys(self, places: IntArray) -> pa.Array:
        """Make the keys of some items, with times and sizes of the files as they are now."""
        items = self.items[places]
        files = self.item_list.file_of[items]
        paths = self.paths.pack(places)
        mtime_ns = self.stats.mtime_ns[files]
        if self.stats.etags is not None:
            etags = pack_texts([self.stats.etags[file] for file in files.tolist()])
            paths, mtime_ns = _name_contents(paths, etags, mtime_ns)
        return _join_keys(
            paths,
            self.item_list.frames[items],
            self.item_list.regions[items],
            _cut(mtime_ns, whole_seconds=self.whole_seconds),
            self.stats.size_bytes[files],
        )


def _mark(places: IntArray, is_found: BoolArray) -> BoolArray:
    """Mark places as found, and tell which of them, shape (n,), had been found already.

    Machines with other versions of natsort may have given an image another order key.
    """
    some = is_found[places.min() : places.max() + 1]
    n_marked = np.count_nonzero(some) + len(places)
    is_repeated = is_found[places]
    is_found[places] = True
    if np.count_nonzero(some) < n_marked:
        is_first = np.zeros(len(places), dtype=np.bool_)
        is_first[np.unique(places, return_index=True)[1]] = True
        is_repeated |= ~is_first
    return is_repeated


def collect_tables(
    query: Query, found: Iterator[tuple[pa.Table, IntArray]], nothing: pa.Table
) -> KnownFeatures:
    """Put what is found into one table, with the columns of one without rows."""
    tables, items = [nothing], [query.items[:0]]
    for rows, of_rows in found:
        tables.append(rows)
        items.append(of_rows)
    known = np.concatenate(items)
    return KnownFeatures(pa.concat_tables(tables), known, query.list_misses(known))


def collect_rows(
    query: Query, found: Iterator[tuple[pa.Table, IntArray]], row_dtype: np.dtype[np.void]
) -> KnownRows:
    """Put what is found into a feature matrix as it comes: Arrow holds few rows at a time."""
    items = np.empty(len(query.items), dtype=np.int64)
    rows = np.empty(len(query.items), dtype=row_dtype)
    causes: dict[int, Cause] = {}
    n_items = n_rows = 0
    for table, of_rows in found:
        items[n_items : n_items + len(of_rows)] = of_rows
        n_items += len(of_rows)
        readable = take_readable(table, of_rows, causes)
        fill_rows(rows[n_rows : n_rows + len(readable)], readable)
        n_rows += len(readable)
    items.resize(n_items, refcheck=False)
    rows.resize(n_rows, refcheck=False)
    return KnownRows(items, rows, causes, query.list_misses(items))


def take_readable(rows: pa.Table, items: IntArray, causes: dict[int, Cause]) -> pa.Table:
    """Take the rows of readable items; the causes of the others are added to those given."""
    if rows["cause"].null_count == len(rows):
        return rows
    is_readable = pc.is_null(rows["cause"])
    names = rows["cause"].drop_null().to_pylist()
    for item, name in zip(items[~unpack(is_readable)].tolist(), names, strict=True):
        causes[item] = read_cause(name)
    return rows.filter(is_readable)


def are_among(items: IntArray, causes: Collection[int]) -> BoolArray:
    """Tell which items, shape (n,), have causes; no other items have any."""
    has_cause = np.zeros(int(items.max(initial=-1)) + 1, dtype=np.bool_)
    has_cause[list(causes)] = True
    return np.asarray(has_cause[items])


def fill_rows(rows: RowArray, table: pa.Table) -> None:
    """Put the features of stored rows, shape (n,), into n rows of the feature matrix."""
    for name in rows.dtype.names or ():
        rows[name] = unpack(table[name])


def make_state_keys(stored: pa.Table, *, whole_seconds: bool = False) -> pa.Array:
    """Make the keys of stored rows, in their order: equal for one state of an image alone."""
    paths, times_ns = stored["path"].combine_chunks(), unpack(stored["mtime_ns"])
    if stored["etag"].null_count < len(stored):
        paths, times_ns = _name_contents(paths, stored["etag"].combine_chunks(), times_ns)
    frames, regions, sizes = (unpack(stored[name]) for name in ("frame", "region", "size_bytes"))
    return _join_keys(paths, frames, regions, _cut(times_ns, whole_seconds=whole_seconds), sizes)


def rank_states(stored: pa.Table, keys: Sequence[bytes], stats: FileStats) -> IntArray:
    """Rank stored rows by how well they describe some files, whose keys and stats are given.

    Those with the same time and size have 4, those whose times agree up to the second have 2, and
    all others 0, or one more where the image was readable; shape (n,). Rows of other files have 0.
    """
    places = pc.index_in(stored["path"], value_set=pack_bytes(keys))
    is_asked = unpack(pc.is_valid(places))
    files = unpack(places.filter(pack_flags(is_asked)))
    times_ns, sizes = (unpack(stored[name])[is_asked] for name in ("mtime_ns", "size_bytes"))
    now_ns = stats.mtime_ns[files]
    has_second = (times_ns // _SECOND_NS == now_ns // _SECOND_NS) & (
        sizes == stats.size_bytes[files]
    )
    ranks = np.zeros(len(stored), dtype=np.int64)
    is_same = has_second & (times_ns == now_ns)
    is_read = unpack(pc.is_null(stored["cause"]))[is_asked]
    ranks[is_asked] = 2 * (has_second.astype(np.int64) + is_same) + is_read
    return ranks


def _cut(times_ns: IntArray, *, whole_seconds: bool) -> IntArray:
    """Cut times to what is compared of them."""
    return times_ns // _SECOND_NS if whole_seconds else times_ns


def _name_contents(
    paths: pa.Array, etags: pa.Array, times_ns: IntArray
) -> tuple[pa.Array, IntArray]:
    """Put the etags of objects behind their paths, and leave out their times.

    Files have no etag, and paths no NUL: an object with an etag is never taken for one without.
    """
    has_etag = unpack(pc.is_valid(etags))
    named = pc.fill_null(etags, "").cast(pa.large_binary())
    mark, no_mark = (pa.scalar(text, pa.large_binary()) for text in (b"\0", b""))
    marks = pc.if_else(pack_flags(has_etag), mark, no_mark)
    paths = pc.binary_join_element_wise(paths, marks, named, no_mark)
    return paths, np.where(has_etag, 0, times_ns)


def _join_keys(paths: pa.Array, *fixed: np.ndarray) -> pa.Array:
    """Join all that must be equal for a hit into one binary value per item."""
    n = len(paths)
    tails = np.hstack([view_bytes(values) for values in fixed])
    packed = pack_values(tails, pa.binary(tails.shape[1])).cast(pa.large_binary())
    return pc.binary_join_element_wise(paths, packed, pack_bytes([b""] * n))


def drop_outdated(stored: pa.Table, retried: Sequence[Cause] = ()) -> pa.Table:
    """Drop the failures of other decoder versions, and those to be tried again.

    Those go as well whose cause only a newer release knows, with a warning.
    """
    is_readable = pc.is_null(stored["cause"])
    if pc.all(is_readable).as_py():
        return stored
    causes = stored["cause"]
    if not Cause.__members__.keys() >= set(pc.unique(causes.drop_null()).to_pylist()):
        warn_user(
            "A newer release of smartdownsample has kept failures of a kind that this one does not "
            "know: these images are tried here. Install that release here, too.",
            StoreWarning,
        )
    names = pack_texts([cause.name for cause in Cause if cause not in retried])
    is_trusted = pc.and_(
        pc.is_in(stored["decoder"], value_set=pack_texts([decoder_version()])),
        pc.is_in(causes, value_set=names),
    )
    return stored.filter(pc.or_(is_readable, is_trusted))
