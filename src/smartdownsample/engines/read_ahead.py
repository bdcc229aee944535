"""Objects of object stores, several of which are on their way while others are decoded."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from ..items import N_REQUESTS

_Read = TypeVar("_Read")
# Reads that have begun or wait for their turn to be taken: one that is slow holds up no more.
_MOST_PENDING = 2 * N_REQUESTS


def read_ahead(calls: Iterable[Callable[[], _Read]]) -> Iterator[_Read]:
    """Make calls on threads, a few more than have been taken, and yield their results in order.

    Leaving early waits for the calls that have begun.
    """
    remaining = iter(calls)
    with ThreadPoolExecutor(N_REQUESTS) as pool:
        pending: deque[Future[_Read]] = deque()
        try:
            while True:
                pending += map(pool.submit, islice(remaining, _MOST_PENDING - len(pending)))
                if not pending:
                    return
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
