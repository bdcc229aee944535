"""Which pictures are of the same scene, and which are near-duplicates."""

import numpy as np

from ..records import LAB_LAYOUT_SIDE, BoolArray, DistanceArray, FeatureSpec, RowArray
from .distances import DISTANCE_SCALE, measure_distances

# Pictures whose distance is smaller are of the same scene. Of consecutive photos of a camera trap,
# nine in ten from one burst are, and one in a hundred from different bursts.
SAME_SCENE = 6 * DISTANCE_SCALE
# Nor has any cell of near-duplicates changed more than that, in levels of 8-bit Lab. An animal that
# takes 4 to 8 % of a photo changes the mean of all cells little, but most often one cell more.
_MAX_CHANGE = 8


def are_near_duplicates(a: RowArray, b: RowArray, spec: FeatureSpec) -> BoolArray:
    """Tell of each pair whether it is of one scene and nothing in it has changed, shape (n,).

    An animal that is smaller than about 2 % of the photo is not seen.
    """
    return is_near_duplicate(a, b, measure_distances(a, b, spec))


def is_near_duplicate(a: RowArray, b: RowArray, distances: DistanceArray) -> BoolArray:
    """Tell of pairs whose distances are known whether they are near-duplicates, shape (n,)."""
    change = a["lab_layout"].astype(np.int32) - b["lab_layout"]
    squares = (change**2).reshape(len(a), LAB_LAYOUT_SIDE**2, 3).sum(axis=2)
    is_still = squares.max(axis=1, initial=0) <= _MAX_CHANGE**2
    return np.asarray((distances < SAME_SCENE) & is_still)
