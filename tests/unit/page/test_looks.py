"""The map of looks of the page."""

import numpy as np
import pytest

from smartdownsample.page.looks import N_STEPS, Looks, list_looks, map_looks
from smartdownsample.records import ByteArray


def make_layouts(
    n: int = 200, *, light: float = 0.0, sky: float = 0.0, green: float = 0.0, seed: int = 0
) -> ByteArray:
    """Make layouts that differ so much in light, in that of the upper half, and in colour."""
    rng = np.random.default_rng(seed)
    cells = np.full((n, 4, 4, 3), 128.0) + rng.normal(0, 1, (n, 4, 4, 3))
    cells[:, :, :, 0] += rng.normal(0, 1, (n, 1, 1)) * light
    cells[:, :2, :, 0] += (amount := rng.normal(0, 1, (n, 1, 1)) * sky)
    cells[:, 2:, :, 0] -= amount
    cells[:, :, :, 1] -= rng.normal(0, 1, (n, 1, 1)) * green
    return np.rint(np.clip(cells, 0, 255)).astype(np.uint8).reshape(n, 48)


def draw(layouts: ByteArray) -> Looks:
    """Make a map that there is."""
    looks = map_looks(layouts)
    assert looks is not None
    return looks


class TestAxes:
    """They mean something, and it is said what."""

    def test_light_is_to_the_right(self) -> None:
        """Even where pictures differ more in something else."""
        layouts = make_layouts(light=20, sky=30)
        looks = draw(layouts)
        assert looks.across == ("dark", "light")
        lightness = layouts[:, ::3].mean(axis=1)
        assert np.corrcoef(looks.places[:, 0], lightness)[0, 1] > 0.99

    def test_upwards_is_what_else_differs(self) -> None:
        """From the first end to the second."""
        layouts = make_layouts(light=20, sky=15)
        looks = draw(layouts)
        assert looks.up == ("lighter below", "lighter above")
        upper = layouts.reshape(-1, 4, 4, 3)[:, :2, :, 0].mean(axis=(1, 2))
        lower = layouts.reshape(-1, 4, 4, 3)[:, 2:, :, 0].mean(axis=(1, 2))
        assert np.corrcoef(looks.places[:, 1], upper - lower)[0, 1] > 0.99
        assert draw(make_layouts(light=20, green=15)).up == ("greenish", "reddish")

    def test_what_has_no_name_gets_none(self) -> None:
        """A chessboard, say."""
        cells = make_layouts(light=20).reshape(-1, 4, 4, 3)
        squares = np.indices((4, 4)).sum(axis=0) % 2
        cells[:, :, :, 0] += (
            squares.astype(np.uint8) * np.arange(0, 100, 0.5).astype(np.uint8)[:, None, None]
        )
        assert draw(cells.reshape(-1, 48)).up is None


class TestPlaces:
    """Where the points lie."""

    def test_distances_are_those_between_pictures(self) -> None:
        """As far as a plane has them: pictures that differ in two ways alone."""
        layouts = make_layouts(light=25, sky=10)
        looks = draw(layouts)
        pairs = np.random.default_rng(0).integers(200, size=(500, 2))
        apart = np.linalg.norm(np.diff(layouts[pairs].astype(float), axis=1)[:, 0], axis=1)
        on_map = np.linalg.norm(np.diff(looks.places[pairs], axis=1)[:, 0], axis=1)
        assert np.corrcoef(apart, on_map)[0, 1] > 0.99

    def test_the_longer_side_is_used_up(self) -> None:
        """From 0 to the last step."""
        places = draw(make_layouts(light=25, sky=10)).places
        assert places.min(axis=0).tolist() == [0, 0]
        assert places.max() == N_STEPS

    def test_the_map_is_the_same_each_time(self) -> None:
        """And a picture's place does not depend on the order."""
        layouts = make_layouts(light=20, sky=15)
        order = np.random.default_rng(2).permutation(200)
        first, second = draw(layouts), draw(layouts[order])
        assert np.abs(first.places[order] - second.places).max() <= 1

    @pytest.mark.parametrize(
        "layouts", [make_layouts(0), make_layouts(2, light=9), np.zeros((9, 48), np.uint8)]
    )
    def test_without_differences_there_is_no_map(self, layouts: ByteArray) -> None:
        """Nor with a picture or two."""
        assert map_looks(layouts) is None
        assert list_looks(None) == {}

    def test_columns_are_the_places(self) -> None:
        """One value for each image, whole numbers."""
        looks = draw(make_layouts(light=20))
        columns = list_looks(looks)
        assert columns == {"across": looks.places[:, 0].tolist(), "up": looks.places[:, 1].tolist()}

    def test_more_images_than_decide_about_the_axes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """All have a place on a map that is about the same."""
        layouts = make_layouts(light=20, sky=15)
        full = draw(layouts)
        monkeypatch.setattr("smartdownsample.page.looks._MAX_DECIDING", 70)
        assert np.abs(draw(layouts).places - full.places).max() < N_STEPS / 20
