"""Thumbnails of fast decoding are nearly those of exact decoding, and exact sums themselves."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from pictures import are_equal, make_pixels, take_thumbnails
from smartdownsample.features import fast_thumbnails, lanczos
from smartdownsample.features.exact_thumbnails import make_thumbnails
from smartdownsample.features.fast_thumbnails import approximate_thumbnails
from smartdownsample.features.thumbnails import Thumbnails

Pixels = npt.NDArray[np.uint8]

# Not halved, halved once and more often; odd sides, whose last row or column is a single one.
SIZES = [(1, 1), (40, 30), (107, 300), (108, 108), (109, 131), (161, 121), (300, 499), (870, 650)]


def make_noise(width: int, height: int) -> Pixels:
    return np.random.default_rng(width * height).integers(
        0, 256, (height, width, 3), dtype=np.uint8
    )


def make_blocks(width: int, height: int) -> Pixels:
    """Make dark and light blocks, whose edges are hard."""
    rows, columns = np.indices((height, width)) // 8
    is_light = (rows * columns) % 3 == 0
    return np.repeat(np.where(is_light, 180, 75).astype(np.uint8)[..., np.newaxis], 3, axis=2)


@pytest.mark.parametrize("hash_size", [2, 3, 8, 16])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_thumbnails_are_nearly_the_same(size: tuple[int, int], seed: int, hash_size: int) -> None:
    """Of smooth pictures, as reduced photos are: greys a level off at most, cells half a level."""
    pixels = make_pixels(seed, *size)
    exact = make_thumbnails([pixels], hash_size)
    fast = approximate_thumbnails([pixels], hash_size)
    assert fast.dhash.dtype == fast.ahash.dtype == np.uint8
    for ours, theirs in ((fast.dhash, exact.dhash), (fast.ahash, exact.ahash)):
        assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert np.abs(fast.cells - exact.cells).max() <= 0.5


@pytest.mark.parametrize("size", SIZES)
def test_hard_edges_are_weighed_alike(size: tuple[int, int]) -> None:
    """At any distance from the borders they keep their share of each pixel and cell."""
    pixels = make_blocks(*size)
    exact, fast = make_thumbnails([pixels], 8), approximate_thumbnails([pixels], 8)
    assert np.abs(fast.cells - exact.cells).mean() <= 0.3
    assert np.abs(fast.dhash.astype(int) - exact.dhash).mean() <= 0.7


@pytest.mark.parametrize("size", SIZES[1:])
def test_colours_are_not_shifted(size: tuple[int, int]) -> None:
    """Rounding halves neither lifts nor lowers the mean colour of a picture full of detail."""
    pixels = make_noise(*size)
    exact, fast = make_thumbnails([pixels], 8), approximate_thumbnails([pixels], 8)
    assert abs((exact.cells - fast.cells).mean()) < 0.1


class WideNumbers:
    """NumPy with more digits."""

    float32 = float64 = np.longdouble

    def __getattr__(self, name: str) -> object:
        return getattr(np, name)


@pytest.mark.parametrize("size", SIZES)
def test_sums_are_exact(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Single and double precision have room for every sum: more of it gives the same."""
    pixels = make_noise(*size)
    expected = approximate_thumbnails([pixels], 8)
    monkeypatch.setattr(fast_thumbnails, "np", WideNumbers())
    wide = approximate_thumbnails([pixels], 8)
    assert wide.cells.dtype == np.longdouble
    assert are_equal(wide, expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
def test_an_even_picture_stays_even(size: tuple[int, int], level: int) -> None:
    """Filled edges do not show, nor does what roundings are corrected by, an eighth at most."""
    pixels = np.full((size[1], size[0], 3), level, dtype=np.uint8)
    fast = approximate_thumbnails([pixels], 8)
    assert (fast.dhash == level).all()
    assert (fast.ahash == level).all()
    assert np.ptp(fast.cells) == 0
    assert abs(fast.cells.flat[0] - level) in {0, 1 / 8}


def test_pictures_of_mixed_sizes_have_the_thumbnails_they_have_alone() -> None:
    """Neighbours of one shape are shrunk together, in the order given."""
    sizes = [size for size in SIZES for _ in range(4)]
    pictures = [make_noise(width, height) for width, height in sizes]
    together = approximate_thumbnails(iter(pictures), 8)
    for place, pixels in enumerate(pictures):
        alone = take_thumbnails(approximate_thumbnails([pixels], 8), 0)
        assert are_equal(take_thumbnails(together, place), alone)


@pytest.mark.parametrize("waiting", [0, 2**17, 2**23])
@pytest.mark.parametrize("hash_size", [2, 8, 16])
def test_what_waits_together_changes_nothing(
    waiting: int, hash_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Crops each of another size have the thumbnails they have alone, in the order given."""
    sides = np.random.default_rng(7).integers(1, 400, (80, 2)).tolist()
    pictures = [make_noise(width, height) for width, height in sides]
    alone = [approximate_thumbnails([pixels], hash_size) for pixels in pictures]
    monkeypatch.setattr(fast_thumbnails, "_WAITING_LEVELS", waiting)
    together = approximate_thumbnails(iter(pictures), hash_size)
    for place, expected in enumerate(alone):
        assert are_equal(take_thumbnails(together, place), take_thumbnails(expected, 0))


def test_pictures_stay_as_they_are() -> None:
    """Nothing is computed in place."""
    pixels = make_noise(871, 653)
    before = pixels.copy()
    approximate_thumbnails([pixels], 8)
    assert np.array_equal(pixels, before)


def test_rounded_weights_of_long_pictures_do_not_add_up() -> None:
    """Tens of thousands of pixels, of which each weighs a few steps, are still a smooth ramp."""
    ramp = np.linspace(0, 255, 40_000).astype(np.uint8)
    pixels = np.broadcast_to(ramp[:, np.newaxis, np.newaxis], (40_000, 20, 3))
    for picture in (pixels, pixels.transpose(1, 0, 2)):
        exact, fast = make_thumbnails([picture], 8), approximate_thumbnails([picture], 8)
        assert np.abs(fast.dhash.astype(int) - exact.dhash).max() <= 1
        assert np.abs(fast.cells - exact.cells).max() <= 0.3


@pytest.mark.parametrize("shrink", [make_thumbnails, approximate_thumbnails])
def test_weights_of_many_lengths_do_not_pile_up(
    shrink: Callable[[list[Pixels], int], Thumbnails], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a side of tens of thousands of pixels take many megabytes."""
    monkeypatch.setattr(lanczos, "_MAX_KEPT_BYTES", 2**20)
    lengths = [30_000, 30_001, *range(300, 500)]
    pictures = [np.zeros((20, length, 3), dtype=np.uint8) for length in lengths]
    tracemalloc.start()
    try:
        for picture in pictures:
            shrink([picture], 8)
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Of the rows' lengths and of the columns', and some for what keeps them.
    assert left < 3 * 2**20


def test_weights_are_kept_while_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were not used for longest are computed again."""
    computed = []

    @lanczos.keep_weights
    def compute(length: int) -> tuple[list[Pixels], int]:
        computed.append(length)
        return [np.zeros(length, dtype=np.uint8)], length

    monkeypatch.setattr(lanczos, "_MAX_KEPT_BYTES", 10)
    for length in (4, 5, 4, 1, 4, 3, 4, 5):
        assert compute(length)[1] == length
    assert computed == [4, 5, 1, 3, 5]
    # What is larger than all room is given, but not kept.
    assert [compute(11)[1], compute(11)[1], compute(4)[1]] == [11, 11, 4]
    assert computed[5:] == [11, 11]


def test_no_pictures_have_no_thumbnails() -> None:
    """Empty stacks of the right shapes."""
    shapes = [stack.shape for stack in approximate_thumbnails([], 8)]
    assert shapes == [(0, 8, 9), (0, 4, 4), (0, 4, 4, 3)]
