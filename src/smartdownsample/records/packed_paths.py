"""Many paths in one Arrow array: Python objects are made only of those that are looked at.

A string takes some 60 bytes beside its letters, and a list of ten million of them a gigabyte. These
sequences stand in for lists of strings and of bytes; they compare equal to such lists.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Generic, TypeVar, overload

import numpy as np
import pyarrow as pa

from .arrays import ByteArray, IntArray
from .arrow import join_bytes, pack_bytes, pack_values
from .mapped_columns import let_go, split_scattered

if TYPE_CHECKING:
    from typing_extensions import Self

_T = TypeVar("_T", str, bytes)

# Objects that are made at a time when all are looked at.
_BLOCK = 4096


class _Packed(Sequence[_T], Generic[_T]):
    """Values of one Arrow array, in the order of some places of it.

    Parameters
    ----------
    array : pyarrow.LargeBinaryArray
        The values as bytes; none is null.
    places : ndarray of int64, shape (n,), optional
        Which value each element is; by default all values, as they follow one another.
    mapped : tuple of ndarray
        The columns that `array` is made of, where these are mapped files.
    """

    def __init__(
        self,
        array: pa.LargeBinaryArray,
        places: IntArray | None = None,
        mapped: tuple[np.ndarray, ...] = (),
    ) -> None:
        self._array = array
        self._mapped = mapped
        self.places = places
        _, offsets, data = array.buffers()
        ends = np.frombuffer(offsets or bytes(8), dtype=np.int64)
        self._ends = ends[array.offset : array.offset + len(array) + 1]
        self._data = memoryview(data or b"")

    @classmethod
    def of_columns(cls, letters: ByteArray, ends: IntArray) -> "Self":
        """Make values of all their bytes, and of where each ends; a 0 comes before the first."""
        return cls(join_bytes(letters, ends), mapped=(letters, ends))

    @staticmethod
    def _split(data: bytes, starts: list[int], ends: list[int]) -> list[_T]:
        """Make the values of stretches of bytes, which follow one another."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self._array) if self.places is None else len(self.places)

    @overload
    def __getitem__(self, place: int) -> _T: ...

    @overload
    def __getitem__(self, place: slice) -> "Self": ...

    def __getitem__(self, place: "int | slice") -> "_T | Self":
        if isinstance(place, slice):
            return self.take(np.arange(*place.indices(len(self))))
        if not -len(self) <= place < len(self):
            msg = f"There are {len(self):,} paths, and none at {place:,}."
            raise IndexError(msg)
        place = place % len(self)
        own = place if self.places is None else int(self.places[place])
        data = bytes(self._data[self._ends[own] : self._ends[own + 1]])
        return self._split(data, [0], [len(data)])[0]

    def __iter__(self) -> Iterator[_T]:
        starts = range(0, len(self), _BLOCK)
        blocks = (np.arange(start, min(start + _BLOCK, len(self))) for start in starts)
        # Unlike a generator, this takes no step of the interpreter for each value.
        return chain.from_iterable(map(self.list_some, blocks))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (list, _Packed)):
            return len(self) == len(other) and list(self) == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment] # as lists have none

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self):,}>"

    def __reduce__(self) -> "tuple[type[Self], tuple[pa.LargeBinaryArray]]":
        # Pickles and copies have the bytes, but no places and no mapped file.
        return type(self), (self.pack(),)

    def list_some(self, places: IntArray) -> list[_T]:
        """List the values at some places, in the given order."""
        if not len(places):
            return []
        own = places if self.places is None else self.places[places]
        blocks = list(split_scattered(own)) if self._mapped else []
        if len(blocks) > 1:
            return [value for some in blocks for value in self.list_some(places[some])]
        if not _follow_one_another(own):
            return type(self)(self.pack(places)).list_some(np.arange(len(own)))
        # Stretches of one string of bytes are made without a call for each.
        first, last = int(own[0]), int(own[-1]) + 1
        ends = (self._ends[first : last + 1] - self._ends[first]).tolist()
        data = bytes(self._data[self._ends[first] : self._ends[last]])
        self._let_go()
        return self._split(data, ends[:-1], ends[1:])

    def take(self, places: IntArray) -> "Self":
        """Take the values at some places; the bytes are shared."""
        own = places if self.places is None else self.places[places]
        return type(self)(self._array, own, self._mapped)

    def pack(self, places: IntArray | None = None) -> pa.LargeBinaryArray:
        """Pack the values at some places, or all of them, into an Arrow array."""
        own = places
        if self.places is not None:
            own = self.places if places is None else self.places[places]
        if own is None:
            return self._array
        if _follow_one_another(own):
            self._let_go()  # of what was looked at before: these are not looked at here
            return self._array.slice(int(own[0]), len(own))
        taken = self._array.take(pack_values(own, pa.int64()))
        self._let_go()
        return taken

    def _let_go(self) -> None:
        """Free the memory of what was looked at, where the array is of mapped columns."""
        for column in self._mapped:
            let_go(column)


def _follow_one_another(places: IntArray) -> bool:
    """Tell whether places, shape (n,), are consecutive; no places are not."""
    n = len(places)
    return n > 0 and places[-1] - places[0] == n - 1 and bool((np.diff(places) == 1).all())


class PackedKeys(_Packed[bytes]):
    """Keys of files, as a sequence of bytes."""

    @staticmethod
    def _split(data: bytes, starts: list[int], ends: list[int]) -> list[bytes]:
        return [data[start:end] for start, end in zip(starts, ends, strict=True)]


class PackedPaths(_Packed[str]):
    """Paths as people spell them, as a sequence of strings."""

    @staticmethod
    def _split(data: bytes, starts: list[int], ends: list[int]) -> list[str]:
        pairs = zip(starts, ends, strict=True)
        if data.isascii():
            text = data.decode("ascii")
            return [text[start:end] for start, end in pairs]
        return [decode_path(data[start:end]) for start, end in pairs]


def encode_path(path: str) -> bytes:
    """Encode any string so that `PackedPaths` gives the same string back."""
    return path.encode("utf-8", "surrogatepass")


def decode_path(path: bytes) -> str:
    """Decode what `encode_path` has made."""
    return path.decode("utf-8", "surrogatepass")


def pack_paths(paths: Sequence[str]) -> PackedPaths:
    """Pack paths as people spell them."""
    if isinstance(paths, PackedPaths):
        return paths
    return PackedPaths(pack_bytes(list(map(encode_path, paths))))


def pack_keys(keys: Sequence[bytes]) -> PackedKeys:
    """Pack keys of files."""
    return keys if isinstance(keys, PackedKeys) else PackedKeys(pack_bytes(keys))


@overload
def list_some(values: Sequence[str], places: IntArray) -> list[str]: ...


@overload
def list_some(values: Sequence[bytes], places: IntArray) -> list[bytes]: ...


def list_some(
    values: "Sequence[str] | Sequence[bytes]", places: IntArray
) -> "list[str] | list[bytes]":
    """List the values at some places of a list or a packed sequence."""
    if isinstance(values, (PackedPaths, PackedKeys)):
        return values.list_some(places)
    return [values[place] for place in places.tolist()]
