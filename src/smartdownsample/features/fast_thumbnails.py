"""Fast thumbnails: nearly the exact ones, in far fewer operations.

Pictures are halved by averaging squares of four pixels, until a few pixels are left for each pixel
of a thumbnail. Two matrix products do the rest: one along the columns for all thumbnails together,
one along the rows that also turns colours to grey. Nothing is rounded in between.

Every sum is exact, in whatever order it is taken, as in `exact_thumbnails`. The averages are
OpenCV's, with halves rounded up.
"""

import math
import threading
from collections.abc import Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import NamedTuple

import cv2
import numpy as np

from ..records import LAB_LAYOUT_SIDE, ByteArray, Float32Array, Float64Array
from .batches import take_alike, take_together
from .side_weights import SideWeights, find_side_weights
from .thumbnails import MEAN_SIDE, Thumbnails, join_thumbnails, round_to_levels

# A picture is halved while its shorter side has at least this many pixels for each pixel of the
# DHash thumbnail's width, and at least so many for colours. At least half of that is left.
_HALVED_OVERSAMPLING = 12
_HALVED_MIN_SIDE = 3 * MEAN_SIDE
# What rounding halves up adds on average: of the remainders 0 to 3 of a sum of four, the third
# gains 1/2, the others lose and gain 1/4.
_HALVING_BIAS = 1 / 8
# Levels of halved pictures that wait until they are shrunk one after the other: where decoding and
# array operations alternate, each pushes code and data of the other out of the processor's caches.
_WAITING_LEVELS = 2**23
# Levels of one shape that are shrunk by the same array operations.
_BATCH_LEVELS = 3 * 2**16
# Larger arrays are not kept for the next batch.
_MAX_SCRATCH_LEVELS = 2**20


def approximate_thumbnails(pictures: Iterable[ByteArray], hash_size: int) -> Thumbnails:
    """Shrink RGB pictures of any sizes, shape (h, w, 3), in the order given; changes none.

    Gives nearly what `exact_thumbnails.make_thumbnails` gives; `docs/agreement.md` says how nearly.
    Costs about 12 multiplications a pixel. Each picture is halved at once, while it is in the
    processor's caches, and then waits for others; at most `_WAITING_LEVELS` wait.
    """
    # Unlike a loop, map keeps no picture while the next is decoded.
    halved = map(partial(_halve_often, hash_size=hash_size), pictures)
    sums: list[_Sums] = []
    for waiting in take_together(halved, _count_levels, _WAITING_LEVELS):
        batches = take_alike(waiting, _count_levels, _BATCH_LEVELS)
        sums += [_sum_batch(batch, hash_size) for batch in batches]
        del waiting
    return _round_sums(sums) if sums else join_thumbnails([], hash_size)


class _Halved(NamedTuple):
    """A picture after some halvings; ``shape`` is that of the picture before."""

    shape: tuple[int, ...]
    n_halvings: int
    levels: ByteArray


class _Sums(NamedTuple):
    """Thumbnails of n pictures before they are rounded, ``bias`` levels too light.

    Shapes are those of `Thumbnails`, except that the last two axes of ``cells`` are joined.
    """

    dhash: Float64Array
    ahash: Float64Array
    cells: Float64Array
    bias: float


class _Scratch(threading.local):
    """An array of a thread that is used again batch after batch.

    Large arrays that come and go cost more in page faults than in arithmetic.
    """

    def __init__(self) -> None:
        self._kept = np.empty(0, np.float32)

    def take(self, *shape: int) -> Float32Array:
        """Give an uninitialised array, which the next call overwrites."""
        n = math.prod(shape)
        if n > _MAX_SCRATCH_LEVELS:
            return np.empty(shape, np.float32)
        if len(self._kept) < n:
            self._kept = np.empty(n, np.float32)
        return self._kept[:n].reshape(shape)


_scratch = _Scratch()
_count_levels = attrgetter("levels.size")


def _halve_often(picture: ByteArray, hash_size: int) -> _Halved:
    """Halve a picture as often as its size allows."""
    levels, n_halvings = picture, 0
    least = max(_HALVED_OVERSAMPLING * (hash_size + 1), _HALVED_MIN_SIDE)
    while min(levels.shape[:2]) >= least:
        # Every second time halves are rounded down (up in the negative), so that biases cancel.
        levels = ~_halve(~levels) if n_halvings % 2 else _halve(levels)
        n_halvings += 1
    return _Halved(picture.shape, n_halvings, levels)


def _halve(levels: ByteArray) -> ByteArray:
    """Average squares of four pixels and round halves up; odd sides repeat their last pixels."""
    n_rows, n_columns = levels.shape[:2]
    if n_rows % 2 or n_columns % 2:
        edges = 0, n_rows % 2, 0, n_columns % 2
        levels = np.asarray(cv2.copyMakeBorder(levels, *edges, cv2.BORDER_REPLICATE), np.uint8)
    size = (n_columns + 1) // 2, (n_rows + 1) // 2
    return np.asarray(cv2.resize(levels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _sum_batch(pictures: Sequence[_Halved], hash_size: int) -> _Sums:
    """Shrink pictures of one shape."""
    shape, n_halvings, levels = pictures[0]
    height, width, _ = levels.shape
    floats = _scratch.take(len(pictures), height, 3 * width)
    for place, picture in zip(floats, pictures, strict=True):
        place[...] = picture.levels.reshape(height, 3 * width)
    tall, wide = (find_side_weights(side, n_halvings, hash_size) for side in shape[:2])
    sums = _sum_rows(_sum_columns(floats, tall.down), wide, hash_size)
    return _Sums(*sums, _HALVING_BIAS * (n_halvings % 2))


def _sum_columns(levels: Float32Array, down: Float32Array) -> Float64Array:
    """Shrink the columns of pictures, shape (n, h, 3 w), for all thumbnails."""
    return (down @ levels).astype(np.float64)


def _sum_rows(
    rows: Float64Array, wide: SideWeights, hash_size: int
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Shrink the rows of cells, DHash and AHash, in this order in `rows`; gives the cells last."""
    first = LAB_LAYOUT_SIDE
    colours = rows[:, :first].reshape(len(rows), first, -1, 3)
    means = (wide.cells @ colours).reshape(len(rows), first, -1)
    # Both at once, although the rows of one need no columns of the other: few operations.
    both = rows[:, first:] @ wide.greys
    dhash = both[:, :hash_size, : hash_size + 1]
    return dhash, both[:, hash_size:, hash_size + 1 :], means


def _round_sums(sums: Sequence[_Sums]) -> Thumbnails:
    """Round the sums of all batches together."""
    *parts, biases = zip(*sums, strict=True)
    lightness = np.repeat(biases, list(map(len, parts[0])))[:, np.newaxis, np.newaxis]
    dhash, ahash, cells = (np.concatenate(same) - lightness for same in parts)
    side = LAB_LAYOUT_SIDE
    return Thumbnails(
        round_to_levels(dhash),
        round_to_levels(ahash),
        cells.clip(0, 255).reshape(-1, side, side, 3),
    )
