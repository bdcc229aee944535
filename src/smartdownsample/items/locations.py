"""Names of files: paths as people spell them, and keys, their absolute paths in bytes.

Bytes, because file names need not be valid Unicode.
"""

import os

from ..errors import InvalidParameterError
from ..options import PathLike
from .storage import check_scheme

# What absolute paths start with; empty on Windows, where it takes a closer look.
_ROOT: str | tuple[str, ...] = os.sep if os.name == "posix" else ()


def to_text(path: PathLike, what: str) -> str:
    """Return a path as the string that the caller would recognise; `what` names it in the error."""
    text: object = path if isinstance(path, str) else _fspath(path)
    if not isinstance(text, str):
        msg = f"{what} must be a str or a pathlib.Path. Got {path!r} instead."
        raise InvalidParameterError(msg)
    return text


def _fspath(path: object) -> object:
    """Return the path of a path-like object, anything else as it is."""
    return os.fspath(path) if isinstance(path, os.PathLike) else path


def to_key(path: str) -> bytes:
    """Return the absolute path in bytes; an empty path stays empty, so that it is never found."""
    if path.startswith(_ROOT):
        return os.fsencode(os.path.normpath(path))
    check_scheme(path)
    return os.fsencode(os.path.abspath(path)) if path else b""


def to_keys(paths: list[str]) -> list[bytes]:
    """Apply `to_key` to each path."""
    # Usually all paths are absolute and normal already: check and encode them as one text.
    text = "\0".join(["", *paths, ""])
    n_roots = text.count("\0/")
    if _ROOT and n_roots == len(paths) == text.count("\0") - 1 and not _has_redundant_parts(text):
        return os.fsencode(text).split(b"\0")[1:-1]
    return list(map(to_key, paths))


def _has_redundant_parts(text: str) -> bool:
    """Tell whether `os.path.normpath` would change any of the paths, each with a NUL after it."""
    return any(part in text for part in ("//", "/./", "/../", "/\0", "/.\0", "/..\0"))


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
