"""The order that picks of a collection are spread along, found once for each collection.

Capture times tell best what belongs together, then names, then looks:

- *timed*: frames camera by camera, by capture time. Frames that follow one another within a
  minute are one event.
- *ordered*: the natural order of names; long runs of one look count less.
- *unordered*: neighbours look alike; names and times mean nothing, but for words that they begin
  with: each of many series (`series`) has an order by looks of its own.

An order counts where neighbours in it look clearly more alike than random pairs do.
"""

from dataclasses import replace

import numpy as np

from ..items import number_cameras
from ..records import (
    ByteArray,
    DistanceArray,
    FeatureTable,
    Float64Array,
    IntArray,
    Layout,
    Regime,
    RowArray,
    let_go,
    take_field,
    take_rows,
)
from .distances import measure_distances, measure_steps
from .in_blocks import count_by
from .scenes import CLEAR, find_line
from .series import number_series
from .within_keys import count_distinct, list_distinct, number_joined

# Least share of frames whose capture time is known.
_MIN_TIMED = 0.9
# Of known times, so many are distinct: a camera takes ten frames a second at most.
_MIN_DISTINCT = 0.05
# Most that neighbours in an order differ, by what random pairs do; most that neighbours in time
# do, by what those in natural order do. Either lets an order through that is a little worse.
_MAX_BY_RANDOM = 0.9
_MAX_BY_NATURAL = 1.1
_N_PAIRS = 10_000
# Longest pause within an event, and its longest duration, so that a photo every minute is not one
# event; and its most frames: a clock may stand still.
_MAX_PAUSE = np.timedelta64(60, "s")
_MAX_DURATION_MS = 300_000
_MAX_FRAMES = 100
# Images that are looked ahead for one that looks alike; length of a long run, and the share of
# images in such runs that makes a collection bursty.
_REACH = 5
_LONG_RUN = 8
_MOST_IN_RUNS = 0.5
# Share of steps that are near the line between small and large ones, where runs mean something: it
# is at most 0.25 in collections with bursts, 0.7 in those of products and pets.
_MOST_UNCLEAR = 0.3
# Folders are of one camera if its frames go over from one to the other as quickly as this share of
# them follow one another in a folder, at least and at most in so many seconds; on so many
# occasions, and on that share of those of the folder with fewer. Independent cameras share 0.02.
_QUICK_SHARE = 0.9
_QUICK_S = (1.0, 10.0)
_MIN_CHANGES = 2
_MIN_SHARED = 0.05
# Rows that are compared at a time, to bound memory.
_BATCH_ROWS = 1 << 16
_SEED = 0
# Pictures of a leaf of the order by looks stand next to one another.
_LEAF_SIZE = 2
# A projection adds or subtracts 48 bytes, whose range is below 2^15.
_PROJECTION_BITS = 15


def lay_out(table: FeatureTable) -> Layout:
    """Choose the order of a collection; the same whatever the order in which it was given."""
    n = len(table)
    natural = np.arange(n)
    mean_of_pairs = _measure_random_pairs(table)
    steps = measure_steps(table.rows, table.spec)
    mean_natural = _mean(steps)
    captured = take_field(table.rows, "captured")
    if _tells_time(captured):
        folders = number_cameras(table)
        # NaT is the smallest number, so frames without a time come first of each camera.
        tried = [
            (cameras, np.lexsort((natural, captured.astype(np.int64), cameras)))
            for cameras in (join_folders(captured, folders), folders)
        ]
        means = [_mean(measure_steps(table.rows, table.spec, order)) for _, order in tried]
        best = int(np.argmin(means))
        if means[best] <= min(_MAX_BY_RANDOM * mean_of_pairs, _MAX_BY_NATURAL * mean_natural):
            cameras, order = tried[best]
            events = number_events(captured[order], cameras[order])
            return Layout("timed", order, events, _all_worth_the_same(n))
    if mean_natural <= _MAX_BY_RANDOM * mean_of_pairs:
        return Layout("ordered", natural, natural, weigh_runs(table, steps), steps)
    looks = lay_out_by(table.rows, "unordered")
    series = number_series(table.paths)[looks.order]
    return replace(looks, order=looks.order[np.argsort(series, kind="stable")])


def lay_out_by(rows: RowArray, regime: Regime) -> Layout:
    """Lay rows out in natural order, or by looks, without asking what fits them."""
    natural = np.arange(len(rows))
    order = natural
    if regime == "unordered":
        order = order_by_looks(rows["lab_layout"], _LEAF_SIZE, np.random.default_rng(_SEED))
    return Layout(regime, order, natural, _all_worth_the_same(len(rows)))


def _tells_time(captured: np.ndarray) -> bool:
    """Tell whether most capture times are known, and the clock did not stand still."""
    known = captured[~np.isnat(captured)]
    if len(known) < max(_MIN_TIMED * len(captured), 1):
        return False
    return len(list_distinct(known.astype(np.int64))) > _MIN_DISTINCT * len(known)


def _measure_random_pairs(table: FeatureTable) -> float:
    """Measure the mean distance of random pairs of a collection."""
    n = len(table)
    if n <= 1:
        return 0.0
    rng = np.random.default_rng(_SEED)
    first = rng.integers(n, size=_N_PAIRS)
    second = (first + rng.integers(1, n, size=_N_PAIRS)) % n
    rows, others = take_rows(table.rows, first), take_rows(table.rows, second)
    return float(measure_distances(rows, others, table.spec).mean())


def _mean(steps: np.ndarray) -> float:
    """Average all steps but the first, which has nothing before it."""
    return float(steps[1:].mean()) if len(steps) > 1 else 0.0


def join_folders(captured: np.ndarray, folders: IntArray) -> IntArray:
    """Find the camera of each frame, shape (n,): folders that hold frames of one are joined.

    People sort a camera's frames into folders; then a folder goes on where another stops, as
    quickly as frames of a camera follow one another, and not only once in a while, as two cameras
    do that happen to see something at a time.
    """
    by_time = np.argsort(captured, kind="stable")
    by_time = by_time[~np.isnat(captured[by_time])]
    pauses, own = np.diff(captured[by_time]), folders[by_time]
    is_soon = pauses <= _MAX_PAUSE
    within = pauses[is_soon & (own[1:] == own[:-1])] / np.timedelta64(1, "s")
    if not len(within):
        return folders
    quick_s = float(np.clip(find_quantile(within, _QUICK_SHARE), *_QUICK_S))
    is_change = np.flatnonzero(is_soon & (own[1:] != own[:-1]))
    is_quick = pauses[is_change] / np.timedelta64(1, "s") <= quick_s
    # An occasion is frames of any camera that follow one another.
    occasions = np.cumsum(np.append(0, ~is_soon))
    n_occasions = count_distinct(own, occasions, int(folders.max()) + 1)
    ends = np.sort(np.stack([own[is_change], own[is_change + 1]], axis=1), axis=1)
    pairs, numbers = np.unique(ends, axis=0, return_inverse=True)
    numbers = numbers.reshape(-1)
    n_changes = np.bincount(numbers, minlength=len(pairs))
    n_quick = np.bincount(numbers, is_quick, minlength=len(pairs))
    n_shared = count_distinct(numbers[is_quick], occasions[is_change[is_quick]], len(pairs))
    n_least = np.maximum(_MIN_SHARED * n_occasions[pairs].min(axis=1), _MIN_CHANGES)
    joined = pairs[(n_shared >= n_least) & (2 * n_quick > n_changes)]
    return number_joined(joined.tolist(), int(folders.max()) + 1)[folders]


def find_quantile(values: Float64Array, share: float) -> float:
    """Find a quantile to the last bit as `numpy.quantile` does, which imports much for it."""
    below, weight = divmod((len(values) - 1) * share, 1)
    ordered = np.sort(values)
    low, high = ordered[int(below)], ordered[min(int(below) + 1, len(values) - 1)]
    step = high - low
    return float(low + step * weight if 2 * weight < 1 else high - step * (1 - weight))


def weigh_runs(table: FeatureTable, steps: DistanceArray) -> Float64Array:
    """Weigh images in natural order: less where most of them stand in long runs of one look.

    A run goes on while one of the next few images clearly looks like one of the last few. Where
    more than half of all images are of runs of eight or more, as in a collection of which some
    parts are bursts, a run is worth the square root of its length. Elsewhere all are worth the
    same: a trigger of a few frames in which an animal moves is no more than one without. So are
    they where small steps and large ones are hard to tell, as among photos of products.
    """
    n = len(table)
    line = find_line(steps)
    is_unclear = (steps[1:] >= line / CLEAR) & (steps[1:] <= line * CLEAR)
    if n <= 1 or is_unclear.mean() > _MOST_UNCLEAR:
        return _all_worth_the_same(n)
    # How many pairs that look alike reach over the border before each image.
    n_over = np.zeros(n + 1, dtype=np.int8)
    for start in range(0, n, _BATCH_ROWS):
        rows = table.rows[start : start + _BATCH_ROWS + _REACH]
        for reach in range(1, min(_REACH, len(rows) - 1) + 1):
            n_pairs = min(_BATCH_ROWS, len(rows) - reach)
            before, after = rows[:n_pairs], rows[reach : reach + n_pairs]
            is_alike = measure_distances(before, after, table.spec) < line / CLEAR
            first = start + np.flatnonzero(is_alike) + 1
            n_over[first] += 1
            n_over[first + reach] -= 1
        let_go(rows)
    # At most so many pairs reach over a border: the sums fit one byte as well.
    runs = np.cumsum(np.cumsum(n_over[:n], dtype=np.int8) == 0, dtype=np.int32)
    lengths = count_by(runs, int(runs[-1]) + 1)
    if lengths[lengths >= _LONG_RUN].sum() / n <= _MOST_IN_RUNS:
        return _all_worth_the_same(n)
    return np.asarray((1 / np.sqrt(np.maximum(lengths, 1)))[runs])


def _all_worth_the_same(n: int) -> Float64Array:
    """Weigh all images alike; the array is read-only and takes no memory."""
    return np.broadcast_to(1.0, (n,))


def number_events(captured: np.ndarray, cameras: IntArray) -> IntArray:
    """Find the event of each frame, shape (n,), ascending; frames are sorted by camera and time.

    A frame without a time is an event of its own.
    """
    n = len(captured)
    is_start = np.ones(n, dtype=np.bool_)
    is_start[1:] = (cameras[1:] != cameras[:-1]) | ~(np.diff(captured) <= _MAX_PAUSE)
    places = np.arange(n)
    starts = np.maximum.accumulate(np.where(is_start, places, 0))
    # Parts of equal duration, then of equal length.
    ms = captured.astype("datetime64[ms]").astype(np.int64)
    parts = (ms - ms[starts]) // _MAX_DURATION_MS
    is_start[1:] |= parts[1:] != parts[:-1]
    starts = np.maximum.accumulate(np.where(is_start, places, 0))
    is_start |= (places - starts) % _MAX_FRAMES == 0
    return np.cumsum(is_start) - 1


def order_by_looks(lab: ByteArray, leaf_size: int, rng: np.random.Generator) -> IntArray:
    """Order pictures so that those of similar colour layout stand near one another, shape (m,).

    At each depth of the tree, the pictures of each node are sorted by one random projection and
    halved, until leaves are of about `leaf_size`.

    S. Dasgupta, Y. Freund, "Random projection trees and low dimensional manifolds", STOC 2008,
    https://doi.org/10.1145/1374376.1374452
    """
    m = len(lab)
    n_depths = (m // leaf_size).bit_length()
    directions = rng.integers(0, 2, size=(lab.shape[1], n_depths)).astype(np.float32) * 2 - 1
    # Exact in single precision, and small enough for two bytes.
    projections = np.empty((n_depths, m), dtype=np.int16)
    for start in range(0, m, _BATCH_ROWS):
        some = slice(start, start + _BATCH_ROWS)
        projections[:, some] = (lab[some].astype(np.float32) @ directions).T
    projections -= projections.min(initial=0)
    # Node, projection and picture share 64 bits: sorting plain integers is fastest.
    n_item_bits = m.bit_length()
    order = np.arange(m)
    places = np.arange(m)
    for depth, projection in enumerate(projections):
        nodes = (places << depth) // m
        keys = (nodes << _PROJECTION_BITS | projection[order]) << n_item_bits | order
        keys.sort()
        order = keys & ((1 << n_item_bits) - 1)
    return order
