"""From codes and quotas to the selected rows.

A pure function of codes, target and seed: the same on every run, whatever the order of the
input, the number of workers or the state of the store.
"""

import numpy as np

from .model import ByteArray, IntArray
from .quotas import allocate_quotas


def pick_rows(codes: ByteArray, target_count: int, random_seed: int | None) -> IntArray:
    """Pick rows so that every bucket is represented and its picks are spread evenly.

    Parameters
    ----------
    codes : ndarray of uint8, shape (n,)
        Bucket of each row; rows are in natural order.
    target_count : int
        Rows wanted, at least 0.
    random_seed : int or None
        Decides where in each bucket the even steps start. None takes a fresh one.

    Returns
    -------
    ndarray of int64, shape (min(target_count, n),)
        Distinct rows, ascending.
    """
    present, sizes = np.unique(codes, return_counts=True)
    quotas = allocate_quotas(sizes.astype(np.int64), target_count)
    starts = np.random.default_rng(random_seed).random(len(present))
    by_bucket = np.argsort(codes, kind="stable")
    firsts = np.cumsum(sizes) - sizes
    places = [
        first + step_evenly(size, quota, start)
        for first, size, quota, start in zip(firsts, sizes, quotas, starts, strict=True)
    ]
    return np.sort(by_bucket[np.concatenate([np.zeros(0, dtype=np.int64), *places])])


def step_evenly(n: int, quota: int, start: float) -> IntArray:
    """Choose `quota` of `n` places in even steps.

    Parameters
    ----------
    n : int
        Number of places.
    quota : int
        Places wanted, at most n.
    start : float
        Where in the first step to begin, in [0, 1).

    Returns
    -------
    ndarray of int64, shape (quota,)
        Distinct places below n, ascending.

    Notes
    -----
    Whole numbers only: place i is ⌊(i n + ⌊start n⌋) / quota⌋. As n ≥ quota, consecutive
    places differ by at least one, and the last is at most ⌊(quota n - 1) / quota⌋ < n.
    """
    if quota == 0:
        return np.zeros(0, dtype=np.int64)
    return (np.arange(quota, dtype=np.int64) * n + int(start * n)) // quota
