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
