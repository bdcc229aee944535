"""The storage of local files."""

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from ..errors import ImageLoadingWarning, warn_user
from ..records import Cause, FileStats
from .storage import MAX_FILE_BYTES, Content

# Files per question to the file system, and questions at a time.
_STAT_BLOCK = 1024
_STAT_WORKERS = 4
# Modification times in nanoseconds, and sizes in bytes.
_TimesAndSizes: TypeAlias = tuple[list[int], list[int]]
_CAUSE_OF_ERROR: tuple[tuple[type[OSError], Cause], ...] = (
    (FileNotFoundError, Cause.MISSING),
    (NotADirectoryError, Cause.MISSING),
    (PermissionError, Cause.PERMISSION),
    (IsADirectoryError, Cause.FOLDER),
)

# Without blocking: reading must not wait for a pipe that took a file's place.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
# Most small images fit into the first read.
_FIRST_BYTES = 2**16 + 2**12
# Whether ``st_ctime`` is the time of the last change of any kind, which no program can set. On
# Windows it is the time of creation.
_HAS_CHANGE_TIMES = os.name == "posix"
# The ticks of file systems that keep whole seconds (FAT: even ones), and of all others.
_COARSE_TICK_NS = 2 * 10**9
_FINE_TICK_NS = 50 * 10**6


class LocalFiles:
    """The file systems of this machine, see `Storage`."""

    def list(self, folder: str) -> Iterator[str]:
        """Yield all files below a folder, without following links to folders."""
        # os.walk calls itself for each level before Python 3.12, and fails at a thousand.
        pending = [folder]
        while pending:
            files, folders = _list_entries(pending.pop())
            pending += reversed(folders)
            yield from files

    def stat(self, keys: Sequence[bytes]) -> FileStats:
        """Say times and sizes; whatever is not a regular file gets a cause."""
        mtime_ns = np.zeros(len(keys), dtype=np.int64)
        size_bytes = np.zeros(len(keys), dtype=np.int64)
        causes: dict[int, Cause] = {}
        starts = range(0, len(keys), _STAT_BLOCK)
        blocks = [slice(start, start + _STAT_BLOCK) for start in starts]
        asked = _stat_blocks([keys[block] for block in blocks])
        for block, states in zip(blocks, asked, strict=True):
            if states is not None:
                mtime_ns[block], size_bytes[block] = states
                continue
            for place, key in enumerate(keys[block], block.start):
                status = _stat_file(key)
                if isinstance(status, Cause):
                    causes[place] = status
                else:
                    mtime_ns[place], size_bytes[place] = status.st_mtime_ns, status.st_size
        return FileStats(mtime_ns, size_bytes, causes)

    def read(
        self,
        location: str,
        start: int = 0,
        stop: int | None = None,
        *,
        etag: str | None = None,  # noqa: ARG002 - files have none
    ) -> Content | Cause:
        """Read bytes of a file, and notice when it changes meanwhile."""
        start_ns = time.time_ns()
        try:
            # Few and plain system calls, since each releases the GIL to other threads.
            descriptor = os.open(location, _OPEN_FLAGS)
            try:
                if start:
                    os.lseek(descriptor, start, os.SEEK_SET)
                data = os.read(descriptor, _FIRST_BYTES if stop is None else stop - start)
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    return Cause.FOLDER if stat.S_ISDIR(status.st_mode) else Cause.NOT_A_FILE
                if status.st_size > MAX_FILE_BYTES:
                    return Cause.TOO_LARGE
                end = status.st_size if stop is None or stop > status.st_size else stop
                if start + len(data) == end and _is_long_settled(status, start_ns):
                    return Content(data, status.st_mtime_ns, status.st_size, is_stable=True)
                return _read_again(descriptor, status, start, end, start_ns)
            finally:
                os.close(descriptor)
        except (OSError, ValueError) as error:
            return cause_of(error)
        except MemoryError:
            return Cause.MEMORY


def _list_entries(folder: str) -> tuple[list[str], list[str]]:
    """List files of a folder and the folders in it, without hidden ones and links to folders.

    A folder that cannot be read is warned of, also one whose path is too long for the system.
    """
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if not _is_folder(entry):
                    files.append(entry.path)
                elif not entry.is_symlink():
                    folders.append(entry.path)
    except OSError as error:
        _warn_unreadable(error)
    return files, folders


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in circles, or where nobody may look
        return False


def _warn_unreadable(error: OSError) -> None:
    warn_user(
        f"Folder {error.filename!r} cannot be read ({error.strerror}); its images are missing.",
        ImageLoadingWarning,
    )


def _stat_blocks(blocks: list[Sequence[bytes]]) -> Iterator[_TimesAndSizes | None]:
    """Ask for blocks of files, several at a time: network file systems answer slowly.

    Yields None for a block whose files must be asked for one by one.
    """
    if len(blocks) <= 1:
        yield from (None for _ in blocks)
        return
    # Arrow asks without holding the GIL.
    from concurrent.futures import ThreadPoolExecutor

    import pyarrow.fs

    with ThreadPoolExecutor(_STAT_WORKERS) as pool:
        ask = pyarrow.fs.LocalFileSystem().get_file_info
        yield from pool.map(partial(_stat_regular_files, ask), blocks)


def _stat_regular_files(
    ask: Callable[[Sequence[bytes]], list[Any]], keys: Sequence[bytes]
) -> _TimesAndSizes | None:
    """Ask for a block of files; None when some are not regular files."""
    try:
        files = ask(list(keys))
    except (OSError, ValueError):
        return None
    mtime_ns, sizes = [file.mtime_ns for file in files], [file.size for file in files]
    # Arrow gives no size to what is not a regular file, and no time to 1 ns before 1970.
    return None if None in sizes or None in mtime_ns else (mtime_ns, sizes)


def _stat_file(key: bytes) -> os.stat_result | Cause:
    """Ask for one file; a cause when it is not a regular file."""
    try:
        status = os.stat(key)
    except (OSError, ValueError) as error:
        return cause_of(error)
    if stat.S_ISREG(status.st_mode):
        return status
    return Cause.FOLDER if stat.S_ISDIR(status.st_mode) else Cause.NOT_A_FILE


def cause_of(error: OSError | ValueError) -> Cause:
    """Translate an error of the file system into a cause."""
    if isinstance(error, ValueError):  # a name with a NUL, which no file can have
        return Cause.MISSING
    if error.errno == errno.ELOOP:
        return Cause.LINK_LOOP
    if error.errno == errno.ENAMETOOLONG:  # no file can have such a name
        return Cause.MISSING
    for kind, cause in _CAUSE_OF_ERROR:
        if isinstance(error, kind):
            return cause
    return Cause.DISK_ERROR


def _read_again(
    descriptor: int, before: os.stat_result, start: int, end: int, start_ns: int
) -> Content:
    """Read the bytes from `start` to `end`, and compare time and size before and after."""
    os.lseek(descriptor, start, os.SEEK_SET)
    is_part = end < before.st_size
    # One byte more than there should be, to notice that the file has grown.
    n_bytes = max(end - start, 0) + (not is_part)
    data = b""
    while len(data) < n_bytes and (more := os.read(descriptor, n_bytes - len(data))):
        data += more
    after = os.fstat(descriptor)
    is_stable = (
        before.st_mtime_ns == after.st_mtime_ns
        and before.st_size == after.st_size
        and (is_part or after.st_size == start + len(data))
        and is_settled(before.st_mtime_ns, start_ns)
    )
    return Content(data, after.st_mtime_ns, after.st_size, is_stable)


def _is_long_settled(status: os.stat_result, start_ns: int) -> bool:
    """Tell whether a file last changed so long before a time that no change can hide."""
    changed_ns = max(status.st_mtime_ns, status.st_ctime_ns)
    return _HAS_CHANGE_TIMES and changed_ns < start_ns and is_settled(changed_ns, start_ns)


def is_settled(mtime_ns: int, now_ns: int) -> bool:
    """Tell whether any change of a file from now on would show in its modification time.

    A file can be written twice within one tick of the file system's clock, and keep its time and
    perhaps its size. Times of file systems that keep whole seconds end in zeros; the clocks of
    others tick with the kernel, at least every 10 ms.
    """
    tick_ns = _COARSE_TICK_NS if mtime_ns % 10**9 == 0 else _FINE_TICK_NS
    return abs(now_ns - mtime_ns) > tick_ns
