"""Reading ahead: several objects of a store are fetched while others are decoded."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice, takewhile
from typing import TypeVar

from ..items import N_REQUESTS, heed

_Read = TypeVar("_Read")
# Reads that have begun or wait for their turn to be taken: one that is slow holds up no more.
_MOST_PENDING = 2 * N_REQUESTS
# So many bytes, too, should what was read be as large as the largest until then.
_MOST_BYTES = 2**26


def read_ahead(
    calls: Iterable[Callable[[], _Read]],
    weigh: Callable[[_Read], int],
    stop: threading.Event | None = None,
) -> Iterator[_Read]:
    """Make calls on threads, a few more than have been taken, and yield their results in order.

    `weigh` counts the bytes of a result: where these are large, fewer calls are made. Leaving
    early waits for the calls that have begun, whose requests are not tried again then; nor are they
    once `stop` is set, by which all tasks of a run end, and no further call is made.
    """
    ends = stop or threading.Event()
    remaining = takewhile(lambda _: not ends.is_set(), calls)
    # Until a size is known, no more than are on their way at a time.
    n_most, largest = N_REQUESTS, 1
    with ThreadPoolExecutor(N_REQUESTS, initializer=heed, initargs=(ends,)) as pool:
        pending: deque[Future[_Read]] = deque()
        try:
            while True:
                pending += map(pool.submit, islice(remaining, max(n_most - len(pending), 0)))
                if not pending:
                    return
                result = pending.popleft().result()
                largest = max(largest, weigh(result))
                n_most = min(max(_MOST_BYTES // largest, 1), _MOST_PENDING)
                yield result
                del result  # it may be large, and the next is waited for
        finally:
            if stop is None:
                ends.set()
            pool.shutdown(cancel_futures=True)
