"""Outputs to folders that are missing, and places that begin at the user's home."""

import os
from pathlib import Path

import pytest

from pictures import write_collection
from smartdownsample.cli import main

OUTPUTS = (
    "sample photos -n 3 -o PLACE.csv",
    "sample photos -n 3 --manifest PLACE.json",
    "sample photos -n 3 --report PLACE.html",
    "sample photos -n 3 --copy-to PLACE",
    "sample photos -n 3 --link-to PLACE/",
    "sample photos -n 3 --thumbnails PLACE.png",
    "rank photos -o PLACE.txt",
    "report photos -n 3 PLACE.html",
    "cache export PLACE.parquet photos --root photos",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with photos."""
    write_collection(tmp_path / "photos", 6)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("line", OUTPUTS)
def test_a_missing_folder_is_made_on_request_alone(
    line: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A wrong letter is told before anything is read."""
    command = line.replace("PLACE", "new/deep/place").split()
    assert main([*command, "-q"]) == 1
    told = capfd.readouterr().err
    assert told.startswith("smartdownsample: error: 'new/deep/place")
    assert "there is no folder 'new/deep'. " in told
    assert "--parents" in told
    assert sorted(path.name for path in folder.iterdir()) == ["photos"]
    assert main([*command, "-q", "--parents"]) == 0
    assert any(path.name.startswith("place") for path in (folder / "new" / "deep").iterdir())


@pytest.mark.parametrize("line", OUTPUTS)
def test_a_folder_that_is_there_needs_no_request(line: str, folder: Path) -> None:
    """Nor does the folder that is to be filled."""
    assert main([*line.replace("PLACE", "place").split(), "-q"]) == 0
    assert any(path.name.startswith("place") for path in folder.iterdir())


@pytest.mark.parametrize("option", ["--copy-to", "--link-to"])
@pytest.mark.parametrize("place", ["file", "file/below", "closed", "closed/new"])
def test_a_folder_that_cannot_be_filled_is_refused_before_anything_is_read(
    option: str, place: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A file stands there, or it may not be written to; reading can take hours."""
    (folder / "file").touch()
    (folder / "closed").mkdir(mode=0o555)
    if os.access(folder / "closed", os.W_OK) and place.startswith("closed"):
        pytest.skip("root may write everything")
    cache = folder / "cache"
    command = ["sample", "photos", "-n", "3", "-q", option, place, "--cache-dir", str(cache)]
    assert main([*command, "--parents"]) == 1
    told = capfd.readouterr().err
    assert f"'{place}' cannot be filled: '{folder.resolve() / Path(place).parts[0]}' " in told
    assert not cache.exists()


def test_a_link_is_followed_to_its_folder(folder: Path) -> None:
    """The file that it leads to is written."""
    (folder / "there").mkdir()
    (folder / "picked.csv").symlink_to("there/picked.csv")
    (folder / "lost.csv").symlink_to("gone/picked.csv")
    assert main(["sample", "photos", "-n", "3", "-q", "-o", "picked.csv"]) == 0
    assert (folder / "there" / "picked.csv").exists()
    assert main(["sample", "photos", "-n", "3", "-q", "-o", "lost.csv"]) == 1


def test_places_begin_at_home(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also where a shell leaves the tilde: in quotes and behind an equals sign."""
    monkeypatch.setenv("HOME", str(folder))
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert main(["sample", "~/photos", "-n", "3", "-q", "--output=~/picked.txt"]) == 0
    assert main(["sample", "~/photos", "-n", "3", "-q", "--keep", "~/picked.txt"]) == 0
    picked = (folder / "picked.txt").read_text().splitlines()
    assert not set(picked) & set(capfd.readouterr().out.splitlines())
    assert list(elsewhere.iterdir()) == []
    (elsewhere / "~").mkdir()
    assert main(["sample", "~/photos", "-n", "1", "-q", "--copy-to", "~"]) == 0
    assert any((elsewhere / "~").iterdir())
