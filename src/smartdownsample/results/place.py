"""Copies of images, or links to them, in a folder of their own."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias, get_args

from ..checks import check_choice, check_flag
from ..display import count_noun
from ..errors import InvalidParameterError, OutputError
from ..items import list_items, to_text
from ..object_urls import is_remote
from ..options import How, PathLike
from ..records import Cause, Failure
from ..writing import in_one_piece, make_folders, remove_leftovers
from .file_copies import copy_file
from .placed_record import (
    PlacedSelection,
    check_others,
    count_others,
    digest_names,
    record_placing,
)
from .placement_plan import (
    Placement,
    Plan,
    TargetState,
    choose_base,
    compare_files,
    find_cause,
    find_stray_folder,
    plan_placing,
    read_destination,
)

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
# How long a file that another process has begun is waited for, and how often it is looked at.
_PATIENCE_S, _PAUSE_S = 1.0, 0.02


class Placed(NamedTuple):
    """What came of placing images.

    Attributes
    ----------
    n_new : int
        Images placed by this call.
    n_there : int
        Images that an earlier call, or another one meanwhile, had placed in the same way.
    size_bytes : int
        Total size of the images placed by this call; links count as the images they lead to.
    failures : tuple of Failure
        Images that are gone or cannot be read.
    """

    n_new: int
    n_there: int
    size_bytes: int
    failures: tuple[Failure, ...]


def place_images(  # noqa: PLR0913 - what the command has, by keyword
    paths: PathLike | Iterable[PathLike],
    destination: PathLike,
    how: How,
    *,
    base: PathLike | None = None,
    add: bool = False,
    flat: bool = False,
    manifest: PathLike | None = None,
    on_progress: Progress | None = None,
) -> Placed:
    """Copy images into a folder, or link them there.

    Images keep their folders below `base`. Nothing is overwritten, whatever other programs do
    meanwhile: when something else stands in the place of an image, nothing is placed at all. After
    an interruption, the same call goes on where the first one stopped.

    Parameters
    ----------
    paths : str, path-like or iterable of them
        The images, as for `ImageIndex.build`; usually ``selection.paths``.
    destination : path
        The folder, which is made if it is missing.
    how : {"copy", "hardlink", "symlink"}
        ``copy`` keeps modification times, and permissions to read, write and execute; objects of
        buckets are downloaded.
        ``hardlink`` adds a name to the same file. ``symlink`` leads to the absolute path of the
        image.
    base : path, optional
        A folder that all images lie below, by default the deepest one. Give it when several
        selections go into one destination, so that their folders fit together.
    add : bool, default False
        Place the images although there are others in the destination.
    flat : bool, default False
        Place all images in the destination itself, as labelling tools want them, with their folders
        in their names: ``cam_A/IMG_3.JPG`` becomes ``cam_A--IMG_3.JPG``.
    manifest : path, optional
        The manifest of this selection. Its name, without its folder, is noted in the destination,
        for whoever wants to place another selection there.
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
        When a parameter has a wrong value, an image does not lie below the base, or a name in a
        flat destination would have more than 255 bytes: nothing was placed.
    OutputError
        When something else stands in the place of an image, the destination holds images of
        another selection, a link in it leads elsewhere, or copies do not fit on the disk: nothing
        was placed. When the system refuses an image, or something else takes its place meanwhile:
        those placed so far are complete.

    Notes
    -----
    Two images never share a name: different paths below the base are different paths below the
    destination. When two paths differ only in case and the destination's file system ignores case,
    the second image is refused, unless it is the same as the first.

    The hidden file ``.smartdownsample.json`` in the destination lists the selections placed there,
    by a digest of the images' places: the same call goes on without `add`.

    Examples
    --------
    >>> place_images(selection.paths, "to_label", "copy")  # doctest: +SKIP
    Placed(n_new=40, n_there=0, size_bytes=81920, failures=())
    """
    check_choice("how", how, get_args(How))
    folder = read_destination(destination)
    name = os.path.basename(to_text(manifest or "", "The 'manifest' parameter")) or None
    items = list_items(paths)
    if how != "copy":
        refuse_linking(items.paths)
    base_key = choose_base(base, items.keys)
    plan = plan_placing(items, folder, base_key, how, is_flat=check_flag("flat", flat))
    new = [each for each in plan.placements if each.state is TargetState.NEW]
    _check_differences(plan, folder, how)
    placed = PlacedSelection(digest_names(plan.names), len(plan.names), name, how)
    n_others = count_others(folder, plan.names) if plan.names else 0
    if not add:
        check_others(folder, n_others, placed)
    _prepare_folders(folder, new, how)
    if new:
        is_first = not n_others and len(new) == len(plan.placements)
        record_placing(folder, placed, is_first=is_first)
    return _place_all(plan, new, how, on_progress)


def refuse_linking(paths: Iterable[str]) -> None:
    """Refuse links to objects, which no file system can hold."""
    first = next(filter(is_remote, paths), None)
    if first is not None:
        msg = (
            f"Links lead to files of this machine. Got {first!r}. "
            "Use how='copy', which downloads (in the command, --copy-to)."
        )
        raise InvalidParameterError(msg)


def _place_all(plan: Plan, new: list[Placement], how: How, on_progress: Progress | None) -> Placed:
    """Place the new images of a plan, one by one."""
    n_new = size_bytes = 0
    n_there = len(plan.placements) - len(new)
    failures = list(plan.failures)
    for n_done, placement in enumerate(new, start=1):
        so_far = n_done - 1 - len(failures) + len(plan.failures)
        outcome = _place(placement, how, f"{so_far:,} of {count_noun(len(new), 'image')} placed")
        if isinstance(outcome, Cause):
            failures.append(Failure(placement.path, outcome))
        elif outcome is TargetState.SAME:
            n_there += 1
        else:
            n_new += 1
            size_bytes += placement.size_bytes
        if on_progress is not None:
            on_progress(n_done, len(new))
    return Placed(n_new, n_there, size_bytes, tuple(failures))


def _check_differences(plan: Plan, folder: bytes, how: How) -> None:
    """Raise OutputError when something else stands where an image is to be placed."""
    stray = find_stray_folder(plan, folder)
    if stray is not None:
        msg = (
            f"{os.fsdecode(stray)!r} is a link to {os.fsdecode(os.path.realpath(stray))!r}, which "
            f"is outside of the destination {os.fsdecode(folder)!r}. Nothing was placed. Remove "
            "the link, or give a destination without such links."
        )
        raise OutputError(msg)
    different = [each for each in plan.placements if each.state is TargetState.DIFFERENT]
    if different:
        first = different[0]
        msg = (
            f"Something else stands in the place of {len(different):,} of "
            f"{count_noun(len(plan.placements), 'image')}, "
            f"first {os.fsdecode(first.target)!r}, which is not {first.path!r} placed with "
            f"how={how!r}. Nothing was placed. Give an empty destination, or remove what is there."
        )
        raise OutputError(msg)


def _prepare_folders(folder: bytes, new: list[Placement], how: How) -> None:
    """Make the folders of new images; raise OutputError when copies do not fit on their disk."""
    import shutil

    with explaining_destination(folder):
        make_folders(folder)
        for parent in {os.path.dirname(placement.target) for placement in new}:
            make_folders(parent)
            remove_leftovers(parent)
        free_bytes = shutil.disk_usage(folder).free
    size_bytes = sum(placement.size_bytes for placement in new)
    if how == "copy" and size_bytes > free_bytes:
        msg = (
            f"There is no room for {count_noun(len(new), 'copy')} of together "
            f"{count_noun(size_bytes, 'byte')}. The disk of {os.fsdecode(folder)!r} has "
            f"{count_noun(free_bytes, 'byte')} free. Nothing was placed. Make room, give another "
            "destination, or use how='hardlink' or how='symlink', which need none."
        )
        raise OutputError(msg)


@contextmanager
def explaining_destination(folder: bytes) -> Iterator[None]:
    """Turn an error of the file system into one that says that the destination cannot be used."""
    try:
        yield
    except OSError as error:
        msg = (
            f"The destination {os.fsdecode(folder)!r} cannot be used ({error.strerror}: "
            f"{os.fsdecode(error.filename or folder)!r}). Nothing was placed. "
            "Give a folder that may be written to."
        )
        raise OutputError(msg) from error


def _place(placement: Placement, how: How, so_far: str) -> TargetState | Cause:
    """Place an image, or return why it cannot be read; `so_far` is for the error message.

    Returns what stood in its place: NEW, or SAME when the image got there meanwhile.
    """
    try:
        _PLACERS[how](placement.source, placement.target)
    except OSError as error:
        if isinstance(error, FileExistsError) and _is_same(placement, how):
            return TargetState.SAME
        cause = find_cause(placement.source)
        if cause is None:
            msg = (
                f"{placement.path!r} cannot be placed at {os.fsdecode(placement.target)!r} with "
                f"how={how!r} ({error.strerror or error}). {so_far} and complete; the same call "
                f"goes on from there. {_ADVICE[how]}"
            )
            raise OutputError(msg) from error
        return cause
    return TargetState.NEW


def _is_same(placement: Placement, how: How) -> bool:
    """Tell whether another process has placed an image in the same way meanwhile."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            if compare_files(placement.source, placement.target, how) is TargetState.SAME:
                return True
            # Where there are no hard links, a copy begins as an empty file.
            is_begun = how == "copy" and os.lstat(placement.target).st_size == 0
        except OSError:
            return False
        if not is_begun or time.monotonic() > end:
            return False
        time.sleep(_PAUSE_S)


def _copy(source: bytes, target: bytes) -> None:
    with in_one_piece(target, may_replace=False) as temporary:
        copy_file(source, temporary)


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
