"""Where the photos of a document lie: what its relative paths count from, and what moved.

A document was often written on another machine. Which folder its paths count from, whether its
backslashes are separators, and how many leading folders of its paths are missing here is told by
looking for some of the photos.
"""

import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..checks import is_url
from .files import FILES
from .find import has_image_extension
from .locations import to_keys

# Paths that are looked for, spread over the document.
_N_PROBED = 100
# Longer paths lead nowhere (PATH_MAX).
_MOST_LETTERS = 4096
# A drive and what absolute paths begin with, of any system.
_ROOT = re.compile(r"^(?:[A-Za-z]:)?[/\\]*")


class Anchored(NamedTuple):
    """The paths of a document as they can be opened from the working folder.

    Attributes
    ----------
    paths : list of str, length n
        In the order of the document.
    n_dropped : int
        How many leading folders of each path were dropped.
    """

    paths: list[str]
    n_dropped: int


class _Rule(NamedTuple):
    """One way to spell paths here.

    They are put below ``base``, an absolute one without its drive and root, after ``n_dropped``
    leading folders are dropped; the name always stays. An ``n_dropped`` of None leaves absolute
    paths where they are.
    """

    is_converted: bool
    base: str
    n_dropped: int | None

    def spell(self, path: str) -> str:
        """Spell a path of the document as it can be opened."""
        if is_url(path):
            return path
        if self.is_converted:
            path = path.replace("\\", "/")
        if self.n_dropped is not None:
            path = _ROOT.sub("", path)
            *folders, name = path.split("/", self.n_dropped)
            path = name.lstrip("/") if len(folders) == self.n_dropped else os.path.basename(path)
        return os.path.join(self.base, path)

    def count_files(self, paths: Sequence[str]) -> int:
        """Count the paths that lead to something."""
        return sum("\0" not in path and os.path.lexists(self.spell(path)) for path in paths)


def anchor_paths(spelt: Sequence[str], file: str, root: str | None) -> Anchored:
    """Find out where the paths of a document lead.

    With `root` they count from there. The smallest number of leading folders is dropped, the same
    for all, at which most of a hundred paths exist; without any that exists, none is dropped.
    Without `root` they count from the document's folder or the working folder, whichever holds more
    of the hundred; the working folder, if both hold as many. Backslashes are separators where no
    path has a slash and a converted one exists.
    """
    spread = _spread(spelt)
    probed = [path for path in spread if len(path) < _MOST_LETTERS and not is_url(path)]
    rules = list(_list_rules(spelt, probed, file, root))
    # The first of equals.
    counts = [rule.count_files(probed) for rule in rules]
    rule = rules[int(np.argmax(counts))]
    return Anchored([rule.spell(path) for path in spelt], rule.n_dropped or 0)


def _list_rules(
    spelt: Sequence[str], probed: list[str], file: str, root: str | None
) -> Iterator[_Rule]:
    """Yield the ways to spell paths, the likeliest first."""
    for is_converted in (False, True) if _has_backslashes_alone(spelt) else (False,):
        if root is None:
            own = file if os.path.isdir(file) else os.path.dirname(file)  # packages are folders
            yield from (_Rule(is_converted, base, None) for base in ("", own))
            continue
        if any(map(os.path.isabs, probed)):
            yield _Rule(is_converted, root, None)
        separator = "\\" if is_converted else "/"
        most = max((path.count(separator) for path in probed), default=0)
        yield from (_Rule(is_converted, root, n_dropped) for n_dropped in range(most + 1))


def compare_with_disk(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Compare the files that a document names with those that are there.

    Looks into the folder that all of them have in common, and all below it, unless that is no
    folder or the topmost one.

    Returns
    -------
    absent : list of str
        Paths that lead to nothing, each once, in the order of the document.
    unnamed : list of str
        Images in that folder that the document does not name, in alphabetical order.
    """
    local = [path for path in paths if path and not is_url(path)]
    path_of = dict(zip(to_keys(local), local, strict=True))
    if not any(map(_is_there, path_of)):  # the folder is none of theirs, and may be any size
        return list(path_of.values()), []
    # What the first and the last of sorted names have in common, all have.
    folder = os.path.commonpath([os.path.dirname(min(path_of)), os.path.dirname(max(path_of))])
    found: list[str] = []
    if os.path.isdir(folder) and folder != os.path.dirname(folder):
        found = list(filter(has_image_extension, FILES.list(os.fsdecode(folder))))
    there = set(map(os.fsencode, found))
    absent = [path for key, path in path_of.items() if key not in there and not _is_there(key)]
    return absent, sorted(os.fsdecode(key) for key in there - path_of.keys())


def _is_there(key: bytes) -> bool:
    """Tell whether something has a name."""
    return b"\0" not in key and os.path.lexists(key)


def _spread(spelt: Sequence[str]) -> list[str]:
    """Take some of the paths, evenly."""
    places = np.linspace(0, len(spelt) - 1, min(_N_PROBED, len(spelt))).astype(np.int64)
    return [spelt[place] for place in places.tolist()]


def _has_backslashes_alone(spelt: Sequence[str]) -> bool:
    """Tell whether paths have backslashes and none has a slash, on a system that has slashes."""
    if os.sep != "/" or not any("\\" in path for path in spelt):
        return False
    return not any("/" in path for path in spelt if not is_url(path))
