"""What lies in a cache folder, by its names and by our tag."""

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Goes up when the columns of the parts change; stores of different versions lie side by side.
SCHEMA_VERSION = 4
# Parts of these versions are still read, see `make_former_schemas`.
FORMER_SCHEMA_VERSIONS = (2, 3)

# What lies in a cache folder; nothing else is ever removed from it.
COPIES_NAME = re.compile(r"bucket-[0-9a-f]{16}")
STORES_NAME = re.compile(r"features-[0-9]+")
PART_NAME = re.compile(r"part-[0-9]+-[0-9a-f]+\.parquet")
LOCK_NAME = "compact.lock"
FILE_NAME = re.compile(rf"{PART_NAME.pattern}(\.tmp|\.damaged)?|{re.escape(LOCK_NAME)}")
TAG_NAME, IGNORE_NAME = "CACHEDIR.TAG", ".gitignore"
THUMBNAILS_NAME = re.compile(r"thumbnails-[0-9]+\.sqlite")
THUMBNAILS_MARK = b"CREATE TABLE thumbnails (name TEXT PRIMARY KEY, jpeg BLOB"

CACHE_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder holds features of images, kept by smartdownsample. It can be deleted.\n"
    "# For information about cache directory tags see https://bford.info/cachedir/\n"
)


def is_tagged(stores: Path) -> bool:
    """Tell whether a folder of stores has our tag; from no other is anything removed or renamed."""
    return _read_tag(stores / TAG_NAME) == CACHE_TAG.encode()


def mark_folder(stores: Path) -> None:
    """Mark a folder of stores as a cache, so that backups and git skip it, and as ours.

    What others have put there stays. The beginning of a tag is that of a run that was killed.
    """
    with suppress(FileExistsError), open(stores / IGNORE_NAME, "x", encoding="utf-8") as file:
        file.write("*\n")
    tag = stores / TAG_NAME
    text = _read_tag(tag)
    if text is None or text == CACHE_TAG.encode() or not CACHE_TAG.encode().startswith(text):
        return
    # Never written into a file that is there, since that may have a second name.
    tag.unlink(missing_ok=True)
    with suppress(FileExistsError), open(tag, "xb") as file:  # else another run has just made it
        file.write(CACHE_TAG.encode())


def _read_tag(tag: Path) -> bytes | None:
    """Read as much as a tag has, nothing where there is none; None where it cannot be ours.

    Neither a link nor anything but a regular file is ours, and no such thing holds up the run.
    """
    try:
        if tag.is_symlink():
            return None
        with open(tag, "rb", opener=_open_calmly) as file:
            is_regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            return file.read(len(CACHE_TAG) + 1) if is_regular else None
    except FileNotFoundError:
        return b""
    except OSError:  # a folder, or not to be read
        return None


def _open_calmly(path: str, flags: int) -> int:
    """Open a file without following a link, or waiting for somebody at the end of a pipe."""
    more = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK"))
    return os.open(path, flags | sum(more))


@contextmanager
def lock_parts(store: Path) -> Iterator[bool]:
    """Try to take the right to replace parts; yields False when another process has it.

    Raises `OSError` where files cannot be locked.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(store / LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except NotImplementedError as error:  # of filelock, on file systems without locks
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), str(store / LOCK_NAME)) from error
    try:
        yield True
    finally:
        lock.release()
