"""How well selections cover a collection as they grow, and where more adds little."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..checks import check_integer
from ..display import count_noun, format_html
from ..options import SamplingOptions
from ..records import Collection, Float64Array, IntArray
from .distances import DISTANCE_SCALE, FAR, compare_all
from .near_duplicates import SAME_SCENE
from .nested_ranking import draw_ranking

# Largest selection measured, unless the caller asks for more.
MAX_COUNT = 10_000
# Random items that stand for the whole collection. In 19 of 20 cases the share covered is right to
# within 0.02.
_N_PROBES = 2_000
# Sizes of selections that are reported; fewer where rounding makes some equal.
_N_COUNTS = 30
# Shares of which the counts that reach them are told.
_SHARES = (0.8, 0.9, 0.95)
# A curve has a clear knee if it is so far below the line from its first to its last value, as a
# share of its fall, and if the knee covers most of the collection and of its events.
_MIN_DEPTH = 0.6
_MIN_COVERED = 0.8
_MIN_EVENTS = 0.5


class NeededCount(NamedTuple):
    """How many images cover a share of a collection; None where it takes more than the limit.

    Attributes
    ----------
    share : float
        The share, from 0 to 1.
    by_looks : int or None
        Images until so many are selected or look like a selected one.
    by_events : int or None
        Images until so many events have one; None also where capture times are not known.
    """

    share: float
    by_looks: int | None
    by_events: int | None

    def describe(self) -> str:
        """Say in one line how many it takes.

        Returns
        -------
        str
            Such as "80%: by looks 42, by events 57".
        """
        looks = "too many" if self.by_looks is None else f"{self.by_looks:,}"
        text = f"{self.share:.0%}: by looks {looks}"
        return text if self.by_events is None else f"{text}, by events {self.by_events:,}"


@dataclass(frozen=True, eq=False, repr=False)
class Coverage:
    """How well selections of growing size, the first items of one ranking, cover a collection.

    Attributes
    ----------
    counts : ndarray of int64, shape (c,)
        Sizes of selections, ascending in about equal ratios; the suggested one is among them.
    mean_distances : ndarray of float64, shape (c,)
        Mean distance in looks from an item of the collection to the nearest selected one, in
        levels of 8-bit Lab, see `smartdownsample.sampling.distances`. Descending.
    covered_shares : ndarray of float64, shape (c,)
        Share of the collection, from 0 to 1, that is selected or looks like a selected item.
        Ascending.
    needed : tuple of NeededCount
        How many cover 80, 90 and 95 % of the collection.
    suggested_count : int
        The size beyond which little more of the collection gets covered, the knee of
        ``covered_shares``; 0 where none stands out.
    reason : str
        Why none stands out; empty where one does.
    """

    counts: IntArray
    mean_distances: Float64Array
    covered_shares: Float64Array
    needed: tuple[NeededCount, ...]
    suggested_count: int
    reason: str = ""

    def __repr__(self) -> str:
        """Show the suggestion."""
        return f"<Coverage by up to {self._count()}: {self.describe()}>"

    def _repr_html_(self) -> str:
        """Show in a notebook the suggestion, and how many images cover how much."""
        rows = (each.describe().split(": ", maxsplit=1) for each in self.needed)
        return format_html(self.describe().capitalize(), ((share, text) for share, text in rows))

    def _count(self) -> str:
        return count_noun(int(self.counts.max(initial=0)), "image")

    def describe(self) -> str:
        """Say in one line what is suggested, or why nothing is.

        Returns
        -------
        str
            A sentence for people.
        """
        if not self.suggested_count:
            return f"no clear number, since {self.reason}"
        place = int(np.searchsorted(self.counts, self.suggested_count))
        return (
            f"{self.suggested_count:,} suggested, {self.covered_shares[place]:.0%} of the "
            "collection look like one of them"
        )


def measure_coverage(
    collection: Collection, limit: int | None, random_seed: int | None
) -> Coverage:
    """Measure how well the first 1 to `limit` items of a ranking cover a collection.

    A `limit` of None is the smaller of `MAX_COUNT` and n. The time is that of the ranking and of
    comparing all ranked items with up to 2,000 random ones.

    The suggestion goes by the share covered. The mean distance would not do: it falls most with
    the first few items, however varied a collection is, and goes on falling among near-duplicates.
    """
    limit = MAX_COUNT if limit is None else check_integer("limit", limit, at_least=1)
    table = collection.table
    ranked = draw_ranking(collection, limit, random_seed, SamplingOptions()).rows
    rng = np.random.default_rng(random_seed)
    probes = rng.choice(len(table), size=min(len(table), _N_PROBES), replace=False)
    mean_distances, covered_shares = np.zeros(len(ranked)), np.zeros(len(ranked))
    start = 0
    nearest = np.full(len(probes), FAR, dtype=np.uint16)
    for distances in compare_all(table.rows[ranked], table.rows[probes], table.spec):
        # Line i becomes the distances to the nearest of the items ranked up to there.
        np.minimum(distances[0], nearest, out=distances[0])
        np.minimum.accumulate(distances, axis=0, out=distances)
        nearest = distances[-1]
        batch = slice(start, start + len(distances))
        mean_distances[batch] = distances.mean(axis=1) / DISTANCE_SCALE
        covered_shares[batch] = (distances < SAME_SCENE).mean(axis=1)
        start = batch.stop
    event_shares = _measure_events(collection, ranked)
    knee, reason = _suggest(covered_shares, event_shares)
    counts = _choose_counts(len(ranked), knee)
    needed = (
        NeededCount(share, _find_first(covered_shares, share), _find_first(event_shares, share))
        for share in _SHARES
    )
    return Coverage(
        counts,
        mean_distances[counts - 1],
        covered_shares[counts - 1],
        tuple(needed),
        0 if reason else knee,
        reason,
    )


def _measure_events(collection: Collection, ranked: IntArray) -> Float64Array:
    """Measure the share of events that the first 1 to k have items of; none without times."""
    layout = collection.layout
    if layout.regime != "timed":
        return np.zeros(0)
    events = np.empty(len(layout.order), dtype=np.int64)
    events[layout.order] = layout.events
    is_new = np.zeros(len(ranked), dtype=np.bool_)
    is_new[np.unique(events[ranked], return_index=True)[1]] = True
    return np.cumsum(is_new) / (layout.events[-1:] + 1)


def _find_first(shares: Float64Array, share: float) -> int | None:
    """Find the smallest count that reaches a share, if any does."""
    reached = np.flatnonzero(shares >= share)
    return int(reached[0]) + 1 if len(reached) else None


def _suggest(covered_shares: Float64Array, event_shares: Float64Array) -> tuple[int, str]:
    """Suggest a count, and say why it is no clear one; the reason is empty if it is."""
    if not len(covered_shares):
        return 0, "there are no images"
    knee = find_knee(1 - covered_shares)
    if covered_shares[-1] < _MIN_COVERED:
        return knee, f"the {len(covered_shares):,} that were ranked cover too little"
    if measure_depth(1 - covered_shares) < _MIN_DEPTH or covered_shares[knee - 1] < _MIN_COVERED:
        return knee, "each image more adds about as much as the one before"
    if len(event_shares) and event_shares[knee - 1] < _MIN_EVENTS:
        return knee, (
            f"{count_noun(knee, 'image')} cover nearly all looks, but only "
            f"{event_shares[knee - 1]:.0%} of the events"
        )
    return knee, ""


def find_knee(curve: Float64Array) -> int:
    """Find the count at which a falling curve flattens; `curve` has values for counts 1 to n.

    That is where it is farthest below the line from its first to its last value, over the
    logarithm of the count. It is 1 for a constant curve, n where nothing is below the line, 0
    for an empty one.

    V. Satopaa, J. Albrecht, D. Irwin, B. Raghavan, "Finding a 'Kneedle' in a Haystack: Detecting
    Knee Points in System Behavior", ICDCSW 2011, https://doi.org/10.1109/ICDCSW.2011.20
    """
    n = len(curve)
    fall = curve[0] - curve[-1] if n else 0.0
    if fall == 0:
        return min(n, 1)
    depths = 1 - np.log(np.arange(1, n + 1)) / np.log(n) - (curve - curve[-1]) / fall
    # Both ends are on the line, so depths.max() >= 0. If it is 0, the curve has not flattened yet.
    return int(depths.argmax()) + 1 if depths.max() > 0 else n


def measure_depth(curve: Float64Array) -> float:
    """Measure how far a falling curve gets below the line from its first to its last value.

    The unit is its fall; it is 1 where the first value already is the last one.
    """
    fall = curve[0] - curve[-1]
    if fall == 0:
        return 1.0
    line = np.linspace(1, 0, len(curve))
    return float((line - (curve - curve[-1]) / fall).max())


def _choose_counts(n: int, suggested_count: int) -> IntArray:
    """Choose counts from 1 to n in about equal ratios, the suggested one among them."""
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    spaced = np.geomspace(1, n, _N_COUNTS).round().astype(np.int64)
    return np.unique(np.append(spaced, suggested_count))
