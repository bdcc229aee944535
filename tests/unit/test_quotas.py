"""Quotas represent every bucket and add up exactly."""

import numpy as np
import pytest

import oracles
from smartdownsample.quotas import allocate_quotas


def allocate(sizes: list[int], target_count: int) -> list[int]:
    return [int(quota) for quota in allocate_quotas(np.array(sizes, dtype=np.int64), target_count)]


def test_fewer_picks_than_buckets_go_to_the_largest() -> None:
    """One each; of equals the first."""
    assert allocate([5, 9, 5, 7], 1) == [0, 1, 0, 0]
    assert allocate([5, 9, 5, 7], 2) == [0, 1, 0, 1]
    assert allocate([5, 9, 5, 7], 3) == [1, 1, 0, 1]


def test_as_many_picks_as_buckets_are_one_each() -> None:
    """Whatever their sizes."""
    assert allocate([1, 1000, 1, 50], 4) == [1, 1, 1, 1]


def test_one_pick_more_than_buckets_goes_to_the_largest() -> None:
    """What is left after one each is shared in proportion."""
    assert allocate([1, 1000, 1, 50], 5) == [1, 2, 1, 1]


def test_the_rest_is_shared_in_proportion_to_what_is_left() -> None:
    """After one each, 10 picks over 10, 30 and 60 left: 1, 3 and 6 more."""
    assert allocate([11, 31, 61], 13) == [2, 4, 7]


def test_broken_shares_go_to_the_largest_remainders() -> None:
    """After one each, 3 picks over 10, 30 and 60 left are 0.3, 0.9 and 1.8."""
    assert allocate([11, 31, 61], 6) == [1, 2, 3]


def test_equal_remainders_go_to_the_first() -> None:
    """4 picks over three equal buckets."""
    assert allocate([9, 9, 9], 4) == [2, 1, 1]
    assert allocate([9, 9, 9], 5) == [2, 2, 1]


@pytest.mark.parametrize("target_count", [62, 63, 10**9])
def test_enough_picks_take_everything(target_count: int) -> None:
    """Quotas stop at the sizes."""
    assert allocate([1, 60, 1], target_count) == [1, 60, 1]


def test_one_pick_too_few_leaves_out_one_of_the_largest() -> None:
    """Small buckets stay complete."""
    assert allocate([1, 60, 1], 61) == [1, 59, 1]


def test_no_picks_are_no_quotas() -> None:
    """Zero is a valid target."""
    assert allocate([3, 4], 0) == [0, 0]


@pytest.mark.parametrize("target_count", [0, 5])
def test_no_buckets_have_no_quotas(target_count: int) -> None:
    """An empty collection is allowed."""
    assert allocate([], target_count) == []


def test_sizes_are_not_changed() -> None:
    """The result is an array of its own, even when it equals the sizes."""
    sizes = np.array([3, 1, 2], dtype=np.int64)
    for target_count in range(9):
        quotas = allocate_quotas(sizes, target_count)
        quotas += 1
        assert sizes.tolist() == [3, 1, 2]


def test_huge_collections_do_not_overflow() -> None:
    """A billion picks of three billion items."""
    sizes = [2_000_000_000, 999_999_999, 1]
    quotas = allocate(sizes, 10**9)
    assert quotas == oracles.allocate_quotas(sizes, 10**9)
    assert sum(quotas) == 10**9


def test_every_target_equals_the_scalar_version() -> None:
    """All targets over buckets as a camera makes them, a few large and many small."""
    sizes = [120, 1, 3, 40, 40, 7, 1, 88, 2, 13]
    for target_count in range(sum(sizes) + 3):
        assert allocate(sizes, target_count) == oracles.allocate_quotas(sizes, target_count)
