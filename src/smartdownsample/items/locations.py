"""Names of files: paths as people spell them, and keys, their absolute paths in bytes.

Bytes, because file names need not be valid Unicode.
"""

import os
from collections.abc import Collection, Sequence
from contextlib import suppress

import numpy as np

from ..checks import check_folder, check_scheme, expand_home, shorten
from ..errors import InvalidParameterError
from ..object_urls import check_slashes, check_url, is_remote, to_url_key
from ..options import PathLike
from ..records import PackedKeys, PackedPaths, encode_path, join_bytes, pack_paths

# What absolute paths start with; empty on Windows, where it takes a closer look.
_ROOT: str | tuple[str, ...] = os.sep if os.name == "posix" else ()
# Paths that become keys at a time.
_BLOCK = 1024
# Of a URL, those before its host.
_N_SLASHES = 2
# Longer paths lead nowhere (PATH_MAX).
_MOST_LETTERS = 4096


def to_text(path: PathLike, what: str) -> str:
    """Return a path as the string that the caller would recognise; `what` names it in the error.

    A ``~`` that begins it becomes the user's home.
    """
    text: object = path if isinstance(path, str) else _fspath(path)
    if not isinstance(text, str):
        msg = f"{what} must be a str or a pathlib.Path. Got {shorten(path)} instead."
        raise InvalidParameterError(msg)
    return expand_home(text)


def _fspath(path: object) -> object:
    """Return the path of a path-like object, anything else as it is."""
    return os.fspath(path) if isinstance(path, os.PathLike) else path


def to_key(path: str) -> bytes:
    """Return the absolute path in bytes, of a URL that without user, password and query.

    An empty path stays empty, so that it is never found.
    """
    if "/.." in path and os.name == "posix":
        path = _follow_links(path)
    try:
        if "://" in path and is_remote(path):
            return to_url_key(path)
        if path.startswith(_ROOT):
            return os.fsencode(os.path.normpath(path))
        return os.fsencode(os.path.abspath(path)) if path else b""
    except UnicodeEncodeError:
        msg = (
            f"A path must have a form in bytes. Got {path!r}, with characters that no file name "
            "has. Take names as os.listdir or os.fsdecode give them."
        )
        raise InvalidParameterError(msg) from None


def _follow_links(path: str) -> str:
    """Replace each link that a ``..`` follows, which leads above the link's target on POSIX.

    Without such links the path stays as it is. The working folder is none.
    """
    taken, is_changed = "", False
    for part in path.split("/") if len(path) < _MOST_LETTERS else ():
        is_below = os.path.basename(taken) not in {"", os.curdir, os.pardir}
        if part == os.pardir and is_below and os.path.islink(taken):
            taken, is_changed = os.path.realpath(taken), True
        taken = os.path.normpath(os.path.join(taken, part or "/" * (not taken)))
    return taken if is_changed else path


def to_keys(paths: list[str]) -> list[bytes]:
    """Apply `to_key` to each path that a caller names; refuse what can be neither path nor URL."""
    joined = _encode_normal("\0".join([*paths, ""]), len(paths))
    return list(map(_check_key, paths)) if joined is None else joined.split(b"\0")[:-1]


def _encode_normal(text: str, n: int) -> bytes | None:
    """Encode n paths, each with a NUL after it, if all are absolute and normal, as is usual.

    None where any is not: its key is another.
    """
    n_roots = text.count("\0/") + text.startswith("/")
    if _ROOT and n_roots == n == text.count("\0") and not _has_redundant_parts(text):
        with suppress(UnicodeEncodeError):
            return os.fsencode(text)
    return None


def pack_locations(paths: Sequence[str]) -> tuple[PackedPaths, PackedKeys]:
    """Pack paths, and their keys; where a path is its own key, both share their bytes."""
    # Each grows in place: a list of parts would have to be copied in the end.
    letters, ends = bytearray(), bytearray(8)
    is_same = True
    for start in range(0, len(paths), _BLOCK):
        some = paths[start : start + _BLOCK]
        text = "\0".join([*some, ""])
        joined = _encode_normal(text, len(some))
        if joined is None:
            keys = list(map(_check_key, some))
            own = np.cumsum(np.fromiter(map(len, keys), np.int64, len(keys)))
            is_same = is_same and keys == list(map(encode_path, some))
            joined = b"".join(keys)
        else:
            own = np.flatnonzero(np.frombuffer(joined, np.uint8) == 0) - np.arange(len(some))
            is_same = is_same and joined == encode_path(text)
            joined = joined.replace(b"\0", b"")
        ends += (len(letters) + own).data
        letters += joined
    array = join_bytes(np.frombuffer(letters, np.uint8), np.frombuffer(ends, np.int64))
    return PackedPaths(array) if is_same else pack_paths(paths), PackedKeys(array)


def check_root(name: str, value: object) -> str:
    """Return a parameter that names a folder of images as text, also that of an object store."""
    if isinstance(value, str) and is_remote(value):
        check_url(value)
        return value
    return check_folder(name, value)


def _check_key(path: str) -> bytes:
    """Return the key of a path, or say why there is none."""
    if not path.startswith(_ROOT):
        check_location(path)
    return to_key(path)


def check_location(path: str) -> None:
    """Refuse a URL of a scheme that cannot be read, or with what may be a secret."""
    if is_remote(path):
        check_url(path)
    else:
        check_slashes(path)
        check_scheme(path)


def _has_redundant_parts(text: str) -> bool:
    """Tell whether `os.path.normpath` would change any of the paths, each with a NUL after it."""
    return any(part in text for part in ("//", "/./", "/../", "/\0", "/.\0", "/..\0"))


def find_common_folder(keys: Collection[bytes]) -> bytes:
    """Find the longest folder that folders have in common, of URLs at most the bucket.

    Raises `InvalidParameterError` for those of two drives of Windows or two buckets, or of a bucket
    and this machine.
    """
    tops = {_find_top(key) for key in keys}
    if len(tops) > 1:
        named = ", ".join(sorted(os.fsdecode(top) or "this machine" for top in tops))
        msg = (
            f"The images have no folder in common: they are on {named}. Place those of each in a "
            "folder of their own."
        )
        raise InvalidParameterError(msg)
    if not tops or b"://" not in max(tops):
        return os.path.commonpath(keys)
    (top,) = tops
    return top + os.path.commonpath([key[len(top) :] or b"/" for key in keys]).rstrip(b"/")


def _find_top(key: bytes) -> bytes:
    """Find the bucket or drive of a key; empty on systems without drives."""
    if b"://" in key:
        return b"/".join(key.split(b"/")[: _N_SLASHES + 1])
    return os.path.splitdrive(key)[0]


def strip_folder(key: bytes, folder: bytes, what: str) -> bytes:
    """Make an absolute path relative to a folder above it; `what` names the folder in the error.

    Folders are separated by slashes on every system.
    """
    prefix = os.path.join(folder, b"")
    if not key.startswith(prefix):
        msg = (
            f"Every image must lie below {what} {os.fsdecode(folder)!r}. "
            f"Got {os.fsdecode(key)!r}. Give a folder above all images."
        )
        raise InvalidParameterError(msg)
    return key[len(prefix) :].replace(os.fsencode(os.sep), b"/")
