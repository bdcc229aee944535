"""From what the caller names to a list of items: no image is opened here.

An item is known by its absolute path as the file system spells it (bytes, so that names which
are not valid Unicode work as well). Symbolic links are not resolved: two names are two items.
"""

import errno
import glob
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from .errors import ImageLoadingWarning, InvalidParameterError, warn_user
from .model import Cause, FileStats, IntArray, ItemList
from .natural_order import encode_order_key

PathLike: TypeAlias = str | os.PathLike[str]

# fmt: off
IMAGE_EXTENSIONS = frozenset((
    ".avif", ".bmp", ".dib", ".gif", ".hdr", ".jp2", ".jpe", ".jpeg", ".jpg",
    ".heic", ".heif", ".j2k", ".jxl",
    ".pbm", ".pgm", ".pic", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
))
# fmt: on
# What absolute paths start with, and no others; on Windows they take a closer look.
_ROOT: str | tuple[str, ...] = os.sep if os.name == "posix" else ()

# Files whose states are asked for together, and how many times at once.
_STAT_BLOCK = 1024
_STAT_WORKERS = 4
# Modification times in nanoseconds and sizes in bytes.
_States: TypeAlias = tuple[list[int], list[int]]
_CAUSE_OF_ERROR: tuple[tuple[type[OSError], Cause], ...] = (
    (FileNotFoundError, Cause.MISSING),
    (NotADirectoryError, Cause.MISSING),
    (PermissionError, Cause.PERMISSION),
    (IsADirectoryError, Cause.FOLDER),
)


def find_images(*sources: PathLike) -> list[str]:
    """List the images that folders, globs and files name, in natural order.

    Folders are searched with everything below them, without following links to folders.
    Folders and globs give files whose extension is an image's, and no hidden files (which
    also passes over the ``._IMG_1.JPG`` that macOS leaves on memory cards); a file that is
    named itself is taken whatever it is called.

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
        When a source is no path, or names nothing that exists.

    Examples
    --------
    >>> find_images("data_samples/photos/site_2_desert")[:1]  # doctest: +SKIP
    ['data_samples/photos/site_2_desert/cam_A/IMG_1.JPG']
    """

    def order(path: str) -> tuple[bytes, bytes]:
        key = to_key(path)
        return encode_order_key(key), key

    first: dict[bytes, str] = {}
    for source in sources:
        for path in _expand_source(source):
            first.setdefault(to_key(path), path)
    return sorted(first.values(), key=order)


def list_source(source: PathLike) -> list[str]:
    """List the images of one source.

    Parameters
    ----------
    source : str or path-like
        A folder, glob or file, see `find_images`.

    Returns
    -------
    list of str
        In no particular order, which saves the time of finding the natural one.

    Raises
    ------
    InvalidParameterError
        When it is no path, or names nothing that exists.

    Warns
    -----
    ImageLoadingWarning
        When there are none.
    """
    paths = list(_expand_source(source))
    if not paths:
        warn_user(
            f"{os.fspath(source)!r} leads to no images, that is, to no files that end in "
            f"{', '.join(sorted(IMAGE_EXTENSIONS))}.",
            ImageLoadingWarning,
        )
    return paths


def _expand_source(source: PathLike) -> Iterator[str]:
    """Yield the images of one source, in no particular order."""
    path = to_text(source, "A source")
    if os.path.isdir(path):
        yield from _walk_folder(path)
    elif os.path.lexists(path):
        yield path
    elif glob.has_magic(path):
        for match in glob.iglob(path, recursive=True):
            if os.path.isdir(match):
                yield from _walk_folder(match)
            elif _has_image_extension(match):
                yield match
    else:
        msg = (
            f"There is no file, folder or match for {path!r} (in {os.getcwd()!r}). "
            "Check the spelling, or give the paths as a list."
        )
        raise InvalidParameterError(msg)


def _walk_folder(folder: str) -> Iterator[str]:
    """Yield the images below a folder."""

    def warn_unreadable(error: OSError) -> None:
        warn_user(
            f"Folder {error.filename!r} cannot be read ({error.strerror}); its images are missing.",
            ImageLoadingWarning,
        )

    for parent, folders, names in os.walk(folder, onerror=warn_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and _has_image_extension(name):
                yield os.path.join(parent, name)


def _has_image_extension(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_EXTENSIONS


def list_items(image_paths: PathLike | Iterable[PathLike]) -> ItemList:
    """List the distinct items that the caller names.

    Parameters
    ----------
    image_paths : str, path-like or iterable of them
        One folder, glob or file (see `find_images`), or the paths of the images themselves.
        Paths that lead to the same absolute path are one item; the first spelling counts.

    Returns
    -------
    ItemList
        In the caller's order; the images of a folder or glob in no particular order.

    Raises
    ------
    InvalidParameterError
        When an element is no path.
    """
    if isinstance(image_paths, (str, os.PathLike)):
        is_source, given = True, list_source(image_paths)
    else:
        is_source, given = False, _check_paths(image_paths)
    n_given = len(given)
    keys = to_keys(given)
    places: Sequence[int] = range(len(keys))
    if len(set(keys)) < len(keys):
        first: dict[bytes, int] = {}
        for place, key in enumerate(keys):
            first.setdefault(key, place)
        keys, places = list(first), list(first.values())
        given = [given[place] for place in places]
    return ItemList(
        paths=given,
        keys=keys,
        positions=None if is_source else np.array(places, dtype=np.int64),
        n_given=len(keys) if is_source else n_given,
    )


def _check_paths(image_paths: Iterable[PathLike]) -> list[str]:
    """Return the caller's paths as strings, or say which element is none."""
    try:
        elements = iter(image_paths)
    except TypeError:
        msg = (
            "The images must be given as a folder, a glob or an iterable of paths. "
            f"Got {image_paths!r} instead."
        )
        raise InvalidParameterError(msg) from None
    return [
        path if isinstance(path, str) else to_text(path, f"Element {i} of the paths")
        for i, path in enumerate(elements)
    ]


def to_text(path: PathLike, what: str) -> str:
    """Return a path as the string that the caller would recognise.

    Parameters
    ----------
    path : str or path-like
        As the caller gave it.
    what : str
        What it is, for the message.

    Returns
    -------
    str
        The path.

    Raises
    ------
    InvalidParameterError
        When it is no path.
    """
    text = path if isinstance(path, str) else _fspath(path)
    if not isinstance(text, str):
        msg = f"{what} must be a str or a pathlib.Path. Got {path!r} instead."
        raise InvalidParameterError(msg)
    return text


def _fspath(path: object) -> object:
    """Return what a path-like object stands for, or the object itself."""
    return os.fspath(path) if isinstance(path, os.PathLike) else path


def to_key(path: str) -> bytes:
    """Return the absolute path as bytes; an empty path stays empty and is never found."""
    if path.startswith(_ROOT):
        return os.fsencode(os.path.normpath(path))
    return os.fsencode(os.path.abspath(path)) if path else b""


def to_keys(paths: list[str]) -> list[bytes]:
    """Do what `to_key` does with each path.

    Parameters
    ----------
    paths : list of str
        As the caller gave them.

    Returns
    -------
    list of bytes
        In the same order.
    """
    # Absolute paths with nothing to leave out, as a rule all, are keys as they are.
    text = "\0".join(["", *paths, ""])
    n_roots = text.count("\0/")
    if _ROOT and n_roots == len(paths) == text.count("\0") - 1 and not _has_idle_parts(text):
        return os.fsencode(text).split(b"\0")[1:-1]
    return list(map(to_key, paths))


def _has_idle_parts(text: str) -> bool:
    """Tell whether paths, with a NUL behind each, have parts that normal paths do without."""
    return any(part in text for part in ("//", "/./", "/../", "/\0", "/.\0", "/..\0"))


def strip_folder(key: bytes, folder: bytes, what: str) -> bytes:
    """Make an absolute path relative to a folder above it.

    Parameters
    ----------
    key, folder : bytes
        Absolute paths.
    what : str
        What the folder is, for the message.

    Returns
    -------
    bytes
        With slashes: relative paths travel between systems, and every one of them reads those.

    Raises
    ------
    InvalidParameterError
        When the path does not lie below the folder.
    """
    prefix = os.path.join(folder, b"")
    if not key.startswith(prefix):
        msg = (
            f"Every image must lie below {what} {os.fsdecode(folder)!r}. "
            f"Got {os.fsdecode(key)!r}. Give a folder above all images."
        )
        raise InvalidParameterError(msg)
    return key[len(prefix) :].replace(os.fsencode(os.sep), b"/")


def sort_paths(paths: list[bytes]) -> IntArray:
    """Sort paths by their bytes; gives places, shape (n,)."""
    boxed = np.empty(len(paths), dtype=object)
    boxed[:] = paths
    return np.argsort(boxed, kind="stable")


def stat_items(keys: list[bytes]) -> FileStats:
    """Ask the file system for the modification time and size of each item.

    Parameters
    ----------
    keys : list of bytes
        Absolute paths.

    Returns
    -------
    FileStats
        With a cause for everything that is no regular file.
    """
    mtime_ns = np.zeros(len(keys), dtype=np.int64)
    size_bytes = np.zeros(len(keys), dtype=np.int64)
    causes: dict[int, Cause] = {}
    starts = range(0, len(keys), _STAT_BLOCK)
    blocks = [slice(start, start + _STAT_BLOCK) for start in starts]
    for block, states in zip(blocks, _stat_blocks([keys[block] for block in blocks]), strict=True):
        if states is not None:
            mtime_ns[block], size_bytes[block] = states
            continue
        for item, key in enumerate(keys[block], block.start):
            status = _stat_file(key)
            if isinstance(status, Cause):
                causes[item] = status
            else:
                mtime_ns[item], size_bytes[item] = status.st_mtime_ns, status.st_size
    return FileStats(mtime_ns, size_bytes, causes)


def _stat_blocks(blocks: list[list[bytes]]) -> Iterator[_States | None]:
    """Ask for blocks of files, several at a time: over a network each question takes a while."""
    if len(blocks) <= 1:
        yield from (None for _ in blocks)
        return
    # Arrow asks for a block without the interpreter, which threads would wait for.
    from concurrent.futures import ThreadPoolExecutor

    import pyarrow.fs

    with ThreadPoolExecutor(_STAT_WORKERS) as pool:
        ask = pyarrow.fs.LocalFileSystem().get_file_info
        yield from pool.map(partial(_stat_regular_files, ask), blocks)


def _stat_regular_files(
    ask: Callable[[list[bytes]], list[Any]], keys: list[bytes]
) -> _States | None:
    """Ask for a block of files; None when some are no regular files."""
    try:
        files = ask(keys)
    except (OSError, ValueError):
        return None
    mtime_ns, sizes = [file.mtime_ns for file in files], [file.size for file in files]
    # Arrow knows no size of what is no regular file, and no time of one nanosecond before 1970.
    return None if None in sizes or None in mtime_ns else (mtime_ns, sizes)


def _stat_file(key: bytes) -> os.stat_result | Cause:
    """Ask for one file, which may be anything."""
    try:
        status = os.stat(key)
    except OSError as error:
        return cause_of(error)
    except ValueError:  # a NUL character: no file can be called that
        return Cause.MISSING
    if stat.S_ISREG(status.st_mode):
        return status
    return Cause.FOLDER if stat.S_ISDIR(status.st_mode) else Cause.NOT_A_FILE


def cause_of(error: OSError) -> Cause:
    """Name the cause that an error of the file system stands for."""
    if error.errno == errno.ELOOP:
        return Cause.LINK_LOOP
    if error.errno == errno.ENAMETOOLONG:  # nothing can be called that
        return Cause.MISSING
    for kind, cause in _CAUSE_OF_ERROR:
        if isinstance(error, kind):
            return cause
    return Cause.DISK_ERROR
