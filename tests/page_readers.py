"""People who follow pages of the documentation: what these tell them to type does what they say.

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

from pictures import REPOSITORY

# What is typed.
_TYPED = {"sh", "python"}
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
# What depends on the machine: how long it took, how large files are, and where the store lies.
_VARYING = re.compile(r"[\d,.]+(?= s\b| a second| bytes)|\S+(?=/features-\d)")
# Bars that were drawn over one another end in a carriage return.
_PROGRESS = re.compile(r"^\r.*\r?\n|.*\r", flags=re.MULTILINE)


def list_fences(page: str) -> list[tuple[str, str]]:
    """List the blocks of a page: language and text."""
    return _FENCE.findall((REPOSITORY / page).read_text(encoding="utf-8"))


class Step(NamedTuple):
    """Something to type: its language, the text, and what is said to be printed, if anything."""

    language: str
    text: str
    stated: str


def read_steps(page: str) -> list[Step]:
    """List what a page tells people to type, in order."""
    fences = [*list_fences(page), ("", "")]
    return [
        Step(language, body, next_body if next_language == "text" else "")
        for (language, body), (next_language, next_body) in pairwise(fences)
        if language in _TYPED
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
        printed = self.call(step.text) if step.language == "sh" else self._execute(step.text)
        assert is_as_stated(step.stated, printed), (
            f"{step.text}\nprints\n{printed}\nand not\n{step.stated}"
        )
        return printed

    def call(self, command: str) -> str:
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
