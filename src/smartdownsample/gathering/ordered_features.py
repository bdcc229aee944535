"""Known and fresh features together, in natural order."""

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from ..items import encode_order_key, to_key
from ..records import (
    FLAG_TRUNCATED,
    BoolArray,
    Cause,
    Failure,
    FeatureSpec,
    FeatureTable,
    Float32Array,
    IntArray,
    ItemList,
    RowArray,
    pack_paths,
    pack_values,
    unpack,
    whole_photos,
)
from ..store import (
    KnownFeatures,
    KnownRows,
    are_among,
    fill_rows,
    sort_naturally,
    take_readable,
)

# Rows that are looked at at a time, to bound memory.
_BLOCK = 1 << 16


@dataclass(frozen=True)
class OrderedFeatures:
    """The features of all items, in natural order.

    ``items`` are the readable items and ``rows`` their features, shape (n,); ``causes`` are the
    other items, each with its cause; ``everything`` lists items of both kinds.
    """

    items: IntArray
    rows: RowArray
    causes: list[tuple[int, Cause]]
    everything: IntArray

    @cached_property
    def ranks(self) -> IntArray:
        """The rank of each item, readable or not, by item."""
        ranks = np.empty(len(self.everything), dtype=np.int64)
        ranks[self.everything] = np.arange(len(ranks))
        return ranks

    def leave_out_truncated(self) -> "OrderedFeatures":
        """Turn the items whose file ends too early into failures."""
        return self._leave_out(self.rows["flags"] & FLAG_TRUNCATED != 0, Cause.TRUNCATED)

    def leave_out_larger(self, max_pixels: int, regions: Float32Array) -> "OrderedFeatures":
        """Turn the items of images with more pixels into failures; `regions` are by item.

        The store knows images that were read with another limit.
        """
        is_larger = np.empty(len(self.items), dtype=np.bool_)
        for start in range(0, len(self.items), _BLOCK):
            some = slice(start, start + _BLOCK)
            is_larger[some] = are_larger(self.rows[some], regions[self.items[some]], max_pixels)
        return self._leave_out(is_larger, Cause.TOO_LARGE)

    def _leave_out(self, is_out: BoolArray, cause: Cause) -> "OrderedFeatures":
        """Turn some of the readable items into failures, shape (n,)."""
        if not is_out.any():
            return self
        more = [(item, cause) for item in self.items[is_out].tolist()]
        causes = sorted([*self.causes, *more], key=lambda pair: self.ranks[pair[0]])
        return OrderedFeatures(self.items[~is_out], self.rows[~is_out], causes, self.everything)

    def to_feature_table(
        self, spec: FeatureSpec, items: ItemList, *, n_extracted: int, n_known: int
    ) -> FeatureTable:
        """Make the feature table, with the paths that the caller gave.

        Times that a document tells take the place of those in ``rows``.
        """
        positions = self.ranks if items.positions is None else items.positions
        details = items.details
        if details is not None:
            details = details.take(pack_values(self.items, pa.int64()))
            told = unpack(details["captured"])
            self.rows["captured"] = np.where(np.isnat(told), self.rows["captured"], told)
        frames, regions = whole_photos(len(self.items))
        if items.has_regions:
            frames, regions = items.frames[self.items], items.regions[self.items]
        failures = [Failure(items.name(item), cause) for item, cause in self.causes]
        return FeatureTable(
            spec=spec,
            paths=pack_paths(items.paths).take(items.file_of[self.items]),
            frames=frames,
            regions=regions,
            indices=positions[self.items],
            rows=self.rows,
            failures=_merge_failures(failures, items.failures),
            n_given=items.n_given,
            n_extracted=n_extracted,
            n_known=n_known,
            n_added=items.n_added,
            repeats=items.repeats,
            details=details,
            n_not_items=len(items.failures),
        )


def are_larger(rows: RowArray, regions: Float32Array, max_pixels: int) -> BoolArray:
    """Tell which rows are of photos with more pixels, shape (n,)."""
    shares = regions[:, 2:].astype(np.float64).prod(axis=1)
    n_pixels = rows["width"].astype(np.float64) * rows["height"] / shares
    return np.asarray(n_pixels > max_pixels)


def _merge_failures(of_items: list[Failure], of_document: Sequence[Failure]) -> tuple[Failure, ...]:
    """Put what a document names and is no item among the items that failed, in natural order."""
    if not of_document:
        return tuple(of_items)

    def encode_place(failure: Failure) -> tuple[bytes, bytes]:
        key = to_key(failure.path)
        return encode_order_key(key), key

    return tuple(sorted([*of_items, *of_document], key=encode_place))


def order_features(
    spec: FeatureSpec, known: KnownRows, new: KnownFeatures | None, items: ItemList
) -> OrderedFeatures:
    """Put known and new features together in natural order: by order key, key, frame and region.

    `known` are in that order already; `new`, in any order, have order keys. The rows of `known`
    are used up: those of the result take their memory.
    """
    everything, rows, causes = known.items, known.rows, dict(known.causes)
    if new is not None and len(new.items):
        added, of_added, order_keys = _sort_new(new, items)
        places = _place_new(of_added, order_keys, everything, items)
        is_new = np.zeros(len(everything) + len(places), dtype=np.bool_)
        is_new[places] = True
        merged = np.empty(len(is_new), dtype=np.int64)
        merged[is_new], merged[~is_new] = of_added, everything
        everything = merged
        readable = take_readable(added, of_added, causes)
        is_new = is_new[~are_among(everything, causes)]
        rows = _make_room(rows, np.flatnonzero(~is_new), len(is_new))
        new_rows = np.empty(len(readable), dtype=spec.row_dtype)
        fill_rows(new_rows, readable)
        rows[is_new] = new_rows
    if not causes:
        return OrderedFeatures(everything, rows, [], everything)
    is_failed = are_among(everything, causes)
    failed = [(item, causes[item]) for item in everything[is_failed].tolist()]
    return OrderedFeatures(everything[~is_failed], rows, failed, everything)


def _make_room(rows: RowArray, places: IntArray, n: int) -> RowArray:
    """Move rows to some places among n, which ascend, without a second copy of all."""
    n_rows = len(rows)
    rows.resize(n, refcheck=False)
    # From the end, so that none is overwritten before it has moved.
    for stop in range(n_rows, 0, -_BLOCK):
        start = max(stop - _BLOCK, 0)
        rows[places[start:stop]] = rows[start:stop].copy()
    return rows


def _sort_new(new: KnownFeatures, items: ItemList) -> tuple[pa.Table, IntArray, pa.Array]:
    """Put new rows in natural order: the rows, the item and the order key of each."""
    columns = [
        new.table["order_key"],
        pack_values(items.ranks[new.items], pa.int64()),
        pack_values(np.arange(len(new.items)), pa.int64()),
    ]
    ordered = sort_naturally(pa.table(columns, names=["order_key", "rank", "line"]), ["rank"])
    rows = new.table.take(ordered["line"])
    return rows, new.items[unpack(ordered["line"])], ordered["order_key"].combine_chunks()


def _place_new(
    new: IntArray, order_keys: pa.LargeBinaryArray, known: IntArray, items: ItemList
) -> IntArray:
    """Find the place of each new item among all; both kinds are in natural order."""

    def name_known(line: int) -> tuple[bytes, int]:
        item = int(known[line])
        return encode_order_key(items.keys[int(items.file_of[item])]), int(items.ranks[item])

    def name_new(line: int) -> tuple[bytes, int]:
        return order_keys[line].as_py(), int(items.ranks[new[line]])

    # Few are looked for among many: the order keys of known items have to be made again.
    if len(new) < len(known):
        return _place_few(len(new), name_new, len(known), name_known)
    is_new = np.ones(len(new) + len(known), dtype=np.bool_)
    is_new[_place_few(len(known), name_known, len(new), name_new)] = False
    return np.flatnonzero(is_new)


def _place_few(
    n_few: int,
    name_few: Callable[[int], tuple[bytes, int]],
    n_many: int,
    name_many: Callable[[int], tuple[bytes, int]],
) -> IntArray:
    """Find the places of a few sorted names among all, with those of many sorted others."""
    places, after = np.empty(n_few, dtype=np.int64), 0
    for line in range(n_few):
        after = bisect.bisect_left(range(n_many), name_few(line), lo=after, key=name_many)
        places[line] = line + after
    return places
