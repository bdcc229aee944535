"""What is to be done to place images in a folder, decided for all of them before anything is done.

A file that stands in the place of an image and is not that image is never overwritten.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from ..checks import check_place
from ..errors import InvalidParameterError
from ..items import (
    FILES,
    cause_of,
    find_common_folder,
    stat_files,
    strip_folder,
    to_key,
    to_keys,
    to_text,
)
from ..object_urls import is_remote
from ..options import How, PathLike
from ..records import Cause, Failure, ItemList, Picks
from .file_copies import has_same_content, read_to_end

# Of a name on the file systems that are common.
_MOST_NAME_BYTES = 255


class TargetState(Enum):
    """What stands where an image is to be placed."""

    NEW = "nothing"
    SAME = "the image, placed in the same way"
    DIFFERENT = "something else"


class Placement(NamedTuple):
    """One image and the place it is to have.

    Attributes
    ----------
    path : str
        Path of the image as the caller gave it.
    source, target : bytes
        Absolute paths of the image and of its place.
    size_bytes : int
        Size of the image.
    state : TargetState
        What stands at the target.
    """

    path: str
    source: bytes
    target: bytes
    size_bytes: int
    state: TargetState


class Plan(NamedTuple):
    """What is to be done, in the order of the images.

    Attributes
    ----------
    placements : list of Placement
        The images that are there.
    failures : list of Failure
        Those that are gone or cannot be read.
    names : frozenset of bytes
        Places of all images below the destination, separated by slashes: also of those that fail,
        so that a selection is known again when some of its images are gone.
    """

    placements: list[Placement]
    failures: list[Failure]
    names: frozenset[bytes]


def find_base(keys: Sequence[bytes]) -> bytes:
    """Find the longest folder that all images lie below.

    Keys are absolute paths, or empty for images without a file. The result is an absolute path,
    or empty when there are no images. Images on two drives of Windows, or in two buckets, have no
    such folder and raise InvalidParameterError.
    """
    folders = {os.path.dirname(key) for key in keys if key}
    return find_common_folder(folders) if folders else b""


def find_base_of(picks: Picks) -> bytes:
    """Find the longest folder that a collection lies below, but for images selected before."""
    earlier = set(picks.earlier_rows.tolist())
    paths = (path for row, path in enumerate(picks.table.paths) if row not in earlier)
    return find_base(list(map(to_key, paths)))


def choose_base(base: PathLike | None, keys: Sequence[bytes]) -> bytes:
    """Choose the folder below which folders are kept: the one given, else that of `find_base`."""
    return find_base(keys) if base is None else _read_place(base, "The 'base' parameter")


def read_destination(destination: PathLike) -> bytes:
    """Return the absolute path of the folder to place images in, or say why it can be none."""
    name = "The 'destination' parameter"
    check_place(to_text(destination, name))
    return _read_place(destination, name)


def _read_place(place: PathLike, name: str) -> bytes:
    (key,) = to_keys([to_text(place, name)])
    return key


def flatten(name: bytes) -> bytes:
    """Turn a path below a folder into a name of its own in that folder, see `unflatten`.

    ``site_1/cam_A/IMG_3.JPG`` becomes ``site_1--cam_A--IMG_3.JPG``. A dash that would be taken for
    half a slash has a ``=`` behind it, so that no two paths have one name: ``cam--A/1.JPG`` becomes
    ``cam-=-A--1.JPG``.
    """
    return re.sub(rb"-(?=[-/=])", b"-=", name).replace(b"/", b"--")


def unflatten(flat: bytes) -> bytes:
    """Turn a name that `flatten` made into the path that it stands for."""
    return re.sub(rb"-([-=])", lambda found: b"/" if found[1] == b"-" else b"-", flat)


def plan_placing(
    items: ItemList, folder: bytes, base: bytes, how: How, *, is_flat: bool = False
) -> Plan:
    """Decide where each image goes, and change nothing on disk.

    `folder` is the destination and `base` the folder whose sub-folders are kept, or, where it
    `is_flat`, told by the names, see `flatten`; both are absolute. An image that does not lie below
    the base raises InvalidParameterError, and so does a flat name of more than 255 bytes.
    """
    stats = stat_files(items.keys)
    spell = flatten if is_flat else bytes
    plan = Plan([], [], frozenset(map(spell, _name_places(items.keys, base))))
    if is_flat:
        _check_lengths(plan.names)
    for file, (path, source) in enumerate(zip(items.paths, items.keys, strict=True)):
        if file in stats.causes:
            plan.failures.append(Failure(path, stats.causes[file]))
            continue
        target = os.path.join(folder, spell(strip_folder(source, base, "the base")))
        outcome = _inspect_target(source, target, how)
        if isinstance(outcome, Cause):
            plan.failures.append(Failure(path, outcome))
        else:
            size_bytes = int(stats.size_bytes[file])
            plan.placements.append(Placement(path, source, target, size_bytes, outcome))
    return plan


def _check_lengths(names: Iterable[bytes]) -> None:
    """Refuse flat names that are too long for a file, before anything is placed."""
    longest = max(names, key=len, default=b"")
    if len(longest) > _MOST_NAME_BYTES:
        msg = (
            f"Names of files have at most {_MOST_NAME_BYTES} bytes. Got {os.fsdecode(longest)!r}, "
            f"which tells the folders of an image in {len(longest)}. Nothing was placed. "
            "Leave out flat (--flat), which keeps the folders."
        )
        raise InvalidParameterError(msg)


def _name_places(keys: Sequence[bytes], base: bytes) -> Iterator[bytes]:
    """Yield the places of images below the destination; others have none."""
    prefix = os.path.join(base, b"")
    return (strip_folder(key, base, "the base") for key in keys if key.startswith(prefix))


def find_stray_folder(plan: Plan, folder: bytes) -> bytes | None:
    """Find a symbolic link through which images would be placed outside of the destination.

    The destination itself may be a link. None when there is no such link.
    """
    root = os.path.join(os.path.realpath(folder), b"")
    seen = {folder}
    for placement in plan.placements:
        above = os.path.dirname(placement.target)
        while above not in seen:
            seen.add(above)
            if os.path.islink(above):
                end = os.path.join(os.path.realpath(above), b"")
                if not end.startswith(root):
                    return above
            above = os.path.dirname(above)
    return None


def _inspect_target(source: bytes, target: bytes, how: How) -> TargetState | Cause:
    """Tell what stands at the target, or why the image cannot be read."""
    try:
        return compare_files(source, target, how)
    except OSError:
        return find_cause(source) or TargetState.DIFFERENT


def compare_files(source: bytes, target: bytes, how: How) -> TargetState:
    """Tell what stands at the target of an image that exists.

    A copy is the same when every byte is, a link when it leads to the image. A file that cannot
    be read raises OSError.
    """
    if not os.path.lexists(target):
        return TargetState.NEW
    if os.path.islink(target) != (how == "symlink"):
        return TargetState.DIFFERENT
    has_same = has_same_content if how == "copy" else os.path.samefile
    return TargetState.SAME if has_same(source, target) else TargetState.DIFFERENT


def find_cause(source: bytes) -> Cause | None:
    """Read an image to its end to find out why it fails; None when all of it can be read."""
    for cause in stat_files([source]).causes.values():
        return cause
    if is_remote(os.fsdecode(source)):
        content = FILES.read(os.fsdecode(source))
        return content if isinstance(content, Cause) else None
    try:
        read_to_end(source)
    except OSError as error:
        return cause_of(error)
    return None
