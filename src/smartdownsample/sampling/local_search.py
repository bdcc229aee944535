"""Moving picks apart: local search over a few candidates of each window.

All steps work on all picks at once. They move picks, and never change how many there are.
"""

from dataclasses import dataclass

import numpy as np

from ..records import BoolArray, IntArray
from .neighbours import MAX_POINT_BITS, Neighbourhoods
from .within import rank_within

# A repeat is moved to where its nearest pick is at least so many times as far.
_MIN_GAIN = 1.5
# A distance of 16 bits, a drawn number and the point make a score that no other point has.
_DRAW_BITS = 20


@dataclass
class Draft:
    """Points among which picks are moved, in natural order.

    Attributes
    ----------
    items : ndarray of int64, shape (m,)
        The row of each point in the collection, ascending.
    near : Neighbourhoods
        Of the points.
    windows : ndarray of int64, shape (m,)
        Each point's window.
    strata : ndarray of int64, shape (m,)
        What quotas are given for.
    is_kept : ndarray of bool, shape (m,)
        Points selected before; they stay where they are, each in a window of its own.
    is_pick : ndarray of bool, shape (m,)
        Points selected at present, kept ones included; changed by the functions here.
    """

    items: IntArray
    near: Neighbourhoods
    windows: IntArray
    strata: IntArray
    is_kept: BoolArray
    is_pick: BoolArray


def separate_picks(draft: Draft, cells: IntArray, rng: np.random.Generator) -> None:
    """Move each pick to the candidate of its cell that is farthest from all other picks.

    Parameters
    ----------
    draft : Draft
        Its picks are moved.
    cells : ndarray of int64, shape (m,)
        Each point's cell; cells without a pick, or with several, are left alone.
    rng : numpy.random.Generator
        Decides between equals, and who moves first: one half, then the other.

    References
    ----------
    D. P. Mitchell, "Spectrally optimal sampling for distribution ray tracing", SIGGRAPH 1991,
    https://doi.org/10.1145/122718.122736, on taking the best of a few candidates.
    """
    by_cell = np.argsort(cells, kind="stable")
    starts = np.flatnonzero(np.diff(cells[by_cell], prepend=-1))
    numbers = np.empty(len(cells), dtype=np.int64)
    numbers[by_cell] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(cells)))
    n_picks = np.add.reduceat(draft.is_pick[by_cell].astype(np.int64), starts)
    near = draft.near.leave_out(cells)
    points = np.arange(len(cells))
    is_first = rng.integers(2, size=len(starts)) == 0
    for is_half in (is_first, ~is_first):
        nearest = near.find_nearest(draft.is_pick).astype(np.int64)
        drawn = rng.integers(1 << _DRAW_BITS, size=len(cells))
        scores = (nearest << _DRAW_BITS | drawn) << MAX_POINT_BITS | points
        best = np.maximum.reduceat(scores[by_cell], starts)
        is_moving = (is_half & (n_picks == 1))[numbers]
        draft.is_pick[is_moving] = (scores == best[numbers])[is_moving]


def meet_quotas(draft: Draft, quotas: IntArray) -> None:
    """Exchange picks until each stratum has as many as its quota, at the least loss of distance.

    Parameters
    ----------
    draft : Draft
        With as many picks in each group of strata as the quotas ask for; they are moved.
    quotas : ndarray of int64, shape (s,)
        New picks of each stratum.
    """
    is_new = draft.is_pick & ~draft.is_kept
    excess = np.bincount(draft.strata[is_new], minlength=len(quotas)) - quotas
    if not excess.any():
        return
    alone = draft.near.find_nearest(draft.is_pick).astype(np.int64)
    beside = draft.near.leave_out(draft.windows).find_nearest(draft.is_pick).astype(np.int64)
    pick_of_window = np.full(draft.windows.max() + 1, -1)
    pick_of_window[draft.windows[is_new]] = np.flatnonzero(is_new)
    while len(swaps := _list_swaps(draft, pick_of_window, excess)):
        rivals = pick_of_window[draft.windows[swaps]]
        loss = alone[rivals] - beside[swaps]
        # Of each window one, of each stratum as many as it lacks, or has too many.
        for keys, limits in (
            (draft.windows, np.ones_like(pick_of_window)),
            (draft.strata, -excess),
        ):
            is_best = rank_within(keys[swaps], loss) < limits[keys[swaps]]
            swaps, rivals, loss = swaps[is_best], rivals[is_best], loss[is_best]
        donors = draft.strata[rivals]
        is_best = rank_within(donors, loss) < excess[donors]
        swaps, rivals = swaps[is_best], rivals[is_best]
        draft.is_pick[rivals], draft.is_pick[swaps] = False, True
        alone[swaps] = beside[swaps]
        pick_of_window[draft.windows[swaps]] = swaps
        excess += np.bincount(draft.strata[swaps], minlength=len(excess))
        excess -= np.bincount(draft.strata[rivals], minlength=len(excess))
    _exchange_anywhere(draft, excess)


def _list_swaps(draft: Draft, pick_of_window: IntArray, excess: IntArray) -> IntArray:
    """List the points whose stratum lacks picks and whose window's pick is one too many."""
    points = np.flatnonzero(~draft.is_pick & (excess[draft.strata] < 0))
    rivals = pick_of_window[draft.windows[points]]
    return points[(rivals >= 0) & (excess[draft.strata[rivals]] > 0)]


def _exchange_anywhere(draft: Draft, excess: IntArray) -> None:
    """Drop picks that are too many and add such as lack, in whatever windows they are."""
    if not excess.any():
        return
    nearest = draft.near.find_nearest(draft.is_pick).astype(np.int64)
    points = np.flatnonzero(~draft.is_pick & (excess[draft.strata] < 0))
    strata = draft.strata[points]
    added = points[rank_within(strata, -nearest[points]) < -excess[strata]]
    points = np.flatnonzero(draft.is_pick & ~draft.is_kept & (excess[draft.strata] > 0))
    strata = draft.strata[points]
    dropped = points[rank_within(strata, nearest[points]) < excess[strata]]
    draft.is_pick[dropped], draft.is_pick[added] = False, True


def move_repeats(draft: Draft) -> None:
    """Move picks that look like another pick to where nothing is selected.

    Parameters
    ----------
    draft : Draft
        Its picks are moved; each stays in its stratum.
    """
    nearest = draft.near.find_nearest(draft.is_pick)
    is_repeat = draft.near.find_repeats(draft.is_pick, nearest, draft.is_kept)
    repeats = np.flatnonzero(is_repeat)
    peaks = np.flatnonzero(draft.near.find_peaks(~draft.is_pick, nearest))
    distances = nearest.astype(np.int64)
    # The closest repeat moves to the loneliest peak of its stratum, and so on.
    repeat_keys = _make_keys(draft.strata[repeats], distances[repeats])
    peak_keys = _make_keys(draft.strata[peaks], -distances[peaks])
    _, from_, to = np.intersect1d(repeat_keys, peak_keys, assume_unique=True, return_indices=True)
    is_worth = distances[peaks[to]] > _MIN_GAIN * distances[repeats[from_]]
    draft.is_pick[repeats[from_[is_worth]]] = False
    draft.is_pick[peaks[to[is_worth]]] = True


def _make_keys(strata: IntArray, values: IntArray) -> IntArray:
    """Join each stratum with the rank of the value in it, in one number."""
    return strata << 32 | rank_within(strata, values)
