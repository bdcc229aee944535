"""From a collection and what is wanted of it to a selection.

Joins the steps: groups, sequences, kept items, quotas, picking.
"""

from collections.abc import Collection as CollectionOf
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..collection import Collection, GroupLabels, Picks
from ..errors import InvalidParameterError
from ..items import number_folders, to_key, to_text
from ..options import PathLike, PerGroup, SamplingOptions
from ..records import BoolArray, ByteArray, FeatureTable, IntArray
from .distances import measure_steps
from .groups import allocate_groups, label_items
from .picking import Pool, pick_rows
from .quotas import allocate_quotas
from .sequences import find_sequences, thin_sequences

# Codes of buckets are single bytes.
_CODE_BITS = 8
_MAX_COUNTED = 1 << 16


@dataclass(frozen=True)
class Scope:
    """What of a collection may be picked, and what quotas are given for.

    ``labels`` has each item's group, if there are groups. ``open_rows``, shape (m,), are the rows of
    the pool, ascending: all but those that sequences have too many of. Each group's buckets are the
    strata of the pool.
    """

    options: SamplingOptions
    labels: GroupLabels | None
    open_rows: IntArray
    pool: Pool

    @cached_property
    def sizes(self) -> IntArray:
        """Open items of each stratum, shape (s,)."""
        return np.bincount(self.pool.strata, minlength=len(self.pool.stratum_groups))

    @property
    def earlier_rows(self) -> IntArray:
        """The items selected before, as rows of the table."""
        return self.open_rows[self.pool.is_kept]

    @property
    def n_free(self) -> int:
        """Count the items that may be picked."""
        return len(self.open_rows) - int(self.pool.is_kept.sum())


def make_scope(collection: Collection, options: SamplingOptions, rng: np.random.Generator) -> Scope:
    """Find what may be picked; `rng` decides which frames of long sequences stay."""
    table, codes, steps = collection.table, collection.codes, collection.steps
    labels = None if options.groups is None else label_items(options.groups, table)
    is_kept = _find_kept(table, options.keep)
    if options.max_per_sequence is None:
        open_rows = np.arange(len(table))
    else:
        sequences = find_sequences(
            table.rows, table.spec, number_folders(table.paths), options.sequence_gap_s
        )
        # Groups that are to give nothing must not take the places of others.
        wanted = np.flatnonzero(is_kept | _is_wanted(table, labels, options.per_group))
        kinds: list[ByteArray | IntArray] = [codes[wanted]]
        if labels is not None:
            kinds.append(labels.ids[wanted])
        remains = thin_sequences(
            sequences[wanted], kinds, options.max_per_sequence, is_kept[wanted], rng
        )
        open_rows = wanted[remains]
        steps = measure_steps(table.rows[open_rows], table.spec)
    groups = np.zeros(len(table), dtype=np.int64) if labels is None else labels.ids
    strata, numbers = _number_strata(groups[open_rows] << _CODE_BITS | codes[open_rows])
    is_all = len(open_rows) == len(table)
    pool = Pool(
        rows=table.rows if is_all else table.rows[open_rows],
        spec=table.spec,
        steps=steps,
        strata=numbers,
        stratum_groups=strata >> _CODE_BITS,
        is_kept=is_kept[open_rows],
    )
    return Scope(options, labels, open_rows, pool)


def _is_wanted(
    table: FeatureTable, labels: GroupLabels | None, per_group: PerGroup | None
) -> BoolArray:
    """Tell which items are of groups that may give any, shape (n,)."""
    if labels is None or not isinstance(per_group, Mapping):
        return np.ones(len(table), dtype=np.bool_)
    given = {str(name) for name, count in per_group.items() if count}
    return np.array([name in given for name in labels.names], dtype=np.bool_)[labels.ids]


def _number_strata(keys: IntArray) -> tuple[IntArray, IntArray]:
    """List the distinct keys, ascending, and number each item's among them."""
    if not len(keys) or keys.max() >= _MAX_COUNTED:
        strata, numbers = np.unique(keys, return_inverse=True)
        return strata, numbers.astype(np.int64)
    # A few keys are counted faster than sorted.
    is_there = np.bincount(keys) > 0
    return np.flatnonzero(is_there), (np.cumsum(is_there) - 1)[keys]


def allocate_strata(scope: Scope, is_kept: BoolArray, target_count: int | None) -> IntArray:
    """Share a number of new picks among groups, and each group's share among its buckets.

    ``is_kept``, shape (m,), tells the rows of the pool that are selected already; they count. Gives
    the new picks of each stratum, shape (s,). None asks for as many as ``per_group`` allows.
    """
    stratum_groups = scope.pool.stratum_groups
    n_kept = np.bincount(scope.pool.strata[is_kept], minlength=len(scope.sizes))
    if scope.labels is None:
        counts = np.array([target_count])
    else:
        n_groups = len(scope.labels.names)
        counts = allocate_groups(
            _add_up(stratum_groups, scope.sizes, n_groups),
            _add_up(stratum_groups, n_kept, n_groups),
            target_count,
            scope.options.per_group,
            scope.options.balance,
            scope.labels.names,
        )
    quotas = np.zeros_like(scope.sizes)
    ends = np.searchsorted(stratum_groups, np.arange(len(counts)), side="right")
    starts = np.searchsorted(stratum_groups, np.arange(len(counts)))
    for group in np.flatnonzero(counts):
        own = slice(starts[group], ends[group])
        quotas[own] = allocate_quotas(
            scope.sizes[own], int(counts[group]), scope.options.quotas, n_kept[own]
        )
    return quotas


def _add_up(keys: IntArray, values: IntArray, n_keys: int) -> IntArray:
    """Add up the values of each key, shape (n_keys,)."""
    return np.bincount(keys, values, n_keys).astype(np.int64)


def draw_selection(
    collection: Collection,
    target_count: int | None,
    random_seed: int | None,
    options: SamplingOptions,
) -> Picks:
    """Pick items of a collection.

    Parameters
    ----------
    collection : Collection
        What is sampled; not changed.
    target_count : int or None
        Items wanted; None for as many as ``per_group`` allows.
    random_seed : int or None
        Same seed, same picks.
    options : SamplingOptions
        How to sample.

    Returns
    -------
    Picks
        Exactly as many new items as asked for, or as there are, in natural order.
    """
    rng = np.random.default_rng(random_seed)
    scope = make_scope(collection, options, rng)
    quotas = allocate_strata(scope, scope.pool.is_kept, target_count)
    picks = pick_rows(scope.pool, quotas, options.spread, rng)
    return Picks(
        collection,
        rows=scope.open_rows[picks],
        target_count=int(quotas.sum()) if target_count is None else target_count,
        random_seed=random_seed,
        labels=scope.labels,
        earlier_rows=scope.earlier_rows,
    )


def _find_kept(table: FeatureTable, keep: CollectionOf[PathLike]) -> BoolArray:
    """Find the items selected before, shape (n,)."""
    is_kept = np.zeros(len(table), dtype=np.bool_)
    if not len(keep):
        return is_kept
    spelt = {to_text(path, "An element of 'keep'") for path in keep}
    rows = {path: row for row, path in enumerate(table.paths)}
    is_kept[[rows[path] for path in spelt & rows.keys()]] = True
    others = {to_key(path): path for path in spelt - rows.keys()}
    if others:
        rows_of_keys = {to_key(path): row for path, row in rows.items()}
        is_kept[[rows_of_keys[key] for key in others.keys() & rows_of_keys.keys()]] = True
        failures = {to_key(failure.path) for failure in table.failures}
        unknown = [others[key] for key in others.keys() - rows_of_keys.keys() - failures]
        if unknown:
            msg = (
                f"The 'keep' parameter must name images of the collection. {len(unknown):,} of its "
                f"{len(spelt):,} are none, first {min(unknown)!r}. "
                "Build the index of both: ImageIndex.build([*paths, *keep])."
            )
            raise InvalidParameterError(msg)
    return is_kept
