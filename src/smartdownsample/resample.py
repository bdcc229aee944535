"""From a picture to its thumbnails: antialiased Lanczos resampling as matrix products.

Pure functions of arrays. A resize is two products, first along the rows and then along the
columns, each rounded to 8 bits. In `EXACT` arithmetic that is bit for bit what Pillow's
``LANCZOS`` gives (before release 13, which for some shapes takes the columns first). `FAST`
arithmetic takes a third of the time; some greys are a level off, some colours two.

Pixels have 8 bits and weights are whole multiples of a power of two, so small that every sum is
exact, in whatever order it is taken: a picture's features are the same with every linear algebra
library, alone or among others. In `FAST` arithmetic OpenCV averages and turns to grey, in whole
numbers that its builds for other processors may round otherwise.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby, islice
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from .model import ByteArray

LevelArray: TypeAlias = npt.NDArray[np.floating]
# Which inputs make which outputs, and their weights, shape (n_out, n_in).
Blocks: TypeAlias = list[tuple[slice, slice, LevelArray]]

MEAN_SIDE = 32

# Lobes of the Lanczos kernel, Pillow's LANCZOS.
_LOBES = 3
# ITU-R BT.601 luma in units of 2**-16, as in Pillow's conversion to "L".
_GREY_WEIGHTS = np.array([[19595, 38470, 7471]]) / 2**16
# Large pictures are resampled in bands and small ones together, of this many pixels: few array
# operations, in memory that stays near the processor.
_BAND_PIXELS = 2**18
# Outputs that are computed at a time: each needs a part of the inputs only.
_BLOCK_OUTPUTS = 8
# Colours of larger pictures are averaged over squares of four pixels first, in `FAST` arithmetic.
_HALVED_SIDE = 3 * MEAN_SIDE
# Means of four whole levels are rounded half up: of the remainders 0 to 3, the third gains 1/2 and
# the others lose and gain 1/4, 1/8 on average.
_HALVING_BIAS = 1 / 8
# Sizes whose weights are kept; crops come in hundreds of sizes, of some 20 kB each.
_N_SIZES = 1024


class Arithmetic(NamedTuple):
    """What is computed with: a type of numbers, and the steps that weights take in 1.

    ``max_side`` is the most pixels in a row or column for which it serves; ``is_brief`` leaves
    more to the whole numbers of the decoder's library.
    """

    dtype: type[np.floating]
    n_steps: int
    max_side: int
    is_brief: bool


# Pillow's fixed point: 8 bits of a pixel, 22 of a weight, and as many as there are terms.
EXACT = Arithmetic(np.float64, 2**22, 2**16, is_brief=False)
# A float32 has 24 bits: 8 of a pixel, 15 of a weight, and one since absolute weights add up to
# less than 2. Of more terms, the errors of the weights add up to a tenth of a level.
FAST = Arithmetic(np.float32, 2**15, 2**11, is_brief=True)


class Thumbnails(NamedTuple):
    """The thumbnails that the features of n pictures are computed from, all uint8.

    ``dhash`` is grey, shape (n, h, h + 1); ``ahash`` is grey, shape (n, h // 2, h // 2); ``mean``
    is RGB, shape (n, 32, 32, 3), where h is the hash size.
    """

    dhash: ByteArray
    ahash: ByteArray
    mean: ByteArray


def make_thumbnails(
    pictures: Iterable[ByteArray], hash_size: int, arithmetic: Arithmetic = EXACT
) -> Thumbnails:
    """Shrink pictures to the thumbnails of their features.

    Parameters
    ----------
    pictures : iterable of ndarray of uint8, shape (h, w, 3)
        RGB, of any sizes; not changed. Taken one after the other, so that no more than a batch
        is held at a time.
    hash_size : int
        Side of the DHash in bits.
    arithmetic : Arithmetic
        What to compute with; pictures that are too large for it are computed in `EXACT`.

    Returns
    -------
    Thumbnails
        In the order given. Grey is (19595 R + 38470 G + 7471 B + 32768) >> 16, as in Pillow's
        conversion to "L"; in `FAST` arithmetic the weights have 15 bits.

    Notes
    -----
    Costs about 35 multiplications for each pixel. Small pictures of one size that follow each
    other share the array operations: each of these gives up the interpreter to other workers,
    which costs more than the operation.
    """
    empty = tuple(np.zeros((0, *shape), dtype=np.uint8) for shape in _thumbnail_shapes(hash_size))
    # Large arrays that come and go cost more in page faults than in arithmetic.
    scratch = np.empty(3 * _BAND_PIXELS * np.dtype(arithmetic.dtype).itemsize, dtype=np.uint8)
    batches = (
        _shrink_batch(batch, hash_size, arithmetic, scratch) for batch in _batch_pictures(pictures)
    )
    return Thumbnails(*map(np.concatenate, zip(empty, *batches, strict=True)))


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


class _Weights(NamedTuple):
    """What shrinks the rows of pictures of one width."""

    grey: LevelArray
    rgb: Blocks


def _shrink_batch(
    batch: ByteArray, hash_size: int, arithmetic: Arithmetic, scratch: ByteArray
) -> tuple[ByteArray, ByteArray, ByteArray]:
    """Shrink pictures of one size to their thumbnails."""
    n, n_rows, n_columns = batch.shape[:3]
    if max(n_rows, n_columns) > arithmetic.max_side:
        arithmetic = EXACT
    is_halved = arithmetic.is_brief and min(n_rows, n_columns) >= _HALVED_SIDE
    widths, heights = (hash_size + 1, hash_size // 2), (hash_size, hash_size // 2)
    across = _Weights(
        _grey_weights(n_columns, widths, arithmetic),
        _rgb_weights(n_columns, arithmetic, is_halved=is_halved),
    )
    shrink_rows = _shrink_halved_rows if is_halved else _shrink_rows
    rgb, grey = shrink_rows(batch, across, scratch)
    columns = _round_to_levels(grey).astype(grey.dtype).reshape(-1, n, n_rows)
    down = _grey_weights(n_rows, heights, arithmetic)
    return (
        _shrink_grey(columns[: hash_size + 1], down[:hash_size]),
        _shrink_grey(columns[hash_size + 1 :], down[hash_size:]),
        _shrink_columns(rgb, n, MEAN_SIDE, _rgb_weights(n_rows, arithmetic, is_halved=is_halved)),
    )


def _shrink_rows(
    batch: ByteArray, across: _Weights, scratch: ByteArray
) -> tuple[LevelArray, LevelArray]:
    """Shrink the rows of n pictures to colours, shape (32, n · h, 3), and greys, (m, n · h).

    One pass over the pictures: each band of rows is converted to numbers once and serves all
    thumbnails.
    """
    n, n_rows, n_columns, _ = batch.shape
    rows = batch.reshape(n * n_rows, n_columns, 3)
    rgb = np.empty((MEAN_SIDE, 3 * len(rows)), dtype=across.grey.dtype)
    grey = np.empty((len(across.grey), len(rows)), dtype=rgb.dtype)
    for band in _split_rows(len(rows), n_columns):
        levels = _convert_rows(rows[band], rgb.dtype, scratch)
        values = slice(3 * band.start, 3 * band.stop)
        _shrink(levels.reshape(n_columns, -1), across.rgb, out=rgb[:, values])
        np.matmul(across.grey, _convert_to_grey(levels), out=grey[:, band])
    return rgb.reshape(MEAN_SIDE, -1, 3), grey


def _shrink_halved_rows(
    batch: ByteArray, across: _Weights, scratch: ByteArray
) -> tuple[LevelArray, LevelArray]:
    """Do the same in less time, with colours averaged over squares of four pixels.

    The decoder's library averages, and turns colours to grey, in whole numbers.
    """
    n, n_rows, n_columns, _ = batch.shape
    rows = batch.reshape(n * n_rows, n_columns, 3)
    greys = np.asarray(cv2.cvtColor(rows, cv2.COLOR_RGB2GRAY))
    grey = across.grey @ _convert_rows(greys, across.grey.dtype, scratch)
    if n_rows % 2 or n_columns % 2:
        rows = _make_even(batch).reshape(-1, n_columns + n_columns % 2, 3)
    size = rows.shape[1] // 2, len(rows) // 2
    halved = np.asarray(cv2.resize(rows, size, interpolation=cv2.INTER_AREA))
    levels = _convert_rows(halved, across.grey.dtype, scratch)
    rgb = np.empty((MEAN_SIDE, 3 * size[1]), dtype=levels.dtype)
    _shrink(levels.reshape(size[0], -1), across.rgb, out=rgb)
    rgb -= levels.dtype.type(_HALVING_BIAS)
    return rgb.reshape(MEAN_SIDE, -1, 3), grey


def _make_even(batch: ByteArray) -> ByteArray:
    """Repeat the last row and column of pictures where their number is odd."""
    n, n_rows, n_columns, _ = batch.shape
    even = np.empty((n, n_rows + n_rows % 2, n_columns + n_columns % 2, 3), dtype=np.uint8)
    even[:, :n_rows, :n_columns] = batch
    even[:, n_rows:, :n_columns] = batch[:, -1:]
    even[:, :, n_columns:] = even[:, :, n_columns - 1 : n_columns]
    return even


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
        The resized picture, C-contiguous; in `EXACT` arithmetic.

    Notes
    -----
    Costs about h · w · width · c multiplications; the matrices are kept for sizes that recur.

    References
    ----------
    C. E. Duchon, "Lanczos Filtering in One and Two Dimensions", Journal of Applied
    Meteorology 18 (1979), https://doi.org/10.1175/1520-0450(1979)018<1016:LFIOAT>2.0.CO;2
    """
    n_rows, n_columns, n_channels = pixels.shape
    across, down = _exact_blocks(n_columns, width), _exact_blocks(n_rows, height)
    narrow = np.empty((width, n_rows * n_channels), dtype=EXACT.dtype)
    scratch = np.empty(3 * _BAND_PIXELS * np.dtype(EXACT.dtype).itemsize, dtype=np.uint8)
    for band in _split_rows(n_rows, n_columns):
        levels = _convert_rows(np.ascontiguousarray(pixels[band]), EXACT.dtype, scratch)
        values = slice(n_channels * band.start, n_channels * band.stop)
        _shrink(levels.reshape(n_columns, -1), across, out=narrow[:, values])
    (resized,) = _shrink_columns(narrow.reshape(width, n_rows, n_channels), 1, height, down)
    return np.asarray(resized, dtype=np.uint8)


def _split_rows(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Split rows into bands."""
    step = max(1, _BAND_PIXELS // n_columns)
    return (slice(top, min(top + step, n_rows)) for top in range(0, n_rows, step))


def _convert_rows(rows: np.ndarray, dtype: npt.DTypeLike, scratch: ByteArray) -> LevelArray:
    """Convert rows of pixels, shape (h, w, ...), to columns of numbers, (w, h, ...)."""
    columns = np.asarray(cv2.transpose(rows))
    n_bytes = columns.size * np.dtype(dtype).itemsize
    if len(scratch) < n_bytes:  # more than a band
        scratch = np.empty(n_bytes, dtype=np.uint8)
    levels = scratch[:n_bytes].view(dtype).reshape(rows.shape[1], rows.shape[0], *rows.shape[2:])
    np.copyto(levels, columns.reshape(levels.shape))
    return levels


def _convert_to_grey(levels: LevelArray) -> LevelArray:
    """Convert RGB, shape (w, h, 3), to grey, shape (w, h)."""
    grey = np.asarray(cv2.transform(levels, _GREY_WEIGHTS), dtype=levels.dtype)
    grey += levels.dtype.type(0.5)
    return np.asarray(np.floor(grey, out=grey))


def _shrink(values: LevelArray, blocks: Blocks, out: LevelArray) -> None:
    """Resample along the last axis but one, shape (..., n_in, m) to (..., n_out, m)."""
    for inputs, outputs, weights in blocks:
        np.matmul(weights, values[..., inputs, :], out=out[..., outputs, :])


def _shrink_columns(narrow: LevelArray, n: int, height: int, blocks: Blocks) -> ByteArray:
    """Shrink the columns of n pictures, shape (w, n · h, c), to (n, height, w, c)."""
    width, _, n_channels = narrow.shape
    # Rounded, the numbers are bytes, which are quickly brought back into rows.
    rows = np.asarray(cv2.transpose(_round_to_levels(narrow)))
    levels = rows.reshape(n, -1, width * n_channels).astype(narrow.dtype)
    small = np.empty((n, height, width * n_channels), dtype=narrow.dtype)
    _shrink(levels, blocks, out=small)
    return _round_to_levels(small).reshape(n, height, width, n_channels)


def _shrink_grey(columns: LevelArray, weights: LevelArray) -> ByteArray:
    """Shrink the rounded columns of n grey pictures, shape (w, n, h), to (n, height, w)."""
    return _round_to_levels(columns @ weights.T).transpose(1, 2, 0)


def _round_to_levels(values: LevelArray) -> ByteArray:
    """Round to pixels, halves up; the input is used up."""
    values += values.dtype.type(0.5)
    values.clip(0, 255, out=values)
    return values.astype(np.uint8)


# Kept by side, not by size: crops share sides far more often.


@lru_cache(maxsize=2 * _N_SIZES)
def _grey_weights(length: int, n_outs: tuple[int, int], arithmetic: Arithmetic) -> LevelArray:
    """Compute the weights of the DHash's thumbnail and, below them, of the AHash's."""
    return np.vstack([_lanczos_weights(length, n_out, arithmetic) for n_out in n_outs])


@lru_cache(maxsize=2 * _N_SIZES)
def _rgb_weights(length: int, arithmetic: Arithmetic, *, is_halved: bool) -> Blocks:
    """Compute the weights of colours."""
    weights = _lanczos_weights(length, MEAN_SIDE, arithmetic)
    if is_halved:  # of pairs, the last of which may be a single one
        weights = np.add.reduceat(weights, np.arange(0, length, 2), axis=1)
    return _split_weights(weights)


@lru_cache(maxsize=_N_SIZES)
def _exact_blocks(n_in: int, n_out: int) -> Blocks:
    """Compute the weights of a resize in exact arithmetic."""
    return _split_weights(_lanczos_weights(n_in, n_out, EXACT))


def _split_weights(weights: LevelArray) -> Blocks:
    """Cut weights into blocks of outputs, without the inputs that none of them takes."""
    blocks = []
    for first in range(0, len(weights), _BLOCK_OUTPUTS):
        outputs = slice(first, first + _BLOCK_OUTPUTS)
        used = np.flatnonzero(weights[outputs].any(axis=0))
        inputs = slice(int(used[0]), int(used[-1]) + 1)
        blocks.append((inputs, outputs, np.ascontiguousarray(weights[outputs, inputs])))
    return blocks


def _lanczos_weights(n_in: int, n_out: int, arithmetic: Arithmetic) -> LevelArray:
    """Compute how much each of `n_in` pixels adds to each of `n_out`, shape (n_out, n_in)."""
    scale = n_in / n_out
    stretch = max(scale, 1.0)
    centres = (np.arange(n_out)[:, np.newaxis] + 0.5) * scale
    starts = np.maximum((centres - _LOBES * stretch + 0.5).astype(np.int64), 0)
    stops = np.minimum((centres + _LOBES * stretch + 0.5).astype(np.int64), n_in)
    places = np.arange(n_in)
    is_near = (places >= starts) & (places < stops)
    distances = ((places + 0.5 - centres) / stretch)[is_near]
    weights = np.zeros((n_out, n_in))
    weights[is_near] = np.sinc(distances) * np.sinc(distances / _LOBES)
    weights /= weights.sum(axis=1, keepdims=True)
    rounded = np.floor(weights * arithmetic.n_steps + 0.5) / arithmetic.n_steps
    return np.asarray(rounded, dtype=arithmetic.dtype)
