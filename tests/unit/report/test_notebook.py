"""Tests of what selections and collections hand over, and show in notebooks."""

import io
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from PIL import Image

from feature_tables import make_table
from small_surveys import detect, write_jpeg, write_results
from smartdownsample import Document, ImageIndex, LockReport, inspect_index, report
from smartdownsample.locks.lock_check import CollectionChanges, PickChanges
from smartdownsample.results import tabulate_selection


class TextCollector(HTMLParser):
    """Collect the text of a fragment, and make sure that every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, _: object) -> None:
        """Remember what is open."""
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data


class Shown(Protocol):
    """What notebooks show."""

    def _repr_html_(self) -> str:
        """Return what they show."""


def read_html(shown: Shown) -> str:
    collector = TextCollector()
    collector.feed(shown._repr_html_())
    assert not collector.open
    return collector.text


def test_a_selection_shows_its_counts() -> None:
    """Each bucket has a line with what it has and gives; those beyond twenty are counted."""
    selection = ImageIndex(make_table(400, burst=1)).sample(40)
    text = read_html(selection)
    assert text.startswith(f"40 of 400 images selected from {len(selection.buckets)} buckets")
    first = selection.buckets[0]
    assert f"{first.n_kept} of {first.size}" in text
    assert text.endswith(f"and {len(selection.buckets) - 20} more buckets")


def test_a_collection_shows_its_counts() -> None:
    """Nothing is selected of it yet, and an empty one has no buckets."""
    assert read_html(ImageIndex(make_table(30))).startswith("30 images from ")
    assert read_html(ImageIndex(make_table(0))) == "0 images from 0 buckets"


def test_a_selection_of_nothing_is_not_shown_as_its_collection() -> None:
    """It says that nothing was selected."""
    text = read_html(ImageIndex(make_table(30)).sample(0))
    assert text.startswith("0 of 30 images selected from ")
    assert "0 of " in text.removeprefix("0 of ")


def test_groups_and_earlier_selections_are_shown() -> None:
    """Each group has a line, the largest first; those beyond twenty are counted."""
    index = ImageIndex(make_table(60))
    labels = ["a <fox>"] * 20 + ["hare"] * 38 + ["owl"] * 2
    text = read_html(index.sample(9, groups=labels, keep=index.paths[:5]))
    assert " and 3 groups, kept apart from 5 selected before" in text
    groups = text[text.index("Groups") :]
    assert groups.index("hare") < groups.index("a <fox>") < groups.index("owl")
    assert "of 38" in groups
    many = read_html(index.sample(60, groups=[number // 2 for number in range(60)]))
    assert many.endswith("and 10 more groups")
    assert "Groups" not in read_html(index.sample(9))


def test_a_ranking_shows_its_counts() -> None:
    """With the word for it."""
    text = read_html(ImageIndex(make_table(60)).rank(12, groups=["a", "b"] * 30))
    assert text.startswith("12 of 60 images ranked from ")
    assert "and 2 groups" in text


def test_an_inspection_shows_its_figures() -> None:
    """Those of all images; in the terminal it is one line."""
    found = inspect_index(ImageIndex(make_table(60)))
    n_folders = len(found.cameras)
    text = read_html(found)
    assert text.startswith(f"60 images in {n_folders} folder")
    assert "Near-duplicates" in text
    assert next(iter(found.sizes)) in text
    assert repr(found).startswith(f"<Inspection of 60 images in {n_folders} folder")


def test_a_coverage_shows_how_many_cover_how_much() -> None:
    """The suggestion first."""
    coverage = ImageIndex(make_table(60)).measure_coverage()
    text = read_html(coverage)
    assert text.lower().startswith(coverage.describe().lower())
    for need in coverage.needed:
        assert need.describe().replace(": ", "", 1) in text


def test_a_split_shows_its_sides_and_what_is_near_between_them() -> None:
    """The nearest pairs first."""
    split = ImageIndex(make_table(60)).sample(30).split()
    text = read_html(split)
    assert text.startswith(f"{len(split.train)} images for training and {len(split.validation)}")
    for pair in split.near_duplicates[:1]:
        assert pair.validation_path in text


def test_a_document_shows_what_was_taken_from_it(tmp_path: Path) -> None:
    """With its format, its file and the first fault."""
    write_jpeg(tmp_path / "1.jpg", 1)
    boxes = [detect(0, 0, 0.5, 0.5), detect(0.25, 0.5, 0.5, 0.25)]
    document = Document.read(write_results(tmp_path / "md.json", {"1.jpg": boxes}))
    text = read_html(document)
    assert text.startswith("2 crops in 1 file")
    assert str(tmp_path / "md.json") in text
    assert "Boxes2 in 1 photo" in text
    assert "Faults" not in text


def test_a_lock_report_shows_what_differs() -> None:
    """With the first path of each kind, however it is spelt."""
    same = LockReport("photos", 3, 3, 0, (), (), ())
    assert read_html(same) == "Nothing differs in photosSelected3 of 3 images are as they were"
    changes = CollectionChanges(9, 8, ("new.jpg",), ("gone.jpg",), 1, ())
    others = (("b.jpg", (0.0, 0.0, 1.0, 1.0)),)
    picks = PickChanges(2, others, others, has_same_features=True)
    report = LockReport("photos", 3, 2, 0, (), (), ("<b>.jpg", "c.jpg"), changes, picks)
    text = read_html(report)
    assert text.startswith("Not all is as it was in photos")
    assert "Missing2, first <b>.jpg" in text
    assert "8 images, 1 new, 2 missing" in text
    assert "2 the same, 1 no more" in text


def test_a_selection_hands_over_its_table() -> None:
    """To Arrow, and from there to pandas."""
    pytest.importorskip("pandas", reason="pandas is not installed")
    selection = ImageIndex(make_table(60)).sample(12)
    assert selection.to_arrow().equals(tabulate_selection(selection))
    frame = selection.to_pandas()
    assert frame["path"].tolist() == selection.paths
    assert frame["captured"].dtype == np.dtype("datetime64[ms]")


def test_a_selection_saves_itself(tmp_path: Path) -> None:
    """The extension decides how."""
    selection = ImageIndex(make_table(60)).sample(12)
    selection.save(tmp_path / "picks.txt")
    assert (tmp_path / "picks.txt").read_text().splitlines() == selection.paths
    selection.save_report(tmp_path / "picks.html")
    page = (tmp_path / "picks.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("plot", "draw"),
    [("plot_distribution", "draw_distribution"), ("plot_thumbnails", "draw_thumbnails")],
)
def test_a_plot_is_a_figure_of_its_own(index: ImageIndex, plot: str, draw: str) -> None:
    """It is the one that is saved otherwise, and no window shows it."""
    plt = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed")
    selection = index.sample(10)
    figure = getattr(selection, plot)()
    assert len(figure.axes) == len(report.make_figure(getattr(report, draw), selection).axes) > 0
    assert plt.get_fignums() == []


def test_large_figures_are_shown_smaller(index: ImageIndex) -> None:
    """Notebooks store what they show; the figure itself keeps its size."""
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    figure = index.sample(10).plot_thumbnails()
    figure.set_size_inches(8, 6)
    assert measure_png(figure) == (800, 600)
    figure.set_size_inches(40, 10)
    assert measure_png(figure) == (1600, 400)
    figure.set_size_inches(10, 160)
    width, height = measure_png(figure)
    assert (width, height) == (500, 8000)
    assert figure.get_size_inches().tolist() == [10, 160]


def measure_png(figure: Any) -> tuple[int, int]:
    """Measure the picture that a notebook shows of a figure."""
    with Image.open(io.BytesIO(figure._repr_png_())) as picture:
        return picture.size
