"""From pictures to nearly the thumbnails of `resample`, in a tenth of the operations.

Pictures are halved in whole numbers, by averages over squares of four pixels, to a few pixels for
each of a thumbnail's. Two matrix products do the rest: along the columns for all thumbnails
together, and along the rows, where they also turn colours to grey. Nothing is rounded in between;
on average over photos that is as close to the exact thumbnails as rounding at the same places.

Every sum is exact, in whatever order it is taken, as in `resample`.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby, islice
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from .model import LAB_LAYOUT_SIDE, ByteArray
from .resample import (
    GREY_WEIGHTS,
    MEAN_SIDE,
    LevelArray,
    Thumbnails,
    compute_weights,
    join_thumbnails,
    round_to_levels,
)

_Shape: TypeAlias = tuple[int, int, int]

# Pictures are halved while their shorter side has so many pixels for each of the DHash's, and so
# many for colours; half of that is left at least.
_OVERSAMPLING = 12
_MIN_SIDE = 3 * MEAN_SIDE
# Halves are rounded up: of the remainders 0 to 3 of a sum of four, the third gains 1/2 and the
# others lose and gain 1/4, 1/8 on average.
_HALVING_BIAS = 1 / 8
# A float32 has 24 bits: 8 of a pixel, 15 of a weight, and one since absolute weights add up to
# less than 2. A float64 has room for these and 22 more of a second weight.
_N_STEPS_DOWN, _N_STEPS_ACROSS = 2**15, 2**22
# Small pictures share array operations, so many halved pixels at a time: few operations, in memory
# that stays near the processor.
_BATCH_PIXELS = 2**18
# Lengths of sides whose weights are kept; crops come in hundreds of them, of some 50 kB each.
_N_SIDES = 512


def approximate_thumbnails(pictures: Iterable[ByteArray], hash_size: int) -> Thumbnails:
    """Shrink pictures to nearly the thumbnails that `make_thumbnails` gives.

    Parameters
    ----------
    pictures : iterable of ndarray of uint8, shape (h, w, 3)
        RGB, of any sizes; not changed. Taken one after the other, so that no more than a batch
        of halved ones is held at a time.
    hash_size : int
        Side of the DHash in bits.

    Returns
    -------
    Thumbnails
        In the order given; `docs/agreement.md` says how near they are.

    Notes
    -----
    Costs about 8 operations on whole numbers for each pixel, and 10 multiplications. Pictures of
    one size that follow each other share the array operations: each of these gives up the
    interpreter to other workers, which costs more than the operation.
    """
    parts = (
        part
        for shape, alike in groupby(pictures, key=lambda pixels: pixels.shape)
        for part in _shrink_alike(alike, shape, hash_size)
    )
    return join_thumbnails(parts, hash_size)


class _Weights(NamedTuple):
    """What shrinks pictures of one size, after so many halvings.

    ``down`` has shape (m, h), where the first of the m outputs are rows of cells, the next ones
    rows of the DHash and the last ones of the AHash. The others turn a row of RGB, 3 w values,
    to theirs.
    """

    n_halvings: int
    down: npt.NDArray[np.float32]
    cells: LevelArray
    dhash: LevelArray
    ahash: LevelArray


def _shrink_alike(
    pictures: Iterable[ByteArray], shape: _Shape, hash_size: int
) -> Iterator[Thumbnails]:
    """Shrink pictures of one size."""
    n_rows, n_columns, _ = shape
    n_halvings = 0
    while min(n_rows, n_columns) >= max(_OVERSAMPLING * (hash_size + 1), _MIN_SIDE):
        n_rows, n_columns, n_halvings = (n_rows + 1) // 2, (n_columns + 1) // 2, n_halvings + 1
    weights = _Weights(
        n_halvings,
        _weights_down(shape[0], n_halvings, hash_size),
        *_weights_across(shape[1], n_halvings, hash_size),
    )
    halved = (_halve(pixels, n_halvings) for pixels in pictures)
    size = max(1, _BATCH_PIXELS // (n_rows * n_columns))
    while batch := list(islice(halved, size)):
        yield _shrink_batch(np.concatenate(batch).reshape(len(batch), n_rows, -1), weights)


def _halve(pixels: ByteArray, n_times: int) -> ByteArray:
    """Average squares of four pixels, again and again; odd sides are filled up by repetition."""
    for number in range(n_times):
        n_rows, n_columns, _ = pixels.shape
        if n_rows % 2 or n_columns % 2:
            pixels = np.asarray(
                cv2.copyMakeBorder(pixels, 0, n_rows % 2, 0, n_columns % 2, cv2.BORDER_REPLICATE)
            )
        size = (n_columns + 1) // 2, (n_rows + 1) // 2
        # Every second time halves are rounded down, so that they neither lift nor lower a picture.
        is_down = number % 2 == 1
        pixels = _average_squares(~pixels if is_down else pixels, size)
        if is_down:
            pixels = ~pixels
    return pixels


def _average_squares(pixels: ByteArray, size: tuple[int, int]) -> ByteArray:
    """Average squares of four pixels and round halves up; sides must be even."""
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _shrink_batch(batch: ByteArray, weights: _Weights) -> Thumbnails:
    """Shrink halved pictures of one size, shape (n, h, 3 w)."""
    rows = (weights.down @ batch.astype(np.float32)).astype(np.float64)
    _, n_cells = weights.cells.shape
    side, n_dhash = n_cells // 3, weights.dhash.shape[1] - 1
    bias = _HALVING_BIAS * (weights.n_halvings % 2)
    cells = rows[:, :side] @ weights.cells - bias
    dhash = rows[:, side : side + n_dhash] @ weights.dhash - bias
    ahash = rows[:, side + n_dhash :] @ weights.ahash - bias
    return Thumbnails(
        round_to_levels(dhash),
        round_to_levels(ahash),
        cells.clip(0, 255).reshape(-1, side, side, 3),
    )


# Kept by side, not by size: crops share sides far more often.


@lru_cache(maxsize=_N_SIDES)
def _weights_down(length: int, n_halvings: int, hash_size: int) -> npt.NDArray[np.float32]:
    """Compute the weights of all thumbnails' rows, shape (m, h)."""
    weights = _join_weights(length, n_halvings, hash_size, hash_size // 2)
    return _round_weights(weights.T, _N_STEPS_DOWN).T.astype(np.float32, order="C")


@lru_cache(maxsize=_N_SIDES)
def _weights_across(length: int, n_halvings: int, hash_size: int) -> tuple[LevelArray, ...]:
    """Compute the weights of cells, DHash and AHash, each of shape (3 w, values of a row)."""
    joint = _join_weights(length, n_halvings, hash_size + 1, hash_size // 2).T[:, np.newaxis]
    colours, greys = joint[..., :LAB_LAYOUT_SIDE], joint[..., LAB_LAYOUT_SIDE:]
    cells = colours[..., np.newaxis] * np.eye(3)[:, np.newaxis]
    dhash, ahash = np.split(greys * GREY_WEIGHTS[:, np.newaxis], [hash_size + 1], axis=2)
    n_values = 3 * len(joint)
    return tuple(
        _round_weights(weights.reshape(n_values, -1), _N_STEPS_ACROSS)
        for weights in (cells, dhash, ahash)
    )


def _join_weights(length: int, n_halvings: int, *n_outs: int) -> LevelArray:
    """Compute the weights of cells and, below them, of grey thumbnails, for what was halved."""
    cell = MEAN_SIDE // LAB_LAYOUT_SIDE
    colours = compute_weights(length, MEAN_SIDE).reshape(LAB_LAYOUT_SIDE, cell, length)
    weights = np.vstack([colours.mean(axis=1), *(compute_weights(length, n) for n in n_outs)])
    for _ in range(n_halvings):
        weights = _halve_weights(weights)
    return weights


def _halve_weights(weights: LevelArray) -> LevelArray:
    """Turn weights of pixels into those of the averages of pairs, the last perhaps of one.

    Both averages, of two pixels and of their two weights, damp a wave of f periods a pixel by
    cos πf ≈ 1 - (πf)²/2. Subtracting a sixteenth of the second differences makes up for it.
    """
    pairs = weights[:, ::2].copy()
    pairs[:, : weights.shape[1] // 2] += weights[:, 1::2]
    edged = np.concatenate([pairs[:, :1], pairs, pairs[:, -1:]], axis=1)
    return np.asarray(pairs - np.diff(edged, 2, axis=1) / 16)


def _round_weights(weights: LevelArray, n_steps: int) -> LevelArray:
    """Round weights, shape (n_in, n_out), so that those of an output still add up to 1.

    Their sums up to each input are rounded to whole steps, so that errors do not add up either.
    """
    sums = np.rint(weights.cumsum(axis=0) * n_steps)
    sums[1:] -= sums[:-1].copy()
    return np.asarray(sums / n_steps)
