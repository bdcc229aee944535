"""Texts for people, in a form that cannot steer the terminal that shows them."""

import sys
from collections.abc import Iterable

# Names of files may hold these: the control characters of ASCII and Latin-1, those that begin a
# line, and those that turn the direction of writing (Unicode Standard Annex 9), marks included.
CONTROLS = (
    *range(0x20),
    *range(0x7F, 0xA0),
    *(0x061C, 0x200E, 0x200F),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
)
# How much of two words is the same, at least, that one may be the other mistyped.
_LEAST_ALIKE = 0.7
_ESCAPES = {code: repr(chr(code))[1:-1] for code in CONTROLS}


def to_line(text: str) -> str:
    r"""Return a text as one line to be shown: control characters are escaped as in Python.

    A line feed becomes ``\n``, an escape character ``\x1b``. A line stays as it is.
    """
    return text.translate(_ESCAPES)


def suggest(word: str, known: Iterable[str]) -> str:
    """Ask whether the closest of some known words was meant, see `find_closest`; or say nothing.

    The text has a space before it, to follow a sentence.
    """
    found = find_closest(word, known)
    return f" Did you mean {found!r}?" if found else ""


def find_closest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that was probably mistyped; None where none is close."""
    # Only errors need it.
    from difflib import get_close_matches

    spelt = {each.lower(): each for each in known}
    found = get_close_matches(word.lower(), spelt, n=1, cutoff=_LEAST_ALIKE)
    return spelt[found[0]] if found else None


def count_noun(n: int, noun: str) -> str:
    """Say how many there are of something, such as "1 image", "1,000 images", "0 boxes".

    Parameters
    ----------
    n : int
        Number of things.
    noun : str
        One of them, such as "near-duplicate"; its last word is made plural.
    """
    return f"{n:,} {noun if n == 1 else pluralize(noun)}"


def pluralize(noun: str) -> str:
    """Make a regular English noun plural, such as "crops", "boxes", "entries"."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def format_html(heading: str, rows: Iterable[tuple[str, str]]) -> str:
    """Make a fragment that notebooks show: a heading, and a table of names and texts."""
    from html import escape

    lines = [
        f"<tr><td style='text-align:left'>{escape(name)}</td>"
        f"<td style='text-align:left'>{escape(to_line(text))}</td></tr>"
        for name, text in rows
    ]
    return f"<div><div><b>{escape(to_line(heading))}</b></div><table>{''.join(lines)}</table></div>"


def is_notebook() -> bool:
    """Tell whether this is a kernel that shows what it makes in a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def is_watched() -> bool:
    """Tell whether somebody watches what is drawn on standard error: a terminal or a notebook."""
    # Programs without a console have no standard error, and others put an object of theirs there.
    is_terminal = getattr(sys.stderr, "isatty", None)
    return is_notebook() or (is_terminal is not None and is_terminal())
