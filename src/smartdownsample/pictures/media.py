"""AVIF and HEIC: size, orientation and other facts of media files that have images.

They are made of boxes (ISO/IEC 14496-12). One of them describes items: images, thumbnails, tiles,
Exif data. A file says its size several times, in boxes and in the data of its pictures: the
largest counts, since a decoder may go by any.
"""

import math
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple, TypeAlias

import numpy as np

from .bits import MAX_PARTS, read_big
from .boxes import find_boxes, walk_boxes
from .coded_sizes import Size, read_hevc_size, walk_av1_sizes, walk_hevc_sizes
from .exif import read_exif

# Extent of an image item: flags, width and height (ISO/IEC 23008-12, 6.5.3).
_EXTENT = re.compile(rb"ispe....(....)(....)", re.DOTALL)
# Sample entry of a sequence: 24 bytes, width and height (ISO/IEC 14496-12, 12.1.3).
_SEQUENCE = re.compile(rb"(?:av01|hvc1|hev1).{24}(..)(..)", re.DOTALL)
# Names of the auxiliary image that has the transparency (ISO/IEC 23000-22, 23008-12).
_ALPHA = re.compile(rb"urn:mpeg:(?:mpegB:cicp:systems:auxiliary:alpha|hevc:2015:auxid:1)\0")
# More than 8 bits in the configuration of an AVIF (AV1 Codec ISO Media File Format Binding, 2.3).
_DEEP = re.compile(rb"av1C..[\x40-\x7f\xc0-\xff]", re.DOTALL)
# A box that configures the decoder of AV1 or HEVC, and what of it is read.
_CONFIGURATION, _CONFIGURED_BYTES = re.compile(rb"(....)(av1C|hvcC)", re.DOTALL), 2**16
# The boxes that turn a picture are in the first bytes.
_HEAD_BYTES = 2**16

# What tells the sizes in the data of an item or of a sequence, by the name of its coding.
_WALKERS = {b"av01": walk_av1_sizes, b"hvc1": walk_hevc_sizes, b"hev1": walk_hevc_sizes}
# Place of the size in the data of an item that is made of others, after flags that say whether it
# has 32 bits: a grid of tiles, and an overlay (ISO/IEC 23008-12, 6.6.2).
_COMPOSED = {b"grid": 4, b"iovl": 10}
_WANTED = frozenset((*_WALKERS, *_COMPOSED, b"Exif"))
# How an item is stored that is in the description itself.
_IN_META = 1


class Media(NamedTuple):
    """What an AVIF or HEIC says of its image; sizes are 0 when unknown."""

    width: int
    height: int
    orientation: int
    captured: np.datetime64 | None
    has_alpha: bool
    is_deep: bool


class _Item(NamedTuple):
    """The coding of an item, such as ``av01``, and its data, empty when that cannot be found."""

    kind: bytes
    data: bytes | memoryview


# Start and end of a box's content.
_Place: TypeAlias = tuple[int, int]


def read_media(data: bytes) -> Media:
    """Read an ISO base media file that has images."""
    places = [*find_boxes(data, b"meta"), *find_boxes(data, b"moov")]
    items = list(_walk_items(data))
    told = list(islice(_walk_told_sizes(data), MAX_PARTS))
    coded = _read_coded_sizes([*items, *_walk_sequences(data)], _read_configured(data, places))
    width, height = max(told + coded, key=math.prod) if coded else (0, 0)
    exif = next((item.data for item in items if item.kind == b"Exif"), b"")
    # The first four bytes say how far after them the mark of the byte order is.
    captured = read_exif(bytes(exif[4 + read_big(exif, 0, 4) :])).captured
    return Media(
        width,
        height,
        _read_orientation(data),
        captured,
        has_alpha=any(_ALPHA.search(data, *place) for place in places),
        is_deep=any(_DEEP.search(data, *place) for place in places),
    )


def _read_orientation(data: bytes) -> int:
    """Turn the properties ``irot`` and ``imir`` into an EXIF orientation (ISO/IEC 23008-12)."""
    turn, mirror = (data.find(name, 0, _HEAD_BYTES) for name in (b"irot", b"imir"))
    n_quarters = data[turn + 4] & 3 if 0 < turn < len(data) - 4 else 0
    axis = data[mirror + 4] & 1 if 0 < mirror < len(data) - 4 else None
    # First quarter turns anticlockwise, then mirroring: top to bottom (0) or left to right (1).
    return {None: (1, 8, 3, 6), 0: (4, 5, 2, 7), 1: (2, 7, 4, 5)}[axis][n_quarters]


# ----------------------------------------------------------------------------- sizes


def _walk_told_sizes(data: bytes) -> Iterator[Size]:
    """Yield the sizes that boxes tell."""
    for name, pattern in ((b"meta", _EXTENT), (b"moov", _SEQUENCE)):
        for place in find_boxes(data, name):
            for found in pattern.finditer(data, *place):
                yield int.from_bytes(found[1], "big"), int.from_bytes(found[2], "big")


def _read_configured(data: bytes, places: list[_Place]) -> list[Size]:
    """Read the sizes in the boxes that configure decoders."""
    sizes: list[Size | None] = []
    found = chain.from_iterable(_CONFIGURATION.finditer(data, *place) for place in places)
    for box in islice(found, MAX_PARTS):
        content = data[box.end() : box.start() + int.from_bytes(box[1], "big")][:_CONFIGURED_BYTES]
        if box[2] == b"av1C":
            sizes += walk_av1_sizes(content[4:])
        else:
            sizes += map(read_hevc_size, _walk_hevc_units(content))
    return [size for size in sizes if size is not None]


def _walk_hevc_units(content: bytes) -> Iterator[bytes]:
    """Yield the units in the configuration of a HEVC decoder (ISO/IEC 14496-15, 8.3.2.1)."""
    at = 23
    for _ in range(read_big(content, 22, 1)):
        n_units = read_big(content, at + 1, 2)
        at += 3
        while n_units and at < len(content):
            length = read_big(content, at, 2)
            yield content[at + 2 : at + 2 + length]
            at += 2 + length
            n_units -= 1


def _read_coded_sizes(items: list[_Item], configured: list[Size]) -> list[Size]:
    """Read the sizes in the data of all pictures; none when one of them is not known.

    `configured` has those that decoders get beside the data.
    """
    sizes = list(configured)
    n_left = MAX_PARTS
    for kind, content in items:
        if kind in _WALKERS:
            units = list(islice(_WALKERS[kind](content), n_left))
            own = [size for size in units if size is not None]
            n_left -= len(units)
            if not n_left or not (own or configured):
                return []
            sizes += own
        elif kind in _COMPOSED:
            at, n_bytes = _COMPOSED[kind], 4 if read_big(content, 1, 1) & 1 else 2
            sizes.append((read_big(content, at, n_bytes), read_big(content, at + n_bytes, n_bytes)))
    return sizes


# ----------------------------------------------------------------------------- items


def _walk_items(data: bytes) -> Iterator[_Item]:
    """Yield the items of a file that matter here, each with its data."""
    extents: dict[int, list[memoryview]] = {}
    in_meta = find_boxes(data, b"meta", b"idat")
    for table in find_boxes(data, b"meta", b"iloc"):
        for number, method, at, length in islice(_walk_extents(data, *table), MAX_PARTS):
            start = at + (in_meta[0][0] if method == _IN_META and in_meta else 0)
            end = start + length if length else None
            extents.setdefault(number, []).append(memoryview(data)[start:end])
    n_left = len(data)
    for number, kind in _walk_kinds(data):
        parts = extents.get(number, [])
        if kind not in _WANTED:
            continue
        if len(parts) > 1:
            n_left -= sum(map(len, parts))
            # Parts that lie one over the other would take any memory.
            parts = [memoryview(b"".join(parts))] if n_left >= 0 else []
        yield _Item(kind, parts[0] if parts else b"")


def _walk_kinds(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and kind of each item (ISO/IEC 14496-12, 8.11.6)."""
    for at, last in find_boxes(data, b"meta", b"iinf"):
        n_before = 6 if read_big(data, at, 1) == 0 else 8
        for name, start, _ in walk_boxes(data, at + n_before, last):
            if name == b"infe":
                n_bytes = 4 if read_big(data, start, 1) == 3 else 2
                kind_at = start + 4 + n_bytes + 2
                yield read_big(data, start + 4, n_bytes), data[kind_at : kind_at + 4]


def _walk_extents(data: bytes, at: int, last: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, method, place and length of all parts of items (ISO/IEC 14496-12, 8.11.3)."""
    version, sizes = read_big(data, at, 1), read_big(data, at + 4, 2)
    n_offset, n_length, n_base, n_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    n_number, n_method = 4 if version == 2 else 2, 2 if version else 0
    n_items = read_big(data, at + 6, n_number)
    at += 6 + n_number
    for _ in range(min(n_items, MAX_PARTS)):
        if at >= last:
            return
        number, method = read_big(data, at, n_number), read_big(data, at + n_number, n_method) & 15
        at += n_number + n_method + 2
        base, n_extents = read_big(data, at, n_base), read_big(data, at + n_base, 2)
        at += n_base + 2
        for _ in range(n_extents):
            place, length_at = read_big(data, at + n_index, n_offset), at + n_index + n_offset
            yield number, method, base + place, read_big(data, length_at, n_length)
            at = length_at + n_length


def _walk_sequences(data: bytes) -> Iterator[_Item]:
    """Yield the first picture of each track of a sequence (ISO/IEC 14496-12, 8.5 to 8.7)."""
    for track in find_boxes(data, b"moov", b"trak"):
        tables: dict[bytes, int] = {}
        for place in find_boxes(data, b"mdia", b"minf", b"stbl", within=track):
            for name, start, _ in walk_boxes(data, *place):
                tables.setdefault(name, start)
        entry_at = tables.get(b"stsd", len(data)) + 12
        short_at, long_at = (tables.get(name, len(data)) for name in (b"stco", b"co64"))
        n_bytes = 4 if short_at <= long_at else 8
        sizes_at = tables.get(b"stsz", len(data))
        at = read_big(data, min(short_at, long_at) + 8, n_bytes)
        length = read_big(data, sizes_at + 4, 4) or read_big(data, sizes_at + 12, 4)
        yield _Item(data[entry_at : entry_at + 4], memoryview(data)[at : at + length])
