"""From a collection and what is wanted of it to a selection.

Joins the steps: groups, sequences, kept items, quotas, picking.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import get_args

import numpy as np

from .errors import InvalidParameterError
from .groups import GroupsLike, PerGroup, allocate_groups, label_items
from .looks import DistanceArray, measure_steps
from .model import BoolArray, ByteArray, FeatureTable, GroupLabels, IntArray, Selection
from .parameters import check_choice, check_integer, check_number
from .paths import PathLike, to_key, to_text
from .picking import Pool, Spread, pick_rows
from .quotas import Quotas, allocate_quotas
from .sequences import find_sequences, number_folders, thin_sequences

# Frames of one trigger are seconds apart; a minute is the customary gap between visits.
SEQUENCE_GAP_S = 60.0

# Codes of buckets are single bytes.
_CODE_BITS = 8
_MAX_COUNTED = 1 << 16


@dataclass(frozen=True)
class SamplingOptions:
    """How to sample; the parameters of `smartdownsample.ImageIndex.sample`.

    Raises
    ------
    InvalidParameterError
        When a value is not allowed, or two exclude each other.
    """

    spread: Spread = "joint"
    quotas: Quotas = "proportional"
    groups: GroupsLike | None = None
    per_group: PerGroup | None = None
    balance: float = 0.0
    keep: Collection[PathLike] = field(default=())
    max_per_sequence: int | None = None
    sequence_gap_s: float = SEQUENCE_GAP_S

    def __post_init__(self) -> None:
        """Check the values."""
        check_choice("spread", self.spread, get_args(Spread))
        check_choice("quotas", self.quotas, get_args(Quotas))
        check_number("balance", self.balance, at_least=0, at_most=1)
        check_number("sequence_gap_s", self.sequence_gap_s, at_least=0)
        if self.max_per_sequence is not None:
            check_integer("max_per_sequence", self.max_per_sequence, at_least=1)
        if isinstance(self.keep, str) or not isinstance(self.keep, Collection):
            msg = f"The 'keep' parameter must be a list of paths. Got {self.keep!r} instead."
            raise InvalidParameterError(msg)
        if self.groups is None and (self.per_group is not None or self.balance):
            name = "balance" if self.per_group is None else "per_group"
            msg = f"The '{name}' parameter needs 'groups', which says what a group is."
            raise InvalidParameterError(msg)
        if self.quotas == "two-phase" and len(self.keep):
            msg = (
                "The 'keep' parameter cannot be combined with quotas='two-phase', the published "
                "rule, which knows of no earlier picks. Use quotas='proportional'."
            )
            raise InvalidParameterError(msg)


def check_target(target_count: object, options: SamplingOptions) -> int | None:
    """Return the count asked for; None only where groups have counts of their own.

    Parameters
    ----------
    target_count : object
        As the caller gave it.
    options : SamplingOptions
        How to sample.

    Returns
    -------
    int or None
        The count.

    Raises
    ------
    InvalidParameterError
        When it is no integer of at least 0, or left out without ``per_group``.
    """
    if target_count is None and options.per_group is not None:
        if options.balance:
            msg = (
                "The 'balance' parameter shares a 'target_count' among groups. "
                "Give one, or leave 'balance' out: 'per_group' alone gives each group its count."
            )
            raise InvalidParameterError(msg)
        return None
    return check_integer("target_count", target_count, at_least=0)


@dataclass(frozen=True)
class Frame:
    """A collection made ready to pick from: what may be picked, and what quotas are given for.

    Attributes
    ----------
    table : FeatureTable
        The collection.
    codes : ndarray of uint8, shape (n,)
        Each item's bucket.
    options : SamplingOptions
        How to sample.
    labels : GroupLabels or None
        Each item's group.
    open_rows : ndarray of int64, shape (m,)
        The rows of the pool, ascending: all but those that sequences have too many of.
    pool : Pool
        Of these rows; each group's buckets are its strata.
    """

    table: FeatureTable
    codes: ByteArray
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


def make_frame(
    table: FeatureTable,
    codes: ByteArray,
    steps: DistanceArray,
    options: SamplingOptions,
    rng: np.random.Generator,
) -> Frame:
    """Make a collection ready to pick from.

    Parameters
    ----------
    table : FeatureTable
        The collection.
    codes : ndarray of uint8, shape (n,)
        Each item's bucket.
    steps : ndarray of uint16, shape (n,)
        From `smartdownsample.looks.measure_steps`.
    options : SamplingOptions
        How to sample.
    rng : numpy.random.Generator
        Decides which frames of long sequences stay.

    Returns
    -------
    Frame
        Of the collection.
    """
    labels = None if options.groups is None else label_items(options.groups, table)
    is_kept = _find_kept(table, options.keep)
    if options.max_per_sequence is None:
        open_rows = np.arange(len(table))
    else:
        sequences = find_sequences(
            table.rows, table.spec, number_folders(table), options.sequence_gap_s
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
    return Frame(table, codes, options, labels, open_rows, pool)


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


def allocate_strata(frame: Frame, is_kept: BoolArray, target_count: int | None) -> IntArray:
    """Share a number of picks among groups, and each group's share among its buckets.

    Parameters
    ----------
    frame : Frame
        The collection.
    is_kept : ndarray of bool, shape (m,)
        Rows of the pool that are selected already; they count.
    target_count : int or None
        New picks; None for as many as ``per_group`` allows.

    Returns
    -------
    ndarray of int64, shape (s,)
        New picks of each stratum.
    """
    stratum_groups = frame.pool.stratum_groups
    n_kept = np.bincount(frame.pool.strata[is_kept], minlength=len(frame.sizes))
    if frame.labels is None:
        counts = np.array([target_count])
    else:
        n_groups = len(frame.labels.names)
        counts = allocate_groups(
            _add_up(stratum_groups, frame.sizes, n_groups),
            _add_up(stratum_groups, n_kept, n_groups),
            target_count,
            frame.options.per_group,
            frame.options.balance,
            frame.labels.names,
        )
    quotas = np.zeros_like(frame.sizes)
    ends = np.searchsorted(stratum_groups, np.arange(len(counts)), side="right")
    starts = np.searchsorted(stratum_groups, np.arange(len(counts)))
    for group in np.flatnonzero(counts):
        own = slice(starts[group], ends[group])
        quotas[own] = allocate_quotas(
            frame.sizes[own], int(counts[group]), frame.options.quotas, n_kept[own]
        )
    return quotas


def _add_up(keys: IntArray, values: IntArray, n_keys: int) -> IntArray:
    """Add up the values of each key, shape (n_keys,)."""
    return np.bincount(keys, values, n_keys).astype(np.int64)


def draw_selection(
    table: FeatureTable,
    codes: ByteArray,
    steps: DistanceArray,
    target_count: int | None,
    random_seed: int | None,
    options: SamplingOptions,
) -> Selection:
    """Select items of a collection.

    Parameters
    ----------
    table : FeatureTable
        The collection.
    codes : ndarray of uint8, shape (n,)
        Each item's bucket.
    steps : ndarray of uint16, shape (n,)
        From `smartdownsample.looks.measure_steps`.
    target_count : int or None
        Items wanted; None for as many as ``per_group`` allows.
    random_seed : int or None
        Same seed, same selection.
    options : SamplingOptions
        How to sample.

    Returns
    -------
    Selection
        With exactly as many new items as asked for, or as there are.
    """
    rng = np.random.default_rng(random_seed)
    frame = make_frame(table, codes, steps, options, rng)
    quotas = allocate_strata(frame, frame.pool.is_kept, target_count)
    picks = pick_rows(frame.pool, quotas, options.spread, rng)
    return Selection(
        table=table,
        codes=codes,
        rows=frame.open_rows[picks],
        target_count=int(quotas.sum()) if target_count is None else target_count,
        random_seed=random_seed,
        labels=frame.labels,
        earlier_rows=frame.earlier_rows,
    )


def _find_kept(table: FeatureTable, keep: Collection[PathLike]) -> BoolArray:
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
