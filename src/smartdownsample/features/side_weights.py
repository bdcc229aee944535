"""Weights that turn halved pictures into thumbnails, for each length of a side.

They are the same to the last bit whichever way they are computed: sums of weights are estimated
first, and computed in full where an estimate is too near to where rounding changes.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..records import LAB_LAYOUT_SIDE, Float32Array, Float64Array
from .lanczos import compute_weights, estimate_weights, keep_weights
from .thumbnails import GREY_WEIGHTS, MEAN_SIDE

# A float32 has 24 bits: 8 of a pixel, 15 of a weight, and one since absolute weights add up to
# less than 2. A float64 has room for these and 22 more of a second weight.
_N_STEPS_DOWN, _N_STEPS_ACROSS = 2**15, 2**22
# Estimated sums are less than a millionth of a step off. Nearer to half a step than that, rounding
# them might not give what rounding the computed ones gives.
_SURE_STEPS = 0.5 - 1e-6
# Shares of grey that the channels after each one have.
_GREY_RESTS = 1 - GREY_WEIGHTS.cumsum()


class SideWeights(NamedTuple):
    """Weights that turn halved levels into thumbnails, for one length of a side.

    ``down``, shape (m, h), makes the rows of cells, DHash and AHash, in this order. The others make
    the columns: ``cells``, shape (4, w), for one channel at a time; ``greys``, shape (3 w,
    columns), from RGB to the grey of DHash and AHash. All are multiples of powers of two.
    """

    down: Float32Array
    cells: Float64Array
    greys: Float64Array


def compute_side_weights(length: int, n_halvings: int, hash_size: int) -> SideWeights:
    """Compute the weights, down and across, of a side of `length` pixels before its halvings."""
    if length > max(MEAN_SIDE, hash_size):
        weights = _thumbnail_weights(estimate_weights, length, n_halvings, hash_size)
        rounded, is_sure = _round_weights(weights, hash_size)
        if is_sure:
            return rounded
    weights = _thumbnail_weights(compute_weights, length, n_halvings, hash_size)
    return _round_weights(weights, hash_size)[0]


find_side_weights = keep_weights(compute_side_weights)


def _thumbnail_weights(
    compute: Callable[..., Float64Array], length: int, n_halvings: int, hash_size: int
) -> Float64Array:
    """Compute the weights of the thumbnails' sides, shape (outputs, halved length).

    In this order: cells, the DHash's height, its width, and the AHash's side.
    """
    cell = MEAN_SIDE // LAB_LAYOUT_SIDE
    weights = compute(length, MEAN_SIDE, hash_size, hash_size + 1, hash_size // 2)
    colours = weights[:MEAN_SIDE].reshape(LAB_LAYOUT_SIDE, cell, length).mean(axis=1)
    weights = np.vstack([colours, weights[MEAN_SIDE:]])
    for _ in range(n_halvings):
        weights = _halve_weights(weights)
    return weights


def _halve_weights(weights: Float64Array) -> Float64Array:
    """Turn weights of pixels into weights of averaged pairs (the last may be a single pixel).

    Averaging two pixels and adding their two weights each damp a wave of f periods a pixel by
    cos πf ≈ 1 - (πf)²/2. Subtracting a sixteenth of the second differences makes up for both.
    """
    pairs = weights[:, ::2].copy()
    pairs[:, : weights.shape[1] // 2] += weights[:, 1::2]
    slopes = (pairs[:, 1:] - pairs[:, :-1]) / 16
    pairs[:, :-1] -= slopes
    pairs[:, 1:] += slopes
    return pairs


def _round_weights(weights: Float64Array, hash_size: int) -> tuple[SideWeights, bool]:
    """Round weights, and tell whether slightly other ones would have been rounded alike."""
    n_down = LAB_LAYOUT_SIDE + hash_size
    sums = weights.cumsum(axis=1)
    # Sums of levels: those up to the pixel, less what the rest of its channels weigh.
    levels = np.empty((len(weights) - n_down, 3 * weights.shape[1]))
    for channel, rest in enumerate(_GREY_RESTS):
        levels[:, channel::3] = sums[n_down:] - rest * weights[n_down:]
    down, is_sure_down = _round_keeping_sums(
        np.concatenate([sums[:n_down], sums[-(hash_size // 2) :]]), _N_STEPS_DOWN
    )
    cells, is_sure_of_cells = _round_keeping_sums(sums[:LAB_LAYOUT_SIDE], _N_STEPS_ACROSS)
    greys, is_sure_of_greys = _round_keeping_sums(levels, _N_STEPS_ACROSS)
    is_sure = is_sure_down and is_sure_of_cells and is_sure_of_greys
    return SideWeights(down.astype(np.float32), cells, greys.T), is_sure


def _round_keeping_sums(sums: Float64Array, n_steps: int) -> tuple[Float64Array, bool]:
    """Round weights to multiples of 1 / `n_steps` that still add up to 1, see `_round_weights`.

    Takes their cumulative sums, shape (n_out, n_in), which are rounded instead of the weights, so
    that errors do not add up.
    """
    errors = sums * n_steps
    weights = np.rint(errors)
    errors -= weights
    is_sure = bool(np.abs(errors, out=errors).max() < _SURE_STEPS)
    # Whole numbers: nothing is lost.
    weights[:, 1:] -= weights[:, :-1]
    weights /= n_steps
    return weights, is_sure
