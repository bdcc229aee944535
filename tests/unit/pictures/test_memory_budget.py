"""Tests of smartdownsample.pictures.memory_budget, with real threads."""

import os
import threading
import time
from collections.abc import Callable

import pytest

from smartdownsample.pictures.memory_budget import (
    MEMORY,
    SMALL_BYTES,
    LeftToCaller,
    MemoryGate,
    count_budget,
)

BUDGET = 4 * SMALL_BYTES
PATIENCE_S = 30.0


class Holder(threading.Thread):
    """A thread that holds memory until it is told to end."""

    def __init__(self, gate: MemoryGate, n_bytes: int) -> None:
        super().__init__(daemon=True)
        self.gate, self.n_bytes = gate, n_bytes
        self.has_it, self.may_end = threading.Event(), threading.Event()

    def run(self) -> None:
        """Wait, hold, end."""
        with self.gate.hold(self.n_bytes, BUDGET):
            self.has_it.set()
            self.may_end.wait(PATIENCE_S)

    def finish(self) -> None:
        """Wait for its turn and its end."""
        assert self.has_it.wait(PATIENCE_S)
        self.may_end.set()
        self.join(PATIENCE_S)
        assert not self.is_alive()


@pytest.fixture
def gate() -> MemoryGate:
    return MemoryGate()


def start(gate: MemoryGate, *shares: float) -> list[Holder]:
    """Start threads that want shares of the budget, one after the other."""
    holders = [Holder(gate, int(share * BUDGET)) for share in shares]
    for holder in holders:
        holder.start()
        holder.has_it.wait(0.1)
    return holders


def test_the_budget_is_four_bytes_a_pixel_but_never_less_than_a_small_picture() -> None:
    """So `max_pixels` of the size of a small picture does not refuse it for its bytes."""
    assert count_budget(2**28) == 2**30
    assert count_budget(1) == SMALL_BYTES


def test_pictures_that_fit_together_do_not_wait(gate: MemoryGate) -> None:
    """Up to the last byte."""
    holders = start(gate, 0.5, 0.25, 0.25)
    assert all(holder.has_it.is_set() for holder in holders)
    for holder in holders:
        holder.finish()


def test_one_that_does_not_fit_waits_until_it_does(gate: MemoryGate) -> None:
    """It is not refused."""
    first, second = start(gate, 0.75, 0.5)
    assert not second.has_it.is_set()
    first.finish()
    second.finish()


def test_one_above_the_part_of_a_process_is_alone(gate: MemoryGate) -> None:
    """What the whole budget allows is decoded however many processes share it."""
    with gate.share(3):
        small, large = start(gate, 0.2, 0.9)
        assert not large.has_it.is_set()
        small.finish()
        assert large.has_it.wait(PATIENCE_S)
        (other,) = start(gate, 0.05)
        assert not other.has_it.is_set()
        large.finish()
        other.finish()


def test_nobody_overtakes_the_one_that_waits(gate: MemoryGate) -> None:
    """Else a large picture could wait for as long as there are smaller ones."""
    first, large, small = start(gate, 0.5, 0.75, 0.25)
    assert not large.has_it.is_set()
    assert not small.has_it.is_set()
    first.finish()
    large.finish()
    small.finish()


def test_shares_are_given_back(gate: MemoryGate) -> None:
    """After a run the process has the whole budget again, and others have it at once."""
    sharing = gate.share(1)
    sharing.__enter__()
    first, second = start(gate, 0.4, 0.4)
    assert not second.has_it.is_set()
    sharing.__exit__(None, None, None)
    third, fourth = start(MemoryGate(), 0.4, 0.4)
    for holder in (first, second, third, fourth):
        holder.finish()


def test_one_that_waits_goes_by_the_helpers_there_are_in_the_end(gate: MemoryGate) -> None:
    """Not by those of the moment when it came."""
    small, large, waiting = start(gate, 0.25, 0.5, 0.5)
    with gate.share(3):
        large.finish()
        assert not waiting.has_it.wait(0.1)
        small.finish()
        waiting.finish()
    with gate.share(3):
        first, second = start(gate, 0.2, 0.2)
        assert not second.has_it.is_set()
    second.finish()
    first.finish()


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_what_fails_gives_its_memory_back(gate: MemoryGate, error: type[BaseException]) -> None:
    """Whatever ends a decode."""
    with pytest.raises(error), gate.hold(BUDGET, BUDGET):
        raise error
    (holder,) = start(gate, 1)
    holder.finish()


def test_an_interrupt_while_waiting_leaves_nothing_behind(
    gate: MemoryGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go on, and the next has its turn."""

    def interrupt(_: threading.Condition, predicate: Callable[[], bool]) -> None:
        assert not predicate()
        raise KeyboardInterrupt

    (holder,) = start(gate, 1)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Condition, "wait_for", interrupt)
        with pytest.raises(KeyboardInterrupt), gate.hold(BUDGET, BUDGET):
            pass
    holder.finish()
    (other,) = start(gate, 1)
    other.finish()


def test_many_threads_come_through_and_never_hold_too_much(gate: MemoryGate) -> None:
    """Of all sizes, up to the whole budget."""
    held: list[int] = []
    most = [0]
    lock = threading.Lock()

    def work(seed: int) -> None:
        for turn in range(20):
            n_bytes = BUDGET // (1 + (7 * seed + 3 * turn) % 5)
            with gate.hold(n_bytes, BUDGET):
                with lock:
                    held.append(n_bytes)
                    most[0] = max(most[0], sum(held))
                time.sleep(0)
                with lock:
                    held.remove(n_bytes)

    threads = [threading.Thread(target=work, args=(seed,), daemon=True) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads)
    assert 0 < most[0] <= BUDGET


def test_a_helper_leaves_to_its_caller_what_is_above_its_part(gate: MemoryGate) -> None:
    """What is small is never too much for it."""
    gate.become_helper(7)
    with gate.hold(SMALL_BYTES, BUDGET):
        pass
    with pytest.raises(LeftToCaller), gate.hold(SMALL_BYTES + 1, BUDGET):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_threads_it_does_not_have() -> None:
    """Memory that was held at the time is not held there."""
    holders = start(MEMORY, 1)
    child = os.fork()
    if not child:
        (own,) = start(MEMORY, 1)
        os._exit(0 if own.has_it.wait(5) else 1)
    _, status = os.waitpid(child, 0)
    holders[0].finish()
    assert os.waitstatus_to_exitcode(status) == 0
