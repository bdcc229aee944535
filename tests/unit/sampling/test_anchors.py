"""Anchors are set in strata that lack picks, away from one another."""

import numpy as np

from pools import make_bursts, make_pool, make_scattered_rows
from smartdownsample.records import RowArray
from smartdownsample.sampling.anchors import anchor_strata
from smartdownsample.sampling.pool import Pool


def anchor(pool: Pool, strata: list[int], anchored: list[int] | None = None) -> list[int]:
    """Anchor strata in a pool whose places are a third of a step apart; the new anchors."""
    is_anchor = np.zeros(len(pool.items), dtype=np.bool_)
    is_anchor[anchored or []] = True
    before = is_anchor.copy()
    at = np.arange(len(pool.items)) / 3
    rng = np.random.default_rng(0)
    anchor_strata(pool, ~pool.is_kept, at, np.array(strata, dtype=np.int64), is_anchor, rng)
    assert is_anchor[before].all()
    return np.flatnonzero(is_anchor & ~before).tolist()


def make_timed_bursts() -> RowArray:
    """Make ten bursts of six frames, an hour apart."""
    rows = make_bursts(np.arange(60) // 6)
    seconds = np.arange(60) // 6 * 3600 + np.arange(60) % 6
    rows["captured"] = np.datetime64("2024-01-01", "ms") + seconds.astype("timedelta64[s]")
    return rows


def test_each_of_the_strata_gets_one() -> None:
    """And no other."""
    strata = np.arange(60) % 5
    pool = make_pool(make_scattered_rows(60, 1), strata, groups=np.zeros(60))
    anchors = anchor(pool, [1, 4])
    assert sorted(strata[anchors]) == [1, 4]
    assert anchor(pool, []) == []


def test_anchors_are_a_step_apart_where_they_can_be() -> None:
    """Also from kept items and anchors from before."""
    strata = np.zeros(60, dtype=np.int64)
    strata[[20, 21, 22, 40]] = 1
    strata[[23, 50]] = 2
    pool = make_pool(make_scattered_rows(60, 1), strata, kept=[38], groups=np.zeros(60))
    first, second = anchor(pool, [1, 2])
    assert second - first >= 3
    assert anchor(pool, [1], anchored=[18, 38]) in ([21], [22])
    assert anchor(pool, [1], anchored=[20, 21]) == [40]
    assert anchor(pool, [2], anchored=[22]) == [50]
    strata[:] = np.arange(60) // 2 % 3  # each has places everywhere
    pool = make_pool(make_scattered_rows(60, 1), strata, groups=np.zeros(60))
    assert np.diff(anchor(pool, [0, 1, 2])).min() >= 3


def test_strata_of_few_events_choose_first() -> None:
    """The first one has a place elsewhere: it does not take the event of the second."""
    rows = make_timed_bursts()
    strata = np.zeros(60, dtype=np.int64)
    strata[[30, 55]] = 1
    strata[[31, 32, 33]] = 2  # more places, of one event
    pool = make_pool(rows, strata, groups=np.zeros(60), regime="timed")
    for _ in range(5):
        anchors = anchor(pool, [1, 2])
        assert 55 in anchors
        assert len({place // 6 for place in anchors}) == 2


def test_an_event_without_an_anchor_is_preferred() -> None:
    """However far places of the others are."""
    rows = make_timed_bursts()
    strata = np.zeros(60, dtype=np.int64)
    strata[[0, 6]] = 1
    pool = make_pool(rows, strata, groups=np.zeros(60), regime="timed")
    assert anchor(pool, [1], anchored=[5]) == [6]


def test_large_strata_are_tried_in_places() -> None:
    """Spread over all of it."""
    pool = make_pool(make_scattered_rows(3000, 1))
    (place,) = anchor(pool, [0], anchored=list(range(1500)))
    assert place >= 1502
