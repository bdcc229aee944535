"""From a picture to its thumbnails: antialiased Lanczos resampling as matrix products.

Pure functions of arrays. A resize is two products, first along the rows and then along the
columns, each rounded to 8 bits, as Pillow's ``LANCZOS`` does. Pillow sums in whole numbers and
we in float32, so that a sum next to a half may be rounded the other way: fewer than one level in
a thousand differs on photos, by one.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .model import ByteArray, FloatArray

MEAN_SIDE = 32

# Lobes of the Lanczos kernel, Pillow's LANCZOS.
_LOBES = 3
# Weights are rounded to multiples of 2**-22, as in Pillow's fixed-point arithmetic.
_WEIGHT_STEPS = 2**22
# ITU-R BT.601 luma in units of 2**-16, as in Pillow's conversion to "L". Sums of these with
# 8-bit pixels stay below 2**24, so that float32 holds them exactly.
_GREY_WEIGHTS = np.array([19595, 38470, 7471], dtype=np.float32) / np.float32(2**16)
# Pictures are resampled in bands of this many pixels, which as numbers stay in the cache.
_BAND_PIXELS = 2**15


class Thumbnails(NamedTuple):
    """The thumbnails that one picture's features are computed from, before the last rounding.

    ``dhash`` is grey, shape (h, h + 1); ``ahash`` is grey, shape (h // 2, h // 2); ``mean`` is
    RGB, shape (32, 32, 3), where h is the hash size. `round_to_levels` makes pixels of them, of
    a whole chunk at once.
    """

    dhash: FloatArray
    ahash: FloatArray
    mean: FloatArray


def make_thumbnails(pixels: ByteArray, hash_size: int) -> Thumbnails:
    """Shrink a picture to the thumbnails of its features.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        RGB.
    hash_size : int
        Side of the DHash in bits.

    Returns
    -------
    Thumbnails
        All float32. Grey is (19595 R + 38470 G + 7471 B + 32768) >> 16, as in Pillow's
        conversion to "L".

    Notes
    -----
    One pass over the picture: each band of rows is converted to numbers once and serves all
    three thumbnails. Costs about 45 multiplications for each pixel.
    """
    n_rows, n_columns = pixels.shape[:2]
    ahash_size = hash_size // 2
    rgb_weights = _lanczos_weights(n_columns, MEAN_SIDE)
    grey_weights = _join_weights(n_columns, hash_size + 1, ahash_size)
    # Side by side in memory, to be rounded in one go.
    narrow = np.empty(n_rows * (3 * MEAN_SIDE + grey_weights.shape[1]), dtype=np.float32)
    rgb = narrow[: 3 * n_rows * MEAN_SIDE].reshape(3, n_rows, -1)
    grey = narrow[3 * n_rows * MEAN_SIDE :].reshape(n_rows, -1)
    for band in _split_rows(n_rows, n_columns):
        planes = _split_planes(pixels[band])
        np.matmul(planes, rgb_weights, out=rgb[:, band])
        np.matmul(_mix_grey(planes), grey_weights, out=grey[band])
    _round_in_place(narrow)
    return Thumbnails(
        dhash=_shrink_columns(grey[:, : hash_size + 1], hash_size),
        ahash=_shrink_columns(grey[:, hash_size + 1 :], ahash_size),
        mean=_shrink_columns(rgb, MEAN_SIDE).transpose(1, 2, 0),
    )


def _split_rows(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Split the rows of a picture into bands."""
    step = max(1, _BAND_PIXELS // n_columns)
    return (slice(top, min(top + step, n_rows)) for top in range(0, n_rows, step))


def _split_planes(pixels: ByteArray) -> FloatArray:
    """Convert pixels, shape (h, w, c), to numbers, shape (c, h, w)."""
    return pixels.transpose(2, 0, 1).astype(np.float32, order="C")


def _mix_grey(planes: FloatArray) -> FloatArray:
    """Mix red, green and blue, shape (3, h, w), to grey levels, shape (h, w)."""
    grey: FloatArray = np.dot(_GREY_WEIGHTS, planes.reshape(3, -1))
    grey += np.float32(0.5)
    np.floor(grey, out=grey)
    return grey.reshape(planes.shape[1:])


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
    weights = _lanczos_weights(n_columns, width)
    narrow = np.empty((n_channels, n_rows, width), dtype=np.float32)
    for band in _split_rows(n_rows, n_columns):
        np.matmul(_split_planes(pixels[band]), weights, out=narrow[:, band])
    _round_in_place(narrow)
    return round_to_levels(_shrink_columns(narrow, height).transpose(1, 2, 0))


def _shrink_columns(narrow: FloatArray, height: int) -> FloatArray:
    """Resample along the columns, shape (..., h, w) to (..., height, w)."""
    small: FloatArray = _lanczos_weights(narrow.shape[-2], height).T @ narrow
    return small


def round_to_levels(values: FloatArray) -> ByteArray:
    """Round to pixels.

    Parameters
    ----------
    values : ndarray of float32
        Not changed; what lies outside of 0 to 255 becomes the nearer of the two.

    Returns
    -------
    ndarray of uint8
        Of the same shape, C-contiguous.
    """
    rounded = np.array(values, dtype=np.float32, order="C")
    _round_in_place(rounded)
    return rounded.astype(np.uint8)


def _round_in_place(values: FloatArray) -> None:
    """Round to whole levels of 0 to 255, halves up."""
    values += np.float32(0.5)
    np.floor(values, out=values)
    np.maximum(values, 0, out=values)
    np.minimum(values, 255, out=values)


@lru_cache(maxsize=64)
def _join_weights(n_in: int, *n_outs: int) -> FloatArray:
    """Put the weights of several widths side by side, shape (n_in, sum of n_outs)."""
    return np.hstack([_lanczos_weights(n_in, n_out) for n_out in n_outs])


@lru_cache(maxsize=64)
def _lanczos_weights(n_in: int, n_out: int) -> FloatArray:
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
    rounded = (np.floor(weights * _WEIGHT_STEPS + 0.5) / _WEIGHT_STEPS).astype(np.float32)
    rounded.flags.writeable = False
    return rounded
