"""A command is run, and what goes wrong is said in a line."""

import argparse
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper

from ..display import to_line
from ..errors import (
    DocumentWarning,
    HelperWarning,
    ImageLoadingWarning,
    InvalidParameterError,
    LabelWarning,
    LockWarning,
    ShortfallWarning,
    SmartDownsampleError,
    StoreWarning,
)
from ..opencv_limit import OPENCV_LIMIT_VARIABLE, find_expected
from ..options import choose_opencv_limit
from .base_parser import FAILED, complain
from .output_folders import check_folders
from .parser import COMMANDS

# What variables of the environment must be for joblib and matplotlib, which read them as Python
# reads numbers. Names and values are regular expressions.
_VARIABLES = {
    r"LOKY_MAX_CPU_COUNT|JOBLIB_MULTIPROCESSING": (r"[+-]?[0-9]{1,18}", "a whole number"),
    r"JOBLIB_START_METHOD": (r"(fork|forkserver|spawn)?", "'fork', 'forkserver' or 'spawn'"),
    r"SOURCE_DATE_EPOCH": (r"[0-9]{0,11}", "a number of seconds since 1970"),
}
# Warnings that are about what the user gave, and not about a program.
_OWN_WARNINGS = (
    DocumentWarning,
    HelperWarning,
    ImageLoadingWarning,
    LabelWarning,
    LockWarning,
    ShortfallWarning,
    StoreWarning,
)
# Seconds between lines of progress where nobody watches, such as in a file.
_CALM_PROGRESS_S = "10"


def run_command(options: argparse.Namespace) -> int:
    """Run the command of a command line, say what went wrong, and return the exit code.

    A `BrokenPipeError`, when nobody reads the output any more, is left to the caller.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # No name of a file and no encoding of a terminal ends a run.
            stream.reconfigure(errors="backslashreplace")
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_MININTERVAL", _CALM_PROGRESS_S)
    if "max_pixels" in options and "cv2" not in sys.modules:
        # Where OpenCV is loaded already, this is the process of somebody else.
        os.environ[OPENCV_LIMIT_VARIABLE] = choose_opencv_limit(options.max_pixels)
    try:
        if "max_pixels" in options:
            _check_environment()
        check_folders(options)
        from ..items import listing_once

        with _plain_warnings(), listing_once():
            return int(COMMANDS[options.command].run(options))
    except BrokenPipeError:
        raise
    except SmartDownsampleError as error:
        complain(f"error: {error}")
    except OSError as error:
        where = "" if error.filename is None else f": {os.fspath(error.filename)!r}"
        complain(f"error: {error.strerror or error}{where}. Mend this, then run the command again.")
    return FAILED


def _check_environment() -> None:
    """Raise InvalidParameterError for a variable that would end a library in an error of its own.

    Not all are read at once: some only when hours of decoding are done.
    """
    for name, value in os.environ.items():
        expected = find_expected(name, value)
        for names, (values, what) in _VARIABLES.items():
            if re.fullmatch(names, name) and not re.fullmatch(values, value.strip()):
                expected = what
        if expected:
            msg = (
                f"The environment variable {name} must be {expected}. "
                f"Got {value!r} instead. Correct or unset it."
            )
            raise InvalidParameterError(msg)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show warnings of this package as a line each, and each once."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: object = None,
        line: str | None = None,
    ) -> None:
        del file
        if issubclass(category, _OWN_WARNINGS):
            complain(f"warning: {message}")
        else:
            shown = warnings.formatwarning(message, category, filename, lineno, line)
            sys.stderr.write("\n".join(map(to_line, shown.split("\n"))))

    with warnings.catch_warnings():
        for category in _OWN_WARNINGS:
            warnings.simplefilter("once", category)
        warnings.showwarning = show
        yield
