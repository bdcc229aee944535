"""From one file's bytes to a small picture: the only room that knows image formats.

The bytes are read here and handed to OpenCV as a buffer, because its own file functions crash
on names that are not valid UTF-8.
"""

import os
import time
from typing import NamedTuple

import cv2
import numpy as np

from .model import ByteArray, Cause
from .paths import cause_of

_COARSE_TICK_NS = 2 * 10**9
_FINE_TICK_NS = 50 * 10**6

# Larger than any panorama of a camera trap; a reduced decode of this size stays below 2 GB.
MAX_PIXELS = 2**28

_JPEG_START = b"\xff\xd8"
_JPEG_END = b"\xff\xd9"
_PNG_START = b"\x89PNG\r\n\x1a\n"
# Start-of-frame markers, all but DHT (C4), JPG (C8) and DAC (CC): ITU-T T.81, table B.1.
_JPEG_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers that stand alone, without a length: TEM and RST0 to RST7.
_JPEG_BARE_MARKERS = frozenset((0x01, *range(0xD0, 0xD8)))

_REDUCED_FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


class FileContent(NamedTuple):
    """The bytes of a file, and what they are a state of."""

    data: bytes
    mtime_ns: int
    size_bytes: int
    # False when the file changed while it was read, or may have done so without a trace.
    is_stable: bool


class Picture(NamedTuple):
    """A decoded image: upright, 8 bits.

    ``pixels`` is RGB, uint8, shape (h, w, 3), possibly smaller than the image itself, whose
    size in pixels is ``width`` × ``height``.
    """

    pixels: ByteArray
    width: int
    height: int


def read_file(path: str) -> FileContent | Cause:
    """Read a whole file, and notice when somebody changes it meanwhile.

    Parameters
    ----------
    path : str
        Absolute path; undecodable bytes as surrogates.

    Returns
    -------
    FileContent or Cause
        The content, or why it could not be read.
    """
    start_ns = time.time_ns()
    try:
        # Plain system calls: few of them, since each gives up the interpreter to other workers.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            before = os.fstat(descriptor)
            data = _read_all(descriptor, before.st_size)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        return cause_of(error)
    is_stable = (
        before.st_mtime_ns == after.st_mtime_ns
        and before.st_size == after.st_size == len(data)
        and is_settled(before.st_mtime_ns, start_ns)
    )
    return FileContent(data, after.st_mtime_ns, after.st_size, is_stable)


def is_settled(mtime_ns: int, now_ns: int) -> bool:
    """Tell whether any change of a file from now on would show in its modification time.

    A file that was written a moment ago can be written again within one tick of the file
    system's clock, and keep its time and perhaps its size.

    Parameters
    ----------
    mtime_ns, now_ns : int
        Modification time and the present, in nanoseconds.

    Returns
    -------
    bool
        False while the time lies less than a tick from now.

    Notes
    -----
    File systems that keep whole seconds (some of them even ones: FAT) show it by the zeros; the
    others tick with the kernel, at least every 10 ms.
    """
    tick_ns = _COARSE_TICK_NS if mtime_ns % 10**9 == 0 else _FINE_TICK_NS
    return abs(now_ns - mtime_ns) > tick_ns


def _read_all(descriptor: int, size_bytes: int) -> bytes:
    """Read to the end of a file that should have a given size."""
    data = os.read(descriptor, size_bytes + 1)
    while len(data) < size_bytes and (more := os.read(descriptor, size_bytes - len(data) + 1)):
        data += more
    return data


def decode_image(data: bytes, *, min_side: int | None = None) -> Picture | Cause:
    """Decode an image, at a reduced size where the format can do so cheaply.

    JPEG decoders can leave out the fine half, quarter or eighth of each block's frequencies
    and with them most of the work. Other formats are always decoded in full.

    Parameters
    ----------
    data : bytes
        Content of the file. The content decides the format, not the name.
    min_side : int, optional
        Length in pixels that the shorter side must keep. None decodes in full.

    Returns
    -------
    Picture or Cause
        The upright picture, or why there is none.
    """
    if not data:
        return Cause.EMPTY
    size = _read_size(data)
    if size is not None and size[0] * size[1] > MAX_PIXELS:
        return Cause.TOO_LARGE
    scale = 1
    if size is not None and min_side is not None and data.startswith(_JPEG_START):
        scale = _choose_scale(min(size), min_side)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), _REDUCED_FLAGS[scale])
    except cv2.error:
        return Cause.UNREADABLE
    if pixels is None:
        is_cut = data.startswith(_JPEG_START) and _JPEG_END not in data[-64:]
        return Cause.TRUNCATED if is_cut else Cause.UNREADABLE
    height, width = pixels.shape[:2]
    if size is not None and scale > 1:
        # The header's size is that of the stored picture, which may lie on its side.
        width, height = size if (width > height) == (size[0] > size[1]) else size[::-1]
    rgb: ByteArray = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)  # type: ignore[assignment] # uint8 as decoded
    return Picture(rgb, width, height)


def _choose_scale(short_side: int, min_side: int) -> int:
    """Choose the strongest reduction that keeps `min_side` pixels of the shorter side."""
    return max(scale for scale in _REDUCED_FLAGS if scale == 1 or short_side >= scale * min_side)


def _read_size(data: bytes) -> tuple[int, int] | None:
    """Read width and height from the header of a JPEG or PNG; None for other formats."""
    if data.startswith(_JPEG_START):
        return _read_jpeg_size(data)
    if data.startswith(_PNG_START) and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return None


def _read_jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Walk the markers of a JPEG to its frame header (ITU-T T.81, annex B)."""
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _JPEG_BARE_MARKERS:
            at += 2
        elif marker in _JPEG_FRAME_MARKERS:
            height = int.from_bytes(data[at + 5 : at + 7], "big")
            width = int.from_bytes(data[at + 7 : at + 9], "big")
            return (width, height) if width and height else None
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
