"""Whether the previews of a folder are trusted.

A folder is trusted or not as a whole, because a camera writes all its previews alike, and people
edit whole folders rather than single photos. A few photos of the folder are decoded and compared
with their previews.
"""

import numpy as np

from ..records import FLAG_ALIKE, FLAG_COMPARED, ByteArray, IntArray

# Photos decoded to check a folder. Five find a wrong preview with a chance of 97 % when half of
# the previews are wrong, and of 76 % when a quarter is. Decoding five takes about as long as
# reading 130 previews (8 megapixels, one core).
N_CHECKED = 5
# With fewer comparisons, since most photos have no preview, a folder is not trusted.
MIN_COMPARED = 3


def choose_checked(folder: IntArray) -> IntArray:
    """Choose `N_CHECKED` evenly spread images of a folder, which are in the order of their names.

    A folder that has no more than these is decoded whole, without a check: none is chosen.
    """
    n = len(folder)
    if n <= N_CHECKED:
        return folder[:0]
    return folder[(2 * np.arange(N_CHECKED) + 1) * n // (2 * N_CHECKED)]


def is_trusted(flags: ByteArray) -> bool:
    """Tell from the row flags of checked images whether the previews of their folder can be used.

    At least `MIN_COMPARED` must have been compared with their previews, and all of these be alike.
    """
    n_compared = int((flags & FLAG_COMPARED != 0).sum())
    return n_compared >= MIN_COMPARED and int((flags & FLAG_ALIKE != 0).sum()) == n_compared
