"""Even steps: exactly as many picks as asked for, in even steps of weight along an order.

Items are laid out place by place, segment by segment: a segment is a group, or a stratum. Each
place has a share of a pick, from 0 to 1, and the shares of a segment add up to its picks. From a
random start, a place is picked where the sum of shares passes a whole number.

Systematic sampling with unequal probabilities: W. G. Madow, "On the theory of systematic
sampling, II", Annals of Mathematical Statistics 20 (1949),
https://doi.org/10.1214/aoms/1177729988
"""

import numpy as np

from ..records import BoolArray, Float64Array, IntArray

# Shares are whole numbers of units, so that their sums are exact, for up to 2^30 picks.
_UNIT_BITS = 32
UNIT = 1 << _UNIT_BITS
# Halvings of an interval of doubles until nothing is left of it.
_N_HALVINGS = 64


def share_events(
    worth: Float64Array, events: IntArray, segments: IntArray, counts: IntArray
) -> Float64Array:
    """Share the picks of each segment among places by what they are worth, shape (m,).

    Each event gets at most one, in proportion to what its places are worth together; once all
    have one, the rest goes to events by the square root of the places they have left, since what
    is new in a long event grows slowly. ``events`` and `segments`, shape (m,), ascend, and no
    event is of two segments; places worth nothing get nothing.
    """
    is_open = worth > 0
    lengths = np.bincount(events[is_open], minlength=int(events.max(initial=-1)) + 1)
    own = np.flatnonzero(lengths)
    segment_of = np.zeros(len(lengths), dtype=np.int64)
    segment_of[events] = segments
    worths = np.bincount(events, worth, minlength=len(lengths)).astype(np.float64)
    firsts = np.minimum(counts, np.bincount(segment_of[own], minlength=len(counts)))
    shares = np.zeros(len(lengths))
    shares[own] = fill_shares(worths[own], np.ones(len(own)), segment_of[own], firsts)
    spare = (lengths[own] - 1).astype(np.float64)
    shares[own] += fill_shares(np.sqrt(spare), spare, segment_of[own], counts - firsts)
    parts = np.divide(worth, worths[events], out=np.zeros(len(worth)), where=is_open)
    return parts * shares[events]


def fill_shares(
    weights: Float64Array, limits: Float64Array, segments: IntArray, counts: IntArray
) -> Float64Array:
    """Share the picks of each segment in proportion to weights, but for limits, shape (m,).

    The sum of a segment is its count, or what its limits allow.
    """
    sums = np.bincount(segments, weights, minlength=len(counts))
    low = np.divide(counts, sums, out=np.zeros(len(counts)), where=sums > 0)
    shares = low[segments] * weights
    if (shares <= limits).all():
        return shares
    # At the highest factor, the smallest weight alone gives what is asked for.
    is_open = weights > 0
    least = np.full(len(counts), np.inf)
    np.minimum.at(least, segments[is_open], weights[is_open])
    high = np.where(sums > 0, counts / least, 0.0)
    high = np.maximum(high, low)
    for _ in range(_N_HALVINGS):
        # Half-way between their logarithms, since weights may differ by many orders.
        middle = np.sqrt(low) * np.sqrt(high)
        filled = np.minimum(limits, middle[segments] * weights)
        is_short = np.bincount(segments, filled, minlength=len(counts)) < counts
        low, high = np.where(is_short, middle, low), np.where(is_short, high, middle)
    return np.minimum(limits, high[segments] * weights)


def round_shares(shares: Float64Array, segments: IntArray, counts: IntArray) -> IntArray:
    """Round shares to whole units, shape (m,): at most `UNIT` each, exact sums for segments.

    ``shares`` add up to about the counts, and no count is larger than its places with a share.
    """
    sums = np.cumsum(shares)
    ends = np.searchsorted(segments, np.arange(len(counts)), side="right")
    starts = np.searchsorted(segments, np.arange(len(counts)))
    padded = np.append(0.0, sums)
    before, total = padded[starts], padded[ends] - padded[starts]
    factors = np.divide(counts, total, out=np.zeros(len(counts)), where=total > 0)
    reached = np.rint((sums - before[segments]) * factors[segments] * UNIT).astype(np.int64)
    last = ends[counts > 0] - 1
    reached[last] = counts[counts > 0] << _UNIT_BITS
    units = np.diff(reached, prepend=0)
    units[starts[ends > starts]] = reached[starts[ends > starts]]
    units = np.clip(units, 0, UNIT)
    units[shares == 0] = 0
    # What was cut off goes to the first places that have room.
    lacking = (counts << _UNIT_BITS) - _sum_stretches(units, starts, ends)
    room = np.where(shares > 0, UNIT - units, 0)
    filled = np.cumsum(room)
    filled -= np.append(0, filled)[starts][segments]
    return np.asarray(units + np.clip(lacking[segments] - (filled - room), 0, room))


def _sum_stretches(values: IntArray, starts: IntArray, ends: IntArray) -> IntArray:
    """Add up the whole numbers of each stretch."""
    sums = np.append(0, np.cumsum(values))
    return np.asarray(sums[ends] - sums[starts])


def step_evenly(
    units: IntArray, segments: IntArray, counts: IntArray, rng: np.random.Generator
) -> BoolArray:
    """Pick from shares in whole units, each segment from a random start: shape (m,)."""
    starts = rng.integers(UNIT, size=len(counts))
    reached = np.cumsum(units)
    # Segments before add up to whole picks.
    passed = (reached + starts[segments]) >> _UNIT_BITS
    passed_before = (reached - units + starts[segments]) >> _UNIT_BITS
    return np.asarray(passed > passed_before)


def even_out(
    is_pick: BoolArray,
    is_fixed: BoolArray,
    is_free: BoolArray,
    at: Float64Array,
    segments: IntArray,
) -> BoolArray:
    """Move picks so that those between two fixed places are equally far apart, shape (m,).

    Picks between a fixed place and the end of a segment leave half a gap there; in a segment
    without any they stay. ``at``, where places stand, ascends; picks move to free places.
    """
    picks, fixed = np.flatnonzero(is_pick & ~is_fixed), np.flatnonzero(is_fixed)
    free = np.flatnonzero(is_free & ~is_fixed)
    own = segments[picks]
    after = np.searchsorted(fixed, picks)
    # Fixed places around each pick, and the places that it can move between.
    padded = np.concatenate([[-1], fixed, [len(at)]])
    first, last = np.searchsorted(segments, own), np.searchsorted(segments, own, side="right") - 1
    has_left, has_right = padded[after] >= first, padded[after + 1] <= last
    left, right = np.maximum(padded[after], first), np.minimum(padded[after + 1], last)
    _, starts, counts = np.unique(
        np.stack([left, right]), axis=1, return_index=True, return_counts=True
    )
    by_start = np.argsort(starts)
    n_between = np.repeat(counts[by_start], counts[by_start])
    numbers = np.arange(len(picks)) - np.repeat(starts[by_start], counts[by_start])
    ends = np.where(has_left, 1, 0.5), np.where(has_right, 1, 0.5)
    gaps = (at[right] - at[left]) / (n_between - 1 + ends[0] + ends[1])
    targets = at[left] + gaps * (ends[0] + numbers)
    targets = np.where(has_left | has_right, targets, at[picks])
    # The nearest free places, each once, and none beyond a fixed one.
    places = np.searchsorted(at[free], targets).clip(0, max(len(free) - 1, 0))
    is_nearer = targets - at[free[places - 1]] < at[free[places]] - targets
    places = np.where((places > 0) & is_nearer, places - 1, places)
    lowest = np.searchsorted(free, left) + numbers
    highest = np.searchsorted(free, right, side="right") - n_between + numbers
    order = np.arange(len(picks))
    places = np.maximum.accumulate(np.maximum(places, lowest) - order) + order
    evened = is_fixed & is_pick
    evened[free[np.minimum(places, highest)]] = True
    return evened


def measure_gaps(at: Float64Array, of_picks: Float64Array) -> Float64Array:
    """Measure the steps from each place to the nearest pick, infinite without any; both ascend."""
    picks = np.concatenate([[-np.inf], of_picks, [np.inf]])
    after = np.searchsorted(picks, at)
    return np.asarray(np.minimum(picks[after] - at, at - picks[after - 1]))
