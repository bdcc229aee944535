"""A selection split in two, for training and for validation, without leaks between them."""

import numpy as np

from .errors import InvalidParameterError
from .looks import DISTANCE_SCALE, DistanceArray, measure_distances
from .model import LAB_LAYOUT_SIDE, BoolArray, FeatureSpec, IntArray, RowArray
from .parameters import check_number

# Random orders tried. With a dozen groups or more the best of them is off by a few items at most.
_N_TRIES = 64
# Pairs compared at a time, to bound memory.
_BATCH_PAIRS = 1 << 18


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
        When `share` is no such number, or there are fewer than two groups.

    Notes
    -----
    In random order, each group that brings validation nearer to its share is taken. Of several
    orders the one counts that comes nearest, of equals the first. A group larger than about
    twice the share is never for validation unless all are.
    """
    check_number("share", share, at_least=0, at_most=1)
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
    Exact: all pairs are compared by colour layout, and those that it does not rule out in full.
    The time grows with the product of both sides; the memory does not.
    """
    validation, training = np.flatnonzero(is_validation), np.flatnonzero(~is_validation)
    # Sums of products of bytes stay below 2^24 and are exact in single precision.
    lab = rows["lab_layout"].astype(np.float32)
    norms = np.einsum("ij,ij->i", lab, lab)
    lab_of_training, norms_of_training = lab[training].T, norms[training]
    # The hash can only add to the distance.
    largest = limit**2 * LAB_LAYOUT_SIDE**2 / DISTANCE_SCALE**2
    found = [(np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.uint16))]
    step = _BATCH_PAIRS // max(len(training), 1) + 1
    for start in range(0, len(validation), step):
        batch = validation[start : start + step]
        squares = norms[batch, np.newaxis] + norms_of_training - 2 * (lab[batch] @ lab_of_training)
        of_batch, of_training = np.nonzero(squares <= largest)
        pairs = np.column_stack([batch[of_batch], training[of_training]])
        found.append(_take_nearest(pairs, rows, spec, limit))
    all_pairs, distances = zip(*found, strict=True)
    return np.concatenate(all_pairs), np.concatenate(distances)


def _take_nearest(
    pairs: IntArray, rows: RowArray, spec: FeatureSpec, limit: int
) -> tuple[IntArray, DistanceArray]:
    """Take, for each validation row, the nearest of the pairs below the limit."""
    distances = measure_distances(rows[pairs[:, 0]], rows[pairs[:, 1]], spec)
    order = np.lexsort((distances, pairs[:, 0]))
    order = order[distances[order] < limit]
    is_first = np.diff(pairs[order, 0], prepend=-1) != 0
    nearest = order[is_first]
    return pairs[nearest], distances[nearest]
