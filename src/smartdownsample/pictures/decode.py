"""From one file's bytes to a small picture: the only room that knows image formats.

The bytes are read here and handed to OpenCV as a buffer, because its own file functions crash
on names that are not valid UTF-8.
"""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from ..options import MAX_PIXELS
from ..records import ByteArray, Cause, Float32Array
from .headers import Header, read_header, simplify_png
from .plugins import EXTRA_FORMATS, decode_extra

# EXIF orientations from this one on lie on their side.
_FIRST_TURNED = 5
# JPEG's own limit; the weights of a longer side would eat the memory.
MAX_SIDE = 2**16
# An image of so many pixels is decoded on any machine.
_SMALL_PIXELS = 2**24
_MAX_16_BITS = 2**16 - 1
# As many pixels are flattened at a time.
_BLOCK_PIXELS = 2**18
# A truncated photo of which less than this share was decoded is no picture.
_MIN_SHARE = 0.25
# A block of 8×8 pixels takes one bit at least (ITU-T T.81, F.1.2: no code is shorter).
_MAX_PIXELS_PER_BYTE = 8 * 64
# The level that decoders leave where data is missing, and how far rounding may be from it.
_MISSING_LEVEL, _MISSING_SPREAD = 128, 2

_JPEG_END = b"\xff\xd9"
# Orientation is ours to apply, since versions of OpenCV differ in the formats for which they do.
_PLAIN_FLAGS = cv2.IMREAD_COLOR_BGR | cv2.IMREAD_IGNORE_ORIENTATION
# The strength of a reduction and the flags of the JPEG decoder, which gives RGB at no cost.
_REDUCED_FLAGS = {
    scale: flags & ~cv2.IMREAD_COLOR_BGR | cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    for scale, flags in (
        (1, cv2.IMREAD_COLOR_BGR),
        (2, cv2.IMREAD_REDUCED_COLOR_2),
        (4, cv2.IMREAD_REDUCED_COLOR_4),
        (8, cv2.IMREAD_REDUCED_COLOR_8),
    )
}
# Lengths of sides whose scale is kept.
_N_SIZES = 1024
# Formats whose alpha and depth are kept, to be flattened here the way people see them.
_FORMATS_WITH_ALPHA = frozenset(("AVIF", "GIF", "JPEG 2000", "PNG", "WebP"))


class Picture(NamedTuple):
    """A decoded image: upright, 8 bits.

    ``pixels`` is RGB, uint8, shape (h, w, 3), possibly smaller than the image itself, whose
    size in pixels is ``width`` × ``height``. Of a truncated file the rest is grey. ``captured`` is
    when it was taken, see `smartdownsample.exif.Exif`.
    """

    pixels: ByteArray
    width: int
    height: int
    is_truncated: bool = False
    captured: np.datetime64 | None = None


def decode_image(
    data: bytes,
    *,
    min_side: int | None = None,
    max_pixels: int = MAX_PIXELS,
    regions: Float32Array | None = None,
) -> Picture | Cause:
    """Decode an image, at a reduced size where the format can do so cheaply.

    JPEG decoders can leave out the fine half, quarter or eighth of each block's frequencies
    and with them most of the work. Other formats are always decoded in full.

    Parameters
    ----------
    data : bytes
        Content of the file. The content decides the format, not the name.
    min_side : int, optional
        Length in pixels that the shorter side must keep. None decodes in full.
    max_pixels : int
        An image that claims more pixels is not decoded.
    regions : ndarray of float32, shape (n, 4), optional
        x, y, width and height, as shares of the upright picture, of all that is wanted of it: the
        smallest keeps `min_side`. By default the whole.

    Returns
    -------
    Picture or Cause
        The upright picture, or why there is none. Transparent pixels are laid on white; 16 bits
        are scaled to 8; of several frames or pages the first is taken.
    """
    header = read_header(data) if data else Cause.EMPTY
    if isinstance(header, Cause):
        return header
    if header.width * header.height > max_pixels or max(header.width, header.height) > MAX_SIDE:
        return Cause.TOO_LARGE
    try:
        if header.format == "JPEG":
            return _decode_jpeg(data, header, min_side, regions)
        if header.format in EXTRA_FORMATS:
            decoded = decode_extra(data, header.format)
        else:
            decoded = _decode_whole(data, header)
    except MemoryError:
        return Cause.MEMORY
    if isinstance(decoded, Cause):
        return decoded
    return Picture(decoded, decoded.shape[1], decoded.shape[0], captured=header.captured)


def _decode_jpeg(
    data: bytes, header: Header, min_side: int | None, regions: Float32Array | None
) -> Picture | Cause:
    """Decode a JPEG as small as it may be, and salvage what is left of a truncated one."""
    n_pixels = header.width * header.height
    if not n_pixels:
        return _blame_jpeg(data, header)
    if n_pixels > max(_SMALL_PIXELS, len(data) * _MAX_PIXELS_PER_BYTE / _MIN_SHARE):
        return Cause.TRUNCATED
    short_side = min(header.width, header.height)
    if regions is not None:
        short_side = _measure_shortest(regions, *measure_upright(header))
    flags = _REDUCED_FLAGS[_choose_scale(short_side, min_side)]
    pixels, is_truncated = _decode(data, flags), False
    if pixels is None:
        # Once the end marker is there, the decoder gives what it has.
        pixels, is_truncated = _decode(data + _JPEG_END, flags), True
    if pixels is None or (is_truncated and measure_share(pixels) < _MIN_SHARE):
        return _blame_jpeg(data, header)
    upright = turn_upright(pixels, header.orientation)
    return Picture(upright, *measure_upright(header), is_truncated, header.captured)


def _blame_jpeg(data: bytes, header: Header) -> Cause:
    """Say why a JPEG was not decoded: it may have no end."""
    return _blame(header) if _JPEG_END in data[-64:] else Cause.TRUNCATED


def _decode_whole(data: bytes, header: Header) -> ByteArray | Cause:
    """Decode an image of a format that is never reduced."""
    if header.format == "PNG":
        simple = simplify_png(data)
        if simple is None:
            return Cause.UNREADABLE
        data = simple
    kept, flat = cv2.IMREAD_UNCHANGED, _PLAIN_FLAGS
    has_alpha = header.has_alpha or header.format in _FORMATS_WITH_ALPHA
    first, second = (kept, flat) if has_alpha else (flat, kept)
    pixels = _decode(data, first)
    if pixels is None:
        pixels = _decode(data, second)
    if pixels is None:
        return _blame(header)
    return turn_upright(flatten_pixels(pixels), header.orientation)


def _measure_shortest(regions: Float32Array, width: int, height: int) -> int:
    """Measure the shortest side of all regions of an upright picture, in pixels."""
    sides = regions[:, 2:].astype(np.float64) * (width, height)
    return int(sides.min(initial=min(width, height)))


@lru_cache(maxsize=_N_SIZES)
def _choose_scale(short_side: int, min_side: int | None) -> int:
    """Choose the strongest reduction that keeps `min_side` pixels of the shorter side."""
    if min_side is None:
        return 1
    return max(scale for scale in _REDUCED_FLAGS if scale == 1 or short_side >= scale * min_side)


def _decode(data: bytes, flags: int) -> np.ndarray | None:
    """Decode with OpenCV; None when it cannot."""
    try:
        return cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    except (cv2.error, MemoryError):
        return None


def _blame(header: Header) -> Cause:
    """Say why an image was not decoded; the decoder does not tell when memory was short."""
    n_pixels = header.width * header.height
    return Cause.MEMORY if n_pixels > _SMALL_PIXELS else Cause.UNREADABLE


def flatten_pixels(pixels: np.ndarray) -> ByteArray:
    """Turn what the decoder gives into RGB of 8 bits.

    Parameters
    ----------
    pixels : ndarray of a number, shape (h, w) or (h, w, c)
        Grey, grey with alpha, BGR or BGR with alpha. Whole numbers use their whole range,
        floating-point numbers 0 to 1 (or, when some are larger, 0 to 255).

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        RGB; transparent pixels laid on white.
    """
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    limit = _find_limit(pixels)
    rgb = np.empty((*pixels.shape[:2], 3), dtype=np.uint8)
    # A few rows at a time: what is in between takes many times the memory of the picture.
    n_rows = max(1, _BLOCK_PIXELS // max(pixels.shape[1], 1))
    for start in range(0, len(pixels), n_rows):
        rows = slice(start, start + n_rows)
        rgb[rows] = _flatten_levels(_scale_levels(pixels[rows], limit))
    return rgb


def _flatten_levels(levels: ByteArray) -> ByteArray:
    """Turn levels of 0 to 255 into RGB."""
    if levels.shape[2] in {2, 4}:
        alpha = levels[:, :, -1:].astype(np.float32) / 255
        levels = np.rint(levels[:, :, :-1] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    if levels.shape[2] == 1:
        return np.repeat(levels, 3, axis=2)
    rgb: ByteArray = cv2.cvtColor(levels[:, :, :3], cv2.COLOR_BGR2RGB)  # type: ignore[assignment] # uint8 as given
    return rgb


def _find_limit(pixels: np.ndarray) -> float:
    """Find the number that stands for white."""
    if np.issubdtype(pixels.dtype, np.floating):
        # The largest number that is one; no copy is made.
        largest = np.fmax.reduce(pixels, axis=None, initial=0)
        return 1 if largest <= 1 else 255
    limit = int(np.iinfo(pixels.dtype).max)
    if limit > _MAX_16_BITS and pixels.max(initial=0) <= _MAX_16_BITS:
        return _MAX_16_BITS  # 16 bits in a wider type
    return limit


def _scale_levels(pixels: np.ndarray, limit: float) -> ByteArray:
    """Scale the numbers of any decoder to levels of 0 to 255."""
    if pixels.dtype == np.uint8:
        return pixels
    if np.issubdtype(pixels.dtype, np.floating):
        pixels = np.nan_to_num(pixels.astype(np.float32), nan=0, posinf=limit, neginf=0)
    return np.asarray(np.rint(np.clip(pixels, 0, limit) * (255 / limit)), dtype=np.uint8)


def measure_upright(header: Header) -> tuple[int, int]:
    """Tell width and height of the upright picture.

    Parameters
    ----------
    header : Header
        Of the image.

    Returns
    -------
    int, int
        In pixels.
    """
    is_turned = header.orientation >= _FIRST_TURNED
    return (header.height, header.width) if is_turned else (header.width, header.height)


def turn_upright(pixels: ByteArray, orientation: int) -> ByteArray:
    """Undo an EXIF orientation: where the first row and column belong.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        As stored.
    orientation : int
        1 to 8.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3) or (w, h, 3)
        C-contiguous.

    References
    ----------
    Exif 2.32, 4.6.4
    """
    if orientation >= _FIRST_TURNED:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def measure_share(pixels: np.ndarray) -> float:
    """Measure which share of a salvaged picture was decoded before the data ended.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        As stored, before it is turned upright: what is missing is at the bottom.

    Returns
    -------
    float
        From 0 to 1.
    """
    lowest = _MISSING_LEVEL - _MISSING_SPREAD
    # From below and row by row: the picture may be large.
    for row in range(len(pixels) - 1, -1, -1):
        # Levels below the lowest wrap around to large ones.
        if (pixels[row] - np.uint8(lowest)).max() > 2 * _MISSING_SPREAD:
            return (row + 1) / len(pixels)
    return 0.0
