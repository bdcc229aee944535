"""Slow, obvious versions of every vectorised step, one value at a time.

They are written from the published formulas with Pillow, plain loops and exact fractions, and
import nothing of the package, so that a test that compares the two compares two works.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from math import isqrt, sqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

Grid = list[list[int]]
Colour = tuple[int | Fraction, int | Fraction, int | Fraction]
ColourGrid = list[list[Colour]]
MeanColour = tuple[Fraction, Fraction, Fraction]
Distances = Sequence[Sequence[int]]

# Farther than any picture can be.
FAR = 2**16 - 1
LANCZOS = Image.Resampling.LANCZOS
# D65 white of the sRGB matrix below: the XYZ of R = G = B = 1.
XYZ_FROM_RGB = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)


class Thumbnails(NamedTuple):
    """The three thumbnails of a picture, as rows of levels or of colours."""

    dhash: Grid
    ahash: Grid
    mean: ColourGrid


class BucketKey(NamedTuple):
    """The published bucket key."""

    above: int
    below: int
    corner: int
    is_colour: bool
    is_bright: bool
    theme: int


class Features(NamedTuple):
    """All features of one picture."""

    dhash: list[int]
    ahash: list[int]
    mean_rgb: MeanColour
    lab_layout: list[float]
    key: BucketKey


def grey_level(red: int, green: int, blue: int) -> int:
    """Convert one pixel to grey."""
    return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16


def convert_to_grey(pixels: npt.NDArray[np.uint8]) -> Grid:
    """Convert a picture to grey, pixel by pixel."""
    return [[grey_level(*pixel) for pixel in row] for row in pixels.tolist()]


def resize_lanczos(image: Image.Image, width: int, height: int) -> Image.Image:
    """Resize with Pillow: along the rows first, then along the columns.

    The two passes are two calls, because Pillow 13 takes the columns first where that is less
    work, and each pass rounds to whole levels and cuts off what is beyond black and white.
    """
    return image.resize((width, image.height), LANCZOS).resize((width, height), LANCZOS)


def resize_pixels(pixels: npt.NDArray[np.uint8], width: int, height: int) -> npt.NDArray[np.uint8]:
    """Resize an array of shape (h, w, c), channel by channel."""
    channels = [
        np.asarray(resize_lanczos(Image.fromarray(pixels[:, :, channel]), width, height))
        for channel in range(pixels.shape[2])
    ]
    return np.dstack(channels)


def make_thumbnails(image: Image.Image, hash_size: int) -> Thumbnails:
    """Shrink an upright RGB picture with Pillow's own grey conversion and resize."""
    grey = image.convert("L")
    half = hash_size // 2
    return Thumbnails(
        dhash=np.asarray(resize_lanczos(grey, hash_size + 1, hash_size)).tolist(),
        ahash=np.asarray(resize_lanczos(grey, half, half)).tolist(),
        mean=_list_colours(resize_lanczos(image, 32, 32)),
    )


def _list_colours(image: Image.Image) -> ColourGrid:
    return [[(r, g, b) for r, g, b in row] for row in np.asarray(image).tolist()]


def hash_gradients(grey: Grid) -> list[int]:
    """Compute the DHash bits, row by row."""
    return [
        1 if row[column + 1] > row[column] else 0 for row in grey for column in range(len(row) - 1)
    ]


def hash_averages(grey: Grid) -> list[int]:
    """Compute the AHash bits, row by row."""
    levels = [level for row in grey for level in row]
    mean = Fraction(sum(levels), len(levels))
    return [1 if level > mean else 0 for level in levels]


def pack_bits(bits: Sequence[int]) -> bytes:
    """Pack bits eight to a byte, the first one most significant, zeros at the end."""
    packed = bytearray((len(bits) + 7) // 8)
    for place, bit in enumerate(bits):
        packed[place // 8] += bit << (7 - place % 8)
    return bytes(packed)


def average_colours(colours: Iterable[Colour]) -> MeanColour:
    """Average each channel, exactly."""
    pixels = list(colours)
    red, green, blue = (
        Fraction(sum(pixel[channel] for pixel in pixels), len(pixels)) for channel in range(3)
    )
    return red, green, blue


def mean_rgb(thumbnail: ColourGrid) -> MeanColour:
    """Compute the channel means of the 32×32 thumbnail."""
    return average_colours(pixel for row in thumbnail for pixel in row)


def brightness(mean: MeanColour) -> Fraction:
    """Compute the mean of the channel means."""
    return sum(mean, Fraction(0)) / 3


def colour_variance(mean: MeanColour) -> Fraction:
    """Compute the population variance of the channel means."""
    middle = brightness(mean)
    return sum(((level - middle) ** 2 for level in mean), Fraction(0)) / 3


def colour_theme(mean: MeanColour) -> int:
    """Find the theme: 0 red, 1 green, 2 blue, 3 none; 0 for a grey picture."""
    if colour_variance(mean) < 100:
        return 0
    for channel in range(3):
        others = [mean[other] for other in range(3) if other != channel]
        if mean[channel] > 140 and mean[channel] > max(others):
            return channel
    return 3


def bucket_key(
    dhash: Sequence[int], ahash: Sequence[int], mean: MeanColour, hash_size: int
) -> BucketKey:
    """Answer the questions that make a bucket."""
    above, below = hash_size // 2 - 1, hash_size // 2
    return BucketKey(
        above=dhash[above * hash_size + above],
        below=dhash[below * hash_size + below],
        corner=ahash[0],
        is_colour=colour_variance(mean) >= 100,
        is_bright=brightness(mean) >= 128,
        theme=colour_theme(mean),
    )


def bucket_code(key: BucketKey) -> int:
    """Give a key its number: themes in steps of 16, grey first, then the yes-or-no answers."""
    theme = key.theme + 1 if key.is_colour else 0
    return 16 * theme + 8 * key.above + 4 * key.below + 2 * key.corner + int(key.is_bright)


def average_cells(thumbnail: ColourGrid) -> list[list[MeanColour]]:
    """Compute the mean colour of each cell of a 4×4 grid."""
    cell = len(thumbnail) // 4
    return [
        [
            average_colours(
                thumbnail[row][column]
                for row in range(top, top + cell)
                for column in range(left, left + cell)
            )
            for left in range(0, 4 * cell, cell)
        ]
        for top in range(0, 4 * cell, cell)
    ]


def lab_layout(thumbnail: ColourGrid) -> list[float]:
    """Compute L, a, b of each cell of a 4×4 grid, cell by cell, scaled to bytes, unrounded."""
    return [
        value
        for row in average_cells(thumbnail)
        for mean in row
        for value in _convert_to_lab([float(level) for level in mean])
    ]


def _convert_to_lab(levels: Sequence[float]) -> tuple[float, float, float]:
    linear = [_linearise(level / 255) for level in levels]
    fx, fy, fz = (
        _lab_root(sum(weight * value for weight, value in zip(row, linear, strict=True)) / sum(row))
        for row in XYZ_FROM_RGB
    )
    return (116 * fy - 16) * 255 / 100, 500 * (fx - fy) + 128, 200 * (fy - fz) + 128


def _linearise(encoded: float) -> float:
    return encoded / 12.92 if encoded <= 0.04045 else float(((encoded + 0.055) / 1.055) ** 2.4)


def _lab_root(ratio: float) -> float:
    if ratio > (6 / 29) ** 3:
        return float(ratio ** (1 / 3))
    return ratio / (3 * (6 / 29) ** 2) + 4 / 29


def sharpness(pixels: npt.NDArray[np.uint8]) -> int:
    """Compare neighbours with pixels four apart, down and across, in units of 1/200."""
    height, width = pixels.shape[:2]
    values: list[list[list[int]]] = pixels.tolist()

    def mean_square(step: int) -> float:
        down = [
            (values[y + step][x][c] - values[y][x][c]) ** 2
            for y in range(height - step)
            for x in range(width)
            for c in range(3)
        ]
        across = [
            (values[y][x + step][c] - values[y][x][c]) ** 2
            for y in range(height)
            for x in range(width - step)
            for c in range(3)
        ]
        return sum(down) / len(down) + sum(across) / len(across)

    return round(200 * sqrt(mean_square(1) / mean_square(4)))


def describe_thumbnails(thumbnails: Thumbnails, hash_size: int) -> Features:
    """Compute all features of a picture from its thumbnails."""
    dhash = hash_gradients(thumbnails.dhash)
    ahash = hash_averages(thumbnails.ahash)
    mean = mean_rgb(thumbnails.mean)
    return Features(
        dhash=dhash,
        ahash=ahash,
        mean_rgb=mean,
        lab_layout=lab_layout(thumbnails.mean),
        key=bucket_key(dhash, ahash, mean, hash_size),
    )


def compute_features(image: Image.Image, hash_size: int) -> Features:
    """Compute all features of an upright RGB picture."""
    return describe_thumbnails(make_thumbnails(image, hash_size), hash_size)


def stack_thumbnails(thumbnails: Thumbnails) -> tuple[npt.NDArray[np.float64], ...]:
    """Turn thumbnails into the arrays that the package computes features from."""
    dhash, ahash = (np.array(grid, dtype=np.float64) for grid in thumbnails[:2])
    return dhash, ahash, np.array(average_cells(thumbnails.mean), dtype=np.float64)


def list_thumbnails(*arrays: npt.NDArray[Any]) -> Thumbnails:
    """Turn such arrays into rows of plain numbers; means of cells stand for their colours."""
    dhash, ahash, mean = (array.tolist() for array in arrays)
    return Thumbnails(
        dhash, ahash, [[(Fraction(r), Fraction(g), Fraction(b)) for r, g, b in row] for row in mean]
    )


def parse_time(text: str, fraction: str = "") -> datetime | None:
    """Parse a time of EXIF data and the digits of a fraction of its second, cut off at 1 ms."""
    try:
        time = datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - without zone
    except ValueError:
        return None
    digits = fraction.strip("\0 ")
    milliseconds = int(Fraction(int(digits) * 1000, 10 ** len(digits))) if digits else 0
    return time + timedelta(milliseconds=milliseconds)


def capture_time(path: Path) -> datetime | None:
    """Read when a photo was taken, with Pillow."""
    with Image.open(path) as image:
        first = image.getexif()
        photo = first.get_ifd(0x8769)
    for directory, tag, fraction_tag in (
        (photo, 0x9003, 0x9291),
        (photo, 0x9004, 0x9292),
        (first, 0x0132, 0x9290),
    ):
        time = parse_time(str(directory.get(tag, "")), str(photo.get(fraction_tag, "")))
        if time is not None:
            return time
    return None


def share_seats(
    limits: Sequence[int],
    target_count: int,
    weights: Sequence[int],
    n_kept: Sequence[int] | None = None,
) -> list[int]:
    """Give one seat each, the largest first, then seat by seat to the best w / (seats + 1/2).

    Seats after the first count. Returns the new seats.
    """
    seats = list(n_kept or [0] * len(limits))
    kept = list(seats)
    places = range(len(limits))
    for place in sorted(places, key=lambda place: (-limits[place], place)):
        if seats[place] == 0 < limits[place] and sum(seats) < target_count + sum(kept):
            seats[place] = 1
    for _ in range(min(target_count, sum(limits) - sum(kept)) + sum(kept) - sum(seats)):
        open_places = [place for place in places if seats[place] < limits[place]]
        seats[max(open_places, key=lambda place: claim(weights, seats, place))] += 1
    return [total - before for total, before in zip(seats, kept, strict=True)]


def claim(weights: Sequence[int], seats: Sequence[int], place: int) -> tuple[Fraction, int, int]:
    """Compute Webster's claim to one more seat; of equals the first, and without one in turn."""
    extra = max(seats[place] - 1, 0)
    return Fraction(2 * weights[place], 2 * extra + 1), -extra, -place


def allocate_in_two_phases(sizes: Sequence[int], target_count: int) -> list[int]:
    """Give near-equal shares from the largest down, then the rest in proportion to what is left."""
    quotas = [0] * len(sizes)
    for place in sorted(range(len(sizes)), key=lambda place: (-sizes[place], place)):
        equal = min(sizes[place], max(1, target_count // len(sizes)))
        quotas[place] = min(equal, target_count - sum(quotas))
    left = [size - quota for size, quota in zip(sizes, quotas, strict=True)]
    more = [0] * len(sizes)
    for _ in range(min(target_count - sum(quotas), sum(left))):
        places = [place for place in range(len(sizes)) if more[place] < left[place]]
        more[
            max(places, key=lambda place: (Fraction(left[place], 2 * more[place] + 1), -place))
        ] += 1
    return [quota + extra for quota, extra in zip(quotas, more, strict=True)]


def look_distance(
    lab: tuple[Sequence[int], Sequence[int]], bits: tuple[Sequence[int], Sequence[int]]
) -> int:
    """Measure how far apart two pictures look, in whole steps of 1/128."""
    squares = sum((a - b) ** 2 for a, b in zip(*lab, strict=True))
    n_different = sum(a != b for a, b in zip(*bits, strict=True))
    bit_weight = max(1, 16 * 64 // len(bits[0]))
    return isqrt(128**2 * (squares + bit_weight * n_different) // 16)


def find_nearest(distances: Distances, is_pick: Sequence[bool]) -> list[int]:
    """Measure the distance from each point to the nearest pick but itself."""
    points = range(len(is_pick))
    return [
        min((distances[i][j] for j in points if is_pick[j] and j != i), default=FAR) for i in points
    ]


def find_repeats(distances: Distances, is_pick: Sequence[bool]) -> list[bool]:
    """Tell which picks have an earlier pick as near as their nearest."""
    nearest = find_nearest(distances, is_pick)
    return [
        is_pick[i] and any(is_pick[j] and distances[i][j] <= nearest[i] for j in range(i))
        for i in range(len(is_pick))
    ]


def find_peaks(
    distances: Distances, is_candidate: Sequence[bool], nearest: Sequence[int]
) -> list[bool]:
    """Tell which candidates are lonelier than all others as near to them as any pick."""
    points = range(len(is_candidate))
    return [
        is_candidate[i]
        and not any(
            (nearest[j], -j) > (nearest[i], -i)
            for j in points
            if j != i and is_candidate[j] and distances[i][j] <= nearest[i]
        )
        for i in points
    ]


def rank_within(keys: Sequence[int], values: Sequence[float]) -> list[int]:
    """Count, for each value, those of its key that are smaller, or equal and before it."""
    places = range(len(keys))
    return [
        sum(keys[j] == keys[i] and (values[j], j) < (values[i], i) for j in places) for i in places
    ]
