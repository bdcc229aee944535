"""Ranks and numbers concern only items of the same key."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
from smartdownsample.sampling.within_keys import (
    count_distinct,
    list_distinct,
    number_within,
    pair_up,
    rank_within,
)

seeds = st.integers(0, 2**32 - 1)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-5, 5)), max_size=60),
    st.sampled_from([np.int64, np.float64]),
)
def test_ranks_equal_the_scalar_version(
    keys_and_values: list[tuple[int, int]], dtype: type[np.int64 | np.float64]
) -> None:
    """Of equal values the first ranks first."""
    keys = [key for key, _ in keys_and_values]
    values = [value for _, value in keys_and_values]
    ranks = rank_within(np.array(keys, dtype=np.int64), np.array(values, dtype=dtype))
    assert ranks.dtype == np.int64
    assert ranks.tolist() == oracles.rank_within(keys, values)


@pytest.mark.parametrize("key", [0, 2**40])
def test_ranks_take_keys_of_any_size(key: int) -> None:
    """Keys are compared and not counted."""
    assert rank_within(np.array([key, 1, key]), np.array([3, 9, 2])).tolist() == [1, 0, 0]


@given(keys=st.lists(st.integers(0, 5), max_size=60), seed=seeds)
def test_numbers_follow_the_order_given(keys: list[int], seed: int) -> None:
    """The items of a key are numbered as the order lists them, whatever it is."""
    of_items = np.array(keys, dtype=np.int64)
    shuffled = np.random.default_rng(seed).permutation(len(keys))
    order = shuffled[np.argsort(of_items[shuffled], kind="stable")]
    numbers = number_within(of_items, order)
    for key in set(keys):
        listed = [item for item in order.tolist() if keys[item] == key]
        assert numbers[listed].tolist() == list(range(len(listed)))


@given(st.lists(st.integers(-5, 5), max_size=30))
def test_distinct_values_are_those_of_a_set(values: list[int]) -> None:
    """Ascending."""
    assert list_distinct(np.array(values, dtype=np.int64)).tolist() == sorted(set(values))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=30))
def test_distinct_values_are_counted_for_each_key(pairs: list[tuple[int, int]]) -> None:
    """Keys without a value have none."""
    keys, values = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    expected = [len({value for key, value in pairs if key == wanted}) for wanted in range(5)]
    assert count_distinct(keys, values, 5).tolist() == expected


def test_items_are_paired_with_others_of_their_key() -> None:
    """In their order, with those of the smallest values; the rest has no pair."""
    keys = np.array([0, 0, 0, 1, 1, 0, 0, 1])
    values = np.array([5, 3, 9])
    from_, to = pair_up(keys, np.array([2, 0, 4]), np.array([5, 6, 7]), values)
    assert sorted(zip(from_.tolist(), to.tolist(), strict=True)) == [(0, 5), (2, 6), (4, 7)]
    from_, to = pair_up(keys, np.array([2]), np.array([5, 6, 7]), values)
    assert (from_.tolist(), to.tolist()) == ([2], [6])
