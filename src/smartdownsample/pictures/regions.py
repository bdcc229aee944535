"""Regions: parts of a picture, given as x, y, width and height in shares of its size."""

from collections.abc import Sequence

import numpy as np

from ..options import MAX_PIXELS
from ..records import Cause, Region
from .decode import Picture, choose_scale, decode_image
from .headers import read_header


def decode_regions(
    data: bytes,
    regions: Sequence[Region],
    *,
    min_side: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> list[Picture | Cause]:
    """Decode regions of an image, see `decode_image`, or say why each cannot be decoded.

    Most images are decoded once. A JPEG whose regions differ much in size is decoded once for each
    reduction that these allow, since what a region gives must not depend on the other regions.
    """
    header = read_header(data) if data else Cause.EMPTY
    if isinstance(header, Cause):
        return [header] * len(regions)
    pictures: dict[int, Picture | Cause] = {}
    parts: list[Picture | Cause] = []
    for region in regions:
        scale = choose_scale(header, min_side, region)
        if scale not in pictures:
            pictures[scale] = decode_image(
                data, min_side=min_side, max_pixels=max_pixels, region=region
            )
        picture = pictures[scale]
        parts.append(picture if isinstance(picture, Cause) else cut_region(picture, region))
    return parts


def cut_region(picture: Picture, region: Region) -> Picture:
    """Cut a region out of a picture, and scale the size of the full image with it.

    Edges are rounded to whole pixels; at least one pixel is left.
    """
    left, right, width = _cut_side(region[0], region[2], picture.pixels.shape[1], picture.width)
    top, bottom, height = _cut_side(region[1], region[3], picture.pixels.shape[0], picture.height)
    pixels = np.ascontiguousarray(picture.pixels[top:bottom, left:right])
    return picture._replace(pixels=pixels, width=width, height=height)


def _cut_side(start: float, share: float, n_pixels: int, full: int) -> tuple[int, int, int]:
    """Find where a region starts and ends along one side, and its length in the full image."""
    first = min(round(start * n_pixels), n_pixels - 1)
    last = min(max(round((start + share) * n_pixels), first + 1), n_pixels)
    return first, last, max(round((start + share) * full) - round(start * full), 1)
