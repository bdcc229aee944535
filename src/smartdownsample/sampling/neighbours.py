"""Which of many pictures are near one another, in looks and in order.

Distances are those of `smartdownsample.looks`: whole numbers, the same on every machine.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..records import (
    BoolArray,
    ByteArray,
    DistanceArray,
    FeatureSpec,
    Float64Array,
    IntArray,
    RowArray,
)
from .distances import FAR, scale_squares, weigh_bit

WordArray = npt.NDArray[np.uint64]

# Up to so many points are compared all with all, more of them in blocks.
_MAX_WHOLE = 1024
_BLOCK_SIZE = 32
# Orders by looks, beside the natural one.
_N_TREES = 2
# 48 bytes added or subtracted span fewer values than that.
_PROJECTION_BITS = 15
# Of the number of a point, where it shares 64 bits with other numbers: 134 million points.
MAX_POINT_BITS = 27
# Blocks compared at a time, to bound memory.
_BATCH_BLOCKS = 128


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
        marks: Float64Array | None,
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
    places: IntArray, rows: RowArray, spec: FeatureSpec, marks: Float64Array | None
) -> BlockedOrder:
    """Measure the distances within each block, see `measure_distances`.

    Sums of products of bytes stay below 2^24 and are exact in single precision.
    """
    lab = np.ascontiguousarray(rows["lab_layout"])
    words = _pack_words(rows["dhash"])
    bit_weight = np.float32(weigh_bit(spec))
    n_blocks, size = places.shape
    distances = np.empty((n_blocks, size, size), dtype=np.uint16)
    for of_batch, out in BlockedOrder(places, distances).batches():
        vectors = lab[of_batch].astype(np.float32)
        norms = np.einsum("bij,bij->bi", vectors, vectors)
        squares = _pair(np.add, norms)
        squares -= 2 * (vectors @ vectors.transpose(0, 2, 1))
        for word in words.T:
            squares += bit_weight * np.bitwise_count(_pair(np.bitwise_xor, word[of_batch]))
        out[...] = scale_squares(squares)
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
