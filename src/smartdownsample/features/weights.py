"""Weights of Lanczos resampling, computed once for each length."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import numpy as np

from ..records import Float64Array

_Weights = TypeVar("_Weights")

# Lobes of the Lanczos kernel, Pillow's LANCZOS.
_LOBES = 3
# Weights that each function keeps: of the lengths that crops of up to 640 pixels have, all.
_MOST_KEPT_BYTES = 2**26


def keep_weights(compute: Callable[..., _Weights]) -> Callable[..., _Weights]:
    """Keep weights, as far as there is room for those used last; pictures share lengths often.

    Parameters
    ----------
    compute : callable
        Takes whole numbers and gives arrays, lists or tuples of them.

    Returns
    -------
    callable
        Gives the same; what it gives must not be changed.
    """
    kept: dict[tuple[int, ...], _Weights] = {}
    lock = threading.Lock()
    n_bytes = 0

    @wraps(compute)
    def find(*lengths: int) -> _Weights:
        nonlocal n_bytes
        with lock:
            if lengths in kept:
                # The one used last stands last.
                kept[lengths] = kept.pop(lengths)
                return kept[lengths]
        weights = compute(*lengths)
        with lock:
            if lengths not in kept and _count_bytes(weights) <= _MOST_KEPT_BYTES:
                kept[lengths] = weights
                n_bytes += _count_bytes(weights)
            while n_bytes > _MOST_KEPT_BYTES:
                n_bytes -= _count_bytes(kept.pop(next(iter(kept))))
        return weights

    return find


def _count_bytes(weights: object) -> int:
    """Count the bytes of all arrays."""
    if isinstance(weights, list | tuple):
        return sum(map(_count_bytes, weights))
    return weights.nbytes if isinstance(weights, np.ndarray) else 0


def compute_weights(n_in: int, *n_outs: int) -> Float64Array:
    """Compute how much each of some inputs adds to each output of Lanczos resamplings.

    Parameters
    ----------
    n_in : int
        Pixels before.
    *n_outs : int
        Pixels after, of each resampling.

    Returns
    -------
    ndarray of float64, shape (sum(n_outs), n_in)
        Weights, one resampling below the other; those of an output add up to 1.
    """
    scale = (n_in / np.repeat(n_outs, n_outs))[:, np.newaxis]
    stretch = np.maximum(scale, 1)
    numbers = np.concatenate([np.arange(n_out) for n_out in n_outs])
    centres = (numbers[:, np.newaxis] + 0.5) * scale
    starts = np.maximum((centres - _LOBES * stretch + 0.5).astype(np.int64), 0)
    stops = np.minimum((centres + _LOBES * stretch + 0.5).astype(np.int64), n_in)
    places = np.arange(n_in)
    is_near = (places >= starts) & (places < stops)
    distances = ((places + 0.5 - centres) / stretch)[is_near]
    weights = np.zeros(is_near.shape)
    weights[is_near] = np.sinc(distances) * np.sinc(distances / _LOBES)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights
