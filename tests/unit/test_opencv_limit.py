"""Tests of smartdownsample.opencv_limit."""

import os
import subprocess
import sys

import pytest

from smartdownsample.opencv_limit import (
    OPENCV_LIMIT_VARIABLE,
    drop_unreadable_limit,
    is_readable,
)

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


@pytest.mark.parametrize("value", [None, *READABLE, *UNREADABLE, "\u0663"])
def test_what_would_end_the_process_is_dropped(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is the user's own."""
    monkeypatch.delenv(OPENCV_LIMIT_VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(OPENCV_LIMIT_VARIABLE, value)
    drop_unreadable_limit()
    assert os.environ.get(OPENCV_LIMIT_VARIABLE) == (value if value in READABLE else None)
