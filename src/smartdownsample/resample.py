"""From a picture to its thumbnails: antialiased Lanczos resampling as matrix products.

Pure functions of arrays. A resize is two products, first along the rows and then along the
columns, each rounded to 8 bits: bit for bit what Pillow's ``LANCZOS`` gives (before release 13,
which for some shapes takes the columns first).

Pixels have 8 bits and weights are whole multiples of 2**-22, so that every sum is exact in
float64, in whatever order it is taken: a picture's features are the same on every machine, with
every linear algebra library, alone or among others.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby, islice
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from .model import ByteArray

LevelArray: TypeAlias = npt.NDArray[np.float64]

MEAN_SIDE = 32

# Lobes of the Lanczos kernel, Pillow's LANCZOS.
_LOBES = 3
# Weights are rounded to multiples of 2**-22, as in Pillow's fixed-point arithmetic.
_WEIGHT_STEPS = 2**22
# ITU-R BT.601 luma in units of 2**-16, as in Pillow's conversion to "L".
_GREY_WEIGHTS = np.array([19595, 38470, 7471], dtype=np.float64) / np.float64(2**16)
# Large pictures are resampled in bands and small ones together, of this many pixels: few array
# operations, in little memory.
_BAND_PIXELS = 2**17
# Columns of the weights that are multiplied at a time: each needs a part of the rows only.
_BLOCK_COLUMNS = 8
# Sizes whose weights are kept; crops come in hundreds of sizes, of some 20 kB each.
_N_SIZES = 1024


class Thumbnails(NamedTuple):
    """The thumbnails that the features of n pictures are computed from, all uint8.

    ``dhash`` is grey, shape (n, h, h + 1); ``ahash`` is grey, shape (n, h // 2, h // 2); ``mean``
    is RGB, shape (n, 32, 32, 3), where h is the hash size.
    """

    dhash: ByteArray
    ahash: ByteArray
    mean: ByteArray


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
    Costs about 45 multiplications for each pixel. Small pictures of one size that follow each
    other share the array operations: each of these gives up the interpreter to other workers,
    which costs more than the operation.
    """
    empty = [np.zeros((0, *shape), dtype=np.float64) for shape in _thumbnail_shapes(hash_size)]
    # Large arrays that come and go cost more in page faults than in arithmetic.
    scratch = np.empty(4 * _BAND_PIXELS)
    batches = [_shrink_batch(batch, hash_size, scratch) for batch in _batch_pictures(pictures)]
    stacks = (np.concatenate(same) for same in zip(empty, *batches, strict=True))
    return Thumbnails(*map(_round_to_levels, stacks))


def _thumbnail_shapes(hash_size: int) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of one picture's thumbnails, in the order of `Thumbnails`."""
    ahash_size = hash_size // 2
    return (hash_size, hash_size + 1), (ahash_size, ahash_size), (MEAN_SIDE, MEAN_SIDE, 3)


def _batch_pictures(pictures: Iterable[ByteArray]) -> Iterator[ByteArray]:
    """Stack neighbours of one size, shape (n, h, w, 3); large pictures stand alone."""
    for (n_rows, n_columns, _), same in groupby(pictures, key=lambda pixels: pixels.shape):
        size = max(1, _BAND_PIXELS // (n_rows * n_columns))
        while batch := list(islice(same, size)):
            yield np.stack(batch) if len(batch) > 1 else batch[0][np.newaxis]


def _shrink_batch(
    batch: ByteArray, hash_size: int, scratch: LevelArray
) -> tuple[LevelArray, LevelArray, LevelArray]:
    """Shrink pictures of one size to their thumbnails, before the last rounding.

    One pass over the pictures: each band of rows is converted to numbers once and serves all
    three thumbnails.
    """
    n, n_rows, n_columns = batch.shape[:3]
    grey_weights = _join_weights(n_columns, hash_size + 1, hash_size // 2)
    n_rgb = 3 * n * n_rows * MEAN_SIDE
    # Side by side in memory, to be rounded in one go.
    narrow = np.empty(n_rgb + n * n_rows * grey_weights.shape[1], dtype=np.float64)
    rgb = narrow[:n_rgb].reshape(n, 3, n_rows, -1)
    grey = narrow[n_rgb:].reshape(n, n_rows, -1)
    for band in _split_rows(n_rows, n * n_columns):
        planes, levels = _convert_band(batch[:, band], scratch)
        _shrink_rows(planes, MEAN_SIDE, out=rgb[:, :, band])
        np.matmul(levels, grey_weights, out=grey[:, band])
    _round_in_place(narrow)
    return (
        _shrink_columns(grey[..., : hash_size + 1], hash_size),
        _shrink_columns(grey[..., hash_size + 1 :], hash_size // 2),
        _shrink_columns(rgb, MEAN_SIDE).transpose(0, 2, 3, 1),
    )


def _split_rows(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Split the rows of a picture into bands."""
    step = max(1, _BAND_PIXELS // n_columns)
    return (slice(top, min(top + step, n_rows)) for top in range(0, n_rows, step))


def _split_planes(pixels: ByteArray) -> LevelArray:
    """Convert pixels, shape (..., h, w, c), to numbers, shape (..., c, h, w)."""
    return np.moveaxis(pixels, -1, -3).astype(np.float64, order="C")


def _convert_band(pixels: ByteArray, scratch: LevelArray) -> tuple[LevelArray, LevelArray]:
    """Convert RGB, shape (n, h, w, 3), to planes, (n, 3, h, w), and to grey, (n, h, w)."""
    n, n_rows, n_columns, _ = pixels.shape
    size = n * n_rows * n_columns
    if len(scratch) < 4 * size:  # a single row that is wider than a band
        scratch = np.empty(4 * size)
    planes = scratch[: 3 * size].reshape(n, 3, n_rows, n_columns)
    grey = scratch[3 * size : 4 * size].reshape(n, n_rows * n_columns)
    np.copyto(planes, np.moveaxis(pixels, -1, -3))
    np.matmul(_GREY_WEIGHTS, planes.reshape(n, 3, -1), out=grey)
    grey += 0.5
    np.floor(grey, out=grey)
    return planes, grey.reshape(n, n_rows, n_columns)


def resize_lanczos(pixels: ByteArray, width: int, height: int) -> ByteArray:
    """Resize with an antialiased Lanczos filter, whose support grows as the picture shrinks.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, c)
        One or more channels.
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
    narrow = np.empty((n_channels, n_rows, width), dtype=np.float64)
    for band in _split_rows(n_rows, n_columns):
        _shrink_rows(_split_planes(pixels[band]), width, out=narrow[:, band])
    _round_in_place(narrow)
    return _round_to_levels(_shrink_columns(narrow, height).transpose(1, 2, 0))


def _shrink_rows(planes: LevelArray, width: int, out: LevelArray) -> None:
    """Resample along the rows, shape (..., h, w) to (..., h, width), before rounding."""
    for inputs, outputs, weights in _lanczos_blocks(planes.shape[-1], width):
        np.matmul(planes[..., inputs], weights, out=out[..., outputs])


def _shrink_columns(narrow: LevelArray, height: int) -> LevelArray:
    """Resample along the columns, shape (..., h, w) to (..., height, w)."""
    small: LevelArray = _lanczos_weights(narrow.shape[-2], height).T @ narrow
    return small


def _round_to_levels(values: LevelArray) -> ByteArray:
    """Round to pixels, C-contiguous; the input is not changed."""
    rounded = np.array(values, dtype=np.float64, order="C")
    _round_in_place(rounded)
    return rounded.astype(np.uint8)


def _round_in_place(values: LevelArray) -> None:
    """Round to whole levels of 0 to 255, halves up."""
    values += np.float64(0.5)
    np.floor(values, out=values)
    np.maximum(values, 0, out=values)
    np.minimum(values, 255, out=values)


@lru_cache(maxsize=_N_SIZES)
def _join_weights(n_in: int, *n_outs: int) -> LevelArray:
    """Put the weights of several widths side by side, shape (n_in, sum of n_outs)."""
    return np.hstack([_lanczos_weights(n_in, n_out) for n_out in n_outs])


@lru_cache(maxsize=_N_SIZES)
def _lanczos_blocks(n_in: int, n_out: int) -> list[tuple[slice, slice, LevelArray]]:
    """Cut the weights into blocks of columns without the rows that are zero in all of them."""
    weights = _lanczos_weights(n_in, n_out)
    blocks = []
    for first in range(0, n_out, _BLOCK_COLUMNS):
        outputs = slice(first, first + _BLOCK_COLUMNS)
        used = np.flatnonzero(weights[:, outputs].any(axis=1))
        inputs = slice(int(used[0]), int(used[-1]) + 1)
        blocks.append((inputs, outputs, np.ascontiguousarray(weights[inputs, outputs])))
    return blocks


@lru_cache(maxsize=_N_SIZES)
def _lanczos_weights(n_in: int, n_out: int) -> LevelArray:
    """Compute how much each of `n_in` pixels adds to each of `n_out`, shape (n_in, n_out)."""
    scale = n_in / n_out
    stretch = max(scale, 1.0)
    centres = (np.arange(n_out) + 0.5) * scale
    starts = np.maximum((centres - _LOBES * stretch + 0.5).astype(np.int64), 0)
    stops = np.minimum((centres + _LOBES * stretch + 0.5).astype(np.int64), n_in)
    places = np.arange(n_in)[:, np.newaxis]
    distances = (places + 0.5 - centres) / stretch
    weights = np.sinc(distances) * np.sinc(distances / _LOBES)
    weights[(places < starts) | (places >= stops)] = 0
    weights /= weights.sum(axis=0)
    rounded: LevelArray = np.floor(weights * _WEIGHT_STEPS + 0.5) / _WEIGHT_STEPS
    rounded.flags.writeable = False
    return rounded
