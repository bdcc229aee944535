"""Tests of smartdownsample.sampling.quality, and of what is made of it."""

import numpy as np
import pytest

from smartdownsample import ImageIndex
from smartdownsample.features.columns import describe_pictures
from smartdownsample.features.spec import make_spec
from smartdownsample.options import DecodeMode
from smartdownsample.records import ByteArray, RowArray
from smartdownsample.sampling.quality import count_quality_unknown, name_quality, tell_quality
from spoilt_pictures import blur, cover, haze, make_scene, spoil
from whole_photos import photo_table

SPEC = make_spec(8, "fast")


def describe(*pictures: ByteArray, mode: DecodeMode = "fast") -> RowArray:
    """Describe pictures, sizes included."""
    rows = describe_pictures(iter(pictures), make_spec(8, mode))
    rows["height"], rows["width"] = np.array([picture.shape[:2] for picture in pictures]).T
    return rows


def make_index(rows: RowArray) -> ImageIndex:
    """Make an index of images in one folder."""
    paths = [f"camera/{number}.jpg" for number in range(len(rows))]
    return ImageIndex(photo_table(SPEC, paths, rows))


@pytest.mark.parametrize("mode", ["exact", "fast"])
@pytest.mark.parametrize("seed", range(3))
def test_each_picture_has_the_words_that_are_right(seed: int, mode: DecodeMode) -> None:
    """A picture may have several, in alphabetical order."""
    pictures = spoil(seed)
    words = name_quality(describe(*pictures.values(), mode=mode))
    assert words == [word or "ok" for word in pictures]


@pytest.mark.parametrize("seed", range(3))
def test_fog_snow_and_night_are_neither_flat_nor_blurred(seed: int) -> None:
    """Little contrast or light leave a scene its details."""
    scene = make_scene(seed=seed)
    snow = 255 - scene // 5
    night = np.repeat(scene[:, :, :1] // 4, 3, axis=2)
    assert name_quality(describe(haze(scene), snow, night)) == ["ok"] * 3


def test_small_crops_are_neither_blurred_nor_flat() -> None:
    """Each pixel of theirs is soft, as cameras take them, and they may show nothing but fur."""
    small, large = (
        (blur(make_scene(height, width)), cover(0, height=height, width=width))
        for height, width in ((215, 288), (216, 288))
    )
    assert name_quality(describe(*small, *large)) == ["ok", "ok", "blurred", "flat"]


def test_what_was_not_measured_is_unknown_unless_colours_tell_it() -> None:
    """Nothing is guessed of rows from before there was sharpness."""
    rows = describe(*spoil(0).values())
    rows["sharpness"] = 0
    assert count_quality_unknown(rows) == len(rows)
    assert name_quality(rows) == [None, None, "dark", "dark", None, "overexposed", "overexposed"]
    assert not tell_quality(rows)["flat"].any()


def test_of_small_pictures_all_is_known() -> None:
    """Reading them again would tell no more, whether they were measured or not."""
    rows = describe(make_scene(4, 300), make_scene(215, 300))
    rows["sharpness"] = 0
    assert name_quality(rows) == ["ok", "ok"]


def test_no_rows_have_no_words() -> None:
    """An empty collection is allowed."""
    assert name_quality(np.zeros(0, dtype=SPEC.row_dtype)) == []


class TestSkipFlat:
    """Flat images are left out where that is asked for, and only there."""

    @pytest.fixture
    def index(self) -> ImageIndex:
        """Describe twelve scenes, each followed by a flat picture."""
        rows = [spoil(seed)[word] for seed in range(12) for word in ("", "flat")]
        return make_index(describe(*rows))

    def test_no_flat_image_is_selected(self, index: ImageIndex) -> None:
        """Exactly as many others as are asked for, or as there are."""
        for n in (5, 12, 24):
            selection = index.sample(n, skip_flat=True)
            assert len(selection) == min(n, 12)
            assert (selection.rows % 2 == 0).all()
            assert selection.skipped_rows is not None
            assert selection.skipped_rows.tolist() == list(range(1, 24, 2))

    def test_all_are_selected_from_by_default(self, index: ImageIndex) -> None:
        """Nothing is left out unasked."""
        selection = index.sample(24)
        assert len(selection) == 24
        assert selection.skipped_rows is None
        assert selection.to_arrow()["quality"].to_pylist() == ["ok", "flat"] * 12

    def test_rankings_and_their_beginnings_leave_them_out(self, index: ImageIndex) -> None:
        """However many are taken."""
        ranking = index.rank(skip_flat=True)
        assert sorted(ranking.rows.tolist()) == list(range(0, 24, 2))
        first = ranking.first(5)
        assert first.skipped_rows is ranking.skipped_rows is not None

    def test_flat_images_that_were_selected_before_count(self, index: ImageIndex) -> None:
        """They were labelled, whatever they show."""
        selection = index.sample(20, skip_flat=True, keep=["camera/1.jpg"])
        assert selection.earlier_rows.tolist() == [1]
        assert selection.rows.tolist() == list(range(0, 24, 2))
        assert selection.skipped_rows is not None
        assert 1 not in selection.skipped_rows

    # More images are asked for than there are sequences.
    @pytest.mark.filterwarnings("ignore::smartdownsample.ShortfallWarning")
    def test_flat_images_do_not_fill_a_sequence(self, index: ImageIndex) -> None:
        """Its one image is one that shows something."""
        rows = index.table.rows.copy()
        rows["captured"] = np.datetime64("2024-01-01", "ms")
        selection = make_index(rows).sample(5, skip_flat=True, max_per_sequence=1)
        assert len(selection) == 1
        assert selection.rows[0] % 2 == 0

    def test_where_all_are_flat_none_is_selected(self) -> None:
        """An empty selection, whatever else is asked for."""
        index = make_index(describe(*(spoil(seed)["flat"] for seed in range(3))))
        assert len(index.sample(2, skip_flat=True)) == 0
        assert len(index.sample(2, skip_flat=True, groups="parent", spread="visual")) == 0
        assert len(index.rank(skip_flat=True)) == 0
