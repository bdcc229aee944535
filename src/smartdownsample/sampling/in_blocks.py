"""Sums over all places, a block at a time: exactly what `numpy.bincount` gives, in less memory.

`numpy.bincount` adds up from the first place to the last, and makes copies of its keys meanwhile.
Here the sums are carried from block to block, so that they are the same to the last bit.
"""

from collections.abc import Iterator

import numpy as np

from ..records import BoolArray, Float64Array, IntArray, NumberArray

# Places that are looked at at a time: collections of fewer are done in one go.
_BLOCK = 1 << 19


def split_places(n: int) -> Iterator[slice]:
    """Split n places into blocks."""
    return (slice(start, min(start + _BLOCK, n)) for start in range(0, n, _BLOCK))


def sum_by(keys: NumberArray, weights: np.ndarray, n_keys: int) -> Float64Array:
    """Add up the weights of each key, shape (n_keys,), from the first place to the last.

    ``keys``, shape (n,), are below `n_keys`; ``weights``, shape (n,), are of any type of number.
    """
    sums = np.zeros(n_keys)
    for number, some in enumerate(split_places(len(keys))):
        if n_keys == 1:
            block = weights[some].astype(np.float64)
            block[0] += sums[0]
            sums[0] = np.cumsum(block, out=block)[-1]
        elif number == 0:
            sums = np.bincount(keys[some], weights[some], minlength=n_keys).astype(np.float64)
        else:
            np.add.at(sums, keys[some], weights[some])
    return sums


def count_by(keys: NumberArray, n_keys: int, where: BoolArray | None = None) -> IntArray:
    """Count the places of each key, shape (n_keys,), or those of them that `where` marks."""
    counts = np.zeros(n_keys, dtype=np.int64)
    for some in split_places(len(keys)):
        if n_keys == 1:
            counts += (some.stop - some.start) if where is None else np.count_nonzero(where[some])
        else:
            own = keys[some] if where is None else keys[some][where[some]]
            counts += np.bincount(own, minlength=n_keys)
    return counts


def find_nth(is_true: BoolArray, numbers: IntArray) -> IntArray:
    """Find the places of the marked ones with some numbers, counted from 0; they ascend."""
    places = np.empty(len(numbers), dtype=np.int64)
    n_before = n_found = 0
    for some in split_places(len(is_true)):
        marked = np.flatnonzero(is_true[some])
        n_until = int(np.searchsorted(numbers, n_before + len(marked)))
        own = slice(n_found, n_until)
        places[own] = some.start + marked[numbers[own] - n_before]
        n_before, n_found = n_before + len(marked), n_until
    return places
