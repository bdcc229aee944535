"""EXIF data: which side of a photo is up, when it was taken, and its thumbnail.

EXIF data is laid out as a TIFF, so TIFF files are read here as well. Data starts with the mark of
the byte order. Readers check everything and never fail: what cannot be read is unknown.
"""

import re
from typing import Literal, NamedTuple

import numpy as np

# A field: tag, type, number of values, and the values or, where they are longer, their place.
_FIELD_BYTES = 12
_VALUE_BYTES = 4
# Bytes of an integer by its type: SHORT, LONG or IFD (the place of a directory).
_NUMBER_BYTES = {3: 2, 4: 4, 13: 4}
# No directory of a real file has more fields.
_MAX_FIELDS = 1000

# Orientations from this one on lie on their side (Exif 2.32, 4.6.4).
FIRST_TURNED = 5
# Exif 2.32, 4.6.3 to 4.6.5.
_ORIENTATION_TAG = 0x0112
_PHOTO_DIRECTORY_TAG = 0x8769
# DateTimeOriginal, DateTimeDigitized and DateTime, and the fractions of their seconds.
_ORIGINAL_TAGS = (0x9003, 0x9291)
_DIGITIZED_TAGS = (0x9004, 0x9292)
_CHANGED_TAGS = (0x0132, 0x9290)
# Start and length of the thumbnail, in the second directory.
_THUMBNAIL_TAG, _THUMBNAIL_BYTES_TAG = 0x0201, 0x0202

_TIME_BYTES = 19
# The year 0 comes from clocks that were never set.
_TIME = re.compile(rb"(?!0000)(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)\.(\d{0,3})")


class Exif(NamedTuple):
    """What EXIF data says of a photo.

    ``orientation`` is 1 to 8. ``captured`` is the local time of the camera's clock in ms, without
    a time zone, or None.
    """

    orientation: int = 1
    captured: np.datetime64 | None = None


class Directory(NamedTuple):
    """A directory of TIFF data: its fields end to end, and the place of the next one or 0."""

    data: bytes
    order: Literal["little", "big"]
    fields: bytes
    next_at: int = 0

    def read_number(self, tag: int) -> int | None:
        """Read the first value of a field of integers; None when there is none."""
        field = self._find_field(tag)
        n_bytes = _NUMBER_BYTES.get(int.from_bytes(field[2:4], self.order))
        return None if n_bytes is None else int.from_bytes(field[8 : 8 + n_bytes], self.order)

    def read_text(self, tag: int) -> bytes:
        """Read the first bytes of a text, as many as a time has; empty when there is none."""
        field = self._find_field(tag)
        length, value = int.from_bytes(field[4:8], self.order), field[8:]
        if length <= _VALUE_BYTES:
            return value[:length]
        at = int.from_bytes(value, self.order)
        return self.data[at : at + min(length, _TIME_BYTES)]

    def _find_field(self, tag: int) -> bytes:
        """Find the bytes of a field; empty when there is none."""
        start = tag.to_bytes(2, self.order)
        at = self.fields.find(start)
        while at >= 0 and at % _FIELD_BYTES:
            at = self.fields.find(start, at + 1)
        return b"" if at < 0 else self.fields[at : at + _FIELD_BYTES]


def read_directory(data: bytes, at: int | None = None) -> Directory:
    """Read the directory at a place in TIFF data, by default the first one.

    It has the fields that are complete, and none when the data is not a TIFF (TIFF 6.0, section 2,
    https://www.loc.gov/preservation/digital/formats/fdd/fdd000022.shtml).
    """
    order: Literal["little", "big"] = "big" if data[:2] == b"MM" else "little"
    if at is None:
        at = int.from_bytes(data[4:8], order)
    n_fields = int.from_bytes(data[at : at + 2], order) if data[:2] in {b"II", b"MM"} else 0
    n_fields = min(n_fields, _MAX_FIELDS, max(len(data) - at - 2, 0) // _FIELD_BYTES)
    end = at + 2 + n_fields * _FIELD_BYTES
    return Directory(data, order, data[at + 2 : end], int.from_bytes(data[end : end + 4], order))


def read_exif(data: bytes) -> Exif:
    """Read EXIF data; takes less than 10 µs for a photo, since few fields are read."""
    first = read_directory(data)
    orientation = first.read_number(_ORIENTATION_TAG) or 1
    return Exif(orientation if orientation in range(1, 9) else 1, read_captured(first))


def find_exif_thumbnail(data: bytes) -> bytes:
    """Find the thumbnail in EXIF data, usually a JPEG; empty when there is none or only a part."""
    at = read_directory(data).next_at
    second = read_directory(data, at) if at else None
    start = second and second.read_number(_THUMBNAIL_TAG)
    length = second and second.read_number(_THUMBNAIL_BYTES_TAG)
    if not start or not length or start + length > len(data):
        return b""
    return data[start : start + length]


def read_captured(first: Directory) -> np.datetime64 | None:
    """Read when a photo was taken, else digitized, else when its file was changed.

    Gives local time in ms, or None when none of these is a possible time. `first` is the first
    directory of EXIF data or of a TIFF.
    """
    at = first.read_number(_PHOTO_DIRECTORY_TAG)
    # TIFF/EP (ISO 12234-2) has the photo's fields in the first directory.
    photo = first if at is None else read_directory(first.data, at)
    for directory, (time_tag, fraction_tag) in (
        (photo, _ORIGINAL_TAGS),
        (photo, _DIGITIZED_TAGS),
        (first, _CHANGED_TAGS),
    ):
        time = directory.read_text(time_tag)
        captured = _parse_time(time + b"." + photo.read_text(fraction_tag)) if time else None
        if captured is not None:
            return captured
    return None


def _parse_time(text: bytes) -> np.datetime64 | None:
    """Parse a time such as ``2019:06:22 16:50:53.046``; None when it is not possible."""
    found = _TIME.match(text)
    if found is None:
        return None
    year, month, day, clock, digits = (part.decode() for part in found.groups())
    try:
        return np.datetime64(f"{year}-{month}-{day}T{clock}.{digits}0", "ms")
    except ValueError:  # such as 30 February
        return None
