"""Tests of smartdownsample.pictures.regions."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pictures import encode_jpeg, make_exif, make_pixels
from smartdownsample.pictures.decode import Picture, decode_image
from smartdownsample.pictures.regions import cut_crop, decode_regions, locate_box
from smartdownsample.records import WHOLE, Cause, Region, round_regions

ORIENTATIONS = range(1, 9)
# Neither side is a multiple of a reduction.
WIDTH, HEIGHT = 1003, 749
_ORIENTATION_TAG = 0x0112


def share(box: tuple[float, ...], width: int = WIDTH, height: int = HEIGHT) -> Region:
    """Turn a box in pixels into a region."""
    shares = np.array([box]) / (width, height, width, height)
    x, y, w, h = round_regions(shares)[0].tolist()
    return x, y, w, h


def decode(data: bytes, regions: Sequence[Region], min_side: int | None = None) -> list[Picture]:
    """Decode regions that can be used, in their order."""
    decoded = dict(decode_regions(data, regions, min_side=min_side))
    pictures = [decoded[place] for place in range(len(regions))]
    assert all(isinstance(picture, Picture) for picture in pictures)
    return pictures  # type: ignore[return-value] # as asserted


def decode_whole(data: bytes, min_side: int | None = None) -> Picture:
    """Decode a picture that can be used."""
    picture = decode_image(data, min_side=min_side)
    assert isinstance(picture, Picture)
    return picture


def store(pixels: npt.NDArray[np.uint8], orientation: int) -> bytes:
    """Encode a picture as a camera does that was held another way."""
    undo = {5: 5, 6: 8, 8: 6}.get(orientation, orientation)
    stored = pixels.transpose(1, 0, 2) if undo >= 5 else pixels
    stored = stored[::-1] if undo in {3, 4, 7, 8} else stored
    stored = stored[:, ::-1] if undo in {2, 3, 6, 7} else stored
    return encode_jpeg(np.ascontiguousarray(stored), make_exif({_ORIENTATION_TAG: orientation}))


@given(st.data())
def test_boxes_of_whole_pixels_stay_where_they_were_drawn(data: st.DataObject) -> None:
    """Although regions are rounded; a pixel less would shift every other crop of people's boxes."""
    full = data.draw(st.integers(1, 65_535))
    left = data.draw(st.integers(0, full - 1))
    width = data.draw(st.integers(1, full - left))
    region = share((left, 0, width, 1), full, 1)
    assert locate_box(region, (full, 1)) == (left, 0, width, 1)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((10.9, 20.6, 30.7, 40.8), (10, 20, 30, 40)),
        ((999.4, 740.2, 3.6, 8.8), (999, 740, 3, 8)),
        ((1002.9, 748.9, 0.05, 0.05), (1002, 748, 1, 1)),
        ((5.5, 5.5, 0.05, 0.05), (5, 5, 1, 1)),
    ],
)
def test_places_and_lengths_are_cut_off_to_whole_pixels(
    box: tuple[float, ...], expected: tuple[int, ...]
) -> None:
    """As classifiers cut them; at least one pixel is left, and none lies outside."""
    assert locate_box(share(box), (WIDTH, HEIGHT)) == expected


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((400, 300, 100, 60), (390, 294, 120, 72)),
        ((0, 300, 100, 60), (0, 294, 110, 72)),
        ((903, 689, 100, 60), (893, 683, 110, 66)),
    ],
)
def test_a_margin_is_added_on_each_side_as_far_as_the_picture_goes(
    box: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    """A share of the box's own side."""
    assert locate_box(share(box), (WIDTH, HEIGHT), margin=0.1) == expected


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((400, 300, 100, 60), (400, 280, 100, 100)),
        ((400, 300, 60, 101), (380, 300, 101, 101)),
        ((400, 0, 100, 60), (400, 0, 100, 100)),
        ((400, 700, 100, 49), (400, 649, 100, 100)),
        ((0, 300, 1000, 100), (0, 0, 1000, 749)),
    ],
)
def test_squares_are_about_the_centre_and_within_the_picture(
    box: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    """At an edge they are shifted; where the picture is too small, they are cut off."""
    assert locate_box(share(box), (WIDTH, HEIGHT), is_square=True) == expected


@pytest.mark.parametrize("is_square", [False, True])
@given(width=st.integers(1, 400), height=st.integers(1, 400), margin=st.floats(0, 8))
def test_a_whole_photo_stays_whole(
    width: int, height: int, margin: float, *, is_square: bool
) -> None:
    """There is nothing around it."""
    box = locate_box(WHOLE, (width, height), margin=margin, is_square=is_square)
    assert box == (0, 0, width, height)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_crops_in_full_size_are_the_pixels_of_the_upright_picture(orientation: int) -> None:
    """Whichever way it is stored; sizes are the crops' own."""
    data = store(make_pixels(1, WIDTH, HEIGHT), orientation)
    upright = decode_whole(data).pixels
    boxes = [(17, 23, 211, 105), (0, 0, 1, 1), (1002, 748, 1, 1), (500, 0, 503, 749)]
    for (left, top, width, height), crop in zip(
        boxes, decode(data, list(map(share, boxes))), strict=True
    ):
        assert np.array_equal(crop.pixels, upright[top : top + height, left : left + width])
        assert (crop.width, crop.height) == (width, height)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_crops_of_reduced_pictures_show_the_same_part(orientation: int) -> None:
    """To a fraction of a pixel, also where the reduced grid starts outside of the picture."""
    fine = np.random.default_rng(1).integers(0, 256, (19, 25, 3), dtype=np.uint8)
    pixels = np.asarray(cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)
    data = store(pixels, orientation)
    boxes = [(450, 300, 443, 420), (3, 2, 440, 401), (501, 290, 502, 459)]
    full = decode(data, list(map(share, boxes)))
    for whole, crop in zip(full, decode(data, list(map(share, boxes)), 50), strict=True):
        assert 50 <= min(crop.pixels.shape[:2]) <= 120
        size = crop.pixels.shape[1::-1]
        expected = cv2.resize(whole.pixels, size, interpolation=cv2.INTER_AREA)
        assert np.abs(crop.pixels.astype(int) - expected).mean() < 3
        assert (crop.width, crop.height) == (whole.width, whole.height)


def test_the_whole_photo_among_regions_is_as_without_them() -> None:
    """Also where its sides are no multiples of the reduction, and boxes are made square."""
    data = encode_jpeg(make_pixels(1, WIDTH, HEIGHT))
    decoded = dict(
        decode_regions(
            data, [share((5, 5, 40, 60)), WHOLE], min_side=108, margin=0.1, is_square=True
        )
    )
    whole = decoded[1]
    assert isinstance(whole, Picture)
    alone = decode_whole(data, 108)
    assert np.array_equal(whole.pixels, alone.pixels)
    assert (whole.width, whole.height) == (WIDTH, HEIGHT)


def test_small_regions_come_from_a_larger_decode_than_large_ones() -> None:
    """Each has the pixels that it needs, and no more than it would have alone."""
    data = encode_jpeg(make_pixels(1, WIDTH, HEIGHT))
    regions = [share((0, 0, 900, 700)), share((100, 100, 120, 110)), share((0, 0, 300, 240))]
    together = decode(data, regions, 108)
    assert [min(each.pixels.shape[:2]) for each in together] == [175, 110, 120]
    for region, crop in zip(regions, together, strict=True):
        assert np.array_equal(crop.pixels, decode(data, [region], 108)[0].pixels)


@pytest.mark.parametrize("min_side", [None, 30])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_boxes_in_the_missing_part_of_a_truncated_photo_are_told(
    orientation: int, min_side: int | None
) -> None:
    """Those of which more than half is missing; what lies in the other part is as good as ever."""
    pixels = np.random.default_rng(1).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    data = store(pixels, orientation)
    cut = data[: len(data) // 2]
    upright = decode_whole(cut)
    assert upright.is_truncated
    assert 0.4 < upright.share < 0.6
    # Where the end of the stored picture lies in the upright one.
    ends = {1: "low", 2: "low", 3: "top", 4: "top", 5: "right", 6: "left", 7: "left", 8: "right"}
    boxes = {
        "top": (100, 20, 200, 120),
        "low": (100, 260, 200, 120),
        "left": (20, 100, 120, 200),
        "right": (260, 100, 120, 200),
    }
    opposite = {"top": "low", "low": "top", "left": "right", "right": "left"}
    missing = ends[orientation]
    regions = [share(boxes[name], 400, 400) for name in (missing, opposite[missing])]
    decoded = dict(decode_regions(cut, regions, min_side=min_side))
    assert decoded[0] is Cause.BOX_MISSING
    there, intact = decoded[1], decode(data, regions, min_side)[1]
    assert isinstance(there, Picture)
    assert np.array_equal(there.pixels, intact.pixels)


@pytest.mark.parametrize(("height", "is_there"), [(60, True), (90, True), (190, False)])
def test_half_of_a_box_is_enough(height: int, *, is_there: bool) -> None:
    """As of boxes that reach beyond the picture."""
    pixels = np.random.default_rng(1).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    data = encode_jpeg(pixels)
    cut = data[: len(data) // 2]
    n_rows = round(400 * decode_whole(cut).share)
    region = share((100, n_rows - 64, 100, height), 400, 400)
    [(_, crop)] = decode_regions(cut, [region])
    assert isinstance(crop, Picture) == is_there


@pytest.mark.parametrize("data", [b"", b"no image at all", b"\xff\xd8\xff\xe0"])
def test_a_file_that_cannot_be_used_fails_once_for_each_region(data: bytes) -> None:
    """With one cause."""
    decoded = list(decode_regions(data, [WHOLE, share((1, 1, 10, 10))]))
    assert [place for place, _ in decoded] == [0, 1]
    assert decoded[0][1] is decoded[1][1]
    assert isinstance(decoded[0][1], Cause)


def test_a_crop_to_keep_is_cut_in_full_size() -> None:
    """Upright, with the margin and as a square; a cause where there is none."""
    data = store(make_pixels(1, WIDTH, HEIGHT), 6)
    upright = decode_whole(data).pixels
    crop = cut_crop(data, share((400, 300, 100, 60)), margin=0.1, is_square=True)
    assert not isinstance(crop, Cause)
    assert np.array_equal(crop, upright[270:390, 390:510])
    assert cut_crop(b"", WHOLE) is Cause.EMPTY
