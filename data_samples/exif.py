"""EXIF as cameras write it, with a thumbnail in a second image directory.

The structure is TIFF 6.0: a header, then directories of 12-byte entries, then the values too
long for an entry. Offsets count from the start of the header.

References
----------
.. [1] CIPA DC-008, Exchangeable image file format for digital still cameras: Exif 2.32.
"""

import struct

_ASCII, _SHORT, _LONG = 2, 3, 4
_MAKE, _MODEL, _ORIENTATION, _DATE_TIME, _EXIF_DIRECTORY = 0x010F, 0x0110, 0x0112, 0x0132, 0x8769
_DATE_TIME_ORIGINAL = 0x9003
_COMPRESSION, _THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0103, 0x0201, 0x0202
_COMPRESSION_JPEG = 6
_HEADER_BYTES = 8

Entry = tuple[int, int, int | bytes]


def build_exif(
    taken: str, make: str, model: str, orientation: int = 1, thumbnail: bytes = b""
) -> bytes:
    """Build an EXIF block.

    Parameters
    ----------
    taken : str
        When, as ``"2024:05:01 06:30:00"``.
    make, model : str
        The camera, in ASCII.
    orientation : int, default: 1
        1 is upright, 6 and 8 are turned by a quarter.
    thumbnail : bytes, default: empty
        A whole JPEG file to embed, if any.

    Returns
    -------
    bytes
        The block, starting with ``Exif`` and two zero bytes, as Pillow's ``save`` takes it.
    """
    original = taken.encode("ascii") + b"\0"
    entries: list[Entry] = [
        (_MAKE, _ASCII, make.encode("ascii") + b"\0"),
        (_MODEL, _ASCII, model.encode("ascii") + b"\0"),
        (_ORIENTATION, _SHORT, orientation),
        (_DATE_TIME, _ASCII, original),
        (_EXIF_DIRECTORY, _LONG, 0),
    ]
    # Sizes do not depend on the offsets, so a first pass with zeros tells where things begin.
    exif_start = _HEADER_BYTES + len(_pack_directory(entries, 0, 0))
    entries[-1] = (_EXIF_DIRECTORY, _LONG, exif_start)
    details = _pack_directory([(_DATE_TIME_ORIGINAL, _ASCII, original)], exif_start, 0)
    thumbnail_directory = exif_start + len(details) if thumbnail else 0
    tiff = struct.pack("<2sHL", b"II", 42, _HEADER_BYTES)
    tiff += _pack_directory(entries, _HEADER_BYTES, thumbnail_directory) + details
    if thumbnail:
        tiff += _pack_thumbnail(thumbnail, thumbnail_directory)
    return b"Exif\0\0" + tiff


def _pack_thumbnail(thumbnail: bytes, start: int) -> bytes:
    """Pack the directory of the thumbnail, followed by the thumbnail."""
    entries: list[Entry] = [
        (_COMPRESSION, _SHORT, _COMPRESSION_JPEG),
        (_THUMBNAIL_OFFSET, _LONG, 0),
        (_THUMBNAIL_LENGTH, _LONG, len(thumbnail)),
    ]
    entries[1] = (_THUMBNAIL_OFFSET, _LONG, start + len(_pack_directory(entries, start, 0)))
    return _pack_directory(entries, start, 0) + thumbnail


def _pack_directory(entries: list[Entry], start: int, next_directory: int) -> bytes:
    """Pack one directory that begins at `start`, with its long values behind it."""
    values_start = start + 2 + 12 * len(entries) + 4
    directory, values = struct.pack("<H", len(entries)), b""
    for tag, kind, value in entries:
        if isinstance(value, bytes):
            # The tags used here all hold more than the four bytes that fit into an entry.
            field = struct.pack("<L", values_start + len(values))
            count = len(value)
            values += value + b"\0" * (len(value) % 2)
        else:
            field, count = struct.pack("<H2x" if kind == _SHORT else "<L", value), 1
        directory += struct.pack("<HHL", tag, kind, count) + field
    return directory + struct.pack("<L", next_directory) + values
