"""Folders of items."""

import os
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ..records import IntArray, PackedKeys, decode_path, pack_paths, unpack
from .locations import to_key

# Paths that are looked at at a time.
_BLOCK = 1 << 16
# Which letters separate folders; the name behind the last of them does not matter.
_SEPARATES = np.isin(np.arange(256), list(b"/" if os.name == "posix" else b"/\\:"))
_ANY_NAME = "x"


def name_folder(path: str) -> str:
    """Name the folder of a path as the caller spelt it."""
    return os.path.dirname(path) or os.curdir


def number_folders(paths: Sequence[str]) -> IntArray:
    """Give each path the number of its folder, shape (n,), in order of first appearance.

    Different spellings of one folder get one number.
    """
    packed = pack_paths(paths)
    id_of: dict[bytes, int] = {}
    id_of_beginning: dict[bytes, int] = {}
    numbers = np.empty(len(paths), dtype=np.int64)
    for start in range(0, len(paths), _BLOCK):
        stop = min(start + _BLOCK, len(paths))
        encoded = _cut_names(packed.pack(np.arange(start, stop))).dictionary_encode()
        own = []
        for beginning in PackedKeys(encoded.dictionary):
            if beginning not in id_of_beginning:
                key = to_key(name_folder(decode_path(beginning) + _ANY_NAME))
                id_of_beginning[beginning] = id_of.setdefault(key, len(id_of))
            own.append(id_of_beginning[beginning])
        numbers[start:stop] = np.array(own)[unpack(encoded.indices)]
    return numbers


def _cut_names(paths: pa.LargeBinaryArray) -> pa.LargeBinaryArray:
    """Cut paths behind the last letter that separates folders."""
    _, offsets, data = paths.buffers()
    ends = np.frombuffer(offsets, np.int64)[paths.offset : paths.offset + len(paths) + 1]
    letters = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]]
    ends = ends - ends[0]
    breaks = np.flatnonzero(_SEPARATES[letters]) + 1
    # The last break before each path's end, unless it is one of an earlier path.
    last = np.append(0, breaks)[np.searchsorted(breaks, ends[1:], side="right")]
    lengths = np.maximum(last - ends[:-1], 0)
    is_kept = np.arange(len(letters)) < np.repeat(ends[:-1] + lengths, np.diff(ends))
    cut = np.append(0, np.cumsum(lengths))
    buffers = [None, pa.py_buffer(cut), pa.py_buffer(letters[is_kept])]
    return pa.Array.from_buffers(pa.large_binary(), len(paths), buffers)


def split_folders(keys: Sequence[bytes]) -> list[IntArray]:
    """List the places of each folder's keys, sorted by name whatever their order in `keys`."""
    places_of: dict[bytes, list[int]] = {}
    for place in sorted(range(len(keys)), key=keys.__getitem__):
        places_of.setdefault(os.path.dirname(keys[place]), []).append(place)
    return [np.array(places, dtype=np.int64) for places in places_of.values()]
