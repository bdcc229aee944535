"""Samplers to judge: this package's, and plain ones that work on the same stored features.

Each takes an index, the numbers of pictures wanted and a seed, and returns rows for each number.
"""

import heapq
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from pages.selection import (
    DEFAULT,
    FACILITIES,
    FARTHEST,
    PREFIXES,
    RANDOM,
    STRIDE,
    STRIDE_IN_TIME,
)
from smartdownsample import ImageIndex
from smartdownsample.items import number_folders
from smartdownsample.records import FeatureTable, IntArray
from smartdownsample.sampling.distances import measure_distances

Picks = list[IntArray]
Sampler = Callable[[ImageIndex, Sequence[int], int], Picks]

# Facility location compares all pictures with all.
MOST_COMPARED = 4000


# Least share of the photos whose capture times are known, so that they can be sorted by time.
_LEAST_TIMED = 0.9


def has_times(table: FeatureTable) -> bool:
    """Tell whether photos can be sorted by capture time."""
    return bool((~np.isnat(table.rows["captured"])).mean() >= _LEAST_TIMED)


def sample_ours(index: ImageIndex, counts: Sequence[int], seed: int) -> Picks:
    """Sample with this package."""
    return [index.sample(count, random_seed=seed).rows for count in counts]


def take_prefixes(index: ImageIndex, counts: Sequence[int], seed: int) -> Picks:
    """Rank all pictures once and take the first ones."""
    ranking = index.rank(random_seed=seed)
    return [ranking.first(count).rows for count in counts]


def draw_randomly(index: ImageIndex, counts: Sequence[int], seed: int) -> Picks:
    """Draw by lot."""
    rng = np.random.default_rng(seed)
    return [rng.choice(len(index), count, replace=False) for count in counts]


def step_evenly(index: ImageIndex, counts: Sequence[int], seed: int) -> Picks:
    """Take even steps through the natural order from a random start."""
    start = np.random.default_rng(seed).random()
    n = len(index)
    return [((np.arange(count) + start) * n / count).astype(np.int64) for count in counts]


def step_in_time(index: ImageIndex, counts: Sequence[int], seed: int) -> Picks:
    """Take even steps through folders, and through each by capture time, from a random start."""
    by_time = np.lexsort((index.table.rows["captured"], number_folders(index.paths)))
    return [by_time[rows] for rows in step_evenly(index, counts, seed)]


def go_farthest(index: ImageIndex, counts: Sequence[int], seed: int) -> Picks:
    """Add the picture farthest from all picks, again and again, from a random start.

    T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985,
    https://doi.org/10.1016/0304-3975(85)90224-5.
    """
    pick = int(np.random.default_rng(seed).integers(len(index)))
    nearest = _measure_from(index, pick)
    picks: list[int] = []
    while len(picks) < max(counts):
        picks.append(pick)
        nearest = np.minimum(nearest, _measure_from(index, pick))
        # Of pictures that look the same none is taken twice.
        nearest[pick] = -1
        pick = int(nearest.argmax())
    return [np.array(picks[:count]) for count in counts]


def locate_facilities(index: ImageIndex, counts: Sequence[int], seed: int) -> Picks:
    """Add the picture that brings all pictures nearest to the picks; the seed has no say.

    M. Minoux, "Accelerated greedy algorithms for maximizing submodular set functions", 1978,
    https://doi.org/10.1007/BFb0006528.
    """
    del seed
    distances = np.array([_measure_from(index, row) for row in range(len(index))], np.float32)
    closeness = distances.max() - distances
    covered = np.zeros(len(index), dtype=np.float32)
    # A gain never grows, so that one that is still the largest when renewed is the largest.
    gains = [(-float(gain), row) for row, gain in enumerate(closeness.sum(axis=1))]
    heapq.heapify(gains)
    picks: list[int] = []
    while len(picks) < max(counts):
        row = gains[0][1]
        gain = float(np.maximum(closeness[row] - covered, 0).sum())
        heapq.heapreplace(gains, (-gain, row))
        if gains[0][1] == row:
            heapq.heappop(gains)
            picks.append(row)
            np.maximum(covered, closeness[row], out=covered)
    return [np.array(picks[:count]) for count in counts]


def _measure_from(index: ImageIndex, row: int) -> npt.NDArray[np.int64]:
    """Measure how far all pictures look from one, shape (n,)."""
    table = index.table
    distances = measure_distances(table.rows, table.rows[row : row + 1], table.spec)
    return distances.astype(np.int64)


SAMPLERS: dict[str, Sampler] = {
    DEFAULT: sample_ours,
    PREFIXES: take_prefixes,
    RANDOM: draw_randomly,
    STRIDE: step_evenly,
    STRIDE_IN_TIME: step_in_time,
    FARTHEST: go_farthest,
    FACILITIES: locate_facilities,
}
