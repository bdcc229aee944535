"""Tests of smartdownsample.engines.read_ahead."""

import threading
from functools import partial

import pytest

from smartdownsample.engines.read_ahead import read_ahead
from smartdownsample.items import N_REQUESTS


def test_results_come_in_order_whichever_is_done_first() -> None:
    """The first call ends last."""
    is_last_done = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert is_last_done.wait(10)
        if number == N_REQUESTS - 1:
            is_last_done.set()
        return number

    assert list(read_ahead(partial(work, number) for number in range(100))) == [*range(100)]


def test_no_more_calls_are_made_than_can_be_taken_soon() -> None:
    """However many there are: what was read and not taken fills the memory."""
    made: list[int] = []
    results = read_ahead(partial(made.append, number) for number in range(1000))
    for _ in range(5):
        next(results)
    assert 5 <= len(made) <= 5 + 2 * N_REQUESTS
    results.close()  # type: ignore[attr-defined] # a generator
    assert len(made) <= 5 + 2 * N_REQUESTS


def test_an_error_of_a_call_is_raised() -> None:
    """Where its result would have come."""

    def fail() -> int:
        msg = "as expected"
        raise OSError(msg)

    results = read_ahead([lambda: 1, fail])
    assert next(results) == 1
    with pytest.raises(OSError, match="as expected"):
        next(results)
