"""Items of the folders, globs and paths that a caller names. No image is opened here.

Two paths are the same item when they have the same key, the absolute path in bytes. Symbolic links
are not resolved, but for those that a `..` follows, which leads above their target.
"""

import glob
import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..display import count_noun, find_closest
from ..errors import ImageLoadingWarning, InvalidParameterError, warn_user
from ..object_urls import check_url, is_remote
from ..options import Kept, PathLike
from ..records import FileStats, ItemList
from .files import FILES
from .locations import check_location, to_key, to_keys, to_text
from .natural_order import encode_order_key
from .selected_before import list_selected_before

# fmt: off
IMAGE_EXTENSIONS = frozenset((
    ".avif", ".bmp", ".dib", ".gif", ".hdr", ".jp2", ".jpe", ".jpeg", ".jpg",
    ".heic", ".heif", ".j2k", ".jxl",
    ".pbm", ".pgm", ".pic", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
))
# fmt: on
# Lies in folders that this package has copied or linked images to, see `results/placed_record.py`.
PLACED_MARK = ".smartdownsample.json"


def find_images(*sources: PathLike) -> list[str]:
    """List the images that folders, globs and files name, in natural order.

    Folders are searched with all folders below them; links to folders are not followed. Of folders
    and globs only files with an image's extension count, and no hidden files, such as the
    ``._IMG_1.JPG`` that macOS leaves on memory cards. A file that is named itself always counts.
    Folders below a source that images were copied or linked to are left out, with a warning.

    Parameters
    ----------
    *sources : str or path-like
        Folders, glob patterns (``**`` goes through folders) or files.

    Returns
    -------
    list of str
        Paths that start as the source was spelt, without repetition.

    Raises
    ------
    InvalidParameterError
        When a source is not a path, or names nothing that exists, or when ``**`` leads through
        many hundreds of folders within one another.

    Examples
    --------
    >>> find_images("data_samples/photos/site_2_desert")[:1]  # doctest: +SKIP
    ['data_samples/photos/site_2_desert/cam_A/IMG_1.JPG']
    """
    first: dict[bytes, str] = {}
    for source in sources:
        for path in list_source(source):
            first.setdefault(to_key(path), path)
    return sorted(first.values(), key=_natural_sort_key)


def _natural_sort_key(path: str) -> tuple[bytes, bytes]:
    key = to_key(path)
    return encode_order_key(key), key


def list_source(source: PathLike) -> list[str]:
    """List the images of one folder, glob or file.

    The order is arbitrary, because sorting takes a while.
    """
    path = to_text(source, "A source")
    if is_remote(path):
        return _list_objects(path)
    check_location(path)
    return _leave_out_placed(list(_expand_source(path)), path)


def find_fixed_folder(source: str) -> str:
    """Find the folder that all images of a folder, glob or file lie in or below.

    It is empty for the working folder. A file or folder of that very name is no glob.
    """
    fixed = source
    while glob.has_magic(fixed) and not os.path.lexists(fixed):
        fixed = os.path.dirname(fixed)
    return fixed if os.path.isdir(fixed) or fixed != source else os.path.dirname(source)


def _list_objects(url: str) -> list[str]:
    """List the images below a URL, or the one that it names."""
    check_url(url)
    place = os.fsdecode(to_key(url))
    if "*" in place:
        folder, pattern = place.partition("*")[0].rpartition("/")[::2]
        pattern = place[len(folder) + 1 :]
        msg = (
            "A URL names an image, or all that is below it, and no pattern. "
            f"Got {place!r}. Name {folder!r}, and choose among its images by a pattern; in the "
            f"command --include {pattern!r}."
        )
        raise InvalidParameterError(msg)
    if has_image_extension(place):
        return [place]
    return list(_list_folder(place))


def describe_empty(source: PathLike) -> str:
    """Say that a source leads to no images, and what images are."""
    return (
        f"{os.fspath(source)!r} leads to no images, that is, to no files that end in "
        f"{', '.join(sorted(IMAGE_EXTENSIONS))}."
    )


def _expand_source(path: str) -> Iterator[str]:
    """Yield the images of one source, in arbitrary order."""
    if os.path.isdir(path):
        yield from _list_folder(path)
    elif os.path.lexists(path):
        yield path
    elif glob.has_magic(path):
        for match in _expand_glob(path):
            if os.path.isdir(match):
                yield from _list_folder(match)
            elif has_image_extension(match):
                yield match
    else:
        msg = (
            f"There is no file, folder or match for {path!r} (in {os.getcwd()!r}). "
            f"Check the spelling, or give the paths as a list.{_suggest_place(path)}"
        )
        raise InvalidParameterError(msg)


def _suggest_place(path: str) -> str:
    """Ask whether the place was meant that is called most like the first part that is not there."""
    missing, rest = path.rstrip("/"), ""
    while (folder := os.path.dirname(missing)) and not os.path.isdir(folder):
        missing, rest = folder, os.path.join(os.path.basename(missing), rest)
    try:
        names = os.listdir(folder or os.curdir)
    except OSError:
        return ""
    found = find_closest(os.path.basename(missing), names)
    return f" Did you mean {os.path.join(folder, found, rest).rstrip('/')!r}?" if found else ""


def _leave_out_placed(paths: list[str], source: str) -> list[str]:
    """Leave out images that were placed in folders below a source, and warn of them."""
    top = find_fixed_folder(source)
    placed_of: dict[str, str | None] = {top: None, os.path.dirname(os.path.join(top, "")): None}
    found = [path for path in paths if path == source or not _find_placed(path, placed_of)]
    if len(found) < len(paths):
        folders = sorted({folder for folder in placed_of.values() if folder is not None})
        n_others = len(folders) - 1
        others = f" and {count_noun(n_others, 'other folder')}" if n_others else ""
        warn_user(
            f"Left out {count_noun(len(paths) - len(found), 'image')} below {folders[0]!r}{others}"
            ": copies or links that this package placed there. Name such a folder itself to use "
            "what is in it.",
            ImageLoadingWarning,
        )
    return found


def _find_placed(path: str, placed_of: dict[str, str | None]) -> str | None:
    """Find the folder above a path that images were placed in; the folders known are filled up."""
    folder = os.path.dirname(path)
    climbed = []
    while folder not in placed_of:
        climbed.append(folder)
        folder, below = os.path.dirname(folder), folder
        if folder == below:  # no folder is above the first one
            placed_of[folder] = None
    placed = placed_of[folder]
    for below in reversed(climbed):
        if placed is None and os.path.lexists(os.path.join(below, PLACED_MARK)):
            placed = below
        placed_of[below] = placed
    return placed


def _expand_glob(pattern: str) -> Iterator[str]:
    """Yield what a pattern matches; Python's own search calls itself for each level of folders."""
    try:
        yield from glob.iglob(pattern, recursive=True)
    except RecursionError:
        msg = (
            f"The pattern {pattern!r} leads through more folders within one another than can be "
            "searched. Name the folder itself, which has no such limit, and choose among its "
            "images, by --include in the command."
        )
        raise InvalidParameterError(msg) from None


def _list_folder(folder: str) -> Iterator[str]:
    """Yield the images below a folder in arbitrary order; links to folders are not followed."""
    return filter(has_image_extension, FILES.list(folder))


def has_image_extension(path: str) -> bool:
    """Tell whether a file is an image by its name."""
    return os.path.splitext(path)[1].lower() in IMAGE_EXTENSIONS


def stat_files(keys: Sequence[bytes]) -> FileStats:
    """Ask for times and sizes of files, see `Storage.stat`."""
    return FILES.stat(keys)


def add_items(items: ItemList, kept: Iterable[Kept]) -> ItemList:
    """Append photos that are not in a list of whole photos yet; of a pair, its photo.

    They count as added, not as given, because the caller's labels do not cover them.
    """
    known = set(items.keys)
    named = list_selected_before(kept, "keep")
    if isinstance(named, np.ndarray):  # places in the list
        return items
    paths = (each[0] if isinstance(each, tuple) and each else each for each in named)
    texts = [to_text(path, "An element of 'keep'") for path in paths]
    new = {key: path for path, key in zip(texts, to_keys(texts), strict=True) if key not in known}
    if not new:
        return items
    positions = items.positions
    if positions is None:  # a folder or glob: count in the order of `find_images`
        positions = np.empty(len(items), dtype=np.int64)
        order = sorted(range(len(items)), key=lambda item: _natural_sort_key(items.paths[item]))
        positions[order] = np.arange(len(items))
    return ItemList.of_photos(
        [*items.paths, *new.values()],
        [*items.keys, *new],
        positions=np.append(positions, items.n_given + np.arange(len(new))),
        n_given=items.n_given,
        n_added=len(new),
        repeats=items.repeats,
    )
