"""Batches: a stream cut into lists that are worth handling together."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

T = TypeVar("T")


def take_together(things: Iterable[T], weigh: Callable[[T], int], enough: int) -> Iterator[list[T]]:
    """Yield lists of neighbours that each weigh `enough` or more; only the last may weigh less.

    Things are taken no sooner than needed. One heavy thing is a list of its own.
    """
    taken: list[T] = []
    weight = 0
    for thing in things:
        taken.append(thing)
        weight += weigh(thing)
        if weight >= enough:
            yield taken
            # Nothing is held while the next thing is made, which may take much memory.
            taken, weight = [], 0
        del thing
    if taken:
        yield taken


def take_alike(things: Iterable[T], weigh: Callable[[T], int], enough: int) -> Iterator[list[T]]:
    """Do what `take_together` does, and cut its lists where the ``shape`` of things changes."""
    for batch in take_together(things, weigh, enough):
        for _, alike in groupby(batch, key=attrgetter("shape")):
            yield list(alike)
        del batch, alike
