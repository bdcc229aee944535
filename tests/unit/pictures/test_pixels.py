"""Tests of smartdownsample.pictures.pixels."""

import numpy as np

from smartdownsample.pictures.pixels import flatten_pixels


class TestFlattenPixels:
    """flatten_pixels makes RGB of whatever the decoder gives."""

    def test_floating_point_numbers_are_scaled_and_clipped(self) -> None:
        """Zero to one is the whole range; larger numbers are levels; others are black."""
        unit = np.array([[0, 0.5, 1, -1, np.nan]], dtype=np.float32)
        levels = np.array([[0, 100, 255, 300, np.inf]], dtype=np.float64)
        assert flatten_pixels(unit)[0, :, 0].tolist() == [0, 128, 255, 0, 0]
        assert flatten_pixels(levels)[0, :, 0].tolist() == [0, 100, 255, 255, 255]

    def test_wide_integers_that_hold_16_bits_are_taken_as_such(self) -> None:
        """Else they would all be black."""
        wide = np.array([[0, 65535]], dtype=np.int32)
        assert flatten_pixels(wide)[0, :, 0].tolist() == [0, 255]

    def test_grey_with_alpha_lies_on_white(self) -> None:
        """Two channels are grey and alpha."""
        pixels = np.array([[[100, 255], [100, 0]]], dtype=np.uint8)
        assert flatten_pixels(pixels).tolist() == [[[100] * 3, [255] * 3]]
