"""Patterns of paths with the meaning that they have in a ``.gitignore``.

Other tools for files, such as ripgrep and fd, read patterns in the same way. Here they choose among
paths; no folder is listed.

References
----------
https://git-scm.com/docs/gitignore#_pattern_format, and git's ``wildmatch.c`` for what it leaves
open.
"""

import os
import re
from collections.abc import Sequence

import numpy as np

from ..errors import InvalidParameterError
from ..records import BoolArray

# A character class of POSIX, and its characters in ASCII for a class of `re`.
_POSIX_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t-\r ",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_POSIX_CLASS = re.compile(r"\[:(\w+):\]")
_NOTHING = "(?!)"


def match_patterns(patterns: Sequence[str], paths: Sequence[str], base: str) -> BoolArray:
    r"""Tell which patterns match which paths, shape (number of patterns, number of paths).

    A pattern without a slash matches a name at any depth. One with a slash, other than at its end,
    counts from the folder `base` or from the working folder; one that begins with a slash, from the
    root of the disk as well. What matches a folder matches all below it, and what ends in a slash
    folders only. ``*`` and ``?`` match no slash, ``**`` any number of folders; a backslash takes
    the meaning of a character away. Case matters.

    Raises `InvalidParameterError` for a pattern that begins with ``!``.
    """
    expressions = list(map(_translate, patterns))
    folders = list(dict.fromkeys(map(_end, (base, os.curdir))))
    has_absolute = any(pattern.startswith("/") for pattern in patterns)
    spelt = [_spell(path, folders, has_absolute) for path in paths]
    return np.array(
        [
            [any(map(expression.fullmatch, spellings)) for spellings in spelt]
            for expression in expressions
        ],
        dtype=np.bool_,
    ).reshape(len(patterns), len(paths))


def _spell(path: str, folders: Sequence[str], has_absolute: bool) -> list[str]:  # noqa: FBT001 - one call
    """Spell a path as patterns may have it: below each of the folders.

    One that lies elsewhere is spelt from the root of the disk on, and so is every one on request.
    """
    absolute = os.path.abspath(path)
    spelt = [absolute[len(folder) :] for folder in folders if absolute.startswith(folder)]
    if has_absolute or not spelt:
        spelt.append(os.path.splitdrive(absolute)[1][1:])
    return spelt if os.sep == "/" else [each.replace(os.sep, "/") for each in spelt]


def _end(folder: str) -> str:
    """Return the absolute path of a folder, with a separator at its end."""
    return os.path.join(os.path.abspath(folder), "")


def _translate(pattern: str) -> re.Pattern[str]:
    """Make the regular expression that fits the whole path of each file that a pattern matches."""
    if pattern.startswith("!"):
        msg = (
            f"A pattern must not begin with '!', as nothing that is left out can be taken back. "
            f"Got {pattern!r}. For a name that begins so, put a backslash before it."
        )
        raise InvalidParameterError(msg)
    below = "/.*" if pattern.endswith("/") else "(?:/.*)?"
    body = pattern.removesuffix("/")
    is_anchored = "/" in body
    body = body.removeprefix("./").removeprefix("/")
    above = "" if is_anchored else "(?:.*/)?"
    return re.compile(f"{above}{_translate_body(body) or _NOTHING}{below}", re.DOTALL)


def _translate_body(body: str) -> str:
    """Translate a pattern without the slashes at its ends."""
    parts = []
    place = 0
    while place < len(body):
        character = body[place]
        if character == "*":
            part, place = _translate_stars(body, place)
        elif character == "[":
            part, place = _translate_class(body, place + 1)
        else:
            place += character == "\\"
            part = "[^/]" if character == "?" else re.escape(body[place : place + 1]) or _NOTHING
            place += 1
        parts.append(part)
    return "".join(parts)


def _translate_stars(body: str, place: int) -> tuple[str, int]:
    """Translate a run of stars, and return the place behind it."""
    end = place + len(body[place:]) - len(body[place:].lstrip("*"))
    begins = place == 0 or body[place - 1] == "/"
    if end - place == 1 or not begins or body[end : end + 1] not in {"", "/"}:
        return "[^/]*", end
    return (".*", end) if end == len(body) else ("(?:.*/)?", end + 1)


def _translate_class(body: str, place: int) -> tuple[str, int]:
    """Translate a class of characters from behind its bracket, and return the place behind it.

    A class that does not end, or is none, matches nothing.
    """
    is_negated = body[place : place + 1] in {"!", "^"}
    place += is_negated
    first = place
    members = []
    while place < len(body) and (body[place] != "]" or place == first):
        posix = _POSIX_CLASS.match(body, place)
        if posix is not None:
            members.append(_POSIX_CLASSES.get(posix[1], ""))
            place = posix.end()
            continue
        low, place = _take_member(body, place)
        members.append(re.escape(low))
        if body[place : place + 1] == "-" and body[place + 1 : place + 2] not in {"", "]"}:
            high, place = _take_member(body, place + 1)
            if low <= high:
                members.append(f"{re.escape(low)}-{re.escape(high)}")
    if place >= len(body):
        return _NOTHING, len(body)
    listed = "".join(members)
    if is_negated:
        return f"[^/{listed}]", place + 1
    return f"(?!/)[{listed}]" if listed else _NOTHING, place + 1


def _take_member(body: str, place: int) -> tuple[str, int]:
    """Take a character of a class, perhaps behind a backslash, and the place behind it."""
    place += body[place] == "\\"
    return body[place : place + 1], place + 1
