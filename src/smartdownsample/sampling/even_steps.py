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
from .in_blocks import count_by, split_places, sum_by

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
    n_events = int(events[-1]) + 1 if len(events) else 0
    is_open = worth > 0
    if n_events == len(events) and (count_by(segments, len(counts), is_open) >= counts).all():
        return fill_shares(worth, np.broadcast_to(1.0, len(worth)), segments, counts)
    lengths = count_by(events, n_events, is_open)
    own = np.flatnonzero(lengths)
    segment_of = np.zeros(len(lengths), dtype=np.int64)
    segment_of[events] = segments
    worths = sum_by(events, worth, n_events)
    firsts = np.minimum(counts, np.bincount(segment_of[own], minlength=len(counts)))
    shares = np.zeros(len(lengths))
    shares[own] = fill_shares(worths[own], np.ones(len(own)), segment_of[own], firsts)
    spare = (lengths[own] - 1).astype(np.float64)
    shares[own] += fill_shares(np.sqrt(spare), spare, segment_of[own], counts - firsts)
    parts = np.zeros(len(worth))
    for some in split_places(len(worth)):
        of_event = events[some]
        np.divide(worth[some], worths[of_event], out=parts[some], where=is_open[some])
        parts[some] *= shares[of_event]
    return parts


def fill_shares(
    weights: Float64Array, limits: Float64Array | BoolArray, segments: IntArray, counts: IntArray
) -> Float64Array:
    """Share the picks of each segment in proportion to weights, but for limits, shape (m,).

    The sum of a segment is its count, or what its limits allow.
    """
    sums = sum_by(segments, weights, len(counts))
    low = np.divide(counts, sums, out=np.zeros(len(counts)), where=sums > 0)
    shares = np.empty(len(weights))
    is_within = True
    for some in split_places(len(weights)):
        np.multiply(low[segments[some]], weights[some], out=shares[some])
        is_within &= bool((shares[some] <= limits[some]).all())
    if is_within:
        return shares
    # At the highest factor, the smallest weight alone gives what is asked for.
    least = np.full(len(counts), np.inf)
    for some in split_places(len(weights)):
        is_open = weights[some] > 0
        np.minimum.at(least, segments[some][is_open], weights[some][is_open])
    high = np.where(sums > 0, counts / least, 0.0)
    high = np.maximum(high, low)
    for _ in range(_N_HALVINGS):
        # Half-way between their logarithms, since weights may differ by many orders.
        middle = np.sqrt(low) * np.sqrt(high)
        filled = _fill(shares, weights, limits, segments, middle)
        is_short = sum_by(segments, filled, len(counts)) < counts
        low, high = np.where(is_short, middle, low), np.where(is_short, high, middle)
    return _fill(shares, weights, limits, segments, high)


def _fill(
    shares: Float64Array,
    weights: Float64Array,
    limits: Float64Array | BoolArray,
    segments: IntArray,
    factors: Float64Array,
) -> Float64Array:
    """Set shares to weights times the factor of their segment, up to their limits."""
    for some in split_places(len(weights)):
        np.multiply(factors[segments[some]], weights[some], out=shares[some])
        np.minimum(limits[some], shares[some], out=shares[some])
    return shares


def round_shares(shares: Float64Array, segments: IntArray, counts: IntArray) -> IntArray:
    """Round shares to whole units, shape (m,): at most `UNIT` each, exact sums for segments.

    ``shares`` add up to about the counts, and no count is larger than its places with a share.
    """
    sums = np.cumsum(shares)
    ends = np.searchsorted(segments, np.arange(len(counts)), side="right")
    starts = np.searchsorted(segments, np.arange(len(counts)))
    before, total = _look_before(sums, starts), _look_before(sums, ends)
    total = total - before
    factors = np.divide(counts, total, out=np.zeros(len(counts)), where=total > 0)
    # In the memory of the sums, which are looked at for the last time.
    reached = sums.view(np.int64)
    for some in split_places(len(shares)):
        own = segments[some]
        reached[some] = np.rint((sums[some] - before[own]) * factors[own] * UNIT).astype(np.int64)
    last = ends[counts > 0] - 1
    reached[last] = counts[counts > 0] << _UNIT_BITS
    firsts = starts[ends > starts]
    of_firsts = reached[firsts]
    units = np.empty_like(reached)
    units[:1] = reached[:1]
    np.subtract(reached[1:], reached[:-1], out=units[1:])
    del sums, reached
    units[firsts] = of_firsts
    np.clip(units, 0, UNIT, out=units)
    units[shares == 0] = 0
    # What was cut off goes to the first places that have room.
    lacking = (counts << _UNIT_BITS) - _sum_stretches(units, starts, ends)
    if not lacking.any():
        return units
    room = np.where(shares > 0, UNIT - units, 0)
    filled = np.cumsum(room)
    filled -= np.append(0, filled)[starts][segments]
    return np.asarray(units + np.clip(lacking[segments] - (filled - room), 0, room))


def _sum_stretches(values: IntArray, starts: IntArray, ends: IntArray) -> IntArray:
    """Add up the whole numbers of each stretch; stretches follow one another."""
    sums = np.zeros(len(starts), dtype=np.int64)
    some = ends > starts
    if some.any():
        sums[some] = np.add.reduceat(values, starts[some])
    return sums


def _look_before(sums: Float64Array, places: IntArray) -> Float64Array:
    """Look up the sum of all that comes before each place."""
    return np.where(places > 0, sums[places - 1], 0.0) if len(sums) else np.zeros(len(places))


def step_evenly(
    units: IntArray, segments: IntArray, counts: IntArray, rng: np.random.Generator
) -> BoolArray:
    """Pick from shares in whole units, each segment from a random start: shape (m,)."""
    starts = rng.integers(UNIT, size=len(counts))
    is_pick = np.zeros(len(units), dtype=np.bool_)
    n_before = 0
    for some in split_places(len(units)):
        # Segments before add up to whole picks.
        reached = n_before + np.cumsum(units[some])
        n_before = int(reached[-1])
        reached += starts[segments[some]]
        is_pick[some] = reached >> _UNIT_BITS > (reached - units[some]) >> _UNIT_BITS
    return is_pick


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
    places = np.searchsorted(free, np.searchsorted(at, targets)).clip(0, max(len(free) - 1, 0))
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
