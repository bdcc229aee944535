"""Windows: stretches of the natural order of about equal weight, one for each pick.

They spread picks over folders and time. Items are laid out segment by segment: a segment is a
group, or a stratum, and has windows of its own. ``weights`` has shape (n,), ``sizes`` and
``n_windows`` have one number for each segment.
"""

from typing import NamedTuple

import numpy as np

from ..records import BoolArray, DistanceArray, Float64Array, IntArray

# Share of an item's weight that depends on what is new in it; the rest is equal for all. So many
# frames of one burst weigh little more than one, and a long quiet stretch is not forgotten.
_NOVELTY = 0.75
# The largest step counts as so many median ones, so that a change of scene is not everything.
_MAX_STEP = 2.0
_HALF_WINDOW = 0.5
# Factor for the weight of items close to one that was selected before.
_KEPT_WEIGHT = 1e-3


class Windows(NamedTuple):
    """Windows over the items that may be picked.

    ``rows``, shape (m,), are these items segment by segment, and ``weights`` theirs. Window w
    holds ``rows[starts[w]:ends[w]]``. ``coordinates``, shape (n,), are of all items, by row.
    """

    rows: IntArray
    weights: Float64Array
    starts: IntArray
    ends: IntArray
    coordinates: Float64Array


def weigh_items(steps: DistanceArray) -> Float64Array:
    """Weigh items by what is new in them, from their steps: above 0, with a mean of 1."""
    if not len(steps):
        return np.zeros(0)
    novelty = np.minimum(steps, _MAX_STEP * np.median(steps))
    mean = novelty.mean()
    if mean == 0:
        return np.ones(len(steps))
    return np.asarray(1 - _NOVELTY + _NOVELTY * novelty / mean)


def lay_windows(
    order: IntArray,
    weights: Float64Array,
    segments: IntArray,
    n_windows: IntArray,
    is_kept: BoolArray,
    is_free: BoolArray,
    phase: float,
) -> Windows:
    """Lay windows over the free items of each segment, away from the kept ones.

    ``order`` lists all items segment by segment, and `weights` follow it. ``segments``,
    `is_kept` and `is_free` are by row. For `phase` see `cut_windows`.
    """
    n_kept = np.bincount(segments[is_kept], minlength=len(n_windows))
    sizes = np.bincount(segments, minlength=len(n_windows))
    coordinates = np.empty(len(order))
    coordinates[order] = locate_items(weights, sizes, n_windows + n_kept)
    if n_kept.any():
        is_close = find_beside_kept(coordinates[order], is_kept[order])
        weights = np.where(is_close, weights * _KEPT_WEIGHT, weights)
    is_open = is_free[order]
    rows, weights = order[is_open], weights[is_open]
    sizes = np.bincount(segments[rows], minlength=len(n_windows))
    starts, ends = cut_windows(weights, sizes, n_windows, phase)
    return Windows(rows, weights, starts, ends, coordinates)


def locate_items(weights: Float64Array, sizes: IntArray, n_windows: IntArray) -> Float64Array:
    """Measure where the middle of each item lies in natural order, in windows, shape (n,).

    Coordinates ascend; segments are more than a window apart.
    """
    segment = np.repeat(np.arange(len(sizes)), sizes)
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    ends = np.cumsum(sizes)
    starts = ends - sizes
    window_weight = (sums[ends] - sums[starts]) / np.maximum(n_windows, 1)
    middles = (sums[:-1] + sums[1:]) / 2 - sums[starts][segment]
    firsts = np.cumsum(n_windows + 2) - n_windows
    return np.asarray(firsts[segment] + middles / window_weight[segment])


def find_beside_kept(coordinates: Float64Array, is_kept: BoolArray) -> BoolArray:
    """Find the items less than half a window from a kept one, shape (n,).

    ``coordinates`` ascend.
    """
    kept = np.concatenate([[-np.inf], coordinates[is_kept], [np.inf]])
    after = np.searchsorted(kept, coordinates)
    gaps = np.minimum(kept[after] - coordinates, coordinates - kept[after - 1])
    return np.asarray(gaps < _HALF_WINDOW)


def cut_windows(
    weights: Float64Array, sizes: IntArray, n_windows: IntArray, phase: float = 0.0
) -> tuple[IntArray, IntArray]:
    """Cut each segment into windows of about equal weight, each of at least one item.

    Returns where windows start and end, shape (n_windows.sum(),). A segment has at least as many
    items as windows. ``phase``, from -0.5 to 0.5, shifts the cuts by that share of a window; the
    first window gains what the last one loses.
    """
    segment = np.repeat(np.arange(len(n_windows)), n_windows)
    numbers = np.arange(len(segment))
    number_in_segment = numbers - (np.cumsum(n_windows) - n_windows)[segment]
    segment_ends = np.cumsum(sizes)
    segment_starts = segment_ends - sizes
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    window_weight = (sums[segment_ends] - sums[segment_starts]) / np.maximum(n_windows, 1)
    cuts = np.where(number_in_segment > 0, number_in_segment + phase, 0)
    starts = np.searchsorted(sums, sums[segment_starts][segment] + cuts * window_weight[segment])
    # One item may weigh as much as several windows; those after its own then start later.
    starts = np.maximum(starts, segment_starts[segment] + number_in_segment)
    starts = np.minimum(starts, (segment_ends - n_windows)[segment] + number_in_segment)
    starts = np.maximum.accumulate(starts - numbers) + numbers
    ends = np.roll(starts, -1)
    is_last = number_in_segment == n_windows[segment] - 1
    ends[is_last] = segment_ends[segment[is_last]]
    return starts, ends


def draw_places(
    starts: IntArray, ends: IntArray, n_draws: int, rng: np.random.Generator
) -> IntArray:
    """Draw `n_draws` distinct places from each window, spread over it; ascending, shape (m,).

    A window of fewer places gives all it has.
    """
    lengths = ends - starts
    n_drawn = np.minimum(lengths, n_draws)
    windows = np.repeat(np.arange(len(starts)), n_drawn)
    numbers = np.arange(len(windows)) - (np.cumsum(n_drawn) - n_drawn)[windows]
    # A window is cut into as many slices as it gives places, one from each.
    lows = numbers * lengths[windows] // n_drawn[windows]
    highs = (numbers + 1) * lengths[windows] // n_drawn[windows]
    offsets = (rng.random(len(windows)) * (highs - lows)).astype(np.int64)
    return np.asarray(starts[windows] + lows + offsets)
