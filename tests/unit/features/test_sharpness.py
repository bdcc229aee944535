"""Tests of smartdownsample.features.sharpness."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

import oracles
from pictures import make_pixels
from smartdownsample.features.columns import describe_pictures
from smartdownsample.features.sharpness import compute_sharpness, note_differences
from smartdownsample.features.spec import make_spec
from smartdownsample.options import DecodeMode
from spoilt_pictures import make_scene

Levels = npt.NDArray[np.uint8]


def measure(*pictures: Levels) -> list[int]:
    """Measure the sharpness of pictures."""
    noted: list[tuple[float, float, float, float, int, int]] = []
    for picture in pictures:
        before = picture.copy()
        assert note_differences(noted, picture) is picture
        assert np.array_equal(picture, before)
    sharpness: list[int] = compute_sharpness(noted).tolist()
    return sharpness


@pytest.mark.parametrize(
    ("height", "width"), [(5, 5), (48, 64), (107, 300), (215, 108), (150, 201)]
)
def test_sharpness_is_the_plain_formula(height: int, width: int) -> None:
    """Root mean squares of differences of neighbours and of pixels four apart, down and across."""
    picture = make_scene(height, width)
    assert measure(picture) == [oracles.sharpness(picture)]


def test_large_pictures_are_measured_as_small_as_decoding_makes_them() -> None:
    """Halved while 108 pixels of the shorter side are left, which gives the small scene again."""
    scene = make_scene(150, 200)
    large = scene.repeat(4, axis=0).repeat(4, axis=1)
    assert measure(large) == measure(scene) == [oracles.sharpness(scene)]


def test_noise_is_sharp_an_even_slope_is_not_and_blur_lies_between() -> None:
    """1 where no two pixels have to do with each other, a quarter where levels rise evenly."""
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    slope = np.broadcast_to(np.arange(160, dtype=np.uint8)[:, np.newaxis], (120, 160, 3)).copy()
    scene = make_scene(150, 200)
    blurred = [np.asarray(cv2.GaussianBlur(scene, (0, 0), sigma), np.uint8) for sigma in (1, 2, 4)]
    values = measure(noise, scene, *blurred, slope)
    assert values[0] == pytest.approx(200, abs=2)
    assert values[-1] == 50
    assert values == sorted(values, reverse=True)


def test_less_light_and_less_contrast_change_it_little() -> None:
    """Blur is told in the dark and in fog as well."""
    scene = make_scene(150, 200)
    dark, fog = scene // 3, scene // 4 + 150
    values = measure(scene, dark, fog)
    assert max(values) - min(values) <= 4


def test_pictures_of_one_colour_are_not_blurred_and_tiny_ones_unknown() -> None:
    """There is nothing to see in the first, and too little to measure in the others."""
    grey = np.full((120, 160, 3), 90, dtype=np.uint8)
    assert measure(grey, grey[:4], grey[:, :4], grey[:1, :1]) == [255, 0, 0, 0]
    assert measure() == []


@pytest.mark.parametrize("decode", ["exact", "fast"])
def test_rows_tell_the_sharpness_of_their_pictures(decode: DecodeMode) -> None:
    """In order, whatever their sizes; alone or together."""
    pictures = [make_scene(150, 200, 1), make_pixels(3, 64, 48), make_scene(480, 640, 2)]
    rows = describe_pictures(iter(pictures), make_spec(8, decode))
    assert rows["sharpness"].tolist() == measure(*pictures)
    for picture, row in zip(pictures, rows, strict=True):
        assert describe_pictures([picture], make_spec(8, decode))["sharpness"] == row["sharpness"]
