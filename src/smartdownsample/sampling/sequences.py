"""Sequences: frames that a camera took in quick succession and that show much the same."""

from collections.abc import Sequence

import numpy as np

from ..records import BoolArray, ByteArray, FeatureSpec, IntArray, RowArray
from .distances import DISTANCE_SCALE, measure_steps
from .within import rank_within

# Pictures that look nearer than this are near-duplicates, in steps of 1 / DISTANCE_SCALE. Of
# consecutive photos of camera traps nine in ten of one burst are, and one in a hundred of others.
NEAR_DUPLICATE = 6 * DISTANCE_SCALE


def find_sequences(rows: RowArray, spec: FeatureSpec, folders: IntArray, gap_s: float) -> IntArray:
    """Find the frames that were taken in quick succession.

    A frame belongs to the sequence of the one taken before it in its folder unless there is a
    longer gap between them. Of a frame whose time is not known the looks decide: it belongs to
    the sequence of the one before it in natural order if that has no time either and is a
    near-duplicate.

    Parameters
    ----------
    rows : structured ndarray, shape (n,)
        The feature matrix, in natural order; not changed.
    spec : FeatureSpec
        What the rows are.
    folders : ndarray of int64, shape (n,)
        Each row's folder, see `number_folders`; their rows may lie between those of others.
    gap_s : float
        Longest time between frames of a sequence, in seconds.

    Returns
    -------
    ndarray of int64, shape (n,)
        Number of each row's sequence, by the first row of each.
    """
    captured = rows["captured"]
    # NaT is the smallest number: in each folder the frames without time stand first.
    order = np.lexsort((captured.astype(np.int64), folders))
    before, after = order[:-1], order[1:]
    places = rank_within(folders, np.arange(len(rows)))
    gaps_s = (captured[after] - captured[before]) / np.timedelta64(1, "s")
    is_soon = gaps_s <= gap_s  # False for NaT
    is_next = np.isnat(captured[after]) & (places[after] == places[before] + 1)
    is_alike = measure_steps(rows[order], spec)[1:] < NEAR_DUPLICATE
    is_start = np.ones(len(rows), dtype=np.bool_)
    is_start[1:] = (folders[before] != folders[after]) | ~(is_soon | is_next & is_alike)
    starts = np.flatnonzero(is_start)
    by_first_row = np.argsort(np.minimum.reduceat(order, starts))
    numbers = np.empty_like(starts)
    numbers[by_first_row] = np.arange(len(starts))
    sequences = np.empty_like(order)
    sequences[order] = np.repeat(numbers, np.diff(starts, append=len(rows)))
    return sequences


def thin_sequences(
    sequences: IntArray,
    kinds: Sequence[ByteArray | IntArray],
    max_per_sequence: int,
    is_kept: BoolArray,
    rng: np.random.Generator,
) -> BoolArray:
    """Leave a few frames of each sequence, chosen at random.

    Parameters
    ----------
    sequences : ndarray of int64, shape (n,)
        Each row's sequence.
    kinds : sequence of ndarray of uint8 or int64, shape (n,)
        Each row's bucket, and its group where there are groups.
    max_per_sequence : int
        Most frames left of a sequence, at least 1. Kept ones count.
    is_kept : ndarray of bool, shape (n,)
        Rows selected before; they remain, however many a sequence has.
    rng : numpy.random.Generator
        Chooses.

    Returns
    -------
    ndarray of bool, shape (n,)
        Which rows remain: of each sequence the kept ones, and others as far as the limit goes.

    Notes
    -----
    A bucket or group of which nothing would remain gets a frame back in exchange for another of
    the same sequence, unless there each stands for a bucket or group that would then be lost.
    """
    n_sequences = sequences.max(initial=-1) + 1
    n_left = max_per_sequence - np.bincount(sequences[is_kept], minlength=n_sequences)
    new = np.flatnonzero(~is_kept)
    ranks = rank_within(sequences[new], rng.random(len(new)))
    remains = is_kept.copy()
    remains[new] = ranks < n_left[sequences[new]]
    for codes in kinds:
        for code in np.setdiff1d(codes, codes[remains]):
            members = np.flatnonzero(codes == code)
            _bring_back(members, remains, sequences, kinds, is_kept, rng)
    return remains


def _bring_back(
    members: IntArray,
    remains: BoolArray,
    sequences: IntArray,
    kinds: Sequence[ByteArray | IntArray],
    is_kept: BoolArray,
    rng: np.random.Generator,
) -> None:
    """Exchange a frame for one of the members, of which none remains; changes `remains`."""
    spares = np.flatnonzero(remains & ~is_kept)
    for codes in kinds:
        n_remaining = np.bincount(codes[remains])
        spares = spares[n_remaining[codes[spares]] > 1]
    members = members[np.isin(sequences[members], sequences[spares])]
    if len(members):
        added = rng.choice(members)
        dropped = rng.choice(spares[sequences[spares] == sequences[added]])
        remains[added], remains[dropped] = True, False
