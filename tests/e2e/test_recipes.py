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
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pictures import DATA_SAMPLES, REPOSITORY

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
# A command goes on below a backslash.
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", flags=re.MULTILINE)
# Bars that were drawn over one another end in a carriage return.
_PROGRESS = re.compile(r"^\r.*\r?\n|.*\r", flags=re.MULTILINE)
_PAGES = ("docs/quickstart.md", "docs/recipes.md", "docs/detections.md", "docs/lockfile.md")
# What is not typed, and what no reader can follow.
_LANGUAGES = {"console", "python", "text"}


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
        step
        for (language, body), (next_language, next_body) in pairwise(fences)
        for step in _split_block(language, body, next_body if next_language == "text" else "")
    ]


def _split_block(language: str, body: str, text_below: str) -> Iterator[Step]:
    """Split a block of lines for a shell into commands; leave others as they are."""
    if language == "python":
        yield Step(language, body, text_below)
    elif language == "console":
        assert body.startswith("$ "), f"a block of lines for a shell starts with '$ ': {body}"
        for command, stated in _COMMAND.findall(body):
            yield Step(language, command, stated)


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
        printed = self._call(step.text) if step.language == "console" else self._execute(step.text)
        assert is_as_stated(step.stated, printed), (
            f"{step.text}\nprints\n{printed}\nand not\n{step.stated}"
        )
        return printed

    def _call(self, command: str) -> str:
        """Run a line in a shell; it may not fail."""
        done = subprocess.run(
            ["bash", "-c", command],  # noqa: S607 - the reader's own shell
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
    return not stated or doctest.OutputChecker().check_output(stated, printed, doctest.ELLIPSIS)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Put a reader into a folder that holds the sample pictures."""
    os.symlink(DATA_SAMPLES, tmp_path / "data_samples")
    monkeypatch.chdir(tmp_path)
    return Reader(tmp_path)


def test_the_readme_does_what_it_says(reader: Reader, tmp_path: Path) -> None:
    """Its counts are those that the text names, its files are there."""
    inspected, copied, ranked, reported, _, first, _, repeated, options = reader.follow("README.md")
    assert "How many to select: " in inspected
    assert "Placed 40 images in demo/picks" in copied
    assert len(list(tmp_path.glob("demo/picks/*/*/*.*"))) == 40
    assert len(ranked.splitlines()) == 20
    assert "40 of 258" in reported
    assert first.endswith("40 images, and 10 others without decoding anything\n")
    names = {path.name for path in tmp_path.glob("demo/*.*")}
    assert names == {"report.html", "subset.json", "thumbnails.png", "distribution.png"}
    assert [int(line.split()[0]) for line in repeated.splitlines()] == [10, 20, 40]
    assert options == "30 21 20 True\n"


@pytest.mark.parametrize("page", _PAGES)
def test_the_page_does_what_it_says(reader: Reader, page: str) -> None:
    """Every line of it runs, and prints what it is said to print."""
    printed = reader.follow(page)
    assert len(printed) > 5


@pytest.mark.parametrize("page", ["README.md", *_PAGES])
def test_there_is_no_line_that_is_not_run(page: str) -> None:
    """No block has a language that the tests pass over."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
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
        ("from ... buckets\n", "from 20 buckets\n", True),
    ],
)
def test_stated_output_is_compared(stated: str, printed: str, *, is_right: bool) -> None:
    """So that the tests above mean something."""
    assert is_as_stated(stated, printed) == is_right
