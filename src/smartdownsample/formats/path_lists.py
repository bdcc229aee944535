"""Lists: text files with a path on each line, or with a NUL after each path."""

import codecs
import os

from ..errors import InvalidParameterError

LIST_EXTENSIONS = (".txt",)


def read_list(file: str) -> list[str]:
    """Read the paths in a list, see `split_list`."""
    try:
        with open(file, "rb") as stream:
            return split_list(stream.read())
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "it needs too much memory"
        msg = f"The list {file!r} cannot be read: {reason}. It must be a text with a path a line."
        raise InvalidParameterError(msg) from error


def split_list(data: bytes) -> list[str]:
    """Split the content of a list into paths: at NULs if there are any, else at line ends."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # written by PowerShell
        data = data.decode("utf-16", "replace").encode()
    if b"\0" in data:
        names = data.split(b"\0")
    else:
        lines = data.removeprefix(codecs.BOM_UTF8).split(b"\n")
        names = [line.removesuffix(b"\r") for line in lines]
    return [os.fsdecode(name) for name in names if name]
