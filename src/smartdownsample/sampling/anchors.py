"""Anchors: picks that are set beforehand, so that no bucket goes without one."""

import numpy as np

from ..records import BoolArray, Float64Array, IntArray
from .pool import Pool
from .within_keys import count_distinct

# Places of a stratum that are looked at, at most.
_N_TRIED = 256


def anchor_strata(
    pool: Pool,
    is_free: BoolArray,
    at: Float64Array,
    strata: IntArray,
    is_anchor: BoolArray,
    rng: np.random.Generator,
) -> None:
    """Make one free place of each of some strata an anchor; changes `is_anchor`, shape (m,).

    Of a stratum it is a place of an event without an anchor, then one a step or more from all
    anchors, or as far as can be; of several one by chance. Strata of the fewest events choose
    first. ``at``, shape (m,), ascends.
    """
    if not len(strata):
        return
    wanted = np.zeros(int(pool.strata.max()) + 1, dtype=np.bool_)
    wanted[strata] = True
    free = np.flatnonzero(is_free & wanted[pool.strata])
    free = free[np.argsort(pool.strata[free], kind="stable")]
    starts = np.searchsorted(pool.strata[free], strata)
    sizes = np.searchsorted(pool.strata[free], strata, side="right") - starts
    taken = is_anchor | pool.is_kept
    has_anchor = np.zeros(int(pool.events[-1]) + 1, dtype=np.bool_)
    has_anchor[pool.events[taken]] = True
    known = np.concatenate([[-np.inf], at[taken], [np.inf]])
    n_events = count_distinct(pool.strata[free], pool.events[free], len(wanted))[strata]
    for number in np.lexsort((sizes, n_events)).tolist():
        places = free[starts[number] : starts[number] + sizes[number]]
        if len(places) > _N_TRIED:
            places = places[np.linspace(0, len(places) - 1, _N_TRIED).astype(np.int64)]
        after = np.searchsorted(known, at[places])
        gaps = np.minimum(known[after] - at[places], at[places] - known[after - 1])
        scores = np.minimum(gaps, 1) - 2 * has_anchor[pool.events[places]]
        place = rng.choice(places[scores == scores.max()])
        is_anchor[place] = True
        has_anchor[pool.events[place]] = True
        known = np.insert(known, np.searchsorted(known, at[place]), at[place])
