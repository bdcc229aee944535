"""Tests of smartdownsample.gathering.progress_bar."""

import os
import subprocess
import sys

import pytest

from smartdownsample.gathering.progress_bar import count_progress


def test_a_bar_counts_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """With what is done and how many images there are."""
    with count_progress(7, "Comparing", is_shown=True) as count:
        count(3)
        count(4)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Comparing" in shown.err
    assert "7/7" in shown.err


def test_what_is_not_wanted_or_soon_over_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is counted."""
    for is_shown, patience_s in ((False, 0), (True, 3600)):
        with count_progress(7, "Comparing", is_shown=is_shown, patience_s=patience_s) as count:
            count(7)
    assert capsys.readouterr().err.strip() == ""


def test_a_bar_that_cannot_be_drawn_is_refused_where_files_are_compared() -> None:
    """As where they are decoded: its defaults come from the environment of the process."""
    program = (
        "from smartdownsample.locks.content_hashes import hash_files\n"
        "print(list(hash_files([], show_progress=False)))\n"
        "list(hash_files([], show_progress=True))\n"
    )
    environment = {**os.environ, "TQDM_MININTERVAL": "abc"}
    line = [sys.executable, "-c", program]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n"
    assert "InvalidParameterError: The progress bar cannot be drawn with" in done.stderr
    assert "TQDM_MININTERVAL='abc'" in done.stderr
