"""Thumbnails: the small pictures that features are computed from."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ..records import LAB_LAYOUT_SIDE, ByteArray, Float64Array

# Side in pixels of the thumbnail that mean colours are taken from.
MEAN_SIDE = 32
# ITU-R BT.601 luma in units of 2**-16, as in Pillow's conversion to "L".
GREY_WEIGHTS = np.array([19595, 38470, 7471]) / 2**16


class Thumbnails(NamedTuple):
    """The thumbnails of n pictures; h is the hash size.

    Attributes
    ----------
    dhash : ndarray of uint8, shape (n, h, h + 1)
        Grey.
    ahash : ndarray of uint8, shape (n, h // 2, h // 2)
        Grey.
    cells : ndarray of float64, shape (n, 4, 4, 3)
        RGB in levels of 0 to 255: means over cells of 8×8 pixels of a thumbnail of 32×32.
    """

    dhash: ByteArray
    ahash: ByteArray
    cells: Float64Array


def join_thumbnails(parts: Iterable[Thumbnails], hash_size: int) -> Thumbnails:
    """Join thumbnails of the same hash size, one part after the other; there may be none."""
    ahash_size = hash_size // 2
    empty = Thumbnails(
        np.zeros((0, hash_size, hash_size + 1), dtype=np.uint8),
        np.zeros((0, ahash_size, ahash_size), dtype=np.uint8),
        np.zeros((0, LAB_LAYOUT_SIDE, LAB_LAYOUT_SIDE, 3)),
    )
    return Thumbnails(*map(np.concatenate, zip(empty, *parts, strict=True)))


def round_to_levels(values: Float64Array) -> ByteArray:
    """Round to levels of 0 to 255, halves up; overwrites the input."""
    values += 0.5
    values.clip(0, 255, out=values)
    return values.astype(np.uint8)
