"""Tests of smartdownsample.engines.read_ahead."""

import threading
from collections.abc import Callable
from functools import partial

import pytest

from smartdownsample.engines.read_ahead import read_ahead
from smartdownsample.items import N_REQUESTS
from smartdownsample.items.object_requests import Line, Patience, Refusal
from smartdownsample.records import Cause


def weigh(_: object) -> int:
    """Count next to nothing."""
    return 1


def test_results_come_in_order_whichever_is_done_first() -> None:
    """The first call ends last."""
    is_last_done = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert is_last_done.wait(10)
        if number == N_REQUESTS - 1:
            is_last_done.set()
        return number

    assert list(read_ahead((partial(work, number) for number in range(100)), weigh)) == [
        *range(100)
    ]


def test_no_more_calls_are_made_than_can_be_taken_soon() -> None:
    """However many there are: what was read and not taken fills the memory."""
    made: list[int] = []
    results = read_ahead((partial(made.append, number) for number in range(1000)), weigh)
    for _ in range(5):
        next(results)
    assert 5 <= len(made) <= 5 + 2 * N_REQUESTS
    results.close()  # type: ignore[attr-defined] # a generator
    assert len(made) <= 5 + 2 * N_REQUESTS


def test_fewer_large_results_wait_to_be_taken() -> None:
    """64 MiB, once the first has shown how large they are."""
    made: list[int] = []
    calls = (partial(made.append, number) for number in range(1000))
    results = read_ahead(calls, lambda _: 2**24)
    for _ in range(N_REQUESTS):
        next(results)
    assert N_REQUESTS <= len(made) <= N_REQUESTS + 4
    for _ in range(20):
        next(results)
    results.close()  # type: ignore[attr-defined] # a generator
    assert len(made) <= N_REQUESTS + 20 + 4


def test_an_error_of_a_call_is_raised() -> None:
    """Where its result would have come."""

    def fail() -> int:
        msg = "as expected"
        raise OSError(msg)

    results = read_ahead([lambda: 1, fail], weigh)
    assert next(results) == 1
    with pytest.raises(OSError, match="as expected"):
        next(results)


@pytest.mark.parametrize("is_run", [False, True])
def test_leaving_early_and_the_end_of_a_run_end_requests(*, is_run: bool) -> None:
    """Those of a store that does not answer would be tried again for two minutes."""
    stop = threading.Event()
    line = Line("", Patience(first_pause_s=60, total_s=1_000))

    def fail(_: object) -> None:
        raise OSError

    calls: list[Callable[[], object]] = [lambda: None, *[partial(line.ask, fail)] * 9]
    results = read_ahead(calls, lambda _: 1, stop if is_run else None)
    next(results)
    if is_run:
        threading.Timer(0.1, stop.set).start()
        assert list(results) == [Refusal(Cause.UNREACHABLE)] * 9
    results.close()  # type: ignore[attr-defined] # a generator
