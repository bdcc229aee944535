"""Columns that lie in files without names and are looked at as arrays.

A hundred million rows take more memory than most machines have, and a selection looks at few of
them again. The system reads what is looked at, and forgets it when memory is short or `let_go` says
so. The files are gone when nothing refers to them any more, however the process ends.
"""

import mmap
import os
import tempfile
from collections.abc import Iterator
from typing import IO

import numpy as np
import numpy.typing as npt

# Values that are copied at a time when they follow one another, and when they lie anywhere: around
# each of these the system brings 64 KiB, or 2 MiB where it keeps files in pages of that size.
_BLOCK = 1 << 16
_SCATTERED = 1 << 6


class ColumnFile:
    """A column that is written block by block, and mapped when it is complete.

    Parameters
    ----------
    dtype : numpy.dtype
        Of the values.
    folder : path
        Where the file lies, on a disk with room for it.
    """

    def __init__(self, dtype: npt.DTypeLike, folder: "str | os.PathLike[str]") -> None:
        self._dtype = np.dtype(dtype)
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`
        self.n_written = 0

    def append(self, values: np.ndarray) -> None:
        """Write some more values, shape (n,)."""
        plain = np.ascontiguousarray(values, dtype=self._dtype)
        if len(plain):
            self._file.write(plain.view(np.uint8).data)
        self.n_written += len(plain)

    def map(self) -> np.ndarray:
        """Look at all values as an array, which cannot be written to; shape (n,)."""
        self._file.flush()
        if not self.n_written:
            return np.zeros(0, dtype=self._dtype)
        mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(mapped, dtype=self._dtype)

    def close(self) -> None:
        """Close the file; what is mapped can still be looked at."""
        self._file.close()


def let_go(values: np.ndarray) -> None:
    """Free the memory of what was looked at of a mapped column; of other arrays nothing."""
    mapped = _find_map(values)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def _find_map(values: object) -> mmap.mmap | None:
    """Find the map that an array is a view of, if it is of one."""
    while isinstance(values, np.ndarray):
        values = values.base
    if isinstance(values, memoryview):
        values = values.obj
    return values if isinstance(values, mmap.mmap) else None


def take_rows(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Take some rows, in the given order, without keeping all of a mapped column in memory."""
    if _find_map(rows) is None:
        return np.asarray(rows[places])
    taken = np.empty(len(places), dtype=rows.dtype)
    for some in split_scattered(places):
        taken[some] = rows[places[some]]
        let_go(rows)
    return taken


def split_scattered(places: np.ndarray) -> Iterator[slice]:
    """Split places of a mapped column, in any order, so that memory has room for each stretch."""
    is_ascending = bool((places[1:] >= places[:-1]).all())
    start = 0
    while start < len(places):
        stop = start + _SCATTERED
        if is_ascending:
            stop = max(stop, int(np.searchsorted(places, places[start] + _BLOCK)))
        yield slice(start, stop)
        start = stop


def take_field(rows: np.ndarray, name: str) -> np.ndarray:
    """Take one field of all rows: a view, or, of a mapped column, a copy."""
    if _find_map(rows) is None:
        return np.asarray(rows[name])
    taken = np.empty(len(rows), dtype=rows.dtype[name])
    for start in range(0, len(rows), _BLOCK):
        some = slice(start, start + _BLOCK)
        taken[some] = rows[name][some]
        let_go(rows)
    return taken
