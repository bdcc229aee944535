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
from .coded_sizes import (
    Size,
    count_av1_frames,
    read_hevc_size,
    walk_av1_sizes,
    walk_hevc_sizes,
)
from .exif import read_exif

# Extent of an image item: flags, width and height (ISO/IEC 23008-12, 6.5.3).
_EXTENT = re.compile(rb"ispe....(....)(....)", re.DOTALL)
# Sample entry of a sequence: 24 bytes, width and height (ISO/IEC 14496-12, 12.1.3).
_SEQUENCE = re.compile(rb"(?:av01|hvc1|hev1).{24}(..)(..)", re.DOTALL)
# Names of the auxiliary image that has the transparency (ISO/IEC 23000-22, 23008-12).
_ALPHA = re.compile(rb"urn:mpeg:(?:mpegB:cicp:systems:auxiliary:alpha|hevc:2015:auxid:1)\0")
# More than 8 bits in the configuration of an AVIF (AV1 Codec ISO Media File Format Binding, 2.3).
_DEEP = re.compile(rb"av1C..[\x40-\x7f\xc0-\xff]", re.DOTALL)
# Boxes that configure the decoder of AV1 or HEVC, and how much of them is read.
_CONFIGURATIONS, _CONFIGURED_BYTES = (re.compile(b"av1C"), re.compile(b"hvcC")), 2**16
# The boxes that turn a picture are in the first bytes.
_HEAD_BYTES = 2**16

# What tells the sizes in the data of an item or of a sequence, by the name of its coding.
_WALKERS = {b"av01": walk_av1_sizes, b"hvc1": walk_hevc_sizes, b"hev1": walk_hevc_sizes}
# Place of the size in the data of an item that is made of others, after flags that say whether it
# has 32 bits: a grid of tiles, and an overlay (ISO/IEC 23008-12, 6.6.2).
_COMPOSED = {b"grid": 4, b"iovl": 10}
_AV1, _EXIF = b"av01", b"Exif"
_WANTED = frozenset((*_WALKERS, *_COMPOSED, _EXIF))
# A picture has up to four layers (AV1 Image File Format, 2.3.2.3), each of a frame or two.
_MAX_FRAMES = 8
# A track has about ten tables.
_MAX_TABLES = 100
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
    has_more_frames: bool


class _Item(NamedTuple):
    """The coding of an item, such as ``av01``, and its data, empty when that cannot be found."""

    kind: bytes
    data: bytes | memoryview


# Start and end of a box's content.
_Place: TypeAlias = tuple[int, int]


def read_media(data: bytes) -> Media:
    """Read an ISO base media file that has images."""
    places = [*find_boxes(data, b"meta"), *find_boxes(data, b"moov")]
    items = _read_items(data)
    pictures = [item for item in (*items, *_walk_sequences(data)) if item.kind != _EXIF]
    coded = _read_coded_sizes(pictures, _walk_configured(data, places))
    told = islice(_walk_told_sizes(data), MAX_PARTS)
    width, height = max(chain(coded, told), key=math.prod) if coded else (0, 0)
    exif = next((item.data for item in items if item.kind == _EXIF), b"")
    # The first four bytes say how far after them the mark of the byte order is.
    captured = read_exif(bytes(exif[4 + read_big(exif, 0, 4) :])).captured
    return Media(
        width,
        height,
        _read_orientation(data),
        captured,
        has_alpha=any(_ALPHA.search(data, *place) for place in places),
        is_deep=any(_DEEP.search(data, *place) for place in places),
        # Where sizes are known, all units together are few.
        has_more_frames=bool(coded) and any(map(_has_more_frames, pictures)),
    )


def _has_more_frames(picture: _Item) -> bool:
    """Tell whether a coded picture has more frames than a still has."""
    return picture.kind == _AV1 and count_av1_frames(picture.data) > _MAX_FRAMES


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


def _walk_configured(data: bytes, places: list[_Place]) -> Iterator[Size | None]:
    """Yield for each box and unit that configures decoders the size that it tells, or None."""
    for name in _CONFIGURATIONS:
        for found in chain.from_iterable(name.finditer(data, *place) for place in places):
            yield None
            length = read_big(data, found.start() - 4, 4) - 8
            content = data[found.end() : found.end() + max(min(length, _CONFIGURED_BYTES), 0)]
            if found[0] == b"av1C":
                yield from walk_av1_sizes(content[4:])
            else:
                yield from map(read_hevc_size, _walk_hevc_units(content))


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


def _read_coded_sizes(pictures: list[_Item], configured: Iterator[Size | None]) -> list[Size]:
    """Read the sizes in the data of all pictures; none when one of them is not known.

    `configured` has those that decoders get beside the data.
    """
    units = list(islice(configured, MAX_PARTS))
    is_configured = any(units)
    own: list[Size | None]
    for kind, content in pictures:
        if kind in _COMPOSED:
            at, n_bytes = _COMPOSED[kind], 4 if read_big(content, 1, 1) & 1 else 2
            own = [(read_big(content, at, n_bytes), read_big(content, at + n_bytes, n_bytes))]
        else:
            own = list(islice(_WALKERS[kind](content), MAX_PARTS - len(units)))
        if not own or not (is_configured or any(own)):
            return []
        units += own
    is_known = pictures and len(units) < MAX_PARTS
    return [size for size in units if size is not None] if is_known else []


# ----------------------------------------------------------------------------- items


def _read_items(data: bytes) -> list[_Item]:
    """Read the items of a file that matter here, with their data as far as it is found."""
    kinds = list(islice(_walk_kinds(data), MAX_PARTS))
    extents: list[tuple[int, int, int, int]] = []
    for table in find_boxes(data, b"meta", b"iloc")[:1]:
        extents += islice(_walk_extents(data, *table), MAX_PARTS)
    if MAX_PARTS in {len(kinds), len(extents)}:
        return [_Item(b"av01", b"")]
    (meta_at, _), *_ = [*find_boxes(data, b"meta", b"idat"), (0, 0)]
    # Each item once: a list may name the same one any number of times.
    wanted = dict.fromkeys((number, kind) for number, kind in kinds if kind in _WANTED)
    parts: dict[int, list[memoryview]] = {number: [] for number, _ in wanted}
    for number, method, at, length in extents:
        if number in parts:
            start = at + (meta_at if method == _IN_META else 0)
            parts[number].append(memoryview(data)[start:][: length or None])
    contents: dict[int, bytes | memoryview] = {}
    n_left = len(data)
    for number, own in parts.items():
        contents[number] = own[0] if len(own) == 1 else b""
        if len(own) > 1:
            n_left -= sum(map(len, own))
            # Parts that lie one over the other would take any memory.
            contents[number] = b"".join(own) if n_left >= 0 else b""
    return [_Item(kind, contents[number]) for number, kind in wanted]


def _walk_kinds(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and kind of each item, or no kind of what is none (ISO/IEC 14496-12, 8.11.6)."""
    for at, last in find_boxes(data, b"meta", b"iinf"):
        n_before = 6 if read_big(data, at, 1) == 0 else 8
        for name, start, _ in walk_boxes(data, at + n_before, last):
            n_bytes = 4 if read_big(data, start, 1) == 3 else 2
            kind_at = start + 4 + n_bytes + 2
            kind = data[kind_at : kind_at + 4] if name == b"infe" else b""
            yield read_big(data, start + 4, n_bytes), kind


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
    for place in find_boxes(data, b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        tables: dict[bytes, int] = {}
        for name, start, _ in islice(walk_boxes(data, *place), _MAX_TABLES):
            tables.setdefault(name, start)
        places = [(tables[name], n) for name, n in ((b"stco", 4), (b"co64", 8)) if name in tables]
        if not places or not tables.keys() >= {b"stsd", b"stsz"}:
            yield _Item(b"av01", b"")
            continue
        places_at, n_bytes = min(places)
        at, sizes_at = read_big(data, places_at + 8, n_bytes), tables[b"stsz"]
        length = read_big(data, sizes_at + 4, 4) or read_big(data, sizes_at + 12, 4)
        kind = data[tables[b"stsd"] + 12 : tables[b"stsd"] + 16]
        if kind in _WALKERS:
            yield _Item(kind, memoryview(data)[at:][:length])
