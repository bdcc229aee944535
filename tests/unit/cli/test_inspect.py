"""Tests of what ``smartdownsample inspect`` says of each folder."""

import json
import ntpath
import os
from pathlib import Path

import pytest

from pictures import encode_jpeg, make_exif, make_pixels
from smartdownsample.cli import inspect as inspect_command
from smartdownsample.cli import main

DATE_TIME_ORIGINAL = 0x9003
COLUMNS = ("failed", "truncated", "blurred", "dark", "flat", "overexposed", "no time")


def write_photos(folder: str, times: list[str]) -> None:
    """Write a photo of each time into a folder; of no time where that is empty."""
    Path(folder).mkdir(parents=True)
    for number, time in enumerate(times):
        exif = make_exif({}, {DATE_TIME_ORIGINAL: time.encode() + b"\0"}) if time else b""
        Path(folder, f"{number}.jpg").write_bytes(encode_jpeg(make_pixels(number), exif))


@pytest.fixture
def season(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a working folder with a camera that is well and one whose files are all broken."""
    monkeypatch.chdir(tmp_path)
    write_photos("season/CAM1", [f"2024:05:0{day} 12:00:00" for day in (1, 2, 3)])
    Path("season/CAM2").mkdir()
    for number in range(2):
        Path(f"season/CAM2/{number}.jpg").write_text("no image")
    return tmp_path


def inspect(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Run the command on the season and return what it prints."""
    assert main(["inspect", "season", "-q", *options]) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("season")
def test_a_camera_that_failed_altogether_has_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """With its failures, which the row of all sums up; what does not occur has no column."""
    out = inspect(capsys)
    rows = {line.split()[-1]: line.split() for line in out.split("\n\n")[1].splitlines()}
    assert " folder below season\n" in out
    place = rows["season"].index("failed")
    assert [rows[name][place] for name in ("CAM1", "CAM2", "all")] == ["0", "2", "2"]
    assert rows["CAM2"][0] == "0"
    assert not [word for word in COLUMNS[1:] if f" {word} " in out]


@pytest.mark.usefixtures("season")
def test_programs_get_each_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """Path and cause, in natural order."""
    assert json.loads(inspect(capsys, "--json"))["failed"] == [
        {"path": f"season/CAM2/{number}.jpg", "cause": "Not an image but text"}
        for number in range(2)
    ]


@pytest.mark.usefixtures("season")
def test_what_is_wrong_is_told_by_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """Photos cut short, dark ones and those without a time, for people and for programs."""
    write_photos("season/CAM3", ["", ""])
    whole = encode_jpeg(make_pixels(7, 1024, 768))
    Path("season/CAM3/cut.jpg").write_bytes(whole[: len(whole) * 3 // 4])
    dark = make_pixels(1) * 0
    Path("season/CAM3/dark.jpg").write_bytes(encode_jpeg(dark))
    heading = inspect(capsys).split("\n\n")[1].splitlines()[0]
    assert [word for word in COLUMNS if f" {word} " in heading] == [
        *("failed", "truncated", "dark", "no time"),
    ]
    figures = json.loads(inspect(capsys, "--json"))["cameras"]["season/CAM3"]
    assert (figures["n_truncated"], figures["quality"]["dark"]) == (1, 1)
    assert (figures["n_images"], figures["n_captured"], figures["n_failed"]) == (4, 0, 0)


@pytest.mark.usefixtures("season")
def test_clocks_that_are_wrong_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Those in the future, before 2000, and those that stand still; no others."""
    write_photos("season/CAM7", ["1980:01:01 00:00:00", "2024:05:01 12:00:00"])
    write_photos("season/CAM8", ["2999:01:01 00:00:00"])
    write_photos("season/CAM9", ["2024:01:01 00:00:00"] * 10)
    lines = [line for line in inspect(capsys).splitlines() if line.startswith("Clock")]
    assert lines == [
        "Clock of season/CAM7: 1 photo before 2000, from 1980-01-01",
        "Clock of season/CAM8: 1 photo in the future, until 2999-01-01",
        "Clock of season/CAM9: 10 of 10 photos at 2024-01-01 00:00:00",
    ]


def test_folders_on_two_drives_have_none_in_common(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows; they are named in full then."""
    monkeypatch.setattr(os, "path", ntpath)
    assert inspect_command.find_common(["C:\\site\\A", "D:\\site\\A"]) == ""
    assert inspect_command.find_common(["C:\\site\\A", "site\\A"]) == ""
    assert inspect_command.find_common(["C:\\site\\A", "C:\\site\\B"]) == "C:\\site"
