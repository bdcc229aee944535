"""Headers: an image's format, size, orientation and capture time, without decoding.

The content decides, never the file's name. Readers check everything and never fail: what cannot be
read is unknown.
"""

import re
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from ..records import Cause
from .bits import MAX_PARTS, read_big, read_little
from .boxes import read_jxl
from .exif import FIRST_TURNED, Directory, Exif, read_captured, read_directory, read_exif
from .jpeg_2000 import read_j2k, read_jp2
from .jpeg_scans import APP1, FRAME_MARKERS, SOS, walk_segments
from .media import read_media
from .memory_budget import SMALL_BYTES

# Height and width, after the precision in a frame header (ITU-T T.81, B.2.2).
_JPEG_SIZE = struct.Struct(">HH")
# What most programs that cut crops write: JFIF data or none, tables of 8 bits and a frame header,
# whose height and width are found at once rather than segment by segment.
_PLAIN_JPEG = re.compile(
    rb"\xff\xd8(?:\xff\xe0\x00\x10.{14})?(?:\xff\xdb\x00(?:\x43.{65}|\x84.{130}))+"
    rb"\xff[\xc0-\xc2]...(.{4})",
    re.DOTALL,
)
# Editors add EXIF data, some of it empty; more than this is not looked at.
_MAX_EXIFS = 10
_NO_EXIF = Exif()

_TIFF_WIDTH_TAG, _TIFF_HEIGHT_TAG = 0x0100, 0x0101
_TIFF_PHOTOMETRIC_TAG, _TIFF_EXTRA_SAMPLES_TAG = 0x0106, 0x0152
# Photometric interpretations whose numbers become floats: LogL and LogLuv.
_TIFF_LOGARITHMIC = frozenset((32844, 32845))
_TIFF_BITS_TAG, _TIFF_SAMPLES_TAG, _TIFF_STRIP_TAG = 0x0102, 0x0115, 0x0116
_TIFF_TILE_WIDTH_TAG, _TIFF_TILE_HEIGHT_TAG = 0x0142, 0x0143
# What decides how much memory the decoder takes.
_TIFF_SIZE_TAGS = (
    *(_TIFF_WIDTH_TAG, _TIFF_HEIGHT_TAG, _TIFF_TILE_WIDTH_TAG, _TIFF_TILE_HEIGHT_TAG),
    *(_TIFF_PHOTOMETRIC_TAG, _TIFF_BITS_TAG, _TIFF_SAMPLES_TAG, _TIFF_STRIP_TAG),
)

# What decoders hold for a pixel while they are at work, in bytes: their picture, and what they make
# it from. Measured with pictures of 4000×4000 pixels and OpenCV 5.0, pillow-heif 1.8 and
# pillow-jxl-plugin 1.3, as growth of the process at its peak. OpenCV lets go of all but its
# picture, then hands it over as a copy: where the picture is nearly all that it holds (grey 1 byte,
# RGB 3, RGBA 4, of 16 bits twice that), the peak is twice the figure. JPEG: baseline 6 (3 and
# the copy), progressive 6 with 4:2:0, 9 with 4:4:4, 11 with CMYK, see `jpeg_scans`. PNG: 4 to 8,
# with 16 bits 12 to 16. BMP, PNM and lossy WebP: 6. The others are beside their figures.
_GIF_BYTES = 9  # 8, with several frames 9
_WEBP_BYTES, _WEBP_ANIMATION_BYTES = 8, 12  # lossless 7, with alpha 8; with several frames 12
_HDR_BYTES = 15  # 15: three floats, and RGB
_MEDIA_BYTES = {
    ("AVIF", False): 20, ("AVIF", True): 33,  # 17 with 4:2:0, 19 with 4:4:4, 32 with alpha
    ("HEIC", False): 10, ("HEIC", True): 10,  # 8 and 9, with 10 bits 9
}  # fmt: skip
_DEEP_MEDIA = 1.25  # 22 in place of 17, and 40 in place of 32
_JXL_BYTES = 16  # 11 or 12, lossless up to 16
# What the decoder of JPEG 2000 holds for each tile that a header tells of, and for each component
# of one, whether the file has it or not: 8,400 and 1,050 with OpenCV 5.0.
_JP2_TILE_BYTES, _JP2_COMPONENT_BYTES = 9_000, 1_200

# Chunks that the decoder does without: of animations (PNG specification, 11.3.6), and compressed
# texts, each of which takes 40 ms in 8 KB.
_PNG_LEFT_OUT = frozenset((b"acTL", b"fcTL", b"fdAT", b"zTXt", b"iTXt"))
# Channels of a decoded picture by the colour type, without transparency: grey, RGB, palette.
_PNG_CHANNELS = {0: 1, 2: 3, 3: 3}

# Formats by the brand of an ISO base media file (ISO/IEC 14496-12, 23008-12).
_BRANDS = {
    b"avif": "AVIF", b"avis": "AVIF",
    b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"heim": "HEIC", b"heis": "HEIC",
    b"mif1": "HEIC", b"msf1": "HEIC",
}  # fmt: skip

# No header in words of a real file is longer.
_TEXT_HEADER_BYTES = 1 << 12
# Magic number, width, height and the first digit of the largest level, if there is one. Comments
# end with their line.
_PNM_GAP = rb"(?:[ \t\n\v\f\r]|#[^\n\r]*[\n\r])"
_PNM = re.compile(
    rb"P([1-6])%b+(\d{1,9})[ \t\n\v\f\r]%b*(\d{1,9})[ \t\n\v\f\r]%b*(\d?)" % ((_PNM_GAP,) * 3)
)
# Magic numbers of those that are black and white, and have no largest level.
_PNM_BITMAPS = frozenset((b"1", b"4"))
# The decoder reads lines of up to 127 characters, the line feed included.
_HDR = re.compile(rb"#\?[^\n]{0,124}\n(?:[^\n]{1,126}\n)*\n-Y (\d{1,9}) \+X (\d{1,9})\n")

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
    ``has_alpha`` is set for TIFF only, where a fourth channel may be something else, and
    ``is_animated`` where the decoder makes all frames: of a JPEG XL, or of an AVIF that has many
    in one picture.
    ``bytes_per_pixel`` is what the decoder holds while it is at work, at most; for JPEG
    `jpeg_scans` tells.
    """

    format: str
    width: int = 0
    height: int = 0
    orientation: int = 1
    captured: np.datetime64 | None = None
    has_alpha: bool = False
    bytes_per_pixel: float = 4
    is_animated: bool = False

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
    exif, exif_data, n_exifs = _NO_EXIF, b"", 0
    for marker, at in walk_segments(data):
        if marker == SOS:
            break
        if marker in FRAME_MARKERS and at + 9 <= len(data):
            height, width = _JPEG_SIZE.unpack_from(data, at + 5)
            return Header("JPEG", width, height, *exif), exif_data
        is_exif = marker == APP1 and data.startswith(b"Exif\0\0", at + 4)
        if is_exif and exif == _NO_EXIF and n_exifs < _MAX_EXIFS:
            n_exifs += 1
            exif_data = data[at + 10 : at + 2 + read_big(data, at + 2, 2)]
            exif = read_exif(exif_data)
    return Header("JPEG", 0, 0, *exif), exif_data


def _read_jpeg(data: bytes) -> Header:
    """Read the header of a JPEG."""
    plain = _PLAIN_JPEG.match(data)
    if plain is None:
        return read_jpeg_with_exif(data)[0]
    height, width = _JPEG_SIZE.unpack(plain[1])
    return Header("JPEG", width, height)


def _read_png(data: bytes) -> Header:
    """Read the IHDR and eXIf chunks of a PNG (PNG specification, 11.2)."""
    if data[12:16] != b"IHDR":
        return Header("PNG")
    exif, n_channels = None, _PNG_CHANNELS.get(read_big(data, 25, 1), 4)
    for name, at, end in _walk_png(data):
        if name == b"eXIf" and exif is None:
            exif = read_exif(data[at + 8 : end - 4])
        elif name == b"tRNS":
            n_channels = 4
    n_bytes = n_channels * (2 if read_big(data, 24, 1) > 8 else 1)
    width, height = read_big(data, 16, 4), read_big(data, 20, 4)
    return Header("PNG", width, height, *(exif or _NO_EXIF), bytes_per_pixel=n_bytes)


def _walk_png(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of the first `MAX_PARTS` chunks, as far as they are complete."""
    at = 8
    for _ in range(MAX_PARTS):
        end = at + 12 + read_big(data, at, 4)
        if end > len(data):
            return
        name = data[at + 4 : at + 8]
        yield name, at, end
        if name == b"IEND":
            return
        at = end


def simplify_png(data: bytes) -> bytes | None:
    """Leave out animation and texts of a PNG; None when a chunk is cut off, or there are too many.

    Protects the decoder: it allocates what a chunk claims to hold, up to 4 GB, before it looks at
    the data, and it crashes on animations with damaged pixels. What is left is the picture that
    viewers without animation show.
    """
    chunks = list(_walk_png(data))
    if not chunks or chunks[-1][0] != b"IEND":
        return None
    if all(name not in _PNG_LEFT_OUT for name, _, _ in chunks):
        return data
    kept = (data[at:end] for name, at, end in chunks if name not in _PNG_LEFT_OUT)
    return data[:8] + b"".join(kept)


def _read_gif(data: bytes) -> Header:
    """Read the size of a GIF's screen (GIF89a, 18)."""
    return Header(
        "GIF", read_little(data, 6, 2), read_little(data, 8, 2), bytes_per_pixel=_GIF_BYTES
    )


def _read_bmp(data: bytes) -> Header:
    """Read the size from a BMP's information header; a negative height means rows from the top."""
    if read_little(data, 14, 4) == 12:  # the header of OS/2 1.x
        return Header("BMP", read_little(data, 18, 2), read_little(data, 20, 2))
    height = int.from_bytes(data[22:26], "little", signed=True)
    return Header("BMP", read_little(data, 18, 4), abs(height))


def _read_webp(data: bytes) -> Header:
    """Read the size from the first header of a WebP that has one, and the EXIF data (RFC 9649)."""
    width = height = 0
    exif, n_bytes = None, 4
    at = 12
    for _ in range(MAX_PARTS):
        if at + 8 > len(data):
            break
        name, length = data[at : at + 4], read_little(data, at + 4, 4)
        if name == b"EXIF" and exif is None:
            exif = read_exif(data[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0"))
        elif not width and name == b"VP8X":
            width, height = read_little(data, at + 12, 3) + 1, read_little(data, at + 15, 3) + 1
            n_bytes = _WEBP_ANIMATION_BYTES if read_little(data, at + 8, 1) & 2 else _WEBP_BYTES
        elif not width and name == b"VP8L":
            bits = read_little(data, at + 9, 4)
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
            n_bytes = _WEBP_BYTES
        elif not width and name == b"VP8 ":
            width, height = (
                read_little(data, at + 14, 2) & 0x3FFF,
                read_little(data, at + 16, 2) & 0x3FFF,
            )
        at += 8 + length + length % 2
    return Header("WebP", width, height, *(exif or _NO_EXIF), bytes_per_pixel=n_bytes)


def _read_tiff(data: bytes) -> Header:
    """Read a TIFF's first page; no orientation, since OpenCV turns TIFFs upright itself."""
    page = read_directory(data)
    is_rgb = page.read_number(_TIFF_PHOTOMETRIC_TAG) == 2
    width = page.read_number(_TIFF_WIDTH_TAG) or 0
    height = page.read_number(_TIFF_HEIGHT_TAG) or 0
    if any(map(page.has_unread_number, _TIFF_SIZE_TAGS)):
        # The decoder may know better what they say.
        width = height = 0
    return Header(
        "TIFF",
        width,
        height,
        captured=read_captured(page),
        has_alpha=is_rgb and page.read_number(_TIFF_EXTRA_SAMPLES_TAG) is not None,
        bytes_per_pixel=_count_tiff_bytes(page, width, height),
    )


def _count_tiff_bytes(page: Directory, width: int, height: int) -> float:
    """Count what the decoder of TIFF holds: its picture, and a strip or tile twice.

    Tiles may be larger than the picture.
    """
    n_bits = page.read_first_number(_TIFF_BITS_TAG) or 1
    if page.read_number(_TIFF_PHOTOMETRIC_TAG) in _TIFF_LOGARITHMIC:
        n_bits = max(n_bits, 32)
    n_bytes = max(4, (page.read_number(_TIFF_SAMPLES_TAG) or 1) * n_bits / 8)
    if not width * height:
        return n_bytes
    n_columns = page.read_number(_TIFF_TILE_WIDTH_TAG) or width
    n_rows = page.read_number(_TIFF_TILE_HEIGHT_TAG)
    if n_rows is None:
        n_rows = min(page.read_number(_TIFF_STRIP_TAG) or height, height)
    return n_bytes * (1 + 2 * n_columns * n_rows / (width * height))


def _read_media(data: bytes) -> Header | Cause:
    """Read an ISO base media file: AVIF, HEIC, or a video."""
    name = _BRANDS.get(data[8:12])
    if name is None:
        return Cause.RAW_PHOTO if data[8:11] == b"crx" else Cause.VIDEO
    media = read_media(data)
    n_bytes = _MEDIA_BYTES[name, media.has_alpha] * (_DEEP_MEDIA if media.is_deep else 1)
    is_animated = media.has_more_frames
    return Header(name, *media[:4], bytes_per_pixel=n_bytes, is_animated=is_animated)


def _read_jp2(data: bytes) -> Header:
    """Read a JPEG 2000, in boxes or not."""
    is_bare = data.startswith(b"\xff")
    width, height, n_components, n_tiles, block_bytes = (read_j2k if is_bare else read_jp2)(data)
    # Peaks are 16 for RGB, with 16 bits 19, with alpha 21: 32 bits a component, then the picture.
    n_bytes: float = 4 * n_components + 2 * min(n_components, 4)
    if n_tiles > 1:
        tile_bytes = _JP2_TILE_BYTES + n_components * _JP2_COMPONENT_BYTES
        n_bytes += n_tiles * tile_bytes / max(width * height, 1)
    # Those of usual size are in the figure; they can be of one pixel.
    block_bytes *= n_components
    if block_bytes > SMALL_BYTES:
        n_bytes += block_bytes / max(width * height, 1)
    return Header("JPEG 2000", width, height, bytes_per_pixel=n_bytes)


def _read_jxl(data: bytes) -> Header:
    """Read a JPEG XL, in boxes or not."""
    width, height, is_animated = read_jxl(data)
    n_bytes = _JXL_BYTES
    return Header("JPEG XL", width, height, bytes_per_pixel=n_bytes, is_animated=is_animated)


def _read_pnm(data: bytes) -> Header | Cause:
    """Read the size of a PNM (https://netpbm.sourceforge.net/doc/ppm.html)."""
    found = _PNM.match(data, 0, _TEXT_HEADER_BYTES)
    if found is None or not (found[4] or found[1] in _PNM_BITMAPS):
        return _recognise_other(data)
    return Header("PNM", int(found[2]), int(found[3]))


def _read_hdr(data: bytes) -> Header:
    """Read the resolution line of a Radiance HDR, which follows the first blank line.

    G. Ward, "Real Pixels", Graphics Gems II (1991). Lines that the decoder would break are refused.
    """
    found = _HDR.match(data, 0, _TEXT_HEADER_BYTES)
    height, width = (int(found[1]), int(found[2])) if found else (0, 0)
    return Header("HDR", width, height, bytes_per_pixel=_HDR_BYTES)


_READERS: tuple[tuple[tuple[bytes, ...], Callable[[bytes], Header | Cause]], ...] = (
    ((b"\xff\xd8",), _read_jpeg),
    ((b"\x89PNG\r\n\x1a\n",), _read_png),
    ((b"GIF87a", b"GIF89a"), _read_gif),
    ((b"BM",), _read_bmp),
    ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _read_tiff),
    ((b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"), _read_jp2),
    ((b"P1", b"P2", b"P3", b"P4", b"P5", b"P6"), _read_pnm),
    ((b"#?RADIANCE", b"#?RGBE"), _read_hdr),
    ((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"), _read_jxl),
)
