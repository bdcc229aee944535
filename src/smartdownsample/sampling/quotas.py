"""Quotas: how many picks each group gives, and each bucket.

Quotas are whole numbers whose sum is exactly what is asked for, as far as sizes go. All arrays
are int64 with one value for each group or bucket; inputs are not changed. Items that were
selected before, `n_kept`, count as picks, and results are new picks only.
"""

import operator
from collections.abc import Mapping

import numpy as np

from ..errors import InvalidParameterError
from ..options import PerGroup, Quotas
from ..records import Float64Array, IntArray


def allocate_quotas(
    sizes: IntArray,
    target_count: int,
    rule: Quotas = "proportional",
    n_kept: IntArray | None = None,
) -> IntArray:
    """Share picks among buckets; `sizes`, at least 1 each, include kept items.

    ``proportional`` and ``equal`` give every bucket one, and the rest in proportion to what each
    has left, or as equally as sizes allow. With them a larger target takes no pick from any
    bucket. ``two-phase`` is the rule of the published package, which ignores `n_kept`.
    """
    if rule == "two-phase":
        return _allocate_in_two_phases(sizes, target_count)
    weights = (sizes - 1 if rule == "proportional" else sizes > 1).astype(np.float64)
    return share_seats(sizes, target_count, weights, n_kept)


def _allocate_in_two_phases(sizes: IntArray, target_count: int) -> IntArray:
    """Share as the published package does, but to exactly the target.

    From the largest bucket to the smallest, each gets an equal share while picks last. What is
    left is shared in proportion to what each bucket has left.
    """
    by_size = np.argsort(-sizes, kind="stable")
    equal = np.minimum(sizes, max(1, target_count // len(sizes)))[by_size] if len(sizes) else sizes
    before = np.cumsum(equal) - equal
    shares = np.empty_like(sizes)
    shares[by_size] = np.clip(target_count - before, 0, equal)
    left = sizes - shares
    n_rest = min(target_count - int(shares.sum()), int(left.sum()))
    return shares + _apportion(left.astype(np.float64), np.zeros_like(left), left, n_rest)


def allocate_groups(
    sizes: IntArray,
    n_kept: IntArray,
    target_count: int | None,
    per_group: "PerGroup | None",
    balance: float,
    names: tuple[str, ...],
) -> IntArray:
    """Share picks among groups; `sizes`, at least 1 each, include kept items.

    A `target_count` of None takes all that `per_group` allows: that many of every group, or of
    those named, and none of others. ``balance`` goes from 0, in proportion to sizes after one
    each, to 1, as equally as sizes allow; values between mix both claims with this weight. A
    larger target takes no pick from any group. Raises `InvalidParameterError` for a wrong
    `per_group`, or if both it and `target_count` are None.
    """
    # Kept items may be more than a group is allowed.
    limits = sizes if per_group is None else _limit_sizes(sizes, names, per_group)
    limits = np.maximum(limits, n_kept)
    if target_count is None:
        if per_group is None:
            msg = (
                "The 'target_count' parameter must be an integer. Got None instead. "
                "Give it, or say with 'per_group' how many each group may give."
            )
            raise InvalidParameterError(msg)
        return limits - n_kept
    weights = (1 - balance) * _normalise(np.maximum(sizes - 1, 0)) + balance * _normalise(sizes > 1)
    # The largest group comes first, also among those of the same limit.
    by_size = np.argsort(-sizes, kind="stable")
    picks = np.empty_like(sizes)
    picks[by_size] = share_seats(limits[by_size], target_count, weights[by_size], n_kept[by_size])
    return picks


def _limit_sizes(sizes: IntArray, names: tuple[str, ...], per_group: "PerGroup") -> IntArray:
    """Limit the items of each group to what `per_group` allows, shape (g,)."""
    if isinstance(per_group, Mapping):
        caps = [operator.index(per_group.get(name, 0)) for name in names]
    else:
        caps = [operator.index(per_group)] * len(names)
    # Plain integers, since a cap may be larger than 64 bits hold.
    return np.array([min(pair) for pair in zip(sizes.tolist(), caps, strict=True)], dtype=np.int64)


def _normalise(claims: np.ndarray) -> Float64Array:
    """Scale claims to a sum of 1; all zeros stay zeros."""
    return np.asarray(claims / max(int(claims.sum()), 1), dtype=np.float64)


def share_seats(
    limits: IntArray, target_count: int, weights: Float64Array, n_kept: IntArray | None = None
) -> IntArray:
    """Give every claimant one seat, the largest first, and the rest in proportion to `weights`.

    ``limits`` are the most seats each may have, `n_kept` those it has already. The sum of the new
    seats is ``min(target_count, (limits - n_kept).sum())``. With fewer seats than claimants the
    largest get one each; of equals, the first.
    """
    kept = np.zeros_like(limits) if n_kept is None else n_kept
    total = min(target_count, int((limits - kept).sum())) + int(kept.sum())
    firsts = np.minimum(limits, 1)
    lowest = np.maximum(kept, firsts)
    if lowest.sum() >= total:
        seats = kept.copy()
        missing = np.flatnonzero(lowest > kept)
        by_size = missing[np.argsort(-limits[missing], kind="stable")]
        seats[by_size[: total - int(kept.sum())]] = 1
        return seats - kept
    more = _apportion(weights, lowest - firsts, limits - firsts, total - firsts.sum())
    return firsts + more - kept


def _apportion(
    weights: Float64Array, lowest: IntArray, highest: IntArray, n_seats: int
) -> IntArray:
    """Apportion seats in proportion to weights, within bounds, by Webster's method.

    It finds the multiplier at which the rounded products of the weights add up to the seats. One
    more seat never takes a seat from anyone.

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
        if not low < middle < high:
            # Several round up at the same multiplier: the first of them get the seats.
            next_ones = np.flatnonzero(round_shares(high) > seats)
            with_room = np.flatnonzero(seats < highest)
            seats[np.concatenate([next_ones, with_room])[: n_seats - n_given]] += 1
            continue
        shares = round_shares(middle)
        if shares.sum() > n_seats:
            high = middle
        else:
            low, seats = middle, shares
    return seats
