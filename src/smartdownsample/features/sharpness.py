"""Sharpness: how much of what a picture shows changes from one pixel to the next.

Blurred edges and lines are spread over several pixels, so that neighbouring pixels differ little
where pixels farther apart do. The share does not depend on how much contrast there is, or how much
light. It is nearly the same at each size of a sharp picture, since natural scenes have details of
all sizes: D. J. Field, "Relations between the statistics of natural images and the response
properties of cortical cells", JOSA A 4 (1987), https://doi.org/10.1364/JOSAA.4.002379
"""

import math
from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np

from ..records import SHARPNESS_SCALE, ByteArray

# Sums of squared differences of pixels that are 1 and 4 apart, down and across; height and width.
Differences: TypeAlias = tuple[float, float, float, float, int, int]

# Pictures are halved while their shorter side has twice as many pixels: what decoding at a reduced
# size keeps of every photo is what is looked at, however it was decoded.
_MIN_SIDE = 108
# Pixels apart.
_FAR = 4
_TOO_SMALL: Differences = (math.nan, math.nan, math.nan, math.nan, 5, 5)


def note_differences(noted: list[Differences], picture: ByteArray) -> ByteArray:
    """Add the differences between an RGB picture's pixels, shape (h, w, 3), to a list.

    Gives the picture back, unchanged.
    """
    levels = picture
    while levels.shape[0] >= 2 * _MIN_SIDE and levels.shape[1] >= 2 * _MIN_SIDE:
        size = levels.shape[1] // 2, levels.shape[0] // 2
        levels = np.asarray(cv2.resize(levels, size, interpolation=cv2.INTER_AREA), np.uint8)
    if levels.shape[0] > _FAR and levels.shape[1] > _FAR:
        sums = (
            cv2.norm(levels[1:], levels[:-1], cv2.NORM_L2SQR),
            cv2.norm(levels[:, 1:], levels[:, :-1], cv2.NORM_L2SQR),
            cv2.norm(levels[_FAR:], levels[:-_FAR], cv2.NORM_L2SQR),
            cv2.norm(levels[:, _FAR:], levels[:, :-_FAR], cv2.NORM_L2SQR),
        )
        noted += ((*sums, *levels.shape[:2]),)
    else:
        noted += (_TOO_SMALL,)
    return picture


def compute_sharpness(noted: Sequence[Differences]) -> ByteArray:
    """Compute the sharpness of n pictures from their differences, shape (n,).

    The root mean square of differences of neighbours, as a share of that of pixels four apart, in
    units of 1/200: 50 where levels rise evenly, 200 in noise; 255 for more, and for a picture of
    one colour; 0 for one too small to tell.
    """
    sums = np.array(noted, dtype=np.float64).reshape(len(noted), 6)
    # Whole numbers, but for the last digit of a square root that OpenCV squares.
    near_down, near_across, far_down, far_across = np.rint(sums[:, :4]).T
    height, width = sums[:, 4:].T
    near = near_down / ((height - 1) * width) + near_across / (height * (width - 1))
    far = far_down / ((height - _FAR) * width) + far_across / (height * (width - _FAR))
    # Where no two pixels differ, none differ less than others.
    squares = np.divide(near, far, out=np.full(len(far), np.inf), where=far != 0)
    sharpness = np.rint((np.sqrt(squares) * SHARPNESS_SCALE).clip(1, 255))
    return np.asarray(np.nan_to_num(sharpness, nan=0), dtype=np.uint8)
