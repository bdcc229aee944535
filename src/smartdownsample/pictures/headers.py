"""Headers: an image's format, size, orientation and capture time, without decoding.

The content decides, never the file's name. Readers check everything and never fail: what cannot be
read is unknown.
"""

import re
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..records import Cause
from .exif import FIRST_TURNED, Exif, read_captured, read_directory, read_exif

# Start-of-frame markers, all but DHT (C4), JPG (C8) and DAC (CC): ITU-T T.81, table B.1.
_JPEG_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers without a length: TEM, RST0 to RST7 and SOI; and 00, which says that the FF was data.
_JPEG_BARE_MARKERS = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))
# EOI and SOS: no frame header comes after them.
_JPEG_LAST_MARKERS = frozenset((0xD9, 0xDA))
# Height and width, after the precision in a frame header (ITU-T T.81, B.2.2).
_JPEG_SIZE = struct.Struct(">HH")
# Images of one tool without EXIF data start with the same bytes, frame header included: the
# headers of so many different starts are cached.
_JPEG_START_BYTES, _N_CACHED_STARTS = 256, 1024
_NO_EXIF = Exif()

_TIFF_WIDTH_TAG, _TIFF_HEIGHT_TAG = 0x0100, 0x0101
_TIFF_PHOTOMETRIC_TAG, _TIFF_EXTRA_SAMPLES_TAG = 0x0106, 0x0152

# Chunks of animated PNGs (PNG specification, 11.3.6).
_PNG_ANIMATION = frozenset((b"acTL", b"fcTL", b"fdAT"))

# Formats by the brand of an ISO base media file (ISO/IEC 14496-12, 23008-12).
_BRANDS = {
    b"avif": "AVIF", b"avis": "AVIF",
    b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"heim": "HEIC", b"heis": "HEIC",
    b"mif1": "HEIC", b"msf1": "HEIC",
}  # fmt: skip
# The boxes that describe the items of such a file are in its first bytes.
_MEDIA_HEAD_BYTES = 1 << 16
# The entry, of version 2 or 3, that gives the number of the item with the Exif data
# (ISO/IEC 14496-12, 8.11.6; 23008-12, A.2).
_EXIF_ITEM = re.compile(rb"infe(?:\x02...(..)|\x03...(....))..Exif", re.DOTALL)

# What files with an image's name turn out to be, by their first bytes.
_OTHER_STARTS: tuple[tuple[bytes, Cause], ...] = (
    (b"%PDF", Cause.DOCUMENT),
    (b"PK\x03\x04", Cause.ARCHIVE),
    (b"\x1f\x8b", Cause.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Cause.ARCHIVE),
    (b"Rar!", Cause.ARCHIVE),
    (b"\x00\x00\x01\xba", Cause.VIDEO),
    (b"\x1aE\xdf\xa3", Cause.VIDEO),
    (b"FUJIFILMCCD-RAW", Cause.RAW_PHOTO),
    (b"IIRO", Cause.RAW_PHOTO),
    (b"IIU\x00", Cause.RAW_PHOTO),
    (b"<?xml", Cause.TEXT),
    (b"<svg", Cause.TEXT),
)
_WEB_PAGE_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")
_TEXT_BYTES = frozenset((*range(0x20, 0x7F), 0x09, 0x0A, 0x0D, *range(0x80, 0x100)))
_TEXT_SAMPLE = 512


class Header(NamedTuple):
    """What a file says of its image.

    ``format`` is a name such as ``"JPEG"``. ``width`` and ``height`` are those of the stored
    pixels, 0 when unknown. ``orientation`` and ``captured`` are those of `exif.Exif`.
    ``has_alpha`` is set for TIFF only, where a fourth channel may be something else.
    """

    format: str
    width: int = 0
    height: int = 0
    orientation: int = 1
    captured: np.datetime64 | None = None
    has_alpha: bool = False

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height of the upright picture in pixels."""
        is_turned = self.orientation >= FIRST_TURNED
        return (self.height, self.width) if is_turned else (self.width, self.height)


def read_header(data: bytes) -> Header | Cause:
    """Recognise an image, or say what the file is instead. Pixels may still be damaged."""
    for starts, reader in _READERS:
        if data.startswith(starts):
            return reader(data)
    if data[4:8] == b"ftyp":
        return _read_media(data)
    if data[:4] == b"RIFF":
        return _read_webp(data) if data[8:12] == b"WEBP" else Cause.VIDEO
    return _recognise_other(data)


def _recognise_other(data: bytes) -> Cause:
    """Say what a file that is not an image looks like."""
    for start, cause in _OTHER_STARTS:
        if data.startswith(start):
            return cause
    sample = data[:_TEXT_SAMPLE]
    if sample.lstrip().lower().startswith(_WEB_PAGE_STARTS):
        return Cause.WEB_PAGE
    return Cause.TEXT if _TEXT_BYTES.issuperset(sample) else Cause.NOT_AN_IMAGE


def read_jpeg_with_exif(data: bytes) -> tuple[Header, bytes]:
    """Read the segments of a JPEG up to its frame header; also give its EXIF data, or nothing.

    Width and height are 0 when the data ends before the frame header. ITU-T T.81, annex B,
    https://www.w3.org/Graphics/JPEG/itu-t81.pdf
    """
    exif, exif_data = _NO_EXIF, b""
    at = 2
    # Bytes between segments are skipped, as the decoder skips them: a size that it finds must be
    # known here as well.
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker in _JPEG_LAST_MARKERS:
            break
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _JPEG_BARE_MARKERS:
            at += 2
        elif marker in _JPEG_FRAME_MARKERS and at + 9 <= len(data):
            height, width = _JPEG_SIZE.unpack_from(data, at + 5)
            return Header("JPEG", width, height, *exif), exif_data
        else:
            length = data[at + 2] << 8 | data[at + 3]
            if marker == 0xE1 and data.startswith(b"Exif\0\0", at + 4) and exif == _NO_EXIF:
                exif_data = data[at + 10 : at + 2 + length]
                exif = read_exif(exif_data)
            at += 2 + max(length, 2)
    return Header("JPEG", 0, 0, *exif), exif_data


def _read_jpeg(data: bytes) -> Header:
    """Read the header of a JPEG, from its first bytes if they have the size."""
    header = _read_jpeg_start(data[:_JPEG_START_BYTES])
    return header if header.width else read_jpeg_with_exif(data)[0]


@lru_cache(maxsize=_N_CACHED_STARTS)
def _read_jpeg_start(start: bytes) -> Header:
    return read_jpeg_with_exif(start)[0]


def _read_png(data: bytes) -> Header:
    """Read the IHDR and eXIf chunks of a PNG (PNG specification, 11.2)."""
    if data[12:16] != b"IHDR":
        return Header("PNG")
    exif = Exif()
    for name, at, end in _walk_png(data):
        if name == b"eXIf":
            exif = read_exif(data[at + 8 : end - 4])
    return Header("PNG", _big(data, 16, 4), _big(data, 20, 4), *exif)


def _walk_png(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of each chunk, as far as chunks are complete."""
    at = 8
    while (end := at + 12 + _big(data, at, 4)) <= len(data):
        name = data[at + 4 : at + 8]
        yield name, at, end
        if name == b"IEND":
            return
        at = end


def simplify_png(data: bytes) -> bytes | None:
    """Leave out the animation of a PNG; None when a chunk is cut off.

    Protects the decoder: it allocates what a chunk claims to hold, up to 4 GB, before it looks at
    the data, and it crashes on animations with damaged pixels. What is left is the picture that
    viewers without animation show.
    """
    chunks = list(_walk_png(data))
    if not chunks or chunks[-1][0] != b"IEND":
        return None
    if all(name not in _PNG_ANIMATION for name, _, _ in chunks):
        return data
    kept = (data[at:end] for name, at, end in chunks if name not in _PNG_ANIMATION)
    return data[:8] + b"".join(kept)


def _read_gif(data: bytes) -> Header:
    """Read the size of a GIF's screen (GIF89a, 18)."""
    return Header("GIF", _little(data, 6, 2), _little(data, 8, 2))


def _read_bmp(data: bytes) -> Header:
    """Read the size from a BMP's information header; a negative height means rows from the top."""
    if _little(data, 14, 4) == 12:  # the header of OS/2 1.x
        return Header("BMP", _little(data, 18, 2), _little(data, 20, 2))
    height = int.from_bytes(data[22:26], "little", signed=True)
    return Header("BMP", _little(data, 18, 4), abs(height))


def _read_webp(data: bytes) -> Header:
    """Read the size from the first header of a WebP that has one, and the EXIF data (RFC 9649)."""
    width = height = 0
    exif = Exif()
    at = 12
    while at + 8 <= len(data):
        name, length = data[at : at + 4], _little(data, at + 4, 4)
        if name == b"EXIF":
            exif = read_exif(data[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0"))
        elif not width and name == b"VP8X":
            width, height = _little(data, at + 12, 3) + 1, _little(data, at + 15, 3) + 1
        elif not width and name == b"VP8L":
            bits = _little(data, at + 9, 4)
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif not width and name == b"VP8 ":
            width, height = _little(data, at + 14, 2) & 0x3FFF, _little(data, at + 16, 2) & 0x3FFF
        at += 8 + length + length % 2
    return Header("WebP", width, height, *exif)


def _read_tiff(data: bytes) -> Header:
    """Read a TIFF's first page; no orientation, since OpenCV turns TIFFs upright itself."""
    page = read_directory(data)
    is_rgb = page.read_number(_TIFF_PHOTOMETRIC_TAG) == 2
    return Header(
        "TIFF",
        page.read_number(_TIFF_WIDTH_TAG) or 0,
        page.read_number(_TIFF_HEIGHT_TAG) or 0,
        captured=read_captured(page),
        has_alpha=is_rgb and page.read_number(_TIFF_EXTRA_SAMPLES_TAG) is not None,
    )


def _read_media(data: bytes) -> Header | Cause:
    """Read an ISO base media file: AVIF, HEIC, or a video."""
    name = _BRANDS.get(data[8:12])
    if name is None:
        return Cause.RAW_PHOTO if data[8:11] == b"crx" else Cause.VIDEO
    width = height = 0
    extent = data.find(b"ispe", 0, _MEDIA_HEAD_BYTES)
    if extent > 0:
        width, height = _big(data, extent + 8, 4), _big(data, extent + 12, 4)
    captured = read_exif(_find_media_exif(data)).captured
    return Header(name, width, height, _read_media_orientation(data), captured)


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


def _read_jp2(data: bytes) -> Header:
    """Read the image header box of a JPEG 2000 file (ISO/IEC 15444-1, I.5.3.1)."""
    at = data.find(b"ihdr", 0, 1 << 12)
    if at < 0:
        return Header("JPEG 2000")
    return Header("JPEG 2000", _big(data, at + 8, 4), _big(data, at + 4, 4))


def _read_j2k(data: bytes) -> Header:
    """Read the size marker of a bare JPEG 2000 codestream (ISO/IEC 15444-1, A.5.1)."""
    width, height = (_big(data, at, 4) - _big(data, at + 8, 4) for at in (8, 12))
    return Header("JPEG 2000", max(width, 0), max(height, 0))


def _read_pnm(data: bytes) -> Header | Cause:
    """Read the size from the first words of a PNM, without comments."""
    lines = (line.split(b"#")[0] for line in data[:1024].split(b"\n"))
    words = b" ".join(lines).split()
    if len(words) < 3 or not (words[1].isdigit() and words[2].isdigit()):
        return _recognise_other(data)
    return Header("PNM", int(words[1][:9]), int(words[2][:9]))


def _without_size(name: str) -> Callable[[bytes], Header]:
    """Make a reader for a format whose size only the decoder reads."""
    return lambda _: Header(name)


_READERS: tuple[tuple[tuple[bytes, ...], Callable[[bytes], Header | Cause]], ...] = (
    ((b"\xff\xd8",), _read_jpeg),
    ((b"\x89PNG\r\n\x1a\n",), _read_png),
    ((b"GIF87a", b"GIF89a"), _read_gif),
    ((b"BM",), _read_bmp),
    ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _read_tiff),
    ((b"\0\0\0\x0cjP  \r\n\x87\n",), _read_jp2),
    ((b"\xff\x4f\xff\x51",), _read_j2k),
    ((b"P1", b"P2", b"P3", b"P4", b"P5", b"P6"), _read_pnm),
    ((b"#?RADIANCE", b"#?RGBE"), _without_size("HDR")),
    ((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"), _without_size("JPEG XL")),
)


def _big(data: bytes, at: int, n_bytes: int) -> int:
    return int.from_bytes(data[at : at + n_bytes], "big")


def _little(data: bytes, at: int, n_bytes: int) -> int:
    return int.from_bytes(data[at : at + n_bytes], "little")
