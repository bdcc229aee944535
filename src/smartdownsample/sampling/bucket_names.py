"""Names of a collection's buckets that say what people see: "night, infrared · pale centre".

A name tells light and colour, and then which part of the pictures is pale or dark. Each word holds
for most images of the bucket, "infrared" alone for all of them. So names go with a collection;
`smartdownsample.sampling.describe_bucket` spells the bits of a code, which are the same everywhere.
"""

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np

from ..features import measure_brightness, tell_infrared
from ..records import LAB_LAYOUT_SIDE, ByteArray, Float32Array, IntArray, RowArray, take_rows
from .buckets import THEMES, read_bits, read_theme

# A word holds for a bucket where it holds for this share of its images.
_MOST = 0.75
# Images of a bucket that are looked at for the words of its name, in even steps.
_MOST_IMAGES = 2_000
# Images that are asked at a time whether they are infrared.
_BLOCK = 1 << 16
# Levels of 8-bit L by which a part of a picture has to differ from the rest to be pale or dark.
_VISIBLE_LEVELS = 8
# Spread of L over a picture, in levels, up to which contrast is low, and from which it is strong.
_LOW_CONTRAST, _STRONG_CONTRAST = 12, 55
# Mean level up to which a picture looks dark. From `BRIGHT_LEVEL` on it is bright.
_DARK_LEVEL = 64
# Distance from grey, in levels of 8-bit Lab, up to which colour is hardly seen.
_GREY_LEVELS = 6
# Names of hues: angles in the plane of a and b, in degrees, and the name from each on.
_HUE_ANGLES = (0, 50, 105, 190, 300, 330)
_HUE_NAMES = ("red", "brown", "green", "blue", "purple", "red")
# Between light and colour, and what part of the pictures stands out.
_BETWEEN = " · "
# What `_name_light_and_colour` says, alone or of light and colour.
_COLOURS = frozenset((*_HUE_NAMES, "grey", "coloured", "mixed", "warm"))
_LIGHTS = ("bright", "dark")
_HEADS = frozenset(
    (*_COLOURS, "tinted infrared", "mostly infrared", "bright, infrared", "night, infrared")
)
_TRAITS = (
    *("pale centre", "pale top", "pale left", "pale top-left"),
    *("dark centre", "pale bottom", "pale right", "dark top-left"),
    *("low contrast", "strong contrast"),
)
# What tells the rest apart: on which side of the middle pictures are paler, above and below it.
_SLOPES = {
    (0, 0): "paler mid-left",
    (0, 1): "paler upper-left",
    (1, 0): "paler upper-right",
    (1, 1): "paler mid-right",
}


def name_buckets(rows: RowArray, codes: ByteArray) -> dict[int, str]:
    """Name the buckets of a collection, the largest first, each by a name of its own.

    A name has up to four words. Where larger buckets have all that fit, it has a number as well.
    The words come of at most 2,000 images of each bucket, so that the cost has a bound; whether
    all are infrared comes of each.

    Parameters
    ----------
    rows : structured ndarray, shape (n,)
        Features of the collection.
    codes : ndarray of uint8, shape (n,)
        Bucket of each row.

    Returns
    -------
    dict of int to str
        Name of each code that occurs.
    """
    found, sizes = np.unique(codes, return_counts=True)
    if not len(found):
        return {}
    places = np.split(np.argsort(codes, kind="stable"), np.cumsum(sizes)[:-1])
    looked_at = [own[:: -(-len(own) // _MOST_IMAGES)] for own in places]
    n_looked_at = np.array(list(map(len, looked_at)))
    starts = np.cumsum(n_looked_at) - n_looked_at
    strengths = _measure_traits(rows[np.concatenate(looked_at)])
    shares = np.add.reduceat(strengths > 0, starts, dtype=np.int64) / n_looked_at[:, np.newaxis]
    means = np.add.reduceat(strengths, starts) / n_looked_at[:, np.newaxis]
    heads = np.array(
        [
            _name_light_and_colour(code, rows[few], is_infrared=_are_infrared(rows, few, own))
            for code, few, own in zip(found.tolist(), looked_at, places, strict=True)
        ]
    )
    names: dict[int, str] = {}
    for i in np.argsort(-sizes, kind="stable").tolist():
        # What sets the bucket apart from those of the same light and colour comes first, and then
        # what is seen best.
        apart = means[i] - means[heads == heads[i]].mean(axis=0)
        order = np.lexsort((-means[i], -apart)).tolist()
        traits = [_TRAITS[j] for j in order if shares[i, j] >= _MOST]
        code = int(found[i])
        taken = set(names.values())
        names[code] = next(
            name for name in _list_names(heads[i], traits, code) if name not in taken
        )
    return names


def is_bucket_name(text: str) -> bool:
    """Tell whether `name_buckets` may give this name, in some collection."""
    head, *rest = text.split(_BETWEEN)
    light, comma, colour = head.partition(", ")
    is_head = head in _HEADS or (comma and light in _LIGHTS and colour in _COLOURS)
    traits = [trait.partition(" (")[0] for trait in rest]
    known = {*_TRAITS, *_SLOPES.values()}
    return bool(is_head) and len(traits) <= 1 and all(trait in known for trait in traits)


def _are_infrared(rows: RowArray, few: IntArray, own: IntArray) -> bool:
    """Tell whether all images of a bucket are infrared; where a few are not, no more is asked."""
    if not tell_infrared(rows[few]).all():
        return False
    blocks = (own[start : start + _BLOCK] for start in range(0, len(own), _BLOCK))
    return all(tell_infrared(take_rows(rows, block)).all() for block in blocks)


def _list_names(head: str, traits: Sequence[str], code: int) -> Iterator[str]:
    """Yield names for a bucket without end, the best first."""
    yield from (f"{head}{_BETWEEN}{trait}" for trait in traits)
    if not traits:
        yield head
    above, below = read_bits(code)[:2]
    last = f"{head}{_BETWEEN}{_SLOPES[above, below]}"
    yield last
    yield from (f"{last} ({number})" for number in count(2))


def _name_light_and_colour(code: int, rows: RowArray, *, is_infrared: bool) -> str:
    """Say in a word or two how light the pictures of a bucket are, and of what colour."""
    theme, is_bright = THEMES[read_theme(code)], read_bits(code)[3]
    if is_infrared:
        if theme != "grey":
            return "tinted infrared"
        return f"{'bright' if is_bright else 'night'}, infrared"
    if tell_infrared(rows).mean() >= _MOST:
        return "mostly infrared"
    colour = "warm" if theme == "red" else _name_colour(rows)
    if is_bright:
        return f"bright, {colour}"
    is_dark = np.mean(measure_brightness(rows["mean_rgb"]) <= _DARK_LEVEL) >= _MOST
    return f"dark, {colour}" if is_dark else colour


def _name_colour(rows: RowArray) -> str:
    """Name the colour that most pictures have on average, or say only whether there is one."""
    a_b = _unpack_layouts(rows)[..., 1:] - 128
    a, b = a_b.mean(axis=1).T
    angles = np.degrees(np.arctan2(b, a)) % 360
    hues = np.array(_HUE_NAMES)[np.searchsorted(_HUE_ANGLES, angles, side="right") - 1]
    # Blue skies and brown ground may be grey on average, and look coloured.
    is_grey = np.hypot(*np.moveaxis(a_b, 2, 0)).mean(axis=1) <= _GREY_LEVELS
    is_balanced = np.hypot(a, b) <= _GREY_LEVELS
    colours = np.where(is_grey, "grey", np.where(is_balanced, "coloured", hues))
    found, counts = np.unique(colours, return_counts=True)
    if counts.max() >= _MOST * len(rows):
        return str(found[counts.argmax()])
    return "coloured" if np.mean(~is_grey) >= _MOST else "mixed"


def _measure_traits(rows: RowArray) -> Float32Array:
    """Measure by how many levels each of `_TRAITS` holds, shape (n, 10); below 0 it does not."""
    side = LAB_LAYOUT_SIDE
    light = _unpack_layouts(rows)[..., 0].reshape(len(rows), side, side)
    mean, half = light.mean(axis=(1, 2)), side // 2
    centre = light[:, 1:-1, 1:-1]
    rest = (light.sum(axis=(1, 2)) - centre.sum(axis=(1, 2))) / (side**2 - centre[0].size)
    pale = [
        centre.mean(axis=(1, 2)) - rest,
        2 * (light[:, :half].mean(axis=(1, 2)) - mean),
        2 * (light[:, :, :half].mean(axis=(1, 2)) - mean),
        light[:, 0, 0] - mean,
    ]
    spread = light.std(axis=(1, 2))
    return np.stack(
        [
            *(difference - _VISIBLE_LEVELS for difference in pale),
            *(-difference - _VISIBLE_LEVELS for difference in pale),
            _LOW_CONTRAST - spread,
            spread - _STRONG_CONTRAST,
        ],
        axis=1,
    )


def _unpack_layouts(rows: RowArray) -> Float32Array:
    """Unpack the colours of the cells of each picture, shape (n, 16, 3)."""
    return rows["lab_layout"].reshape(len(rows), LAB_LAYOUT_SIDE**2, 3).astype(np.float32)
