"""Files of this machine: which there are, their states, and their bytes."""

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
from .storage import Content

# Files whose states are asked for together, and how many times at once.
_STAT_BLOCK = 1024
_STAT_WORKERS = 4
# Modification times in nanoseconds and sizes in bytes.
_States: TypeAlias = tuple[list[int], list[int]]
_CAUSE_OF_ERROR: tuple[tuple[type[OSError], Cause], ...] = (
    (FileNotFoundError, Cause.MISSING),
    (NotADirectoryError, Cause.MISSING),
    (PermissionError, Cause.PERMISSION),
    (IsADirectoryError, Cause.FOLDER),
)

# A pipe that took a file's place must not make the reader wait.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
# Most small images are read at once, with one question for their state.
_FIRST_BYTES = 2**16 + 2**12
# Larger files are no photos; reading one would eat the memory.
MAX_FILE_BYTES = 2**30
# Whether ``st_ctime`` is the time of the last change of any kind, which nobody can set; on Windows
# it is that of the creation.
_KNOWS_CHANGES = os.name == "posix"
_COARSE_TICK_NS = 2 * 10**9
_FINE_TICK_NS = 50 * 10**6


class LocalFiles:
    """The file systems of this machine, see `smartdownsample.items.storage.Storage`."""

    def list(self, folder: str) -> Iterator[str]:
        """Yield the paths of all files below a folder, without following links to folders."""
        for parent, folders, names in os.walk(folder, onerror=_warn_unreadable):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                if not name.startswith("."):
                    yield os.path.join(parent, name)

    def stat(self, keys: Sequence[bytes]) -> FileStats:
        """Ask for the states of files; whatever is no regular file gets a cause."""
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

    def read(self, location: str, start: int = 0, stop: int | None = None) -> Content | Cause:
        """Read bytes of a file, and notice when somebody changes it meanwhile."""
        start_ns = time.time_ns()
        try:
            # Plain system calls: few of them, since each gives up the interpreter to others.
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
        except OSError as error:
            return cause_of(error)
        except MemoryError:
            return Cause.MEMORY


def _warn_unreadable(error: OSError) -> None:
    warn_user(
        f"Folder {error.filename!r} cannot be read ({error.strerror}); its images are missing.",
        ImageLoadingWarning,
    )


def _stat_blocks(blocks: list[Sequence[bytes]]) -> Iterator[_States | None]:
    """Ask for blocks of files, several at a time: over a network each question takes a while."""
    if len(blocks) <= 1:
        yield from (None for _ in blocks)
        return
    # Arrow asks for a block without the interpreter, which threads would wait for.
    from concurrent.futures import ThreadPoolExecutor

    import pyarrow.fs

    with ThreadPoolExecutor(_STAT_WORKERS) as pool:
        ask = pyarrow.fs.LocalFileSystem().get_file_info
        yield from pool.map(partial(_stat_regular_files, ask), blocks)


def _stat_regular_files(
    ask: Callable[[Sequence[bytes]], list[Any]], keys: Sequence[bytes]
) -> _States | None:
    """Ask for a block of files; None when some are no regular files."""
    try:
        files = ask(keys)
    except (OSError, ValueError):
        return None
    mtime_ns, sizes = [file.mtime_ns for file in files], [file.size for file in files]
    # Arrow knows no size of what is no regular file, and no time of one nanosecond before 1970.
    return None if None in sizes or None in mtime_ns else (mtime_ns, sizes)


def _stat_file(key: bytes) -> os.stat_result | Cause:
    """Ask for one file, which may be anything."""
    try:
        status = os.stat(key)
    except OSError as error:
        return cause_of(error)
    except ValueError:  # a NUL character: no file can be called that
        return Cause.MISSING
    if stat.S_ISREG(status.st_mode):
        return status
    return Cause.FOLDER if stat.S_ISDIR(status.st_mode) else Cause.NOT_A_FILE


def cause_of(error: OSError) -> Cause:
    """Name the cause that an error of the file system stands for."""
    if error.errno == errno.ELOOP:
        return Cause.LINK_LOOP
    if error.errno == errno.ENAMETOOLONG:  # nothing can be called that
        return Cause.MISSING
    for kind, cause in _CAUSE_OF_ERROR:
        if isinstance(error, kind):
            return cause
    return Cause.DISK_ERROR


def _read_again(
    descriptor: int, before: os.stat_result, start: int, end: int, start_ns: int
) -> Content:
    """Read the bytes from `start` to `end`, and compare the file's state before and after."""
    os.lseek(descriptor, start, os.SEEK_SET)
    n_bytes, is_part = max(end - start, 0), end < before.st_size
    data = os.read(descriptor, n_bytes if is_part else n_bytes + 1)
    while len(data) < n_bytes and (more := os.read(descriptor, n_bytes - len(data) + 1)):
        data += more
    after = os.fstat(descriptor)
    is_stable = (
        before.st_mtime_ns == after.st_mtime_ns
        and before.st_size == after.st_size
        and (is_part or after.st_size == max(start, start + len(data)))
        and is_settled(before.st_mtime_ns, start_ns)
    )
    return Content(data, after.st_mtime_ns, after.st_size, is_stable)


def _is_long_settled(status: os.stat_result, start_ns: int) -> bool:
    """Tell from one look at a file whether it has been as it is since before a time."""
    changed_ns = max(status.st_mtime_ns, status.st_ctime_ns)
    return _KNOWS_CHANGES and changed_ns < start_ns and is_settled(changed_ns, start_ns)


def is_settled(mtime_ns: int, now_ns: int) -> bool:
    """Tell whether any change of a file from now on would show in its modification time.

    A file that was written a moment ago can be written again within one tick of the file
    system's clock, and keep its time and perhaps its size. File systems that keep whole seconds
    (some of them even ones: FAT) show it by the zeros; the others tick with the kernel, at least
    every 10 ms.
    """
    tick_ns = _COARSE_TICK_NS if mtime_ns % 10**9 == 0 else _FINE_TICK_NS
    return abs(now_ns - mtime_ns) > tick_ns
