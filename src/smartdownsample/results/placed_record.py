"""Which selections were placed in a folder, kept there in a small hidden file.

The record lets a selection go on where it stopped, and tells from which manifest the images of
another one come. It holds no paths, since folders of copies are handed on. Nothing depends on it:
when it is missing or damaged, the caller is asked once more.
"""

import hashlib
import json
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple, get_args

from ..display import count_noun
from ..errors import OutputError
from ..items import FILES, IMAGE_EXTENSIONS, PLACED_MARK, strip_folder, to_key
from ..options import How
from ..writing import in_one_piece

RECORD_NAME = PLACED_MARK.encode()
# Says that a record is ours, in which form; all of ours start with it.
_MARK, _VERSION = "smartdownsample_record", 1
_START = f'{{"{_MARK}": '.encode()
_MAX_BYTES = 1 << 24
# Processes that make the same record at once try again.
_N_ATTEMPTS = 10
# Selections that a message lists.
_N_LISTED = 3
_HOWS = get_args(How)
_OPEN_FLAGS = os.O_RDONLY
for _flag in ("O_BINARY", "O_NONBLOCK", "O_NOFOLLOW"):
    _OPEN_FLAGS |= getattr(os, _flag, 0)


class PlacedSelection(NamedTuple):
    """A selection that was placed, or was begun to be.

    Attributes
    ----------
    digest : str
        SHA-256 of the sorted places of its images below the folder.
    n_images : int
        How many images it has.
    manifest : str or None
        Name of the manifest of its run, without a folder.
    how : {"copy", "hardlink", "symlink"}
        How it was placed.
    """

    digest: str
    n_images: int
    manifest: str | None
    how: How


class PlacedRecord(NamedTuple):
    """What stands in the record of a folder.

    Attributes
    ----------
    selections : tuple of PlacedSelection
        Those placed there, in order.
    is_there : bool
        Whether there is a file of the record's name.
    is_ours : bool
        Whether the record may be written: not when the file is another program's.
    """

    selections: tuple[PlacedSelection, ...] = ()
    is_there: bool = True
    is_ours: bool = True


def digest_names(names: Iterable[bytes]) -> str:
    """Give a selection a name by the places of its images, whatever their order."""
    return hashlib.sha256(b"\0".join(sorted(names))).hexdigest()


def count_others(folder: bytes, names: Collection[bytes]) -> int:
    """Count the images in a folder that do not have one of these places.

    What ends as one of these does is an image as well, whatever its name.
    """
    if not os.path.isdir(folder):
        return 0
    ends = IMAGE_EXTENSIONS | {_get_extension(os.fsdecode(name)) for name in names}
    paths = (path for path in FILES.list(os.fsdecode(folder)) if _get_extension(path) in ends)
    return sum(strip_folder(to_key(path), folder, "the destination") not in names for path in paths)


def _get_extension(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def check_others(folder: bytes, n_others: int, placed: PlacedSelection) -> None:
    """Raise OutputError when a folder has images of others, unless the selection is on record."""
    known = read_record(folder).selections
    if not n_others or placed.digest in {selection.digest for selection in known}:
        return
    origins = [
        f"{selection.n_images:,} of {selection.manifest!r}"
        if selection.manifest
        else f"{selection.n_images:,} of a selection without a manifest"
        for selection in known
    ]
    listed = ", ".join(origins[:_N_LISTED])
    more = f" and {len(origins) - _N_LISTED:,} more" if len(origins) > _N_LISTED else ""
    told = f" Placed there before: {listed}{more}." if origins else ""
    msg = (
        f"The destination {os.fsdecode(folder)!r} already holds {count_noun(n_others, 'image')} "
        f"not among the {placed.n_images:,} of this selection.{told} Nothing was placed. Name an "
        "empty folder, or add this selection to what is there with add=True, in the command --add."
    )
    raise OutputError(msg)


def read_record(folder: bytes) -> PlacedRecord:
    """Read the record of a folder; a damaged one is empty, and one that is not ours is left."""
    try:
        descriptor = os.open(os.path.join(folder, RECORD_NAME), _OPEN_FLAGS)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return PlacedRecord(is_ours=False)
        with open(descriptor, "rb") as file:
            data = file.read(_MAX_BYTES)
    except FileNotFoundError:
        return PlacedRecord(is_there=False)
    except OSError:  # a link or a folder, or it cannot be read
        return PlacedRecord(is_ours=False)
    try:
        content: Any = json.loads(data)
    except (ValueError, RecursionError):
        # The system may have stopped before the data was on the disk.
        is_empty = not data.strip(b"\0")
        return PlacedRecord(is_ours=is_empty or data.startswith(_START))
    if not isinstance(content, dict) or content.get(_MARK) != _VERSION:
        return PlacedRecord(is_ours=False)
    entries = content.get("selections")
    return PlacedRecord(tuple(_read_entries(entries if isinstance(entries, list) else [])))


def _read_entries(entries: list[Any]) -> Iterator[PlacedSelection]:
    """Yield the selections of a record, without damaged ones."""
    for entry in entries:
        if isinstance(entry, dict) and set(PlacedSelection._fields) <= set(entry):
            values = [entry[name] for name in PlacedSelection._fields]
            kinds = zip(values, (str, int, str | None), strict=False)
            if all(isinstance(value, kind) for value, kind in kinds) and values[-1] in _HOWS:
                yield PlacedSelection(*values)


def record_placing(folder: bytes, placed: PlacedSelection, *, is_first: bool) -> None:
    """Add a selection to the record of a folder; where that cannot be done, go on without.

    `is_first` says that the folder holds no images, so that what stands in the record is past.
    Two processes that add at the same moment may lose the one or the other entry, which is then
    asked for again.
    """
    path = os.path.join(folder, RECORD_NAME)
    for _ in range(_N_ATTEMPTS):
        found = read_record(folder)
        if not found.is_ours or placed.digest in {known.digest for known in found.selections}:
            return
        earlier = () if is_first else found.selections
        content = {_MARK: _VERSION, "selections": [each._asdict() for each in (*earlier, placed)]}
        try:
            with (
                in_one_piece(path, may_replace=found.is_there) as temporary,
                open(temporary, "x", encoding="ascii") as file,
            ):
                file.write(json.dumps(content) + "\n")
        except FileExistsError:
            continue
        except OSError:  # what keeps the images out as well says so in their case
            pass
        return
