"""Formats made of boxes: size and other facts of JPEG 2000, JPEG XL, AVIF and HEIC images.

A box is its length, its name and its content; some boxes contain others (ISO/IEC 14496-12, 4.2).
Where a file says its size several times, the largest counts, since a decoder may go by any.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .exif import read_exif

# The boxes that describe the items of a media file are in its first bytes, where it does not say
# otherwise.
_MEDIA_HEAD_BYTES = 1 << 16
# The entry, of version 2 or 3, that gives the number of the item with the Exif data
# (ISO/IEC 14496-12, 8.11.6; 23008-12, A.2).
_EXIF_ITEM = re.compile(rb"infe(?:\x02...(..)|\x03...(....))..Exif", re.DOTALL)
# Extent of an image item: flags, width and height (ISO/IEC 23008-12, 6.5.3).
_EXTENT = re.compile(rb"ispe....(....)(....)", re.DOTALL)
# Sample entry of a sequence: 24 bytes, width and height (ISO/IEC 14496-12, 12.1.3).
_SEQUENCE = re.compile(rb"(?:av01|hvc1|hev1).{24}(..)(..)", re.DOTALL)
# Names of the auxiliary image that has the transparency (ISO/IEC 23000-22, 23008-12).
_ALPHA = re.compile(rb"urn:mpeg:(?:mpegB:cicp:systems:auxiliary:alpha|hevc:2015:auxid:1)\0")
# More than 8 bits in the configuration of an AVIF (AV1 Codec ISO Media File Format Binding, 2.3).
_DEEP = re.compile(rb"av1C..[\x40-\x7f\xc0-\xff]", re.DOTALL)

_CODESTREAM_MARK = b"\xff\x4f\xff\x51"
# More than a JPEG XL's size takes, which is read from the first bytes of its codestream.
_JXL_SIZE_BYTES = 16
# Bits of each length in a JPEG XL, by a selector (ISO/IEC 18181-1, SizeHeader).
_JXL_SIDE_BITS = (9, 13, 18, 30)
# Width for each height, by the code of a ratio.
_JXL_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


class Media(NamedTuple):
    """What an AVIF or HEIC says of its image; sizes are 0 when unknown."""

    width: int
    height: int
    orientation: int
    captured: np.datetime64 | None
    has_alpha: bool
    is_deep: bool


class Codestream(NamedTuple):
    """Size of a JPEG 2000 image, 0 when unknown, and how many components a pixel has."""

    width: int = 0
    height: int = 0
    n_components: int = 0


def walk_boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, and start and end of the content, of each box that is not in another."""
    at = 0
    while at + 8 <= len(data):
        length, name, start = _big(data, at, 4), data[at + 4 : at + 8], at + 8
        if length == 1:
            length, start = _big(data, at + 8, 8), at + 16
        end = len(data) if length == 0 else at + length
        if end < start:
            return
        yield name, start, min(end, len(data))
        at = end


# --------------------------------------------------------------------- AVIF and HEIC


def read_media(data: bytes) -> Media:
    """Read an ISO base media file that has images."""
    boxes = [(name, data[start:end]) for name, start, end in walk_boxes(data)]
    description = b"".join(content for name, content in boxes if name == b"meta")
    sequences = b"".join(content for name, content in boxes if name == b"moov")
    found = _EXTENT.findall(description or data[:_MEDIA_HEAD_BYTES])
    found += _SEQUENCE.findall(sequences)
    sides = [
        (int.from_bytes(width, "big"), int.from_bytes(height, "big")) for width, height in found
    ]
    width, height = max(sides, key=lambda size: size[0] * size[1], default=(0, 0))
    captured = read_exif(_find_media_exif(data)).captured
    return Media(
        width,
        height,
        _read_media_orientation(data),
        captured,
        has_alpha=_ALPHA.search(description + sequences) is not None,
        is_deep=_DEEP.search(description + sequences) is not None,
    )


def _read_media_orientation(data: bytes) -> int:
    """Turn the properties ``irot`` and ``imir`` into an EXIF orientation (ISO/IEC 23008-12)."""
    turn, mirror = (
        data.find(b"irot", 0, _MEDIA_HEAD_BYTES),
        data.find(b"imir", 0, _MEDIA_HEAD_BYTES),
    )
    n_quarters = data[turn + 4] & 3 if 0 < turn < len(data) - 4 else 0
    axis = data[mirror + 4] & 1 if 0 < mirror < len(data) - 4 else None
    # First quarter turns anticlockwise, then mirroring: top to bottom (0) or left to right (1).
    return {None: (1, 8, 3, 6), 0: (4, 5, 2, 7), 1: (2, 7, 4, 5)}[axis][n_quarters]


def _find_media_exif(data: bytes) -> bytes:
    """Find the Exif data of an ISO base media file; empty when there is none."""
    found = _EXIF_ITEM.search(data, 0, _MEDIA_HEAD_BYTES)
    if found is not None:
        wanted = int.from_bytes(found[1] or found[2], "big")
        for number, at, length in _walk_media(data):
            if number == wanted:
                # The first four bytes say how far after them the mark of the byte order is.
                return data[at + 4 + _big(data, at, 4) : at + length]
    return b""


def _walk_media(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield number, place and length of each item of a media file (ISO/IEC 14496-12, 8.11.3)."""
    at = data.find(b"iloc", 0, _MEDIA_HEAD_BYTES) + 4
    version, sizes = _big(data, at, 1), _big(data, at + 4, 2)
    n_offset, n_length, n_base, n_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    n_number = 4 if version == 2 else 2
    n_items = _big(data, at + 6, n_number)
    at += 6 + n_number
    while n_items > 0 and at < min(len(data), _MEDIA_HEAD_BYTES):
        base = at + n_number + (4 if version else 2)
        extent = base + n_base + 2
        place = _big(data, base, n_base) + _big(data, extent + n_index, n_offset)
        yield _big(data, at, n_number), place, _big(data, extent + n_index + n_offset, n_length)
        at = extent + _big(data, base + n_base, 2) * (n_index + n_offset + n_length)
        n_items -= 1


# ------------------------------------------------------------ JPEG 2000 and JPEG XL


def read_jp2(data: bytes) -> Codestream:
    """Read the size of a JPEG 2000 from its codestream, as the decoder does, not from its boxes."""
    for name, start, end in walk_boxes(data):
        if name == b"jp2c":
            return read_j2k(data[start:end])
    return Codestream()


def read_j2k(data: bytes) -> Codestream:
    """Read the size marker of a JPEG 2000 codestream (ISO/IEC 15444-1, A.5.1)."""
    if not data.startswith(_CODESTREAM_MARK):
        return Codestream()
    width, height = (_big(data, at, 4) - _big(data, at + 8, 4) for at in (8, 12))
    return Codestream(max(width, 0), max(height, 0), _big(data, 40, 2))


def read_jxl(data: bytes) -> tuple[int, int]:
    """Read width and height of a JPEG XL, in boxes or not; 0 when unknown (ISO/IEC 18181-2)."""
    if data.startswith(b"\0\0\0\x0cJXL "):
        stream = b""
        for name, start, end in walk_boxes(data):
            # A part of the codestream has a number before it.
            skipped = {b"jxlc": 0, b"jxlp": 4}.get(name)
            if skipped is not None and len(stream) < _JXL_SIZE_BYTES:
                stream += data[start + skipped : min(end, start + skipped + _JXL_SIZE_BYTES)]
        data = stream
    return _read_jxl_size(data[:_JXL_SIZE_BYTES]) if data.startswith(b"\xff\x0a") else (0, 0)


def _read_jxl_size(stream: bytes) -> tuple[int, int]:
    """Read the SizeHeader of a codestream (ISO/IEC 18181-1); bits count from the lowest."""
    bits = int.from_bytes(stream[2:].ljust(_JXL_SIZE_BYTES, b"\0"), "little")

    def take(n_bits: int) -> int:
        nonlocal bits
        taken = bits & ((1 << n_bits) - 1)
        bits >>= n_bits
        return taken

    def take_side() -> int:
        return 8 * (take(5) + 1) if is_small else take(_JXL_SIDE_BITS[take(2)]) + 1

    is_small = bool(take(1))
    height = take_side()
    ratio = _JXL_RATIOS.get(take(3))
    return (height * ratio[0] // ratio[1], height) if ratio else (take_side(), height)


def _big(data: bytes, at: int, n_bytes: int) -> int:
    return int.from_bytes(data[at : at + n_bytes], "big")
