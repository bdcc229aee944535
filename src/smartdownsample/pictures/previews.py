"""Previews: the thumbnails that cameras store in the EXIF data of their photos.

Reading a preview takes at most a hundredth of the time of a full decode. But it need not show the
photo: it may have another shape, or bars where the shape differs, or be older than an edit of the
photo. A preview that looks wrong is not used. Whether the previews of a folder are like their
photos is checked on a few of them, see `smartdownsample.gathering`.
"""

from enum import IntEnum

import numpy as np

from ..features import MEAN_SIDE
from ..items import Content, Storage
from ..options import MAX_PIXELS
from ..records import (
    FLAG_ALIKE,
    FLAG_COMPARED,
    FLAG_TRUNCATED,
    ByteArray,
    Cause,
    FeatureSpec,
    RowArray,
)
from .decode import Picture, decode_image
from .exif import find_exif_thumbnail
from .headers import Header, read_jpeg_with_exif
from .pixels import turn_upright

_JPEG_MARK = b"\xff\xd8"
# The segment of a JPEG that holds its EXIF data and thumbnail has less than 64 KiB. The rest is for
# the short segments up to the frame header.
HEAD_BYTES = 2**16 + 2**12

# More than any thumbnail that fits into 64 KiB has.
_MAX_PREVIEW_PIXELS = 2**20
# Two pixels for each pixel of the thumbnail that mean colours are taken from.
_MIN_PREVIEW_SIDE = 2 * MEAN_SIDE
# In pixels of the preview. Cameras round the shorter side to a whole pixel, such as 160×106 of
# 800×531. The nearest shapes that cameras have, 4:3 and 3:2, are 13 pixels of 120 apart.
_MAX_ROUNDING = 1
# A row is black when no level is above this: video chips give black as 16, and JPEG makes levels
# vary. All of 111 night photos at hand have brighter edges.
_BLACK_LEVEL = 24

# How far the features of a preview may be from those of its photo, decoded at reduced size.
# 115 previews of three makes that show their photos differ by at most 11 of 64 bits, 2.5 levels of
# the mean colour and 4 of the layout. Of the same previews, 13 % pass when 6 % are cut off top and
# bottom; none when 12 % are cut off (as 16:9 in 4:3), when mirrored, or without a strip of
# information. Of 46 previews older than an edit of their photos none passes; the nearest is 12
# levels of the layout off.
MAX_FLIPPED_SHARE = 12 / 64
MAX_COLOUR_SHIFT = 4
MAX_LAYOUT_SHIFT = 8


class Treatment(IntEnum):
    """What to do with an image: decode it, also compare its preview, or use only the preview."""

    DECODE = 0
    COMPARE = 1
    PREVIEW = 2


def read_with_preview(
    storage: Storage,
    location: str,
    treatment: Treatment,
    etag: str | None = None,
    *,
    min_side: int | None,
    max_pixels: int = MAX_PIXELS,
) -> tuple[Content | Cause, Picture | None]:
    """Read a file, and find its preview if the treatment needs it.

    With `Treatment.PREVIEW` and a usable preview, only the beginning of the file is read. The
    preview is None when it is not needed or not usable. `etag` is for `Storage.read`.
    """
    if treatment is Treatment.DECODE:
        return storage.read(location, etag=etag), None
    head = storage.read(location, 0, HEAD_BYTES, etag=etag)
    if isinstance(head, Cause):
        return head, None
    preview = find_preview(head.data, min_side, max_pixels)
    if preview is not None and treatment is Treatment.PREVIEW:
        return head, preview
    content = _read_rest(storage, location, head, etag)
    if isinstance(content, Cause) or (content.mtime_ns, content.etag) != (head.mtime_ns, head.etag):
        return content, None  # another file has taken its place
    return content, preview


def _read_rest(storage: Storage, location: str, head: Content, etag: str | None) -> Content | Cause:
    """Read all of a file whose head was read; of an object, only what follows the head."""
    if head.etag is None:
        return storage.read(location, etag=etag)
    if head.size_bytes <= len(head.data):
        return head
    rest = storage.read(location, len(head.data), etag=head.etag)
    if isinstance(rest, Cause):
        return rest
    if rest.etag != head.etag:
        return storage.read(location, etag=etag)
    return rest._replace(data=head.data + rest.data, is_stable=head.is_stable)


def find_preview(
    head: bytes, min_side: int | None = None, max_pixels: int = MAX_PIXELS
) -> Picture | None:
    """Find the preview of a photo in its first `HEAD_BYTES`, and turn it upright.

    Size and time are those of the photo. None unless the preview is a complete JPEG, has the shape
    of the photo, is smaller, and has no bars, and the photo has at most `max_pixels`. `min_side` is
    that of `decode_image`, for large previews.
    """
    if not head.startswith(_JPEG_MARK):
        return None
    header, exif = read_jpeg_with_exif(head)
    data = find_exif_thumbnail(exif)
    if not data.startswith(_JPEG_MARK) or header.width * header.height > max_pixels:
        return None
    stored = decode_image(data, min_side=min_side, max_pixels=_MAX_PREVIEW_PIXELS)
    if isinstance(stored, Cause) or stored.is_truncated or not _has_shape_of(header, stored):
        return None
    if has_bars(stored.pixels):
        return None
    upright = turn_upright(stored.pixels, header.orientation)
    return Picture(upright, *header.upright_size, captured=header.captured)


def _has_shape_of(header: Header, stored: Picture) -> bool:
    """Tell whether a preview has the shape of a photo and is smaller, both as stored."""
    error = abs(stored.width * header.height - stored.height * header.width)
    return (
        error <= _MAX_ROUNDING * max(header.width, header.height)
        and stored.width < header.width
        and min(stored.width, stored.height) >= _MIN_PREVIEW_SIDE
    )


def has_bars(pixels: ByteArray) -> bool:
    """Tell whether two opposite edges of a picture are black: bars, or a very dark photo."""
    # Usually the first row settles it for top and bottom.
    return bool(
        (pixels[0].max() <= _BLACK_LEVEL and pixels[-1].max() <= _BLACK_LEVEL)
        or (pixels[:, 0].max() <= _BLACK_LEVEL and pixels[:, -1].max() <= _BLACK_LEVEL)
    )


def compare_previews(previews: RowArray, decoded: RowArray, spec: FeatureSpec) -> ByteArray:
    """Compare the features of n previews with those of their decoded photos.

    Gives the flags to add to the photos': compared, and alike or not. Truncated photos get no
    flags, because a part of them is missing.
    """
    n_flipped = np.unpackbits(previews["dhash"] ^ decoded["dhash"], axis=1).sum(axis=1)
    colour_shifts = np.abs(previews["mean_rgb"] - decoded["mean_rgb"]).max(axis=1)
    layouts = previews["lab_layout"].astype(np.int16) - decoded["lab_layout"]
    is_alike = (
        (n_flipped <= MAX_FLIPPED_SHARE * spec.hash_size**2)
        & (colour_shifts <= MAX_COLOUR_SHIFT)
        & (np.abs(layouts).max(axis=1) <= MAX_LAYOUT_SHIFT)
    )
    flags = np.where(is_alike, FLAG_COMPARED | FLAG_ALIKE, FLAG_COMPARED).astype(np.uint8)
    flags[decoded["flags"] & FLAG_TRUNCATED != 0] = 0
    return flags
