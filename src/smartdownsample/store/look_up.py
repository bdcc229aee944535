"""Looking items up: which rows of a store still describe the files as they are now."""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..records import (
    BoolArray,
    Cause,
    FileStats,
    IntArray,
    ItemList,
    PackedKeys,
    pack_bytes,
    pack_flags,
    pack_texts,
    pack_values,
    unpack,
)
from .schema import decoder_version, make_empty_table, view_bytes

_SECOND_NS = 10**9


@dataclass
class KnownFeatures:
    """What the store knows of the items that were asked for.

    Attributes
    ----------
    table : pyarrow.Table
        Rows of the store, one for each known item.
    items : ndarray of int64
        The item of each row.
    misses : ndarray of int64
        The items that the store does not know, ascending.
    """

    table: pa.Table
    items: IntArray
    misses: IntArray

    def hand_over(self) -> pa.Table:
        """Give the rows away, so that whoever takes them can free them; none are left here."""
        # A slice without rows would keep all of them in memory.
        table, self.table = self.table, make_empty_table(self.table.schema)
        return table


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

    def match(
        self, stored: pa.Table, is_known: BoolArray, columns: Sequence[str]
    ) -> tuple[pa.Table, IntArray]:
        """Find the rows that describe items not known yet.

        `stored` is not empty and sorted by path; `is_known` has shape (m,). Returns the rows, and
        the place in this query of the item that each describes.
        """
        first = bisect.bisect_left(self.paths, stored["path"][0].as_py())
        last = bisect.bisect_right(self.paths, stored["path"][-1].as_py())
        candidates = first + np.flatnonzero(~is_known[first:last])
        current = drop_outdated(stored, self.retried)
        known = make_state_keys(current, whole_seconds=self.whole_seconds)
        rows = pc.index_in(self._make_keys(candidates), value_set=known)
        is_hit = pc.is_valid(rows)
        found = current.select(columns).take(rows.filter(is_hit))
        return found, candidates[unpack(is_hit)]

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


def make_state_keys(stored: pa.Table, *, whole_seconds: bool = False) -> pa.Array:
    """Make the keys of stored rows, in their order: equal for one state of an image alone."""
    paths, times_ns = stored["path"].combine_chunks(), unpack(stored["mtime_ns"])
    if stored["etag"].null_count < len(stored):
        paths, times_ns = _name_contents(paths, stored["etag"].combine_chunks(), times_ns)
    frames, regions, sizes = (unpack(stored[name]) for name in ("frame", "region", "size_bytes"))
    return _join_keys(paths, frames, regions, _cut(times_ns, whole_seconds=whole_seconds), sizes)


def rank_states(stored: pa.Table, keys: Sequence[bytes], stats: FileStats) -> IntArray:
    """Rank stored rows by how well they describe some files, whose keys and stats are given.

    Those with the same time and size have 2, those whose times agree up to the second have 1, and
    all others 0; shape (n,).
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
    ranks[is_asked] = has_second + (has_second & (times_ns == now_ns)).astype(np.int64)
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
    """Drop the failures of other decoder versions, and those to be tried again."""
    is_readable = pc.is_null(stored["cause"])
    if pc.all(is_readable).as_py():
        return stored
    names = pack_texts([cause.name for cause in retried])
    is_trusted = pc.and_(
        pc.is_in(stored["decoder"], value_set=pack_texts([decoder_version()])),
        pc.invert(pc.is_in(stored["cause"], value_set=names)),
    )
    return stored.filter(pc.or_(is_readable, is_trusted))
