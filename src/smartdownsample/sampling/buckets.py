"""Buckets: coarse classes of pictures that are alike in brightness, colour and rough layout.

A bucket's code packs the answers to a few questions into one byte: one of five colour themes and
four yes-or-no bits.
"""

import numpy as np

from ..features import measure_brightness, measure_colour_variance
from ..records import ByteArray, FeatureSpec, Float32Array, RowArray, let_go

# Rows that are looked at at a time, to bound memory.
_BATCH_ROWS = 1 << 16
# Pictures whose channel means have a smaller variance are grey (infrared), in levels².
COLOUR_VARIANCE = 100
# Mean level from which a picture is bright.
BRIGHT_LEVEL = 128
# Mean level above which the strongest channel is the colour theme.
THEME_LEVEL = 140

THEMES = ("grey", "red", "green", "blue", "mixed")
N_CODES = 16 * len(THEMES)


def encode_buckets(rows: RowArray, spec: FeatureSpec) -> ByteArray:
    """Find the bucket code of each item: uint8, shape (n,), below `N_CODES`.

    The questions are those of the published package: the two DHash bits beside the centre of the
    picture (where a crop has its animal), the first AHash bit, bright or dark, and the colour
    theme, which is grey for all pictures without colour.
    """
    codes = np.empty(len(rows), dtype=np.uint8)
    for start in range(0, len(rows), _BATCH_ROWS):
        some = slice(start, start + _BATCH_ROWS)
        codes[some] = _encode_batch(rows[some], spec)
        let_go(rows)
    return codes


def _encode_batch(rows: RowArray, spec: FeatureSpec) -> ByteArray:
    """Find the bucket code of each of a few items."""
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
    """Take one bit of each row of packed bits, shape (n,)."""
    return np.asarray(packed[:, place // 8] >> (7 - place % 8) & 1, dtype=np.uint8)


def _find_themes(mean_rgb: Float32Array) -> ByteArray:
    """Find each picture's theme, an index of `THEMES`, shape (n,)."""
    strongest = mean_rgb.argmax(axis=1)
    level = mean_rgb.max(axis=1)
    is_strict = (mean_rgb == level[:, np.newaxis]).sum(axis=1) == 1
    themes = np.where(is_strict & (level > THEME_LEVEL), strongest + 1, THEMES.index("mixed"))
    themes[measure_colour_variance(mean_rgb) < COLOUR_VARIANCE] = THEMES.index("grey")
    return themes.astype(np.uint8)


def read_theme(code: int) -> int:
    """Read the colour theme out of a bucket's code, an index of `THEMES`."""
    return code >> 4


def read_bits(code: int) -> tuple[int, int, int, int]:
    """Read the four bits out of a bucket's code: above and below the centre, corner, bright."""
    above, below, corner, bright = ((code >> shift) & 1 for shift in (3, 2, 1, 0))
    return above, below, corner, bright


def describe_bucket(code: int) -> str:
    """Spell what a bucket's code says, the same in any collection, see `name_buckets`.

    The words say brightness and colour theme, whether the top left corner is lighter than the
    mean, and whether brightness rises from left to right just above and just below the centre.

    Examples
    --------
    >>> describe_bucket(0b0000_1001)
    'bright grey, dark corner, centre rising-falling'
    """
    above, below, corner, bright = read_bits(code)
    slopes = "-".join("rising" if bit else "falling" for bit in (above, below))
    return (
        f"{'bright' if bright else 'dark'} {THEMES[read_theme(code)]}, "
        f"{'light' if corner else 'dark'} corner, centre {slopes}"
    )
