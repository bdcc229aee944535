"""From pictures to their thumbnails: antialiased Lanczos resampling as matrix products.

Pure functions of arrays. A resize is two products, first along the rows and then along the
columns, each rounded to 8 bits: bit for bit what Pillow's ``LANCZOS`` gives (before release 13,
which for some shapes takes the columns first).

Pixels have 8 bits and weights are whole multiples of a power of two, so small that every sum is
exact, in whatever order it is taken: a picture's features are the same with every linear algebra
library, alone or among others.
"""

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, TypeAlias, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from .batches import take_together
from .model import LAB_LAYOUT_SIDE, ByteArray

LevelArray: TypeAlias = npt.NDArray[np.float64]
# Which inputs make which outputs, and their weights, shape (n_out, n_in).
Blocks: TypeAlias = list[tuple[slice, slice, LevelArray]]

_Weights = TypeVar("_Weights")

MEAN_SIDE = 32
# ITU-R BT.601 luma in units of 2**-16, as in Pillow's conversion to "L".
GREY_WEIGHTS = np.array([19595, 38470, 7471]) / 2**16

# Lobes of the Lanczos kernel, Pillow's LANCZOS.
_LOBES = 3
# Weights are rounded to multiples of 2**-22, as in Pillow's fixed-point arithmetic.
_N_STEPS = 2**22
# Large pictures are resampled in bands and small ones together, of this many pixels: few array
# operations, in memory that stays near the processor.
_BAND_PIXELS = 2**18
# Outputs that are computed at a time: each needs a part of the inputs only.
_BLOCK_OUTPUTS = 8
# Weights that each function keeps: of the lengths that crops of up to 640 pixels have, all.
_MOST_KEPT_BYTES = 2**26


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
    cells: LevelArray


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


def join_thumbnails(parts: Iterable[Thumbnails], hash_size: int) -> Thumbnails:
    """Join thumbnails of the same hash size, one part after the other; there may be none."""
    ahash_size = hash_size // 2
    empty = Thumbnails(
        np.zeros((0, hash_size, hash_size + 1), dtype=np.uint8),
        np.zeros((0, ahash_size, ahash_size), dtype=np.uint8),
        np.zeros((0, LAB_LAYOUT_SIDE, LAB_LAYOUT_SIDE, 3)),
    )
    return Thumbnails(*map(np.concatenate, zip(empty, *parts, strict=True)))


def _count_pixels(picture: ByteArray) -> int:
    return int(math.prod(picture.shape[:2]))


def _shrink_batch(pictures: Sequence[ByteArray], hash_size: int, scratch: LevelArray) -> Thumbnails:
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
    batch: ByteArray, grey_weights: LevelArray, rgb_blocks: Blocks, scratch: LevelArray
) -> tuple[LevelArray, LevelArray]:
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


def _convert_rows(rows: np.ndarray, scratch: LevelArray) -> LevelArray:
    """Convert rows of pixels, shape (h, w, ...), to columns of numbers, (w, h, ...)."""
    columns = np.asarray(cv2.transpose(rows))
    if len(scratch) < columns.size:  # more than a band
        scratch = np.empty(columns.size)
    levels = scratch[: columns.size].reshape(rows.shape[1], rows.shape[0], *rows.shape[2:])
    np.copyto(levels, columns.reshape(levels.shape))
    return levels


def _convert_to_grey(levels: LevelArray) -> LevelArray:
    """Convert RGB, shape (w, h, 3), to grey, shape (w, h)."""
    grey = np.asarray(cv2.transform(levels, GREY_WEIGHTS[np.newaxis]), dtype=np.float64)
    grey += 0.5
    return np.asarray(np.floor(grey, out=grey))


def _shrink(values: LevelArray, blocks: Blocks, out: LevelArray) -> None:
    """Resample along the last axis but one, shape (..., n_in, m) to (..., n_out, m)."""
    for inputs, outputs, weights in blocks:
        np.matmul(weights, values[..., inputs, :], out=out[..., outputs, :])


def _shrink_columns(narrow: LevelArray, n: int, height: int, blocks: Blocks) -> ByteArray:
    """Shrink the columns of n pictures, shape (w, n · h, c), to (n, height, w, c)."""
    width, _, n_channels = narrow.shape
    # Rounded, the numbers are bytes, which are quickly brought back into rows.
    rows = np.asarray(cv2.transpose(round_to_levels(narrow)))
    levels = rows.reshape(n, -1, width * n_channels).astype(np.float64)
    small = np.empty((n, height, width * n_channels))
    _shrink(levels, blocks, out=small)
    return round_to_levels(small).reshape(n, height, width, n_channels)


def _shrink_grey(columns: LevelArray, weights: LevelArray) -> ByteArray:
    """Shrink the rounded columns of n grey pictures, shape (w, n, h), to (n, height, w)."""
    return round_to_levels(columns @ weights.T).transpose(1, 2, 0)


def round_to_levels(values: LevelArray) -> ByteArray:
    """Round to levels of 0 to 255, halves up; the input is used up."""
    values += 0.5
    values.clip(0, 255, out=values)
    return values.astype(np.uint8)


def average_cells(rgb: ByteArray) -> LevelArray:
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


def keep_weights(compute: Callable[..., _Weights]) -> Callable[..., _Weights]:
    """Keep weights, as far as there is room for those used last; pictures share lengths often.

    Parameters
    ----------
    compute : callable
        Takes whole numbers and gives arrays, lists or tuples of them.

    Returns
    -------
    callable
        Gives the same; what it gives must not be changed.
    """
    kept: dict[tuple[int, ...], _Weights] = {}
    lock = threading.Lock()
    n_bytes = 0

    @wraps(compute)
    def find(*lengths: int) -> _Weights:
        nonlocal n_bytes
        with lock:
            if lengths in kept:
                # The one used last stands last.
                kept[lengths] = kept.pop(lengths)
                return kept[lengths]
        weights = compute(*lengths)
        with lock:
            if lengths not in kept and _count_bytes(weights) <= _MOST_KEPT_BYTES:
                kept[lengths] = weights
                n_bytes += _count_bytes(weights)
            while n_bytes > _MOST_KEPT_BYTES:
                n_bytes -= _count_bytes(kept.pop(next(iter(kept))))
        return weights

    return find


def _count_bytes(weights: object) -> int:
    """Count the bytes of all arrays."""
    if isinstance(weights, list | tuple):
        return sum(map(_count_bytes, weights))
    return weights.nbytes if isinstance(weights, np.ndarray) else 0


@keep_weights
def _grey_weights(n_in: int, *n_outs: int) -> LevelArray:
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


def compute_weights(n_in: int, *n_outs: int) -> LevelArray:
    """Compute how much each of some inputs adds to each output of Lanczos resamplings.

    Parameters
    ----------
    n_in : int
        Pixels before.
    *n_outs : int
        Pixels after, of each resampling.

    Returns
    -------
    ndarray of float64, shape (sum(n_outs), n_in)
        Weights, one resampling below the other; those of an output add up to 1.
    """
    scale = (n_in / np.repeat(n_outs, n_outs))[:, np.newaxis]
    stretch = np.maximum(scale, 1)
    numbers = np.concatenate([np.arange(n_out) for n_out in n_outs])
    centres = (numbers[:, np.newaxis] + 0.5) * scale
    starts = np.maximum((centres - _LOBES * stretch + 0.5).astype(np.int64), 0)
    stops = np.minimum((centres + _LOBES * stretch + 0.5).astype(np.int64), n_in)
    places = np.arange(n_in)
    is_near = (places >= starts) & (places < stops)
    distances = ((places + 0.5 - centres) / stretch)[is_near]
    weights = np.zeros(is_near.shape)
    weights[is_near] = np.sinc(distances) * np.sinc(distances / _LOBES)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _round_weights(weights: LevelArray) -> LevelArray:
    """Round weights as Pillow does."""
    return np.asarray(np.floor(weights * _N_STEPS + 0.5) / _N_STEPS)
