"""From feature columns to bucket codes: items of one bucket look alike at a glance.

Pure functions. A bucket is a coarse answer to a handful of questions; a code is those answers
packed into one byte: four bits for yes or no, and one of five colour themes.
"""

import numpy as np

from ..features import measure_brightness, measure_colour_variance
from ..records import ByteArray, FeatureSpec, Float32Array, RowArray

# Channel means that vary by less than this are of a grey (infrared) picture, in levels².
COLOUR_VARIANCE = 100
# Mean level from which a picture is bright.
BRIGHT_LEVEL = 128
# Mean level above which the strongest channel gives a picture its colour theme.
THEME_LEVEL = 140

THEMES = ("grey", "red", "green", "blue", "mixed")
N_CODES = 16 * len(THEMES)


def encode_buckets(rows: RowArray, spec: FeatureSpec) -> ByteArray:
    """Assign each item to its bucket.

    The key is that of the published package: the two DHash bits beside the centre of the
    picture (where a crop has its animal), the first AHash bit, colour or grey, bright or dark,
    and the colour theme.

    Parameters
    ----------
    rows : structured ndarray, shape (n,)
        The feature matrix; not changed.
    spec : FeatureSpec
        What the rows are.

    Returns
    -------
    ndarray of uint8, shape (n,)
        Codes below `N_CODES`, in the order of the rows. Grey pictures have no theme, so that
        at most 80 buckets occur.
    """
    size = spec.hash_size
    above, below = size // 2 - 1, size // 2
    bits = (
        _take_bit(rows["dhash"], above * size + above),
        _take_bit(rows["dhash"], below * size + below),
        _take_bit(rows["ahash"], 0),
        (measure_brightness(rows["mean_rgb"]) >= BRIGHT_LEVEL).astype(np.uint8),
    )
    codes = _find_themes(rows["mean_rgb"])
    for bit in bits:
        codes = (codes << np.uint8(1)) | bit
    return codes


def _take_bit(packed: ByteArray, place: int) -> ByteArray:
    """Take the bit at one place of packed bits, shape (n,)."""
    return np.asarray(packed[:, place // 8] >> (7 - place % 8) & 1, dtype=np.uint8)


def _find_themes(mean_rgb: Float32Array) -> ByteArray:
    """Find each picture's theme as a place in `THEMES`, shape (n,)."""
    strongest = mean_rgb.argmax(axis=1)
    level = mean_rgb.max(axis=1)
    is_strict = (mean_rgb == level[:, np.newaxis]).sum(axis=1) == 1
    themes = np.where(is_strict & (level > THEME_LEVEL), strongest + 1, THEMES.index("mixed"))
    themes[measure_colour_variance(mean_rgb) < COLOUR_VARIANCE] = THEMES.index("grey")
    return themes.astype(np.uint8)


def name_bucket(code: int) -> str:
    """Name a bucket in words.

    Parameters
    ----------
    code : int
        As `encode_buckets` gives it.

    Returns
    -------
    str
        For example ``"dark grey, light corner, centre rising-falling"``: brightness and colour
        theme, whether the top left corner is lighter than the mean, and whether brightness
        rises from left to right just above and just below the centre.

    Examples
    --------
    >>> name_bucket(0b0000_1001)
    'bright grey, dark corner, centre rising-falling'
    """
    above, below, corner, bright = ((code >> shift) & 1 for shift in (3, 2, 1, 0))
    slopes = "-".join("rising" if bit else "falling" for bit in (above, below))
    return (
        f"{'bright' if bright else 'dark'} {THEMES[code >> 4]}, "
        f"{'light' if corner else 'dark'} corner, centre {slopes}"
    )
