"""Ranks and numbers within sets of items that share a key, and keys that belong together.

Keys are int32 or int64, shape (n,), at least 0, in any order.
"""

import numpy as np
import numpy.typing as npt

from ..records import IntArray, NumberArray


def list_distinct(values: npt.NDArray[np.int64]) -> IntArray:
    """List the distinct values, ascending, as `numpy.unique` does, which imports much for it."""
    ordered = np.sort(values)
    is_first = np.ones(len(ordered), dtype=np.bool_)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return np.asarray(ordered[is_first])


def count_distinct(keys: NumberArray, values: IntArray, n_keys: int) -> IntArray:
    """Count the distinct values of each key, shape (n_keys,); values are at least 0."""
    n_values = int(values.max(initial=0)) + 1
    return np.bincount(
        list_distinct(keys.astype(np.int64) * n_values + values) // n_values, minlength=n_keys
    )


def rank_within(keys: NumberArray, values: npt.NDArray[np.int64 | np.float64]) -> IntArray:
    """Rank each value among those of its key, shape (n,): 0 is the smallest, ties by position."""
    return number_within(keys, np.lexsort((values, keys)))


def number_within(keys: NumberArray, order: IntArray) -> IntArray:
    """Give the items of each key numbers from 0, as `order` lists them, shape (n,).

    ``order`` lists all items, those of one key together.
    """
    is_start = np.diff(keys[order], prepend=-1) != 0
    starts = np.maximum.accumulate(np.where(is_start, np.arange(len(keys)), 0))
    numbers = np.empty(len(keys), dtype=np.int64)
    numbers[order] = np.arange(len(keys)) - starts
    return numbers


def pair_up(
    keys: NumberArray, from_: IntArray, to: IntArray, values: IntArray
) -> tuple[IntArray, IntArray]:
    """Pair items with others of the same key: the first with the first, and so on.

    ``from_`` are in order already, of `to` those with the smallest values come first. Items that
    are left over have no pair.
    """
    own, others = keys[from_].astype(np.int64), keys[to].astype(np.int64)
    from_keys = own << 32 | rank_within(own, np.arange(len(from_)))
    to_keys = others << 32 | rank_within(others, values)
    _, a, b = np.intersect1d(from_keys, to_keys, assume_unique=True, return_indices=True)
    return from_[a], to[b]


def number_joined(pairs: list[list[int]], n: int) -> IntArray:
    """Give keys that pairs connect one number, in order of the first: shape (n,)."""
    first_of = list(range(n))

    def find_first(key: int) -> int:
        while first_of[key] != key:
            first_of[key] = first_of[first_of[key]]
            key = first_of[key]
        return key

    for pair in pairs:
        one, other = sorted(map(find_first, pair))
        first_of[other] = one
    return np.unique([find_first(key) for key in range(n)], return_inverse=True)[1]
