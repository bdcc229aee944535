"""How far apart pictures look.

The squared distance is the mean over the 16 cells of the colour layout of the squared Lab
difference (in 8-bit levels), plus one for each DHash bit that differs (of 64; bits of larger
hashes weigh less). Colour layout tells scenes and light apart, the hash what moves in them.

Sums of squares are exact, and distances are whole numbers in steps of ``1 / DISTANCE_SCALE``, so
that results are the same on every machine. ``rows`` and ``others`` are feature matrices, shapes
(n,) and (m,).
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..records import DistanceArray, FeatureSpec, IntArray, RowArray, let_go

# Steps of 1/128: the largest possible distance, 443, still fits 16 bits.
DISTANCE_SCALE = 128
# Larger than any distance.
FAR = np.iinfo(np.uint16).max

# Cells of the colour layout.
_N_CELLS = 16
# Rows compared at a time, to bound memory.
_BATCH_ROWS = 1 << 15
# Pairs compared at a time when all rows meet all others, also to bound memory. Batches of fewer
# rows than the minimum are slow, however many others there are.
_BATCH_PAIRS = 1 << 22
_MIN_BATCH_ROWS = 256


def measure_steps(
    rows: RowArray, spec: FeatureSpec, order: IntArray | None = None
) -> DistanceArray:
    """Measure how far each picture looks from the one before it, shape (n,); 0 for the first.

    ``order``, shape (n,), lists the rows; by default they follow one another as they are.
    """
    n = len(rows) if order is None else len(order)
    steps = np.zeros(n, dtype=np.uint16)
    for start in range(1, n, _BATCH_ROWS):
        stop = min(start + _BATCH_ROWS, n)
        some = slice(start - 1, stop)
        batch = rows[some] if order is None else rows[order[some]]
        steps[start:stop] = measure_distances(batch[:-1], batch[1:], spec)
        let_go(rows)
    return steps


def measure_distances(a: RowArray, b: RowArray, spec: FeatureSpec) -> DistanceArray:
    """Measure how far apart the pictures of each pair look; all arrays have shape (n,)."""
    lab = a["lab_layout"].astype(np.int32)
    lab -= b["lab_layout"]
    squares = np.einsum("ij,ij->i", lab, lab)
    bits = np.bitwise_count(a["dhash"] ^ b["dhash"]).sum(axis=1, dtype=np.int32)
    return scale_squares(squares + weigh_bit(spec) * bits)


def compare_all(rows: RowArray, others: RowArray, spec: FeatureSpec) -> Iterator[DistanceArray]:
    """Yield the distances from the next b rows to all others, shape (b, m)."""
    return map(scale_squares, _compare_squares(rows, others, spec))


def find_nearest_rows(
    rows: RowArray, others: RowArray, spec: FeatureSpec, own: IntArray | None = None
) -> tuple[IntArray, DistanceArray]:
    """Find which of the others each picture looks most like, comparing all pairs.

    Returns the nearest one's place among the others, int64, and the distance to it, both of
    shape (n,). Ties go to the first; where there is no other, they are -1 and `FAR`. ``own``,
    shape (n,), is each row's own place among the others, which is passed over. The time grows
    with n times m, the memory with m.
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
    """Yield the weighted sums of squares between the next b rows and all others, shape (b, m).

    All sums of products stay below 2^24, so that single precision is exact.
    """
    vectors, weights = _make_vectors(others, spec)
    norms = vectors**2 @ weights
    factors = (-2 * weights * vectors).T
    n_rows = max(_MIN_BATCH_ROWS, _BATCH_PAIRS // max(len(others), 1))
    for start in range(0, len(rows), n_rows):
        of_batch, _ = _make_vectors(rows[start : start + n_rows], spec)
        squares = of_batch @ factors
        squares += norms
        squares += (of_batch**2 @ weights)[:, np.newaxis]
        yield squares


def _make_vectors(
    rows: RowArray, spec: FeatureSpec
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Join colour layouts and bits to vectors, shape (n, d), and list their weights, (d,)."""
    lab = rows["lab_layout"]
    bits = np.unpackbits(rows["dhash"], axis=1, count=spec.hash_size**2)
    weights = np.repeat([1, weigh_bit(spec)], [lab.shape[1], bits.shape[1]])
    return np.hstack([lab, bits]).astype(np.float32), weights.astype(np.float32)


def weigh_bit(spec: FeatureSpec) -> int:
    """Return what a differing bit adds to a sum of squares over the cells.

    All bits together weigh about as much as the 64 of an 8×8 hash, which add 16 each.
    """
    return max(1, _N_CELLS * 64 // spec.hash_size**2)


def scale_squares(squares: np.ndarray) -> DistanceArray:
    """Turn sums of squares over the cells, whole numbers of any shape, into distances."""
    return np.asarray(np.sqrt(squares * np.float64(DISTANCE_SCALE**2 // _N_CELLS)), dtype=np.uint16)
