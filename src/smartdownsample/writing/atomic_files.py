"""Files that exist either completely or not at all.

A file is written under a temporary name in its own folder and then renamed, so that neither a
full disk nor a killed run leaves half of it under the name that others read.
"""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Hidden, and with no image's extension: not found by whoever looks for images meanwhile.
_TEMPORARY_PREFIX = b".smartdownsample-"
_TEMPORARY_SUFFIX = b".tmp"
# No single file takes longer to write.
_STALE_SECONDS = 3600.0
# On Windows renaming fails when the new name is taken, and the second name of a read-only file
# cannot be removed.
_RENAMING_REPLACES = os.name == "posix"


@contextmanager
def in_one_piece(target: bytes, *, may_replace: bool = True) -> Iterator[bytes]:
    """Yield a path beside `target` to write to, and put the file there when all went well.

    The folder of the target exists. A file that stands there is replaced, or, unless that is
    allowed, it stays and `FileExistsError` is raised, even if it appeared at the last moment. When
    anything fails, what stood there is unchanged and nothing is left of the new file.
    """
    name = _TEMPORARY_PREFIX + uuid.uuid4().hex.encode() + _TEMPORARY_SUFFIX
    temporary = os.path.join(os.path.dirname(target), name)
    try:
        yield temporary
        if may_replace:
            os.replace(temporary, target)
        else:
            _take_free_name(temporary, target)
    finally:
        with suppress(OSError):  # the first error is the one to report
            os.unlink(temporary)


def _take_free_name(temporary: bytes, target: bytes) -> None:
    """Give a complete file the name `target`, unless something has that name.

    The file may keep its temporary name as well.
    """
    if not _RENAMING_REPLACES:
        os.rename(temporary, target)
        return
    try:
        os.link(temporary, target)  # never replaces, which os.rename does
    except FileExistsError:
        raise
    except OSError:  # such as on exFAT, which has no hard links
        _take_reserved_name(temporary, target)


def _take_reserved_name(temporary: bytes, target: bytes) -> None:
    """Make an empty file of the name `target`, where there is none, and replace it.

    For file systems without hard links. What remains: for a moment, others see the empty file, and
    a run that is killed then leaves it; what another program writes to it meanwhile is lost.
    """
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        reserved = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            if os.path.samestat(os.lstat(target), reserved):
                os.unlink(target)
        raise


def make_folders(folder: bytes) -> None:
    """Make a folder and those above it that are missing, as `os.makedirs` does, however many.

    That one calls itself for each folder, and fails with a RecursionError where a thousand are
    missing. A folder that another process makes meanwhile is as good.
    """
    missing = []
    while folder and not os.path.isdir(folder):
        missing.append(folder)
        parent = os.path.dirname(folder)
        if parent == folder:  # a drive that is not there
            break
        folder = parent
    for made in reversed(missing):
        try:
            os.mkdir(made)
        except FileExistsError:
            if not os.path.isdir(made):
                raise


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
