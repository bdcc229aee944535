"""What calls of release 1.9 of the published package get here; CHANGELOG.md names what differs."""

import os
from pathlib import Path
from typing import Any

import pytest

from pictures import write_collection
from smartdownsample import ImageLoadingWarning, OutputError, sample_diverse


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """Paths of ten small images."""
    return write_collection(tmp_path / "photos", 10)


def call(image_paths: Any, target_count: int, **options: Any) -> list[Any]:
    """Call as people of 1.9 do, by keywords."""
    return sample_diverse(
        image_paths=image_paths, target_count=target_count, show_progress=False, **options
    )


@pytest.mark.parametrize("target_count", [0, 1, 5, 10, 20])
def test_the_count_is_exact(paths: list[str], target_count: int) -> None:
    """Of str, from str or Path, as far as there are images."""
    for given in (paths, list(map(Path, paths))):
        selected = call(given, target_count)
        assert len(selected) == min(target_count, 10)
        assert set(selected) <= set(paths)


def test_indices_are_of_the_list(paths: list[str]) -> None:
    """Of int, those of the paths that are returned otherwise."""
    given = [*paths[5:], "/missing/a.jpg", *paths[:5]]
    with pytest.warns(ImageLoadingWarning):
        places = call(given, 5, return_indices=True, image_loading_errors="skip")
    assert all(type(place) is int for place in places)
    with pytest.warns(ImageLoadingWarning):
        assert [given[place] for place in places] == call(given, 5, image_loading_errors="skip")
    assert call(paths, 20, return_indices=True) == list(range(10))
    assert call(paths, 0, return_indices=True) == []


def test_what_cannot_be_loaded_is_warned_of_and_made_up_for(
    paths: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """By a warning, and in the summary; nothing that can be loaded is an empty list."""
    missing = ["/missing/1.jpg", "/missing/2.jpg", "3.jpg"]
    with pytest.warns(ImageLoadingWarning, match=r"^3 images could not be loaded.*not found"):
        assert len(call(paths + missing, 8)) == 8
    assert "3 could not be loaded: File not found (3)" in capsys.readouterr().out
    with pytest.warns(ImageLoadingWarning, match=r"^3 images could"):
        assert call(missing, 2) == []
    assert call([], 5) == []


@pytest.mark.parametrize("kind", ["missing", "forbidden", "text"])
def test_errors_are_raised_on_request(paths: list[str], kind: str) -> None:
    """With the types and the advice of 1.9."""
    bad = Path(paths[0]).with_name("bad.jpg")
    if kind != "missing":
        bad.write_text("no image")
    if kind == "forbidden":
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            pytest.skip("root may read every file")
        bad.chmod(0o000)
    error = FileNotFoundError if kind == "missing" else OSError
    with pytest.raises(error, match="Use image_loading_errors='skip'"):
        call([*paths, str(bad)], 5, image_loading_errors="raise")
    with pytest.raises(ValueError, match="'image_loading_errors' parameter must be"):
        call(paths, 5, image_loading_errors="ignore")


def test_a_figure_needs_a_name_of_its_own(paths: list[str], tmp_path: Path) -> None:
    """With an extension, and not that of somebody else's file."""
    (tmp_path / "mine.png").write_text("existing content")
    with pytest.raises(OutputError, match=r"mine\.png"):
        call(paths, 5, save_distribution=str(tmp_path / "mine.png"))
    for name in ("chart.jpg", "chart"):
        with pytest.raises(ValueError, match="must end in \\.png"):
            call(paths, 5, save_distribution=str(tmp_path / name))


def test_showing_is_told_from_saving(paths: list[str]) -> None:
    """Which 1.8 and 1.9 have in the same places."""
    for value in (True, False):
        for name in ("distribution", "thumbnails"):
            with pytest.raises(ValueError, match="must be a file path string or None, not a bool"):
                call(paths, 5, **{f"save_{name}": value})
    with pytest.raises(ValueError, match=r"To save a file give save_distribution='chart\.png'"):
        sample_diverse(paths, 5, 8, 4, False, 42, False, "chart.png")  # type: ignore[call-overload]
