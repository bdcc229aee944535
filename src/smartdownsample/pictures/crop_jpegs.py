"""Crops as JPEG files, with the time at which they were taken."""

import struct

import cv2
import numpy as np

from ..records import ByteArray

# As MegaDetector's create_crop_folder writes them.
_QUALITY = 95
# DateTimeOriginal and SubSecTimeOriginal (Exif 2.32, 4.6.5), and what leads to them.
_PHOTO_DIRECTORY_TAG, _ORIGINAL_TAG, _FRACTION_TAG = 0x8769, 0x9003, 0x9291
_TEXT, _LONG = 2, 4
# TIFF data (Exif 2.32, 4.5.2): bytes of its header, of a count of fields, of a field, and of the
# place of the next directory.
_HEADER_BYTES, _COUNT_BYTES, _FIELD_BYTES, _NEXT_BYTES = 8, 2, 12, 4


def encode_crop(pixels: ByteArray, captured: np.datetime64) -> bytes:
    """Encode upright RGB pixels, shape (h, w, 3), as a JPEG; NaT is no time."""
    _, data = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    jpeg = data.tobytes()
    if np.isnat(captured):
        return jpeg
    exif = b"Exif\0\0" + _spell_time(captured)
    # Behind the marker of the start (ITU-T T.81, B.2.1).
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def _spell_time(captured: np.datetime64) -> bytes:
    """Make EXIF data that says when a photo was taken, in local time."""
    day, _, time = str(captured.astype("datetime64[ms]")).partition("T")
    seconds, _, fraction = time.partition(".")
    original = f"{day.replace('-', ':')} {seconds}".encode() + b"\0"
    photo = _HEADER_BYTES + _COUNT_BYTES + _FIELD_BYTES + _NEXT_BYTES
    original_place = photo + _COUNT_BYTES + 2 * _FIELD_BYTES + _NEXT_BYTES
    fields = struct.pack("<HHHII", 1, _PHOTO_DIRECTORY_TAG, _LONG, 1, photo) + bytes(_NEXT_BYTES)
    fields += struct.pack("<HHHII", 2, _ORIGINAL_TAG, _TEXT, len(original), original_place)
    fields += struct.pack("<HHI", _FRACTION_TAG, _TEXT, len(fraction) + 1)
    fields += fraction.encode() + b"\0" + bytes(_NEXT_BYTES)
    return b"II*\0" + struct.pack("<I", _HEADER_BYTES) + fields + original
