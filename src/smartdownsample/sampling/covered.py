"""What selections that are made already cover of a collection by looks."""

import numpy as np

from ..records import BoolArray, FeatureTable
from .distances import FAR, compare_all
from .near_duplicates import SAME_SCENE

# Pairs of items that are compared at most, which takes a few seconds.
_MAX_PAIRS = 1 << 28
# Items that stand for all others, at least, where there are more pairs: as many as in `coverage`.
_MIN_PROBES = 2_000
# Of the items that stand for all others; any number will do, as long as it stays.
_SEED = 0


def find_alike(table: FeatureTable, is_selected: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Find the items that selections have, or that look like one they have.

    Parameters
    ----------
    table : FeatureTable
        The collection of n items.
    is_selected : ndarray of bool, shape (s, n)
        Whether each of s selections has the item.

    Returns
    -------
    is_alike : ndarray of bool, shape (s, n)
        Whether each has the item, or one that looks like it; False where that was not measured.
    is_measured : ndarray of bool, shape (n,)
        Whether it was. All items are compared with the selected ones, or as many random ones as
        can be compared in seconds.
    """
    n = len(table)
    selected = np.flatnonzero(is_selected.any(axis=0))
    n_probes = min(n, max(_MIN_PROBES, _MAX_PAIRS // max(len(selected), 1)))
    probes = np.arange(n)
    if n_probes < n:
        probes = np.sort(np.random.default_rng(_SEED).choice(n, size=n_probes, replace=False))
    nearest = np.full((len(is_selected), n_probes), FAR, dtype=np.uint16)
    # Items that the same selections have are compared at once.
    for has_them in np.unique(is_selected[:, selected], axis=1).T:
        own = selected[(has_them == is_selected[:, selected].T).all(axis=1)]
        for distances in compare_all(table.rows[own], table.rows[probes], table.spec):
            nearest[has_them] = np.minimum(nearest[has_them], distances.min(axis=0))
    is_alike, is_measured = np.zeros_like(is_selected), np.zeros(n, dtype=np.bool_)
    is_alike[:, probes] = nearest < SAME_SCENE
    is_measured[probes] = True
    return is_alike, is_measured
