"""From a picture to its thumbnails: antialiased Lanczos resampling as matrix products.

Pure functions of arrays. A resize is two products, first along the rows and then along the
columns, each rounded to 8 bits: bit for bit what Pillow's ``LANCZOS`` gives.
"""

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
# Rows are resampled in bands that stay in the processor's cache.
_BAND_ROWS = 128


class Thumbnails(NamedTuple):
    """The thumbnails that one picture's features are computed from, all uint8.

    ``dhash`` is grey, shape (h, h + 1); ``ahash`` is grey, shape (h // 2, h // 2); ``mean`` is
    RGB, shape (32, 32, 3), where h is the hash size.
    """

    dhash: ByteArray
    ahash: ByteArray
    mean: ByteArray


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
        All uint8.
    """
    grey = convert_to_grey(pixels)
    ahash_size = hash_size // 2
    return Thumbnails(
        dhash=resize_lanczos(grey, hash_size + 1, hash_size)[:, :, 0],
        ahash=resize_lanczos(grey, ahash_size, ahash_size)[:, :, 0],
        mean=resize_lanczos(pixels, MEAN_SIDE, MEAN_SIDE),
    )


def convert_to_grey(pixels: ByteArray) -> ByteArray:
    """Convert RGB to grey as (19595 R + 38470 G + 7471 B + 32768) >> 16.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        RGB.

    Returns
    -------
    ndarray of uint8, shape (h, w, 1)
        Grey levels.
    """
    grey = np.empty((*pixels.shape[:2], 1), dtype=np.uint8)
    for top in range(0, len(pixels), _BAND_ROWS):
        band = pixels[top : top + _BAND_ROWS].astype(np.float32)
        # Conversion to integers cuts off, which with the added half is rounding.
        grey[top : top + _BAND_ROWS, :, 0] = band @ _GREY_WEIGHTS + np.float32(0.5)
    return grey


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
    along_rows = _lanczos_weights(n_columns, width)
    narrow = np.empty((n_channels, n_rows, width), dtype=np.float32)
    for top in range(0, n_rows, _BAND_ROWS):
        planes = pixels[top : top + _BAND_ROWS].transpose(2, 0, 1).astype(np.float32, order="C")
        np.matmul(planes, along_rows, out=narrow[:, top : top + _BAND_ROWS])
    _round_to_levels(narrow)
    small = _lanczos_weights(n_rows, height).T @ narrow
    _round_to_levels(small)
    return np.ascontiguousarray(small.transpose(1, 2, 0), dtype=np.uint8)


def _round_to_levels(values: FloatArray) -> None:
    """Round to whole levels of 0 to 255, in place."""
    values += np.float32(0.5)
    np.floor(values, out=values)
    np.clip(values, 0, 255, out=values)


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
