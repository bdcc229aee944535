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
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from ..records import LAB_LAYOUT_SIDE, ByteArray, Float32Array, Float64Array
from .batches import take_by_kind
from .side_weights import SideWeights, find_room, find_side_weights
from .thumbnails import MEAN_SIDE, Thumbnails, join_thumbnails, round_to_levels

_Number = TypeVar("_Number", np.float32, np.float64)

# A picture is halved while its shorter side has at least this many pixels for each pixel of the
# DHash thumbnail's width, and at least so many for colours. At least half of that is left.
_HALVED_OVERSAMPLING = 12
_HALVED_MIN_SIDE = 3 * MEAN_SIDE
# What rounding halves up adds on average: of the remainders 0 to 3 of a sum of four, the third
# gains 1/2, the others lose and gain 1/4.
_HALVING_BIAS = 1 / 8
# Levels of halved pictures that are shrunk at a time. Switching between decoding and array
# operations costs as much as several such operations.
_BATCH_LEVELS = 3 * 2**16
# Levels of halved pictures that wait for others of nearly their shape.
_WAITING_LEVELS = 2**23
# Larger arrays are not kept for the next batch.
_MAX_SCRATCH_BYTES = 2**22


def approximate_thumbnails(pictures: Iterable[ByteArray], hash_size: int) -> Thumbnails:
    """Shrink RGB pictures of any sizes, shape (h, w, 3), in the order given; changes none.

    Gives nearly what `exact_thumbnails.make_thumbnails` gives; `docs/agreement.md` says how nearly.
    Costs about 12 multiplications a pixel. Each picture is halved at once, while it is in the
    processor's caches. Halved pictures wait for others of nearly their shape, so that few array
    operations serve many; at most `_WAITING_LEVELS` wait.
    """
    # Unlike a loop, map keeps no picture while the next is decoded.
    halved = map(partial(_halve_often, hash_size=hash_size), pictures)
    batches = take_by_kind(halved, _choose_room, _count_levels, _BATCH_LEVELS, _WAITING_LEVELS)
    numbers: list[int] = []
    sums: list[_Sums] = []
    for batch in batches:
        numbers += [number for number, _ in batch]
        sums.append(_sum_batch([picture for _, picture in batch], hash_size))
        del batch
    return _round_sums(sums, numbers) if sums else join_thumbnails([], hash_size)


class _Halved(NamedTuple):
    """A picture after some halvings; ``shape`` is that of the picture before."""

    shape: tuple[int, ...]
    n_halvings: int
    levels: ByteArray


class _Sums(NamedTuple):
    """Thumbnails of n pictures before they are rounded, ``biases`` levels too light.

    Shapes are those of `Thumbnails`, except that the last two axes of ``cells`` are joined.
    """

    dhash: Float64Array
    ahash: Float64Array
    cells: Float64Array
    biases: list[float]


class _Scratch(threading.local):
    """Arrays of a thread, by name, used again batch after batch.

    Large arrays that come and go cost more in page faults than in arithmetic.
    """

    def __init__(self) -> None:
        self._kept: dict[str, ByteArray] = {}

    def take(self, name: str, shape: tuple[int, ...], kind: type[_Number]) -> npt.NDArray[_Number]:
        """Give an array of old numbers or zeros, which the next call of that name overwrites."""
        n_bytes = math.prod(shape) * np.dtype(kind).itemsize
        if n_bytes > _MAX_SCRATCH_BYTES:
            return np.zeros(shape, kind)
        if name not in self._kept or len(self._kept[name]) < n_bytes:
            self._kept[name] = np.zeros(n_bytes, np.uint8)
        return self._kept[name][:n_bytes].view(kind).reshape(shape)


_scratch = _Scratch()


def _count_levels(picture: _Halved) -> int:
    return picture.levels.size


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


def _choose_room(picture: _Halved) -> tuple[int, ...]:
    """Choose the shape of an array that has room for a picture."""
    return tuple(map(find_room, picture.levels.shape))


def _sum_batch(pictures: Sequence[_Halved], hash_size: int) -> _Sums:
    """Shrink pictures that fit into arrays of one shape."""
    shapes = [picture.levels.shape for picture in pictures]
    n_rows, n_columns, _ = map(max, zip(*shapes, strict=True))
    floats = _scratch.take("floats", (len(pictures), n_rows, 3 * n_columns), np.float32)
    for place, picture, (height, width, _) in zip(floats, pictures, shapes, strict=True):
        # What an earlier batch left beside a picture has no weight.
        place[:height, : 3 * width] = picture.levels.reshape(height, 3 * width)
    tall, wide = (_find_weights(pictures, axis, hash_size) for axis in (0, 1))
    down = _stack("down", [weights.down for weights in tall], np.float32)
    rows = _sum_columns(floats, down[:, :, :n_rows])
    cells = _stack("cells", [weights.cells for weights in wide], np.float64)
    greys = _stack("greys", [weights.greys for weights in wide], np.float64)
    sums = _sum_rows(rows, cells[:, :, :n_columns], greys[:, :, : 3 * n_columns], hash_size)
    return _Sums(*sums, [_HALVING_BIAS * (picture.n_halvings % 2) for picture in pictures])


def _find_weights(pictures: Sequence[_Halved], axis: int, hash_size: int) -> list[SideWeights]:
    """Find the weights of a side of each picture, or only once where all are the same."""
    sides = [(picture.shape[axis], picture.n_halvings) for picture in pictures]
    found = {side: find_side_weights(*side, hash_size) for side in set(sides)}
    return [found[side] for side in sides] if len(found) > 1 else list(found.values())


def _stack(name: str, weights: Sequence[Float32Array], kind: type[_Number]) -> npt.NDArray[_Number]:
    """Stack weights of one shape."""
    n_outputs, length = weights[0].shape
    stacked = _scratch.take(name, (len(weights) * n_outputs, length), kind)
    np.concatenate(weights, out=stacked)
    return stacked.reshape(len(weights), n_outputs, length)


def _sum_columns(levels: Float32Array, down: Float32Array) -> Float64Array:
    """Shrink the columns of pictures, shape (n, h, 3 w), for all thumbnails."""
    shape = len(levels), down.shape[1], levels.shape[2]
    rows = np.matmul(down, levels, out=_scratch.take("rows", shape, np.float32))
    exact = _scratch.take("exact", shape, np.float64)
    np.copyto(exact, rows)
    return exact


def _sum_rows(
    rows: Float64Array, cells: Float64Array, greys: Float64Array, hash_size: int
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Shrink the rows of cells, DHash and AHash, in this order in `rows`; gives the cells last."""
    first = LAB_LAYOUT_SIDE
    colours = rows[:, :first].reshape(len(rows), first, -1, 3)
    means = (cells[:, np.newaxis] @ colours).reshape(len(rows), first, -1)
    # Both at once, although the rows of one need no columns of the other: few operations.
    both = rows[:, first:] @ greys.transpose(0, 2, 1)
    dhash = both[:, :hash_size, : hash_size + 1]
    return dhash, both[:, hash_size:, hash_size + 1 :], means


def _round_sums(sums: Sequence[_Sums], numbers: Sequence[int]) -> Thumbnails:
    """Round the sums of all batches together, in the order of their numbers."""
    order = np.argsort(numbers)
    biases = np.concatenate([part.biases for part in sums])[:, np.newaxis, np.newaxis]
    dhash, ahash, cells = (
        (np.concatenate(same) - biases)[order]
        for same in zip(*(part[:3] for part in sums), strict=True)
    )
    side = LAB_LAYOUT_SIDE
    return Thumbnails(
        round_to_levels(dhash),
        round_to_levels(ahash),
        cells.clip(0, 255).reshape(-1, side, side, 3),
    )
