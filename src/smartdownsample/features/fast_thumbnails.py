"""From pictures to nearly the thumbnails of `resample`, in far fewer operations.

Pictures are halved in whole numbers, by averages over squares of four pixels, to a few pixels for
each of a thumbnail's. Two matrix products do the rest: along the columns for all thumbnails
together, and along the rows, where they also turn colours to grey. Nothing is rounded in between.

Every sum is exact, in whatever order it is taken, as in `resample`; the averages are OpenCV's, with
halves rounded up.
"""

import math
import threading
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from ..records import LAB_LAYOUT_SIDE, ByteArray, Float32Array, Float64Array
from .thumbnails import (
    GREY_WEIGHTS,
    MEAN_SIDE,
    Thumbnails,
    join_thumbnails,
    round_to_levels,
    take_together,
)
from .weights import compute_weights, keep_weights

_Number = TypeVar("_Number", np.float32, np.float64)

# Pictures are halved while their shorter side has so many pixels for each of the DHash's, and so
# many for colours; half of that is left at least.
_OVERSAMPLING = 12
_MIN_SIDE = 3 * MEAN_SIDE
# Halves are rounded up: of the remainders 0 to 3 of a sum of four, the third gains 1/2 and the
# others lose and gain 1/4, 1/8 on average.
_HALVING_BIAS = 1 / 8
# A float32 has 24 bits: 8 of a pixel, 15 of a weight, and one since absolute weights add up to
# less than 2. A float64 has room for these and 22 more of a second weight.
_N_STEPS_DOWN, _N_STEPS_ACROSS = 2**15, 2**22
# Levels of halved pictures that are shrunk at a time: each change between the decoder's code and
# that of array operations costs as much as some operations.
_BATCH_LEVELS = 3 * 2**16
# Larger arrays are not kept for the next batch.
_MOST_KEPT_BYTES = 2**22


def approximate_thumbnails(pictures: Iterable[ByteArray], hash_size: int) -> Thumbnails:
    """Shrink pictures to nearly the thumbnails that `make_thumbnails` gives.

    Parameters
    ----------
    pictures : iterable of ndarray of uint8, shape (h, w, 3)
        RGB, of any sizes; not changed. Taken one after the other, so that no more than a batch
        is held at a time.
    hash_size : int
        Side of the DHash in bits.

    Returns
    -------
    Thumbnails
        In the order given; `docs/agreement.md` says how near they are.

    Notes
    -----
    Costs about 12 multiplications for each pixel. Each picture is halved while it is in the
    processor's caches. What is left of a few waits for the others, and pictures of one size that
    follow each other share the array operations.
    """
    halved = (_halve_often(picture, hash_size) for picture in pictures)
    sums = [
        _shrink_batch(list(alike), hash_size)
        for batch in take_together(halved, _count_levels, _BATCH_LEVELS)
        for _, alike in groupby(batch, key=attrgetter("shape"))
    ]
    return _round_sums(sums) if sums else join_thumbnails([], hash_size)


class _Halved(NamedTuple):
    """A picture of h × w pixels after it was halved a few times: its levels, uint8."""

    shape: tuple[int, ...]
    n_halvings: int
    levels: ByteArray


class _Weights(NamedTuple):
    """What turns halved levels into thumbnails, of one length of a side.

    ``down``, shape (m, h), gives the rows of cells, DHash and AHash, in this order. The others turn
    each kind of rows of RGB into rows of a thumbnail: ``cells``, shape (4, w), each colour alike;
    ``dhash`` and ``ahash``, shape (3 w, values of a row), colours to grey.
    """

    down: Float32Array
    cells: Float64Array
    dhash: Float64Array
    ahash: Float64Array


class _Sums(NamedTuple):
    """Thumbnails of n pictures before they are rounded, ``bias`` levels too light.

    Shapes are those of `Thumbnails`, but for ``cells``, whose last two axes are one.
    """

    dhash: Float64Array
    ahash: Float64Array
    cells: Float64Array
    bias: float


class _Memory(threading.local):
    """Memory of a thread, by name, used again batch after batch.

    Large arrays that come and go cost more in page faults than in arithmetic.
    """

    def __init__(self) -> None:
        self._kept: dict[str, ByteArray] = {}

    def take(self, name: str, shape: tuple[int, ...], kind: type[_Number]) -> npt.NDArray[_Number]:
        """Give an array, which is undefined, and whose name is not to be taken while it is used."""
        n_bytes = math.prod(shape) * np.dtype(kind).itemsize
        if n_bytes > _MOST_KEPT_BYTES:
            return np.empty(shape, kind)
        if name not in self._kept or len(self._kept[name]) < n_bytes:
            self._kept[name] = np.empty(n_bytes, np.uint8)
        return self._kept[name][:n_bytes].view(kind).reshape(shape)


_memory = _Memory()


def _count_levels(picture: _Halved) -> int:
    return picture.levels.size


def _halve_often(picture: ByteArray, hash_size: int) -> _Halved:
    """Halve a picture as often as its size asks for."""
    levels, n_halvings = picture, 0
    least = max(_OVERSAMPLING * (hash_size + 1), _MIN_SIDE)
    while min(levels.shape[:2]) >= least:
        # Every second time halves are rounded down, so that they neither lift nor lower a picture.
        levels = ~_halve(~levels) if n_halvings % 2 else _halve(levels)
        n_halvings += 1
    return _Halved(picture.shape, n_halvings, levels)


def _halve(levels: ByteArray) -> ByteArray:
    """Average squares of four pixels and round halves up; odd sides are filled up by repetition."""
    n_rows, n_columns = levels.shape[:2]
    if n_rows % 2 or n_columns % 2:
        edges = 0, n_rows % 2, 0, n_columns % 2
        levels = np.asarray(cv2.copyMakeBorder(levels, *edges, cv2.BORDER_REPLICATE), np.uint8)
    size = (n_columns + 1) // 2, (n_rows + 1) // 2
    return np.asarray(cv2.resize(levels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _shrink_batch(pictures: Sequence[_Halved], hash_size: int) -> _Sums:
    """Shrink pictures of one shape."""
    (n_rows, n_columns, _), n_halvings, levels = pictures[0]
    down = _find_weights(n_rows, n_halvings, hash_size).down
    across = _find_weights(n_columns, n_halvings, hash_size)
    floats = _memory.take("floats", (len(pictures), *levels.shape), np.float32)
    np.stack([picture.levels for picture in pictures], out=floats)
    rows = _shrink_columns(floats.reshape(*floats.shape[:2], -1), down)
    return _Sums(*_shrink_rows(rows, across), bias=_HALVING_BIAS * (n_halvings % 2))


def _shrink_columns(levels: Float32Array, down: Float32Array) -> Float64Array:
    """Shrink the columns of pictures of one size, shape (n, h, 3 w), for all thumbnails."""
    shape = len(levels), len(down), levels.shape[2]
    rows = np.matmul(down, levels, out=_memory.take("rows", shape, np.float32))
    exact = _memory.take("exact", shape, np.float64)
    np.copyto(exact, rows)
    return exact


def _shrink_rows(
    rows: Float64Array, across: _Weights
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Shrink the rows of cells, DHash and AHash, in this order in ``rows``."""
    first, last = LAB_LAYOUT_SIDE, rows.shape[1] - across.ahash.shape[1]
    colours = rows[:, :first].reshape(len(rows), first, -1, 3)
    cells = (across.cells @ colours).reshape(len(rows), first, -1)
    return rows[:, first:last] @ across.dhash, rows[:, last:] @ across.ahash, cells


def _round_sums(sums: Sequence[_Sums]) -> Thumbnails:
    """Round sums of all pictures together: each array operation has a price of its own."""
    n_pictures = [len(part.cells) for part in sums]
    bias = np.repeat([part.bias for part in sums], n_pictures)[:, np.newaxis, np.newaxis]
    dhash, ahash, cells = (
        np.concatenate(same) - bias for same in zip(*(part[:3] for part in sums), strict=True)
    )
    side = LAB_LAYOUT_SIDE
    return Thumbnails(
        round_to_levels(dhash),
        round_to_levels(ahash),
        cells.clip(0, 255).reshape(-1, side, side, 3),
    )


@keep_weights
def _find_weights(length: int, n_halvings: int, hash_size: int) -> _Weights:
    """Find the weights of both axes for what was halved so often from a length."""
    cells, dhash_down, *greys = _thumbnail_weights(length, n_halvings, hash_size)
    down = _round_weights(np.hstack([cells, dhash_down, greys[-1]]), _N_STEPS_DOWN)
    levels = (grey[:, np.newaxis] * GREY_WEIGHTS[:, np.newaxis] for grey in greys)
    across = (
        _round_weights(weights.reshape(3 * len(cells), -1), _N_STEPS_ACROSS) for weights in levels
    )
    return _Weights(
        down.T.astype(np.float32, order="C"),
        np.ascontiguousarray(_round_weights(cells, _N_STEPS_ACROSS).T),
        *across,
    )


def _thumbnail_weights(length: int, n_halvings: int, hash_size: int) -> list[Float64Array]:
    """Compute the weights of cells, DHash (as high, and as wide) and AHash of what was halved.

    Each has the shape (h, outputs).
    """
    cell = MEAN_SIDE // LAB_LAYOUT_SIDE
    sides = hash_size, hash_size + 1, hash_size // 2
    weights = compute_weights(length, MEAN_SIDE, *sides)
    colours = weights[:MEAN_SIDE].reshape(LAB_LAYOUT_SIDE, cell, length).mean(axis=1)
    weights = np.vstack([colours, weights[MEAN_SIDE:]])
    for _ in range(n_halvings):
        weights = _halve_weights(weights)
    return np.split(weights.T, np.cumsum([LAB_LAYOUT_SIDE, *sides])[:-1].tolist(), axis=1)


def _halve_weights(weights: Float64Array) -> Float64Array:
    """Turn weights of pixels into those of the averages of pairs, the last perhaps of one.

    Both averages, of two pixels and of their two weights, damp a wave of f periods a pixel by
    cos πf ≈ 1 - (πf)²/2. Subtracting a sixteenth of the second differences makes up for it.
    """
    pairs = weights[:, ::2].copy()
    pairs[:, : weights.shape[1] // 2] += weights[:, 1::2]
    edged = np.concatenate([pairs[:, :1], pairs, pairs[:, -1:]], axis=1)
    return np.asarray(pairs - np.diff(edged, 2, axis=1) / 16)


def _round_weights(weights: Float64Array, n_steps: int) -> Float64Array:
    """Round weights, shape (n_in, n_out), so that those of an output still add up to 1.

    Their sums up to each input are rounded to whole steps, so that errors do not add up either.
    """
    sums = np.rint(weights.cumsum(axis=0) * n_steps)
    sums[1:] -= sums[:-1].copy()
    return np.asarray(sums / n_steps)
