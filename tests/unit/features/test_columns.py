"""Features are what the published formulas say."""

from fractions import Fraction

import imagehash
import numpy as np
import pytest
from PIL import Image

import oracles
from pictures import make_pixels, make_single_thumbnails
from smartdownsample.features.columns import (
    describe_pictures,
    hash_averages,
    hash_gradients,
    measure_brightness,
    measure_colour_variance,
    summarise_colours,
)
from smartdownsample.features.exact_thumbnails import average_cells
from smartdownsample.features.spec import (
    FAST_OVERSAMPLING,
    FEATURE_VERSION,
    choose_min_side,
    make_spec,
)
from smartdownsample.options import MAX_HASH_SIZE, MIN_HASH_SIZE, DecodeMode
from smartdownsample.records import ByteArray, RowArray

HASH_SIZES = [2, 3, 4, 5, 7, 8, 16, 32]


def describe(pixels: ByteArray, hash_size: int = 8) -> RowArray:
    """Compute the feature row of one picture."""
    return describe_pictures([pixels], make_spec(hash_size, "exact"))


def one_colour(colour: tuple[int, int, int]) -> ByteArray:
    return np.full((8, 8, 3), colour, dtype=np.uint8)


@pytest.mark.parametrize("hash_size", HASH_SIZES)
@pytest.mark.parametrize("seed", range(6))
def test_features_equal_the_scalar_formulas(seed: int, hash_size: int) -> None:
    """Every field of a row, for every kind of hash size."""
    pixels = make_pixels(seed, 83, 61)
    row = describe(pixels, hash_size)[0]
    thumbnails = oracles.list_thumbnails(*make_single_thumbnails(pixels, hash_size))
    expected = oracles.describe_thumbnails(thumbnails, hash_size)
    assert row["dhash"].tobytes() == oracles.pack_bits(expected.dhash)
    assert row["ahash"].tobytes() == oracles.pack_bits(expected.ahash)
    assert row["mean_rgb"].tolist() == [float(mean) for mean in expected.mean_rgb]
    assert np.abs(row["lab_layout"] - np.array(expected.lab_layout)).max() <= 0.5 + 1e-9
    assert (row["width"], row["height"], row["flags"]) == (0, 0, 0)
    assert np.isnat(row["captured"])


@pytest.mark.parametrize("hash_size", [2, 3, 8, 16])
@pytest.mark.parametrize("seed", range(4))
def test_dhash_is_that_of_imagehash(seed: int, hash_size: int) -> None:
    """Bit for bit, at any size: both resize the grey picture and look to the right."""
    pixels = make_pixels(seed, 120, 90)
    theirs = imagehash.dhash(Image.fromarray(pixels), hash_size=hash_size)
    assert describe(pixels, hash_size)[0]["dhash"].tobytes() == np.packbits(theirs.hash).tobytes()


@pytest.mark.parametrize("hash_size", [4, 8, 16])
@pytest.mark.parametrize("seed", range(4))
def test_ahash_is_that_of_imagehash_at_half_the_size(seed: int, hash_size: int) -> None:
    """Bit for bit; ImageHash takes no side below 2, where ours has a single bit, always 0."""
    pixels = make_pixels(seed, 120, 90)
    theirs = imagehash.average_hash(Image.fromarray(pixels), hash_size=hash_size // 2)
    assert describe(pixels, hash_size)[0]["ahash"].tobytes() == np.packbits(theirs.hash).tobytes()


def test_dhash_bits_are_rises_to_the_right() -> None:
    """Only a brighter right neighbour counts; equals do not."""
    grey = np.array([[[1, 2, 2], [9, 3, 4]]], dtype=np.uint8)
    assert hash_gradients(grey).tolist() == [[0b1001_0000]]


def test_dhash_compares_extremes_without_wrapping() -> None:
    """From black to white is a rise, from white to black is none."""
    grey = np.array([[[0, 255, 0], [255, 0, 255]]], dtype=np.uint8)
    assert hash_gradients(grey).tolist() == [[0b1001_0000]]


def test_ahash_bits_are_levels_above_the_exact_mean() -> None:
    """A level equal to the mean does not count; a mean of 1.5 is not rounded."""
    assert hash_averages(np.array([[[4, 4], [4, 4]]], dtype=np.uint8)).tolist() == [[0]]
    assert hash_averages(np.array([[[1, 2], [1, 2]]], dtype=np.uint8)).tolist() == [[0b0101_0000]]
    assert hash_averages(np.array([[[2, 1], [3, 2]]], dtype=np.uint8)).tolist() == [[0b0010_0000]]


def test_ahash_compares_with_the_mean_of_its_own_picture() -> None:
    """A dark picture beside a bright one keeps its bits."""
    grey = np.array([[[1, 3], [1, 3]], [[251, 253], [251, 253]]], dtype=np.uint8)
    assert hash_averages(grey).tolist() == [[0b0101_0000], [0b0101_0000]]


def test_hashes_fill_whole_bytes_with_zeros() -> None:
    """25 bits take 4 bytes, the last 7 bits zero."""
    rising = np.broadcast_to(np.arange(6, dtype=np.uint8), (1, 5, 6))
    assert hash_gradients(rising).tolist() == [[0xFF, 0xFF, 0xFF, 0x80]]


def test_hashes_of_an_even_picture_are_zero() -> None:
    """Nothing rises and nothing is above the mean."""
    row = describe(one_colour((50, 60, 70)))[0]
    assert not row["dhash"].any()
    assert not row["ahash"].any()


@pytest.mark.parametrize(
    ("colour", "lab"),
    [
        ((0, 0, 0), (0, 128, 128)),
        ((255, 255, 255), (255, 128, 128)),
        # CIE Lab of the sRGB primaries under D65: (53.24, 80.09, 67.20), (87.73, -86.18, 83.18)
        # and (32.30, 79.19, -107.86).
        ((255, 0, 0), (136, 208, 195)),
        ((0, 255, 0), (224, 42, 211)),
        ((0, 0, 255), (82, 207, 20)),
    ],
)
def test_lab_layout_of_known_colours(
    colour: tuple[int, int, int], lab: tuple[int, int, int]
) -> None:
    """Black and white are neutral, primaries where colour tables have them."""
    rgb = np.full((1, 32, 32, 3), colour, dtype=np.uint8)
    layout = summarise_colours(average_cells(rgb))
    assert layout.shape == (1, 4, 4, 3)
    assert layout.dtype == np.uint8
    assert (layout == lab).all()


@pytest.mark.parametrize("level", [*range(20), *range(20, 256, 5)])
def test_lab_layout_of_greys_is_neutral(level: int) -> None:
    """A grey level has lightness only, from the darkest, where the curve is straight."""
    rgb = np.full((1, 4, 4, 3), level, dtype=np.uint8)
    expected = oracles.lab_layout([[(level, level, level)] * 4] * 4)
    layout = summarise_colours(average_cells(rgb))
    assert (layout[..., 1:] == 128).all()
    assert np.abs(layout.reshape(-1) - np.array(expected)).max() <= 0.5 + 1e-9


def test_lab_layout_goes_row_by_row() -> None:
    """The second value of the layout is the cell right of the first one, not below it."""
    rgb = np.zeros((1, 32, 32, 3), dtype=np.uint8)
    rgb[0, :8, 8:16] = 255
    light = summarise_colours(average_cells(rgb))[0, :, :, 0]
    assert light[0, 1] == 255
    assert np.count_nonzero(light) == 1


def test_lab_layout_averages_levels_before_it_converts_them() -> None:
    """A cell half black and half white is that of level 127.5."""
    rgb = np.zeros((1, 8, 8, 3), dtype=np.uint8)
    rgb[0, ::2] = 255
    # Level 127.5 has L = 53.4; the mean of black's and white's would be 50.
    assert (summarise_colours(average_cells(rgb))[..., 0] == round(53.389 * 2.55)).all()


def test_mean_rgb_is_exact() -> None:
    """Means of 1,024 levels fit single precision without rounding."""
    row = describe(make_pixels(7, 200, 150))[0]
    scaled = row["mean_rgb"].astype(np.float64) * 1024
    np.testing.assert_array_equal(scaled, np.rint(scaled))


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (10, 20, 60), (128, 127, 129)])
def test_brightness_and_variance_are_the_plain_formulas(colour: tuple[int, int, int]) -> None:
    """Mean and population variance of the three channel means."""
    mean = (Fraction(colour[0]), Fraction(colour[1]), Fraction(colour[2]))
    row = describe(one_colour(colour))
    assert row["mean_rgb"].tolist() == [list(colour)]
    assert measure_brightness(row["mean_rgb"])[0] == pytest.approx(float(oracles.brightness(mean)))
    variance = measure_colour_variance(row["mean_rgb"])[0]
    assert variance == pytest.approx(float(oracles.colour_variance(mean)), rel=1e-5)


def test_features_of_nothing_are_no_rows() -> None:
    """An empty chunk is allowed."""
    spec = make_spec(8, "exact")
    rows = describe_pictures([], spec)
    assert rows.shape == (0,)
    assert rows.dtype == spec.row_dtype


def test_rows_keep_the_order_of_the_chunk() -> None:
    """Each row is that of its own picture."""
    rows = describe_pictures(map(make_pixels, range(3)), make_spec(8, "exact"))
    for row, seed in zip(rows, range(3), strict=True):
        assert row["dhash"].tobytes() == describe(make_pixels(seed))[0]["dhash"].tobytes()


@pytest.mark.parametrize("hash_size", [MIN_HASH_SIZE, 8, MAX_HASH_SIZE])
@pytest.mark.parametrize("decode", ["exact", "fast", "preview"])
def test_spec_carries_what_was_asked_for(hash_size: int, decode: DecodeMode) -> None:
    """With the version of the formulas, and another name for every choice."""
    spec = make_spec(hash_size, decode)
    assert (spec.hash_size, spec.decode, spec.version) == (hash_size, decode, FEATURE_VERSION)
    assert spec.fingerprint == f"hash{hash_size}-{decode}-v{FEATURE_VERSION}"


def test_only_fast_reduces() -> None:
    """`exact` decodes in full; the others keep a number of pixels for each of the thumbnail's."""
    assert choose_min_side(make_spec(8, "exact")) is None
    assert choose_min_side(make_spec(8, "fast")) == 9 * FAST_OVERSAMPLING
    assert choose_min_side(make_spec(8, "preview")) == 9 * FAST_OVERSAMPLING
    assert choose_min_side(make_spec(16, "fast")) == 17 * FAST_OVERSAMPLING
