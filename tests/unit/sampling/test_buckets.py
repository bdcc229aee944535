"""Bucket codes answer the published questions, each at its exact edge."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

import oracles
from smartdownsample.features.columns import measure_colour_variance
from smartdownsample.features.spec import make_spec
from smartdownsample.records import RowArray
from smartdownsample.sampling.buckets import (
    BRIGHT_LEVEL,
    COLOUR_VARIANCE,
    N_CODES,
    THEME_LEVEL,
    THEMES,
    describe_bucket,
    encode_buckets,
)

SPEC = make_spec(8, "exact")
Levels = tuple[float, float, float]


def make_rows(means: list[Levels]) -> RowArray:
    """Make rows of these mean colours, all hash bits zero."""
    rows = np.zeros(len(means), dtype=SPEC.row_dtype)
    rows["mean_rgb"] = means
    return rows


def find_theme(mean: Levels) -> str:
    return THEMES[int(encode_buckets(make_rows([mean]), SPEC)[0]) >> 4]


def is_bright(mean: Levels) -> bool:
    return bool(encode_buckets(make_rows([mean]), SPEC)[0] & 1)


def test_thresholds_are_the_published_ones() -> None:
    """Variance 100, brightness 128, theme 140."""
    assert (COLOUR_VARIANCE, BRIGHT_LEVEL, THEME_LEVEL) == (100, 128, 140)


def test_brightness_of_128_is_bright() -> None:
    """The edge itself counts, the next smaller mean does not."""
    step = 1 / 1024  # the finest step of a mean of 32×32 levels
    assert is_bright((128, 128, 128))
    assert is_bright((100, 128, 156))
    assert not is_bright((128, 128, 128 - step))
    assert not is_bright((100 - step, 128, 156))


def test_variance_of_100_is_colour() -> None:
    """The edge itself counts, the next smaller variance does not."""
    edge: Levels = find_variance_of_100()
    assert find_theme(edge) == "mixed"
    step = np.float32(edge[2]) - np.nextafter(np.float32(edge[2]), np.float32(0))
    assert find_theme((edge[0], edge[1], edge[2] - 4 * float(step))) == "grey"


def find_variance_of_100() -> Levels:
    """Find levels whose variance is 100 in single precision; whole levels have none."""
    for base in range(1, 100):
        guesses = base + np.float32(450**0.5) + np.arange(-50, 50) * np.spacing(np.float32(base))
        means = np.full((len(guesses), 3), base, dtype=np.float32)
        means[:, 2] = guesses
        hits = np.flatnonzero(measure_colour_variance(means) == 100)
        if len(hits):
            return (base, base, float(means[hits[0], 2]))
    pytest.fail("no levels have a variance of exactly 100")


@pytest.mark.parametrize(
    ("mean", "theme"),
    [
        ((60.0, 60.0, 81.0), "grey"),  # variance 98
        ((60.0, 60.0, 82.0), "mixed"),  # variance 107.6
        ((200.0, 190.0, 190.0), "grey"),  # above 140, but of no colour
    ],
)
def test_grey_pictures_have_no_theme(mean: Levels, theme: str) -> None:
    """A picture of little colour variance is grey, however strong its channels are."""
    assert find_theme(mean) == theme


@pytest.mark.parametrize("channel", range(3))
def test_theme_is_the_channel_above_140(channel: int) -> None:
    """The edge itself does not count, the next larger mean does."""
    levels = [50.0, 50.0, 50.0]
    levels[channel] = 140
    assert find_theme((levels[0], levels[1], levels[2])) == "mixed"
    levels[channel] = 140 + 1 / 1024
    assert find_theme((levels[0], levels[1], levels[2])) == ("red", "green", "blue")[channel]


@pytest.mark.parametrize("weakest", range(3))
def test_theme_needs_a_strictly_strongest_channel(weakest: int) -> None:
    """Two equal channels give none; a hair more gives its theme."""
    levels = [180.0, 180.0, 180.0]
    levels[weakest] = 20
    assert find_theme((levels[0], levels[1], levels[2])) == "mixed"
    for channel in {0, 1, 2} - {weakest}:
        more = levels.copy()
        more[channel] += 1 / 1024
        assert find_theme((more[0], more[1], more[2])) == ("red", "green", "blue")[channel]


def every_key() -> Iterator[oracles.BucketKey]:
    """List all keys that can occur: a grey picture has one theme."""
    looks = [(False, 0), *((True, theme) for theme in range(4))]
    for above, below, corner, bright, (is_colour, theme) in product(
        (0, 1), (0, 1), (0, 1), (False, True), looks
    ):
        yield oracles.BucketKey(above, below, corner, is_colour, bright, theme)


MEANS: dict[tuple[bool, bool, int], Levels] = {
    (False, False, 0): (20, 20, 20),
    (False, True, 0): (200, 200, 200),
    (True, False, 0): (150, 20, 20),
    (True, False, 1): (20, 150, 20),
    (True, False, 2): (20, 20, 150),
    (True, False, 3): (100, 20, 20),
    (True, True, 0): (220, 120, 120),
    (True, True, 1): (120, 220, 120),
    (True, True, 2): (120, 120, 220),
    (True, True, 3): (220, 220, 20),
}


@pytest.mark.parametrize("hash_size", [2, 3, 4, 7, 8, 16, 32])
def test_all_80_keys_have_codes_of_their_own(hash_size: int) -> None:
    """Each key is made from the bits beside the centre, whatever the other bits are."""
    spec = make_spec(hash_size, "exact")
    keys = list(every_key())
    rows = np.zeros(len(keys), dtype=spec.row_dtype)
    generator = np.random.default_rng(hash_size)
    first = hash_size // 2 - 1
    second = hash_size // 2
    for row, key in zip(rows, keys, strict=True):
        dhash = generator.integers(0, 2, hash_size**2)
        dhash[first * hash_size + first] = key.above
        dhash[second * hash_size + second] = key.below
        ahash = generator.integers(0, 2, (hash_size // 2) ** 2)
        ahash[0] = key.corner
        row["dhash"] = np.packbits(dhash)
        row["ahash"] = np.packbits(ahash)
        row["mean_rgb"] = MEANS[key.is_colour, key.is_bright, key.theme]
    codes = encode_buckets(rows, spec)
    assert codes.dtype == np.uint8
    assert codes.tolist() == [oracles.bucket_code(key) for key in keys]
    assert sorted(codes.tolist()) == list(range(N_CODES))


def test_hash_of_8_uses_bits_27_and_36() -> None:
    """The published bits: row 3, column 3 and row 4, column 4; they alone decide."""
    rows = np.zeros(64, dtype=SPEC.row_dtype)
    rows["dhash"] = np.packbits(np.eye(64, dtype=np.uint8), axis=1)
    codes = encode_buckets(rows, SPEC)
    assert {place: int(codes[place]) for place in np.flatnonzero(codes)} == {27: 8, 36: 4}


def test_only_the_first_ahash_bit_counts() -> None:
    """It is the top left corner."""
    rows = np.zeros(16, dtype=SPEC.row_dtype)
    rows["ahash"] = np.packbits(np.eye(16, dtype=np.uint8), axis=1)
    assert encode_buckets(rows, SPEC).tolist() == [2, *([0] * 15)]


def test_rows_are_not_changed() -> None:
    """Codes are derived, not stored."""
    rows = make_rows([(20, 150, 20), (200, 200, 200)])
    before = rows.copy()
    encode_buckets(rows, SPEC)
    np.testing.assert_array_equal(rows, before)


def test_no_rows_have_no_codes() -> None:
    """An empty collection is allowed."""
    assert encode_buckets(np.zeros(0, dtype=SPEC.row_dtype), SPEC).tolist() == []


def test_names_of_buckets_are_unique() -> None:
    """All 80."""
    assert len({describe_bucket(code) for code in range(N_CODES)}) == N_CODES == 80


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (
            oracles.BucketKey(0, 0, 0, False, False, 0),
            "dark grey, dark corner, centre falling-falling",
        ),
        (
            oracles.BucketKey(1, 0, 0, True, True, 0),
            "bright red, dark corner, centre rising-falling",
        ),
        (
            oracles.BucketKey(0, 1, 1, True, False, 1),
            "dark green, light corner, centre falling-rising",
        ),
        (
            oracles.BucketKey(1, 1, 0, True, True, 2),
            "bright blue, dark corner, centre rising-rising",
        ),
        (
            oracles.BucketKey(1, 1, 1, True, True, 3),
            "bright mixed, light corner, centre rising-rising",
        ),
    ],
)
def test_names_say_what_the_bits_mean(key: oracles.BucketKey, name: str) -> None:
    """Each word stands for its own bit."""
    assert describe_bucket(oracles.bucket_code(key)) == name
