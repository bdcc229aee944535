"""How far apart pictures look, and which of many are near one another.

Distances are whole numbers computed without rounding, so that what is built on them is the same
on every machine.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .model import BoolArray, ByteArray, FeatureSpec, IntArray, RowArray

DistanceArray = npt.NDArray[np.uint16]
FloatArray = npt.NDArray[np.float64]
WordArray = npt.NDArray[np.uint64]

# Distances are kept in steps of 1/128: the largest possible, 443, still fits 16 bits.
DISTANCE_SCALE = 128
# Farther than any picture can be.
FAR = np.iinfo(np.uint16).max

# Cells of the colour layout.
_N_CELLS = 16
# Up to so many points are compared all with all, more of them in blocks.
_MAX_WHOLE = 1024
_BLOCK_SIZE = 32
# Orders by looks, beside the natural one.
_N_TREES = 2
# 48 bytes added or subtracted span fewer values than that.
_PROJECTION_BITS = 15
# Of the number of a point, where it shares 64 bits with other numbers: 134 million points.
MAX_POINT_BITS = 27
# Rows, or blocks, compared at a time, to bound memory.
_BATCH_ROWS = 1 << 15
_BATCH_BLOCKS = 128
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
    return _scale(squares + _weigh_bit(spec) * bits)


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
    return map(_scale, _compare_squares(rows, others, spec))


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
        distances[batch] = _scale(squares[lines, nearest[batch]])
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
    weights = np.repeat([1, _weigh_bit(spec)], [lab.shape[1], bits.shape[1]])
    return np.hstack([lab, bits]).astype(np.float32), weights.astype(np.float32)


def _weigh_bit(spec: FeatureSpec) -> int:
    """Weigh a bit so that all bits together weigh as those of a hash of 8×8, 16 each."""
    return max(1, _N_CELLS * 64 // spec.hash_size**2)


def _scale(squares: np.ndarray) -> DistanceArray:
    """Turn sums of squares over the cells into distances."""
    return np.asarray(np.sqrt(squares * np.float64(DISTANCE_SCALE**2 // _N_CELLS)), dtype=np.uint16)


@dataclass(frozen=True)
class BlockedOrder:
    """Points in one order, cut into blocks whose points are compared with one another.

    ``places`` are points, shape (n_blocks, size); ``distances`` those between the points of each
    block, shape (n_blocks, size, size), `FAR` from each to itself.
    """

    places: IntArray
    distances: DistanceArray

    def batches(self) -> Iterator[tuple[IntArray, DistanceArray]]:
        """Yield a number of blocks at a time, to bound memory."""
        for start in range(0, len(self.places), _BATCH_BLOCKS):
            stop = start + _BATCH_BLOCKS
            yield self.places[start:stop], self.distances[start:stop]


@dataclass(frozen=True)
class Neighbourhoods:
    """Which of many pictures look alike, found by comparing within blocks of several orders.

    Notes
    -----
    The first order is the one given: bursts are neighbours in it. The others are those of random
    projection trees over the colour layout, in which pictures that look alike meet wherever they
    stand. Each costs m log m. Up to a few hundred points all pairs are compared.

    References
    ----------
    S. Dasgupta, Y. Freund, "Random projection trees and low dimensional manifolds", STOC 2008,
    https://doi.org/10.1145/1374376.1374452
    """

    n_points: int
    orders: Sequence[BlockedOrder]

    @classmethod
    def find(
        cls,
        rows: RowArray,
        spec: FeatureSpec,
        marks: FloatArray | None,
        rng: np.random.Generator,
    ) -> "Neighbourhoods":
        """Compare pictures.

        Parameters
        ----------
        rows : structured ndarray, shape (m,)
            Features of the points, in natural order; not changed.
        spec : FeatureSpec
            What the rows are.
        marks : ndarray of float64, shape (m,), optional
            Where the points stand in the natural order of their group, in windows of one pick
            each. Points less than a window apart are that much nearer than they look.
        rng : numpy.random.Generator
            Draws the trees.

        Returns
        -------
        Neighbourhoods
            Of the rows.
        """
        m = len(rows)
        # Sorted keys and scores have so many bits for a point.
        assert m < 1 << MAX_POINT_BITS
        orders = [np.arange(m, dtype=np.int64)]
        if m > _MAX_WHOLE:
            # What one cut parts another joins.
            orders.append(np.roll(orders[0], _BLOCK_SIZE // 2))
            orders += [_order_by_looks(rows["lab_layout"], rng) for _ in range(_N_TREES)]
        return cls(m, [_compare_blocks(_cut_blocks(order), rows, spec, marks) for order in orders])

    def leave_out(self, slots: IntArray) -> "Neighbourhoods":
        """Make neighbourhoods in which points of one slot are far from one another.

        Parameters
        ----------
        slots : ndarray of int64, shape (m,)
            Each point's slot.

        Returns
        -------
        Neighbourhoods
            Of the same points.
        """
        orders = []
        for order in self.orders:
            distances = order.distances.copy()
            for places, of_batch in BlockedOrder(order.places, distances).batches():
                of_batch[_pair(np.equal, slots[places])] = FAR
            orders.append(BlockedOrder(order.places, distances))
        return Neighbourhoods(self.n_points, orders)

    def find_nearest(self, is_pick: BoolArray) -> DistanceArray:
        """Measure the distance from each point to the nearest pick but itself.

        Parameters
        ----------
        is_pick : ndarray of bool, shape (m,)
            The picks.

        Returns
        -------
        ndarray of uint16, shape (m,)
            `FAR` where no pick shares a block.
        """
        nearest = np.full(self.n_points, FAR, dtype=np.uint16)
        # All bits set is farther than anything; what is no pick gets them.
        mask = np.where(is_pick, np.uint16(0), FAR)
        for order in self.orders:
            for places, distances in order.batches():
                found = (distances | mask[places][:, :, np.newaxis]).min(axis=1)
                nearest[places] = np.minimum(nearest[places], found)
        return nearest

    def find_repeats(
        self, is_pick: BoolArray, nearest: DistanceArray, is_kept: BoolArray | None = None
    ) -> BoolArray:
        """Tell which picks have an earlier one as near as their nearest.

        Of two picks that are each other's nearest, one is a repeat.

        Parameters
        ----------
        is_pick : ndarray of bool, shape (m,)
            The picks.
        nearest : ndarray of uint16, shape (m,)
            From `find_nearest`.
        is_kept : ndarray of bool, shape (m,), optional
            Picks that come before all others, and are no repeats themselves.

        Returns
        -------
        ndarray of bool, shape (m,)
            False for points that are no picks.
        """
        turns = np.arange(self.n_points)
        if is_kept is not None:
            turns[is_kept] = -1

        def is_earlier(places: IntArray) -> BoolArray:
            own = turns[places]
            of_block = np.where(is_pick[places], own, self.n_points)
            return np.asarray(of_block[:, np.newaxis, :] < own[:, :, np.newaxis])

        return is_pick & self._has_mate(is_earlier, nearest)

    def find_peaks(self, is_candidate: BoolArray, nearest: DistanceArray) -> BoolArray:
        """Tell which candidates are lonelier than all others as near to them as any pick.

        Parameters
        ----------
        is_candidate : ndarray of bool, shape (m,)
            Points that are no picks.
        nearest : ndarray of uint16, shape (m,)
            Distance to the nearest pick, from `find_nearest`.

        Returns
        -------
        ndarray of bool, shape (m,)
            False for points that are no candidates.
        """
        # Of equally lonely ones the first.
        loneliness = nearest.astype(np.int64) * self.n_points - np.arange(self.n_points)

        def is_lonelier(places: IntArray) -> BoolArray:
            own = loneliness[places]
            of_block = np.where(is_candidate[places], own, -self.n_points)
            return np.asarray(of_block[:, np.newaxis, :] > own[:, :, np.newaxis])

        return is_candidate & ~self._has_mate(is_lonelier, nearest)

    def _has_mate(
        self, find_mates: Callable[[IntArray], BoolArray], reach: DistanceArray
    ) -> BoolArray:
        """Tell which points have a mate within reach, shape (m,)."""
        found = np.zeros(self.n_points, dtype=np.bool_)
        for order in self.orders:
            for places, distances in order.batches():
                is_mate = find_mates(places) & (distances <= reach[places][:, :, np.newaxis])
                found[places] |= is_mate.any(axis=2)
        return found


def _cut_blocks(order: IntArray) -> IntArray:
    """Cut an order of m points into blocks; the last point fills up the last block."""
    m = len(order)
    size = m if m <= _MAX_WHOLE else _BLOCK_SIZE
    n_blocks = -(-m // max(size, 1))
    return order[np.minimum(np.arange(n_blocks * size), m - 1)].reshape(n_blocks, size)


def _compare_blocks(
    places: IntArray, rows: RowArray, spec: FeatureSpec, marks: FloatArray | None
) -> BlockedOrder:
    """Measure the distances within each block, see `measure_distances`.

    Sums of products of bytes stay below 2^24 and are exact in single precision.
    """
    lab = np.ascontiguousarray(rows["lab_layout"])
    words = _pack_words(rows["dhash"])
    bit_weight = np.float32(_weigh_bit(spec))
    n_blocks, size = places.shape
    distances = np.empty((n_blocks, size, size), dtype=np.uint16)
    for of_batch, out in BlockedOrder(places, distances).batches():
        vectors = lab[of_batch].astype(np.float32)
        norms = np.einsum("bij,bij->bi", vectors, vectors)
        squares = _pair(np.add, norms)
        squares -= 2 * (vectors @ vectors.transpose(0, 2, 1))
        for word in words.T:
            squares += bit_weight * np.bitwise_count(_pair(np.bitwise_xor, word[of_batch]))
        out[...] = _scale(squares)
        if marks is not None:
            gaps = np.abs(_pair(np.subtract, marks[of_batch]))
            out[...] = (out * np.minimum(gaps, 1)).astype(np.uint16)
        out[_pair(np.equal, of_batch)] = FAR
    return BlockedOrder(places, distances)


def _pair(combine: np.ufunc, values: np.ndarray) -> np.ndarray:
    """Combine the values of each block, shape (b, size), all with all: (b, size, size)."""
    return np.asarray(combine(values[:, :, np.newaxis], values[:, np.newaxis, :]))


def _pack_words(packed: ByteArray) -> WordArray:
    """Join the bytes of packed bits, shape (m, n_bytes), to words of 64 bits."""
    n_words = -(-packed.shape[1] // 8)
    padded = np.zeros((len(packed), n_words * 8), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view(np.uint64)


def _order_by_looks(lab: ByteArray, rng: np.random.Generator) -> IntArray:
    """Order points so that those of similar colour layout stand near one another, shape (m,).

    Level by level each node's points are sorted by one random projection and halved.
    """
    m = len(lab)
    n_levels = max(0, (m // _BLOCK_SIZE).bit_length())
    directions = rng.integers(0, 2, size=(lab.shape[1], n_levels)).astype(np.float32) * 2 - 1
    projections = np.ascontiguousarray((lab.astype(np.float32) @ directions).T, dtype=np.int64)
    projections -= projections.min()
    # Node, projection and point in one number each, so that plain sorting does it all.
    n_point_bits = m.bit_length()
    order = np.arange(m)
    places = np.arange(m)
    for level, projection in enumerate(projections):
        node = (places << level) // m
        keys = (node << _PROJECTION_BITS | projection[order]) << n_point_bits | order
        keys.sort()
        order = keys & ((1 << n_point_bits) - 1)
    return order
