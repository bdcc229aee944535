"""The items of a collection that may be picked, and the strata that quotas are given for.

A stratum is one bucket of one group; without groups, a bucket.
"""

from collections.abc import Collection as CollectionOf
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from ..collection import Collection, GroupLabels
from ..errors import InvalidParameterError
from ..items import number_folders, to_key, to_text
from ..options import PathLike, PerGroup, SamplingOptions
from ..records import BoolArray, ByteArray, FeatureTable, IntArray
from .distances import measure_steps
from .groups import check_names, label_items
from .picking import Pool
from .quotas import allocate_groups, allocate_quotas
from .sequences import find_sequences, thin_sequences

# Bucket codes are single bytes.
_CODE_BITS = 8
# Counting keys is faster than sorting them, but needs memory up to the largest.
_MAX_COUNTED = 1 << 16


@dataclass(frozen=True)
class Scope:
    """The items that may be picked, and their groups.

    Attributes
    ----------
    labels : GroupLabels or None
        Of all rows of the table.
    open_rows : ndarray of int64, shape (m,)
        Table rows of the pool's items, ascending; frames beyond ``max_per_sequence`` are left out.
    pool : Pool
        Its strata are sorted by group.
    """

    options: SamplingOptions
    labels: GroupLabels | None
    open_rows: IntArray
    pool: Pool

    @cached_property
    def sizes(self) -> IntArray:
        """Items of each stratum, kept ones included, shape (s,)."""
        return np.bincount(self.pool.strata, minlength=len(self.pool.stratum_groups))

    @property
    def earlier_rows(self) -> IntArray:
        """Table rows of the items that were selected before."""
        return self.open_rows[self.pool.is_kept]

    @property
    def n_free(self) -> int:
        """Number of items that may be picked."""
        return len(self.open_rows) - int(self.pool.is_kept.sum())


def make_scope(collection: Collection, options: SamplingOptions, rng: np.random.Generator) -> Scope:
    """Find the items that may be picked; `rng` decides which frames of long sequences stay."""
    table, codes = collection.table, collection.codes
    labels = None if options.groups is None else label_items(options.groups, table)
    unreadable = (failure.path for failure in table.failures)
    check_names(options, chain(table.paths, unreadable), table.n_given)
    is_kept = _find_kept(table, options.keep)
    if options.max_per_sequence is None:
        open_rows = np.arange(len(table))
    else:
        open_rows = _limit_sequences(
            collection, labels, is_kept, options, min(options.max_per_sequence, len(table)), rng
        )
    is_all = len(open_rows) == len(table)
    rows = table.rows if is_all else table.rows[open_rows]
    groups = np.zeros(len(table), dtype=np.int64) if labels is None else labels.ids
    strata, numbers = _number_strata(groups[open_rows] << _CODE_BITS | codes[open_rows])
    pool = Pool(
        rows=rows,
        spec=table.spec,
        steps=collection.steps if is_all else measure_steps(rows, table.spec),
        strata=numbers,
        stratum_groups=strata >> _CODE_BITS,
        is_kept=is_kept[open_rows],
    )
    return Scope(options, labels, open_rows, pool)


def _limit_sequences(
    collection: Collection,
    labels: GroupLabels | None,
    is_kept: BoolArray,
    options: SamplingOptions,
    max_per_sequence: int,
    rng: np.random.Generator,
) -> IntArray:
    """List the rows that remain when each sequence is limited, ascending."""
    table = collection.table
    sequences = find_sequences(
        table.rows, table.spec, number_folders(table.paths), options.sequence_gap_s
    )
    # Frames of groups that give nothing must not fill up a sequence.
    wanted = np.flatnonzero(is_kept | _is_wanted(table, labels, options.per_group))
    kinds: list[ByteArray | IntArray] = [collection.codes[wanted]]
    if labels is not None:
        kinds.append(labels.ids[wanted])
    return wanted[thin_sequences(sequences[wanted], kinds, max_per_sequence, is_kept[wanted], rng)]


def _is_wanted(
    table: FeatureTable, labels: GroupLabels | None, per_group: PerGroup | None
) -> BoolArray:
    """Tell which items are of groups that may give any, shape (n,)."""
    if labels is None or not isinstance(per_group, Mapping):
        return np.ones(len(table), dtype=np.bool_)
    return np.array([per_group.get(name, 0) > 0 for name in labels.names])[labels.ids]


def _find_kept(table: FeatureTable, keep: CollectionOf[PathLike]) -> BoolArray:
    """Find the items selected before, shape (n,), first as they are spelt, then by location.

    Paths of unreadable items are ignored; unknown ones raise `InvalidParameterError`.
    """
    if not len(keep):
        return np.zeros(len(table), dtype=np.bool_)
    spelt = {to_text(path, "An element of 'keep'") for path in keep}
    is_kept = np.array([path in spelt for path in table.paths], dtype=np.bool_)
    others = {to_key(path): path for path in spelt.difference(table.paths)}
    if others:
        keys = list(map(to_key, table.paths))
        is_kept |= np.array([key in others for key in keys], dtype=np.bool_)
        failures = {to_key(failure.path) for failure in table.failures}
        unknown = [others[key] for key in others.keys() - set(keys) - failures]
        if unknown:
            msg = (
                f"The 'keep' parameter must name images of the collection. {len(unknown):,} of its "
                f"{len(spelt):,} are none, first {min(unknown)!r}. "
                "Build the index of both: ImageIndex.build([*paths, *keep])."
            )
            raise InvalidParameterError(msg)
    return is_kept


def _number_strata(keys: IntArray) -> tuple[IntArray, IntArray]:
    """List the distinct keys, ascending, and the place of each item's key among them."""
    if not len(keys) or keys.max() >= _MAX_COUNTED:
        strata, numbers = np.unique(keys, return_inverse=True)
        return strata, numbers.astype(np.int64)
    is_there = np.bincount(keys) > 0
    return np.flatnonzero(is_there), (np.cumsum(is_there) - 1)[keys]


def allocate_strata(scope: Scope, is_kept: BoolArray, target_count: int | None) -> IntArray:
    """Share new picks among groups, and each group's share among its buckets, shape (s,).

    ``is_kept``, shape (m,), marks items of the pool that are selected already; they count as
    picks. A `target_count` of None asks for as many as ``per_group`` allows.
    """
    stratum_groups = scope.pool.stratum_groups
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


def _sum_by_group(values: IntArray, groups: IntArray, n_groups: int) -> IntArray:
    """Add up the values of each group, shape (n_groups,)."""
    return np.bincount(groups, values, n_groups).astype(np.int64)
