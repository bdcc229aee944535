"""Regions: the parts of pictures that items are."""

from collections.abc import Iterable
from typing import SupportsFloat, TypeAlias

import numpy as np

from .arrays import BoolArray, Float32Array, Float64Array, FrameArray

# x, y, width and height as shares of the upright picture.
Region: TypeAlias = tuple[float, float, float, float]
WHOLE: Region = (0.0, 0.0, 1.0, 1.0)
# Columns of tables that have regions.
REGION_COLUMNS = ("x", "y", "box_width", "box_height")


def are_crops(regions: Float32Array) -> BoolArray:
    """Tell which regions, shape (n, 4), are not whole photos."""
    if len(regions) and regions.strides[0] == 0:  # one region for all, see `whole_photos`
        return np.broadcast_to(are_crops(regions[:1].copy())[0], len(regions))
    is_crop: BoolArray = (regions != np.array(WHOLE, dtype=np.float32)).any(axis=1)
    return is_crop


def round_regions(shares: Float64Array) -> Float32Array:
    """Round regions, shape (n, 4), to multiples of 2**-16, which are exact in 32 bits."""
    return (np.rint(shares * 2**16) / 2**16).astype(np.float32)


def round_region(region: Iterable[SupportsFloat]) -> Region:
    """Round one region, of four shares."""
    ((x, y, width, height),) = round_regions(np.array([list(map(float, region))])).tolist()
    return x, y, width, height


def whole_photos(n: int) -> "tuple[FrameArray, Float32Array]":
    """Make the frames, shape (n,), and regions, (n, 4), of whole photos; both are read-only."""
    regions = np.broadcast_to(np.array(WHOLE, dtype=np.float32), (n, 4))
    return np.broadcast_to(np.int32(0), (n,)), regions
