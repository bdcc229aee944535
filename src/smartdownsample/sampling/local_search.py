"""Local search: picks move among a few candidates of each window until they look unlike.

The functions here change a `Draft` in place: they move picks, and never change how many there are.
"""

from dataclasses import dataclass

import numpy as np

from ..records import BoolArray, IntArray
from .neighbours import MAX_POINT_BITS, Neighbourhoods
from .within_keys import rank_within

# A repeat moves only to where its nearest pick is more than so many times as far away.
_MIN_GAIN = 1.5
# Bits of a drawn number that breaks ties. A score is a distance of 16 bits, this number and the
# point, which makes it unique: 63 bits in all.
_DRAW_BITS = 20


@dataclass
class Draft:
    """A selection in the making: its points, in natural order, and which of them are picks.

    A point is a candidate or a kept item, see `neighbours`.

    Attributes
    ----------
    items : ndarray of int64, shape (m,)
        Each point's row in the pool, ascending.
    windows : ndarray of int64, shape (m,)
        Each point's window; kept points have a window of their own.
    strata : ndarray of int64, shape (m,)
        Each point's stratum, which quotas are given for.
    is_kept : ndarray of bool, shape (m,)
        Points selected before; they are picks that never move.
    is_pick : ndarray of bool, shape (m,)
        The picks at present, kept ones included.
    """

    items: IntArray
    near: Neighbourhoods
    windows: IntArray
    strata: IntArray
    is_kept: BoolArray
    is_pick: BoolArray


def separate_picks(draft: Draft, slots: IntArray, rng: np.random.Generator) -> None:
    """Move each pick to the point of its slot that is farthest from all other picks.

    A slot is the points that one pick may move among, such as a window. ``slots``, shape (m,),
    are numbers of any size, at least 0; slots without a pick, or with several, stay as they are.
    A random half of the slots moves first, then the others, so that two picks do not flee from
    each other to the same place. Ties are broken by chance.

    Best of a few candidates: D. P. Mitchell, "Spectrally optimal sampling for distribution ray
    tracing", SIGGRAPH 1991, https://doi.org/10.1145/122718.122736
    """
    by_slot = np.argsort(slots, kind="stable")
    starts = np.flatnonzero(np.diff(slots[by_slot], prepend=-1))
    numbers = np.empty(len(slots), dtype=np.int64)
    numbers[by_slot] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(slots)))
    n_picks = np.add.reduceat(draft.is_pick[by_slot].astype(np.int64), starts)
    near = draft.near.across_slots(slots)
    points = np.arange(len(slots))
    is_first = rng.integers(2, size=len(starts)) == 0
    for is_half in (is_first, ~is_first):
        nearest = near.find_nearest(draft.is_pick).astype(np.int64)
        drawn = rng.integers(1 << _DRAW_BITS, size=len(slots))
        scores = (nearest << _DRAW_BITS | drawn) << MAX_POINT_BITS | points
        best = np.maximum.reduceat(scores[by_slot], starts)
        is_moving = (is_half & (n_picks == 1))[numbers]
        draft.is_pick[is_moving] = (scores == best[numbers])[is_moving]


def meet_quotas(draft: Draft, quotas: IntArray) -> None:
    """Exchange picks until the new picks of each stratum are its quota, shape (s,).

    The draft has as many new picks as the quotas add up to. Exchanges within a window come first,
    those that lose least distance to other picks before all others.
    """
    is_new = draft.is_pick & ~draft.is_kept
    excess = np.bincount(draft.strata[is_new], minlength=len(quotas)) - quotas
    if not excess.any():
        return
    _exchange_within_windows(draft, excess)
    _exchange_anywhere(draft, excess)


def _exchange_within_windows(draft: Draft, excess: IntArray) -> None:
    """Exchange picks of strata with too many for points of the same window; changes `excess`."""
    is_new = draft.is_pick & ~draft.is_kept
    pick_of_window = np.full(draft.windows.max() + 1, -1)
    pick_of_window[draft.windows[is_new]] = np.flatnonzero(is_new)
    nearest = draft.near.find_nearest(draft.is_pick).astype(np.int64)
    # How far each point would be from other picks if it took the place of its window's pick.
    instead = draft.near.across_slots(draft.windows).find_nearest(draft.is_pick).astype(np.int64)
    while len(entering := _list_entering(draft, pick_of_window, excess)):
        leaving = pick_of_window[draft.windows[entering]]
        loss = nearest[leaving] - instead[entering]
        best = np.arange(len(entering))
        # One exchange for each window, and for each stratum no more than it lacks or has too many.
        for keys, limits in (
            (draft.windows[entering], np.ones_like(pick_of_window)),
            (draft.strata[entering], -excess),
            (draft.strata[leaving], excess),
        ):
            own = keys[best]
            best = best[rank_within(own, loss[best]) < limits[own]]
        entering, leaving = entering[best], leaving[best]
        draft.is_pick[leaving], draft.is_pick[entering] = False, True
        # Distances are not measured anew for the picks around.
        nearest[entering] = instead[entering]
        pick_of_window[draft.windows[entering]] = entering
        excess += np.bincount(draft.strata[entering], minlength=len(excess))
        excess -= np.bincount(draft.strata[leaving], minlength=len(excess))


def _list_entering(draft: Draft, pick_of_window: IntArray, excess: IntArray) -> IntArray:
    """List the points whose stratum lacks picks and whose window's pick is one too many."""
    points = np.flatnonzero(~draft.is_pick & (excess[draft.strata] < 0))
    leaving = pick_of_window[draft.windows[points]]
    return points[(leaving >= 0) & (excess[draft.strata[leaving]] > 0)]


def _exchange_anywhere(draft: Draft, excess: IntArray) -> None:
    """Drop the least lonely picks that are too many and add the loneliest points that lack."""
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
    """Move picks that look like another pick to peaks, points far from all picks.

    Each stays in its stratum. See `find_repeats` and `find_peaks` of `Neighbourhoods`.
    """
    nearest = draft.near.find_nearest(draft.is_pick)
    is_repeat = draft.near.find_repeats(draft.is_pick, nearest, draft.is_kept)
    repeats = np.flatnonzero(is_repeat)
    peaks = np.flatnonzero(draft.near.find_peaks(~draft.is_pick, nearest))
    distances = nearest.astype(np.int64)
    # The closest repeat moves to the loneliest peak of its stratum, and so on.
    repeat_keys = _join_ranks(draft.strata[repeats], distances[repeats])
    peak_keys = _join_ranks(draft.strata[peaks], -distances[peaks])
    _, from_, to = np.intersect1d(repeat_keys, peak_keys, assume_unique=True, return_indices=True)
    is_worth = distances[peaks[to]] > _MIN_GAIN * distances[repeats[from_]]
    draft.is_pick[repeats[from_[is_worth]]] = False
    draft.is_pick[peaks[to[is_worth]]] = True


def _join_ranks(strata: IntArray, values: IntArray) -> IntArray:
    """Join each stratum and the rank of the value in it to one number."""
    return strata << 32 | rank_within(strata, values)
