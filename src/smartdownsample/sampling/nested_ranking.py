"""Rankings: an order of items whose first N are a good selection, for every N."""

from dataclasses import replace

import numpy as np

from ..options import SamplingOptions
from ..records import BoolArray, Collection, Float64Array, IntArray, Picks
from .picking import pick_places
from .pool import Pool
from .scope import Scope, allocate_strata, make_scope, share_out
from .within_keys import rank_within

# Each round has half as many again as the one before. With larger rounds, ranking is faster and
# the first N are better where a round ends, but worse elsewhere.
_GROWTH = 1.5
# Up to the first round of so many items, rounds are selected from large to small.
_MOST_NESTED = 10_000


def draw_ranking(
    collection: Collection, limit: int | None, random_seed: int | None, options: SamplingOptions
) -> Picks:
    """Rank `limit` new items of a collection, or all, the first being the one to take first.

    Each round is a selection of the next larger one, in which every pick stands for what was
    dropped beside it. Beyond some 10,000 items, rounds keep all earlier picks and go by the order
    alone: looks would take long, and say little among so many picks. Quotas are monotone, so no
    stratum lacks picks. Rounds do not depend on the limit, so a longer ranking begins with a
    shorter one. The same seed gives the same ranking.
    """
    rng = np.random.default_rng(random_seed)
    scope = make_scope(collection, options, rng)
    is_taken = scope.pool.is_kept.copy()
    n_ranked = scope.n_free if limit is None else min(limit, scope.n_free)
    sizes = _list_sizes(scope.n_free)
    n_nested = sum(size < _MOST_NESTED for size in sizes) + 1
    rounds = [np.flatnonzero(~is_taken)]
    for size in reversed(sizes[:n_nested]):
        rounds.append(_select_among(scope, rounds[-1], size, rng))
    new_places = (places[~is_taken[places]] for places in reversed(rounds[1:]))
    ranked = [np.zeros(0, dtype=np.int64)]
    n_done = 0
    for size in sizes:
        if n_done >= n_ranked:
            break
        new = next(new_places, None)
        if new is None:
            quotas = allocate_strata(scope, is_taken, size - n_done)
            larger = replace(scope.pool, is_kept=is_taken)
            new = pick_places(larger, *share_out(scope, quotas), rng, by_looks=False)
        ranked.append(_order_round(scope, new, is_taken, rng))
        is_taken[new] = True
        n_done = size
    return Picks(
        scope.collection,
        rows=scope.pool.items[np.concatenate(ranked)[:n_ranked]],
        target_count=n_ranked,
        random_seed=random_seed,
        labels=scope.labels,
        earlier_rows=scope.earlier_rows,
        skipped_rows=scope.skipped_rows,
    )


def _list_sizes(n: int) -> list[int]:
    """List the sizes of rounds up to n, ascending."""
    sizes, size = [], 1
    while size < n:
        sizes.append(size)
        size = max(size + 1, int(size * _GROWTH))
    return [*sizes, n] if n else []


def _select_among(scope: Scope, places: IntArray, size: int, rng: np.random.Generator) -> IntArray:
    """Select `size` of the places of a round, ascending."""
    pool = scope.pool
    is_among = pool.is_kept.copy()
    is_among[places] = True
    among = np.flatnonzero(is_among)
    quotas = allocate_strata(scope, pool.is_kept, size)
    smaller = replace(
        pool,
        items=pool.items[among],
        events=pool.events[among],
        segments=pool.segments[among],
        strata=pool.strata[among],
        worth=hand_down(pool, among),
        is_kept=pool.is_kept[among],
        steps=None,
    )
    by_looks = scope.options.spread != "order"
    return among[pick_places(smaller, *share_out(scope, quotas), rng, by_looks=by_looks)]


def hand_down(pool: Pool, among: IntArray) -> Float64Array:
    """Compute what some places are worth when they stand for all, shape (k,).

    What an event is worth is shared by its places that remain; that of an event without any goes
    to the nearest that has some, in the same segment if there is one.
    """
    worths = np.bincount(pool.events, pool.worth)
    n_left = np.bincount(pool.events[among], minlength=len(worths))
    segments = np.zeros(len(worths), dtype=np.int64)
    segments[pool.events] = pool.segments
    # Middles of events along the order, in worth; those of other segments are far away.
    middles = np.cumsum(worths) - worths / 2
    middles += segments * 2 * middles[-1]
    heirs = np.flatnonzero(n_left)
    after = np.clip(np.searchsorted(heirs, np.arange(len(worths))), 1, len(heirs) - 1)
    before = heirs[after - 1]
    after = heirs[after]
    heir = np.where(middles - middles[before] <= middles[after] - middles, before, after)
    heir[heirs] = heirs
    handed = np.bincount(heir, worths, minlength=len(worths))
    return np.asarray((handed / np.maximum(n_left, 1))[pool.events[among]])


def _order_round(
    scope: Scope, places: IntArray, is_taken: BoolArray, rng: np.random.Generator
) -> IntArray:
    """Order the new places of a round.

    The first of each new group comes first, then that of each new stratum, those of the largest
    strata before the others. In the rest, segments take turns in proportion to their places, and of
    a segment the widest gaps are filled first.
    """
    pool = scope.pool
    strata, segments = pool.strata[places], pool.segments[places]
    gaps = _measure_gaps(pool, places, is_taken)
    order = np.lexsort((rng.random(len(places)), -gaps))
    turns = np.empty(len(places), dtype=np.int64)
    turns[order] = np.arange(len(places))
    n_new = np.bincount(segments)
    times = (rank_within(segments, turns) + rng.random(len(n_new))[segments]) / n_new[segments]
    n_taken, sizes = (
        np.bincount(pool.strata[is_taken], minlength=len(scope.sizes)),
        scope.sizes[strata],
    )
    is_first = (rank_within(strata, turns) == 0) & (n_taken[strata] == 0)
    times[is_first] = -sizes[is_first]
    groups = scope.stratum_groups[strata]
    is_known = np.isin(groups, scope.stratum_groups[n_taken > 0])
    is_first = (rank_within(groups, turns - sizes * len(places)) == 0) & ~is_known
    times[is_first] = -sizes[is_first] - len(pool.items)
    return places[np.lexsort((places, times))]


def _measure_gaps(pool: Pool, places: IntArray, is_taken: BoolArray) -> Float64Array:
    """Measure how wide the gap between taken places is that each place is in, in worth."""
    at = np.cumsum(pool.worth)
    taken = np.flatnonzero(is_taken)
    bounds = np.concatenate([[at[0] - at[-1]], at[taken], [2 * at[-1]]])
    after = np.searchsorted(taken, places)
    return np.asarray(bounds[after + 1] - bounds[after])
