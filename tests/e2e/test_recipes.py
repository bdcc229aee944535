"""What pages tell people to type does what they say."""

import os
from pathlib import Path

import pytest

from page_readers import Reader, is_as_stated, list_fences
from pictures import DATA_SAMPLES, REPOSITORY

_PAGES = ("docs/quickstart.md", "docs/recipes.md", "docs/detections.md", "docs/lockfile.md")
# What is not typed, and what no reader can follow.
_LANGUAGES = {"sh", "python", "text"}


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Put a reader into a folder that holds the sample pictures."""
    os.symlink(DATA_SAMPLES, tmp_path / "data_samples")
    monkeypatch.chdir(tmp_path)
    return Reader(tmp_path)


def test_the_readme_does_what_it_says(reader: Reader, tmp_path: Path) -> None:
    """Its counts are those that the text names, its files are there."""
    inspected, copied, reported, first, *_ = reader.follow("README.md")
    assert "How many to select: " in inspected
    assert "Placed 40 images in demo/picks" in copied
    assert len(list(tmp_path.glob("demo/picks/*/*/*.*"))) == 40
    assert "40 of 258" in reported
    assert "Kept      40 (15.5%)" in first
    names = {path.name for path in tmp_path.glob("demo/*.*")}
    assert names == {"report.html", "subset.json"}


@pytest.mark.parametrize("page", _PAGES)
def test_the_page_does_what_it_says(reader: Reader, page: str) -> None:
    """Every line of it runs, and prints what it is said to print."""
    printed = reader.follow(page)
    assert len(printed) > 5


@pytest.mark.parametrize("page", ["README.md", *_PAGES])
def test_there_is_no_line_that_is_not_run(page: str) -> None:
    """No block has a language that the tests pass over."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    assert "\n$ " not in text, "a line with a prompt cannot be copied"
    fences = list_fences(page)
    assert text.count("\n```") == 2 * len(fences)
    assert {language for language, _ in fences} <= _LANGUAGES


@pytest.mark.parametrize(
    ("stated", "printed", "is_right"),
    [
        ("", "anything\n", True),
        ("40 images\n", "40 images\n", True),
        ("40 images\n", "41 images\n", False),
        ("40 images\n", "", False),
        ("40 images\n", "40 images\nmore\n", False),
        ("40 images\n...\n", "40 images\nmore\n", True),
        ("in 1.5 s, 7 a second; 5 known\n", "in 22.0 s, 1,234 a second; 5 known\n", True),
        ("in 1.5 s, 7 a second; 5 known\n", "in 1.5 s, 7 a second; 6 known\n", False),
        ("~/.cache/features-4/a: 9 files\n", "/somewhere/else/features-4/a: 9 files\n", True),
    ],
)
def test_stated_output_is_compared(stated: str, printed: str, *, is_right: bool) -> None:
    """So that the tests above mean something."""
    assert is_as_stated(stated, printed) == is_right
