"""The items of a collection that may be picked, and the strata that quotas are given for.

A stratum is one bucket of one group; without groups, a bucket.
"""

import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from ..options import PerGroup, SamplingOptions
from ..records import (
    BoolArray,
    ByteArray,
    Collection,
    FeatureTable,
    GroupLabels,
    IntArray,
    Layout,
    NumberArray,
    Regime,
)
from .groups import check_names, label_items
from .in_blocks import split_places
from .kept import find_kept
from .layout import lay_out_by
from .pool import Pool, make_pool
from .quality import tell_quality
from .quotas import allocate_groups, allocate_quotas
from .sequences import number_sequences, thin_sequences

# Bucket codes are single bytes.
_CODE_BITS = 8
# Counting keys is faster than sorting them, but needs memory up to the largest.
_MAX_COUNTED = 1 << 16


@dataclass(frozen=True)
class Scope:
    """The items that may be picked, and their groups.

    Attributes
    ----------
    collection : Collection
        With the layout that picks are spread along.
    labels : GroupLabels or None
        Of all rows of the table.
    pool : Pool
        Its items are table rows; frames beyond ``max_per_sequence`` are left out. Its strata are
        sorted by group. Its segments are the groups, or, where quotas say what each bucket gives,
        the strata.
    stratum_groups : ndarray of int64, shape (s,)
        The group that each stratum is part of.
    skipped_rows : ndarray of int64 or None
        Table rows that are left out as flat; None where none have to be.
    """

    options: SamplingOptions
    collection: Collection
    labels: GroupLabels | None
    pool: Pool
    stratum_groups: IntArray
    skipped_rows: IntArray | None

    @cached_property
    def sizes(self) -> IntArray:
        """Items of each stratum, kept ones included, shape (s,)."""
        return np.bincount(self.pool.strata, minlength=len(self.stratum_groups))

    @property
    def earlier_rows(self) -> IntArray:
        """Table rows of the items that were selected before, ascending."""
        return np.sort(self.pool.items[self.pool.is_kept])

    @property
    def n_free(self) -> int:
        """Number of items that may be picked."""
        return int((~self.pool.is_kept).sum())


def make_scope(collection: Collection, options: SamplingOptions, rng: np.random.Generator) -> Scope:
    """Find the items that may be picked; `rng` decides which frames of long sequences stay."""
    table, codes = collection.table, collection.codes
    labels = None if options.groups is None else label_items(options.groups, table)
    unreadable = (failure.path for failure in table.failures)
    check_names(options, chain(table.paths, unreadable), table.n_given, labels)
    is_kept = find_kept(table, options.keep)
    layout = _choose_layout(collection, options)
    is_open = np.ones(len(table), dtype=np.bool_)
    if options.skip_flat:
        is_open = is_kept | ~tell_quality(table.rows)["flat"]
    skipped = np.flatnonzero(~is_open) if options.skip_flat else None
    if options.max_per_sequence is not None:
        n_most = min(operator.index(options.max_per_sequence), len(table))
        is_open = _limit_sequences(collection, labels, is_kept, is_open, options, n_most, rng)
    groups = np.broadcast_to(np.int64(0), (len(table),)) if labels is None else labels.ids
    keys, strata = _number_strata(groups, codes, is_open)
    segments = groups if options.quotas == "proportional" else strata.astype(np.int64)
    pool = make_pool(table.rows, table.spec, layout, segments, strata, is_kept, is_open)
    laid_out = replace(collection, layout=layout)
    return Scope(options, laid_out, labels, pool, keys >> _CODE_BITS, skipped)


def _choose_layout(collection: Collection, options: SamplingOptions) -> Layout:
    """Choose the order that picks are spread along."""
    if options.spread == "joint":
        return collection.layout
    regime: Regime = "ordered" if options.spread == "order" else "unordered"
    layouts = collection.other_layouts
    if regime not in layouts:
        layouts[regime] = lay_out_by(collection.table.rows, regime)
    return layouts[regime]


def _limit_sequences(
    collection: Collection,
    labels: GroupLabels | None,
    is_kept: BoolArray,
    is_open: BoolArray,
    options: SamplingOptions,
    max_per_sequence: int,
    rng: np.random.Generator,
) -> BoolArray:
    """Tell which open rows remain when each sequence is limited, shape (n,)."""
    table = collection.table
    sequences = number_sequences(table, options.sequence_gap_s)
    # Frames of groups that give nothing must not fill up a sequence.
    wanted = np.flatnonzero(is_open & (is_kept | _is_wanted(table, labels, options.per_group)))
    kinds: list[ByteArray | IntArray] = [collection.codes[wanted]]
    if labels is not None:
        kinds.append(labels.ids[wanted])
    remains = np.zeros(len(table), dtype=np.bool_)
    remains[wanted] = thin_sequences(
        sequences[wanted], kinds, max_per_sequence, is_kept[wanted], rng
    )
    return remains


def _is_wanted(
    table: FeatureTable, labels: GroupLabels | None, per_group: "PerGroup | None"
) -> BoolArray:
    """Tell which items are of groups that may give any, shape (n,)."""
    if labels is None or not isinstance(per_group, Mapping):
        return np.ones(len(table), dtype=np.bool_)
    is_wanted = [operator.index(per_group.get(name, 0)) > 0 for name in labels.names]
    return np.array(is_wanted, dtype=np.bool_)[labels.ids]


def _number_strata(
    groups: IntArray, codes: ByteArray, is_open: BoolArray
) -> tuple[IntArray, NumberArray]:
    """List the distinct keys of groups and codes, ascending, and the number of each item's key.

    Items that are not open have the number -1.
    """
    n_keys = int(groups.max(initial=0)) + 1 << _CODE_BITS
    strata = np.full(len(codes), -1, dtype=np.int32)
    if n_keys > _MAX_COUNTED:
        keys = groups[is_open] << _CODE_BITS | codes[is_open]
        distinct, numbers_of_keys = np.unique(keys, return_inverse=True)
        strata[is_open] = numbers_of_keys
        return distinct, strata
    is_there = np.zeros(n_keys, dtype=np.bool_)
    for some in split_places(len(codes)):
        is_there[(groups[some] << _CODE_BITS | codes[some])[is_open[some]]] = True
    numbers = np.cumsum(is_there) - 1
    for some in split_places(len(codes)):
        own = numbers[groups[some] << _CODE_BITS | codes[some]]
        strata[some] = np.where(is_open[some], own, -1)
    return np.flatnonzero(is_there), strata


def allocate_strata(scope: Scope, is_kept: BoolArray, target_count: int | None) -> IntArray:
    """Share new picks among groups, and each group's share among its buckets, shape (s,).

    ``is_kept``, shape (m,), marks items of the pool that are selected already; they count as
    picks. A `target_count` of None asks for as many as ``per_group`` allows.
    """
    stratum_groups = scope.stratum_groups
    n_kept = np.bincount(scope.pool.strata[is_kept], minlength=len(scope.sizes))
    if scope.labels is None:
        counts = np.array([target_count])
    else:
        names = scope.labels.names
        counts = allocate_groups(
            _sum_by_group(scope.sizes, stratum_groups, len(names)),
            _sum_by_group(n_kept, stratum_groups, len(names)),
            target_count,
            scope.options.per_group,
            scope.options.balance,
            names,
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


def share_out(scope: Scope, quotas: IntArray) -> tuple[IntArray, BoolArray]:
    """Turn quotas of strata into counts of segments, and the strata that are to have a pick.

    In proportion means that each stratum with a quota gives at least one, and the rest falls
    where even steps take it.
    """
    is_represented = quotas > 0
    if scope.options.quotas != "proportional":
        return quotas, is_represented
    n_groups = int(scope.stratum_groups.max(initial=-1)) + 1
    return _sum_by_group(quotas, scope.stratum_groups, n_groups), is_represented


def _sum_by_group(values: IntArray, groups: IntArray, n_groups: int) -> IntArray:
    """Add up the values of each group, shape (n_groups,)."""
    return np.bincount(groups, values, n_groups).astype(np.int64)
