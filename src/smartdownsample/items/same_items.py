"""Which items are the same: those of one file, one frame and one region."""

import numpy as np

from ..records import Float32Array, FrameArray, IntArray

# Regions are whole multiples of 2**-16, from 0 to 1: their sides are integers of 17 bits.
_SIDE_BITS = 17
_N_STEPS = 2**16


def find_first(files: IntArray, frames: FrameArray, regions: Float32Array) -> IntArray:
    """Find the first item that each item is the same as.

    Parameters
    ----------
    files, frames : ndarray of int, shape (n,)
        Number of the file of each item, below 2**46, and of the frame.
    regions : ndarray of float32, shape (n, 4)
        As in the `ItemList`.

    Returns
    -------
    ndarray of int64, shape (n,)
        Places of items; the item's own where it is the first.
    """
    # Packed, since three columns are sorted faster than six.
    x, y, width, height = np.rint(regions.T * _N_STEPS).astype(np.int64)
    columns = [
        (x << _SIDE_BITS | y) << _SIDE_BITS | width,
        files.astype(np.int64) << _SIDE_BITS | height,
        frames,
    ]
    order = np.lexsort(columns)
    is_new = np.ones(len(order), dtype=np.bool_)
    is_new[1:] = False
    for column in columns:
        is_new[1:] |= column[order][1:] != column[order][:-1]
    # The sort is stable: the first of equal items stays in front.
    starts = np.maximum.accumulate(np.where(is_new, np.arange(len(order)), 0))
    first = np.empty(len(order), dtype=np.int64)
    first[order] = order[starts]
    return first
