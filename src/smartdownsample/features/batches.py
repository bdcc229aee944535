"""Batches: a stream cut into lists that are worth handling together."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
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


def take_by_kind(
    things: Iterable[T],
    find_kind: Callable[[T], Hashable],
    weigh: Callable[[T], int],
    enough: int,
    most: int,
) -> Iterator[list[tuple[int, T]]]:
    """Yield lists of things of one kind, numbered as in `things`, once they weigh `enough`.

    Others wait for more of their kind. When all that wait weigh more than `most`, the heaviest list
    goes first; at the end the rest do.
    """
    waiting: defaultdict[Hashable, list[tuple[int, T]]] = defaultdict(list)
    weights: Counter[Hashable] = Counter()
    total = 0
    for number, thing in enumerate(things):
        kind = find_kind(thing)
        waiting[kind].append((number, thing))
        weight = weigh(thing)
        weights[kind] += weight
        total += weight
        # Nothing but what waits is held while the next thing is made.
        del thing
        if weights[kind] < enough:
            if total <= most:
                continue
            kind = max(weights, key=weights.__getitem__)
        total -= weights.pop(kind)
        yield waiting.pop(kind)
    while waiting:
        yield waiting.popitem()[1]
