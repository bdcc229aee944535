"""Count what code does instead of timing it: counts are the same on every machine."""

import gc
import os
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType
from typing import NamedTuple

# Functions that ask the file system for a file's state.
_STATS = frozenset((os.stat, os.lstat, os.fstat))


class Counts(NamedTuple):
    """What a call did, in all threads."""

    # Calls that the interpreter made, of Python functions and of compiled ones; those inside
    # `os.path` are left out, as some versions of Python have it compiled.
    n_calls: int
    n_stats: int  # those of them that ask for a file's state
    n_opens: int  # files opened from Python; libraries that open files themselves are not seen


_opened: Counter[str] = Counter()


@cache
def _notice_opens() -> None:
    """Count the files that are opened from now on; such a hook cannot be removed."""

    def notice(event: str, _: tuple[object, ...]) -> None:
        if event == "open":
            _opened[event] += 1

    sys.addaudithook(notice)


def count(call: Callable[[], object]) -> Counts:
    """Count what a call does."""
    numbers: Counter[str] = Counter()

    def notice(frame: FrameType, event: str, what: object) -> None:
        caller = frame if event == "c_call" else frame.f_back if event == "call" else None
        if caller is not None:
            numbers["calls"] += caller.f_globals.get("__name__") != os.path.__name__
            numbers["stats"] += event == "c_call" and what in _STATS

    _notice_opens()
    with _without_collections():
        n_before = _opened["open"]
        threading.setprofile(notice)
        sys.setprofile(notice)
        try:
            call()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    return Counts(numbers["calls"], numbers["stats"], _opened["open"] - n_before)


def measure_peak(call: Callable[[], object]) -> int:
    """Measure the memory that a call takes beyond what there was, at its peak."""
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
