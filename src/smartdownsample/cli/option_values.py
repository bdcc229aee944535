"""What the values of options may be: readers for argparse, which say what was expected."""

import argparse
import re
from collections.abc import Callable
from contextlib import suppress

from ..checks import LARGEST_INTEGER
from ..display import suggest
from ..options import read_share

_FACTS = ("species", "category", "location", "deployment", "sequence", "camera")
GROUPING_FORMS = f"parent, {', '.join(_FACTS)}, regex:PATTERN or column:NAME"


def read_amount(text: str) -> int | float:
    """Read a count, as int, or a share in percent, as float from 0 to 1."""
    share = read_share(text)
    if share is not None:
        return share
    with suppress(ValueError):
        if 0 <= int(text) <= LARGEST_INTEGER:
            return int(text)
    msg = (
        f"must be a count such as 1000, or a share such as 10%, at most 100%. Got {text!r} instead"
    )
    raise argparse.ArgumentTypeError(msg)


def integer_from(at_least: int, at_most: float = LARGEST_INTEGER) -> Callable[[str], int]:
    """Make a reader of integers within bounds."""

    def read_integer(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = at_least - 1
        if not at_least <= value <= at_most:
            has_end = value > at_most or at_most < LARGEST_INTEGER
            bounds = f"from {at_least} to {at_most}" if has_end else f"of at least {at_least}"
            msg = f"must be an integer {bounds}. Got {text!r} instead"
            raise argparse.ArgumentTypeError(msg)
        return value

    return read_integer


def number_to(at_most: float) -> Callable[[str], float]:
    """Make a reader of numbers from 0 on."""

    def read_number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= at_most:
            msg = f"must be a number from 0 to {at_most:g}. Got {text!r} instead"
            raise argparse.ArgumentTypeError(msg)
        return value

    return read_number


def read_grouping(text: str) -> str:
    """Check what makes a group, and return it."""
    rule, _, rest = text.partition(":")
    if text not in {"parent", *_FACTS} and not (rule in {"regex", "column"} and rest):
        meant = suggest(text, ["parent", *_FACTS])
        msg = f"must be {GROUPING_FORMS}. Got {text!r} instead{'.' * bool(meant)}{meant}"
        raise argparse.ArgumentTypeError(msg)
    if rule == "regex":
        try:
            re.compile(rest)
        except re.error as error:
            msg = f"has a pattern that is no regular expression ({error}): {rest!r}"
            raise argparse.ArgumentTypeError(msg) from error
    return text


def file_called(*extensions: str) -> Callable[[str], str]:
    """Make a reader of names of files to write, which must end in one of the extensions."""

    def read_name(text: str) -> str:
        if not text.lower().endswith(extensions):
            msg = f"must be a file that ends in {', '.join(extensions)}. Got {text!r} instead"
            raise argparse.ArgumentTypeError(msg)
        return text

    return read_name
