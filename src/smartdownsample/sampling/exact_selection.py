"""Selections: exactly N items of a collection."""

import numpy as np

from ..options import SamplingOptions
from ..records import Collection, Picks
from .picking import pick_places
from .scope import allocate_strata, make_scope, share_out


def draw_selection(
    collection: Collection,
    target_count: int | None,
    random_seed: int | None,
    options: SamplingOptions,
) -> Picks:
    """Pick exactly `target_count` new items, or all there are, in natural order.

    A `target_count` of None takes as many as ``per_group`` allows. The same seed gives the same
    picks.
    """
    rng = np.random.default_rng(random_seed)
    scope = make_scope(collection, options, rng)
    quotas = allocate_strata(scope, scope.pool.is_kept, target_count)
    places = pick_places(
        scope.pool, *share_out(scope, quotas), rng, by_looks=options.spread != "order"
    )
    return Picks(
        scope.collection,
        rows=np.sort(scope.pool.items[places]),
        target_count=int(quotas.sum()) if target_count is None else target_count,
        random_seed=random_seed,
        labels=scope.labels,
        earlier_rows=scope.earlier_rows,
        options=options,
        skipped_rows=scope.skipped_rows,
    )
