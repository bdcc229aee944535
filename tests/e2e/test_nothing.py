"""Runs that find nothing to select: they fail, and one sentence says why."""

from pathlib import Path

import pytest

from pictures import write_collection
from small_surveys import detect, write_results
from smartdownsample.cli import main

COMMANDS = (
    "sample SOURCE -n 5",
    "sample SOURCE -n 5 --json -o picked.csv",
    "rank SOURCE",
    "report SOURCE -n 5 page.html",
    "inspect SOURCE",
    "features SOURCE",
)
VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of sources without images."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").write_bytes(VIDEO)
    (tmp_path / "named_wrong").mkdir()
    (tmp_path / "named_wrong" / "a.jpg").write_bytes(VIDEO)
    (tmp_path / "missing.txt").write_text("a.jpg\nb.jpg\n")
    (tmp_path / "empty.txt").touch()
    write_results(tmp_path / "unsure.json", {"a.jpg": [detect(0, 0, 1, 1, conf=0.1)]})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refuse(line: str, capfd: pytest.CaptureFixture[str]) -> str:
    """Run a command that fails, and return the one line that it says."""
    assert main(line.split()) == 1
    out, err = capfd.readouterr()
    assert out == ""
    (told,) = [text for text in err.splitlines() if text and "Decoding" not in text]
    assert told.startswith("smartdownsample: error: ")
    return told


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("empty", "'empty' leads to no images"),
        ("empty.txt", "'empty.txt' names no images."),
        ("videos", "'videos' leads to no images"),
        ("named_wrong", "none of 1 could be loaded. Not an image but a video (1, first"),
        ("missing.txt", "none of 2 could be loaded. File not found (2, first 'a.jpg')"),
        ("unsure.json", "none that --category and --min-confidence allow"),
        ("empty videos", "'empty' leads to no images"),
    ],
)
def test_nothing_to_select_from_is_a_failure(
    command: str, source: str, words: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of every command, with nothing printed or written."""
    assert words in refuse(command.replace("SOURCE", source), capfd)
    assert not {"picked.csv", "page.html"} & {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    "line", ["sample photos -n 3", "rank photos", "report photos -n 3 page.html"]
)
def test_nothing_new_is_a_failure(
    line: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Such as when everything was selected before."""
    write_collection(folder / "photos", 6)
    told = refuse(f"{line} -q --keep photos", capfd)
    assert "Nothing new can be selected of 6 images: 6 were selected before" in told
    assert not (folder / "page.html").exists()


def test_one_empty_source_of_several_is_warned_of(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The others give what is asked for."""
    write_collection(folder / "photos", 6)
    assert main(["sample", "photos", "empty", "-n", "2", "-q"]) == 0
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == 2
    assert err.startswith("smartdownsample: warning: 'empty' leads to no images")


def test_none_asked_for_is_none_and_a_share_is_at_least_one(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """So that a count can come from a program."""
    write_collection(folder / "photos", 6)
    for count, n_picked in (("0", 0), ("0%", 0), ("1%", 1)):
        assert main(["sample", "photos", "-n", count, "-q"]) == 0
        assert len(capfd.readouterr().out.splitlines()) == n_picked
