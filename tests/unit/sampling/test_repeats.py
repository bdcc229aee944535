"""Picks that look like another pick move where it clearly pays, and as few as may."""

import numpy as np
import pytest

from pools import make_bursts, make_pool, make_rows
from smartdownsample.records import IntArray, Regime
from smartdownsample.sampling.pool import Draft, Pool
from smartdownsample.sampling.repeats import move_repeats
from smartdownsample.sampling.scenes import find_scenes


def move(pool: Pool, picks: list[int], n_moves: int = 100) -> list[int]:
    """Let picks move to any place; the picks after that, as rows."""
    is_pick = np.isin(pool.items, picks)
    at = np.arange(len(pool.items)) * len(picks) / len(pool.items)
    draft = Draft(pool, ~pool.is_kept, find_scenes(pool), is_pick, n_moves)
    move_repeats(draft, np.arange(len(pool.items)), at, np.random.default_rng(1))
    assert draft.n_moves >= 0
    return sorted(pool.items[draft.is_pick].tolist())


def make_scenes(n_scenes: int, length: int, regime: Regime, **options: object) -> Pool:
    rows = make_bursts(np.repeat(np.arange(n_scenes), length))
    hours = np.repeat(np.arange(n_scenes), length)
    rows["captured"] = np.datetime64("2024-01-01", "ms") + hours.astype("timedelta64[h]")
    return make_pool(rows, regime=regime, **options)  # type: ignore[arg-type] # as they are


def scenes_of(picks: list[int], length: int) -> IntArray:
    return np.array(picks, dtype=np.int64) // length


@pytest.mark.parametrize("regime", ["unordered", "timed"])
def test_repeats_go_to_scenes_without_a_pick(regime: Regime) -> None:
    """Three of one scene become three of three."""
    picks = move(make_scenes(12, 5, regime), [0, 1, 2, 20, 30])
    assert len(set(scenes_of(picks, 5).tolist())) == 5
    assert {20, 30} < set(picks)


def test_in_order_a_repeat_steps_aside_within_its_step() -> None:
    """Two picks of one scene, a step apart; the next scene is half a step away."""
    pool = make_scenes(10, 20, "ordered")
    picks = move(pool, [25, 35, 75, 115, 155])  # a step is forty
    assert len(set(scenes_of(picks, 20).tolist())) == 5
    assert {75, 115, 155} < set(picks)


@pytest.mark.parametrize("regime", ["unordered", "ordered"])
def test_a_repeat_steps_aside_where_small_steps_and_large_ones_are_alike(regime: Regime) -> None:
    """Twice as far from all other picks is not enough to go elsewhere, but to step aside."""
    lab = np.repeat(np.array([[80], [100], [110], [130]], dtype=np.uint8), 48, axis=1)
    picks = move(make_pool(make_rows(lab), regime=regime), [1, 2])
    assert picks in ([1, 3], [0, 2])


def test_in_order_no_pick_comes_close_to_another() -> None:
    """However different the places there look."""
    pool = make_pool(make_bursts(np.append(np.zeros(100, dtype=np.int64), np.arange(1, 21))))
    picks = move(pool, list(range(6, 120, 12)))
    assert np.diff(picks).min() >= 6


@pytest.mark.parametrize("regime", ["unordered", "timed", "ordered"])
def test_no_more_moves_are_made_than_may_be(regime: Regime) -> None:
    """The most rewarding come first."""
    pool = make_scenes(12, 5, regime)
    before = [0, 1, 2, 3, 20]
    assert move(pool, before, n_moves=0) == before
    assert len(set(move(pool, before, n_moves=1)) - set(before)) <= 1


def test_picks_stay_in_their_stratum() -> None:
    """So that every bucket keeps its picks."""
    strata = np.arange(60) // 5 % 2
    pool = make_scenes(12, 5, "unordered", strata=strata, groups=np.zeros(60))
    before = [0, 1, 2, 20, 5, 6]
    picks = move(pool, before)
    assert np.bincount(strata[picks]).tolist() == np.bincount(strata[before]).tolist()
    assert len(set(scenes_of(picks, 5).tolist())) == 6


def test_kept_items_never_move_and_make_picks_repeats() -> None:
    """A pick that looks like a kept item goes elsewhere."""
    pool = make_scenes(12, 5, "unordered", kept=[1, 21])
    picks = move(pool, [0, 22, 40])
    assert not {0, 4} & set(scenes_of(picks, 5).tolist())


def test_with_times_no_event_loses_its_only_pick_for_a_second_one_elsewhere() -> None:
    """Two events that look alike, and a third with more room."""
    scenes = np.repeat([0, 0, 1], [5, 5, 30])
    rows = make_bursts(scenes)
    hours = np.repeat([0, 1, 2], [5, 5, 30])
    rows["captured"] = np.datetime64("2024-01-01", "ms") + hours.astype("timedelta64[h]")
    pool = make_pool(rows, regime="timed")
    assert move(pool, [2, 7, 20]) == [2, 7, 20]
