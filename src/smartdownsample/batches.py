"""From a stream of things to lists of as many as are worth handling together."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def take_together(things: Iterable[T], weigh: Callable[[T], int], enough: int) -> Iterator[list[T]]:
    """Take neighbours together until they weigh enough.

    Parameters
    ----------
    things : iterable
        Taken one after the other, no sooner than needed.
    weigh : callable
        Weighs one of them.
    enough : int
        Weight at which a list ends. One heavy thing is enough.

    Yields
    ------
    list
        Never empty; only the last may weigh less.
    """
    taken: list[T] = []
    weight = 0
    for thing in things:
        taken.append(thing)
        weight += weigh(thing)
        if weight >= enough:
            yield taken
            taken, weight = [], 0
    if taken:
        yield taken
