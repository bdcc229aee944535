"""Paths as the report page shows them: without the folders above those of the images.

A page goes by mail and into papers; where its images lie on somebody's disk is of no use there.
"""

import ntpath
import os
import re
from collections.abc import Callable, Iterable
from functools import partial
from itertools import takewhile
from typing import NamedTuple, TypeAlias

from ..checks import is_url
from ..records import Picks

# The root of an absolute path, and the names of the folders below it.
_Parts: TypeAlias = tuple[str, ...]
# Lists from Windows are read on other systems too.
_WINDOWS_ROOT = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_ENDS = ("/", "\\")
_SLASHES = re.compile(r"[\\/]" if os.name == "nt" else "/")


class _Base(NamedTuple):
    """A folder that folders have in common, and how many of its parts are not shown."""

    parts: _Parts
    n_hidden: int


class ShownPaths(NamedTuple):
    """How paths and groups are called on the page.

    Attributes
    ----------
    images : list of str, length n
        Of the images of the table.
    failures : list of str
        Of those that could not be loaded.
    groups : list of str, length g
        Names of the groups, which may be folders.
    shorten : callable
        Shows any other path in the same way.
    """

    images: list[str]
    failures: list[str]
    groups: list[str]
    shorten: Callable[[str], str]

    @property
    def common_folder(self) -> str:
        """The folder that all images have in common, as it is shown; empty where there is none."""
        folders = {os.path.dirname(path) for path in self.images} or {""}
        first, last = (tuple(folder.split("/")) for folder in (min(folders), max(folders)))
        return "/".join(_find_common(first, last))


def show_paths(selection: Picks, *, absolute_paths: bool) -> ShownPaths:
    """Decide how paths are shown.

    Absolute paths, and those with ``..``, begin with the name of the folder that all of them have
    in common; those of different drives, or of different folders of the root, with the name of
    their own, or with more folders where two would have one name. Relative paths are shown as the
    caller gave them. With `absolute_paths` all are
    absolute, and groups are called as they are.
    """
    images, failures = selection.table.paths, [failure.path for failure in selection.failures]
    groups = [] if selection.labels is None else list(selection.labels.names)
    images_split, failures_split = list(map(_split, images)), list(map(_split, failures))
    folders = {folder for folder, _ in (*images_split, *failures_split)}
    if absolute_paths:
        shown = {folder: _make_absolute(folder) for folder in folders}
        shorten: Callable[[str], str] = str
    else:
        shorten = partial(_shorten, bases=_find_bases(folders))
        shown = {folder: _end(shorten(folder)) for folder in folders}
        groups = [*map(shorten, groups)]
    return ShownPaths(
        [shown[folder] + name for folder, name in images_split],
        [shown[folder] + name for folder, name in failures_split],
        groups,
        shorten,
    )


def _split(path: str) -> tuple[str, str]:
    """Split a path into its folder, with the slash behind it, and the name of its file."""
    name = (ntpath if _WINDOWS_ROOT.match(path) else os.path).basename(path)
    return path[: len(path) - len(name)], name


def _make_absolute(folder: str) -> str:
    is_whole = _WINDOWS_ROOT.match(folder) or is_url(folder)
    return folder if is_whole else os.path.join(os.path.abspath(folder), "")


def _end(folder: str) -> str:
    """Let a folder end in a slash, unless it is none or does so."""
    return f"{folder}/" if folder and not folder.endswith(_ENDS) else folder


def _find_bases(folders: Iterable[str]) -> dict[_Parts, _Base]:
    """Find what the folders of a drive, or of a folder of the root, have in common."""
    below: dict[_Parts, list[_Parts]] = {}
    for parts in map(_list_parts, folders):
        if parts is not None:
            below.setdefault(parts[:2], []).append(parts)
    bases = {top: _find_common(min(some), max(some)) for top, some in below.items()}
    return _tell_apart(bases)


def _tell_apart(bases: dict[_Parts, _Parts]) -> dict[_Parts, _Base]:
    """Choose how many folders above each base are hidden: all, unless two had one name then."""
    hidden = {top: max(len(base) - 1, 1) for top, base in bases.items()}
    while True:
        names: dict[_Parts, list[_Parts]] = {}
        for top, base in bases.items():
            names.setdefault(base[hidden[top] :], []).append(top)
        same = [top for tops in names.values() if len(tops) > 1 for top in tops if hidden[top] > 1]
        if not same:
            return {top: _Base(base, hidden[top]) for top, base in bases.items()}
        for top in same:
            hidden[top] -= 1


def _find_common(first: _Parts, last: _Parts) -> _Parts:
    """Find what the first and the last of sorted folders, and so all of them, begin with."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return tuple(part for part, _ in pairs)


def _shorten(folder: str, bases: dict[_Parts, _Base]) -> str:
    """Let a folder begin with the name of its base; one that is above has its own name only."""
    parts = _list_parts(folder)
    if parts is None:
        return folder
    base = bases.get(parts[:2])
    is_below = base is not None and parts[: len(base.parts)] == base.parts
    n_hidden = base.n_hidden if base is not None and is_below else len(parts) - 1
    return "/".join(parts[max(n_hidden, 1) :])


def _list_parts(folder: str) -> _Parts | None:
    """List the parts of an absolute folder, or of one that climbs; None where it is neither."""
    if _WINDOWS_ROOT.match(folder):
        drive, rest = ntpath.splitdrive(ntpath.normpath(folder))
    elif os.path.isabs(folder) or os.pardir in _SLASHES.split(folder):
        drive, rest = os.path.splitdrive(os.path.abspath(folder))
    else:
        return None
    return (drive + os.sep, *filter(None, re.split(r"[\\/]" if drive else "/", rest)))
