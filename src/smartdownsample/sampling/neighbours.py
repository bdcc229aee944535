"""Which of many points look alike, found without comparing all pairs.

A point is an item that is picked, kept or may be picked, numbered from 0 in the order of the pool.
Points are put into several orders in which like ones stand near one another; each order is cut into
blocks, and points are compared within their block. The first order is that of the pool: bursts are
neighbours in it. The others come from random projection trees over the colour layout, in which
pictures that look alike meet wherever they stand. Up to a thousand points all pairs are compared.

S. Dasgupta, Y. Freund, "Random projection trees and low dimensional manifolds", STOC 2008,
https://doi.org/10.1145/1374376.1374452
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
from .layout import order_by_looks

WordArray = npt.NDArray[np.uint64]

# Up to so many points are compared all with all, in one block.
_MAX_WHOLE = 1024
_BLOCK_SIZE = 32
# Orders by looks, beside those of the natural order.
_N_TREES = 2
# Blocks compared at a time, to bound memory.
_BATCH_BLOCKS = 128


@dataclass(frozen=True)
class BlockedOrder:
    """Points in one order, cut into blocks.

    ``points`` has shape (n_blocks, size). ``distances`` are those within each block, shape
    (n_blocks, size, size), and `FAR` from each point to itself.
    """

    points: IntArray
    distances: DistanceArray

    def batches(self) -> Iterator[tuple[IntArray, DistanceArray]]:
        """Yield some blocks at a time: their points and distances."""
        for start in range(0, len(self.points), _BATCH_BLOCKS):
            stop = start + _BATCH_BLOCKS
            yield self.points[start:stop], self.distances[start:stop]


@dataclass(frozen=True)
class Neighbourhoods:
    """The neighbours of m points: those that share a block with them in some order."""

    n_points: int
    orders: Sequence[BlockedOrder]

    @classmethod
    def find(
        cls,
        rows: RowArray,
        spec: FeatureSpec,
        coordinates: Float64Array | None,
        rng: np.random.Generator,
    ) -> "Neighbourhoods":
        """Compare points, given their features in order; `rng` draws the trees.

        ``coordinates``, shape (m,), are where they stand, in even steps of a pick. Points less than
        a step apart count as that much nearer than they look. Takes time of m log m.
        """
        m = len(rows)
        lab, words = np.ascontiguousarray(rows["lab_layout"]), _pack_words(rows["dhash"])
        del rows  # the rest of them is not looked at
        orders = [np.arange(m, dtype=np.int64)]
        if m > _MAX_WHOLE:
            # Shifted by half a block, so that points which a cut separates meet here.
            orders.append(np.roll(orders[0], _BLOCK_SIZE // 2))
            orders += [order_by_looks(lab, _BLOCK_SIZE, rng) for _ in range(_N_TREES)]
        blocks = [_cut_blocks(order) for order in orders]
        del orders
        weight = weigh_bit(spec)
        return cls(
            m, [_compare_blocks(points, lab, words, weight, coordinates) for points in blocks]
        )

    def find_nearest(self, is_pick: BoolArray, slots: IntArray | None = None) -> DistanceArray:
        """Measure the distance from each point to the nearest pick but itself, shape (m,).

        It can only be too large: picks that share no block are overlooked, `FAR` if all are, and so
        are those of the point's own slot where ``slots``, shape (m,), are given.
        """
        nearest = np.full(self.n_points, FAR, dtype=np.uint16)
        # OR with FAR, all bits set, makes the distance to anything but a pick FAR.
        mask = np.where(is_pick, np.uint16(0), FAR)
        for order in self.orders:
            for points, distances in order.batches():
                reached = distances | mask[points][:, :, np.newaxis]
                if slots is not None:
                    reached[_pair(np.equal, slots[points])] = FAR
                nearest[points] = np.minimum(nearest[points], reached.min(axis=1))
        return nearest

    def find_repeats(
        self, is_pick: BoolArray, nearest: DistanceArray, is_kept: BoolArray | None = None
    ) -> BoolArray:
        """Find the picks whose nearest pick is an earlier one, shape (m,).

        Of two picks that are each other's nearest, the later is a repeat. ``nearest`` is from
        `find_nearest`. Kept picks count as earlier than all others and are no repeats themselves.
        """
        ranks = np.arange(self.n_points)
        if is_kept is not None:
            ranks[is_kept] = -1

        def is_earlier(points: IntArray) -> BoolArray:
            own = ranks[points]
            of_picks = np.where(is_pick[points], own, self.n_points)
            return np.asarray(of_picks[:, np.newaxis, :] < own[:, :, np.newaxis])

        return is_pick & self._has_match(is_earlier, nearest)

    def find_peaks(self, is_candidate: BoolArray, nearest: DistanceArray) -> BoolArray:
        """Find the candidates lonelier than all others around them, shape (m,).

        A point is the lonelier the farther its nearest pick is; around it are the points that are
        no farther than that pick. Candidates are no picks; ``nearest`` is from `find_nearest`.
        """
        # Ties go to the first.
        loneliness = nearest.astype(np.int64) * self.n_points - np.arange(self.n_points)

        def is_lonelier(points: IntArray) -> BoolArray:
            own = loneliness[points]
            of_candidates = np.where(is_candidate[points], own, -self.n_points)
            return np.asarray(of_candidates[:, np.newaxis, :] > own[:, :, np.newaxis])

        return is_candidate & ~self._has_match(is_lonelier, nearest)

    def _has_match(
        self, find_matches: Callable[[IntArray], BoolArray], reach: DistanceArray
    ) -> BoolArray:
        """Tell which points have a match no farther away than their reach, shape (m,).

        ``find_matches`` takes points of blocks, shape (b, size), and tells for each which others
        of its block match, shape (b, size, size).
        """
        has_match = np.zeros(self.n_points, dtype=np.bool_)
        for order in self.orders:
            for points, distances in order.batches():
                is_match = find_matches(points) & (distances <= reach[points][:, :, np.newaxis])
                has_match[points] |= is_match.any(axis=2)
        return has_match


def _cut_blocks(order: IntArray) -> IntArray:
    """Cut an order into blocks, shape (n_blocks, size); the last point fills up the last block."""
    m = len(order)
    size = m if m <= _MAX_WHOLE else _BLOCK_SIZE
    n_blocks = -(-m // max(size, 1))
    return order[np.minimum(np.arange(n_blocks * size), m - 1)].reshape(n_blocks, size)


def _compare_blocks(
    points: IntArray,
    lab: ByteArray,
    words: WordArray,
    bit_weight: int,
    coordinates: Float64Array | None,
) -> BlockedOrder:
    """Measure the distances within blocks of points, as `measure_distances` does.

    All sums of products stay below 2^24, so that single precision is exact.
    """
    n_blocks, size = points.shape
    order = BlockedOrder(points, np.empty((n_blocks, size, size), dtype=np.uint16))
    for of_batch, distances in order.batches():
        vectors = lab[of_batch].astype(np.float32)
        norms = np.einsum("bij,bij->bi", vectors, vectors)
        squares = _pair(np.add, norms)
        squares -= 2 * (vectors @ vectors.transpose(0, 2, 1))
        for word in words.T:
            squares += np.float32(bit_weight) * np.bitwise_count(
                _pair(np.bitwise_xor, word[of_batch])
            )
        distances[...] = scale_squares(squares)
        if coordinates is not None:
            gaps = np.abs(_pair(np.subtract, coordinates[of_batch]))
            distances[...] = (distances * np.minimum(gaps, 1)).astype(np.uint16)
        distances[_pair(np.equal, of_batch)] = FAR
    return order


def _pair(combine: np.ufunc, values: np.ndarray) -> np.ndarray:
    """Combine the values of each block, shape (b, size), pair by pair: (b, size, size)."""
    return np.asarray(combine(values[:, :, np.newaxis], values[:, np.newaxis, :]))


def _pack_words(packed: ByteArray) -> WordArray:
    """Join packed bits, shape (m, n_bytes), to words of 64 bits, shape (m, n_words)."""
    n_words = -(-packed.shape[1] // 8)
    padded = np.zeros((len(packed), n_words * 8), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view(np.uint64)
