"""Promises that hold for everything the package writes and does."""

import os
from pathlib import Path

import joblib
import pytest
from matplotlib.figure import Figure

from pictures import write_collection
from smartdownsample import ImageIndex, sample_diverse
from smartdownsample.cli import main
from smartdownsample.engines import choose
from smartdownsample.engines.helper_processes import Helpers
from smartdownsample.gathering import forecast_work
from smartdownsample.items import list_items
from smartdownsample.options import ReadingOptions


def list_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Write a few photos."""
    return write_collection(tmp_path / "photos", 12)


def test_without_a_cache_nothing_is_kept(
    photos: list[str], cache_dir: Path, tmp_path: Path
) -> None:
    """Neither features nor the thumbnails of a page, from Python and by the command."""
    selection = ImageIndex.build(photos, cache=False).sample(5)
    selection.save_report(tmp_path / "page.html")
    folder = str(Path(photos[0]).parent)
    page = str(tmp_path / "command.html")
    assert main(["report", folder, "-n", "3", page, "--no-cache", "-q"]) == 0
    assert list_files(cache_dir) == []


def test_what_is_kept_lies_in_the_folder_that_is_named(
    photos: list[str], cache_dir: Path, tmp_path: Path
) -> None:
    """Thumbnails lie beside features; ``cache=False`` keeps those of one page from being kept."""
    own = tmp_path / "own"
    selection = ImageIndex.build(photos, cache_dir=own).sample(5)
    selection.save_report(tmp_path / "page.html", cache=False)
    assert not list(own.glob("thumbnails-*"))
    selection.save_report(tmp_path / "page.html")
    assert [path.name for path in own.glob("thumbnails-*")] == ["thumbnails-2.sqlite"]
    assert list_files(cache_dir) == []


def test_a_figure_that_fails_leaves_what_stood_there(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As all other outputs do."""
    chart = tmp_path / "chart.png"
    sample_diverse(photos, 3, show_summary=False, save_distribution=chart, cache=False)
    before = chart.read_bytes()

    def fail(_: Figure, file: object, **_options: object) -> None:
        if hasattr(file, "write"):
            file.write(b"half")
        else:
            Path(str(file)).write_bytes(b"half")
        raise MemoryError

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(MemoryError):
        sample_diverse(photos, 3, show_summary=False, save_distribution=chart, cache=False)
    assert chart.read_bytes() == before
    assert list_files(tmp_path) == sorted(["chart.png", *map(os.path.basename, photos)])


@pytest.mark.parametrize("option", ["--output", "--manifest", "--report", "--distribution"])
def test_the_command_says_at_once_where_it_cannot_write(
    photos: list[str], capfd: pytest.CaptureFixture[str], option: str
) -> None:
    """Before hours of decoding."""
    extension = {"--output": "csv", "--manifest": "json", "--report": "html"}.get(option, "png")
    target = os.path.join(photos[0], f"below.{extension}")
    assert main(["sample", *photos, "-n", "3", option, target]) == 1
    said = capfd.readouterr().err
    assert "is no folder" in said
    assert "Decoding" not in said


def test_a_forecast_measures_small_files_as_they_will_be_decoded(
    photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the helpers that their sizes ask for."""
    asked: list[int] = []

    def note(n: int, max_pixels: int) -> Helpers:
        asked.append(n)
        return Helpers(0, max_pixels)

    monkeypatch.setattr(choose, "_LEAST_HELPED", 1)
    monkeypatch.setattr(choose, "Helpers", note)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 3)
    forecast_work(list_items(photos), ReadingOptions(cache=False, n_workers=3))
    assert asked == [2]
