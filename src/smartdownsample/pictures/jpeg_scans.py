"""Segments and scans of JPEGs: how often a decoder goes over the picture, and what it keeps.

A plain JPEG has one scan and is decoded row by row. The others, progressive ones mostly, give all
blocks a little more detail with each scan: the decoder keeps the whole picture and goes over it
once for each scan, however few bytes the scan has.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from .bits import MAX_PARTS, read_big

# Programs write up to about 20 scans; libtiff gives up on more than this as well
# (JPEG_MAX_ALLOWED_SCAN_NUMBER). An empty scan takes 0.3 ns a pixel.
MAX_SCANS = 100

# A marker with a segment, or the end of the image: not TEM (01), RST0 to RST7 and SOI, and neither
# 00, which says that the FF was data, nor a fill byte (ITU-T T.81, B.1.1).
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_DHT, _JPG, _DAC, _EOI = 0xC4, 0xC8, 0xCC, 0xD9
# Start of scan, application data (EXIF), and start of frame (ITU-T T.81, table B.1).
SOS, APP1 = 0xDA, 0xE1
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {_DHT, _JPG, _DAC}
# Huffman and arithmetic coding.
_PROGRESSIVE_MARKERS = frozenset((0xC2, 0xCA))
# A coefficient has 16 bits; each block has as many as it has pixels on a side.
_COEFFICIENT_BYTES, _BLOCK_SIDE = 2, 8


class Scans(NamedTuple):
    """The number of scans, and the bytes that the decoder keeps from one to the next.

    The scans of a JPEG are counted up to one more than `MAX_SCANS`. So many has also a JPEG of more
    segments than are looked at.
    """

    n_scans: int
    kept_bytes: int


class _Frame(NamedTuple):
    """What a frame header says: progressive or not, and the samples of each component."""

    is_progressive: bool
    n_components: int
    n_samples: int


def read_scans(data: bytes) -> Scans:
    """Read the scans of a JPEG; one that cannot be decoded may have none.

    Takes some microseconds for a plain JPEG, which is not read beyond its first scan header. Stops
    at the end of the image as the decoder does: thumbnails and videos in front and behind are not
    counted.
    """
    frame = None
    n_scans = n_segments = 0
    for marker, at in walk_segments(data):
        n_segments += 1
        if marker in FRAME_MARKERS:
            frame = frame or _read_frame(data, at)
        elif marker == SOS and frame is not None:
            n_scans += 1
            # As libjpeg tells whether there are several scans (jdinput.c, initial_setup).
            n_in_scan = read_big(data, at + 4, 1)
            if n_scans == 1 and not frame.is_progressive and n_in_scan >= frame.n_components:
                return Scans(1, 0)
            if n_scans > MAX_SCANS:
                break
    if n_segments == MAX_PARTS:
        n_scans = MAX_SCANS + 1
    n_samples = 0 if frame is None else frame.n_samples
    return Scans(n_scans, _COEFFICIENT_BYTES * n_samples)


def walk_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield marker and place of each segment up to the end of the image.

    What lies between segments is skipped, as the decoder skips it: fill bytes, data of the picture
    and what does not belong there. A size that the decoder finds must be found here as well. There
    are at most `MAX_PARTS`.
    """
    at, search = 2, _MARKER.search
    for _ in range(MAX_PARTS):
        found = search(data, at)
        if found is None:
            return
        at = found.start()
        marker = data[at + 1]
        if marker == _EOI or at + 4 > len(data):
            return
        yield marker, at
        at += 2 + max(data[at + 2] << 8 | data[at + 3], 2)


def _read_frame(data: bytes, at: int) -> _Frame:
    """Read the frame header at a place (ITU-T T.81, B.2.2)."""
    height, width, n_components = (read_big(data, at + i, n) for i, n in ((5, 2), (7, 2), (9, 1)))
    factors = data[at + 11 : at + 10 + 3 * n_components : 3]
    across = [max(factor >> 4, 1) for factor in factors]
    down = [max(factor & 15, 1) for factor in factors]
    n_units = -(-width // (_BLOCK_SIDE * max(across, default=1)))
    n_units *= -(-height // (_BLOCK_SIDE * max(down, default=1)))
    n_blocks = sum(h * v for h, v in zip(across, down, strict=True))
    is_progressive = data[at + 1] in _PROGRESSIVE_MARKERS
    return _Frame(is_progressive, n_components, n_units * n_blocks * _BLOCK_SIDE**2)
