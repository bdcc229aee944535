"""Scenes: stretches of an order between two pictures that clearly differ.

Between neighbours in natural order the distance of looks is of two kinds: small within a burst,
and large from one to the next. Only distances that are clearly of a kind are evidence.

N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on Systems,
Man, and Cybernetics 9 (1979), https://doi.org/10.1109/TSMC.1979.4310076
"""

import numpy as np

from ..records import BoolArray, DistanceArray, IntArray, NumberArray
from .distances import measure_steps
from .in_blocks import count_by, find_nth, split_places
from .pool import Draft, Pool, Scenes
from .within_keys import list_distinct, pair_up, rank_within

# How many times smaller or larger than the line between both kinds a distance clearly is.
CLEAR = 1.4
# Half a level: smaller distances are noise of the decoders.
_NOISE = 64
_BINS_OF_OCTAVE = 32


def find_scenes(pool: Pool) -> Scenes:
    """Find the scenes of a pool: events where there are times; without order, each place is one."""
    if pool.regime != "ordered":
        return Scenes(pool.events, np.zeros(0, dtype=np.uint16), 0.0)
    steps = pool.steps
    if steps is None:
        steps = measure_steps(pool.rows, pool.spec, pool.items)
    line = find_line(steps)
    is_start = steps > CLEAR * line
    is_start[1:] |= pool.segments[1:] != pool.segments[:-1]
    is_start[:1] = True
    numbers = np.cumsum(is_start, dtype=np.int32)
    numbers -= 1
    return Scenes(numbers, steps, line)


def find_line(steps: DistanceArray) -> float:
    """Find the line between small and large distances, by Otsu's method on their logarithms.

    0 where all are the same. Logarithms are straight between powers of two, so that the line is
    the same on every machine.
    """
    known = steps[1:]
    counts = np.zeros(0, dtype=np.int64)
    for some in split_places(len(known)):
        mantissas, octaves = np.frexp(known[some].astype(np.float64) + _NOISE)
        bins = ((octaves - 1 + 2 * mantissas) * _BINS_OF_OCTAVE).astype(np.int64)
        of_block = np.bincount(bins, minlength=len(counts))
        of_block[: len(counts)] += counts
        counts = of_block
    below, sums = np.cumsum(counts)[:-1], np.cumsum(counts * np.arange(len(counts)))
    above = len(known) - below
    if not (below * above).any():
        return 0.0
    gaps = sums[:-1] / np.maximum(below, 1) - (sums[-1:] - sums[:-1]) / np.maximum(above, 1)
    spread = below * above * gaps**2
    # All lines between both kinds are equally good: the middle one is as far from either.
    best = np.flatnonzero(spread == spread.max())
    octave, part = divmod((best[0] + best[-1] + 2) / 2, _BINS_OF_OCTAVE)
    return float(2.0 ** (octave - 1) * (1 + part / _BINS_OF_OCTAVE) - _NOISE)


def visit_scenes(draft: Draft) -> None:
    """Move picks that are clearly in the scene of the one before to scenes that have none.

    Each stays in its segment, and the scenes that stand out most come first. A scene of which one
    side only is clear is not visited.
    """
    pool, (numbers, steps, line) = draft.pool, draft.scenes
    is_start = np.ones(len(numbers), dtype=np.bool_)
    is_start[1:] = numbers[1:] != numbers[:-1]
    starts = np.flatnonzero(is_start)
    # How clear a scene is: the smaller of the steps into it and out of it.
    into = steps[starts].astype(np.int64)
    into[np.diff(pool.segments[starts], prepend=-1) != 0] = 0
    clearness = np.minimum(into, np.append(into[1:], 0))
    n_picks = np.bincount(numbers[draft.is_chosen], minlength=len(starts))
    targets = _choose_middle(draft.is_free, numbers, len(starts))
    to_scenes = np.flatnonzero((n_picks == 0) & (clearness > CLEAR * line) & (targets >= 0))
    redundant = _find_redundant(draft)
    from_, to = pair_up(pool.segments, redundant, targets[to_scenes], -clearness[to_scenes])
    best = np.argsort(-clearness[numbers[to]], kind="stable")
    draft.move(from_[best], to[best])


def _find_redundant(draft: Draft) -> IntArray:
    """Find the picks with nothing but small steps to the one before, whose strata have more."""
    pool, (_, steps, line) = draft.pool, draft.scenes
    is_small = steps < line / CLEAR
    is_small[1:] &= pool.segments[1:] == pool.segments[:-1]
    is_small[:1] = False
    runs = np.cumsum(~is_small, dtype=np.int32)
    chosen = np.flatnonzero(draft.is_chosen)
    is_pair = runs[chosen[1:]] == runs[chosen[:-1]]
    before, later = chosen[:-1][is_pair], chosen[1:][is_pair]
    # Kept items do not move: the pick before one does.
    later = list_distinct(np.where(pool.is_kept[later], before, later))
    later = later[draft.is_pick[later]]
    strata = pool.strata[later]
    n_picks = np.bincount(pool.strata[chosen], minlength=int(pool.strata.max()) + 1)
    return np.asarray(later[rank_within(strata, np.arange(len(later))) < n_picks[strata] - 1])


def _choose_middle(is_free: BoolArray, numbers: NumberArray, n_scenes: int) -> IntArray:
    """Choose the middle free place of each scene, shape (n_scenes,); -1 where none is free."""
    lengths = count_by(numbers, n_scenes, is_free)
    firsts = np.cumsum(lengths) - lengths
    middles = np.full(n_scenes, -1)
    some = lengths > 0
    middles[some] = find_nth(is_free, firsts[some] + lengths[some] // 2)
    return middles
