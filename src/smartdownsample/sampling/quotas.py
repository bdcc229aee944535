"""From sizes to quotas: how many items each bucket, or each group, may give."""

import numpy as np

from ..options import Quotas
from ..records import Float64Array, IntArray


def allocate_quotas(
    sizes: IntArray,
    target_count: int,
    quotas: Quotas = "proportional",
    n_kept: IntArray | None = None,
) -> IntArray:
    """Share a number of picks among buckets.

    Parameters
    ----------
    sizes : ndarray of int64, shape (b,)
        Items in each bucket, kept ones included, at least 1; not changed.
    target_count : int
        Picks wanted, at least 0.
    quotas : {"proportional", "equal", "two-phase"}
        Every bucket one, and the rest in proportion to what each has left, or as equally as
        sizes allow; or the rule of the published package.
    n_kept : ndarray of int64, shape (b,), optional
        Items of each bucket that were selected before. They count as its picks. The published
        rule knows of none.

    Returns
    -------
    ndarray of int64, shape (b,)
        Quotas of new picks; their sum is exactly ``min(target_count, (sizes - n_kept).sum())``.

    Notes
    -----
    ``proportional`` and ``equal`` are monotone: a larger target takes no pick from any bucket.
    With fewer picks than buckets the largest get one each; of equals, the first.
    """
    if quotas == "two-phase":
        return _allocate_in_two_phases(sizes, target_count)
    weights = (sizes - 1 if quotas == "proportional" else sizes > 1).astype(np.float64)
    return share_seats(sizes, target_count, weights, n_kept)


def share_seats(
    limits: IntArray, target_count: int, weights: Float64Array, n_kept: IntArray | None = None
) -> IntArray:
    """Give every claimant one seat, the largest first, and the rest in proportion to weights.

    Parameters
    ----------
    limits : ndarray of int64, shape (b,)
        Most seats that each may have; not changed.
    target_count : int
        New seats, at least 0.
    weights : ndarray of float64, shape (b,)
        Claims to the seats after the first.
    n_kept : ndarray of int64, shape (b,), optional
        Seats that each has already, at most its limit; they count.

    Returns
    -------
    ndarray of int64, shape (b,)
        New seats; their sum is exactly ``min(target_count, (limits - n_kept).sum())``.
    """
    kept = np.zeros_like(limits) if n_kept is None else n_kept
    total = min(target_count, int((limits - kept).sum())) + int(kept.sum())
    lowest = np.maximum(kept, np.minimum(limits, 1))
    if lowest.sum() >= total:
        seats = kept.copy()
        missing = np.flatnonzero(lowest > kept)
        by_size = missing[np.argsort(-limits[missing], kind="stable")]
        seats[by_size[: total - int(kept.sum())]] = 1
        return seats - kept
    firsts = np.minimum(limits, 1)
    return (
        firsts + _apportion(weights, lowest - firsts, limits - firsts, total - firsts.sum()) - kept
    )


def _apportion(
    weights: Float64Array, lowest: IntArray, highest: IntArray, n_seats: int
) -> IntArray:
    """Apportion seats in proportion to weights, within bounds, by Webster's method.

    Webster's method looks for the multiplier at which the rounded products of the weights sum to
    the seats. It never takes a seat away when there is one more to give.

    References
    ----------
    M. L. Balinski, H. P. Young, "Fair Representation" (1982), chapters 3 and 10.
    """
    if highest.sum() <= n_seats:
        return highest.copy()

    def round_shares(multiplier: float) -> IntArray:
        shares = np.floor(weights * multiplier + 0.5)
        return np.clip(shares, lowest, highest).astype(np.int64)

    low, high = 0.0, (n_seats + 1) / weights[weights > 0].min(initial=1)
    seats = round_shares(low)
    while (n_given := int(seats.sum())) < n_seats:
        middle = (low + high) / 2
        if not low < middle < high:  # several round up at the same multiplier
            is_next = np.flatnonzero(round_shares(high) > seats)
            is_open = np.flatnonzero(seats < highest)
            seats[np.concatenate([is_next, is_open])[: n_seats - n_given]] += 1
            continue
        shares = round_shares(middle)
        if shares.sum() > n_seats:
            high = middle
        else:
            low, seats = middle, shares
    return seats


def _allocate_in_two_phases(sizes: IntArray, target_count: int) -> IntArray:
    """Share as the published package does, but exactly.

    From the largest bucket to the smallest, each gets an equal share as far as picks go; the rest
    is shared in proportion to what each has left.
    """
    by_size = np.argsort(-sizes, kind="stable")
    equal = np.minimum(sizes, max(1, target_count // len(sizes)))[by_size] if len(sizes) else sizes
    before = np.cumsum(equal) - equal
    shares = np.empty_like(sizes)
    shares[by_size] = np.clip(target_count - before, 0, equal)
    left = sizes - shares
    n_rest = min(target_count - int(shares.sum()), int(left.sum()))
    return shares + _apportion(left.astype(np.float64), np.zeros_like(left), left, n_rest)
