"""Files that exist either completely or not at all.

A file is written under a temporary name in its own folder and then renamed, so that neither a
full disk nor a killed run leaves half of it under the name that others read.
"""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .errors import OutputError

# Hidden, and with no image's extension: not found by whoever looks for images meanwhile.
_TEMPORARY_PREFIX = b".smartdownsample-"
_TEMPORARY_SUFFIX = b".tmp"
# No single file takes longer to write.
_STALE_SECONDS = 3600.0


@contextmanager
def in_one_piece(target: bytes) -> Iterator[bytes]:
    """Yield a path beside `target` to write to, and put the file there when all went well.

    The folder of the target exists; a file that stands there is replaced. When anything fails, what
    stood there is unchanged and nothing is left of the new file.
    """
    name = _TEMPORARY_PREFIX + uuid.uuid4().hex.encode() + _TEMPORARY_SUFFIX
    temporary = os.path.join(os.path.dirname(target), name)
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        with suppress(OSError):  # the first error is the one to report
            os.unlink(temporary)


def check_target(path: str) -> None:
    """Make sure that a file can be put where it is to be, before there is anything to write.

    Raises `OutputError` when a folder stands there, or when the nearest folder that exists may not
    be written to.
    """
    folder = os.path.dirname(os.path.realpath(path))
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if os.path.isdir(path):
        reason = "a folder stands there"
    elif not os.path.isdir(folder):
        reason = f"{folder!r} is no folder"
    elif not os.access(folder, os.W_OK):
        reason = f"{folder!r} may not be written to"
    else:
        return
    msg = f"{path!r} cannot be written: {reason}. Give another name or folder."
    raise OutputError(msg)


def write_file(path: str, data: bytes) -> None:
    """Write a file in one piece, with the folders that it needs.

    A symbolic link stays one: the file it leads to is written. What is no file, such as a device or
    a pipe, is written to. When that fails, `OutputError` says why; what stood there is unchanged.
    """
    target = os.fsencode(os.path.realpath(path))
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.lexists(target) and not os.path.isfile(target):
            with open(target, "wb") as device:
                device.write(data)
            return
        with in_one_piece(target) as temporary, open(temporary, "xb") as file:
            file.write(data)
    except OSError as error:
        msg = (
            f"{path!r} cannot be written ({error.strerror or error}); what stood there is "
            f"unchanged. It needs {len(data):,} bytes and a folder that may be written to."
        )
        raise OutputError(msg) from error


def remove_leftovers(folder: bytes) -> None:
    """Remove the temporary files of runs that died from a folder, not from those below it."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_TEMPORARY_PREFIX) and entry.name.endswith(_TEMPORARY_SUFFIX):
                with suppress(OSError):  # removed meanwhile, or not ours to remove
                    status = entry.stat(follow_symlinks=False)
                    # A copy takes over the original's modification time before its name.
                    if time.time() - max(status.st_mtime, status.st_ctime) > _STALE_SECONDS:
                        os.unlink(entry.path)
