"""What picks are taken from, and a selection in the making."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..records import (
    BoolArray,
    DistanceArray,
    FeatureSpec,
    Float64Array,
    IntArray,
    Layout,
    NumberArray,
    Regime,
    RowArray,
)
from .in_blocks import count_by


@dataclass(frozen=True)
class Pool:
    """The items that picks are taken from, place by place: by segment, and in order within it.

    Attributes
    ----------
    rows : structured ndarray, shape (n,)
        The feature matrix.
    regime : {"timed", "ordered", "unordered"}
        What the order is by, see `layout`.
    items : ndarray of int64, shape (m,)
        The row of each place.
    events : ndarray of int64, shape (m,)
        Number of each place's event, ascending; none is of two segments.
    segments : ndarray of int64, shape (m,)
        Number of each place's segment, ascending: what counts are given for.
    strata : ndarray of int32 or int64, shape (m,)
        Number of each place's stratum.
    worth : ndarray of float64, shape (m,)
        What each place stands for, in events.
    is_kept : ndarray of bool, shape (m,)
        Items selected before: never picked, and kept apart from.
    steps : ndarray of uint16, shape (m,), or None
        How far each place looks from the one before it, where that is measured already.
    """

    rows: RowArray
    spec: FeatureSpec
    regime: Regime
    items: IntArray
    events: IntArray
    segments: IntArray
    strata: NumberArray
    worth: Float64Array
    is_kept: BoolArray
    steps: DistanceArray | None = None


def make_pool(
    rows: RowArray,
    spec: FeatureSpec,
    layout: Layout,
    segments: IntArray,
    strata: NumberArray,
    is_kept: BoolArray,
    is_open: BoolArray | None = None,
) -> Pool:
    """Lay the open items out by segment, in the order of the layout; arrays by row, shape (n,)."""
    is_all = is_open is None or bool(is_open.all())
    if is_all and (segments == segments[:1]).all():
        return _make_whole_pool(rows, spec, layout, segments[:1], strata, is_kept)
    places = np.arange(len(rows)) if is_open is None else np.flatnonzero(is_open[layout.order])
    places = places[np.argsort(segments[layout.order[places]], kind="stable")]
    items = layout.order[places]
    # An event of several segments is one of each.
    is_start = np.diff(layout.events[places], prepend=-1) != 0
    is_start |= np.diff(segments[items], prepend=-1) != 0
    events = np.cumsum(is_start) - 1
    return Pool(
        rows=rows,
        spec=spec,
        regime=layout.regime,
        items=items,
        events=events,
        segments=segments[items],
        strata=strata[items],
        worth=layout.worth[places] / np.bincount(events)[events],
        is_kept=is_kept[items],
        steps=layout.steps if np.array_equal(items, layout.order) else None,
    )


def _make_whole_pool(
    rows: RowArray,
    spec: FeatureSpec,
    layout: Layout,
    segment: IntArray,
    strata: NumberArray,
    is_kept: BoolArray,
) -> Pool:
    """Lay all items out in one segment: the layout as it is, without a copy of what is large.

    ``segment``, shape (1,), is its number; it is empty where there is no item.
    """
    n = len(rows)
    is_natural = layout.order is layout.events  # both count from 0
    worth = layout.worth
    if layout.regime == "timed":
        worth = worth / count_by(layout.events, layout.n_events)[layout.events]
    return Pool(
        rows=rows,
        spec=spec,
        regime=layout.regime,
        items=layout.order,
        events=layout.events,
        segments=np.broadcast_to(segment, (n,)),
        strata=strata if is_natural else strata[layout.order],
        worth=worth,
        is_kept=is_kept if is_natural else is_kept[layout.order],
        steps=layout.steps,
    )


class Scenes(NamedTuple):
    """Stretches of the order that show one thing each, see `find_scenes`.

    Attributes
    ----------
    numbers : ndarray of int32 or int64, shape (m,)
        Number of each place's scene, ascending.
    steps : ndarray of uint16, shape (m,)
        How far each place looks from the one before it; empty where the order is not natural.
    line : float
        Smaller steps are as within a scene, larger ones as between two.
    """

    numbers: NumberArray
    steps: DistanceArray
    line: float


@dataclass
class Draft:
    """A selection in the making: picks move, and never change how many there are.

    Attributes
    ----------
    pool : Pool
        What is picked from; places and strata are those of the pool.
    is_free : ndarray of bool, shape (m,)
        Places that may be picked.
    scenes : Scenes
        What the order tells of what belongs together.
    is_pick : ndarray of bool, shape (m,)
        The picks at present.
    n_moves : int
        How many more picks may move because of looks.
    """

    pool: Pool
    is_free: BoolArray
    scenes: Scenes
    is_pick: BoolArray
    n_moves: int

    @property
    def is_chosen(self) -> BoolArray:
        """Which places are picked or kept, shape (m,)."""
        return self.is_pick | self.pool.is_kept

    def move(self, from_: IntArray, to: IntArray) -> None:
        """Move picks from some places to others, as far as moves go; the first are made first."""
        from_, to = from_[: self.n_moves], to[: self.n_moves]
        self.n_moves -= len(to)
        self.is_pick[from_] = False
        self.is_pick[to] = True
