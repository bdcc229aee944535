"""Tests of the summary, the chart, the thumbnail grids, and of saving and showing drawings."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import get_args

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from feature_tables import make_table
from pictures import write_collection, write_picture
from smartdownsample import (
    ImageIndex,
    ImageLoadingWarning,
    InvalidParameterError,
    MissingExtraError,
    Selection,
    ShortfallWarning,
    report,
)
from smartdownsample.features.spec import make_spec
from smartdownsample.options import Spread
from smartdownsample.records import Collection
from smartdownsample.report.distribution_chart import KEPT_COLOUR
from smartdownsample.results import inspect_collection
from smartdownsample.sampling import N_CODES, name_buckets
from smartdownsample.sampling.layout import lay_out_by
from whole_photos import photo_table


@pytest.fixture
def selection(index: ImageIndex) -> Selection:
    """Fifteen of the sixty images."""
    return index.sample(15)


def make_selection(n_buckets: int, paths: list[str]) -> Selection:
    """Make a selection whose items are spread over many buckets."""
    spec = make_spec(8, "fast")
    n = len(paths)
    table = photo_table(spec, paths, np.zeros(n, spec.row_dtype))
    codes = np.sort(np.arange(n) % n_buckets).astype(np.uint8)
    collection = Collection(table, codes, lay_out_by(table.rows, "ordered"))
    return Selection(collection, np.arange(0, n, 3), n // 3, 1)


class TestSummary:
    """The summary says what went in and what came out; on request, how each bucket fared."""

    def test_it_has_six_lines(self) -> None:
        """Images, kept ones, cameras, light, times, and what could not be loaded."""
        table = make_table(60)
        table.rows["lab_layout"].reshape(60, 16, 3)[:20, :, 1:] = 128
        selection = ImageIndex(table).sample(15)
        n_night = int((selection.rows < 20).sum())
        assert 0 < n_night < 15
        assert report.format_summary(selection).splitlines() == [
            "Images    60, all known from earlier runs",
            "Kept      15 (25.0%), spread over 12 events by capture time",
            "Folders   3, all with kept images",
            f"Light     40 in colour ({15 - n_night} kept), 20 infrared ({n_night} kept)",
            "Taken     2024-01-01 00:00 to 2024-01-01 11:00",
            "Failures  none",
        ]

    def test_every_bucket_has_a_line_with_its_counts(self, selection: Selection) -> None:
        """Largest first, with a name in words."""
        lines = report.format_summary(selection, is_verbose=True).splitlines()
        table = lines[-len(selection.buckets) :]
        names = name_buckets(selection.table.rows, selection.codes)
        for line, bucket in zip(table, selection.buckets, strict=True):
            assert line.strip().startswith(f"{names[bucket.code]}  ")
            size, kept, share = line.split()[-3:]
            assert (int(size), int(kept)) == (bucket.size, bucket.n_kept)
            assert share == f"{bucket.n_kept / bucket.size:.1%}"

    def test_the_order_that_picks_are_spread_along_is_told(self) -> None:
        """Times, names or looks; that which was taken."""
        table = make_table(60)
        index = ImageIndex(table)
        lines = [
            report.format_summary(index.sample(5, spread=spread)).splitlines()[1]
            for spread in get_args(Spread)
        ]
        assert lines == [
            "Kept      5 (8.3%), spread over 12 events by capture time",
            "Kept      5 (8.3%), spread over the natural order of names",
            "Kept      5 (8.3%), spread by looks",
        ]

    def test_every_group_has_a_line_with_its_counts(self) -> None:
        """The end of a long name says most; of many groups the first are listed."""
        index = ImageIndex(make_table(60))
        long = "far/" * 20 + "near"
        labels = [f"{long}_{i % 40}" for i in range(60)]
        selection = index.sample(45, groups=labels)
        lines = report.format_summary(selection, is_verbose=True).splitlines()
        assert lines[-1] == "  and 10 more groups"
        assert lines[-31].split() == [f"…{long[-51:]}_0", "2", "2", "100.0%"]
        assert max(map(len, lines)) == 83

    def test_no_name_begins_a_line_or_steers_a_terminal(self) -> None:
        """Control characters of groups are escaped."""
        labels = ["ok\x1b[2J\nall is well"] * 20 + ["cam"] * 10
        selection = ImageIndex(make_table(30)).sample(5, groups=labels)
        text = report.format_summary(selection, is_verbose=True)
        assert "\x1b" not in text
        assert r"  ok\x1b[2J\nall is well " in text

    def test_a_short_selection_says_why(self) -> None:
        """All images, or all that limits leave."""
        index = ImageIndex(make_table(30))
        text = report.format_summary(index.sample(99, keep=index.paths[:4]))
        assert "asked for 99: every readable image is selected" in text
        assert "; kept apart from 4 selected before" in text
        with pytest.warns(ShortfallWarning):
            text = report.format_summary(index.sample(99, max_per_sequence=1))
        assert "asked for 99: groups, sequences and earlier selections leave no more" in text

    def test_what_was_decoded_and_what_was_known(self, tmp_path: Path) -> None:
        """Cold, partly known, warm."""
        paths = write_collection(tmp_path, 5)
        texts = [
            report.format_summary(ImageIndex.build(some).sample(2))
            for some in (paths[:3], paths, paths)
        ]
        assert [text.splitlines()[0] for text in texts] == [
            "Images    3, all read now",
            "Images    5, 2 files read now, 3 known from earlier runs",
            "Images    5, all known from earlier runs",
        ]

    def test_shortfall_failures_and_repetitions_are_told(self, tmp_path: Path) -> None:
        """Nothing is lost and nothing is silent."""
        good = str(write_picture(tmp_path / "a.jpg", 1))
        (tmp_path / "b.jpg").touch()
        given = [good, good, str(tmp_path / "b.jpg"), str(tmp_path / "c.jpg")]
        with pytest.warns(ImageLoadingWarning):
            text = report.format_summary(ImageIndex.build(given).sample(5))
        assert "asked for 5: every readable image is selected" in text
        assert text.startswith("Images    1, all read now, 1 named again\n")
        assert "\nFailures  2 could not be loaded: " in text
        assert "File is empty (1)" in text
        assert "File not found (1)" in text

    def test_folders_are_counted_as_an_inspection_counts_them(self, tmp_path: Path) -> None:
        """Also those of which no image could be loaded; a second one of a camera is none."""
        for place in ("a/100EK113/1.jpg", "a/101EK113/1.jpg", "b/1.jpg"):
            (tmp_path / place).parent.mkdir(parents=True)
            write_picture(tmp_path / place, 1)
        for place in ("b/2.jpg", "c/1.jpg"):
            (tmp_path / place).parent.mkdir(exist_ok=True)
            (tmp_path / place).touch()
        with pytest.warns(ImageLoadingWarning):
            index = ImageIndex.build(tmp_path, cache=False)
        text = report.format_summary(index.sample(1))
        assert "\nFolders   3, 1 with kept images, 1 without a readable one\n" in text
        found = inspect_collection(index.collection, 60)
        assert [
            (Path(name).name, figures.n_images, figures.n_failed)
            for name, figures in found.cameras.items()
        ] == [("a", 2, 0), ("b", 1, 1), ("c", 0, 1)]

    def test_an_empty_collection_has_a_summary(self) -> None:
        """No division by zero."""
        text = report.format_summary(ImageIndex.build([]).sample(5))
        assert text.splitlines() == [
            "Images    0",
            "Kept      0; asked for 5: every readable image is selected",
            "Folders   0, all with kept images",
            "Light     no images",
            "Taken     at unknown times",
            "Failures  none",
        ]


def drawn_texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text)]


class TestChart:
    """The chart shows kept against excluded images of each bucket."""

    def test_bars_and_labels_are_the_counts(self, selection: Selection) -> None:
        """One bar of each kind for each bucket, in the order of the labels."""
        figure = Figure()
        report.draw_distribution(figure, selection)
        axes = figure.axes[0]
        kept, excluded = axes.containers
        assert [bar.get_width() for bar in kept] == [b.n_kept for b in selection.buckets]
        assert [bar.get_width() for bar in excluded] == [
            b.size - b.n_kept for b in selection.buckets
        ]
        labels = [label.get_text() for label in axes.get_yticklabels()]
        assert labels == [*name_buckets(selection.table.rows, selection.codes).values()]
        for bucket in selection.buckets:
            assert f"{bucket.n_kept:,} of {bucket.size:,}" in drawn_texts(figure)

    @pytest.mark.parametrize("n_buckets", [1, 5, N_CODES])
    def test_it_is_legible_for_few_and_for_all_buckets(self, n_buckets: int) -> None:
        """No label overlaps the next or leaves the picture."""
        figure = Figure()
        report.draw_distribution(figure, make_selection(n_buckets, ["x.jpg"] * 3 * n_buckets))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call] # of matplotlib
        renderer = canvas.get_renderer()  # type: ignore[no-untyped-call] # of matplotlib
        boxes = [label.get_window_extent(renderer) for label in figure.axes[0].get_yticklabels()]
        assert len(boxes) == n_buckets
        for upper, lower in pairwise(boxes):
            assert lower.y1 <= upper.y0 + 1
        assert min(box.x0 for box in boxes) >= 0
        assert min(box.height for box in boxes) >= 8

    def test_an_empty_collection_can_be_drawn(self) -> None:
        """An empty chart, not an error."""
        report.draw_distribution(Figure(), ImageIndex.build([]).sample(5))


class TestThumbnails:
    """The grids show the first images of each bucket and mark the kept ones."""

    def panels(self, selection: Selection) -> list[Axes]:
        """Draw the grids and return one panel for each bucket."""
        figure = Figure()
        report.draw_thumbnails(figure, selection)
        return figure.axes

    def test_panels_are_rightly_labelled_largest_first(self, selection: Selection) -> None:
        """The published package labels them in reverse order."""
        names = name_buckets(selection.table.rows, selection.codes)
        for axes, bucket in zip(self.panels(selection), selection.buckets, strict=True):
            title = axes.get_title(loc="left")
            assert title.startswith(names[bucket.code] + "\n")
            assert f"kept {bucket.n_kept} of {bucket.size}" in title

    def test_kept_images_and_no_others_have_a_frame(self, selection: Selection) -> None:
        """Each panel has as many framed pictures as its bucket has kept items."""
        frame = np.array([int(KEPT_COLOUR[i : i + 2], 16) for i in (1, 3, 5)])
        for axes, bucket in zip(self.panels(selection), selection.buckets, strict=True):
            mosaic = np.asarray(axes.images[0].get_array())
            is_frame = (mosaic == frame).all(axis=2)
            # A frame's outer corner has none of its colour above, nor to the left, nor between.
            corners = is_frame[1:, 1:] & ~(
                is_frame[:-1, 1:] | is_frame[1:, :-1] | is_frame[:-1, :-1]
            )
            assert corners.sum() == bucket.n_kept

    def test_a_panel_shows_at_most_a_hundred(self, tmp_path: Path) -> None:
        """The title says so."""
        path = str(write_picture(tmp_path / "a.jpg", 1))
        (axes,) = self.panels(make_selection(1, [path] * 250))
        height, width = np.asarray(axes.images[0].get_array()).shape[:2]
        assert "first 100 shown" in axes.get_title(loc="left")
        (few,) = self.panels(make_selection(1, [path] * 10))
        few_height, few_width = np.asarray(few.images[0].get_array()).shape[:2]
        assert (height, width) == (10 * few_height, few_width)

    def test_images_that_are_gone_are_left_blank(self, tmp_path: Path) -> None:
        """A picture of the others is better than none."""
        paths = write_collection(tmp_path, 6)
        selection = ImageIndex.build(paths).sample(6)
        for path in paths:
            Path(path).unlink()
        for axes in self.panels(selection):
            assert (np.asarray(axes.images[0].get_array()) == 255).all()

    def test_an_empty_collection_can_be_drawn(self) -> None:
        """An empty sheet, not an error."""
        assert self.panels(ImageIndex.build([]).sample(5)) == []


class TestDrawings:
    """Drawings are saved without a window system and shown on request."""

    def test_saving_leaves_pyplot_alone(self, selection: Selection, tmp_path: Path) -> None:
        """No figure stays open and no backend is chosen."""
        before = mpl.get_backend(auto_select=False)
        report.save_figure(report.draw_distribution, selection, tmp_path / "chart.svg")
        assert plt.get_fignums() == []
        assert mpl.get_backend(auto_select=False) == before

    def test_showing_opens_a_figure(
        self, selection: Selection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In the backend that the user has."""
        plt.switch_backend("Agg")
        shown: list[int] = []
        monkeypatch.setattr(plt, "show", lambda: shown.extend(plt.get_fignums()))
        report.show_figure(report.draw_distribution, selection)
        assert len(shown) == 1
        plt.close("all")

    def test_an_unknown_format_is_refused(self, selection: Selection) -> None:
        """The message lists the known ones."""
        with pytest.raises(InvalidParameterError, match=r"png.*'chart\.xyz'"):
            report.save_figure(report.draw_distribution, selection, "chart.xyz")

    def test_without_matplotlib_the_error_names_the_extra(self) -> None:
        """Before any image is decoded."""
        code = (
            "import sys; sys.modules['matplotlib'] = None\n"
            "import smartdownsample as sd\n"
            "try: sd.sample_diverse(['missing.jpg'], 1, save_thumbnails='grid.png')\n"
            "except sd.MissingExtraError as error: print(error)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert "pip install 'smartdownsample[viz]'" in done.stdout


def test_missing_extra_error_is_an_import_error() -> None:
    """Callers that guard optional features catch ImportError."""
    assert issubclass(MissingExtraError, ImportError)
