"""Patterns of paths with the meaning that they have in a ``.gitignore``.

Other tools for files, such as ripgrep and fd, read patterns in the same way. Here they choose among
paths; no folder is listed.

References
----------
https://git-scm.com/docs/gitignore#_pattern_format
"""

import os
import re
import warnings
from collections.abc import Sequence

import numpy as np

from ..errors import InvalidParameterError
from ..object_urls import is_remote, to_url_key
from ..records import BoolArray


def match_patterns(patterns: Sequence[str], paths: Sequence[str], base: str) -> BoolArray:
    """Tell which patterns match which paths, shape (number of patterns, number of paths).

    A pattern without a slash matches a name at any depth. One with a slash, other than at its end,
    counts from the folder `base` or from the working folder; one that begins with a slash, from the
    root of the disk as well. What matches a folder matches all below it, and what ends in a slash
    folders only. ``*`` and ``?`` match no slash, ``**`` any number of folders; a backslash takes
    the meaning of a character away. Case matters.

    Raises `InvalidParameterError` for a pattern that is none, or that begins with ``!``.
    """
    expressions = [_compile(pattern) for pattern in patterns]
    folders = list(dict.fromkeys(map(_end, (base, os.curdir))))
    has_absolute = any(pattern.startswith("/") for pattern in patterns)
    spelt = [_spell(path, folders, has_absolute) for path in paths]
    return np.array(
        [
            [any(map(expression.search, spellings)) for spellings in spelt]
            for expression in expressions
        ],
        dtype=np.bool_,
    ).reshape(len(patterns), len(paths))


def _spell(path: str, folders: Sequence[str], has_absolute: bool) -> list[str]:  # noqa: FBT001 - one call
    """Spell a path as patterns may have it: below each of the folders.

    One that lies elsewhere is spelt from the root of the disk on, and so is every one on request.
    """
    absolute = _find_absolute(path)
    spelt = [absolute[len(folder) :] for folder in folders if absolute.startswith(folder)]
    if has_absolute or not spelt:
        spelt.append(absolute.partition("://")[2] or os.path.splitdrive(absolute)[1][1:])
    return spelt if os.sep == "/" else [each.replace(os.sep, "/") for each in spelt]


def _end(folder: str) -> str:
    """Return the absolute path of a folder, with a separator at its end."""
    return os.path.join(_find_absolute(folder), "")


def _find_absolute(path: str) -> str:
    """Return the absolute path, or the URL as keys spell it."""
    return os.fsdecode(to_url_key(path)) if is_remote(path) else os.path.abspath(path)


def _compile(pattern: str) -> re.Pattern[str]:
    """Make the regular expression that is found in each path that a pattern matches."""
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # most runs have no patterns

    if pattern.startswith("!"):
        msg = (
            f"A pattern must not begin with '!', as nothing that is left out can be taken back. "
            f"Got {pattern!r}. For a name that begins so, put a backslash before it."
        )
        raise InvalidParameterError(msg)
    try:
        with warnings.catch_warnings():
            # Of what Python may read otherwise one day, such as "[[:upper:]]".
            warnings.simplefilter("error", FutureWarning)
            # In a file of patterns "#" begins a comment; here it may begin a name, as #recycle.
            spelt = re.sub(r"^\./", "/", re.sub("^#", r"\\#", pattern))
            found = GitIgnoreSpecPattern(spelt).regex
    except (ValueError, re.error, FutureWarning):
        found = None
    if found is None:
        msg = (
            "A pattern must be a name such as StationB or *.JPG, or a path such as "
            f"StationB/2024*, as in a .gitignore. Got {pattern!r}."
        )
        raise InvalidParameterError(msg)
    expression: re.Pattern[str] = found
    return expression
