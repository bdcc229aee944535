"""Tests of what selections and collections hand over, and show in notebooks."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from feature_tables import make_table
from smartdownsample import ImageIndex, Selection, report
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


def read_html(shown: ImageIndex | Selection) -> str:
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
