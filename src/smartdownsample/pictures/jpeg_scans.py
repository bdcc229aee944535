"""Scans of JPEGs: how often a decoder goes over the picture, and what it keeps meanwhile.

A plain JPEG has one scan and is decoded row by row. The others, progressive ones mostly, give all
blocks a little more detail with each scan: the decoder keeps the whole picture and goes over it
once for each scan, however few bytes the scan has.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

# Programs write up to about 20 scans; libtiff gives up on more than this as well
# (JPEG_MAX_ALLOWED_SCAN_NUMBER). An empty scan takes 0.3 ns a pixel.
MAX_SCANS = 100

# A marker with a segment, or the end of the image: not TEM (01), RST0 to RST7 and SOI, and neither
# 00, which says that the FF was data, nor a fill byte (ITU-T T.81, B.1.1).
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_DHT, _JPG, _DAC, _EOI, _SOS = 0xC4, 0xC8, 0xCC, 0xD9, 0xDA
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {_DHT, _JPG, _DAC}
# Huffman and arithmetic coding.
_PROGRESSIVE_MARKERS = frozenset((0xC2, 0xCA))
# A coefficient has 16 bits; each block has as many as it has pixels on a side.
_COEFFICIENT_BYTES, _BLOCK_SIDE = 2, 8


class Scans(NamedTuple):
    """The number of scans, and the bytes that the decoder keeps from one to the next.

    The scans of a JPEG are counted up to one more than `MAX_SCANS`.
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
    n_scans = 0
    for marker, at in _walk_segments(data):
        if marker in _FRAME_MARKERS:
            frame = frame or _read_frame(data, at)
        elif marker == _SOS and frame is not None:
            n_scans += 1
            # As libjpeg tells whether there are several scans (jdinput.c, initial_setup).
            n_in_scan = int.from_bytes(data[at + 4 : at + 5], "big")
            if n_scans == 1 and not frame.is_progressive and n_in_scan >= frame.n_components:
                return Scans(1, 0)
            if n_scans > MAX_SCANS:
                break
    n_samples = 0 if frame is None else frame.n_samples
    return Scans(n_scans, _COEFFICIENT_BYTES * n_samples)


def _walk_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield marker and place of each segment up to the end of the image; data is skipped."""
    at = 2
    while (found := _MARKER.search(data, at)) is not None:
        at = found.start()
        marker = data[at + 1]
        if marker == _EOI:
            return
        yield marker, at
        at += 2 + max(int.from_bytes(data[at + 2 : at + 4], "big"), 2)


def _read_frame(data: bytes, at: int) -> _Frame:
    """Read the frame header at a place (ITU-T T.81, B.2.2)."""
    height, width = (int.from_bytes(data[at + i : at + i + 2], "big") for i in (5, 7))
    n_components = int.from_bytes(data[at + 9 : at + 10], "big")
    factors = data[at + 11 : at + 10 + 3 * n_components : 3]
    across = [max(factor >> 4, 1) for factor in factors]
    down = [max(factor & 15, 1) for factor in factors]
    n_units = -(-width // (_BLOCK_SIDE * max(across, default=1)))
    n_units *= -(-height // (_BLOCK_SIDE * max(down, default=1)))
    n_blocks = sum(h * v for h, v in zip(across, down, strict=True))
    is_progressive = data[at + 1] in _PROGRESSIVE_MARKERS
    return _Frame(is_progressive, n_components, n_units * n_blocks * _BLOCK_SIDE**2)
