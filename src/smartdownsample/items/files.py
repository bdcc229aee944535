"""The storage that all images are read from: files of this machine, and objects by their URL."""

from collections.abc import Iterator, Sequence

import numpy as np

from ..object_urls import is_remote
from ..records import Cause, FileStats
from .local_files import LocalFiles
from .object_stores import ObjectStores
from .storage import Content, Storage

# What keys of URLs have; those of files have no two slashes in a row.
_MARK = b"://"


class AllFiles:
    """Files of this machine, and objects of stores and web servers; see `Storage`."""

    def __init__(self, local: Storage, remote: Storage) -> None:
        self.local, self.remote = local, remote

    def list(self, folder: str) -> Iterator[str]:
        """Yield all files below a folder, or all objects below a URL."""
        return self._choose(folder).list(folder)

    def stat(self, keys: Sequence[bytes]) -> FileStats:
        """Say times and sizes, and etags where any are of objects."""
        remote = [place for place, key in enumerate(keys) if _MARK in key]
        if not remote:
            return self.local.stat(keys)
        if len(remote) == len(keys):
            return self.remote.stat(keys)
        local = sorted({*range(len(keys))}.difference(remote))
        mtime_ns, size_bytes = np.zeros((2, len(keys)), dtype=np.int64)
        causes: dict[int, Cause] = {}
        etags: list[str | None] = [None] * len(keys)
        for storage, places in ((self.local, local), (self.remote, remote)):
            stats = storage.stat([keys[place] for place in places])
            mtime_ns[places], size_bytes[places] = stats.mtime_ns, stats.size_bytes
            causes |= {places[i]: cause for i, cause in stats.causes.items()}
            for i, etag in enumerate(stats.etags or ()):
                etags[places[i]] = etag
        return FileStats(mtime_ns, size_bytes, causes, etags)

    def read(
        self, location: str, start: int = 0, stop: int | None = None, *, etag: str | None = None
    ) -> Content | Cause:
        """Read bytes of a file or an object."""
        return self._choose(location).read(location, start, stop, etag=etag)

    def _choose(self, location: str) -> Storage:
        """Choose the storage that has a location."""
        return self.remote if is_remote(location) else self.local


# For what is known to lie on this machine.
LOCAL_FILES: Storage = LocalFiles()
# What lies in buckets and on web servers.
OBJECTS = ObjectStores()
# Where all images are read from.
FILES: Storage = AllFiles(LOCAL_FILES, OBJECTS)
