"""Tests of smartdownsample.page.thumbnails."""

import io
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from feature_tables import make_table
from pictures import make_pixels, write_picture
from report_pages import save
from smartdownsample import ImageIndex
from smartdownsample.page.thumbnails import Thumbnails, choose_shown, fit_thumbnails
from smartdownsample.pictures import encode_jpeg, load_regions
from smartdownsample.records import WHOLE

NOISE = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)


def measure_side(jpeg: bytes) -> int:
    """Measure the longer side of a JPEG."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        return max(picture.size)


class TestChoice:
    """A bounded number of images has a thumbnail: picks first, then what they stand for."""

    def test_all_of_few_images_are_shown(self) -> None:
        """Picks among them once."""
        selection = ImageIndex(make_table(300)).sample(50)
        shown = choose_shown(selection, selection.representatives)
        assert shown.picks.tolist() == selection.rows.tolist()
        assert sorted([*shown.picks, *shown.others]) == list(range(300))

    def test_many_images_are_thinned_evenly(self) -> None:
        """Over the picks, and over what each stands for; 4,000 in all."""
        selection = ImageIndex(make_table(20_000, burst=1)).sample(5_000)
        shown = choose_shown(selection, selection.representatives)
        assert (len(shown.picks), len(shown.others)) == (3_000, 1_000)
        assert np.ptp(np.diff(np.searchsorted(selection.rows, shown.picks))) <= 1
        assert not selection.is_kept[shown.others].any()
        _, counts = np.unique(selection.representatives[shown.others], return_counts=True)
        assert counts.max() == 1

    def test_images_selected_before_are_shown(self) -> None:
        """Not as picks."""
        table = make_table(30)
        selection = ImageIndex(table).sample(10, keep=table.paths[:5])
        shown = choose_shown(selection, selection.representatives)
        assert set(selection.earlier_rows) <= set(shown.others)

    def test_nothing_selected(self) -> None:
        """Some images are shown all the same."""
        selection = ImageIndex(make_table(30)).sample(0)
        shown = choose_shown(selection, selection.representatives)
        assert (len(shown.picks), len(shown.others)) == (0, 30)


class TestPictures:
    """Pictures are shown as they are."""

    @pytest.mark.parametrize(
        ("size", "expected"),
        [((640, 480), (320, 240)), ((300, 900), (107, 320)), ((9, 6), (320, 213))],
    )
    def test_thumbnails_keep_their_shape(
        self, size: tuple[int, int], expected: tuple[int, int], tmp_path: Path
    ) -> None:
        """The longer side is 320 pixels."""
        path = write_picture(tmp_path / "a.jpg", 1, *size)
        (thumbnail,) = load_regions(str(path), [WHOLE], 320, 320)
        assert thumbnail is not None
        assert thumbnail.shape == (expected[1], expected[0], 3)

    def test_a_file_that_vanished_has_no_thumbnail(self, tmp_path: Path) -> None:
        """Neither a picture nor an error; the same for one that is no image any more."""
        paths = [write_picture(tmp_path / f"{i}.jpg", i) for i in range(4)]
        selection = ImageIndex.build(paths).sample(2)
        paths[0].unlink()
        paths[1].write_text("no image")
        thumbnails = save(tmp_path / "page.html", selection).thumbnails
        assert {row: bool(jpeg) for row, jpeg in thumbnails.items()} == {
            "0": False,
            "1": False,
            "2": True,
            "3": True,
        }

    @pytest.mark.parametrize("share", [0.35, 0.48, 0.9])
    def test_what_is_left_of_a_truncated_photo_is_shown(self, share: float, tmp_path: Path) -> None:
        """As much as its features are made of; the rest is grey."""
        path, data = tmp_path / "a.jpg", encode_jpeg(NOISE, 75)
        path.write_bytes(data)
        (whole,) = load_regions(str(path), [WHOLE], 320, 320)
        path.write_bytes(data[: int(len(data) * share)])
        assert len(ImageIndex.build([path], cache=False).table) == 1
        (thumbnail,) = load_regions(str(path), [WHOLE], 320, 320)
        assert thumbnail is not None
        assert whole is not None
        end = int(len(whole) * (share - 0.1))
        assert np.array_equal(thumbnail[:end], whole[:end])
        assert np.abs(thumbnail[-8:].astype(int) - 128).max() <= 2

    def test_colours_are_right(self, tmp_path: Path) -> None:
        """Red stays red."""
        pixels = make_pixels(1)
        cv2.imwrite(str(tmp_path / "a.png"), pixels[:, :, ::-1])
        page = save(tmp_path / "page.html", ImageIndex.build([tmp_path / "a.png"]).sample(1))
        with Image.open(io.BytesIO(page.thumbnails["0"])) as picture:
            shown = np.asarray(picture.resize(pixels.shape[1::-1], Image.Resampling.BOX))
        assert np.abs(shown.astype(int) - pixels).mean() < 8


class TestFitting:
    """All thumbnails fit into the bytes that a page has for them."""

    def test_few_stay_as_they_are(self) -> None:
        """At the best quality."""
        few = Thumbnails({0: encode_jpeg(NOISE, 75)}, {1: encode_jpeg(NOISE, 75)}, {})
        assert fit_thumbnails(few, 10_000_000) == few

    def test_picks_stay_large_for_longer(self) -> None:
        """Others become smaller first; all of them are there."""
        # Some have more in them than others.
        jpegs = [encode_jpeg(NOISE // shade, 75) for shade in range(1, 9)]
        choose = random.Random(1).choice
        some = Thumbnails(
            {row: choose(jpegs) for row in range(120)},
            {row: choose(jpegs) for row in range(120, 1_000)},
            {},
        )
        fitting = fit_thumbnails(some, 6_000_000)
        assert [*map(len, fitting)] == [*map(len, some)]
        sides = [{*map(measure_side, each.values())} for each in fitting[:2]]
        assert sides == [{320}, {160}]
        assert sum(len(jpeg) for each in fitting for jpeg in each.values()) <= 6_000_000

    def test_the_worst_pictures_fit(self) -> None:
        """Thousands of pure noise: what is wanted least is left out."""
        jpeg = encode_jpeg(NOISE, 75)
        worst = Thumbnails(dict.fromkeys(range(600), jpeg), {}, dict.fromkeys(range(600), jpeg))
        fitting = fit_thumbnails(worst, 600_000)
        sizes = [len(jpeg) for each in fitting for jpeg in each.values()]
        assert 599_000 < sum(sizes) <= 600_000
        assert [*fitting.picks] == list(range(600))
        assert [*fitting.photos] == list(range(len(fitting.photos)))
        assert 0 < len(fitting.photos) < 600

    @pytest.mark.parametrize(
        "data",
        [b"", b"no picture", b"\xff\xd8\xff\xc0\0\x11\x08" + b"\xff" * 40],
        ids=["nothing", "text", "header"],
    )
    def test_what_cannot_be_decoded_stays_as_it_is(self, data: bytes) -> None:
        """A damaged thumbnail does not end a page."""
        jpeg = encode_jpeg(NOISE, 75)
        some = Thumbnails({0: data} | dict.fromkeys(range(1, 100), jpeg), {}, {})
        assert fit_thumbnails(some, 2_000_000).picks[0] == data
