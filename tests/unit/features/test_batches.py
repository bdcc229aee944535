"""Streams are cut into batches, in order and no sooner than needed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample.features.batches import take_alike, take_by_kind, take_together


@given(weights=st.lists(st.integers(0, 20), max_size=40), enough=st.integers(1, 50))
def test_lists_end_as_soon_as_they_weigh_enough(weights: list[int], enough: int) -> None:
    """Everything comes once and in order; only the last list may be too light."""
    lists = list(take_together(weights, int, enough))
    assert [weight for taken in lists for weight in taken] == weights
    assert all(lists)
    for taken in lists[:-1]:
        assert sum(taken) >= enough
    for taken in lists:
        assert sum(taken[:-1]) < enough


def test_nothing_is_taken_before_it_is_needed() -> None:
    """What is left stays with the caller."""
    things = iter(range(1, 10))
    assert next(take_together(things, int, 6)) == [1, 2, 3]
    assert next(things) == 4


def test_batches_are_cut_where_shapes_change() -> None:
    """Neighbours of one shape stay together, as far as their batch goes."""
    things = [np.zeros(length) for length in (2, 2, 1, 1, 1, 2)]
    shapes = [[len(thing) for thing in alike] for alike in take_alike(things, len, 6)]
    assert shapes == [[2, 2], [1, 1], [1], [2]]


@given(weights=st.lists(st.integers(1, 20), max_size=40), most=st.integers(1, 80))
def test_lists_of_one_kind_end_as_soon_as_they_weigh_enough(weights: list[int], most: int) -> None:
    """Everything comes once, with its number; no list has two kinds, nor more than it needs."""
    lists = list(take_by_kind(weights, lambda weight: weight % 3, int, 30, most))
    assert sorted(pair for taken in lists for pair in taken) == list(enumerate(weights))
    for taken in lists:
        assert len({weight % 3 for _, weight in taken}) == 1
        assert sum(weight for _, weight in taken[:-1]) < 30
        assert [number for number, _ in taken] == sorted(number for number, _ in taken)


def test_the_heaviest_list_goes_when_too_much_waits() -> None:
    """Others wait on, and what was not asked for stays with the caller."""
    things = iter(["a", "bb", "bb", "a", "ccc"])
    lists = take_by_kind(things, str, len, enough=6, most=4)
    assert next(lists) == [(1, "bb"), (2, "bb")]
    assert next(things) == "a"
    assert sorted(lists) == [[(0, "a")], [(3, "ccc")]]
