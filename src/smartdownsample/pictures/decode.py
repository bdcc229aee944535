"""Decoding: a file's bytes to a small upright picture.

OpenCV gets the bytes, not the file's name, because it crashes on names that are not valid UTF-8.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from ..opencv_limit import read_opencv_limits
from ..options import MAX_PIXELS, MAX_SIDE
from ..records import ByteArray, Cause
from .headers import Header, read_header, simplify_png
from .jpeg_scans import MAX_SCANS, read_scans
from .memory_budget import MEMORY, SMALL_BYTES, count_budget, is_memory_short
from .pixels import flatten_pixels, measure_share, turn_upright
from .plugins import EXTRA_FORMATS, decode_with_plugin

# OpenCV's code for want of memory, `cv2.Error.StsNoMem`.
_NO_MEMORY = -4
# What want of memory looks like, too.
_SIGNS_OF_DAMAGE = frozenset((Cause.UNREADABLE, Cause.TRUNCATED))
# What OpenCV decodes at most in this process, which it learns when it is loaded.
_MOST_PIXELS, _MOST_COLUMNS, _MOST_ROWS = read_opencv_limits()
# Whether the environment allows OpenCV less than an image may have.
HAS_SMALLER_LIMITS = _MOST_PIXELS < MAX_PIXELS or min(_MOST_COLUMNS, _MOST_ROWS) < MAX_SIDE
# A failure of more pixels than this may come from want of memory, however much there is now.
_SMALL_PIXELS = 2**24
# A truncated JPEG of which less than this share was decoded counts as unreadable.
_MIN_SHARE = 0.25
# A block of 8×8 pixels takes one bit at least (ITU-T T.81, F.1.2: no code is shorter).
_MAX_PIXELS_PER_BYTE = 8 * 64
# A JPEG takes at most this much for a pixel: RGB, and 16 bits for each of four components.
_MAX_JPEG_BYTES_PER_PIXEL = 3 + 2 * 4
# Bytes times pixels of a JPEG that takes at most two seconds, whatever is in it: a scan has ten
# bytes and takes 0.3 ns a pixel.
_QUICK_JPEG = 2**36
# Bytes times pixels of an animation that takes at most two seconds. A frame of a JPEG XL has twenty
# bytes and takes 0.15 µs a pixel; one of an AVIF has more, and takes 0.02 µs.
_QUICK_ANIMATION = 2**28

_JPEG_END = b"\xff\xd9"
# Pictures are turned upright here, since versions of OpenCV differ in the formats they turn.
_PLAIN_FLAGS = cv2.IMREAD_COLOR_BGR | cv2.IMREAD_IGNORE_ORIENTATION
# The JPEG decoder's flags for each factor of reduction. It gives RGB at no cost.
_REDUCED_FLAGS = {
    scale: flags & ~cv2.IMREAD_COLOR_BGR | cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    for scale, flags in (
        (1, cv2.IMREAD_COLOR_BGR),
        (2, cv2.IMREAD_REDUCED_COLOR_2),
        (4, cv2.IMREAD_REDUCED_COLOR_4),
        (8, cv2.IMREAD_REDUCED_COLOR_8),
    )
}
# Sizes of images whose factor of reduction is cached.
_N_CACHED_SIZES = 1024
# Formats that may have alpha or 16 bits, which are kept and then flattened as viewers do.
_FORMATS_WITH_ALPHA = frozenset(("AVIF", "GIF", "JPEG 2000", "PNG", "WebP"))


class Picture(NamedTuple):
    """A decoded image: upright, 8 bits.

    ``pixels`` is RGB, uint8, shape (h, w, 3). It may be smaller than the image itself, whose size
    in pixels is ``width`` × ``height``. Where a truncated file ends, the rest is grey.
    ``captured`` is the time as in `exif.Exif`, and ``orientation`` that of the stored picture, 1
    where the decoder gives none but the upright one. ``share`` of a truncated image is the part
    of its stored rows, from the top, that is not grey.
    """

    pixels: ByteArray
    width: int
    height: int
    is_truncated: bool = False
    captured: np.datetime64 | None = None
    orientation: int = 1
    share: float = 1.0


def decode_image(
    data: bytes, *, min_side: int | None = None, max_pixels: int = MAX_PIXELS
) -> Picture | Cause:
    """Decode an image by its content, or say why it cannot be decoded.

    JPEGs are decoded to a half, quarter or eighth of their size, which spares most of the work, as
    long as `min_side` pixels are left of the shorter side. Other formats, and None, decode in full.
    An image that claims more than `max_pixels` is refused, and so is one whose decoder takes more
    memory than four bytes for each of `max_pixels`, or 64 MiB. Large images wait for those that
    other threads decode, see `memory_budget`. A JPEG of very many scans is refused as well, see
    `jpeg_scans`, and so is an animation of many pixels if its decoder makes all frames.

    Transparent pixels are laid on white; 16 bits are scaled to 8; the first of several frames or
    pages is taken.
    """
    header = read_header(data) if data else Cause.EMPTY
    if isinstance(header, Cause):
        return header
    return decode_with_header(data, header, choose_scale(header, min_side), max_pixels)


def decode_with_header(
    data: bytes, header: Header, scale: int, max_pixels: int = MAX_PIXELS
) -> Picture | Cause:
    """Decode an image of a known header at a reduction that `choose_scale` gave for it."""
    if header.width * header.height > max_pixels or max(header.width, header.height) > MAX_SIDE:
        return Cause.TOO_LARGE
    try:
        if header.format == "JPEG":
            picture = _decode_checked_jpeg(data, header, scale, max_pixels)
        else:
            picture = _decode_checked(data, header, max_pixels)
    except MemoryError:
        return Cause.MEMORY
    if isinstance(picture, Picture) or picture not in _SIGNS_OF_DAMAGE:
        return picture
    if _is_beyond_opencv(header):
        return Cause.TOO_LARGE
    n_bytes = header.width * header.height * header.bytes_per_pixel
    return Cause.MEMORY if is_memory_short(n_bytes) else picture


def _is_beyond_opencv(header: Header) -> bool:
    """Tell whether an image is larger than the environment allows OpenCV to decode."""
    return header.format not in EXTRA_FORMATS and (
        header.width * header.height > _MOST_PIXELS
        or header.width > _MOST_COLUMNS
        or header.height > _MOST_ROWS
    )


def _decode_checked(data: bytes, header: Header, max_pixels: int) -> Picture | Cause:
    """Decode an image that is no JPEG, if it has a size and takes neither too much nor too long."""
    n_pixels = header.width * header.height
    if not n_pixels:
        return Cause.UNREADABLE
    if header.is_animated and n_pixels * len(data) > _QUICK_ANIMATION:
        return Cause.TOO_SLOW
    with _hold_memory(int(n_pixels * header.bytes_per_pixel), max_pixels) as is_allowed:
        if not is_allowed:
            return Cause.TOO_LARGE
        if header.format in EXTRA_FORMATS:
            decoded = decode_with_plugin(data, header.format, n_pixels)
        else:
            decoded = _decode_in_full(data, header)
    if isinstance(decoded, Cause):
        return decoded
    orientation = 1 if header.format in EXTRA_FORMATS else header.orientation
    height, width, _ = decoded.shape
    return Picture(decoded, width, height, captured=header.captured, orientation=orientation)


def _decode_checked_jpeg(
    data: bytes, header: Header, scale: int, max_pixels: int
) -> Picture | Cause:
    """Decode a JPEG, if the memory is enough for it and it does not take too long."""
    n_pixels = header.width * header.height
    is_quick = n_pixels * len(data) <= _QUICK_JPEG
    if is_quick and n_pixels * _MAX_JPEG_BYTES_PER_PIXEL <= SMALL_BYTES:
        return _decode_jpeg(data, header, scale)
    scans = read_scans(data)
    if scans.n_scans > MAX_SCANS and not is_quick:
        return Cause.TOO_SLOW
    with _hold_memory(3 * n_pixels // scale**2 + scans.kept_bytes, max_pixels) as is_allowed:
        return _decode_jpeg(data, header, scale) if is_allowed else Cause.TOO_LARGE


@contextmanager
def _hold_memory(n_bytes: int, max_pixels: int) -> Iterator[bool]:
    """Hold memory while a picture is decoded, where it takes much; tell whether it may have it."""
    budget = count_budget(max_pixels)
    if n_bytes > budget:
        yield False
    elif n_bytes <= SMALL_BYTES:
        yield True
    else:
        with MEMORY.hold(n_bytes, budget):
            yield True


def _decode_jpeg(data: bytes, header: Header, scale: int) -> Picture | Cause:
    """Decode a JPEG to a fraction of its size, or what is left of a truncated one."""
    n_pixels = header.width * header.height
    if not n_pixels:
        return _explain_jpeg_failure(data, header)
    if n_pixels > max(_SMALL_PIXELS, len(data) * _MAX_PIXELS_PER_BYTE / _MIN_SHARE):
        return Cause.TRUNCATED
    flags = _REDUCED_FLAGS[scale]
    pixels, is_truncated, share = _decode(data, flags), False, 1.0
    if pixels is None:
        # With an end marker the decoder gives what it has.
        pixels, is_truncated = _decode(data + _JPEG_END, flags), True
        share = 0.0 if pixels is None else measure_share(pixels)
    if pixels is None or share < _MIN_SHARE:
        return _explain_jpeg_failure(data, header)
    upright = turn_upright(pixels, header.orientation)
    return Picture(
        upright, *header.upright_size, is_truncated, header.captured, header.orientation, share
    )


def _explain_jpeg_failure(data: bytes, header: Header) -> Cause:
    """Say why a JPEG was not decoded: without an end marker it is truncated."""
    return _explain_failure(header) if _JPEG_END in data[-64:] else Cause.TRUNCATED


def _decode_in_full(data: bytes, header: Header) -> ByteArray | Cause:
    """Decode an image of a format that OpenCV never reduces."""
    if header.format == "PNG":
        simple = simplify_png(data)
        if simple is None:
            return Cause.UNREADABLE
        data = simple
    unchanged, plain = cv2.IMREAD_UNCHANGED, _PLAIN_FLAGS
    has_alpha = header.has_alpha or header.format in _FORMATS_WITH_ALPHA
    first, second = (unchanged, plain) if has_alpha else (plain, unchanged)
    pixels = _decode(data, first)
    if pixels is None:
        pixels = _decode(data, second)
    if pixels is None:
        return _explain_failure(header)
    return turn_upright(flatten_pixels(pixels), header.orientation)


def choose_scale(header: Header, min_side: int | None, short_side: int | None = None) -> int:
    """Choose the strongest reduction that keeps `min_side` pixels of a shorter side.

    `short_side` is that of the part that is wanted, by default of the whole image.
    """
    if min_side is None or header.format != "JPEG":
        return 1
    if short_side is None:
        short_side = min(header.width, header.height)
    return _choose_scale(short_side, min_side)


@lru_cache(maxsize=_N_CACHED_SIZES)
def _choose_scale(short_side: int, min_side: int) -> int:
    return max(scale for scale in _REDUCED_FLAGS if scale == 1 or short_side >= scale * min_side)


def _decode(data: bytes, flags: int) -> np.ndarray | None:
    """Decode with OpenCV; None when it cannot. Raises MemoryError where OpenCV tells the reason."""
    try:
        return cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    except cv2.error as error:
        if error.code == _NO_MEMORY:
            raise MemoryError from error
        return None


def _explain_failure(header: Header) -> Cause:
    """Say why an image was not decoded; OpenCV rarely tells when memory was short."""
    n_pixels = header.width * header.height
    return Cause.MEMORY if n_pixels > _SMALL_PIXELS else Cause.UNREADABLE
