"""Regions: parts of a picture, given as x, y, width and height in shares of its size."""

from collections.abc import Sequence

import numpy as np

from .decode import Picture


def cut_region(picture: Picture, region: Sequence[float]) -> Picture:
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
