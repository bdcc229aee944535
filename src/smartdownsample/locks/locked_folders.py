"""The images of a collection, folder by folder, in so few words that a lockfile can hold them.

Cameras number their files, so that a folder is told by runs such as ``IMG_0001`` to ``IMG_0500``.
Where names are irregular, three bytes of a digest of each stand for it: whether an image is new is
still told, but no longer the name of one that is gone.
"""

import base64
import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

# A name, or what comes before, between and behind the numbers of a run of names.
Names: TypeAlias = list[str | tuple[str, str, str]]

_NUMBERED = re.compile(r"(.*?)([0-9]{1,9})([^0-9]*)", re.DOTALL)
_RUN = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
# Of 16 million names two have the same mark.
_MARK_BYTES = 3
# Letters that names may take for each image, as many as marks do, and those that are always there.
_MOST_LETTERS, _FREE_LETTERS = 4, 400
# Missing images that are told by name: a line of a forged file may stand for billions.
MOST_NAMED = 1_000_000


class FolderChanges(NamedTuple):
    """What has become of a folder: new images, those that are gone, and how many have no name."""

    new: list[str]
    missing: list[str]
    n_unnamed: int


@dataclass(frozen=True)
class LockedFolder:
    """The images of one folder, without those of folders in it.

    Attributes
    ----------
    path : str
        Below the root, with slashes; ``.`` for the root itself.
    n_images : int
        How many there are.
    size_bytes : int
        Their sizes together.
    names : list or None
        Their names, and runs of names: what comes before the numbers, the numbers, and what comes
        behind them.
    marks : str or None
        Instead of names, three bytes of the BLAKE2b of each, sorted, in base64.
    """

    path: str
    n_images: int
    size_bytes: int
    names: Names | None = None
    marks: str | None = None

    @classmethod
    def of_images(cls, path: str, names: Sequence[str], size_bytes: int) -> "LockedFolder":
        """Describe a folder by the names of its images, each once."""
        packed = _pack_names(names)
        n_letters = len(json.dumps(packed, ensure_ascii=False))
        if n_letters <= _MOST_LETTERS * len(names) + _FREE_LETTERS:
            return cls(path, len(names), size_bytes, names=packed)
        marks = b"".join(sorted(map(_mark, names)))
        return cls(path, len(names), size_bytes, marks=base64.b64encode(marks).decode())

    def compare(self, present: Collection[str], most_named: int = MOST_NAMED) -> FolderChanges:
        """Compare the folder with the names of the images that are there now.

        Of the missing ones, ``most_named`` are told by name, and the others counted.
        """
        if self.names is None:
            known = self._list_marks()
            marks = {name: _mark(name) for name in present}
            n_gone = len(known) - sum(mark in known for mark in set(marks.values()))
            new = [name for name, mark in marks.items() if mark not in known]
            return FolderChanges(sorted(new), [], n_gone)
        new_names = set(present)
        missing: list[str] = []
        for name in _unpack_names(self.names):
            if name in new_names:
                new_names.remove(name)
            elif len(missing) < most_named:
                missing.append(name)
            else:
                new_names = {name for name in new_names if not _is_among(name, self.names)}
                break
        n_there = len(set(present)) - len(new_names)
        n_unnamed = self.n_images - n_there - len(missing)
        return FolderChanges(sorted(new_names), missing, n_unnamed)

    def check(self) -> None:
        """Raise `ValueError` for what `of_images` does not make."""
        if self.names is not None and self.marks is None:
            n_images = sum(map(_count_names, self.names))
        elif self.marks is not None and self.names is None:
            n_images = len(base64.b64decode(self.marks, validate=True)) // _MARK_BYTES
        else:
            n_images = -1
        if n_images != self.n_images or self.size_bytes < 0:
            msg = f"the folder {self.path!r} does not tell as many images as it has"
            raise ValueError(msg)

    def _list_marks(self) -> set[bytes]:
        marks = base64.b64decode(self.marks or "")
        starts = range(0, len(marks), _MARK_BYTES)
        return {marks[start : start + _MARK_BYTES] for start in starts}


def _mark(name: str) -> bytes:
    return hashlib.blake2b(os.fsencode(name), digest_size=_MARK_BYTES).digest()


def _pack_names(names: Sequence[str]) -> Names:
    """List names, sorted, those with numbers that follow one another as runs."""
    numbers_of: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    plain = []
    for name in names:
        found = _NUMBERED.fullmatch(name)
        if found is None:
            plain.append(name)
        else:
            numbers_of[found[1], found[3], len(found[2])].append(int(found[2]))
    packed: Names = []
    for (before, behind, width), numbers in sorted(numbers_of.items()):
        if len(numbers) == 1:
            plain.append(f"{before}{numbers[0]:0{width}}{behind}")
        else:
            packed.append((before, " ".join(_spell_runs(sorted(numbers), width)), behind))
    return [*packed, *sorted(plain)]


def _spell_runs(numbers: Sequence[int], width: int) -> Iterator[str]:
    """Spell ascending numbers as ``0001-0250`` or ``0252``."""
    first = last = numbers[0]
    for number in [*numbers[1:], -1]:
        if number == last + 1:
            last = number
            continue
        yield f"{first:0{width}}" if first == last else f"{first:0{width}}-{last:0{width}}"
        first = last = number


def _read_runs(text: str) -> Iterator[tuple[range, int]]:
    """Yield the numbers of runs and how many digits they have."""
    for run in text.split(" "):
        found = _RUN.fullmatch(run)
        if found is None or len(found[2] or found[1]) != len(found[1]):
            msg = f"{run!r} is no run of numbers"
            raise ValueError(msg)
        yield range(int(found[1]), int(found[2] or found[1]) + 1), len(found[1])


def _count_names(packed: str | tuple[str, str, str]) -> int:
    if isinstance(packed, str):
        return 1
    return sum(len(numbers) for numbers, _ in _read_runs(packed[1]))


def _unpack_names(names: Names) -> Iterator[str]:
    """Yield all names, one by one, since there may be millions."""
    for packed in names:
        if isinstance(packed, str):
            yield packed
            continue
        before, runs, behind = packed
        for numbers, width in _read_runs(runs):
            for number in numbers:
                yield f"{before}{number:0{width}}{behind}"


def _is_among(name: str, names: Names) -> bool:
    """Tell whether a name is among packed ones, which are too many to list."""
    if name in names:
        return True
    found = _NUMBERED.fullmatch(name)
    if found is None:
        return False
    return any(
        len(found[2]) == width and int(found[2]) in numbers
        for before, runs, behind in (packed for packed in names if not isinstance(packed, str))
        if (before, behind) == (found[1], found[3])
        for numbers, width in _read_runs(runs)
    )
