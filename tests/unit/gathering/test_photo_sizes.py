"""Tests of smartdownsample.gathering.photo_sizes."""

from pathlib import Path

import pytest

from small_surveys import HEIGHT, WIDTH, write_jpeg
from smartdownsample import Cause
from smartdownsample.gathering import measure_photo


@pytest.mark.parametrize("orientation", [None, 1, 2, 3, 4])
def test_a_photo_is_as_large_as_its_picture(tmp_path: Path, orientation: int | None) -> None:
    """Also one that is mirrored or upside down."""
    path = write_jpeg(tmp_path / "a.jpg", 1, orientation)
    assert measure_photo(str(path)) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_sides_change_with_a_quarter_turn(tmp_path: Path, orientation: int) -> None:
    """The size is that of the upright picture."""
    path = write_jpeg(tmp_path / "a.jpg", 1, orientation)
    assert measure_photo(str(path)) == (HEIGHT, WIDTH)


def test_why_there_is_no_size_is_told(tmp_path: Path) -> None:
    """By the cause that decoding gives."""
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("notes")
    causes = {name: measure_photo(str(tmp_path / name)) for name in ("no", "empty.jpg", "text.jpg")}
    assert causes == {"no": Cause.MISSING, "empty.jpg": Cause.EMPTY, "text.jpg": Cause.TEXT}


def test_paths_count_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As everywhere."""
    write_jpeg(tmp_path / "a.jpg", 1)
    monkeypatch.chdir(tmp_path)
    assert measure_photo("a.jpg") == (WIDTH, HEIGHT)
