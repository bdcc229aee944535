"""Picks are exact and distinct, spread over the natural order and over looks."""

from collections.abc import Sequence

import numpy as np
import pytest

from pools import SPEC, make_bursts, make_pool, make_scattered_rows, scatter_bytes
from smartdownsample.options import Spread
from smartdownsample.records import IntArray
from smartdownsample.sampling.distances import DISTANCE_SCALE, measure_distances
from smartdownsample.sampling.picking import Pool, pick_rows

SPREADS: tuple[Spread, ...] = ("joint", "order", "visual")
all_spreads = pytest.mark.parametrize("spread", SPREADS)
SEEDS = range(5)


def pick(
    pool: Pool, quotas: Sequence[int] | int, spread: Spread = "joint", seed: int = 42
) -> list[int]:
    wanted = np.atleast_1d(np.array(quotas, dtype=np.int64))
    rows = pick_rows(pool, wanted, spread, np.random.default_rng(seed))
    assert rows.dtype == np.int64
    return [int(row) for row in rows]


def make_uneven_bursts(n_bursts: int) -> IntArray:
    """Make the scenes of bursts of 1 to 30 frames, one burst after the other."""
    return np.repeat(np.arange(n_bursts), 1 + scatter_bytes(n_bursts, 1, 3)[:, 0] % 30)


def shuffle(scenes: IntArray) -> IntArray:
    """Mix frames so that no burst is left together."""
    keys = scatter_bytes(len(scenes), 4, 9).astype(np.int64)
    return scenes[np.argsort(keys @ 256 ** np.arange(4), kind="stable")]


def represent(scenes: IntArray, spread: Spread) -> float:
    """Pick as many as there are scenes; the share of scenes that have a pick, over a few seeds."""
    pool, n_scenes = make_pool(make_bursts(scenes)), len(np.unique(scenes))
    n_found = [len(np.unique(scenes[pick(pool, n_scenes, spread, seed)])) for seed in SEEDS]
    return float(np.mean(n_found)) / n_scenes


@all_spreads
def test_no_quotas_are_no_rows(spread: Spread) -> None:
    """Zero is a valid target, and an empty collection is allowed."""
    assert pick(make_pool(make_scattered_rows(5, 0)), 0, spread) == []
    assert pick(make_pool(make_scattered_rows(0, 0)), 0, spread) == []
    assert pick(make_pool(make_scattered_rows(3, 0), kept=[0, 1, 2]), 0, spread) == []


@all_spreads
def test_quotas_of_all_items_take_them_all(spread: Spread) -> None:
    """But for the kept ones."""
    assert pick(make_pool(make_scattered_rows(5, 0)), 5, spread) == [0, 1, 2, 3, 4]
    assert pick(make_pool(make_scattered_rows(5, 0), kept=[1, 4]), 3, spread) == [0, 2, 3]


@all_spreads
def test_a_stratum_may_be_taken_whole_and_another_left_out(spread: Spread) -> None:
    """Quotas are met to the item."""
    pool = make_pool(make_scattered_rows(9, 1), [0, 1, 2] * 3)
    assert pick(pool, [0, 3, 0], spread) == [1, 4, 7]
    rows = pick(pool, [1, 3, 0], spread)
    assert [row % 3 for row in rows if row % 3] == [1, 1, 1]
    assert len(rows) == 4


@all_spreads
@pytest.mark.parametrize("place", [0, 777, 1999])
def test_a_rare_item_with_a_quota_is_picked(spread: Spread, place: int) -> None:
    """Wherever it stands."""
    strata = np.zeros(2000, dtype=np.int64)
    strata[place] = 1
    pool = make_pool(make_scattered_rows(2000, 3), strata)
    for seed in SEEDS:
        rows = pick(pool, [19, 1], spread, seed)
        assert place in rows
        assert len(set(rows)) == 20


@all_spreads
def test_picks_of_many_points_are_exact(spread: Spread) -> None:
    """Thousands of candidates, of strata of very different sizes, in two groups."""
    rows = make_scattered_rows(6000, 2)
    strata = np.minimum(scatter_bytes(6000, 1, 4)[:, 0].astype(np.int64) // 8, 9)
    pool = make_pool(rows, strata, [0] * 6 + [1] * 4, kept=range(0, 6000, 40))
    free = np.bincount(strata[~pool.is_kept], minlength=10)
    quotas = np.minimum(free, [5, 0, 150, 1, 60, 80, 20, 3, 100, 300])
    picked = pick(pool, quotas.tolist(), spread)
    assert np.bincount(strata[picked], minlength=10).tolist() == quotas.tolist()
    assert not pool.is_kept[picked].any()
    assert len(set(picked)) == len(picked)


@all_spreads
def test_the_seed_decides(spread: Spread) -> None:
    """One seed gives one selection, many seeds give many."""
    pool = make_pool(make_scattered_rows(200, 5))
    selections = {tuple(pick(pool, 5, spread, seed)) for seed in range(30)}
    assert len(selections) > 10
    assert tuple(pick(pool, 5, spread, 7)) in selections


@all_spreads
def test_the_pool_is_not_changed(spread: Spread) -> None:
    """Selection is a pure function."""
    pool = make_pool(make_scattered_rows(60, 1), [0, 1, 1] * 20, [0, 1], kept=[7, 30])
    arrays = (pool.rows, pool.steps, pool.strata, pool.stratum_groups, pool.is_kept)
    before = [array.copy() for array in arrays]
    quotas = np.array([3, 9])
    pick_rows(pool, quotas, spread, np.random.default_rng(0))
    assert quotas.tolist() == [3, 9]
    for array, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize(("n", "quota"), [(1000, 4), (1000, 7), (12, 5), (3001, 1000), (10, 9)])
def test_order_takes_even_steps(n: int, quota: int) -> None:
    """Neighbouring picks are a step apart, but for rounding, and so are first and last."""
    pool = make_pool(make_scattered_rows(n, 6))
    for seed in SEEDS:
        rows = pick(pool, quota, "order", seed)
        gaps = np.diff([*rows, rows[0] + n])
        assert gaps.max() <= -(-n // quota) + 1
        assert gaps.min() >= n // quota - 1


def test_order_takes_even_steps_through_each_stratum() -> None:
    """Steps are counted in items of the stratum, from a start of its own."""
    strata = np.minimum(scatter_bytes(900, 1, 8)[:, 0] % 5, 2)
    pool = make_pool(make_scattered_rows(900, 7), strata)
    quotas = [10, 10, 37]
    rows = np.array(pick(pool, quotas, "order"))
    for stratum, quota in enumerate(quotas):
        members = np.flatnonzero(strata == stratum)
        places = np.searchsorted(members, rows[strata[rows] == stratum])
        gaps = np.diff(places)
        assert len(places) == quota
        assert gaps.max() - gaps.min() <= 2
        assert gaps.max() <= -(-len(members) // quota) + 1


def test_strata_are_not_stepped_through_in_time() -> None:
    """Strata of the same size begin in different places."""
    pool = make_pool(make_scattered_rows(2000, 7), np.repeat(np.arange(20), 100))
    assert len({row % 100 for row in pick(pool, [1] * 20, "order")}) > 5


def test_order_does_not_look() -> None:
    """Other pictures in the same places give the same picks."""
    picks = [pick(make_pool(make_scattered_rows(300, seed)), 9, "order") for seed in range(3)]
    assert picks[0] == picks[1] == picks[2]


def test_joint_gives_every_part_of_a_uniform_collection_picks() -> None:
    """Pictures that are all equally new are picked at least every other window."""
    rows = make_scattered_rows(1000, 6)
    for seed in SEEDS:
        picks = pick(make_pool(rows), 50, "joint", seed)
        assert np.diff([-1, *picks, 1000]).max() <= 3 * 20


@pytest.mark.parametrize("n_bursts", [50, 200, 600])
def test_joint_finds_nearly_every_burst(n_bursts: int) -> None:
    """With as many picks as bursts of 1 to 30 frames; even steps find three quarters at most."""
    scenes = make_uneven_bursts(n_bursts)
    assert represent(scenes, "joint") > 0.92
    assert represent(scenes, "order") < 0.8


@pytest.mark.parametrize("n_bursts", [50, 600])
def test_joint_and_visual_find_most_scenes_wherever_frames_stand(n_bursts: int) -> None:
    """Scenes that come back again and again; chance finds less than two thirds."""
    scenes = shuffle(make_uneven_bursts(n_bursts))
    assert represent(scenes, "joint") > 0.85
    assert represent(scenes, "visual") > 0.85
    assert represent(scenes, "order") < 2 / 3


@pytest.mark.parametrize("n_bursts", [50, 1000])
def test_visual_finds_nearly_every_scene_of_equal_bursts(n_bursts: int) -> None:
    """Without looking at the order."""
    assert represent(np.repeat(np.arange(n_bursts), 6), "visual") > 0.97


@pytest.mark.parametrize("spread", ["joint", "visual"])
@pytest.mark.parametrize("n", [400, 4000])
def test_no_two_picks_look_the_same_where_others_do_not(spread: Spread, n: int) -> None:
    """There are several scenes for each pick."""
    scenes = scatter_bytes(n, 2, 4).astype(np.int64) @ np.array([256, 1]) % n
    picks = np.array(pick(make_pool(make_bursts(scenes)), n // 10, spread))
    assert len(np.unique(scenes[picks])) >= 0.99 * len(picks)


def make_half_kept(n_bursts: int) -> tuple[IntArray, IntArray]:
    """Make the scenes of bursts of 6 frames; every other burst has a frame that is kept."""
    scenes = np.repeat(np.arange(2 * n_bursts), 6)
    return scenes, np.arange(n_bursts) * 12 + np.arange(n_bursts) % 6


@pytest.mark.parametrize(("spread", "most"), [("joint", 0.03), ("visual", 0.12)])
@pytest.mark.parametrize("n_bursts", [60, 300])
def test_frames_like_kept_ones_are_avoided(spread: Spread, most: float, n_bursts: int) -> None:
    """There are as many picks as bursts without a kept frame; chance takes half of the others."""
    scenes, kept = make_half_kept(n_bursts)
    pool = make_pool(make_bursts(scenes), kept=kept)
    is_like_kept = scenes % 2 == 0
    shares = [is_like_kept[pick(pool, n_bursts, spread, seed)].mean() for seed in SEEDS]
    assert np.mean(shares) <= most


@pytest.mark.parametrize("spread", ["joint", "visual"])
def test_scattered_frames_like_kept_ones_are_avoided(spread: Spread) -> None:
    """The order tells nothing: 100 scenes of 10 frames, 40 of them kept."""
    scenes = shuffle(np.repeat(np.arange(100), 10))
    kept = [int(np.flatnonzero(scenes == scene)[0]) for scene in range(40)]
    pool = make_pool(make_bursts(scenes), kept=kept)
    shares = [np.mean(scenes[pick(pool, 30, spread, seed)] < 40) for seed in SEEDS]
    assert np.mean(shares) <= 0.1


def test_order_keeps_steps_away_from_kept_ones() -> None:
    """Where every other place is taken, picks go between: none within half a step of a kept one.

    There are 50 kept and 50 picks among 1,000, so that a step is 10.
    """
    kept = np.arange(50) * 20 + 10
    pool = make_pool(make_scattered_rows(1000, 6), kept=kept)
    for seed in SEEDS:
        picks = np.array(pick(pool, 50, "order", seed))
        gaps = np.abs(picks[:, np.newaxis] - kept).min(axis=1)
        assert (gaps < 5).mean() <= 0.04


@pytest.mark.parametrize("spread", ["joint", "order"])
def test_a_stretch_that_is_kept_is_passed_over(spread: Spread) -> None:
    """Every eighth item of the first half is kept: the picks are of the second half."""
    pool = make_pool(make_scattered_rows(1000, 6), kept=range(4, 500, 8))
    for seed in SEEDS:
        assert np.mean(np.array(pick(pool, 50, spread, seed)) >= 500) > 0.9


def test_kept_items_of_other_strata_are_avoided_too() -> None:
    """A picture like a kept one is no better for being in another bucket."""
    scenes = np.repeat(np.arange(40), 5)
    strata = np.arange(200) % 5 % 2
    kept = np.arange(0, 100, 5)  # a frame of stratum 0 of each of the first 20 scenes
    pool = make_pool(make_bursts(scenes), strata, kept=kept)
    shares = [np.mean(np.array(pick(pool, [0, 20], "joint", seed)) < 100) for seed in SEEDS]
    assert np.mean(shares) <= 0.05


def test_groups_have_windows_of_their_own() -> None:
    """Each group's picks are spread over its items, though they are mixed with others'."""
    group = scatter_bytes(1200, 1, 6)[:, 0].astype(np.int64) % 3
    pool = make_pool(make_scattered_rows(1200, 4), group, [0, 1, 2])
    quotas = [5, 20, 40]
    rows = np.array(pick(pool, quotas, "joint"))
    for number, quota in enumerate(quotas):
        members = np.flatnonzero(group == number)
        places = np.searchsorted(members, rows[group[rows] == number])
        assert len(places) == quota
        assert np.diff([-1, *places, len(members)]).max() <= 3 * len(members) / quota


@pytest.mark.parametrize("n", [500, 5000])
def test_picks_look_farther_apart_than_even_steps(n: int) -> None:
    """The nearest pair of joint and of visual picks is farther apart."""
    rows = make_bursts(np.arange(n) // 5 % (n // 20))

    def measure_nearest(spread: Spread) -> float:
        looks = rows[pick(make_pool(rows), n // 40, spread)]
        a, b = np.triu_indices(len(looks), k=1)
        return float(measure_distances(looks[a], looks[b], SPEC).min()) / DISTANCE_SCALE

    assert measure_nearest("visual") > 20
    assert measure_nearest("joint") > 20
