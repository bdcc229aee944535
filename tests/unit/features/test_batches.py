"""Streams are cut into batches, in order and no sooner than needed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample.features.batches import take_alike, take_together


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
