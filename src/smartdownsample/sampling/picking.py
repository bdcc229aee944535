"""From counts to picks: even steps along the order, repaired where looks give clear evidence.

A pure function of features, counts and seed: the same picks whatever the order of the input, the
number of workers or the state of the store.
"""

import numpy as np

from ..records import BoolArray, Float64Array, IntArray
from .anchors import anchor_strata
from .even_steps import even_out, fill_shares, measure_gaps, round_shares, share_events, step_evenly
from .in_blocks import count_by, split_places, sum_by
from .pool import Draft, Pool
from .repeats import move_repeats
from .scenes import find_scenes, visit_scenes
from .within_keys import list_distinct

# Most picks that may leave their even step because of looks, as a share of all.
_MAX_MOVED = 0.25
# Places that are compared for each pick, beside it; more where picks can step aside.
_N_POINTS, _N_ORDERED = 3, 8
# Strata that even steps are expected to give fewer picks get one beforehand.
_RARE = 0.5
# Factor for what items close to a kept one are worth, and how close that is, in steps.
_KEPT_WORTH = 1e-3
_CLOSE = 0.5
# Shares of one are reached but for rounding.
_ROUNDING = 1e-9


def pick_places(
    pool: Pool,
    counts: IntArray,
    is_represented: BoolArray,
    rng: np.random.Generator,
    *,
    by_looks: bool = True,
) -> IntArray:
    """Pick as many items of each segment as `counts`, shape (g,), says: places, ascending.

    ``is_represented``, shape (s,), marks the strata that are to have a pick. No count may exceed
    the items of its segment that are not kept, nor be smaller than its strata that lack a pick.
    Without `by_looks` nothing but the order and the strata counts.
    """
    is_free = ~pool.is_kept & (counts > 0)[pool.segments]
    if not counts.any():
        return np.zeros(0, dtype=np.int64)
    if (count_by(pool.segments, len(counts), is_free) == counts).all():
        return np.flatnonzero(is_free)
    whole = _share_all(pool, is_free, counts)
    at = _locate(whole, pool.segments)
    is_pick = _step_around_anchors(pool, is_free, counts, whole, at, is_represented, rng)
    del whole
    if by_looks:
        n_moves = int(_MAX_MOVED * counts.sum())
        draft = Draft(pool, is_free, find_scenes(pool), is_pick, n_moves)
        if pool.regime == "ordered":
            visit_scenes(draft)
        points = _draw_points(draft, counts, rng)
        at = at[points]  # the others are not looked at again, and take much memory
        move_repeats(draft, points, at, rng)
    return np.flatnonzero(is_pick)


def _share_all(pool: Pool, is_free: BoolArray, counts: IntArray) -> Float64Array:
    """Share picks, and kept items as if they were picks, among all places, shape (m,)."""
    is_open = is_free | pool.is_kept & (counts > 0)[pool.segments]
    worth = np.where(is_open, pool.worth, 0)
    n_all = counts + count_by(pool.segments, len(counts), pool.is_kept & is_open)
    shares = share_events(worth, pool.events, pool.segments, n_all)
    del worth
    return fill_shares(shares, is_open, pool.segments, n_all)


def _step_around_anchors(
    pool: Pool,
    is_free: BoolArray,
    counts: IntArray,
    whole: Float64Array,
    at: Float64Array,
    is_represented: BoolArray,
    rng: np.random.Generator,
) -> BoolArray:
    """Pick in even steps so that each stratum which is to have a pick has one, shape (m,).

    Where steps pass a stratum over, one of its items becomes an anchor: a pick that the steps,
    taken anew, keep away from as from a kept item. Rare strata have anchors from the start.
    """
    n_strata = len(is_represented)
    is_anchor = np.zeros(len(pool.items), dtype=np.bool_)
    lacking = sum_by(pool.strata, whole, n_strata) < _RARE
    lacking &= np.bincount(pool.strata[pool.is_kept], minlength=n_strata) == 0
    lacking &= is_represented
    while True:
        anchor_strata(pool, is_free, at, np.flatnonzero(lacking), is_anchor, rng)
        n_left = counts - np.bincount(pool.segments[is_anchor], minlength=len(counts))
        shares = _share_rest(pool, is_free, n_left, whole, at, is_anchor)
        units = round_shares(shares, pool.segments, n_left)
        is_pick = is_anchor | step_evenly(units, pool.segments, n_left, rng)
        del shares, units
        if pool.regime != "timed":
            # Steps around fixed places begin and end anywhere; of events, each has one already.
            is_fixed = is_anchor | pool.is_kept
            is_pick = even_out(is_pick, is_fixed, is_free, at, pool.segments)
        taken = np.bincount(pool.strata[is_pick | pool.is_kept], minlength=n_strata)
        lacking = is_represented & (taken == 0)
        if not lacking.any():
            return is_pick


def _share_rest(
    pool: Pool,
    is_free: BoolArray,
    n_left: IntArray,
    whole: Float64Array,
    at: Float64Array,
    is_anchor: BoolArray,
) -> Float64Array:
    """Share the picks that are left among free places, away from anchors and kept items."""
    is_fixed = is_anchor | pool.is_kept
    if not is_fixed.any():
        return whole
    worth = np.where(_find_beside(pool, whole, at, is_fixed), _KEPT_WORTH * whole, whole)
    is_open = is_free & ~is_anchor
    worth[~is_open] = 0
    return fill_shares(worth, is_open, pool.segments, n_left)


def _draw_points(draft: Draft, counts: IntArray, rng: np.random.Generator) -> IntArray:
    """Draw a few free places for each pick, evenly spread, beside all picks and kept items."""
    pool = draft.pool
    n_points = _N_ORDERED if pool.regime == "ordered" else _N_POINTS
    shares = np.where(draft.is_free, pool.worth, 0)
    n_free = count_by(pool.segments, len(counts), draft.is_free)
    n_all = np.minimum(counts * n_points, n_free)
    shares = fill_shares(shares, draft.is_free, pool.segments, n_all)
    units = round_shares(shares, pool.segments, n_all)
    is_drawn = step_evenly(units, pool.segments, counts, rng)
    return np.flatnonzero(is_drawn | draft.is_chosen)


def _locate(shares: Float64Array, segments: IntArray) -> Float64Array:
    """Measure where the middle of each place is, in steps; segments are two steps apart."""
    at = np.cumsum(shares)
    for some in split_places(len(shares)):
        at[some] -= shares[some] / 2
        at[some] += 2.0 * segments[some]
    return at


def _find_beside(
    pool: Pool, whole: Float64Array, at: Float64Array, is_fixed: BoolArray
) -> BoolArray:
    """Find the places less than half a step from a fixed item, shape (m,).

    Places of an event stand together in its middle, unless it is longer than a step.
    """
    if pool.events[-1] + 1 == len(pool.events):  # each place is an event
        return _are_close(at, at[is_fixed])
    lengths = sum_by(pool.events, whole, int(pool.events[-1]) + 1)
    segments = np.zeros(len(lengths), dtype=np.int64)
    segments[pool.events] = pool.segments
    middles = _locate(lengths, segments)
    is_close = measure_gaps(middles, middles[list_distinct(pool.events[is_fixed])]) < _CLOSE
    is_long = lengths > 1 + _ROUNDING
    return np.where(is_long[pool.events], _are_close(at, at[is_fixed]), is_close[pool.events])


def _are_close(at: Float64Array, of_picks: Float64Array) -> BoolArray:
    """Tell which places are less than half a step from a pick, shape (m,)."""
    is_close = np.empty(len(at), dtype=np.bool_)
    for some in split_places(len(at)):
        is_close[some] = measure_gaps(at[some], of_picks) < _CLOSE
    return is_close
