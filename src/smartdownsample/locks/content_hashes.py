"""SHA-256 of the bytes of files, several files at a time."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..gathering import count_progress
from ..items import cause_of
from ..records import Cause
from ..results import open_file

_BLOCK_BYTES = 1 << 20
# Disks answer several readers at a time, and hashing does not hold the interpreter's lock.
_N_THREADS = 4
# Seconds before progress is shown.
_PATIENCE_S = 1.0


class ContentHash(NamedTuple):
    """What a file holds, and its size in bytes and modification time when it was read."""

    sha256: str
    size_bytes: int
    mtime_ns: int


def hash_files(
    keys: Sequence[bytes], *, show_progress: bool = False
) -> Iterator[ContentHash | Cause]:
    """Yield what each file holds, in order, or why it cannot be read.

    With `show_progress` a bar is drawn on standard error when it takes longer than a second.
    """
    from concurrent.futures import ThreadPoolExecutor

    counting = count_progress(
        len(keys), "Comparing", is_shown=show_progress, patience_s=_PATIENCE_S
    )
    with counting as count, ThreadPoolExecutor(_N_THREADS) as threads:
        for content in threads.map(_hash_file, keys):
            count(1)
            yield content


def digest_file(path: str) -> str | None:
    """Return the SHA-256 of a file; None for a folder, and for what cannot be read."""
    content = _hash_file(os.fsencode(path))
    return None if isinstance(content, Cause) else content.sha256


def _hash_file(key: bytes) -> ContentHash | Cause:
    digest = hashlib.sha256()
    block = memoryview(bytearray(_BLOCK_BYTES))
    size_bytes = 0
    try:
        with open_file(key) as file:
            mtime_ns = os.fstat(file.fileno()).st_mtime_ns
            while n_bytes := file.readinto(block):
                digest.update(block[:n_bytes])
                size_bytes += n_bytes
    except (OSError, ValueError) as error:
        return cause_of(error)
    return ContentHash(digest.hexdigest(), size_bytes, mtime_ns)
