"""Series: what people told apart by folders and by the words that names begin with.

Photos sorted by species, as ``Abyssinian_127.jpg`` or ``owls/3f9c.jpg``, may look no more alike
than others. Numbers, and letters that are drawn by lot, are no words.
"""

import os
import re
from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc

from ..records import BoolArray, IntArray, PackedKeys, decode_path, pack_paths, unpack

# Fewer series have their shares of the picks anyhow, and need no order.
_MIN_SERIES = 10
# Share of the images whose names begin as those of others do, where beginnings count.
_MOST_NAMED = 0.5
_WORD = re.compile(r"[^\W\d_]{3}")
# What follows the words of a name, and what stands for it.
_NUMBER = r"[0-9][^/]*$" if os.name == "posix" else r"[0-9][^/\\]*$"
_MARK = "0"
# Paths that are looked at at a time.
_BLOCK = 1 << 16


def number_series(paths: Sequence[str]) -> IntArray:
    """Find the series of each path, int64, shape (n,); 0 where there is none, or where all have.

    Those of a series are of the same folder and begin with the same words, up to the first digit.
    Folders and beginnings without three letters in a row do not count, and beginnings only where
    half of all images share theirs with others. Without ten series of two images or more, there
    are none.
    """
    packed = pack_paths(paths)
    number_of = {("", ""): 0}
    numbers = np.empty(len(paths), dtype=np.int64)
    for start in range(0, len(paths), _BLOCK):
        stop = min(start + _BLOCK, len(paths))
        cut = pc.replace_substring_regex(packed.pack(np.arange(start, stop)), _NUMBER, _MARK)
        encoded = cut.dictionary_encode()
        names = (_name_series(decode_path(each)) for each in PackedKeys(encoded.dictionary))
        own = [number_of.setdefault(name, len(number_of)) for name in names]
        numbers[start:stop] = np.array(own)[unpack(encoded.indices)]
    has_words = np.array([name != "" for _, name in number_of])
    is_named = (has_words & _find_shared(numbers, len(number_of)))[numbers]
    if is_named.sum() < _MOST_NAMED * len(paths):
        folder_of = {"": 0}
        folders = [folder_of.setdefault(folder, len(folder_of)) for folder, _ in number_of]
        numbers = np.array(folders)[numbers]
    is_series = _find_shared(numbers, len(number_of))
    is_series[0] = False
    if is_series.sum() < _MIN_SERIES:
        return np.zeros(len(paths), dtype=np.int64)
    return np.where(is_series[numbers], numbers, 0)


def _find_shared(numbers: IntArray, n: int) -> BoolArray:
    """Find which of n numbers several images have, shape (n,)."""
    return np.asarray(np.bincount(numbers, minlength=n) > 1)


def _name_series(beginning: str) -> tuple[str, str]:
    """Name the series of a path of which all from the first digit of the name on is cut."""
    folder, name = os.path.split(beginning)
    has_words = name.endswith(_MARK) and _WORD.search(name)
    return folder if _WORD.search(os.path.basename(folder)) else "", name if has_words else ""
