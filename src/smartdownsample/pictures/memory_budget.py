"""The memory of decoders: how much a process uses at a time, shared by all that decode in it.

The budget of a run is four bytes for each of its `max_pixels`: as much as the largest picture takes
that is allowed, with 8 bits a channel and transparency. Large pictures wait until they fit beside
those that are being decoded. Small ones, nearly all, do not even ask, and are always within the
budget.

Processes that decode together have a part of the budget each. What is larger than the part is still
decoded, alone, by the process that the run was started in; its helpers leave such a picture to it.
So who decodes a picture, and how many workers there are, never decides whether it is decoded.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

# What takes less is not worth waiting for: a picture of 16 million pixels with 8 bits a channel.
SMALL_BYTES = 2**26
_BUDGET_BYTES_PER_PIXEL = 4
# Where a decoder failed though so much can be had, memory was not short, whatever other threads
# have given back since.
_AMPLE_BYTES = 2**29


def count_budget(max_pixels: int) -> int:
    """Count the bytes that all decoders of a run may hold together."""
    return max(max_pixels * _BUDGET_BYTES_PER_PIXEL, SMALL_BYTES)


def is_memory_short(n_bytes: float) -> bool:
    """Tell whether a process may have lacked the memory for a decoder that holds so many bytes.

    The system refuses memory when it is asked for, so that none has to be written to.
    """
    try:
        # The picture is handed over as a copy.
        np.empty(max(int(2 * n_bytes), _AMPLE_BYTES), dtype=np.uint8)
    except MemoryError:
        return True
    return False


class LeftToCaller(Exception):  # noqa: N818 - a helper's answer, not an error
    """A picture takes more than a helper's part of the memory: who asked has to decode it."""


class MemoryGate:
    """Lets large pictures in while all that are being decoded fit the budget.

    A picture that is larger than the budget is let in when no other is being decoded. Nobody waits
    while holding memory, and none overtakes the one that waits, so that each gets its turn.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # Held by the one that waits for memory; the others wait for this.
        self._turn = threading.Lock()
        self._held_bytes: dict[object, int] = {}
        self._n_helpers = 0
        self._is_helper = False

    @contextmanager
    def hold(self, n_bytes: int, budget: int) -> Iterator[None]:
        """Wait until there is room for so many bytes, and hold them while the context lasts.

        Raises `LeftToCaller` in a helper whose part is too small.
        """
        if self._is_helper and n_bytes > max(self._count_part(budget), SMALL_BYTES):
            raise LeftToCaller
        # Whatever interrupts this, and wherever, what is held is given back.
        place = object()
        try:
            with self._turn, self._changed:
                self._changed.wait_for(lambda: self._has_room(n_bytes, budget))
                self._held_bytes[place] = n_bytes
            yield
        finally:
            with self._changed:
                self._held_bytes.pop(place, None)
                self._changed.notify_all()

    def _has_room(self, n_bytes: int, budget: int) -> bool:
        """Tell whether a picture fits beside the others, or has no others beside it."""
        held = self._held_bytes.values()
        return not held or sum(held) + n_bytes <= self._count_part(budget)

    def _count_part(self, budget: int) -> int:
        """Count this process's part of a budget; runs begin and end while pictures wait."""
        return budget // (1 + self._n_helpers)

    @contextmanager
    def share(self, n_helpers: int) -> Iterator[None]:
        """Leave their parts of the budget to the helpers of a run while the context lasts."""
        with self._changed:
            self._n_helpers += n_helpers
        try:
            yield
        finally:
            with self._changed:
                self._n_helpers -= n_helpers
                self._changed.notify_all()

    def become_helper(self, n_helpers: int) -> None:
        """Use no more than the part of one of so many helpers."""
        self._n_helpers, self._is_helper = n_helpers, True


MEMORY = MemoryGate()
if hasattr(os, "register_at_fork"):
    # The threads that held memory are not in the new process, and would never give it back.
    os.register_at_fork(after_in_child=MEMORY.__init__)  # type: ignore[misc] # starts it anew
