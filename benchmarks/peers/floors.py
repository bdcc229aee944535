"""What the floors of reading and decoding share: one way to spread work over threads.

A floor is no sampler: it does a part of the work that no sampler can do without, with nothing
around it, in the same process, by the same number of workers. How far a sampler is above it is
what is its own.

Threads are those of `concurrent.futures`. Each task is a chunk of files, so that handing tasks out
takes about a millionth of a second for each file.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_CHUNK = 64


def spread(work: Callable[[Sequence[T]], None], items: Sequence[T], n_workers: int) -> None:
    """Work through items on exactly so many threads.

    Parameters
    ----------
    work : callable
        What is done with a chunk.
    items : sequence
        Not changed.
    n_workers : int
        Threads.
    """
    chunks = [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
    with ThreadPoolExecutor(n_workers) as pool:
        # Whatever is raised in a thread is raised here.
        for _ in pool.map(work, chunks):
            pass


def read_bytes(path: str) -> bytes:
    """Read a whole file with as few system calls as that takes.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    bytes
        Its content.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        size_bytes = os.fstat(descriptor).st_size
        return os.read(descriptor, size_bytes)
    finally:
        os.close(descriptor)
