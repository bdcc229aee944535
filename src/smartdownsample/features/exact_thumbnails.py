"""Exact thumbnails: antialiased Lanczos resampling as matrix products.

Pictures are resampled along their rows and then along their columns, and rounded to 8 bits after
each. That is bit for bit Pillow's ``LANCZOS`` (before release 13, which takes the columns of some
shapes first).

Pixels have 8 bits, and weights are multiples of a power of two so large that every sum is exact,
in whatever order it is taken. The features of a picture are therefore the same with every linear
algebra library, and the same alone or in a batch.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

import cv2
import numpy as np

from ..records import LAB_LAYOUT_SIDE, ByteArray, Float64Array
from .batches import take_alike
from .lanczos import compute_weights, keep_weights
from .thumbnails import GREY_WEIGHTS, MEAN_SIDE, Thumbnails, join_thumbnails, round_to_levels

# Inputs, outputs, and the weights between them, shape (n_out, n_in).
_Blocks: TypeAlias = list[tuple[slice, slice, Float64Array]]
# Weights are rounded to multiples of 2**-22, as in Pillow's fixed-point arithmetic.
_N_STEPS = 2**22
# Large pictures are resampled in bands of this many pixels, small ones together: few array
# operations, in memory that stays in the processor's caches.
_BAND_PIXELS = 2**18
# Outputs in a block of weights. A few outputs depend on a part of the inputs only.
_BLOCK_OUTPUTS = 8


def make_thumbnails(pictures: Iterable[ByteArray], hash_size: int) -> Thumbnails:
    """Shrink RGB pictures of any sizes, shape (h, w, 3), in the order given; changes none.

    Grey is (19595 R + 38470 G + 7471 B + 32768) >> 16, as in Pillow's conversion to "L". Costs
    about 35 multiplications a pixel; holds one batch of pictures at a time.
    """
    # Large arrays that come and go cost more in page faults than in arithmetic.
    scratch = np.empty(3 * _BAND_PIXELS)
    resample = partial(_resample_batch, hash_size=hash_size, scratch=scratch)
    # Unlike a loop, map keeps no picture while the next is decoded.
    parts = map(resample, take_alike(pictures, _count_pixels, _BAND_PIXELS))
    return join_thumbnails(parts, hash_size)


def _count_pixels(picture: ByteArray) -> int:
    return int(math.prod(picture.shape[:2]))


def _resample_batch(
    pictures: Sequence[ByteArray], hash_size: int, scratch: Float64Array
) -> Thumbnails:
    """Make the thumbnails of pictures of one size."""
    batch = np.stack(pictures) if len(pictures) > 1 else pictures[0][np.newaxis]
    n, n_rows, n_columns = batch.shape[:3]
    grey_across = _grey_weights(n_columns, hash_size + 1, hash_size // 2)
    grey_down = _grey_weights(n_rows, hash_size, hash_size // 2)
    rgb, grey = _resample_rows(batch, grey_across, _weight_blocks(n_columns, MEAN_SIDE), scratch)
    columns = round_to_levels(grey).astype(np.float64).reshape(-1, n, n_rows)
    colours = _resample_columns(rgb, n, MEAN_SIDE, _weight_blocks(n_rows, MEAN_SIDE))
    return Thumbnails(
        _resample_grey_columns(columns[: hash_size + 1], grey_down[:hash_size]),
        _resample_grey_columns(columns[hash_size + 1 :], grey_down[hash_size:]),
        average_cells(colours),
    )


def _resample_rows(
    batch: ByteArray, grey_weights: Float64Array, rgb_blocks: _Blocks, scratch: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Resample the rows of n pictures to colours, shape (32, n · h, 3), and greys, (m, n · h).

    Each band of rows is converted to floating point once, for all thumbnails.
    """
    n, n_rows, n_columns, _ = batch.shape
    rows = batch.reshape(n * n_rows, n_columns, 3)
    rgb = np.empty((MEAN_SIDE, 3 * len(rows)))
    grey = np.empty((len(grey_weights), len(rows)))
    for band in _split_rows(len(rows), n_columns):
        levels = _transpose_to_floats(rows[band], scratch)
        values = slice(3 * band.start, 3 * band.stop)
        _resample(levels.reshape(n_columns, -1), rgb_blocks, out=rgb[:, values])
        np.matmul(grey_weights, _convert_to_grey(levels), out=grey[:, band])
    return rgb.reshape(MEAN_SIDE, -1, 3), grey


def _split_rows(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Split rows into bands."""
    step = max(1, _BAND_PIXELS // n_columns)
    return (slice(top, min(top + step, n_rows)) for top in range(0, n_rows, step))


def _transpose_to_floats(rows: np.ndarray, scratch: Float64Array) -> Float64Array:
    """Transpose rows of pixels, shape (h, w, ...), to floats, (w, h, ...), in `scratch`."""
    columns = np.asarray(cv2.transpose(rows))
    if len(scratch) < columns.size:  # a single row may be longer than a band
        scratch = np.empty(columns.size)
    levels = scratch[: columns.size].reshape(rows.shape[1], rows.shape[0], *rows.shape[2:])
    np.copyto(levels, columns.reshape(levels.shape))
    return levels


def _convert_to_grey(levels: Float64Array) -> Float64Array:
    """Convert RGB, shape (w, h, 3), to grey, shape (w, h)."""
    grey = np.asarray(cv2.transform(levels, GREY_WEIGHTS[np.newaxis]), dtype=np.float64)
    grey += 0.5
    return np.asarray(np.floor(grey, out=grey))


def _resample(values: Float64Array, blocks: _Blocks, out: Float64Array) -> None:
    """Resample along the last axis but one, shape (..., n_in, m) to (..., n_out, m)."""
    for inputs, outputs, weights in blocks:
        np.matmul(weights, values[..., inputs, :], out=out[..., outputs, :])


def _resample_columns(narrow: Float64Array, n: int, height: int, blocks: _Blocks) -> ByteArray:
    """Resample the columns of n pictures, shape (w, n · h, c), to (n, height, w, c)."""
    width, _, n_channels = narrow.shape
    # Rounded first: bytes are transposed much faster than floats.
    rows = np.asarray(cv2.transpose(round_to_levels(narrow)))
    levels = rows.reshape(n, -1, width * n_channels).astype(np.float64)
    small = np.empty((n, height, width * n_channels))
    _resample(levels, blocks, out=small)
    return round_to_levels(small).reshape(n, height, width, n_channels)


def _resample_grey_columns(columns: Float64Array, weights: Float64Array) -> ByteArray:
    """Resample the rounded columns of n grey pictures, shape (w, n, h), to (n, height, w)."""
    return round_to_levels(columns @ weights.T).transpose(1, 2, 0)


def average_cells(rgb: ByteArray) -> Float64Array:
    """Average thumbnails, shape (n, s, s, 3) with s a multiple of 4, to cells, (n, 4, 4, 3).

    Cells are exact where s is a power of two, and so is their mean.
    """
    n, side = rgb.shape[:2]
    cell = side // LAB_LAYOUT_SIDE
    # Rows first, over contiguous memory: several times faster than both axes at once.
    bands = rgb.reshape(n, LAB_LAYOUT_SIDE, cell, side * 3).sum(axis=2, dtype=np.uint32)
    sums = bands.reshape(n, LAB_LAYOUT_SIDE, LAB_LAYOUT_SIDE, cell, 3).sum(axis=3)
    return np.asarray(sums / cell**2)


@keep_weights
def _grey_weights(n_in: int, *n_outs: int) -> Float64Array:
    """Compute the weights of several grey thumbnails, one below the other."""
    return _round_to_fixed_point(compute_weights(n_in, *n_outs))


@keep_weights
def _weight_blocks(n_in: int, n_out: int) -> _Blocks:
    """Cut weights into blocks of outputs, each with only the inputs that it uses."""
    weights = _round_to_fixed_point(compute_weights(n_in, n_out))
    blocks = []
    for first in range(0, n_out, _BLOCK_OUTPUTS):
        outputs = slice(first, first + _BLOCK_OUTPUTS)
        used = np.flatnonzero(weights[outputs].any(axis=0))
        inputs = slice(int(used[0]), int(used[-1]) + 1)
        blocks.append((inputs, outputs, np.ascontiguousarray(weights[outputs, inputs])))
    return blocks


def _round_to_fixed_point(weights: Float64Array) -> Float64Array:
    """Round weights as Pillow does."""
    return np.asarray(np.floor(weights * _N_STEPS + 0.5) / _N_STEPS)
