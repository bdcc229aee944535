"""Pixels as decoders give them, turned into upright RGB of 8 bits."""

import cv2
import numpy as np

from ..records import ByteArray, Float64Array
from .exif import FIRST_TURNED

# The largest level of 16 bits, and of 16 bits in a wider type.
_MAX_16_BITS = 2**16 - 1
# EXIF orientations whose upright picture has its rows, or its columns, in reverse order, after rows
# and columns have changed places where they do (Exif 2.32, 4.6.4).
REVERSED_ROWS, REVERSED_COLUMNS = frozenset((3, 4, 7, 8)), frozenset((2, 3, 6, 7))
# Pixels that are flattened at a time.
_BLOCK_PIXELS = 2**18
# The level that JPEG decoders leave where data is missing, and how far rounding may be from it.
_MISSING_LEVEL, _MISSING_SPREAD = 128, 2


def flatten_pixels(pixels: np.ndarray) -> ByteArray:
    """Turn pixels into RGB, shape (h, w, 3), with transparent ones laid on white.

    Takes grey, grey with alpha, BGR or BGR with alpha, shape (h, w) or (h, w, c). Integers use the
    whole range of their type, floats 0 to 1 (or, when some are larger, 0 to 255).
    """
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    white = _find_white(pixels)
    rgb = np.empty((*pixels.shape[:2], 3), dtype=np.uint8)
    # A few rows at a time: intermediate results take many times the memory of the picture.
    n_rows = max(1, _BLOCK_PIXELS // max(pixels.shape[1], 1))
    for start in range(0, len(pixels), n_rows):
        rows = slice(start, start + n_rows)
        rgb[rows] = _flatten_levels(_scale_to_levels(pixels[rows], white))
    return rgb


def _find_white(pixels: np.ndarray) -> float:
    """Find the number that stands for white."""
    if np.issubdtype(pixels.dtype, np.floating):
        # The largest number, ignoring NaN; without a copy.
        largest = np.fmax.reduce(pixels, axis=None, initial=0)
        return 1 if largest <= 1 else 255
    largest_level = int(np.iinfo(pixels.dtype).max)
    if largest_level > _MAX_16_BITS and pixels.max(initial=0) <= _MAX_16_BITS:
        return _MAX_16_BITS
    return largest_level


def _scale_to_levels(pixels: np.ndarray, white: float) -> ByteArray:
    """Scale numbers to levels of 0 to 255."""
    if pixels.dtype == np.uint8:
        return pixels
    if np.issubdtype(pixels.dtype, np.floating):
        pixels = np.nan_to_num(pixels.astype(np.float32), nan=0, posinf=white, neginf=0)
    return np.asarray(np.rint(np.clip(pixels, 0, white) * (255 / white)), dtype=np.uint8)


def _flatten_levels(levels: ByteArray) -> ByteArray:
    """Turn levels of 0 to 255 into RGB."""
    if levels.shape[2] in {2, 4}:
        alpha = levels[:, :, -1:].astype(np.float32) / 255
        levels = np.rint(levels[:, :, :-1] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    if levels.shape[2] == 1:
        return np.repeat(levels, 3, axis=2)
    rgb: ByteArray = cv2.cvtColor(levels[:, :, :3], cv2.COLOR_BGR2RGB)  # type: ignore[assignment] # uint8 as given
    return rgb


def turn_upright(pixels: ByteArray, orientation: int) -> ByteArray:
    """Undo an EXIF orientation of 1 to 8 (Exif 2.32, 4.6.4); the result is C-contiguous."""
    if orientation >= FIRST_TURNED:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in REVERSED_ROWS:
        pixels = pixels[::-1]
    if orientation in REVERSED_COLUMNS:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def turn_regions_upright(regions: Float64Array, orientation: int) -> Float64Array:
    """Turn regions of a stored picture, shape (n, 4), into those of the upright one.

    They are x, y, width and height in shares. Multiples of 2**-16 stay such, exactly, and different
    regions stay different.
    """
    x, y, width, height = regions.T
    if orientation >= FIRST_TURNED:
        x, y, width, height = y, x, height, width
    if orientation in REVERSED_ROWS:
        y = 1 - y - height
    if orientation in REVERSED_COLUMNS:
        x = 1 - x - width
    return np.stack([x, y, width, height], axis=1)


def measure_share(pixels: np.ndarray) -> float:
    """Measure which share of a truncated JPEG was decoded before the data ended, 0 to 1.

    Takes the pixels as stored, before they are turned upright: what is missing is at the bottom.
    """
    lowest = _MISSING_LEVEL - _MISSING_SPREAD
    # From below and row by row: the picture may be large.
    for row in range(len(pixels) - 1, -1, -1):
        # Unsigned: levels below the lowest wrap around to large ones.
        if (pixels[row] - np.uint8(lowest)).max() > 2 * _MISSING_SPREAD:
            return (row + 1) / len(pixels)
    return 0.0
