"""Tests of smartdownsample.opencv_limit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pictures import write_picture
from smartdownsample.opencv_limit import (
    OPENCV_LIMIT_VARIABLE,
    drop_unreadable_variables,
    is_readable,
    read_opencv_limits,
)

NAMES = [f"OPENCV_IO_MAX_IMAGE_{what}" for what in ("PIXELS", "WIDTH", "HEIGHT")]

READABLE = ["100000", "007", "10MB", "1Mb", "1mb", "900KB", "900Kb", "900kb", "9" * 19]
UNREADABLE = [
    "",
    "many",
    "-5",
    "+5",
    " 5",
    "5 ",
    "1e6",
    "0x10",
    "5.5",
    "1 MB",
    "1MiB",
    "MB",
    "9" * 20,
]


@pytest.mark.parametrize("value", [*READABLE, *UNREADABLE])
def test_values_are_read_as_opencv_reads_them(value: str) -> None:
    """It ends the process in which it cannot."""
    assert is_readable(value) == (value in READABLE)
    done = subprocess.run(
        [sys.executable, "-c", "import cv2"],
        env={**os.environ, OPENCV_LIMIT_VARIABLE: value},
        capture_output=True,
        check=False,
    )
    # Versions differ in what they accept; none may end where the value is readable.
    assert done.returncode == 0 or value in UNREADABLE


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [None, *READABLE, *UNREADABLE, "\u0663"])
def test_what_would_end_the_process_is_dropped(
    value: str | None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is the user's own."""
    monkeypatch.delenv(name, raising=False)
    if value is not None:
        monkeypatch.setenv(name, value)
    drop_unreadable_variables()
    assert os.environ.get(name) == (value if value in READABLE else None)


@pytest.mark.parametrize(
    "name", ["OPENCV_TRACE", "OPENCV_DUMP_ERRORS", "OPENCV_BUFFER_AREA_ALWAYS_SAFE"]
)
@pytest.mark.parametrize("value", ["abc", "", " 1", "2"])
def test_flags_that_opencv_cannot_read_count_as_not_set(name: str, value: str) -> None:
    """They would end the process."""
    code = "import smartdownsample, cv2; cv2.setNumThreads(1)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, name: value},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("value", "limit"), [("900kb", 900 * 1024), ("1Mb", 2**20), ("007", 7), ("x", 2**20)]
)
def test_limits_are_read_with_their_units(
    value: str, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or are OpenCV's own."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENCV_IO_MAX_IMAGE_HEIGHT", value)
    assert read_opencv_limits() == (2**30, 2**20, limit)


READ_TWICE = """
import sys
from smartdownsample import ImageIndex
print([f.cause.name for f in ImageIndex.build([sys.argv[1]], cache_dir=sys.argv[2]).failures])
"""


@pytest.mark.parametrize("name", NAMES)
def test_what_is_beyond_a_limit_is_not_remembered(name: str, tmp_path: Path) -> None:
    """The environment of another run may allow it."""
    path = write_picture(tmp_path / "a.png", 1)
    for limit, causes in (("20", ["TOO_LARGE"]), ("100000", [])):
        done = subprocess.run(
            [sys.executable, "-c", READ_TWICE, str(path), str(tmp_path / "store")],
            env={**os.environ, name: limit},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"{causes}\n"
