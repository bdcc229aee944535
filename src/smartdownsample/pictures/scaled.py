"""Images, and crops of them, at the size at which people look at them, and as JPEGs."""

from collections.abc import Sequence

import cv2
import numpy as np

from ..items import FILES
from ..records import ByteArray, Cause, FeatureTable, Region
from .decode import Picture
from .regions import decode_regions


def load_regions(
    path: str, regions: Sequence[Region], width: int, height: int
) -> list[ByteArray | None]:
    """Read an image, and scale each of its regions so that it just fits into a frame of pixels.

    Returns upright RGB, shape (h, w, 3), of each; None of what cannot be read.
    """
    content = FILES.read(path)
    if isinstance(content, Cause):
        return [None] * len(regions)
    scaled: list[ByteArray | None] = [None] * len(regions)
    for place, picture in decode_regions(content.data, regions, min_side=max(width, height)):
        if not isinstance(picture, Cause):
            scaled[place] = _fit(picture, width, height)
    return scaled


def _fit(picture: Picture, width: int, height: int) -> ByteArray:
    """Scale a picture so that it just fits into a frame."""
    scale = min(width / picture.width, height / picture.height)
    sides = [max(round(scale * length), 1) for length in (picture.width, picture.height)]
    # Shrinking averages areas; enlarging small pictures shows their pixels as they are.
    return np.asarray(cv2.resize(picture.pixels, sides, interpolation=cv2.INTER_AREA), np.uint8)


def list_regions(table: FeatureTable, rows: Sequence[int]) -> list[Region]:
    """List the regions of some rows of a table."""
    regions = table.regions[list(rows)].tolist()
    return [(x, y, width, height) for x, y, width, height in regions]


def encode_again(jpeg: bytes, quality: int, side_pixels: int) -> bytes:
    """Encode a JPEG at another quality, its longer side no longer than that.

    One that cannot be decoded stays as it is.
    """
    try:
        decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # no bytes, or a size that OpenCV refuses
        return jpeg
    # OpenCV returns None for what it cannot decode, which its types do not say.
    pixels = np.asarray(decoded)
    if not pixels.ndim:
        return jpeg
    height, width = pixels.shape[:2]
    if max(height, width) > side_pixels:
        pixels = _fit(Picture(pixels, width, height), side_pixels, side_pixels)
    return encode_jpeg(pixels, quality)


def encode_jpeg(pixels: ByteArray, quality: int) -> bytes:
    """Encode blue, green, red pixels, shape (h, w, 3), as a JPEG."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels), options)
    return data.tobytes()
