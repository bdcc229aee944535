"""From pictures to their thumbnails: antialiased Lanczos resampling as matrix products.

Pure functions of arrays. A resize is two products, first along the rows and then along the
columns, each rounded to 8 bits: bit for bit what Pillow's ``LANCZOS`` gives (before release 13,
which for some shapes takes the columns first).

Pixels have 8 bits and weights are whole multiples of a power of two, so small that every sum is
exact, in whatever order it is taken: a picture's features are the same with every linear algebra
library, alone or among others.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias

import cv2
import numpy as np

from ..records import LAB_LAYOUT_SIDE, ByteArray, Float64Array
from .thumbnails import (
    GREY_WEIGHTS,
    MEAN_SIDE,
    Thumbnails,
    join_thumbnails,
    round_to_levels,
    take_together,
)
from .weights import compute_weights, keep_weights

# Which inputs make which outputs, and their weights, shape (n_out, n_in).
Blocks: TypeAlias = list[tuple[slice, slice, Float64Array]]
# Weights are rounded to multiples of 2**-22, as in Pillow's fixed-point arithmetic.
_N_STEPS = 2**22
# Large pictures are resampled in bands and small ones together, of this many pixels: few array
# operations, in memory that stays near the processor.
_BAND_PIXELS = 2**18
# Outputs that are computed at a time: each needs a part of the inputs only.
_BLOCK_OUTPUTS = 8


def make_thumbnails(pictures: Iterable[ByteArray], hash_size: int) -> Thumbnails:
    """Shrink pictures to the thumbnails of their features.

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
        In the order given. Grey is (19595 R + 38470 G + 7471 B + 32768) >> 16, as in Pillow's
        conversion to "L".

    Notes
    -----
    Costs about 35 multiplications for each pixel. Small pictures of one size that follow each
    other share the array operations.
    """
    # Large arrays that come and go cost more in page faults than in arithmetic.
    scratch = np.empty(3 * _BAND_PIXELS)
    parts = (
        _shrink_batch(list(alike), hash_size, scratch)
        for batch in take_together(pictures, _count_pixels, _BAND_PIXELS)
        for _, alike in groupby(batch, key=attrgetter("shape"))
    )
    return join_thumbnails(parts, hash_size)


def _count_pixels(picture: ByteArray) -> int:
    return int(math.prod(picture.shape[:2]))


def _shrink_batch(
    pictures: Sequence[ByteArray], hash_size: int, scratch: Float64Array
) -> Thumbnails:
    """Shrink pictures of one size to their thumbnails."""
    batch = np.stack(pictures) if len(pictures) > 1 else pictures[0][np.newaxis]
    n, n_rows, n_columns = batch.shape[:3]
    across, down = (
        (_grey_weights(n_columns, hash_size + 1, hash_size // 2), _blocks(n_columns, MEAN_SIDE)),
        (_grey_weights(n_rows, hash_size, hash_size // 2), _blocks(n_rows, MEAN_SIDE)),
    )
    rgb, grey = _shrink_rows(batch, *across, scratch)
    columns = round_to_levels(grey).astype(np.float64).reshape(-1, n, n_rows)
    return Thumbnails(
        _shrink_grey(columns[: hash_size + 1], down[0][:hash_size]),
        _shrink_grey(columns[hash_size + 1 :], down[0][hash_size:]),
        average_cells(_shrink_columns(rgb, n, MEAN_SIDE, down[1])),
    )


def _shrink_rows(
    batch: ByteArray, grey_weights: Float64Array, rgb_blocks: Blocks, scratch: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Shrink the rows of n pictures to colours, shape (32, n · h, 3), and greys, (m, n · h).

    One pass over the pictures: each band of rows is converted to numbers once and serves all
    thumbnails.
    """
    n, n_rows, n_columns, _ = batch.shape
    rows = batch.reshape(n * n_rows, n_columns, 3)
    rgb = np.empty((MEAN_SIDE, 3 * len(rows)))
    grey = np.empty((len(grey_weights), len(rows)))
    for band in _split_rows(len(rows), n_columns):
        levels = _convert_rows(rows[band], scratch)
        values = slice(3 * band.start, 3 * band.stop)
        _shrink(levels.reshape(n_columns, -1), rgb_blocks, out=rgb[:, values])
        np.matmul(grey_weights, _convert_to_grey(levels), out=grey[:, band])
    return rgb.reshape(MEAN_SIDE, -1, 3), grey


def resize_lanczos(pixels: ByteArray, width: int, height: int) -> ByteArray:
    """Resize with an antialiased Lanczos filter, whose support grows as the picture shrinks.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, c)
        One to four channels.
    width, height : int
        Size of the result in pixels.

    Returns
    -------
    ndarray of uint8, shape (height, width, c)
        The resized picture, C-contiguous.

    Notes
    -----
    Costs about h · w · width · c multiplications; the matrices are kept for sizes that recur.

    References
    ----------
    C. E. Duchon, "Lanczos Filtering in One and Two Dimensions", Journal of Applied
    Meteorology 18 (1979), https://doi.org/10.1175/1520-0450(1979)018<1016:LFIOAT>2.0.CO;2
    """
    n_rows, n_columns, n_channels = pixels.shape
    across, down = _blocks(n_columns, width), _blocks(n_rows, height)
    narrow = np.empty((width, n_rows * n_channels))
    scratch = np.empty(3 * _BAND_PIXELS)
    for band in _split_rows(n_rows, n_columns):
        levels = _convert_rows(np.ascontiguousarray(pixels[band]), scratch)
        values = slice(n_channels * band.start, n_channels * band.stop)
        _shrink(levels.reshape(n_columns, -1), across, out=narrow[:, values])
    (resized,) = _shrink_columns(narrow.reshape(width, n_rows, n_channels), 1, height, down)
    return np.asarray(resized, dtype=np.uint8)


def _split_rows(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Split rows into bands."""
    step = max(1, _BAND_PIXELS // n_columns)
    return (slice(top, min(top + step, n_rows)) for top in range(0, n_rows, step))


def _convert_rows(rows: np.ndarray, scratch: Float64Array) -> Float64Array:
    """Convert rows of pixels, shape (h, w, ...), to columns of numbers, (w, h, ...)."""
    columns = np.asarray(cv2.transpose(rows))
    if len(scratch) < columns.size:  # more than a band
        scratch = np.empty(columns.size)
    levels = scratch[: columns.size].reshape(rows.shape[1], rows.shape[0], *rows.shape[2:])
    np.copyto(levels, columns.reshape(levels.shape))
    return levels


def _convert_to_grey(levels: Float64Array) -> Float64Array:
    """Convert RGB, shape (w, h, 3), to grey, shape (w, h)."""
    grey = np.asarray(cv2.transform(levels, GREY_WEIGHTS[np.newaxis]), dtype=np.float64)
    grey += 0.5
    return np.asarray(np.floor(grey, out=grey))


def _shrink(values: Float64Array, blocks: Blocks, out: Float64Array) -> None:
    """Resample along the last axis but one, shape (..., n_in, m) to (..., n_out, m)."""
    for inputs, outputs, weights in blocks:
        np.matmul(weights, values[..., inputs, :], out=out[..., outputs, :])


def _shrink_columns(narrow: Float64Array, n: int, height: int, blocks: Blocks) -> ByteArray:
    """Shrink the columns of n pictures, shape (w, n · h, c), to (n, height, w, c)."""
    width, _, n_channels = narrow.shape
    # Rounded, the numbers are bytes, which are quickly brought back into rows.
    rows = np.asarray(cv2.transpose(round_to_levels(narrow)))
    levels = rows.reshape(n, -1, width * n_channels).astype(np.float64)
    small = np.empty((n, height, width * n_channels))
    _shrink(levels, blocks, out=small)
    return round_to_levels(small).reshape(n, height, width, n_channels)


def _shrink_grey(columns: Float64Array, weights: Float64Array) -> ByteArray:
    """Shrink the rounded columns of n grey pictures, shape (w, n, h), to (n, height, w)."""
    return round_to_levels(columns @ weights.T).transpose(1, 2, 0)


def average_cells(rgb: ByteArray) -> Float64Array:
    """Compute the mean colour of each cell of a 4×4 grid.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (n, s, s, 3)
        RGB thumbnails; s is a multiple of 4.

    Returns
    -------
    ndarray of float64, shape (n, 4, 4, 3)
        In levels of 0 to 255; exact where s is a power of two, and so is their mean.
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
    return _round_weights(compute_weights(n_in, *n_outs))


@keep_weights
def _blocks(n_in: int, n_out: int) -> Blocks:
    """Cut weights into blocks of outputs, without the inputs that none of them takes."""
    weights = _round_weights(compute_weights(n_in, n_out))
    blocks = []
    for first in range(0, n_out, _BLOCK_OUTPUTS):
        outputs = slice(first, first + _BLOCK_OUTPUTS)
        used = np.flatnonzero(weights[outputs].any(axis=0))
        inputs = slice(int(used[0]), int(used[-1]) + 1)
        blocks.append((inputs, outputs, np.ascontiguousarray(weights[outputs, inputs])))
    return blocks


def _round_weights(weights: Float64Array) -> Float64Array:
    """Round weights as Pillow does."""
    return np.asarray(np.floor(weights * _N_STEPS + 0.5) / _N_STEPS)
