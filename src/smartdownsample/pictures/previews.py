"""From the beginning of a file to the small picture that a camera put there, if it can be trusted.

Cameras store a thumbnail of each photo in its EXIF data. Reading it takes a hundredth of the time
of a full decode, or less, but it need not show the photo: it may be of another shape, have bars
where the shape differs, or be left from before the photo was edited. One that looks wrong is not
used; whether those of a folder are like their photos is checked on a few, see
`smartdownsample.provenance`.
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
from .decode import Picture, decode_image, measure_upright, turn_upright
from .exif import find_thumbnail
from .headers import Header, read_jpeg

_JPEG_START = b"\xff\xd8"
# A segment of a JPEG, such as the one that holds its EXIF data and thumbnail, has less than 64 KiB;
# behind it there is room for the short ones that stand before the frame header.
HEAD_BYTES = 2**16 + 2**12

# More than any thumbnail has that fits into 64 KiB; what claims more is none.
_MAX_PREVIEW_PIXELS = 2**20
# Smaller ones have less than two pixels for each of the thumbnail that mean colours are taken from.
_MIN_SIDE = 2 * MEAN_SIDE
# Cameras round the shorter side to a whole pixel, such as 160×106 of 800×531. The nearest shapes
# that cameras have, 4:3 and 3:2, are 13 pixels of 120 apart.
_MAX_ROUNDING = 1
# A row is black when no level is above this: black is 16 in pictures of video chips, and JPEG lets
# a bar's level vary. The edges of night photos are brighter in all of 111 at hand.
_BLACK_LEVEL = 24

# How far the features of a preview may be from those of its photo, decoded at reduced size. Of
# previews that show their photos (115 of three makes), at most 11 of 64 bits, 2.5 levels of the
# mean colour and 4 of the layout are different. Of the same previews, cut at top and bottom by
# 6 %, 13 % pass; by 12 % (as 16:9 in 4:3), mirrored, or without a strip of information: none. Of 46
# that were left from before their photos were edited none passes; the nearest is 12 levels of the
# layout off.
MAX_FLIPPED_SHARE = 12 / 64
MAX_COLOUR_SHIFT = 4
MAX_LAYOUT_SHIFT = 8


class Treatment(IntEnum):
    """What is to be done with an image: decode it, also compare its preview, or use that."""

    DECODE = 0
    COMPARE = 1
    PREVIEW = 2


def read_with_preview(
    storage: Storage,
    location: str,
    treatment: Treatment,
    min_side: int | None,
    max_pixels: int = MAX_PIXELS,
) -> tuple[Content | Cause, Picture | None]:
    """Read a file's preview, and the whole file unless the preview is enough.

    A preview that can be used is enough for `Treatment.PREVIEW` only; the content is that of the
    beginning of the file then. The preview is None when there is none that can be used.
    """
    if treatment is Treatment.DECODE:
        return storage.read(location), None
    head = storage.read(location, 0, HEAD_BYTES)
    if isinstance(head, Cause):
        return head, None
    preview = find_preview(head.data, min_side, max_pixels)
    if preview is not None and treatment is Treatment.PREVIEW:
        return head, preview
    content = storage.read(location)
    if isinstance(content, Cause) or content.mtime_ns != head.mtime_ns:
        return content, None  # another file has taken its place
    return content, preview


def find_preview(
    head: bytes, min_side: int | None = None, max_pixels: int = MAX_PIXELS
) -> Picture | None:
    """Find the preview of a photo in the beginning of its file.

    Parameters
    ----------
    head : bytes
        Enough to hold the preview and the frame header; what stands behind is not looked at.
    min_side : int, optional
        See `smartdownsample.decode.decode_image`: for large previews.
    max_pixels : int
        An image that claims more pixels has no preview.

    Returns
    -------
    Picture or None
        Upright, with the size and time of the photo. None unless the preview is a whole JPEG that
        has the shape of the photo, is smaller, and shows no bars.
    """
    if not head.startswith(_JPEG_START):
        return None
    header, exif = read_jpeg(head)
    data = find_thumbnail(exif)
    if not data.startswith(_JPEG_START) or header.width * header.height > max_pixels:
        return None
    stored = decode_image(data, min_side=min_side, max_pixels=_MAX_PREVIEW_PIXELS)
    if isinstance(stored, Cause) or stored.is_truncated or not _has_shape_of(header, stored):
        return None
    if has_bars(stored.pixels):
        return None
    upright = turn_upright(stored.pixels, header.orientation)
    return Picture(upright, *measure_upright(header), captured=header.captured)


def _has_shape_of(header: Header, stored: Picture) -> bool:
    """Tell whether a preview has the shape of a photo and is smaller, both as stored."""
    error = abs(stored.width * header.height - stored.height * header.width)
    return (
        error <= _MAX_ROUNDING * max(header.width, header.height)
        and stored.width < header.width
        and min(stored.width, stored.height) >= _MIN_SIDE
    )


def has_bars(pixels: ByteArray) -> bool:
    """Tell whether a picture is black at two opposite edges, all along them.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        RGB.

    Returns
    -------
    bool
        True of pictures with bars that fill up another shape, and of photos that are so dark.
    """
    # As a rule the first row settles it for top and bottom.
    return bool(
        (pixels[0].max() <= _BLACK_LEVEL and pixels[-1].max() <= _BLACK_LEVEL)
        or (pixels[:, 0].max() <= _BLACK_LEVEL and pixels[:, -1].max() <= _BLACK_LEVEL)
    )


def compare_previews(previews: RowArray, decoded: RowArray, spec: FeatureSpec) -> ByteArray:
    """Compare the features of previews with those of their photos.

    Parameters
    ----------
    previews, decoded : structured ndarray, shape (n,)
        Features of the previews and of the photos, decoded.
    spec : FeatureSpec
        What the rows are.

    Returns
    -------
    ndarray of uint8, shape (n,)
        Flags to add to those of the photos: that they were compared, and whether they are alike.
        None for a truncated photo, of which a part is missing.
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
