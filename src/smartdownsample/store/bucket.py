"""A cache folder in a bucket, and what has been brought here of it.

Parts never change and their names are unique, so a copy on this machine is as good as the part. All
that a run looks up, it looks up in the copies; what it writes, it writes to the bucket. Any number
of machines may do so at once: a part is one request, no part takes the place of another, and none
is ever removed or merged.
"""

import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from ..errors import StorageError
from ..items import N_REQUESTS, OBJECTS, Content, heed
from ..records import Cause
from .folder import PART_NAME, mark_folder
from .part import ASIDE_SUFFIX, TEMPORARY_SUFFIX, name_part, remove_part, write_sealed

# A request that takes longer than half a minute ends: these are some 15 MB.
MOST_ROWS = 2**17
# What is brought of a part by one request; a part that was copied from a disk may be a gigabyte.
_BLOCK_BYTES = 2**24


class Bucket:
    """A cache folder in a bucket.

    Parameters
    ----------
    url : str
        Of the folder, without a slash at its end.
    copies : Path
        Folder of this machine that parts are brought to, in folders named as those of the bucket.
    """

    def __init__(self, url: str, copies: Path) -> None:
        self.url, self.copies = url, copies

    def __str__(self) -> str:
        """Return the URL."""
        return self.url

    def locate(self, copy: Path) -> str:
        """Return the URL of what a file or folder is a copy of."""
        return "/".join([self.url, *copy.relative_to(self.copies).parts])

    def list_folders(self, stores: str) -> set[str]:
        """List the folders with parts in a folder of stores.

        Raises `StorageError` where they cannot be listed, and `InvalidParameterError` where there
        is no such bucket.
        """
        found = (url.split("/")[-2:] for url in OBJECTS.list(f"{self.url}/{stores}"))
        return {folder for folder, name in found if PART_NAME.fullmatch(name)}

    def bring(self, folder: Path) -> None:
        """Have copies of all parts of a folder, and of no others.

        Raises `OSError` where some cannot be brought, when all others have been.
        """
        url = self.locate(folder)
        # Before the others are listed: what comes meanwhile is not taken for what has gone.
        here = _list_copies(folder)
        names = (place.removeprefix(f"{url}/") for place in OBJECTS.list(url))
        there = set(filter(PART_NAME.fullmatch, names))
        for gone in here - there:
            remove_part(folder / gone)
        missing = sorted(there - here)
        if not missing:
            return
        folder.mkdir(parents=True, exist_ok=True)
        mark_folder(folder.parent)
        stop = threading.Event()
        with ThreadPoolExecutor(N_REQUESTS, initializer=heed, initargs=(stop,)) as pool:
            try:
                copied = pool.map(self._copy, [folder / name for name in missing])
                failed = [why for why in copied if why is not None]
            finally:
                stop.set()
        if failed:
            raise StorageError(failed[0])

    def _copy(self, copy: Path) -> str | None:
        """Bring one part; say why, where that cannot be."""
        url, start, size_bytes = self.locate(copy), 0, 1
        # Others may bring the same at the same time.
        temporary = copy.with_name(name_part(copy.parent).name + TEMPORARY_SUFFIX)
        try:
            with open(temporary, "xb") as file:
                while start < size_bytes:
                    content = OBJECTS.read(url, start, start + _BLOCK_BYTES)
                    if content is Cause.MISSING:  # removed meanwhile
                        return None
                    if not isinstance(content, Content):
                        return f"{url}: {content.value}"
                    size_bytes = content.size_bytes
                    start += file.write(content.data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(copy)
        except PermissionError:
            if not copy.exists():  # else others have brought it and, on Windows, are reading it
                raise
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        return None

    def write(self, folder: Path, rows: pa.Table, *, is_patient: bool) -> None:
        """Write rows as a part, at once or not at all; raises `OSError`."""
        file = io.BytesIO()
        write_sealed(file, rows)
        url = self.locate(name_part(folder))
        OBJECTS.write_new(url, file.getvalue(), tries_again=is_patient)

    def forget(self, folder: Path) -> None:
        """Remove the copies of a folder's parts; they are brought anew."""
        for name in _list_copies(folder):
            remove_part(folder / name)

    def forget_damaged(self, copy: Path) -> None:
        """Remove a copy that is damaged.

        Raises `FileNotFoundError` where the part is not: all copies beside it are gone then, too,
        since what has damaged one, such as a power cut, may have damaged others.
        """
        content, is_alike = OBJECTS.read(self.locate(copy)), False
        with suppress(OSError):
            is_alike = isinstance(content, Content) and content.data == copy.read_bytes()
        remove_part(copy)
        if is_alike:
            return
        if isinstance(content, Content):
            self.forget(copy.parent)
        raise FileNotFoundError(copy)

    def set_aside(self, copy: Path) -> None:
        """Give a part another name that a copy shows to be damaged, so that it is met only once.

        Raises what `forget_damaged` does.
        """
        self.forget_damaged(copy)
        url = self.locate(copy)
        OBJECTS.rename(url, url + ASIDE_SUFFIX)


def _list_copies(folder: Path) -> set[str]:
    """List the parts that have been brought to a folder, by name."""
    return set(filter(PART_NAME.fullmatch, os.listdir(folder))) if folder.is_dir() else set()
