"""How far apart pictures look.

Distances are whole numbers computed without rounding, so that what is built on them is the same
on every machine.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..records import DistanceArray, FeatureSpec, IntArray, RowArray

# Distances are kept in steps of 1/128: the largest possible, 443, still fits 16 bits.
DISTANCE_SCALE = 128
# Farther than any picture can be.
FAR = np.iinfo(np.uint16).max

# Cells of the colour layout.
_N_CELLS = 16
# Rows compared at a time, to bound memory.
_BATCH_ROWS = 1 << 15
# Pairs compared at a time when all are; fewer rows than that are slow, however many others.
_BATCH_PAIRS = 1 << 22
_MIN_BATCH = 256


def measure_steps(rows: RowArray, spec: FeatureSpec) -> DistanceArray:
    """Measure how far each picture looks from the one before it.

    Parameters
    ----------
    rows : structured ndarray, shape (n,)
        The feature matrix; not changed.
    spec : FeatureSpec
        What the rows are.

    Returns
    -------
    ndarray of uint16, shape (n,)
        Distances in steps of ``1 / DISTANCE_SCALE``, see `measure_distances`; 0 for the first.
    """
    steps = np.zeros(len(rows), dtype=np.uint16)
    for start in range(1, len(rows), _BATCH_ROWS):
        stop = min(start + _BATCH_ROWS, len(rows))
        steps[start:stop] = measure_distances(rows[start - 1 : stop - 1], rows[start:stop], spec)
    return steps


def measure_distances(a: RowArray, b: RowArray, spec: FeatureSpec) -> DistanceArray:
    """Measure how far apart pictures look, pair by pair.

    Parameters
    ----------
    a, b : structured ndarray, shape (n,)
        Rows of the feature matrix.
    spec : FeatureSpec
        What the rows are.

    Returns
    -------
    ndarray of uint16, shape (n,)
        Distances in steps of ``1 / DISTANCE_SCALE``.

    Notes
    -----
    The squared distance is the mean over the 16 cells of the colour layout of the squared Lab
    difference (in 8-bit levels), plus one for each DHash bit that differs (of 64; bits of larger
    hashes weigh less). Colour layout tells scenes and light apart, the hash what moves in them.
    """
    lab = a["lab_layout"].astype(np.int32)
    lab -= b["lab_layout"]
    squares = np.einsum("ij,ij->i", lab, lab)
    bits = np.bitwise_count(a["dhash"] ^ b["dhash"]).sum(axis=1, dtype=np.int32)
    return scale_squares(squares + weigh_bit(spec) * bits)


def compare_all(rows: RowArray, others: RowArray, spec: FeatureSpec) -> Iterator[DistanceArray]:
    """Measure how far each picture looks from each of others, a batch of pictures at a time.

    Parameters
    ----------
    rows : structured ndarray, shape (n,)
        Rows of the feature matrix; not changed.
    others : structured ndarray, shape (m,)
        More of them; not changed.
    spec : FeatureSpec
        What the rows are.

    Yields
    ------
    ndarray of uint16, shape (b, m)
        Distances from the next b rows, see `measure_distances`.

    Notes
    -----
    The time grows with n times m, the memory with m.
    """
    return map(scale_squares, _compare_squares(rows, others, spec))


def find_nearest_rows(
    rows: RowArray, others: RowArray, spec: FeatureSpec, own: IntArray | None = None
) -> tuple[IntArray, DistanceArray]:
    """Find which of others each picture looks most like.

    Parameters
    ----------
    rows : structured ndarray, shape (n,)
        Rows of the feature matrix; not changed.
    others : structured ndarray, shape (m,)
        More of them; not changed.
    spec : FeatureSpec
        What the rows are.
    own : ndarray of int64, shape (n,), optional
        Where each row stands itself among the others, to be passed over.

    Returns
    -------
    nearest : ndarray of int64, shape (n,)
        Place among the others, of equals the first; -1 where there is no other.
    distances : ndarray of uint16, shape (n,)
        How far apart they look, see `measure_distances`; `FAR` where there is no other.

    Notes
    -----
    Exact: all pairs are compared. The time grows with n times m, the memory with m.
    """
    nearest = np.full(len(rows), -1)
    distances = np.full(len(rows), FAR, dtype=np.uint16)
    if len(others) <= (own is not None):
        return nearest, distances
    start = 0
    for squares in _compare_squares(rows, others, spec):
        lines = np.arange(len(squares))
        batch = slice(start, start + len(squares))
        if own is not None:
            squares[lines, own[batch]] = np.inf
        nearest[batch] = squares.argmin(axis=1)
        distances[batch] = scale_squares(squares[lines, nearest[batch]])
        start = batch.stop
    return nearest, distances


def _compare_squares(
    rows: RowArray, others: RowArray, spec: FeatureSpec
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the sums of squares between the next b rows and all others, shape (b, m).

    Sums of products of bytes stay below 2^24 and are exact in single precision.
    """
    vectors, weights = _make_vectors(others, spec)
    norms = vectors**2 @ weights
    factors = (-2 * weights * vectors).T
    n_rows = max(_MIN_BATCH, _BATCH_PAIRS // max(len(others), 1))
    for start in range(0, len(rows), n_rows):
        of_batch, _ = _make_vectors(rows[start : start + n_rows], spec)
        squares = of_batch @ factors
        squares += norms
        squares += (of_batch**2 @ weights)[:, np.newaxis]
        yield squares


def _make_vectors(
    rows: RowArray, spec: FeatureSpec
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Join colour layouts and bits to vectors, shape (n, d); weigh their values, shape (d,)."""
    lab = rows["lab_layout"]
    bits = np.unpackbits(rows["dhash"], axis=1, count=spec.hash_size**2)
    weights = np.repeat([1, weigh_bit(spec)], [lab.shape[1], bits.shape[1]])
    return np.hstack([lab, bits]).astype(np.float32), weights.astype(np.float32)


def weigh_bit(spec: FeatureSpec) -> int:
    """Weigh a bit so that all bits together weigh as those of a hash of 8×8, 16 each.

    Parameters
    ----------
    spec : FeatureSpec
        What rows are.

    Returns
    -------
    int
        What a bit that differs adds to a sum of squares over the cells.
    """
    return max(1, _N_CELLS * 64 // spec.hash_size**2)


def scale_squares(squares: np.ndarray) -> DistanceArray:
    """Turn sums of squares over the cells into distances.

    Parameters
    ----------
    squares : ndarray of whole numbers, any shape
        Sums of squared differences, those of bits included.

    Returns
    -------
    ndarray of uint16, of the same shape
        Distances in steps of ``1 / DISTANCE_SCALE``.
    """
    return np.asarray(np.sqrt(squares * np.float64(DISTANCE_SCALE**2 // _N_CELLS)), dtype=np.uint16)
