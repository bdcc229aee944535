"""The words on image quality that the page tells."""

from pathlib import Path

import pytest

from report_pages import save
from smartdownsample import ImageIndex
from spoilt_pictures import write_spoilt


@pytest.fixture
def index(tmp_path: Path) -> ImageIndex:
    """Describe three photos of each kind."""
    write_spoilt(tmp_path / "photos")
    return ImageIndex.build(tmp_path / "photos", cache=False)


def test_each_text_has_a_line_and_each_image_its_text(index: ImageIndex, tmp_path: Path) -> None:
    """Counts are of all images and of those kept."""
    selection = index.sample(6)
    page = save(tmp_path / "page.html", selection)
    items = page.items
    told = index.sample(21).to_arrow()["quality"].to_pylist()
    assert [items["words"][number] for number in items["word"]] == [
        "Nothing wrong" if word == "ok" else word.capitalize() for word in told
    ]
    assert "Image quality" in page.texts
    assert "Any quality" in page.texts
    assert {*items["words"]} <= {*page.texts}


def test_the_page_says_what_was_left_out(index: ImageIndex, tmp_path: Path) -> None:
    """Beside what else decided about the selection."""
    texts = save(tmp_path / "page.html", index.sample(6, skip_flat=True)).texts
    assert texts[texts.index("Left out as flat") + 1] == "9"
    assert any("The 9 flat images were left out, as asked." in text for text in texts)
    assert "Left out as flat" not in save(tmp_path / "page.html", index.sample(6)).texts


def test_what_earlier_versions_kept_is_unknown(index: ImageIndex, tmp_path: Path) -> None:
    """The page says so of each image, and of how many that may be flat."""
    index.table.rows["sharpness"] = 0
    page = save(tmp_path / "page.html", index.sample(6, skip_flat=True))
    assert page.items["words"] == ["Unknown", "Dark", "Overexposed"]
    assert "21 more may be, which earlier versions kept" in page.texts


def test_where_nothing_is_wrong_nothing_is_said(tmp_path: Path) -> None:
    """No section, no filter and no line in the details."""
    good = [str(path) for path, word in write_spoilt(tmp_path / "photos").items() if not word]
    page = save(tmp_path / "page.html", ImageIndex.build(good, cache=False).sample(2))
    assert page.items["words"] == page.items["word"] == []
    assert "Image quality" not in page.texts
    assert "Any quality" not in page.texts
