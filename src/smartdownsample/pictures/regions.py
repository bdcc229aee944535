"""Regions: parts of a picture, given as x, y, width and height in shares of its size."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from ..options import MAX_PIXELS
from ..records import WHOLE, ByteArray, Cause, Region
from .decode import Picture, choose_scale, decode_with_header
from .headers import read_header
from .pixels import REVERSED_COLUMNS, REVERSED_ROWS, turn_regions_upright

# Half a step of regions, which are rounded to multiples of 2**-16. With it, boxes that were drawn
# at whole pixels stay there in pictures of less than 65,536 pixels a side.
_HALF_STEP = 2**-17
# A crop of which less than this share was decoded shows nothing of what was boxed. As much of a box
# must lie within the picture.
_MIN_SHARE = 0.5


class _Box(NamedTuple):
    """A part of a picture in pixels; it has one at least."""

    left: int
    top: int
    width: int
    height: int


def decode_regions(
    data: bytes,
    regions: Sequence[Region],
    *,
    min_side: int | None = None,
    max_pixels: int = MAX_PIXELS,
    margin: float = 0.0,
    is_square: bool = False,
) -> Iterator[tuple[int, Picture | Cause]]:
    """Decode regions of an image, see `decode_image`, or say why each cannot be decoded.

    Yields the place of each region and its picture, in no particular order. Width and height of a
    picture are the crop's own, in pixels of the full image.

    Parameters
    ----------
    data : bytes
        Content of the file.
    regions : sequence of tuple
        Shares of the upright picture, multiples of 2**-16.
    min_side : int, optional
        How many pixels must be left of each crop's shorter side; None decodes in full.
    max_pixels : int
        Larger images are refused.
    margin : float
        Share of a region's side that is added on each side, as far as the picture goes.
    is_square : bool
        Whether the shorter side of each crop is made as long as the other, as far as the picture
        goes.

    Yields
    ------
    tuple of int and Picture or Cause
        A place in `regions`, and what is there.

    Notes
    -----
    An image is decoded once for each reduction that its regions allow: mostly once, since boxes of
    one photo are alike. Taking all of them from the least reduced picture would spare the other
    decodes, but what a region gives must not depend on the regions beside it: the store would then
    know different features of the same crop. One decoded picture is held at a time.
    """
    header = read_header(data) if data else Cause.EMPTY
    if isinstance(header, Cause):
        for place in range(len(regions)):
            yield place, header
        return
    sides = [
        min(each.width, each.height)
        for each in (
            locate_box(region, header.upright_size, margin=margin, is_square=is_square)
            for region in regions
        )
    ]
    by_scale: dict[int, list[int]] = {}
    for place, short_side in enumerate(sides):
        by_scale.setdefault(choose_scale(header, min_side, short_side), []).append(place)
    # The largest picture first: where memory is short, that shows before the others are decoded.
    for scale, places in sorted(by_scale.items()):
        picture = decode_with_header(data, header, scale, max_pixels)
        for place in places:
            if isinstance(picture, Cause):
                yield place, picture
                continue
            if regions[place] == WHOLE:  # all that is left of a truncated one, as `decode_image`
                yield place, picture
                continue
            size = picture.width, picture.height
            box = locate_box(regions[place], size, margin=margin, is_square=is_square)
            yield place, _cut_box(picture, box, scale)
        del picture


def cut_crop(
    data: bytes,
    region: Region,
    *,
    max_pixels: int = MAX_PIXELS,
    margin: float = 0.0,
    is_square: bool = False,
) -> ByteArray | Cause:
    """Cut a region out of an image, see `decode_regions`, in full size: RGB, shape (h, w, 3)."""
    decoded = decode_regions(
        data, [region], max_pixels=max_pixels, margin=margin, is_square=is_square
    )
    [(_, crop)] = decoded
    return crop if isinstance(crop, Cause) else crop.pixels


def locate_box(
    region: Region, size: tuple[int, int], *, margin: float = 0.0, is_square: bool = False
) -> _Box:
    """Find the pixels of a region in a picture of a width and height.

    Places and lengths are cut off to whole pixels, as SpeciesNet cuts its crops. Squares are
    MegaDetector's, clipped rather than padded.

    References
    ----------
    ``speciesnet/classifier.py`` in https://github.com/google/cameratrapai, `save_crop` in
    https://github.com/agentmorris/MegaDetector, ``classification/crop_detections.py``
    """
    left, width = _locate_side(region[0], region[2], size[0], margin)
    top, height = _locate_side(region[1], region[3], size[1], margin)
    if is_square:
        side = max(width, height)
        left, width = _lengthen_side(left, width, side, size[0])
        top, height = _lengthen_side(top, height, side, size[1])
    return _Box(left, top, width, height)


def _locate_side(start: float, share: float, full: int, margin: float) -> tuple[int, int]:
    """Find the first pixel of a region along one side, and how many it has there."""
    first = max(start - margin * share, 0.0)
    last = min(start + share + margin * share, 1.0)
    place = max(min(int((first + _HALF_STEP) * full), full - 1), 0)
    return place, max(min(int((last - first + _HALF_STEP) * full), full - place), 1)


def _lengthen_side(place: int, length: int, wanted: int, full: int) -> tuple[int, int]:
    """Lengthen a side about its centre, and shift it into the picture."""
    wanted = min(wanted, full)
    return max(min(place - (wanted - length) // 2, full - wanted), 0), wanted


def _cut_box(picture: Picture, box: _Box, scale: int) -> Picture | Cause:
    """Cut a box out of a picture that was decoded at a reduction."""
    if _measure_share(box, picture) < _MIN_SHARE:
        return Cause.BOX_MISSING
    if (box.width, box.height) == (picture.width, picture.height):
        return picture
    if scale == 1:
        rows, columns = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
        pixels = np.ascontiguousarray(picture.pixels[rows, columns])
    else:
        pixels = _cut_between_pixels(picture, box, scale)
    return picture._replace(pixels=pixels, width=box.width, height=box.height)


def _cut_between_pixels(picture: Picture, box: _Box, scale: int) -> ByteArray:
    """Cut a box out of a reduced picture, of which its edges cross pixels.

    Rounding the edges would double the bits and buckets that differ from those of the crop in full
    size.
    """
    n_rows, n_columns, _ = picture.pixels.shape
    left, top = box.left, box.top
    # Where a side is no multiple of the reduction, the last stored pixel holds less than the
    # others; of sides in reverse order it is the first.
    if picture.orientation in REVERSED_ROWS:
        top += scale * n_rows - picture.height
    if picture.orientation in REVERSED_COLUMNS:
        left += scale * n_columns - picture.width
    width, height = max(round(box.width / scale), 1), max(round(box.height / scale), 1)
    step_x, step_y = box.width / scale / width, box.height / scale / height
    # OpenCV counts from the centre of the first pixel.
    across = (step_x, 0, left / scale + step_x / 2 - 0.5)
    down = (0, step_y, top / scale + step_y / 2 - 0.5)
    cut = cv2.warpAffine(
        picture.pixels,
        np.array((across, down)),
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cut, dtype=np.uint8)


def _measure_share(box: _Box, picture: Picture) -> float:
    """Measure which share of a box was decoded before a truncated image ends."""
    if picture.share == 1:
        return 1.0
    stored = np.array([[0, 0, 1, picture.share]])
    left, top, width, height = turn_regions_upright(stored, picture.orientation)[0].tolist()
    columns = _measure_overlap(box.left, box.width, left * picture.width, width * picture.width)
    rows = _measure_overlap(box.top, box.height, top * picture.height, height * picture.height)
    return columns * rows / (box.width * box.height)


def _measure_overlap(start: float, length: float, other: float, other_length: float) -> float:
    """Measure how much two stretches have in common."""
    return max(min(start + length, other + other_length) - max(start, other), 0.0)
