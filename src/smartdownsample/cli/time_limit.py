"""Patterns of lockfiles, which may come from anybody, matched in a bounded time."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..errors import InvalidParameterError

# Processor time in which all paths are listed and matched. Patterns that people write take a
# microsecond a path; ten million files are listed in less than half of it.
LIMIT_S = 120.0


@contextmanager
def limit_matching(patterns: list[str]) -> Iterator[None]:
    """End what lists and matches paths when it takes too long; without patterns, never.

    A regular expression such as ``(a+)+$`` takes for ever on a path that it nearly matches. Raises
    `InvalidParameterError`. Systems without such timers, and threads, have no limit.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not patterns or not is_main or not hasattr(signal, "setitimer"):
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        msg = (
            f"Matching paths took over {LIMIT_S:g} s of processor time, by the lockfile's "
            f"{' and '.join(map(repr, patterns))}. A pattern can be made to take for ever: look at "
            "it, and give the lockfile up if it is not yours."
        )
        raise InvalidParameterError(msg)

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
