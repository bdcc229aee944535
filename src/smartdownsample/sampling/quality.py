"""What is wrong with a picture, in words: blurred, dark, flat, overexposed.

All is told from stored fields: the 4×4 layout says how light each sixteenth of the picture is, and
the sharpness what neighbouring pixels have to do with each other. ``docs/quality.md`` says how
often the words are right; where in doubt a picture gets none.
"""

from typing import Literal, get_args

import numpy as np

from ..records import LAB_LAYOUT_SIDE, SHARPNESS_SCALE, BoolArray, RowArray

QualityWord = Literal["blurred", "dark", "flat", "overexposed"]
QUALITY_WORDS: tuple[QualityWord, ...] = get_args(QualityWord)
# What is said of pictures with nothing wrong; an empty cell of a table would be read as unknown.
GOOD = "ok"

# Shares of differences, see `smartdownsample.features.sharpness`. Sharp photos have 0.36 and more,
# an even slope 0.25.
_MAX_BLURRED = 0.335
# Noise, which is all that there is behind a cover, has 1; no photo of a scene has more than this.
_MIN_NOISY = 0.75
# The shorter side in pixels from which on pictures are blurred or flat: each pixel of smaller crops
# is soft, as cameras take them, and they may show nothing but fur.
_MIN_SIDE = 216
# Levels of 8-bit Lab: how light the lightest cell of a dark picture is, how light burnt cells are,
# and how far the cells of a flat picture differ.
_MAX_DARK = 34
_MIN_BURNT = 250
_MAX_RANGE = 16
# A picture is overexposed when so many of its 16 cells are burnt.
_MIN_N_BURNT = 6


def tell_quality(rows: RowArray) -> dict[QualityWord, BoolArray]:
    """Tell which words hold of each of n rows, each word with an array of shape (n,).

    A picture can be several. Where the sharpness is unknown, none is blurred or flat.
    """
    layout = rows["lab_layout"].reshape(len(rows), LAB_LAYOUT_SIDE**2, 3)
    light = layout[:, :, 0]
    sharpness = rows["sharpness"].astype(np.float32) / SHARPNESS_SCALE
    is_soft = (sharpness > 0) & (sharpness <= _MAX_BLURRED)
    is_even = (np.ptp(layout, axis=1) <= _MAX_RANGE).all(axis=1)
    # Noise alone, or nothing that has an edge: fog leaves a scene its details.
    is_flat = _are_large(rows) & is_even & (is_soft | (sharpness >= _MIN_NOISY))
    return {
        "blurred": _are_large(rows) & is_soft & ~is_flat,
        "dark": light.max(axis=1, initial=0) <= _MAX_DARK,
        "flat": is_flat,
        "overexposed": (light >= _MIN_BURNT).sum(axis=1) >= _MIN_N_BURNT,
    }


def count_quality_unknown(rows: RowArray) -> int:
    """Count the rows of which it is unknown whether they are blurred or flat.

    They were kept before sharpness was measured.
    """
    return int((~_is_known(rows)).sum())


def _is_known(rows: RowArray) -> BoolArray:
    """Tell of which rows it is known whether they are blurred or flat, shape (n,)."""
    return np.asarray((rows["sharpness"] > 0) | ~_are_large(rows))


def _are_large(rows: RowArray) -> BoolArray:
    """Tell which pictures are large enough to be blurred or flat, shape (n,)."""
    return np.asarray(np.minimum(rows["width"], rows["height"]) >= _MIN_SIDE)


def name_quality(rows: RowArray) -> list[str | None]:
    """Write the words that hold of each of n rows, such as "dark, flat".

    Without any it is "ok", and None where none is known to hold and not all are known.
    """
    found = tell_quality(rows)
    bits = sum(is_so.astype(np.uint8) << bit for bit, is_so in enumerate(found.values()))
    names: list[str | None] = [
        ", ".join(word for bit, word in enumerate(found) if code >> bit & 1) or GOOD
        for code in range(1 << len(found))
    ]
    unknown = (bits == 0) & ~_is_known(rows)
    codes = np.where(unknown, len(names), bits).tolist()
    names.append(None)
    return [names[code] for code in codes]
