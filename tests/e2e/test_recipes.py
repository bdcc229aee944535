"""What pages tell people to type does what they say.

Each page is followed from its first line to its last, in a folder that holds the sample pictures as
a clone does. Output that a page states is compared; ``...`` in it stands for anything.
"""

import contextlib
import doctest
import io
import os
import re
import subprocess
import sysconfig
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pictures import DATA_SAMPLES, REPOSITORY

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
# What depends on the machine: how long it took, how large files are, and where the store lies.
_VARYING = re.compile(r"[\d,.]+(?= s\b| a second| bytes)|\S+(?=/features-\d)")
# Bars that were drawn over one another end in a carriage return.
_PROGRESS = re.compile(r"^\r.*\r?\n|.*\r", flags=re.MULTILINE)
_PAGES = ("docs/quickstart.md", "docs/recipes.md", "docs/detections.md", "docs/lockfile.md")
# What is not typed, and what no reader can follow.
_LANGUAGES = {"sh", "python", "text"}


class Step(NamedTuple):
    """Something to type: its language, the text, and what is said to be printed, if anything."""

    language: str
    text: str
    stated: str


def read_steps(page: str) -> list[Step]:
    """List what a page tells people to type, in order."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    fences = [*_FENCE.findall(text), ("", "")]
    return [
        Step(language, body, next_body if next_language == "text" else "")
        for (language, body), (next_language, next_body) in pairwise(fences)
        if language != "text"
    ]


class Reader:
    """Somebody who follows a page: with one shell, and one session of Python."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.session: dict[str, Any] = {"__name__": "__main__"}
        scripts = sysconfig.get_path("scripts")
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
            "PYTHONWARNINGS": "error",
        }

    def follow(self, page: str) -> list[str]:
        """Do all steps of a page, and return what was printed at each."""
        return [self._take(step) for step in read_steps(page)]

    def _take(self, step: Step) -> str:
        """Do a step."""
        printed = self._call(step.text) if step.language == "sh" else self._execute(step.text)
        assert is_as_stated(step.stated, printed), (
            f"{step.text}\nprints\n{printed}\nand not\n{step.stated}"
        )
        return printed

    def _call(self, command: str) -> str:
        """Run lines in a shell; none may fail."""
        done = subprocess.run(
            ["bash", "-e", "-c", command],  # noqa: S607 - the reader's own shell
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        printed = _PROGRESS.sub("", done.stdout.decode())
        assert done.returncode == 0, f"{command}\nfails:\n{printed}"
        return printed

    def _execute(self, code: str) -> str:
        """Run lines of Python, after all those before them."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "<page>", "exec"), self.session)  # noqa: S102 - of our own pages
        return printed.getvalue()


def is_as_stated(stated: str, printed: str) -> bool:
    """Tell whether something was printed as it was said to be; nothing said is always right."""
    if not stated:
        return True
    stated, printed = (_VARYING.sub("N", text) for text in (stated, printed))
    return doctest.OutputChecker().check_output(stated, printed, doctest.ELLIPSIS)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Put a reader into a folder that holds the sample pictures."""
    os.symlink(DATA_SAMPLES, tmp_path / "data_samples")
    monkeypatch.chdir(tmp_path)
    return Reader(tmp_path)


def test_the_readme_does_what_it_says(reader: Reader, tmp_path: Path) -> None:
    """Its counts are those that the text names, its files are there."""
    inspected, copied, reported, first, *_ = reader.follow("README.md")
    assert "How many to select: " in inspected
    assert "Placed 40 images in demo/picks" in copied
    assert len(list(tmp_path.glob("demo/picks/*/*/*.*"))) == 40
    assert "40 of 258" in reported
    assert "Kept      40 (15.5%)" in first
    names = {path.name for path in tmp_path.glob("demo/*.*")}
    assert names == {"report.html", "subset.json"}


@pytest.mark.parametrize("page", _PAGES)
def test_the_page_does_what_it_says(reader: Reader, page: str) -> None:
    """Every line of it runs, and prints what it is said to print."""
    printed = reader.follow(page)
    assert len(printed) > 5


@pytest.mark.parametrize("page", ["README.md", *_PAGES])
def test_there_is_no_line_that_is_not_run(page: str) -> None:
    """No block has a language that the tests pass over."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    assert "\n$ " not in text, "a line with a prompt cannot be copied"
    assert text.count("\n```") == 2 * len(_FENCE.findall(text))
    assert {language for language, _ in _FENCE.findall(text)} <= _LANGUAGES


@pytest.mark.parametrize(
    ("stated", "printed", "is_right"),
    [
        ("", "anything\n", True),
        ("40 images\n", "40 images\n", True),
        ("40 images\n", "41 images\n", False),
        ("40 images\n", "", False),
        ("40 images\n", "40 images\nmore\n", False),
        ("40 images\n...\n", "40 images\nmore\n", True),
        ("in 1.5 s, 7 a second; 5 known\n", "in 22.0 s, 1,234 a second; 5 known\n", True),
        ("in 1.5 s, 7 a second; 5 known\n", "in 1.5 s, 7 a second; 6 known\n", False),
        ("~/.cache/features-4/a: 9 files\n", "/somewhere/else/features-4/a: 9 files\n", True),
    ],
)
def test_stated_output_is_compared(stated: str, printed: str, *, is_right: bool) -> None:
    """So that the tests above mean something."""
    assert is_as_stated(stated, printed) == is_right
