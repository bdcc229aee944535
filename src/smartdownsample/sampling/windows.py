"""From the natural order to windows: one pick each keeps picks spread over folders and time.

Pure functions.
"""

import numpy as np

from ..records import BoolArray, DistanceArray, Float64Array, IntArray

# How much of an item's weight is what is new in it, the rest is equal for all: many frames of one
# burst weigh little more than one, and a long quiet stretch is not forgotten.
_NOVELTY = 0.75
# A change of scene counts as so many ordinary steps at most.
_MAX_STEP = 2.0
_HALF_WINDOW = 0.5


def weigh_items(steps: DistanceArray) -> Float64Array:
    """Weigh items by what is new in them compared with the item before.

    Parameters
    ----------
    steps : ndarray of uint16, shape (n,)
        How far each item looks from the one before, see `smartdownsample.looks.measure_steps`.

    Returns
    -------
    ndarray of float64, shape (n,)
        Above 0; the mean is 1.
    """
    if not len(steps):
        return np.zeros(0)
    novelty = np.minimum(steps, _MAX_STEP * np.median(steps))
    mean = novelty.mean()
    if mean == 0:
        return np.ones(len(steps))
    return np.asarray(1 - _NOVELTY + _NOVELTY * novelty / mean)


def mark_places(weights: Float64Array, group_sizes: IntArray, n_windows: IntArray) -> Float64Array:
    """Tell where items stand in natural order, in windows.

    Parameters
    ----------
    weights : ndarray of float64, shape (n,)
        Of the items, group by group, each group in natural order.
    group_sizes : ndarray of int64, shape (g,)
        Items of each group.
    n_windows : ndarray of int64, shape (g,)
        Windows that each group is shared evenly among.

    Returns
    -------
    ndarray of float64, shape (n,)
        Middle of each item, ascending; groups are more than a window apart.
    """
    group = np.repeat(np.arange(len(group_sizes)), group_sizes)
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    ends = np.cumsum(group_sizes)
    starts = ends - group_sizes
    step = (sums[ends] - sums[starts]) / np.maximum(n_windows, 1)
    middles = (sums[:-1] + sums[1:]) / 2 - sums[starts][group]
    firsts = np.cumsum(n_windows + 2) - n_windows
    return np.asarray(firsts[group] + middles / step[group])


def is_beside(marks: Float64Array, is_kept: BoolArray) -> BoolArray:
    """Tell which items stand within half a window of one selected before, shape (n,)."""
    kept = np.concatenate([[-np.inf], marks[is_kept], [np.inf]])
    after = np.searchsorted(kept, marks)
    return np.asarray(np.minimum(kept[after] - marks, marks - kept[after - 1]) < _HALF_WINDOW)


def cut_windows(
    weights: Float64Array, group_sizes: IntArray, n_windows: IntArray, phase: float = 0.0
) -> tuple[IntArray, IntArray]:
    """Cut each group's items into windows of about equal weight.

    Parameters
    ----------
    weights : ndarray of float64, shape (n,)
        Of the items, group by group, each group in natural order.
    group_sizes : ndarray of int64, shape (g,)
        Items of each group.
    n_windows : ndarray of int64, shape (g,)
        Windows of each group, at most its items.
    phase : float, optional
        Shifts the cuts by a share of a window, from -0.5 to 0.5; the first window and the last
        are larger or smaller by that.

    Returns
    -------
    starts, ends : ndarray of int64, shape (n_windows.sum(),)
        Where each window starts and ends; each has an item at least.
    """
    group = np.repeat(np.arange(len(n_windows)), n_windows)
    numbers = np.arange(len(group))
    place = numbers - (np.cumsum(n_windows) - n_windows)[group]
    group_ends = np.cumsum(group_sizes)
    group_starts = group_ends - group_sizes
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    step = (sums[group_ends] - sums[group_starts]) / np.maximum(n_windows, 1)
    cuts = np.where(place > 0, place + phase, 0)
    starts = np.searchsorted(sums, sums[group_starts][group] + cuts * step[group])
    # An item may weigh as much as several windows; the next windows then move on.
    starts = np.maximum(starts, group_starts[group] + place)
    starts = np.minimum(starts, (group_ends - n_windows)[group] + place)
    starts = np.maximum.accumulate(starts - numbers) + numbers
    ends = np.roll(starts, -1)
    is_last = place == n_windows[group] - 1
    ends[is_last] = group_ends[group[is_last]]
    return starts, ends


def draw_places(
    starts: IntArray, ends: IntArray, n_draws: int, rng: np.random.Generator
) -> IntArray:
    """Draw distinct places from each window, spread over it.

    Parameters
    ----------
    starts, ends : ndarray of int64, shape (w,)
        Of the windows, each with a place at least.
    n_draws : int
        Places drawn from each window; a smaller one gives all it has.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    ndarray of int64, shape (m,)
        The places, ascending.
    """
    lengths = ends - starts
    n_drawn = np.minimum(lengths, n_draws)
    windows = np.repeat(np.arange(len(starts)), n_drawn)
    numbers = np.arange(len(windows)) - (np.cumsum(n_drawn) - n_drawn)[windows]
    # A window is cut into as many parts as it gives places, and each part gives one.
    lows = numbers * lengths[windows] // n_drawn[windows]
    highs = (numbers + 1) * lengths[windows] // n_drawn[windows]
    offsets = (rng.random(len(windows)) * (highs - lows)).astype(np.int64)
    return np.asarray(starts[windows] + lows + offsets)
