"""Count what code does instead of timing it: counts are the same on every machine."""

import gc
import os
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

# Functions that ask the file system for a file's state.
_STATS = frozenset((os.stat, os.lstat, os.fstat))


class Counts(NamedTuple):
    """What a call did, in all threads.

    Attributes
    ----------
    n_calls : int
        Calls that the interpreter made, of Python functions and of compiled ones; those inside
        `os.path` are left out, as some versions of Python have it compiled.
    n_stats : int
        Those of them that ask for a file's state.
    n_opens : int
        Files opened, from Python; libraries that open files themselves are not seen.
    """

    n_calls: int
    n_stats: int
    n_opens: int


class _OpenCounter:
    """Counts files that are opened; hooks cannot be removed, so that there is one for all."""

    def __init__(self) -> None:
        self.n_opens = 0
        self.is_counting = False
        self._is_hooked = False

    def start(self) -> None:
        if not self._is_hooked:
            sys.addaudithook(self._notice)
            self._is_hooked = True
        self.n_opens = 0
        self.is_counting = True

    def stop(self) -> int:
        self.is_counting = False
        return self.n_opens

    def _notice(self, event: str, _: tuple[object, ...]) -> None:
        if self.is_counting and event == "open":
            self.n_opens += 1


_opens = _OpenCounter()


def count(call: Callable[[], object]) -> Counts:
    """Count what a call does.

    Parameters
    ----------
    call : callable
        Called once, with one worker: counts of threads that run at once may be lost.

    Returns
    -------
    Counts
        Of this thread and those that it starts.
    """
    numbers: Counter[str] = Counter()

    def notice(frame: FrameType, event: str, what: object) -> None:
        caller = frame if event == "c_call" else frame.f_back if event == "call" else None
        if caller is not None:
            numbers["calls"] += caller.f_globals.get("__name__") != os.path.__name__
            numbers["stats"] += event == "c_call" and what in _STATS

    with _without_collections():
        _opens.start()
        threading.setprofile(notice)
        sys.setprofile(notice)
        try:
            call()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
            n_opens = _opens.stop()
    return Counts(numbers["calls"], numbers["stats"], n_opens)


def measure_peak(call: Callable[[], object]) -> int:
    """Measure the memory that a call takes beyond what there was, at its peak.

    Parameters
    ----------
    call : callable
        Called once.

    Returns
    -------
    int
        Bytes allocated by Python and NumPy; Arrow allocates by itself.
    """
    with _without_collections():
        tracemalloc.start()
        try:
            call()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@contextmanager
def _without_collections() -> Iterator[None]:
    """Keep the garbage collector from calling what it finds, at a moment of its own."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
