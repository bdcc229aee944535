"""Rankings: an order of items whose first N are a good selection, for every N."""

from dataclasses import replace

import numpy as np

from ..collection import Collection, Picks
from ..options import SamplingOptions
from ..records import BoolArray, IntArray
from .picking import pick_rows
from .scope import Scope, allocate_strata, make_scope
from .within_keys import rank_within

# Each round adds half of what is ranked already. With larger rounds, ranking is faster and the
# first N are better where a round ends, but worse elsewhere.
_GROWTH = 1.5


def draw_ranking(
    collection: Collection, limit: int | None, random_seed: int | None, options: SamplingOptions
) -> Picks:
    """Rank `limit` new items of a collection, or all, the first being the one to take first.

    The ranking grows in rounds. Each round is a selection that keeps all earlier picks and is
    kept apart from them. Quotas are monotone, so no bucket ever has to give a pick back. The same
    seed gives the same ranking.
    """
    rng = np.random.default_rng(random_seed)
    scope = make_scope(collection, options, rng)
    n_ranked = scope.n_free if limit is None else min(limit, scope.n_free)
    is_taken = scope.pool.is_kept.copy()
    ranked = [np.zeros(0, dtype=np.int64)]
    n_done = 0
    while n_done < n_ranked:
        # Rounds do not depend on the limit, so a longer ranking begins with a shorter one.
        n_next = min(max(n_done + 1, int(n_done * _GROWTH)), scope.n_free) - n_done
        quotas = allocate_strata(scope, is_taken, n_next)
        picks = pick_rows(replace(scope.pool, is_kept=is_taken), quotas, options.spread, rng)
        ranked.append(_order_round(scope, picks, is_taken, rng))
        is_taken[picks] = True
        n_done += n_next
    return Picks(
        collection,
        rows=scope.open_rows[np.concatenate(ranked)[:n_ranked]],
        target_count=n_ranked,
        random_seed=random_seed,
        labels=scope.labels,
        earlier_rows=scope.earlier_rows,
    )


def _order_round(
    scope: Scope, picks: IntArray, is_taken: BoolArray, rng: np.random.Generator
) -> IntArray:
    """Order the picks of a round: the first of each new stratum, largest first, then the rest.

    In the rest, strata take turns in proportion to their picks.
    """
    strata = scope.pool.strata[picks]
    n_taken = np.bincount(scope.pool.strata[is_taken], minlength=len(scope.sizes))
    n_picks = np.bincount(strata, minlength=len(scope.sizes))
    shuffled = rng.random(len(picks))
    turns = rank_within(strata, shuffled)
    times = (turns + rng.random(len(n_picks))[strata]) / n_picks[strata]
    is_first = (turns == 0) & (n_taken[strata] == 0)
    times[is_first] = -scope.sizes[strata[is_first]]
    return picks[np.lexsort((picks, times))]
