"""From quotas to the selected rows.

A pure function of features, quotas and seed: the same on every run, whatever the order of the
input, the number of workers or the state of the store.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..options import Spread
from ..records import BoolArray, DistanceArray, FeatureSpec, Float64Array, IntArray, RowArray
from .distances import measure_steps
from .local_search import Draft, meet_quotas, move_repeats, separate_picks
from .neighbours import Neighbourhoods
from .windows import cut_windows, draw_places, is_beside, mark_places, weigh_items
from .within import number_within, shuffle_within

# Candidates of each window. More keep picks farther apart, and closer to outliers.
_N_CANDIDATES = 4
# How often picks are moved apart, and repeats away. What was near at first may have moved itself;
# a third round gains nothing.
_N_ROUNDS = 2
# What is left of the weight of items close to one that was selected before.
_KEPT_WEIGHT = 1e-3


@dataclass(frozen=True)
class Pool:
    """The items that picks are taken from, in natural order.

    Attributes
    ----------
    rows : structured ndarray, shape (n,)
        The feature matrix.
    spec : FeatureSpec
        What the rows are.
    steps : ndarray of uint16, shape (n,)
        How far each item looks from the one before, see `smartdownsample.looks.measure_steps`.
    strata : ndarray of int64, shape (n,)
        What quotas are given for: numbers of buckets, or of each group's buckets.
    stratum_groups : ndarray of int64, shape (s,)
        Number of the group that each stratum is part of.
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
    """Pick rows of each stratum, spread over natural order and looks.

    Parameters
    ----------
    pool : Pool
        The items.
    quotas : ndarray of int64, shape (s,)
        Picks of each stratum, at most its items that are not kept.
    spread : {"joint", "order", "visual"}
        ``joint`` gives each window of the natural order a pick and keeps picks apart in looks;
        ``order`` takes even steps through each stratum, whatever it looks like; ``visual`` goes
        by looks alone.
    rng : numpy.random.Generator
        Draws candidates and starts.

    Returns
    -------
    ndarray of int64, shape (quotas.sum(),)
        Distinct rows, ascending.
    """
    is_free = ~pool.is_kept & (quotas > 0)[pool.strata]
    n_free = np.bincount(pool.strata[is_free], minlength=len(quotas))
    if not quotas.any():
        return np.zeros(0, dtype=np.int64)
    if (n_free == quotas).all():
        return np.flatnonzero(is_free)
    if spread == "order":
        return _step_through(pool, quotas, is_free, rng)
    draft = _draw_draft(pool, quotas, is_free, rng, is_ordered=spread == "joint")
    for _ in range(_N_ROUNDS):
        separate_picks(draft, draft.windows, rng)
    meet_quotas(draft, quotas)
    cells = draft.windows * len(quotas) + draft.strata
    separate_picks(draft, cells, rng)
    for _ in range(_N_ROUNDS):
        move_repeats(draft)
    return draft.items[draft.is_pick & ~draft.is_kept]


def _step_through(
    pool: Pool, quotas: IntArray, is_free: BoolArray, rng: np.random.Generator
) -> IntArray:
    """Pick in even steps through each stratum, each from a start of its own."""
    order = np.argsort(pool.strata, kind="stable")
    laid = _lay_windows(order, np.ones(len(order)), pool.strata, quotas, pool.is_kept, is_free, 0.0)
    phases = rng.random(len(quotas))[pool.strata[laid.rows[laid.starts]]]
    # By weight, so that rows close to kept ones are passed over.
    sums = np.append(0.0, np.cumsum(laid.weights))
    targets = sums[laid.starts] + phases * (sums[laid.ends] - sums[laid.starts])
    places = np.searchsorted(sums, targets, side="right") - 1
    return np.sort(laid.rows[np.clip(places, laid.starts, laid.ends - 1)])


class _Laid(NamedTuple):
    """Windows laid over rows: the free rows, group by group, and what lies where in them."""

    rows: IntArray
    weights: Float64Array
    starts: IntArray
    ends: IntArray
    # Of all rows, by row.
    marks: Float64Array


def _lay_windows(
    order: IntArray,
    weights: Float64Array,
    groups: IntArray,
    n_windows: IntArray,
    is_kept: BoolArray,
    is_free: BoolArray,
    phase: float,
) -> _Laid:
    """Lay windows over the free rows of each group, away from the kept ones.

    ``order`` lists all rows group by group, ``weights`` are in that order.
    """
    n_groups = len(n_windows)
    n_kept = np.bincount(groups[is_kept], minlength=n_groups)
    sizes = np.bincount(groups, minlength=n_groups)
    marks = np.empty(len(order))
    marks[order] = mark_places(weights, sizes, n_windows + n_kept)
    if n_kept.any():
        is_close = is_beside(marks[order], is_kept[order])
        weights = np.where(is_close, weights * _KEPT_WEIGHT, weights)
    is_open = is_free[order]
    rows = order[is_open]
    sizes = np.bincount(groups[rows], minlength=n_groups)
    weights = weights[is_open]
    return _Laid(rows, weights, *cut_windows(weights, sizes, n_windows, phase), marks)


def _draw_draft(
    pool: Pool,
    quotas: IntArray,
    is_free: BoolArray,
    rng: np.random.Generator,
    *,
    is_ordered: bool,
) -> Draft:
    """Draw a few candidates of each window, the first of them its pick for the present."""
    groups = pool.stratum_groups[pool.strata]
    n_windows = np.bincount(pool.stratum_groups, quotas).astype(np.int64)
    if is_ordered:
        order = np.argsort(groups, kind="stable")
        is_natural = len(n_windows) == 1
        weights = weigh_items(
            pool.steps if is_natural else measure_steps(pool.rows[order], pool.spec)
        )
    else:
        order = shuffle_within(groups, rng)
        weights = np.ones(len(order))
    # An order of no meaning keeps nothing apart.
    is_avoided = pool.is_kept & is_ordered
    laid = _lay_windows(order, weights, groups, n_windows, is_avoided, is_free, rng.random() - 0.5)
    places = draw_places(laid.starts, laid.ends, _N_CANDIDATES, rng)
    places = np.append(places, _draw_rare(pool.strata[laid.rows], quotas, places, rng))
    windows = np.searchsorted(laid.starts, places, side="right") - 1
    is_pick = np.zeros(len(places), dtype=np.bool_)
    is_pick[np.unique(windows, return_index=True)[1]] = True
    kept = np.flatnonzero(pool.is_kept)
    items = np.append(laid.rows[places], kept)
    windows = np.append(windows, len(laid.starts) + np.arange(len(kept)))
    is_pick = np.append(is_pick, np.ones(len(kept), dtype=np.bool_))
    by_row = np.argsort(items)
    items = items[by_row]
    marks = laid.marks[items] if is_ordered else None
    return Draft(
        items=items,
        near=Neighbourhoods.find(pool.rows[items], pool.spec, marks, rng),
        windows=windows[by_row],
        strata=pool.strata[items],
        is_kept=pool.is_kept[items],
        is_pick=is_pick[by_row],
    )


def _draw_rare(
    strata: IntArray, quotas: IntArray, places: IntArray, rng: np.random.Generator
) -> IntArray:
    """Draw more places of the strata that windows gave too few candidates of."""
    is_drawn = np.zeros(len(strata), dtype=np.bool_)
    is_drawn[places] = True
    n_lacking = _N_CANDIDATES * quotas - np.bincount(strata[is_drawn], minlength=len(quotas))
    others = np.flatnonzero(~is_drawn & (n_lacking > 0)[strata])
    strata = strata[others]
    numbers = number_within(strata, shuffle_within(strata, rng))
    return others[numbers < n_lacking[strata]]
