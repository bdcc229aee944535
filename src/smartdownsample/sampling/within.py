"""Ranks and random orders among items of the same key."""

import numpy as np
import numpy.typing as npt

from ..records import IntArray


def rank_within(keys: IntArray, values: npt.NDArray[np.int64 | np.float64]) -> IntArray:
    """Rank values, from the smallest, among those of the same key.

    Parameters
    ----------
    keys : ndarray of int64, shape (n,)
        At least 0.
    values : ndarray, shape (n,)
        Of equal values the first ranks first.

    Returns
    -------
    ndarray of int64, shape (n,)
        From 0.
    """
    return number_within(keys, np.lexsort((values, keys)))


def number_within(keys: IntArray, order: IntArray) -> IntArray:
    """Give items numbers among those of the same key.

    Parameters
    ----------
    keys : ndarray of int64, shape (n,)
        At least 0.
    order : ndarray of int64, shape (n,)
        Lists all items key by key, as they are to be numbered.

    Returns
    -------
    ndarray of int64, shape (n,)
        From 0.
    """
    is_start = np.diff(keys[order], prepend=-1) != 0
    starts = np.maximum.accumulate(np.where(is_start, np.arange(len(keys)), 0))
    numbers = np.empty(len(keys), dtype=np.int64)
    numbers[order] = np.arange(len(keys)) - starts
    return numbers


def shuffle_within(keys: IntArray, rng: np.random.Generator) -> IntArray:
    """List items key by key, those of one key in random order.

    Parameters
    ----------
    keys : ndarray of int64, shape (n,)
        At least 0.
    rng : numpy.random.Generator
        Draws the order.

    Returns
    -------
    ndarray of int64, shape (n,)
        Each item once.
    """
    # Key, drawn number and item in one number each, so that plain sorting does it all.
    n_item_bits = len(keys).bit_length()
    n_draw_bits = 63 - n_item_bits - int(keys.max(initial=0)).bit_length()
    drawn = (rng.random(len(keys)) * 2.0**n_draw_bits).astype(np.int64)
    joined = (keys << n_draw_bits | drawn) << n_item_bits | np.arange(len(keys))
    joined.sort()
    return np.asarray(joined & ((1 << n_item_bits) - 1))
