"""Repeats: picks that look like another pick move to where nothing looks like a pick."""

import numpy as np

from ..records import BoolArray, Float64Array, IntArray, NumberArray, take_rows
from .even_steps import measure_gaps
from .neighbours import Neighbourhoods
from .pool import Draft
from .within_keys import pair_up, rank_within

# Rounds of moving: where one repeat has left, the next one may be none.
_N_ROUNDS = 2
# A repeat moves only to where its nearest pick is more than so many times as far away.
_MIN_GAIN_BESIDE = 1.5
_MIN_GAIN_ANYWHERE = 2.5
# Along the order, a pick that moves stays so many steps from all others.
_MIN_GAP = 0.5


def move_repeats(
    draft: Draft, points: IntArray, at: Float64Array, rng: np.random.Generator
) -> None:
    """Move picks that look like another pick to some of the points, as far as moves go.

    ``points``, shape (k,), are places, ascending; picks and kept items are among them. ``at``,
    shape (k,), is where each stands, in even steps of a pick; ascending.
    """
    pool = draft.pool
    coordinates = None if pool.regime == "unordered" else at
    near = Neighbourhoods.find(
        take_rows(pool.rows, pool.items[points]), pool.spec, coordinates, rng
    )
    # Where there are events, one has hardly two picks that look alike.
    if pool.regime != "timed":
        for _ in range(_N_ROUNDS):
            _step_aside(draft, points, at, near)
    for _ in range(_N_ROUNDS):
        _move_far(draft, points, at, near)


def _step_aside(draft: Draft, points: IntArray, at: Float64Array, near: Neighbourhoods) -> None:
    """Move picks that look like another pick within their own step of the order.

    A pick moves where it clearly pays: to the place that is farthest from all other picks, and at
    least half as far again as it was. The line between small and large steps has no say: where
    bursts are short, or photos are of products, steps of both kinds are much the same.

    Best of a few candidates: D. P. Mitchell, "Spectrally optimal sampling for distribution ray
    tracing", SIGGRAPH 1991, https://doi.org/10.1145/122718.122736
    """
    is_chosen = draft.is_chosen[points]
    picks = np.flatnonzero(is_chosen)
    own = _find_own_pick(at, at[picks])
    # How far each point would be from all other picks, were it picked instead of its own.
    instead = near.find_nearest(is_chosen, own)
    now = instead[picks]
    is_repeat = near.find_repeats(
        is_chosen, near.find_nearest(is_chosen), draft.pool.is_kept[points]
    )
    is_leaving = is_repeat[picks][own]
    bounds = np.concatenate([[-np.inf], at[picks], [np.inf]])
    gaps = np.minimum(at - bounds[own], bounds[own + 2] - at)
    is_better = (instead > _MIN_GAIN_BESIDE * now[own]) & (gaps >= _MIN_GAP)
    to = np.flatnonzero(~is_chosen & is_leaving & is_better)
    to = to[rank_within(own[to], -instead[to].astype(np.int64)) == 0]
    from_ = picks[own[to]]
    _move_best(draft, points[from_], points[to], instead[to] - instead[from_])


def _find_own_pick(at: Float64Array, of_picks: Float64Array) -> IntArray:
    """Find the pick nearest in order to each point; both ascend."""
    after = np.clip(np.searchsorted(of_picks, at), 1, max(len(of_picks) - 1, 1))
    is_before = at - of_picks[after - 1] <= of_picks[np.minimum(after, len(of_picks) - 1)] - at
    return np.asarray(np.where(is_before, after - 1, np.minimum(after, len(of_picks) - 1)))


def _move_far(draft: Draft, points: IntArray, at: Float64Array, near: Neighbourhoods) -> None:
    """Move picks that look like another pick to peaks, places far from all picks, anywhere.

    Each stays in its stratum. See `find_repeats` and `find_peaks` of `Neighbourhoods`.
    """
    is_chosen = draft.is_chosen[points]
    nearest = near.find_nearest(is_chosen)
    repeats = np.flatnonzero(near.find_repeats(is_chosen, nearest, draft.pool.is_kept[points]))
    is_candidate = ~is_chosen
    if draft.pool.regime == "ordered":
        is_candidate &= measure_gaps(at, at[is_chosen]) >= _MIN_GAP
    peaks = np.flatnonzero(near.find_peaks(is_candidate, nearest))
    distances = nearest.astype(np.int64)
    # The closest repeat moves to the loneliest peak of its stratum, and so on.
    repeats = repeats[np.argsort(distances[repeats], kind="stable")]
    from_, to = pair_up(draft.pool.strata[points], repeats, peaks, -distances[peaks])
    is_better = distances[to] > _MIN_GAIN_ANYWHERE * distances[from_]
    from_, to = from_[is_better], to[is_better]
    _move_best(draft, points[from_], points[to], distances[to] - distances[from_])


def _move_best(draft: Draft, from_: IntArray, to: IntArray, gains: IntArray) -> None:
    """Make the moves that gain most, within segments.

    None takes the only pick of a stratum, nor that of a scene unless it goes to one without any.
    """
    pool, scenes = draft.pool, draft.scenes.numbers
    best = np.argsort(-gains.astype(np.int64), kind="stable")
    best = best[pool.segments[from_[best]] == pool.segments[to[best]]]
    from_, to = from_[best], to[best]
    n_picks = np.bincount(scenes[draft.is_chosen], minlength=int(scenes[-1]) + 1)
    is_first = rank_within(scenes[to], np.arange(len(to))) == 0
    is_new = (n_picks[scenes[to]] == 0) & is_first
    can_move = _has_company(draft, pool.strata, from_, to)
    can_move &= _has_company(draft, scenes, from_, to) | is_new
    draft.move(from_[can_move], to[can_move])


def _has_company(draft: Draft, keys: NumberArray, from_: IntArray, to: IntArray) -> BoolArray:
    """Tell which moves leave another pick of the same key behind, or keep to it, shape (k,)."""
    n_picks = np.bincount(keys[draft.is_chosen], minlength=int(keys.max()) + 1)
    left = keys[from_]
    turns = rank_within(left, np.arange(len(left)))
    return np.asarray((turns < n_picks[left] - 1) | (left == keys[to]))
