"""What the values of options may be: from text to what the library takes."""

import argparse
import re
from collections.abc import Callable

GROUPING_FORMS = "parent, regex:PATTERN or column:NAME"


def read_amount(text: str) -> int | float:
    """Read a count, as int, or a share in percent, as float from 0 to 1.

    Parameters
    ----------
    text : str
        Such as ``1000`` or ``10%``.

    Returns
    -------
    int or float
        The amount.

    Raises
    ------
    argparse.ArgumentTypeError
        When it is something else.
    """
    try:
        if text.endswith("%"):
            share = float(text[:-1]) / 100
            if 0 <= share <= 1:
                return share
        elif int(text) >= 0:
            return int(text)
    except ValueError:
        pass
    msg = f"must be a count such as 1000, or a share such as 10%. Got {text!r} instead"
    raise argparse.ArgumentTypeError(msg)


def integer(at_least: int, at_most: int | None = None) -> Callable[[str], int]:
    """Make a reader of integers within bounds.

    Parameters
    ----------
    at_least : int
        Smallest value allowed.
    at_most : int, optional
        Largest value allowed.

    Returns
    -------
    callable
        As argparse takes it.
    """
    bounds = f"of at least {at_least}" if at_most is None else f"from {at_least} to {at_most}"

    def read_integer(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = at_least - 1
        if value < at_least or (at_most is not None and value > at_most):
            msg = f"must be an integer {bounds}. Got {text!r} instead"
            raise argparse.ArgumentTypeError(msg)
        return value

    return read_integer


def number(at_most: float) -> Callable[[str], float]:
    """Make a reader of numbers from 0 on.

    Parameters
    ----------
    at_most : float
        Largest value allowed.

    Returns
    -------
    callable
        As argparse takes it.
    """

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
    """Read what makes a group.

    Parameters
    ----------
    text : str
        One of `GROUPING_FORMS`.

    Returns
    -------
    str
        The same.

    Raises
    ------
    argparse.ArgumentTypeError
        When it is something else.
    """
    rule, _, rest = text.partition(":")
    if text != "parent" and not (rule in {"regex", "column"} and rest):
        msg = f"must be {GROUPING_FORMS}. Got {text!r} instead"
        raise argparse.ArgumentTypeError(msg)
    if rule == "regex":
        try:
            re.compile(rest)
        except re.error as error:
            msg = f"has a pattern that is no regular expression ({error}): {rest!r}"
            raise argparse.ArgumentTypeError(msg) from error
    return text


def file_called(*extensions: str) -> Callable[[str], str]:
    """Make a reader of names of files that are to be written.

    Parameters
    ----------
    *extensions : str
        Those that can be written.

    Returns
    -------
    callable
        As argparse takes it.
    """

    def read_name(text: str) -> str:
        if not text.lower().endswith(extensions):
            msg = f"must be a file that ends in {', '.join(extensions)}. Got {text!r} instead"
            raise argparse.ArgumentTypeError(msg)
        return text

    return read_name
