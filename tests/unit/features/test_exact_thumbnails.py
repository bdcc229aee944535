"""Thumbnails agree with Pillow's.

The resampling of rows and of columns is tested for itself as well, at sizes that no thumbnail has.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import oracles
from pictures import are_equal, make_pixels, make_single_thumbnails, take_thumbnails
from smartdownsample.features.exact_thumbnails import (
    _resample,
    _resample_columns,
    _weight_blocks,
    make_thumbnails,
)

Pixels = npt.NDArray[np.uint8]

SIZES = [(1, 1), (1, 7), (7, 1), (2, 3), (5, 4), (17, 13), (48, 64), (101, 99), (320, 240)]
TARGETS = [(1, 1), (2, 3), (4, 4), (9, 8), (31, 33), (32, 32), (33, 31), (100, 80)]


def resize_lanczos(pixels: Pixels, width: int, height: int) -> Pixels:
    """Resize a picture, shape (h, w, c), to (height, width, c), rows first."""
    n_rows, n_columns, n_channels = pixels.shape
    across = _weight_blocks(n_columns, width)
    down = _weight_blocks(n_rows, height)
    levels = pixels.transpose(1, 0, 2).astype(np.float64)
    narrow = np.empty((width, n_rows * n_channels))
    _resample(levels.reshape(n_columns, -1), across, out=narrow)
    columns = narrow.reshape(width, n_rows, n_channels)
    (resized,) = _resample_columns(columns, 1, height, down)
    return np.asarray(resized, dtype=np.uint8)


def make_noise(width: int, height: int, n_channels: int) -> Pixels:
    return np.random.default_rng(width * height).integers(
        0, 256, (height, width, n_channels), dtype=np.uint8
    )


def make_smooth(width: int, height: int, n_channels: int) -> Pixels:
    return np.ascontiguousarray(make_pixels(width + height, width, height)[:, :, :n_channels])


def make_silhouette(width: int, height: int, n_channels: int) -> Pixels:
    bits = np.random.default_rng(width + height).integers(0, 2, (height, width, n_channels))
    return (bits * 255).astype(np.uint8)


@pytest.mark.parametrize("make", [make_noise, make_smooth, make_silhouette])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_resize_is_pillows_to_the_bit(
    make: Callable[[int, int, int], Pixels], n_channels: int
) -> None:
    """Enlarged or shrunk, width first."""
    for size in SIZES:
        pixels = make(*size, n_channels)
        for target in TARGETS:
            got = resize_lanczos(pixels, *target)
            assert np.array_equal(got, oracles.resize_pixels(pixels, *target)), (size, target)


@pytest.mark.parametrize("size", [(320, 240), (240, 320), (408, 306), (640, 360), (99, 101)])
@pytest.mark.parametrize("target", [(9, 8), (4, 4), (32, 32)])
def test_thumbnails_of_ordinary_pictures_are_one_call_of_pillow(
    size: tuple[int, int], target: tuple[int, int]
) -> None:
    """For the shapes that cameras make, Pillow's resize itself gives them."""
    pixels = make_pixels(1, *size)
    expected = np.asarray(Image.fromarray(pixels).resize(target, oracles.LANCZOS))
    assert np.array_equal(resize_lanczos(pixels, *target), expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("level", [0, 1, 127, 128, 254, 255])
def test_resize_keeps_an_even_picture_even(size: tuple[int, int], level: int) -> None:
    """A picture of one level keeps it at every size: weights add up to one."""
    pixels = np.full((size[1], size[0], 3), level, dtype=np.uint8)
    for width, height in TARGETS:
        thumbnail = resize_lanczos(pixels, width, height)
        assert thumbnail.shape == (height, width, 3)
        assert (thumbnail == level).all()


def test_resize_to_its_own_size_changes_nothing() -> None:
    """Every pixel lands on itself."""
    pixels = make_noise(32, 32, 3)
    np.testing.assert_array_equal(resize_lanczos(pixels, 32, 32), pixels)


def test_resize_cuts_off_overshoot() -> None:
    """The filter's overshoot beside a hard edge stays between black and white."""
    pixels = np.zeros((8, 8, 1), dtype=np.uint8)
    pixels[:, 4:] = 255
    row = resize_lanczos(pixels, 40, 8)[0, :, 0].astype(int)
    assert row.min() == 0
    assert row.max() == 255
    assert row[0] == 0
    assert row[-1] == 255
    np.testing.assert_array_equal(row + row[::-1], np.full(40, 255))


def test_resize_tells_width_from_height() -> None:
    """Columns stay columns: a picture that brightens to the right does so in its thumbnail."""
    pixels = np.broadcast_to(np.arange(0, 240, 2, dtype=np.uint8)[:, np.newaxis], (50, 120, 1))
    thumbnail = resize_lanczos(pixels, 9, 8)
    assert thumbnail.shape == (8, 9, 1)
    assert (np.diff(thumbnail[:, :, 0].astype(int), axis=1) > 0).all()
    assert (np.diff(thumbnail[:, :, 0].astype(int), axis=0) == 0).all()


def test_thumbnails_take_any_memory_layout() -> None:
    """Reversed channels, as decoders give them, count like a copy of them; input stays as is."""
    pixels = make_noise(60, 200, 3)
    before = pixels.copy()
    reverse = pixels[:, :, ::-1]
    assert are_equal(
        make_thumbnails([reverse], 8), make_thumbnails([np.ascontiguousarray(reverse)], 8)
    )
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize("blue", [0, 1, 77, 128, 254, 255])
def test_grey_is_the_published_formula(blue: int) -> None:
    """Pictures of the thumbnail's own size keep every pixel, so that its grey level shows."""
    levels = [*range(0, 255, 2), 255]
    colours = [(red, green, blue) for red in levels for green in levels]
    n_pixels = 33 * 32
    for first in range(0, len(colours) - n_pixels + 1, n_pixels):
        tile = colours[first : first + n_pixels]
        pixels = np.array(tile, dtype=np.uint8).reshape(32, 33, 3)
        grey = make_single_thumbnails(pixels, 32).dhash
        assert grey.reshape(-1).tolist() == [oracles.grey_level(*colour) for colour in tile]


def test_grey_of_the_oracles_is_pillows() -> None:
    """The formula is what Pillow computes."""
    pixels = make_noise(50, 60, 3)
    assert np.asarray(Image.fromarray(pixels).convert("L")).tolist() == oracles.convert_to_grey(
        pixels
    )


@pytest.mark.parametrize("size", [(40, 127), (40, 128), (40, 129), (31, 300), (300, 257)])
def test_tall_pictures_have_no_seams(size: tuple[int, int]) -> None:
    """However many rows there are, thumbnails are Pillow's."""
    pixels = make_noise(*size, 3)
    expected = oracles.stack_thumbnails(oracles.make_thumbnails(Image.fromarray(pixels), 8))
    assert are_equal(make_single_thumbnails(pixels, 8), expected)


@pytest.mark.parametrize("hash_size", [2, 3, 4, 8, 16, 32])
def test_thumbnails_have_the_sizes_of_their_features(hash_size: int) -> None:
    """The DHash's is one column wider than high; the AHash has half its side."""
    pixels = make_pixels(2, 90, 70)
    thumbnails = make_single_thumbnails(pixels, hash_size)
    expected = oracles.stack_thumbnails(oracles.make_thumbnails(Image.fromarray(pixels), hash_size))
    assert thumbnails.dhash.shape == (hash_size, hash_size + 1)
    assert thumbnails.ahash.shape == (hash_size // 2, hash_size // 2)
    assert thumbnails.cells.shape == (4, 4, 3)
    assert thumbnails.dhash.dtype == thumbnails.ahash.dtype == np.uint8
    assert thumbnails.cells.dtype == np.float64
    assert are_equal(thumbnails, expected)


def test_smallest_picture_has_thumbnails() -> None:
    """One pixel fills them all."""
    thumbnails = make_single_thumbnails(np.array([[[10, 20, 30]]], dtype=np.uint8), 8)
    assert (thumbnails.dhash == oracles.grey_level(10, 20, 30)).all()
    assert (thumbnails.cells == (10, 20, 30)).all()


def test_pictures_of_mixed_sizes_have_the_thumbnails_they_have_alone() -> None:
    """Neighbours of one size are taken together; order and values stay as they are."""
    sizes = [(30, 20)] * 7 + [(20, 30), (30, 20), (400, 330), (30, 20), (400, 330), (400, 330)]
    pictures = [make_pixels(seed, *size) for seed, size in enumerate(sizes)]
    together = make_thumbnails(iter(pictures), 8)
    for place, pixels in enumerate(pictures):
        assert are_equal(take_thumbnails(together, place), make_single_thumbnails(pixels, 8))


def test_no_pictures_have_no_thumbnails() -> None:
    """Empty stacks of the right shapes."""
    shapes = [stack.shape for stack in make_thumbnails([], 8)]
    assert shapes == [(0, 8, 9), (0, 4, 4), (0, 4, 4, 3)]
