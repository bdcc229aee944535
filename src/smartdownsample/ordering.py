"""From features that are known and features that are new to one table in natural order."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .columns import KnownFeatures, make_schema, make_table, pack_values, unpack
from .model import Cause, FeatureBatch, FeatureSpec, IntArray, RowArray
from .paths import sort_paths


@dataclass(frozen=True)
class OrderedFeatures:
    """Features of items in natural order.

    Attributes
    ----------
    items : ndarray of int64, shape (n,)
        The readable items in natural order.
    rows : structured ndarray, shape (n,)
        Their feature rows.
    causes : list of (int, Cause)
        The other items, in natural order, with the causes.
    ranks : ndarray of int64
        Each item's place in the natural order of all.
    """

    items: IntArray
    rows: RowArray
    causes: list[tuple[int, Cause]]
    ranks: IntArray


def needed_columns(spec: FeatureSpec) -> list[str]:
    """List the columns of the store that `order_features` needs."""
    return ["order_key", "cause", *(spec.row_dtype.names or ())]


def order_features(
    spec: FeatureSpec, known: KnownFeatures, fresh: Iterable[FeatureBatch], keys: list[bytes]
) -> OrderedFeatures:
    """Bring known and fresh features together in natural order.

    Parameters
    ----------
    spec : FeatureSpec
        What the features are.
    known : KnownFeatures
        From the store.
    fresh : iterable of FeatureBatch
        Computed in this run.
    keys : list of bytes
        Absolute paths of all items.

    Returns
    -------
    OrderedFeatures
        Items whose natural-order keys are equal are ordered by path.
    """
    schema = make_schema(spec)
    columns = needed_columns(spec)
    batches = list(fresh)
    table = known.table.select(columns)
    if batches:
        table = pa.concat_tables([table, make_table(batches, schema, columns)])
    items = np.concatenate([known.items, *(batch.items for batch in batches)])
    path_ranks = pack_values(_rank_paths(keys)[items], pa.int64())
    order = pc.sort_indices(
        pa.table({"order_key": table["order_key"], "path": path_ranks}),
        sort_keys=[("order_key", "ascending"), ("path", "ascending")],
    )
    places_in_order = unpack(order)
    items = items[places_in_order]
    outcomes = table["cause"].take(order)
    is_readable = unpack(pc.is_null(outcomes))
    names = outcomes.filter(pc.is_valid(outcomes)).to_pylist()
    causes = [
        (item, Cause[name]) for item, name in zip(items[~is_readable].tolist(), names, strict=True)
    ]
    readable = places_in_order[is_readable]
    rows = np.zeros(len(readable), dtype=spec.row_dtype)
    places = np.full(len(items), -1)
    places[readable] = np.arange(len(readable))
    start = 0
    # Batch by batch, so that no column is copied as a whole.
    for batch in table.select(list(spec.row_dtype.names or ())).to_batches():
        of_batch = places[start : start + len(batch)]
        start += len(batch)
        is_row = of_batch >= 0
        for name in batch.schema.names:
            rows[name][of_batch[is_row]] = unpack(batch[name])[is_row]
    ranks = np.empty(len(items), dtype=np.int64)
    ranks[items] = np.arange(len(items))
    return OrderedFeatures(items[is_readable], rows, causes, ranks)


def _rank_paths(keys: list[bytes]) -> IntArray:
    """Rank paths by their bytes, shape (n,)."""
    ranks = np.empty(len(keys), dtype=np.int64)
    ranks[sort_paths(keys)] = np.arange(len(keys))
    return ranks
