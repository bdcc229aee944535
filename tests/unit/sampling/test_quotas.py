"""Quotas represent every bucket, are in proportion, and add up exactly."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
from smartdownsample.options import Quotas
from smartdownsample.sampling.quotas import allocate_quotas, share_seats

sizes_of_buckets = st.lists(st.integers(1, 300), min_size=1, max_size=30)
targets = st.integers(0, 1500)
# What each bucket has, and which part of it was selected before.
buckets_with_kept = st.lists(
    st.integers(1, 60).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size))),
    min_size=1,
    max_size=20,
)
monotone_rules = st.sampled_from(["proportional", "equal"])
rising_rules = st.sampled_from(["proportional", "two-phase"])
all_rules = st.sampled_from(["proportional", "equal", "two-phase"])
# Claimants: most seats, weight.
claimants = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10**6)), min_size=1, max_size=15)


def allocate(
    sizes: Sequence[int],
    target_count: int,
    rule: Quotas = "proportional",
    n_kept: Sequence[int] | None = None,
) -> list[int]:
    kept = None if n_kept is None else np.array(n_kept, dtype=np.int64)
    quotas = allocate_quotas(np.array(sizes, dtype=np.int64), target_count, rule, kept)
    assert quotas.dtype == np.int64
    return [int(quota) for quota in quotas]


def share(
    limits: Sequence[int],
    target_count: int,
    weights: Sequence[float],
    n_kept: Sequence[int] | None = None,
) -> list[int]:
    kept = None if n_kept is None else np.array(n_kept, dtype=np.int64)
    seats = share_seats(
        np.array(limits, dtype=np.int64), target_count, np.array(weights, dtype=np.float64), kept
    )
    return [int(n) for n in seats]


def list_claims(weights: Sequence[int], seats: Sequence[int]) -> list[Fraction]:
    """List the claims that the seats after the first were given for, sorted.

    Two results with the same claims differ only in which of equal claims came first.
    """
    return sorted(
        Fraction(2 * weight, 2 * extra + 1)
        for weight, n in zip(weights, seats, strict=True)
        for extra in range(n - 1)
    )


@pytest.mark.parametrize("rule", ["proportional", "equal", "two-phase"])
def test_fewer_picks_than_buckets_go_to_the_largest(rule: Quotas) -> None:
    """One each; of equals the first."""
    assert allocate([5, 9, 5, 7], 1, rule) == [0, 1, 0, 0]
    assert allocate([5, 9, 5, 7], 2, rule) == [0, 1, 0, 1]
    assert allocate([5, 9, 5, 7], 3, rule) == [1, 1, 0, 1]


@pytest.mark.parametrize("rule", ["proportional", "equal", "two-phase"])
def test_as_many_picks_as_buckets_are_one_each(rule: Quotas) -> None:
    """Whatever their sizes."""
    assert allocate([1, 1000, 1, 50], 4, rule) == [1, 1, 1, 1]


def test_one_pick_more_than_buckets_goes_to_the_largest() -> None:
    """What is left after one each is shared in proportion."""
    assert allocate([1, 1000, 1, 50], 5) == [1, 2, 1, 1]


def test_the_rest_is_shared_in_proportion_to_what_is_left() -> None:
    """After one each, 10 picks over 10, 30 and 60 left: 1, 3 and 6 more."""
    assert allocate([11, 31, 61], 13) == [2, 4, 7]


def test_broken_shares_are_rounded_to_the_nearest() -> None:
    """After one each, 3 picks over 10, 30 and 60 left are 0.3, 0.9 and 1.8."""
    assert allocate([11, 31, 61], 6) == [1, 2, 3]


def test_equal_claims_go_to_the_first() -> None:
    """4, 5 and 8 picks over three equal buckets."""
    assert allocate([9, 9, 9], 4) == [2, 1, 1]
    assert allocate([9, 9, 9], 5) == [2, 2, 1]
    assert allocate([9, 9, 9], 8, "equal") == [3, 3, 2]
    assert allocate([9, 9, 9], 8, "two-phase") == [3, 3, 2]


def test_equal_quotas_are_equal_as_far_as_sizes_go() -> None:
    """What small buckets do not have goes to the others in equal shares."""
    assert allocate([100, 3, 1000, 1], 24, "equal") == [10, 3, 10, 1]
    assert allocate([100, 3, 1000, 1], 304, "equal") == [100, 3, 200, 1]


def test_the_published_rule_shares_equally_then_in_proportion() -> None:
    """23 // 4 each as far as they have them; the other 9 over 15 and 45 left are 2.25 and 6.75."""
    assert allocate([20, 3, 50, 1], 23, "two-phase") == [5 + 2, 3, 5 + 7, 1]


def test_the_published_rule_ends_at_the_target() -> None:
    """With fewer picks than buckets the equal share is one, as far as picks go."""
    assert allocate([2, 8, 4], 2, "two-phase") == [0, 1, 1]


@pytest.mark.parametrize("rule", ["proportional", "equal", "two-phase"])
@pytest.mark.parametrize("target_count", [62, 63, 10**9])
def test_enough_picks_take_everything(rule: Quotas, target_count: int) -> None:
    """Quotas stop at the sizes."""
    assert allocate([1, 60, 1], target_count, rule) == [1, 60, 1]


def test_one_pick_too_few_leaves_out_one_of_the_largest() -> None:
    """Small buckets stay complete."""
    assert allocate([1, 60, 1], 61) == [1, 59, 1]


@pytest.mark.parametrize("rule", ["proportional", "equal", "two-phase"])
def test_no_picks_are_no_quotas(rule: Quotas) -> None:
    """Zero is a valid target, also for no buckets."""
    assert allocate([3, 4], 0, rule) == [0, 0]
    assert allocate([], 0, rule) == []
    assert allocate([], 5, rule) == []


@pytest.mark.parametrize("rule", ["proportional", "equal", "two-phase"])
def test_sizes_are_not_changed(rule: Quotas) -> None:
    """The result is an array of its own, even when it equals the sizes."""
    sizes = np.array([3, 1, 2], dtype=np.int64)
    for target_count in range(9):
        quotas = allocate_quotas(sizes, target_count, rule)
        quotas += 1
        assert sizes.tolist() == [3, 1, 2]


def test_earlier_picks_count() -> None:
    """A bucket whose share was selected before gets no more."""
    assert allocate([50, 50], 10, n_kept=[10, 0]) == [0, 10]
    assert allocate([50, 50], 10, n_kept=[4, 0]) == [3, 7]
    assert allocate([11, 31, 61], 10, n_kept=[2, 0, 1]) == [0, 4, 6]


def test_earlier_picks_beyond_the_share_stay() -> None:
    """No quota is negative; the other buckets share what is asked for."""
    assert allocate([50, 50, 50], 6, n_kept=[20, 0, 0]) == [0, 3, 3]


def test_buckets_without_earlier_picks_come_first() -> None:
    """The largest of them first; those represented already wait."""
    assert allocate([90, 5, 7, 1], 2, n_kept=[1, 0, 0, 0]) == [0, 1, 1, 0]
    assert allocate([90, 5, 7, 1], 3, n_kept=[1, 0, 0, 0]) == [0, 1, 1, 1]


def test_a_bucket_selected_in_full_gets_no_more() -> None:
    """What is left elsewhere is taken, and no more than that."""
    assert allocate([3, 4], 99, n_kept=[3, 1]) == [0, 3]
    assert allocate([3, 4], 99, n_kept=[3, 4]) == [0, 0]
    assert allocate([3, 4], 1, n_kept=[3, 1]) == [0, 1]


def test_earlier_picks_are_not_changed() -> None:
    """The counts belong to the caller, also when nothing else is left to give."""
    sizes, kept = np.array([3, 1, 2]), np.array([1, 1, 0])
    for target_count in range(6):
        quotas = allocate_quotas(sizes, target_count, "proportional", kept)
        quotas += 1
        assert kept.tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("sizes", "target_count", "quotas"),
    [
        ([10**7, 1], 1, [1, 0]),
        ([10**7, 1], 2, [1, 1]),
        ([1, 10**7, 1], 10**7, [1, 10**7 - 2, 1]),
        ([10**7, 1, 1, 10**7], 10**7, [4_999_999, 1, 1, 4_999_999]),
        ([10**7 + 1, 3 * 10**7 + 1, 1], 403, [101, 301, 1]),
        ([10**7], 10**7 - 1, [10**7 - 1]),
    ],
)
def test_extreme_sizes_are_shared_exactly(
    sizes: list[int], target_count: int, quotas: list[int]
) -> None:
    """One item beside ten million."""
    assert allocate(sizes, target_count) == quotas


@pytest.mark.parametrize("rule", ["proportional", "equal", "two-phase"])
def test_huge_collections_do_not_overflow(rule: Quotas) -> None:
    """A billion picks of three billion items add up."""
    quotas = allocate([2_000_000_000, 999_999_999, 1], 10**9, rule)
    assert sum(quotas) == 10**9
    assert quotas[2] == 1
    assert quotas[0] >= quotas[1]


def test_every_target_equals_the_seat_by_seat_version() -> None:
    """All targets over buckets as a camera makes them, a few large and many small."""
    sizes = [60, 1, 3, 20, 20, 7, 1, 44, 2, 13]
    weights = [size - 1 for size in sizes]
    for target_count in range(sum(sizes) + 3):
        got = allocate(sizes, target_count)
        expected = oracles.share_seats(sizes, target_count, weights)
        assert list_claims(weights, got) == list_claims(weights, expected)


def test_seats_follow_the_weights_not_the_limits() -> None:
    """After one each, 12 seats over weights of 1, 2 and 3."""
    assert share([99, 99, 99], 15, [1, 2, 3]) == [3, 5, 7]
    assert share([99, 99, 99], 15, [0.25, 0.5, 0.75]) == [3, 5, 7]


def test_seats_beyond_a_limit_go_to_the_others() -> None:
    """They are shared in proportion among those that have room."""
    assert share([99, 99, 4], 16, [1, 2, 300]) == [4, 8, 4]


def test_claimants_without_weight_get_one_seat_first_and_the_rest_last() -> None:
    """When those with weight are full, the others take turns."""
    assert share([9, 9, 5], 6, [0, 0, 1]) == [1, 1, 4]
    assert share([9, 9, 5], 10, [0, 0, 1]) == [3, 2, 5]
    assert share([9, 2, 5], 13, [0, 0, 1]) == [6, 2, 5]


def test_without_any_weight_all_take_turns() -> None:
    """Of equals the first."""
    assert share([9, 9, 9], 7, [0, 0, 0]) == [3, 2, 2]


def test_claimants_that_may_have_nothing_get_nothing() -> None:
    """Not even the first seat."""
    assert share([0, 5, 0], 3, [7, 1, 7]) == [0, 3, 0]
    assert share([0, 0], 3, [1, 1]) == [0, 0]


@given(claimants, st.integers(0, 700))
def test_seats_equal_the_seat_by_seat_version(
    limits_and_weights: list[tuple[int, int]], target_count: int
) -> None:
    """Webster's method, in exact fractions, whatever the limits and weights."""
    limits, weights = map(list, zip(*limits_and_weights, strict=True))
    got = share(limits, target_count, weights)
    expected = oracles.share_seats(limits, target_count, weights)
    assert sum(got) == sum(expected) == min(target_count, sum(limits))
    assert all(0 <= n <= limit for n, limit in zip(got, limits, strict=True))
    assert [min(n, 1) for n in got] == [min(n, 1) for n in expected]
    assert list_claims(weights, got) == list_claims(weights, expected)


@given(buckets_with_kept, targets)
def test_seats_beside_earlier_ones_equal_the_seat_by_seat_version(
    buckets: list[tuple[int, int]], target_count: int
) -> None:
    """Earlier seats are where the counting starts."""
    sizes, kept = map(list, zip(*buckets, strict=True))
    weights = [size - 1 for size in sizes]
    got = allocate(sizes, target_count, n_kept=kept)
    expected = oracles.share_seats(sizes, target_count, weights, kept)
    totals = [[n + k for n, k in zip(new, kept, strict=True)] for new in (got, expected)]
    assert list_claims(weights, totals[0]) == list_claims(weights, totals[1])


@given(buckets_with_kept, targets, monotone_rules)
def test_quotas_add_up_and_fit_beside_earlier_picks(
    buckets: list[tuple[int, int]], target_count: int, rule: Quotas
) -> None:
    """Their sum is exact, none is negative or beyond what its bucket has left."""
    sizes, kept = map(list, zip(*buckets, strict=True))
    quotas = allocate(sizes, target_count, rule, kept)
    assert sum(quotas) == min(target_count, sum(sizes) - sum(kept))
    assert all(0 <= n <= size - k for n, size, k in zip(quotas, sizes, kept, strict=True))


@given(buckets_with_kept, monotone_rules)
def test_one_more_pick_takes_none_away(buckets: list[tuple[int, int]], rule: Quotas) -> None:
    """From no pick to all, exactly one bucket gains one."""
    sizes, kept = map(list, zip(*buckets, strict=True))
    before = allocate(sizes, 0, rule, kept)
    for target_count in range(1, sum(sizes) - sum(kept) + 1, 1 + sum(sizes) // 25):
        here = allocate(sizes, target_count, rule, kept)
        after = allocate(sizes, target_count + 1, rule, kept)
        assert all(a <= b <= c for a, b, c in zip(before, here, after, strict=True))
        before = after


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=30), st.integers(0, 10**8))
def test_quotas_of_large_buckets_are_monotone_and_exact(
    sizes: list[int], target_count: int
) -> None:
    """Also where shares are large and rounding is coarse."""
    fewer, more = allocate(sizes, target_count), allocate(sizes, target_count + 1)
    assert sum(more) == min(target_count + 1, sum(sizes))
    assert all(0 <= a <= b <= size for a, b, size in zip(fewer, more, sizes, strict=True))


@given(sizes_of_buckets, targets)
def test_equal_quotas_differ_only_where_sizes_end(sizes: list[int], target_count: int) -> None:
    """A bucket that gives less than another by two or more gives all it has."""
    quotas = allocate(sizes, target_count, "equal")
    assert sum(quotas) == min(target_count, sum(sizes))
    assert all(n == size or n >= max(quotas) - 1 for n, size in zip(quotas, sizes, strict=True))


@given(sizes_of_buckets, targets)
def test_the_published_rule_equals_the_scalar_version(sizes: list[int], target_count: int) -> None:
    """Near-equal shares as they are, and the same claims for the rest."""
    got = allocate(sizes, target_count, "two-phase")
    expected = oracles.allocate_in_two_phases(sizes, target_count)
    equal = [min(size, max(1, target_count // len(sizes))) for size in sizes]
    assert sum(got) == sum(expected) == min(target_count, sum(sizes))
    assert all(0 <= n <= size for n, size in zip(got, sizes, strict=True))
    if sum(equal) >= target_count:
        assert got == expected
        return
    left = [size - n for size, n in zip(sizes, equal, strict=True)]
    more = [
        [1 + n - n_equal for n, n_equal in zip(side, equal, strict=True)]
        for side in (got, expected)
    ]
    assert min(more[0]) >= 1
    assert list_claims(left, more[0]) == list_claims(left, more[1])


@given(sizes_of_buckets, targets, all_rules)
def test_every_bucket_is_represented_as_far_as_picks_go(
    sizes: list[int], target_count: int, rule: Quotas
) -> None:
    """From as many picks as buckets on, each gives one."""
    quotas = allocate(sizes, target_count, rule)
    assert sum(quota > 0 for quota in quotas) == min(target_count, len(sizes))


@given(sizes_of_buckets, targets, rising_rules)
def test_larger_buckets_never_get_less(sizes: list[int], target_count: int, rule: Quotas) -> None:
    """Quotas rise with sizes."""
    quotas = allocate(sizes, target_count, rule)
    ordered = [quota for _, quota in sorted(zip(sizes, quotas, strict=True))]
    assert ordered == sorted(ordered)


@given(sizes_of_buckets, targets, all_rules)
def test_equal_buckets_differ_by_one_at_most(
    sizes: list[int], target_count: int, rule: Quotas
) -> None:
    """What cannot be shared evenly is a single pick, and the first bucket's."""
    by_size: dict[int, list[int]] = {}
    for size, quota in zip(sizes, allocate(sizes, target_count, rule), strict=True):
        by_size.setdefault(size, []).append(quota)
    for quotas in by_size.values():
        assert max(quotas) - min(quotas) <= 1
        assert quotas == sorted(quotas, reverse=True)
