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
from .batches import take_alike
from .lanczos import compute_weights, keep_weights
from .thumbnails import GREY_WEIGHTS, MEAN_SIDE, Thumbnails, join_thumbnails, round_to_levels

_Number = TypeVar("_Number", np.float32, np.float64)

# A picture is halved while its shorter side has at least this many pixels for each pixel of the
# DHash thumbnail's width, and at least so many for colours. At least half of that is left.
_HALVED_OVERSAMPLING = 12
_HALVED_MIN_SIDE = 3 * MEAN_SIDE
# What rounding halves up adds on average: of the remainders 0 to 3 of a sum of four, the third
# gains 1/2, the others lose and gain 1/4.
_HALVING_BIAS = 1 / 8
# A float32 has 24 bits: 8 of a pixel, 15 of a weight, and one since absolute weights add up to
# less than 2. A float64 has room for these and 22 more of a second weight.
_N_STEPS_DOWN, _N_STEPS_ACROSS = 2**15, 2**22
# Levels of halved pictures that are shrunk at a time. Switching between decoding and array
# operations costs as much as several such operations.
_BATCH_LEVELS = 3 * 2**16
# Larger arrays are not kept for the next batch.
_MAX_SCRATCH_BYTES = 2**22


def approximate_thumbnails(pictures: Iterable[ByteArray], hash_size: int) -> Thumbnails:
    """Shrink RGB pictures of any sizes, shape (h, w, 3), in the order given; changes none.

    Gives nearly what `exact_thumbnails.make_thumbnails` gives; `docs/agreement.md` says how nearly.
    Costs about 12 multiplications a pixel. Each picture is halved at once, while it is in the
    processor's caches, so that a batch holds only small pictures.
    """
    # Unlike a loop, map keeps no picture while the next is decoded.
    halved = map(partial(_halve_often, hash_size=hash_size), pictures)
    sums = [
        _sum_batch(alike, hash_size) for alike in take_alike(halved, _count_levels, _BATCH_LEVELS)
    ]
    return _round_sums(sums) if sums else join_thumbnails([], hash_size)


class _Halved(NamedTuple):
    """A picture after some halvings; ``shape`` is that of the picture before."""

    shape: tuple[int, ...]
    n_halvings: int
    levels: ByteArray


class _SideWeights(NamedTuple):
    """Weights that turn halved levels into thumbnails, for one length of a side.

    ``down``, shape (m, h), makes the rows of cells, DHash and AHash, in this order. The others make
    the columns of each: ``cells``, shape (4, w), for one channel at a time; ``dhash`` and
    ``ahash``, shape (3 w, columns), from RGB to grey.
    """

    down: Float32Array
    cells: Float64Array
    dhash: Float64Array
    ahash: Float64Array


class _Sums(NamedTuple):
    """Thumbnails of n pictures before they are rounded, ``bias`` levels too light.

    Shapes are those of `Thumbnails`, except that the last two axes of ``cells`` are joined.
    """

    dhash: Float64Array
    ahash: Float64Array
    cells: Float64Array
    bias: float


class _Scratch(threading.local):
    """Arrays of a thread, by name, used again batch after batch.

    Large arrays that come and go cost more in page faults than in arithmetic.
    """

    def __init__(self) -> None:
        self._kept: dict[str, ByteArray] = {}

    def take(self, name: str, shape: tuple[int, ...], kind: type[_Number]) -> npt.NDArray[_Number]:
        """Give an uninitialised array, which the next call with the same name overwrites."""
        n_bytes = math.prod(shape) * np.dtype(kind).itemsize
        if n_bytes > _MAX_SCRATCH_BYTES:
            return np.empty(shape, kind)
        if name not in self._kept or len(self._kept[name]) < n_bytes:
            self._kept[name] = np.empty(n_bytes, np.uint8)
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


def _sum_batch(pictures: Sequence[_Halved], hash_size: int) -> _Sums:
    """Shrink pictures of one shape."""
    (n_rows, n_columns, _), n_halvings, levels = pictures[0]
    down = _side_weights(n_rows, n_halvings, hash_size).down
    across = _side_weights(n_columns, n_halvings, hash_size)
    floats = _scratch.take("floats", (len(pictures), *levels.shape), np.float32)
    np.stack([picture.levels for picture in pictures], out=floats)
    rows = _sum_columns(floats.reshape(*floats.shape[:2], -1), down)
    return _Sums(*_sum_rows(rows, across), bias=_HALVING_BIAS * (n_halvings % 2))


def _sum_columns(levels: Float32Array, down: Float32Array) -> Float64Array:
    """Shrink the columns of pictures of one size, shape (n, h, 3 w), for all thumbnails."""
    shape = len(levels), len(down), levels.shape[2]
    rows = np.matmul(down, levels, out=_scratch.take("rows", shape, np.float32))
    exact = _scratch.take("exact", shape, np.float64)
    np.copyto(exact, rows)
    return exact


def _sum_rows(
    rows: Float64Array, across: _SideWeights
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Shrink the rows of cells, DHash and AHash, in this order in `rows`; gives the cells last."""
    first, last = LAB_LAYOUT_SIDE, rows.shape[1] - across.ahash.shape[1]
    colours = rows[:, :first].reshape(len(rows), first, -1, 3)
    cells = (across.cells @ colours).reshape(len(rows), first, -1)
    return rows[:, first:last] @ across.dhash, rows[:, last:] @ across.ahash, cells


def _round_sums(sums: Sequence[_Sums]) -> Thumbnails:
    """Round the sums of all batches together: few array operations."""
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
def _side_weights(length: int, n_halvings: int, hash_size: int) -> _SideWeights:
    """Compute the weights, down and across, of a side of `length` pixels before its halvings."""
    cells, dhash_down, *greys = _thumbnail_weights(length, n_halvings, hash_size)
    down = _round_keeping_sums(np.hstack([cells, dhash_down, greys[-1]]), _N_STEPS_DOWN)
    levels = (grey[:, np.newaxis] * GREY_WEIGHTS[:, np.newaxis] for grey in greys)
    across = (
        _round_keeping_sums(weights.reshape(3 * len(cells), -1), _N_STEPS_ACROSS)
        for weights in levels
    )
    return _SideWeights(
        down.T.astype(np.float32, order="C"),
        np.ascontiguousarray(_round_keeping_sums(cells, _N_STEPS_ACROSS).T),
        *across,
    )


def _thumbnail_weights(length: int, n_halvings: int, hash_size: int) -> list[Float64Array]:
    """Compute the weights, shape (halved length, outputs), of each thumbnail's side.

    In this order: cells, the DHash's height, its width, and the AHash's side.
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
    """Turn weights of pixels into weights of averaged pairs (the last may be a single pixel).

    Averaging two pixels and adding their two weights each damp a wave of f periods a pixel by
    cos πf ≈ 1 - (πf)²/2. Subtracting a sixteenth of the second differences makes up for both.
    """
    pairs = weights[:, ::2].copy()
    pairs[:, : weights.shape[1] // 2] += weights[:, 1::2]
    edged = np.concatenate([pairs[:, :1], pairs, pairs[:, -1:]], axis=1)
    return np.asarray(pairs - np.diff(edged, 2, axis=1) / 16)


def _round_keeping_sums(weights: Float64Array, n_steps: int) -> Float64Array:
    """Round weights, shape (n_in, n_out), to multiples of 1 / `n_steps` that still add up to 1.

    Cumulative sums are rounded instead of the weights, so that errors do not add up.
    """
    sums = np.rint(weights.cumsum(axis=0) * n_steps)
    sums[1:] -= sums[:-1].copy()
    return np.asarray(sums / n_steps)
