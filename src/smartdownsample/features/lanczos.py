"""Weights of Lanczos resampling, computed once for each length."""

import math
import threading
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import numpy as np

from ..records import Float64Array

_WeightsT = TypeVar("_WeightsT")

# Lobes of the Lanczos kernel, as in Pillow's LANCZOS.
_LOBES = 3
# Bytes of weights that each function keeps: enough for all sides of crops of up to 640 pixels.
_MAX_KEPT_BYTES = 3 * 2**25


def keep_weights(compute: Callable[..., _WeightsT]) -> Callable[..., _WeightsT]:
    """Cache a function of whole numbers: like `functools.lru_cache`, with a limit in bytes.

    The function gives arrays, or lists or tuples of them. They are shared: do not change them.
    """
    kept: dict[tuple[int, ...], _WeightsT] = {}
    lock = threading.Lock()
    n_bytes = 0

    @wraps(compute)
    def find(*lengths: int) -> _WeightsT:
        nonlocal n_bytes
        with lock:
            found = kept.pop(lengths, None)
            if found is not None:
                # A dict keeps the order of insertion: the one used last stands last.
                kept[lengths] = found
                return found
        weights = compute(*lengths)
        with lock:
            if lengths not in kept and _count_bytes(weights) <= _MAX_KEPT_BYTES:
                kept[lengths] = weights
                n_bytes += _count_bytes(weights)
            while n_bytes > _MAX_KEPT_BYTES:
                n_bytes -= _count_bytes(kept.pop(next(iter(kept))))
        return weights

    return find


def _count_bytes(weights: object) -> int:
    """Count the bytes of all arrays."""
    if isinstance(weights, list | tuple):
        return sum(map(_count_bytes, weights))
    return weights.nbytes if isinstance(weights, np.ndarray) else 0


def compute_weights(n_in: int, *n_outs: int) -> Float64Array:
    """Compute the weights that resample `n_in` pixels to each of `n_outs`, one below the other.

    Shape (sum(n_outs), n_in); each row adds up to 1. The filter is antialiased: its support grows
    as the picture shrinks. C. E. Duchon, "Lanczos Filtering in One and Two Dimensions", Journal of
    Applied Meteorology 18 (1979),
    https://doi.org/10.1175/1520-0450(1979)018<1016:LFIOAT>2.0.CO;2
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
    weights[is_near] = _filter(distances)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def estimate_weights(n_in: int, *n_outs: int) -> Float64Array:
    """Compute what `compute_weights` does but for the last digits, in a fraction of its time.

    Only for shrinking. Distances are multiples of 1 / (2 n_in), so that one table has the filter at
    all of them, for all outputs; the second half of the outputs mirrors the first.
    """
    halves = [(n_out + 1) // 2 for n_out in n_outs]
    outs = np.repeat(n_outs, halves)[:, np.newaxis]
    numbers = np.concatenate([np.arange(half) for half in halves])[:, np.newaxis]
    steps = np.arange(1, 2 * n_in, 2) * outs
    steps -= (2 * numbers + 1) * n_in
    weights: Float64Array = _tabulate_filter(n_in).take(np.abs(steps, out=steps), mode="clip")
    weights /= weights.sum(axis=1, keepdims=True)
    parts, first = [], 0
    for n_out, half in zip(n_outs, halves, strict=True):
        parts += [weights[first : first + half], weights[first : first + n_out // 2][::-1, ::-1]]
        first += half
    return np.concatenate(parts)


def _tabulate_filter(n_in: int) -> Float64Array:
    """Compute the filter at distances of 0, 1 / (2 n_in), ..., 3, with few sines.

    With x a third of the angle, sin 3x = (3 - 4 sin² x) sin x; sin² is the same from both ends.
    """
    n_steps = 2 * n_in * _LOBES
    angles = np.arange(1, n_steps + 1) * (math.pi / n_steps)
    squares = np.sin(angles[: n_steps // 2]) ** 2
    squares = np.concatenate([squares, squares[-2::-1], [0]])
    table = np.ones(n_steps + 1)
    np.divide((1 - 4 / 3 * squares) * squares, angles**2, out=table[1:])
    return table


def _filter(distances: Float64Array) -> Float64Array:
    """Compute the Lanczos filter at distances of up to 3 pixels of the output."""
    return np.asarray(np.sinc(distances) * np.sinc(distances / _LOBES))
