"""The interface to the places where image files lie.

A storage lists files, says their times and sizes, and reads their bytes. It never raises for a
file: what went wrong is returned as a cause. `tests/storage_suite.py` tests every implementation.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from ..records import Cause, FileStats

# Larger files are not photos, and reading one would take too much memory.
MAX_FILE_BYTES = 2**30


class Content(NamedTuple):
    """Bytes of a file, and the file's time and size when they were read.

    ``is_stable`` is False when the file changed while it was read, or may have changed unnoticed.
    ``etag`` names this content where an object store has it; files have none.
    """

    data: bytes
    mtime_ns: int
    size_bytes: int
    is_stable: bool
    etag: str | None = None


class Storage(Protocol):
    """A place where files lie."""

    def list(self, folder: str) -> Iterator[str]:
        """Yield all files below a folder, in arbitrary order, except hidden ones.

        Warns of folders that cannot be read.
        """

    def stat(self, keys: Sequence[bytes]) -> FileStats:
        """Say the modification times and sizes of files, without opening them."""

    def read(
        self, location: str, start: int = 0, stop: int | None = None, *, etag: str | None = None
    ) -> Content | Cause:
        """Read the bytes of a file from `start` to `stop`, or to its end.

        What is not the content that `etag` names, if that is given, is read but is not stable.
        """
