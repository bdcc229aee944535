"""Copies of images, or links to them, in a folder of their own."""

import errno
import os
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias, get_args

from ..atomic_files import in_one_piece, remove_leftovers
from ..checks import check_choice
from ..errors import OutputError
from ..items import list_items, to_keys, to_text
from ..options import How, PathLike
from ..records import Cause, Failure
from .placement_plan import Placement, TargetState, find_base, find_cause, plan_placing

Progress: TypeAlias = Callable[[int, int], object]

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


class Placed(NamedTuple):
    """What came of placing images.

    Attributes
    ----------
    n_new : int
        Images placed by this call.
    n_there : int
        Images that an earlier call had placed in the same way.
    size_bytes : int
        Total size of the images placed by this call; links count as the images they lead to.
    failures : tuple of Failure
        Images that are gone or cannot be read.
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

    Images keep their folders below `base`. Nothing is overwritten: when something else stands in
    the place of an image, nothing is placed at all. After an interruption, the same call goes on
    where the first one stopped.

    Parameters
    ----------
    paths : str, path-like or iterable of them
        The images, as for `ImageIndex.build`; usually ``selection.paths``.
    destination : path
        The folder, which is made if it is missing.
    how : {"copy", "hardlink", "symlink"}
        ``copy`` keeps modification times and permissions. ``hardlink`` adds a name to the same
        file. ``symlink`` leads to the absolute path of the image.
    base : path, optional
        A folder that all images lie below, by default the deepest one. Give it when several
        selections go into one destination, so that their folders fit together.
    on_progress : callable, optional
        Called after each new image with the number of new images done and the number of all new
        images.

    Returns
    -------
    Placed
        Counts, and the images that are gone or cannot be read. All others are placed.

    Raises
    ------
    InvalidParameterError
        When a parameter has a wrong value, or an image does not lie below the base.
    OutputError
        When something else stands in the place of an image, or copies do not fit on the disk:
        nothing was placed. When the system refuses an image: those placed so far are complete.

    Notes
    -----
    Two images never share a name: different paths below the base are different paths below the
    destination. When two paths differ only in case and the destination's file system ignores case,
    the second image is refused.

    Examples
    --------
    >>> place_images(selection.paths, "to_label", "copy")  # doctest: +SKIP
    Placed(n_new=40, n_there=0, size_bytes=81920, failures=())
    """
    check_choice("how", how, get_args(How))
    (folder,) = to_keys([to_text(destination, "The 'destination' parameter")])
    items = list_items(paths)
    if base is None:
        base_key = find_base(items.keys)
    else:
        (base_key,) = to_keys([to_text(base, "The 'base' parameter")])
    plan, failures = plan_placing(items, folder, base_key, how)
    new = [placement for placement in plan if placement.state is TargetState.NEW]
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


def _check_differences(plan: list[Placement], how: How) -> None:
    """Raise OutputError when something else stands where an image is to be placed."""
    different = [placement for placement in plan if placement.state is TargetState.DIFFERENT]
    if different:
        first = different[0]
        msg = (
            f"Something else stands in the place of {len(different):,} of {len(plan):,} images, "
            f"first {os.fsdecode(first.target)!r}, which is not {first.path!r} placed with "
            f"how={how!r}. Nothing was placed. Give an empty destination, or remove what is there."
        )
        raise OutputError(msg)


def _prepare_folders(folder: bytes, new: list[Placement], how: How) -> None:
    """Make the folders of new images; raise OutputError when copies do not fit on their disk."""
    import shutil

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
    """Place an image, or return why it cannot be read; `so_far` is for the error message."""
    try:
        _PLACERS[how](placement.source, placement.target)
    except OSError as error:
        cause = find_cause(placement.source)
        if cause is None:
            msg = (
                f"{placement.path!r} cannot be placed at {os.fsdecode(placement.target)!r} with "
                f"how={how!r} ({error.strerror or error}). {so_far} and complete; the same call "
                f"goes on from there. {_ADVICE[how]}"
            )
            raise OutputError(msg) from error
        return cause
    return None


def _copy(source: bytes, target: bytes) -> None:
    """Copy an image with its times and permissions."""
    import shutil

    with in_one_piece(target) as temporary:
        shutil.copy2(source, temporary)
        if os.path.lexists(target):  # it has appeared since the plan was made
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)


def _link_hard(source: bytes, target: bytes) -> None:
    # Resolved first: a hard link to a symbolic link would be one more symbolic link.
    os.link(os.path.realpath(source), target)


def _link_symbolic(source: bytes, target: bytes) -> None:
    os.stat(source)  # raises when the image is gone: a link to nothing would be made all the same
    os.symlink(source, target)


# Each takes the absolute paths of the image and of its place.
_PLACERS: dict[How, Callable[[bytes, bytes], None]] = {
    "copy": _copy,
    "hardlink": _link_hard,
    "symlink": _link_symbolic,
}
