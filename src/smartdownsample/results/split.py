"""A selection split in two, for training and for validation, without leaks between them."""

from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from ..collection import GroupLabels, Picks
from ..errors import InvalidParameterError
from ..records import BoolArray, DistanceArray, FeatureSpec, IntArray, RowArray
from ..sampling import DISTANCE_SCALE, NEAR_DUPLICATE, find_nearest_rows

# Random orders tried. With a dozen groups or more the best of them is off by a few items at most.
_N_TRIES = 64

Selected = TypeVar("Selected", bound=Picks)


class NearDuplicate(NamedTuple):
    """A validation item that looks like a training item.

    Attributes
    ----------
    validation_path, train_path : str
        Of both, as the caller gave them.
    distance : float
        How far apart they look, in levels of 8-bit Lab, see
        `smartdownsample.looks.measure_distances`.
    """

    validation_path: str
    train_path: str
    distance: float


@dataclass(frozen=True, eq=False, repr=False)
class Split(Generic[Selected]):
    """A selection in two: no group has items on both sides.

    Attributes
    ----------
    train, validation : Selection
        Both sides, each in natural order.
    near_duplicates : tuple of NearDuplicate
        The validation items that look like a training item, each with the nearest one.
    """

    train: Selected
    validation: Selected
    near_duplicates: tuple[NearDuplicate, ...]

    def __repr__(self) -> str:
        """Show the counts."""
        return (
            f"<Split of {len(self.train):,} images for training and {len(self.validation):,} for "
            f"validation, {len(self.near_duplicates):,} near-duplicates between them>"
        )


def split_selection(
    selection: Selected, labels: GroupLabels, share: float, random_seed: int | None
) -> Split[Selected]:
    """Split a selection by whole groups.

    Parameters
    ----------
    selection : Selection
        Not changed.
    labels : GroupLabels
        The group of each item of its collection.
    share : float
        Of the selected items that is for validation, from 0 to 1.
    random_seed : int or None
        Same seed, same split.

    Returns
    -------
    Split
        With every selected item on one side. Near-duplicates between the sides stay and are
        listed: groups such as two cameras at one waterhole may have some.

    Raises
    ------
    InvalidParameterError
        When the selected items are of fewer than two groups.
    """
    table, rows = selection.table, selection.rows
    rng = np.random.default_rng(random_seed)
    is_validation = split_groups(labels.ids[rows], share, rng)
    pairs, distances = find_near_duplicates(
        table.rows[rows], table.spec, is_validation, NEAR_DUPLICATE
    )
    train, validation = (
        replace(selection, rows=side, target_count=len(side), labels=labels)
        for side in (rows[~is_validation], rows[is_validation])
    )
    near_duplicates = tuple(
        NearDuplicate(table.paths[of_validation], table.paths[of_train], distance)
        for (of_validation, of_train), distance in zip(
            rows[pairs].tolist(), (distances / DISTANCE_SCALE).tolist(), strict=True
        )
    )
    return Split(train, validation, near_duplicates)


def split_groups(group_ids: IntArray, share: float, rng: np.random.Generator) -> BoolArray:
    """Choose whole groups for validation.

    Parameters
    ----------
    group_ids : ndarray of int64, shape (k,)
        Each item's group; not changed.
    share : float
        Of the items that is for validation, from 0 to 1.
    rng : numpy.random.Generator
        Chooses.

    Returns
    -------
    ndarray of bool, shape (k,)
        True for validation. There is a group on either side at least.

    Raises
    ------
    InvalidParameterError
        When there are fewer than two groups.

    Notes
    -----
    In random order, each group that brings validation nearer to its share is taken. Of several
    orders the one counts that comes nearest, of equals the first. A group larger than about
    twice the share is never for validation unless all are.
    """
    groups, inverse, sizes = np.unique(group_ids, return_inverse=True, return_counts=True)
    if len(groups) <= 1:
        msg = (
            "The 'groups' parameter must give at least two groups, one for each side of the "
            f"split. Got {len(groups)} instead. Use finer groups, such as cameras for sites."
        )
        raise InvalidParameterError(msg)
    goal = max(share * len(group_ids), sizes.min())
    best, best_error = np.zeros(0, dtype=np.int64), np.inf
    for _ in range(_N_TRIES):
        taken = _take_groups(rng.permutation(len(groups)), sizes, goal)
        error = abs(sizes[taken].sum() - goal)
        if error < best_error:
            best, best_error = taken, error
        if error < 1:
            break
    is_taken = np.zeros(len(groups), dtype=np.bool_)
    is_taken[best] = True
    return is_taken[inverse]


def _take_groups(order: IntArray, sizes: IntArray, goal: float) -> IntArray:
    """Take the groups that bring the sum of sizes nearer to the goal, but never all."""
    n_items = int(sizes.sum())
    taken, total = [], 0
    for group, size in zip(order.tolist(), sizes[order].tolist(), strict=True):
        if total + size / 2 < goal and total + size < n_items:
            taken.append(group)
            total += size
    return np.array(taken, dtype=np.int64)


def find_near_duplicates(
    rows: RowArray, spec: FeatureSpec, is_validation: BoolArray, limit: int
) -> tuple[IntArray, DistanceArray]:
    """Find the validation items that look like a training item.

    Parameters
    ----------
    rows : structured ndarray, shape (k,)
        The feature matrix; not changed.
    spec : FeatureSpec
        What the rows are.
    is_validation : ndarray of bool, shape (k,)
        Which rows are for validation, the others being for training.
    limit : int
        Pictures that look nearer than this are near-duplicates, in steps of
        ``1 / DISTANCE_SCALE``, see `smartdownsample.looks.measure_distances`.

    Returns
    -------
    pairs : ndarray of int64, shape (p, 2)
        Validation row and nearest training row, of equals the first, in ascending order.
    distances : ndarray of uint16, shape (p,)
        How far apart they look, below `limit`.

    Notes
    -----
    Exact: all pairs are compared. The time grows with the product of both sides, the memory with
    the training side.
    """
    validation, training = np.flatnonzero(is_validation), np.flatnonzero(~is_validation)
    nearest, distances = find_nearest_rows(rows[validation], rows[training], spec)
    near = np.flatnonzero(distances < limit)
    return np.column_stack([validation[near], training[nearest[near]]]), distances[near]
