"""How images are named: paths as people spell them, and keys as the file system knows them."""

import os

from ..errors import InvalidParameterError
from ..options import PathLike
from .storage import check_scheme

# What absolute paths start with, and no others; on Windows they take a closer look.
_ROOT: str | tuple[str, ...] = os.sep if os.name == "posix" else ()


def to_text(path: PathLike, what: str) -> str:
    """Return a path as the string that the caller would recognise; `what` names it in the error."""
    text: object = path if isinstance(path, str) else _fspath(path)
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
    check_scheme(path)
    return os.fsencode(os.path.abspath(path)) if path else b""


def to_keys(paths: list[str]) -> list[bytes]:
    """Do what `to_key` does with each path."""
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
    """Make an absolute path relative to a folder above it; `what` names the folder in the error.

    Relative paths travel between systems, and every one of them reads slashes.
    """
    prefix = os.path.join(folder, b"")
    if not key.startswith(prefix):
        msg = (
            f"Every image must lie below {what} {os.fsdecode(folder)!r}. "
            f"Got {os.fsdecode(key)!r}. Give a folder above all images."
        )
        raise InvalidParameterError(msg)
    return key[len(prefix) :].replace(os.fsencode(os.sep), b"/")
