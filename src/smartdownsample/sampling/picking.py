"""From quotas to picked items: candidates of each window, moved apart by local search.

A pure function of features, quotas and seed: the same picks whatever the order of the input, the
number of workers or the state of the store.
"""

from dataclasses import dataclass

import numpy as np

from ..options import Spread
from ..records import BoolArray, DistanceArray, FeatureSpec, IntArray, RowArray
from .distances import measure_steps
from .local_search import Draft, meet_quotas, move_repeats, separate_picks
from .neighbours import Neighbourhoods
from .windows import Windows, draw_places, lay_windows, weigh_items
from .within_keys import number_within, shuffle_within

# Candidates of each window. With more of them picks are farther apart, and closer to outliers.
_N_CANDIDATES = 4
# Rounds of moving picks apart, and repeats away. In the first round the picks nearby may move as
# well; a third round gains nothing.
_N_ROUNDS = 2


@dataclass(frozen=True)
class Pool:
    """The items that picks are taken from, in natural order.

    Attributes
    ----------
    rows : structured ndarray, shape (n,)
        The feature matrix.
    steps : ndarray of uint16, shape (n,)
        Distances to the item before, see `measure_steps`.
    strata : ndarray of int64, shape (n,)
        Each item's stratum, which quotas are given for.
    stratum_groups : ndarray of int64, shape (s,)
        The group that each stratum is part of.
    is_kept : ndarray of bool, shape (n,)
        Items selected before: never picked, and kept apart from.
    """

    rows: RowArray
    spec: FeatureSpec
    steps: DistanceArray
    strata: IntArray
    stratum_groups: IntArray
    is_kept: BoolArray


def pick_rows(pool: Pool, quotas: IntArray, spread: Spread, rng: np.random.Generator) -> IntArray:
    """Pick items as `quotas`, shape (s,), ask for; rows of the pool, distinct and ascending.

    ``joint`` gives each window of the natural order a pick and keeps picks apart in looks;
    ``order`` takes even steps through each stratum, whatever it looks like; ``visual`` goes by
    looks alone. No quota may exceed its stratum's items that are not kept.
    """
    is_free = ~pool.is_kept & (quotas > 0)[pool.strata]
    n_free = np.bincount(pool.strata[is_free], minlength=len(quotas))
    if not quotas.any():
        return np.zeros(0, dtype=np.int64)
    if (n_free == quotas).all():
        return np.flatnonzero(is_free)
    if spread == "order":
        return _step_through(pool, quotas, is_free, rng)
    draft = _draw_candidates(pool, quotas, is_free, rng, is_ordered=spread == "joint")
    for _ in range(_N_ROUNDS):
        separate_picks(draft, draft.windows, rng)
    meet_quotas(draft, quotas)
    # From here on picks stay in their stratum, so quotas remain met.
    separate_picks(draft, draft.windows * len(quotas) + draft.strata, rng)
    for _ in range(_N_ROUNDS):
        move_repeats(draft)
    return draft.items[draft.is_pick & ~draft.is_kept]


def _step_through(
    pool: Pool, quotas: IntArray, is_free: BoolArray, rng: np.random.Generator
) -> IntArray:
    """Pick in even steps through each stratum, each from a random start."""
    order = np.argsort(pool.strata, kind="stable")
    windows = lay_windows(
        order, np.ones(len(order)), pool.strata, quotas, pool.is_kept, is_free, 0.0
    )
    phases = rng.random(len(quotas))[pool.strata[windows.rows[windows.starts]]]
    # Steps are in weight, so that rows close to kept ones are passed over.
    sums = np.append(0.0, np.cumsum(windows.weights))
    starts, ends = windows.starts, windows.ends
    targets = sums[starts] + phases * (sums[ends] - sums[starts])
    places = np.searchsorted(sums, targets, side="right") - 1
    return np.sort(windows.rows[np.clip(places, starts, ends - 1)])


def _draw_candidates(
    pool: Pool,
    quotas: IntArray,
    is_free: BoolArray,
    rng: np.random.Generator,
    *,
    is_ordered: bool,
) -> Draft:
    """Draw a few candidates of each window, the first of them its pick for now."""
    laid = _lay_group_windows(pool, quotas, is_free, rng, is_ordered=is_ordered)
    places = draw_places(laid.starts, laid.ends, _N_CANDIDATES, rng)
    places = np.append(places, _draw_rare(pool.strata[laid.rows], quotas, places, rng))
    windows = np.searchsorted(laid.starts, places, side="right") - 1
    is_pick = np.zeros(len(places), dtype=np.bool_)
    is_pick[np.unique(windows, return_index=True)[1]] = True
    # Kept items join as picks that cannot move, each in a window of its own.
    kept = np.flatnonzero(pool.is_kept)
    items = np.append(laid.rows[places], kept)
    windows = np.append(windows, len(laid.starts) + np.arange(len(kept)))
    is_pick = np.append(is_pick, np.ones(len(kept), dtype=np.bool_))
    by_row = np.argsort(items)
    items = items[by_row]
    coordinates = laid.coordinates[items] if is_ordered else None
    return Draft(
        items=items,
        near=Neighbourhoods.find(pool.rows[items], pool.spec, coordinates, rng),
        windows=windows[by_row],
        strata=pool.strata[items],
        is_kept=pool.is_kept[items],
        is_pick=is_pick[by_row],
    )


def _lay_group_windows(
    pool: Pool,
    quotas: IntArray,
    is_free: BoolArray,
    rng: np.random.Generator,
    *,
    is_ordered: bool,
) -> Windows:
    """Lay as many windows over each group as it gives picks, in natural or in random order."""
    groups = pool.stratum_groups[pool.strata]
    n_windows = np.bincount(pool.stratum_groups, quotas).astype(np.int64)
    if is_ordered:
        order = np.argsort(groups, kind="stable")
        is_natural = len(n_windows) == 1
        steps = pool.steps if is_natural else measure_steps(pool.rows[order], pool.spec)
        weights = weigh_items(steps)
    else:
        order = shuffle_within(groups, rng)
        weights = np.ones(len(order))
    # In random order, standing next to a kept item means nothing.
    is_avoided = pool.is_kept & is_ordered
    return lay_windows(order, weights, groups, n_windows, is_avoided, is_free, rng.random() - 0.5)


def _draw_rare(
    strata: IntArray, quotas: IntArray, places: IntArray, rng: np.random.Generator
) -> IntArray:
    """Draw more places of the strata that have too few candidates among `places`."""
    is_drawn = np.zeros(len(strata), dtype=np.bool_)
    is_drawn[places] = True
    n_lacking = _N_CANDIDATES * quotas - np.bincount(strata[is_drawn], minlength=len(quotas))
    others = np.flatnonzero(~is_drawn & (n_lacking > 0)[strata])
    strata = strata[others]
    numbers = number_within(strata, shuffle_within(strata, rng))
    return others[numbers < n_lacking[strata]]
