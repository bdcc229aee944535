"""Copies of images, or links to them, in a folder of their own.

What is to be done is decided for all images before anything is done: a file that stands there
already and is another is never overwritten.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple, TypeAlias, get_args

from ..atomic_files import remove_leftovers
from ..checks import check_choice
from ..errors import InvalidParameterError, OutputError
from ..items import cause_of, list_items, stat_files, strip_folder, to_key, to_text
from ..options import How, PathLike
from ..records import Cause, Failure, ItemList
from .put_one import PLACERS

if sys.platform == "linux":
    pass
Progress: TypeAlias = Callable[[int, int], object]

_READ_BYTES = 1 << 20

_ADVICE: dict[How, str] = {
    "copy": "Make room, or give a destination that may be written to.",
    "hardlink": (
        "A hard link needs originals and destination on one file system that has such links: "
        "use how='symlink' or how='copy'."
    ),
    "symlink": (
        "Some file systems have no symbolic links, and Windows has them in its developer mode "
        "only: use how='hardlink' or how='copy'."
    ),
}


class State(Enum):
    """What stands where an image is to be placed."""

    NEW = "nothing"
    SAME = "the image, placed in the same way"
    DIFFERENT = "something else"


class Placement(NamedTuple):
    """What is to be done with one image.

    Attributes
    ----------
    path : str
        As the caller gave it.
    source, target : bytes
        Absolute paths of the image and of its place.
    size_bytes : int
        Of the image.
    state : State
        What stands at the target.
    """

    path: str
    source: bytes
    target: bytes
    size_bytes: int
    state: State


class Placed(NamedTuple):
    """What came of placing images.

    Attributes
    ----------
    n_new : int
        Images placed by this call.
    n_there : int
        Images that had been placed before, in the same way.
    size_bytes : int
        Size of the images placed by this call; of links, that of the images they lead to.
    failures : tuple of Failure
        The images that are gone or cannot be read.
    """

    n_new: int
    n_there: int
    size_bytes: int
    failures: tuple[Failure, ...]


def place_images(
    paths: PathLike | Iterable[PathLike],
    destination: PathLike,
    how: How,
    *,
    base: PathLike | None = None,
    on_progress: Progress | None = None,
) -> Placed:
    """Copy images into a folder, or link them there.

    The folders of the images below `base` are kept. Nothing is overwritten: when something else
    stands in the place of an image, nothing is placed at all. The same call after an interruption
    goes on where that stopped.

    Parameters
    ----------
    paths : str, path-like or iterable of them
        The images, as for `ImageIndex.build`; most often ``selection.paths``.
    destination : path
        The folder; made when it is missing.
    how : {"copy", "hardlink", "symlink"}
        ``copy`` keeps modification times and permissions. ``hardlink`` is one more name of the
        same file. ``symlink`` leads to the absolute path of the image.
    base : path, optional
        Folder that all images lie below, by default the longest one. Give it when several
        selections go into one folder, so that all keep the same folders.
    on_progress : callable, optional
        Called after each image that was not there, with the number of such images done and the
        number of all of them.

    Returns
    -------
    Placed
        Counts, and the images that are gone or cannot be read: the others are placed.

    Raises
    ------
    InvalidParameterError
        When a parameter has a wrong value, or an image does not lie below the base.
    OutputError
        When something else stands in the place of an image or copies do not fit on the disk, and
        nothing was placed; or when the system refuses, and the images placed so far are complete.

    Notes
    -----
    Two images never get one name: different paths below a base are different paths below the
    destination. Where these differ in case alone and the file system of the destination does not,
    the second is refused.

    Examples
    --------
    >>> place_images(selection.paths, "to_label", "copy")  # doctest: +SKIP
    Placed(n_new=40, n_there=0, size_bytes=81920, failures=())
    """
    check_choice("how", how, get_args(How))
    folder = to_key(to_text(destination, "The 'destination' parameter"))
    items = list_items(paths)
    if base is None:
        base_key = find_base(items.keys)
    else:
        base_key = to_key(to_text(base, "The 'base' parameter"))
    plan, failures = plan_placing(items, folder, base_key, how)
    new = [placement for placement in plan if placement.state is State.NEW]
    _check_differences(plan, how)
    _prepare_folders(folder, new, how)
    n_new = size_bytes = 0
    for n_done, placement in enumerate(new, start=1):
        cause = _place(placement, how, f"{n_new:,} of {len(new):,} images are placed")
        if cause is None:
            n_new += 1
            size_bytes += placement.size_bytes
        else:
            failures.append(Failure(placement.path, cause))
        if on_progress is not None:
            on_progress(n_done, len(new))
    return Placed(n_new, len(plan) - len(new), size_bytes, tuple(failures))


def find_base(keys: list[bytes]) -> bytes:
    """Find the longest folder that all images lie below.

    Parameters
    ----------
    keys : list of bytes
        Absolute paths; empty ones are of no file.

    Returns
    -------
    bytes
        Absolute path; empty where there are no images.

    Raises
    ------
    InvalidParameterError
        When there is none, as with images on two drives of Windows.
    """
    folders = {os.path.dirname(key) for key in keys if key}
    try:
        return os.path.commonpath(folders) if folders else b""
    except ValueError:
        drives = sorted({os.fsdecode(os.path.splitdrive(folder)[0]) for folder in folders})
        msg = (
            f"The images have no folder in common: they are on the drives {', '.join(drives)}. "
            "Place those of each drive in a folder of their own."
        )
        raise InvalidParameterError(msg) from None


def plan_placing(
    items: ItemList, folder: bytes, base: bytes, how: How
) -> tuple[list[Placement], list[Failure]]:
    """Decide what is to be done with each image, and change nothing.

    Parameters
    ----------
    items : ItemList
        The images.
    folder : bytes
        Absolute path of the destination.
    base : bytes
        Absolute path of a folder that all images lie below.
    how : {"copy", "hardlink", "symlink"}
        How they are to be placed.

    Returns
    -------
    plan : list of Placement
        Of the images that are there, in the order of the items.
    failures : list of Failure
        Of the others.

    Raises
    ------
    InvalidParameterError
        When an image does not lie below the base.
    """
    stats = stat_files(items.keys)
    plan: list[Placement] = []
    failures: list[Failure] = []
    for item, (path, source) in enumerate(zip(items.paths, items.keys, strict=True)):
        if item in stats.causes:
            failures.append(Failure(path, stats.causes[item]))
            continue
        target = os.path.join(folder, strip_folder(source, base, "the base"))
        outcome = _look(source, target, how)
        if isinstance(outcome, Cause):
            failures.append(Failure(path, outcome))
        else:
            plan.append(Placement(path, source, target, int(stats.size_bytes[item]), outcome))
    return plan, failures


def _look(source: bytes, target: bytes, how: How) -> State | Cause:
    """Tell what stands where an image is to be placed, or what is wrong with the image."""
    try:
        return compare_files(source, target, how)
    except OSError:
        return _find_fault(source) or State.DIFFERENT


def compare_files(source: bytes, target: bytes, how: How) -> State:
    """Tell what stands where an image is to be placed, and change nothing.

    Parameters
    ----------
    source : bytes
        Path of the image, which exists.
    target : bytes
        Path of its place.
    how : {"copy", "hardlink", "symlink"}
        How it is to be placed.

    Returns
    -------
    State
        A copy is the same when every byte is, a link when it leads to the image.

    Raises
    ------
    OSError
        When one of them cannot be read.
    """
    if not os.path.lexists(target):
        return State.NEW
    if os.path.islink(target) != (how == "symlink"):
        return State.DIFFERENT
    if how in {"hardlink", "symlink"}:
        is_same = os.path.samefile(source, target)
    else:
        is_same = _has_content(target, source)
    return State.SAME if is_same else State.DIFFERENT


def _has_content(target: bytes, source: bytes) -> bool:
    """Tell whether a file has the content of an image."""
    if not os.path.isfile(target) or os.path.getsize(target) != os.path.getsize(source):
        return False
    with open(source, "rb") as original, open(target, "rb") as file:
        while expected := original.read(_READ_BYTES):
            if file.read(_READ_BYTES) != expected:
                return False
    return True


def _check_differences(plan: list[Placement], how: How) -> None:
    """Make sure that nothing else stands where an image is to be placed."""
    different = [placement for placement in plan if placement.state is State.DIFFERENT]
    if different:
        first = different[0]
        msg = (
            f"Something else stands in the place of {len(different):,} of {len(plan):,} images, "
            f"first {os.fsdecode(first.target)!r}, which is not {first.path!r} placed with "
            f"how={how!r}. Nothing was placed. Give an empty destination, or remove what is there."
        )
        raise OutputError(msg)


def _prepare_folders(folder: bytes, new: list[Placement], how: How) -> None:
    """Make the folders of new images, and make sure that copies fit on their disk."""
    try:
        os.makedirs(folder, exist_ok=True)
        for parent in {os.path.dirname(placement.target) for placement in new}:
            os.makedirs(parent, exist_ok=True)
            remove_leftovers(parent)
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        msg = (
            f"The destination {os.fsdecode(folder)!r} cannot be used ({error.strerror}: "
            f"{os.fsdecode(error.filename or folder)!r}). Nothing was placed. "
            "Give a folder that may be written to."
        )
        raise OutputError(msg) from error
    size_bytes = sum(placement.size_bytes for placement in new)
    if how == "copy" and size_bytes > free_bytes:
        msg = (
            f"{len(new):,} copies need {size_bytes:,} bytes. The disk of {os.fsdecode(folder)!r} "
            f"has {free_bytes:,} bytes free. Nothing was placed. Make room, give another "
            "destination, or use how='hardlink' or how='symlink', which need none."
        )
        raise OutputError(msg)


def _place(placement: Placement, how: How, so_far: str) -> Cause | None:
    """Place an image; or say what is wrong with it."""
    try:
        PLACERS[how](placement.source, placement.target)
    except OSError as error:
        cause = _find_fault(placement.source)
        if cause is None:
            msg = (
                f"{placement.path!r} cannot be placed at {os.fsdecode(placement.target)!r} with "
                f"how={how!r} ({error.strerror or error}). {so_far} and complete; the same call "
                f"goes on from there. {_ADVICE[how]}"
            )
            raise OutputError(msg) from error
        return cause
    return None


def _find_fault(source: bytes) -> Cause | None:
    """Find out what is wrong with an image; None when all of it can be read."""
    for cause in stat_files([source]).causes.values():
        return cause
    try:
        with open(source, "rb") as file:
            while file.read(_READ_BYTES):
                pass
    except OSError as error:
        return cause_of(error)
    return None
