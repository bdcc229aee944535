"""A selection split into training and validation images, without leaks between the two."""

from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from ..display import count_noun, format_html
from ..errors import InvalidParameterError
from ..records import BoolArray, DistanceArray, FeatureSpec, GroupLabels, IntArray, Picks, RowArray
from ..sampling import DISTANCE_SCALE, SAME_SCENE, find_nearest_rows, number_joined

# Random orders tried. With a dozen groups or more, the best is off by a few items at most.
_N_TRIES = 64
# Near-duplicates that a notebook lists.
_MOST_SHOWN = 10

SelectionT = TypeVar("SelectionT", bound=Picks)


class NearDuplicate(NamedTuple):
    """A validation image of the same scene as a training image, whatever is in it.

    Attributes
    ----------
    validation_path, train_path : str
        Paths of the two, as the caller gave them.
    distance : float
        How far apart they look, in levels of 8-bit Lab.
    """

    validation_path: str
    train_path: str
    distance: float


@dataclass(frozen=True, eq=False, repr=False)
class Split(Generic[SelectionT]):
    """The two sides of a selection; no group has images on both.

    Attributes
    ----------
    train, validation : Selection
        The sides, each in natural order.
    near_duplicates : tuple of NearDuplicate
        Validation images of the same scene as a training image, each with the nearest one.
    """

    train: SelectionT
    validation: SelectionT
    near_duplicates: tuple[NearDuplicate, ...]

    def __repr__(self) -> str:
        """Show the counts."""
        return f"<Split of {self._count()}>"

    def _repr_html_(self) -> str:
        """Show the counts and the nearest near-duplicates in a notebook."""
        nearest = sorted(self.near_duplicates, key=lambda pair: pair.distance)[:_MOST_SHOWN]
        return format_html(self._count(), ((p.validation_path, p.train_path) for p in nearest))

    def _count(self) -> str:
        return (
            f"{count_noun(len(self.train), self.train.table.noun)} for training and "
            f"{len(self.validation):,} for validation, "
            f"{count_noun(len(self.near_duplicates), 'near-duplicate')} between them"
        )


def split_selection(
    selection: SelectionT, labels: GroupLabels, share: float, random_seed: int | None
) -> Split[SelectionT]:
    """Split a selection by whole groups, with about `share` of its items for validation.

    `labels` give the group of each item of the collection. Groups with crops of one photo stay on
    one side. Near-duplicates between the sides stay
    and are listed: two cameras at one waterhole may have some. Fewer than two groups among the
    selected items raise InvalidParameterError.
    """
    table, rows = selection.table, selection.rows
    rng = np.random.default_rng(random_seed)
    is_validation = split_groups(_join_groups(selection, labels), share, rng)
    pairs, distances = find_near_duplicates(table.rows[rows], table.spec, is_validation, SAME_SCENE)
    train, validation = (
        replace(selection, rows=side, target_count=len(side), labels=labels, options=None)
        for side in (rows[~is_validation], rows[is_validation])
    )
    near_duplicates = tuple(
        NearDuplicate(table.paths[of_validation], table.paths[of_train], distance)
        for (of_validation, of_train), distance in zip(
            rows[pairs].tolist(), (distances / DISTANCE_SCALE).tolist(), strict=True
        )
    )
    return Split(train, validation, near_duplicates)


def _join_groups(selection: Picks, labels: GroupLabels) -> IntArray:
    """Give groups numbers, shape (k,), so that those that share a photo have one number."""
    table, rows = selection.table, selection.rows
    groups = labels.ids[rows]
    if not table.has_regions:
        return groups
    _, firsts, photos = np.unique(table.photos[rows], return_index=True, return_inverse=True)
    pairs = np.unique(np.column_stack([groups[firsts][photos], groups]), axis=0)
    joined = number_joined(pairs.tolist(), len(labels.names))[groups]
    if len(np.unique(groups)) > 1 and len(np.unique(joined)) == 1:
        msg = (
            "The 'groups' parameter must give at least two groups that share no photo, since "
            "crops of one photo stay on one side of a split. Photos connect all "
            f"{len(np.unique(groups)):,} groups. Use groups of photos, such as cameras or "
            "folders."
        )
        raise InvalidParameterError(msg)
    return joined


def split_groups(group_ids: IntArray, share: float, rng: np.random.Generator) -> BoolArray:
    """Choose the items for validation by whole groups; at least one group is on each side.

    In random order, each group is taken that brings validation nearer to its share. Of several
    such orders, the one that comes nearest counts, and the first of equals. A group larger than
    about twice the share is never taken unless all are that large. Group ids, shape (k,), may be
    any numbers; the result is True for validation.
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
    """Take each group in turn that brings the sum of sizes nearer to the goal, but never all."""
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
    """Find the validation items of the same scene as a training item.

    Items are of one scene when their distance is below `limit`, in steps of
    ``1 / DISTANCE_SCALE``. Returns pairs, shape (p, 2), of a validation row and the nearest
    training row (the first of equals), in ascending order, and their distances, shape (p,).
    Compares all pairs: time grows with the product of both sides, memory with the training side.
    """
    validation, training = np.flatnonzero(is_validation), np.flatnonzero(~is_validation)
    nearest, distances = find_nearest_rows(rows[validation], rows[training], spec)
    near = np.flatnonzero(distances < limit)
    return np.column_stack([validation[near], training[nearest[near]]]), distances[near]
