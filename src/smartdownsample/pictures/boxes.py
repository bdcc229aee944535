"""Boxes, of which several formats are made, and the size of a JPEG XL.

A box is its length, its name and its content; some boxes contain others (ISO/IEC 14496-12, 4.2).
"""

from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

from .bits import MAX_PARTS, read_big

# Bytes that a box has before those that are in it (ISO/IEC 14496-12, 8.11.1).
_BEFORE_BOXES = {b"meta": 4}

# More than the fields of a JPEG XL take that are read from the first bytes of its codestream.
_JXL_HEAD_BYTES = 32
# Bits of each length in a JPEG XL, by a selector (ISO/IEC 18181-1, SizeHeader).
_JXL_SIDE_BITS = (9, 13, 18, 30)
# Width for each height, by the code of a ratio.
_JXL_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


class JpegXl(NamedTuple):
    """Size of a JPEG XL, 0 when unknown, and whether it is animated or has a preview."""

    width: int = 0
    height: int = 0
    has_more_frames: bool = False


def walk_boxes(
    data: bytes, at: int = 0, last: int | None = None
) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, and start and end of the content, of the boxes that lie between two places.

    Those that are in another box are not among them. There are at most `MAX_PARTS`.
    """
    last = len(data) if last is None else last
    for _ in range(MAX_PARTS):
        if at + 8 > last:
            return
        length, name, start = read_big(data, at, 4), data[at + 4 : at + 8], at + 8
        if length == 1:
            length, start = read_big(data, at + 8, 8), at + 16
        end = last if length == 0 else at + length
        if end < start:
            return
        yield name, start, min(end, last)
        at = end


def find_boxes(data: bytes, *path: bytes) -> list[tuple[int, int]]:
    """Find start and end of the content of boxes in one another, named from the outermost on."""
    found = [(0, len(data))]
    n_before = 0
    for name in path:
        inner = chain.from_iterable(walk_boxes(data, at + n_before, last) for at, last in found)
        found = [(at, last) for kind, at, last in islice(inner, MAX_PARTS) if kind == name]
        n_before = _BEFORE_BOXES.get(name, 0)
    return found


def read_jxl(data: bytes) -> JpegXl:
    """Read the first fields of a JPEG XL, in boxes or not (ISO/IEC 18181-2)."""
    if data.startswith(b"\0\0\0\x0cJXL "):
        stream = b""
        for name, start, end in walk_boxes(data):
            # A part of the codestream has a number before it.
            skipped = {b"jxlc": 0, b"jxlp": 4}.get(name)
            if skipped is not None and len(stream) < _JXL_HEAD_BYTES:
                stream += data[start + skipped : min(end, start + skipped + _JXL_HEAD_BYTES)]
        data = stream
    is_stream = data.startswith(b"\xff\x0a")
    return _read_jxl_stream(data[:_JXL_HEAD_BYTES]) if is_stream else JpegXl()


def _read_jxl_stream(stream: bytes) -> JpegXl:
    """Read SizeHeader and ImageMetadata of a codestream up to its frames (ISO/IEC 18181-1)."""
    # Bits count from the lowest.
    bits = int.from_bytes(stream[2:], "little")

    def take(n_bits: int) -> int:
        nonlocal bits
        taken = bits & ((1 << n_bits) - 1)
        bits >>= n_bits
        return taken

    def take_size() -> tuple[int, int]:
        is_small = bool(take(1))

        def take_side() -> int:
            return 8 * (take(5) + 1) if is_small else take(_JXL_SIDE_BITS[take(2)]) + 1

        height = take_side()
        ratio = _JXL_RATIOS.get(take(3))
        return (height * ratio[0] // ratio[1], height) if ratio else (take_side(), height)

    size = take_size()
    is_plain = bool(take(1)) or not take(1)
    if not is_plain:
        take(3)  # the orientation
        if take(1):
            take_size()  # that at which it is to be shown
    return JpegXl(*size, has_more_frames=not is_plain and take(2) > 0)
