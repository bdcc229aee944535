"""From bucket sizes to quotas: how many items each bucket may give."""

import numpy as np

from .model import IntArray


def allocate_quotas(sizes: IntArray, target_count: int) -> IntArray:
    """Share a number of picks among buckets: first one each, the rest in proportion.

    Parameters
    ----------
    sizes : ndarray of int64, shape (b,)
        Items in each bucket, at least 1; not changed.
    target_count : int
        Picks wanted, at least 0.

    Returns
    -------
    ndarray of int64, shape (b,)
        Quotas, at most the sizes; their sum is exactly ``min(target_count, sizes.sum())``.
        With fewer picks than buckets the largest buckets get one each; of equals, the first.

    Notes
    -----
    The picks left after one each go to the buckets in proportion to what each has left, by
    largest remainder, in whole numbers throughout.

    References
    ----------
    M. L. Balinski, H. P. Young, "Fair Representation" (1982), on Hamilton's method.
    """
    total = int(sizes.sum())
    if target_count >= total:
        return sizes.copy()
    if target_count <= len(sizes):
        quotas = np.zeros(len(sizes), dtype=np.int64)
        quotas[_largest_first(sizes)[:target_count]] = 1
        return quotas
    n_rest = target_count - len(sizes)
    shares, remainders = np.divmod(n_rest * (sizes - 1), total - len(sizes))
    # A share with a remainder is below what is left, so one more always fits.
    shares[_largest_first(remainders)[: n_rest - shares.sum()]] += 1
    shares += 1
    return shares


def _largest_first(values: IntArray) -> IntArray:
    return np.argsort(-values, kind="stable")
