"""Known and fresh features together, in natural order."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..items import encode_order_key, to_key
from ..records import (
    FLAG_TRUNCATED,
    BoolArray,
    Cause,
    Failure,
    FeatureBatch,
    FeatureSpec,
    FeatureTable,
    Float32Array,
    IntArray,
    ItemList,
    RowArray,
    pack_paths,
    pack_values,
    unpack,
)
from ..store import KnownFeatures, make_schema, make_table, merge_naturally


@dataclass(frozen=True)
class OrderedFeatures:
    """The features of all items, in natural order.

    ``items`` are the readable items and ``rows`` their features, shape (n,); ``causes`` are the
    other items, each with its cause; ``ranks`` is the rank of each item, readable or not, by item.
    """

    items: IntArray
    rows: RowArray
    causes: list[tuple[int, Cause]]
    ranks: IntArray

    def leave_out_truncated(self) -> "OrderedFeatures":
        """Turn the items whose file ends too early into failures."""
        return self._leave_out(self.rows["flags"] & FLAG_TRUNCATED != 0, Cause.TRUNCATED)

    def leave_out_larger(self, max_pixels: int, regions: Float32Array) -> "OrderedFeatures":
        """Turn the items of images with more pixels into failures; `regions` are by item.

        The store knows images that were read with another limit.
        """
        shares = regions[self.items, 2:].astype(np.float64).prod(axis=1)
        n_pixels = self.rows["width"].astype(np.float64) * self.rows["height"] / shares
        return self._leave_out(n_pixels > max_pixels, Cause.TOO_LARGE)

    def _leave_out(self, is_out: BoolArray, cause: Cause) -> "OrderedFeatures":
        """Turn some of the readable items into failures, shape (n,)."""
        if not is_out.any():
            return self
        more = [(item, cause) for item in self.items[is_out].tolist()]
        causes = sorted([*self.causes, *more], key=lambda pair: self.ranks[pair[0]])
        return OrderedFeatures(self.items[~is_out], self.rows[~is_out], causes, self.ranks)

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
        failures = [Failure(items.name(item), cause) for item, cause in self.causes]
        return FeatureTable(
            spec=spec,
            paths=pack_paths(items.paths).take(items.file_of[self.items]),
            frames=items.frames[self.items],
            regions=items.regions[self.items],
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


def _merge_failures(of_items: list[Failure], of_document: Sequence[Failure]) -> tuple[Failure, ...]:
    """Put what a document names and is no item among the items that failed, in natural order."""
    if not of_document:
        return tuple(of_items)

    def encode_place(failure: Failure) -> tuple[bytes, bytes]:
        key = to_key(failure.path)
        return encode_order_key(key), key

    return tuple(sorted([*of_items, *of_document], key=encode_place))


def needed_columns(spec: FeatureSpec) -> list[str]:
    """List the store's columns that `order_features` needs."""
    return ["order_key", "cause", *(spec.row_dtype.names or ())]


def order_features(
    spec: FeatureSpec, known: KnownFeatures, fresh: Sequence[FeatureBatch], items: ItemList
) -> OrderedFeatures:
    """Sort the known and fresh features of all items by order key, then key, frame and region.

    The rows of `known` are freed as they are put in order: none are left there.
    """
    columns = needed_columns(spec)
    table = known.hand_over().select(columns)
    if fresh:
        table = pa.concat_tables([table, make_table(fresh, make_schema(spec), columns)])
    unordered = np.concatenate([known.items, *(batch.items for batch in fresh)])
    lines = _sort_lines(table["order_key"], unordered, items)
    table = table.drop_columns(["order_key"])
    ordered = unordered[lines]
    del unordered
    order = pack_values(lines, pa.int64())
    outcomes = table["cause"].take(order)
    is_readable = unpack(pc.is_null(outcomes))
    names = outcomes.filter(pc.is_valid(outcomes)).to_pylist()
    causes = [
        (item, Cause[name])
        for item, name in zip(ordered[~is_readable].tolist(), names, strict=True)
    ]
    ranks = np.empty(len(ordered), dtype=np.int64)
    ranks[ordered] = np.arange(len(ordered))
    is_all = bool(is_readable.all())
    batches = table.select(list(spec.row_dtype.names or ())).to_batches()[::-1]
    del table, outcomes, order
    rows = _take_rows(spec, batches, lines if is_all else lines[is_readable], len(lines))
    return OrderedFeatures(ordered if is_all else ordered[is_readable], rows, causes, ranks)


def _sort_lines(order_keys: pa.ChunkedArray, unordered: IntArray, items: ItemList) -> IntArray:
    """Find the natural order of lines, each of an item, shape (n,)."""
    key_ranks = np.empty(len(items), dtype=np.int64)
    key_ranks[items.order] = np.arange(len(items))
    groups: list[tuple[bytes, pa.Table]] = []
    start = 0
    for keys in order_keys.chunks:
        lines = np.arange(start, start + len(keys))
        start += len(keys)
        columns = [keys, pack_values(key_ranks[unordered[lines]], pa.int64())]
        columns.append(pack_values(lines, pa.int64()))
        if len(keys):
            group = pa.table(columns, names=["order_key", "rank", "line"])
            groups.append((pc.min(keys).as_py(), group))
    groups.sort(key=itemgetter(0))
    merged = [unpack(rows["line"]) for rows in merge_naturally(groups, ["rank"])]
    return np.concatenate([np.zeros(0, dtype=np.int64), *merged])


def _take_rows(
    spec: FeatureSpec, batches: list[pa.RecordBatch], lines: IntArray, n_lines: int
) -> RowArray:
    """Take the feature rows of some lines, in the given order, from batches, the last one first.

    Each batch is freed once it is read, so that no column is copied as a whole.
    """
    rows = np.zeros(len(lines), dtype=spec.row_dtype)
    row_of = np.full(n_lines, -1)
    row_of[lines] = np.arange(len(lines))
    start = 0
    while batches:
        batch = batches.pop()
        of_batch = row_of[start : start + len(batch)]
        start += len(batch)
        is_row = of_batch >= 0
        for name in batch.schema.names:
            rows[name][of_batch[is_row]] = unpack(batch[name])[is_row]
    return rows
