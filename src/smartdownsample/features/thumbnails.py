"""From a stream of things to lists of as many as are worth handling together."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np

from ..records import LAB_LAYOUT_SIDE, ByteArray, Float64Array

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


MEAN_SIDE = 32
# ITU-R BT.601 luma in units of 2**-16, as in Pillow's conversion to "L".
GREY_WEIGHTS = np.array([19595, 38470, 7471]) / 2**16


class Thumbnails(NamedTuple):
    """The thumbnails that the features of n pictures are computed from; h is the hash size.

    Attributes
    ----------
    dhash : ndarray of uint8, shape (n, h, h + 1)
        Grey.
    ahash : ndarray of uint8, shape (n, h // 2, h // 2)
        Grey.
    cells : ndarray of float64, shape (n, 4, 4, 3)
        RGB in levels of 0 to 255: means over cells of 8×8 pixels of a thumbnail of 32×32.
    """

    dhash: ByteArray
    ahash: ByteArray
    cells: Float64Array


def join_thumbnails(parts: Iterable[Thumbnails], hash_size: int) -> Thumbnails:
    """Join thumbnails of the same hash size, one part after the other; there may be none."""
    ahash_size = hash_size // 2
    empty = Thumbnails(
        np.zeros((0, hash_size, hash_size + 1), dtype=np.uint8),
        np.zeros((0, ahash_size, ahash_size), dtype=np.uint8),
        np.zeros((0, LAB_LAYOUT_SIDE, LAB_LAYOUT_SIDE, 3)),
    )
    return Thumbnails(*map(np.concatenate, zip(empty, *parts, strict=True)))


def round_to_levels(values: Float64Array) -> ByteArray:
    """Round to levels of 0 to 255, halves up; the input is used up."""
    values += 0.5
    values.clip(0, 255, out=values)
    return values.astype(np.uint8)
