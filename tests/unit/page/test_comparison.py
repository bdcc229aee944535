"""Two selections compared: what the page knows of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feature_tables import make_table, scenes_of
from smartdownsample import ImageIndex, InvalidParameterError
from smartdownsample.page.comparison import (
    compare_selections,
    find_comparison,
    list_comparison,
)


@pytest.fixture
def index() -> ImageIndex:
    """Twenty scenes of five images that look alike, of which no two look alike."""
    return ImageIndex(make_table(100))


def test_the_page_knows_which_selections_have_and_cover_each_image(index: ImageIndex) -> None:
    """As bits: 1 for the first, 2 for the second."""
    first, second = np.array([0, 5, 10]), np.array([0, 6, 50])
    picks = compare_selections(index.collection, [first, second], ("a", "b"))
    assert picks.rows.tolist() == [0, 5, 6, 10, 50]
    columns = list_comparison(find_comparison(picks))
    has = np.zeros(100, dtype=np.int64)
    has[[0, 5, 10]] += 1
    has[[0, 6, 50]] += 2
    assert columns["selectedBy"] == has.tolist()
    of_scene = {0: 3, 1: 3, 2: 1, 10: 2}
    scenes = scenes_of(np.arange(100)).tolist()
    assert columns["coveredBy"] == [of_scene.get(scene, 0) for scene in scenes]


def test_a_comparison_is_told_in_lines(index: ImageIndex) -> None:
    """Counts, and the share of the collection that looks like one of each."""
    rows = [np.array([0, 5, 10]), np.array([0, 50])]
    picks = compare_selections(index.collection, rows, ("a", "b"), scope="100 images")
    assert picks.describe() == [
        "Compared in 100 images",
        "  in both: 1",
        "  a: 3 images, 2 in it alone; 15% of the collection look like one of them",
        "  b: 2 images, 1 in it alone; 10% of the collection look like one of them",
    ]


def test_what_is_new_is_compared_with_what_was_there_before(index: ImageIndex) -> None:
    """The second selection is the first and what was added to it."""
    earlier = index.sample(4)
    selection = index.sample(3, keep=earlier)
    comparison = find_comparison(selection)
    assert comparison is not None
    assert comparison.is_growth
    before, now = (np.flatnonzero(marks).tolist() for marks in comparison.is_selected)
    assert before == earlier.rows.tolist()
    assert now == sorted([*earlier.rows.tolist(), *selection.rows.tolist()])
    assert find_comparison(earlier) is None


def test_nothing_is_compared_with_images_of_another_collection(index: ImageIndex) -> None:
    """The error names the parameter that the caller gave."""
    with pytest.raises(InvalidParameterError, match="'against' parameter must name images"):
        index.sample(3).save_report("page.html", against=["elsewhere.jpg"])


def test_both_sides_have_the_names_that_the_caller_gives(index: ImageIndex, tmp_path: Path) -> None:
    """Such as their seeds: the other one's name comes first."""
    selection, other = index.sample(3), index.sample(3, random_seed=1)
    names = ("seed <1>", "seed 42")
    selection.save_report(tmp_path / "page.html", against=other, names=names)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "seed &lt;1&gt;" in page
    assert "seed <1>" not in page
    assert "seed 42" in page
    assert "the other one" not in page


@pytest.mark.parametrize("names", ["ab", ("one",), ("one", 2), ("one", "")])
def test_other_names_than_two_texts_are_refused(
    names: Any, index: ImageIndex, tmp_path: Path
) -> None:
    """Before anything is written."""
    with pytest.raises(InvalidParameterError, match="'names' parameter must be two names"):
        index.sample(3).save_report(tmp_path / "page.html", against=index.sample(2), names=names)
    assert not [*tmp_path.glob("*.html")]


def test_another_selection_can_be_gone_through_more_than_once(index: ImageIndex) -> None:
    """A generator, of which nothing would be left for the second time, and a text are refused."""
    for other in (iter(index.sample(3)), "page.html"):
        with pytest.raises(InvalidParameterError, match="'against' parameter must be a list"):
            index.sample(3).save_report("page.html", against=other)  # type: ignore[arg-type] # that is the question
