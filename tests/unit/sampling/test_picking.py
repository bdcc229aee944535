"""Picks are exact and distinct, spread over the order and over looks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pools import SPEC, make_bursts, make_pool, make_scattered_rows, pick, scatter_bytes
from smartdownsample.options import Spread
from smartdownsample.records import IntArray, RowArray
from smartdownsample.sampling.distances import DISTANCE_SCALE, measure_distances
from smartdownsample.sampling.picking import pick_places

all_spreads = pytest.mark.parametrize("spread", ["joint", "order", "visual"])
SEEDS = range(5)


def take(
    rows: RowArray, counts: Sequence[int] | int, spread: Spread, seed: int = 42, **options: Any
) -> list[int]:
    """Pick rows without times: joint by natural order and looks, the others by one of them."""
    regime: Any = "unordered" if spread == "visual" else "ordered"
    return pick(make_pool(rows, regime=regime, **options), counts, seed, by_looks=spread != "order")


def make_uneven_bursts(n_bursts: int) -> IntArray:
    """Make the scenes of bursts of 1 to 30 frames, one burst after the other."""
    return np.repeat(np.arange(n_bursts), 1 + scatter_bytes(n_bursts, 1, 3)[:, 0] % 30)


def shuffle(scenes: IntArray) -> IntArray:
    """Mix frames so that no burst is left together."""
    keys = scatter_bytes(len(scenes), 4, 9).astype(np.int64)
    return scenes[np.argsort(keys @ 256 ** np.arange(4), kind="stable")]


def represent(scenes: IntArray, spread: Spread) -> float:
    """Pick as many as there are scenes; the share of scenes that have a pick, over a few seeds."""
    rows, n_scenes = make_bursts(scenes), len(np.unique(scenes))
    n_found = [len(np.unique(scenes[take(rows, n_scenes, spread, seed)])) for seed in SEEDS]
    return float(np.mean(n_found)) / n_scenes


class TestExactness:
    """Counts are met to the item."""

    @all_spreads
    def test_no_counts_are_no_picks(self, spread: Spread) -> None:
        """Zero is a valid target, and an empty collection is allowed."""
        assert take(make_scattered_rows(5, 0), 0, spread) == []
        assert take(make_scattered_rows(0, 0), 0, spread) == []
        assert take(make_scattered_rows(3, 0), 0, spread, kept=[0, 1, 2]) == []

    @all_spreads
    def test_counts_of_all_items_take_them_all(self, spread: Spread) -> None:
        """But for the kept ones."""
        assert take(make_scattered_rows(5, 0), 5, spread) == [0, 1, 2, 3, 4]
        assert take(make_scattered_rows(5, 0), 3, spread, kept=[1, 4]) == [0, 2, 3]

    @all_spreads
    def test_a_stratum_may_be_taken_whole_and_another_left_out(self, spread: Spread) -> None:
        """Where strata have counts of their own."""
        rows, strata = make_scattered_rows(9, 1), [0, 1, 2] * 3
        assert take(rows, [0, 3, 0], spread, strata=strata) == [1, 4, 7]
        picks = take(rows, [1, 3, 0], spread, strata=strata)
        assert [row % 3 for row in picks if row % 3] == [1, 1, 1]
        assert len(picks) == 4

    @all_spreads
    def test_picks_of_many_points_are_exact(self, spread: Spread) -> None:
        """Thousands of candidates, of strata of very different sizes."""
        strata = np.minimum(scatter_bytes(6000, 1, 4)[:, 0].astype(np.int64) // 8, 9)
        kept = np.arange(0, 6000, 40)
        free = np.bincount(np.delete(strata, kept), minlength=10)
        counts = np.minimum(free, [5, 0, 150, 1, 60, 80, 20, 3, 100, 300]).tolist()
        picks = take(make_scattered_rows(6000, 2), counts, spread, strata=strata, kept=kept)
        assert np.bincount(strata[picks], minlength=10).tolist() == counts
        assert not set(picks) & set(kept.tolist())
        assert len(set(picks)) == len(picks)

    @all_spreads
    def test_the_seed_decides(self, spread: Spread) -> None:
        """One seed gives one selection, many seeds give many."""
        rows = make_scattered_rows(200, 5)
        selections = {tuple(take(rows, 5, spread, seed)) for seed in range(30)}
        assert len(selections) > 10
        assert tuple(take(rows, 5, spread, 7)) in selections

    def test_the_pool_is_not_changed(self) -> None:
        """Selection is a pure function."""
        pool = make_pool(make_scattered_rows(60, 1), [0, 1, 1] * 20, kept=[7, 30])
        before = {name: np.copy(value) for name, value in vars(pool).items() if name != "spec"}
        counts, is_represented = np.array([3, 9]), np.ones(2, dtype=np.bool_)
        pick_places(pool, counts, is_represented, np.random.default_rng(0))
        assert counts.tolist() == [3, 9]
        assert is_represented.all()
        for name, value in before.items():
            np.testing.assert_array_equal(getattr(pool, name), value)


class TestStrata:
    """Strata that are to have a pick have one."""

    @all_spreads
    @pytest.mark.parametrize("place", [0, 777, 1999])
    def test_a_rare_item_is_picked_wherever_it_stands(self, spread: Spread, place: int) -> None:
        """Nineteen others stand for the rest."""
        strata = np.zeros(2000, dtype=np.int64)
        strata[place] = 1
        pool_of = {"strata": strata, "groups": np.zeros(2000)}
        for seed in SEEDS:
            pool = make_pool(make_scattered_rows(2000, 3), **pool_of)  # type: ignore[arg-type] # as they are
            picks = pick(pool, 20, seed, is_represented=[True, True], by_looks=spread != "order")
            assert place in picks
            assert len(set(picks)) == 20

    def test_as_many_strata_as_picks_have_one_each(self) -> None:
        """In one group and in several."""
        strata = np.minimum(scatter_bytes(900, 1, 4)[:, 0].astype(np.int64) // 8, 24)
        n_strata = len(np.unique(strata))
        pool = make_pool(make_bursts(np.arange(900) // 6), strata, groups=np.zeros(900))
        for seed in SEEDS:
            picks = pick(pool, n_strata, seed, is_represented=[True] * n_strata)
            assert sorted(strata[picks]) == list(range(n_strata))

    def test_strata_with_kept_items_need_no_pick(self) -> None:
        """A kept item stands for its stratum."""
        strata = np.zeros(500, dtype=np.int64)
        strata[[100, 101]] = 1
        pool = make_pool(make_scattered_rows(500, 3), strata, kept=[100], groups=np.zeros(500))
        picked = [pick(pool, 5, seed, is_represented=[True, True]) for seed in range(20)]
        assert sum(101 in picks for picks in picked) <= 2

    def test_the_rest_falls_where_steps_take_it(self) -> None:
        """About in proportion."""
        strata = np.repeat([0, 1], [900, 300])
        pool = make_pool(make_scattered_rows(1200, 3), strata, groups=np.zeros(1200))
        picks = pick(pool, 40, is_represented=[True, True], by_looks=False)
        assert np.bincount(strata[picks]).tolist() in ([30, 10], [29, 11], [31, 9])


class TestOrder:
    """Without looks, picks are in even steps."""

    @pytest.mark.parametrize(("n", "count"), [(1000, 4), (1000, 7), (12, 5), (3001, 1000), (10, 9)])
    def test_neighbouring_picks_are_a_step_apart(self, n: int, count: int) -> None:
        """But for rounding, and so are first and last."""
        for seed in SEEDS:
            rows = take(make_scattered_rows(n, 6), count, "order", seed)
            gaps = np.diff([*rows, rows[0] + n])
            assert gaps.max() <= -(-n // count) + 1
            assert gaps.min() >= n // count - 1

    def test_each_stratum_with_a_count_has_steps_of_its_own(self) -> None:
        """Steps are counted in items of the stratum."""
        strata = np.minimum(scatter_bytes(900, 1, 8)[:, 0] % 5, 2).astype(np.int64)
        counts = [10, 10, 37]
        rows = np.array(take(make_scattered_rows(900, 7), counts, "order", strata=strata))
        for stratum, count in enumerate(counts):
            members = np.flatnonzero(strata == stratum)
            places = np.searchsorted(members, rows[strata[rows] == stratum])
            assert len(places) == count
            assert np.diff(places).max() - np.diff(places).min() <= 2

    def test_looks_do_not_matter(self) -> None:
        """Other pictures in the same places give the same picks."""
        picks = [take(make_scattered_rows(300, seed), 9, "order") for seed in range(3)]
        assert picks[0] == picks[1] == picks[2]


class TestJoint:
    """In order, looks repair where they are clear, and leave the rest."""

    def test_pictures_that_are_all_different_stay_in_even_steps(self) -> None:
        """There is nothing to repair."""
        rows = make_scattered_rows(1000, 6)
        for seed in SEEDS:
            assert take(rows, 50, "joint", seed) == take(rows, 50, "order", seed)

    def test_a_quarter_of_the_picks_moves_at_most(self) -> None:
        """However much there would be to repair."""
        scenes = np.append(np.zeros(500, dtype=np.int64), np.arange(1, 501))
        rows = make_bursts(scenes)
        for seed in SEEDS:
            steps = set(take(rows, 100, "order", seed))
            assert 0 < len(steps - set(take(rows, 100, "joint", seed))) <= 25

    @pytest.mark.parametrize("n_bursts", [50, 200, 600])
    def test_nearly_every_burst_is_found(self, n_bursts: int) -> None:
        """As many picks as bursts of 1 to 30 frames; even steps find three quarters at most."""
        scenes = make_uneven_bursts(n_bursts)
        assert represent(scenes, "joint") > 0.92
        assert represent(scenes, "order") < 0.8

    @pytest.mark.parametrize(("spread", "n"), [("joint", 5000), ("visual", 500), ("visual", 5000)])
    def test_picks_look_different(self, spread: Spread, n: int) -> None:
        """Scenes come back in several places; the nearest pair of picks is no repetition."""
        rows = make_bursts(np.arange(n) // 5 % (n // 20))
        looks = rows[take(rows, n // 40, spread)]
        a, b = np.triu_indices(len(looks), k=1)
        nearest = float(measure_distances(looks[a], looks[b], SPEC).min()) / DISTANCE_SCALE
        assert nearest > 20


class TestTimed:
    """With times, every event gets one before any gets two."""

    def make_events(self, lengths: IntArray, seed: int = 0) -> tuple[RowArray, IntArray]:
        """Make bursts that are hours apart, all of one look; and each frame's burst."""
        events = np.repeat(np.arange(len(lengths)), lengths)
        rows = make_bursts(np.zeros(len(events), dtype=np.int64), seed)
        ms = events * 3_600_000 + np.arange(len(events)) * 100
        rows["captured"] = np.datetime64("2024-01-01", "ms") + ms.astype("timedelta64[ms]")
        return rows, events

    def test_as_many_picks_as_events_find_all(self) -> None:
        """Whatever their lengths, and though all look alike."""
        rows, events = self.make_events(np.arange(200) % 23 + 1)
        pool = make_pool(rows, regime="timed")
        for seed in SEEDS:
            assert len(set(events[pick(pool, 200, seed)])) == 200

    def test_fewer_picks_are_of_different_events(self) -> None:
        """And spread evenly over them."""
        rows, events = self.make_events(np.arange(200) % 23 + 1)
        pool = make_pool(rows, regime="timed")
        for seed in SEEDS:
            picked = events[pick(pool, 50, seed, by_looks=False)]
            assert set(np.diff(picked).tolist()) <= {3, 4, 5}

    def test_more_picks_go_to_longer_events(self) -> None:
        """By the root of what they have left."""
        rows, events = self.make_events(np.array([5, 82, 26, 2]))
        pool = make_pool(rows, regime="timed")
        n_picks = np.bincount(events[pick(pool, 4 + 17, by_looks=False)])
        assert np.abs(n_picks - (1 + np.array([2, 9, 5, 1]))).max() <= 1

    def test_an_event_with_a_kept_frame_gets_none(self) -> None:
        """As long as others have none."""
        rows, events = self.make_events(np.arange(60) % 9 + 4)
        kept = np.searchsorted(events, np.arange(0, 60, 2)) + 1
        pool = make_pool(rows, regime="timed", kept=kept)
        for seed in SEEDS:
            picked = events[pick(pool, 30, seed)]
            assert (picked % 2 == 1).mean() > 0.95
            assert len(set(picked.tolist())) == 30


class TestScattered:
    """Where the order tells nothing, looks remain."""

    @pytest.mark.parametrize("n_bursts", [50, 600])
    def test_most_scenes_are_found(self, n_bursts: int) -> None:
        """Of scenes that come back again and again chance finds less than two thirds."""
        scenes = shuffle(make_uneven_bursts(n_bursts))
        assert represent(scenes, "visual") > 0.8
        assert represent(scenes, "order") < 2 / 3

    @pytest.mark.parametrize("n_bursts", [50, 1000])
    def test_nearly_every_scene_of_equal_bursts_is_found(self, n_bursts: int) -> None:
        """Without looking at the order."""
        assert represent(np.repeat(np.arange(n_bursts), 6), "visual") > 0.9

    @pytest.mark.parametrize("n", [400, 4000])
    def test_no_two_picks_look_the_same_where_others_do_not(self, n: int) -> None:
        """There are several scenes for each pick."""
        scenes = scatter_bytes(n, 2, 4).astype(np.int64) @ np.array([256, 1]) % n
        picks = np.array(take(make_bursts(scenes), n // 10, "visual"))
        assert len(np.unique(scenes[picks])) >= 0.99 * len(picks)


class TestKept:
    """Picks keep away from items selected before."""

    @pytest.mark.parametrize(("spread", "most"), [("joint", 0.1), ("visual", 0.2)])
    @pytest.mark.parametrize("n_bursts", [60, 300])
    def test_frames_like_kept_ones_are_avoided(
        self, spread: Spread, most: float, n_bursts: int
    ) -> None:
        """As many picks as bursts without a kept frame; chance takes half of the others."""
        scenes = np.repeat(np.arange(2 * n_bursts), 6)
        kept = np.arange(n_bursts) * 12 + np.arange(n_bursts) % 6
        rows, is_like_kept = make_bursts(scenes), scenes % 2 == 0
        shares = [
            is_like_kept[take(rows, n_bursts, spread, seed, kept=kept)].mean() for seed in SEEDS
        ]
        assert np.mean(shares) <= most

    def test_scattered_frames_like_kept_ones_are_avoided(self) -> None:
        """The order tells nothing: 100 scenes of 10 frames, 40 of them kept."""
        scenes = shuffle(np.repeat(np.arange(100), 10))
        kept = [int(np.flatnonzero(scenes == scene)[0]) for scene in range(40)]
        rows = make_bursts(scenes)
        shares = [np.mean(scenes[take(rows, 30, "visual", s, kept=kept)] < 40) for s in SEEDS]
        assert np.mean(shares) <= 0.15

    @pytest.mark.parametrize("spread", ["joint", "order"])
    def test_steps_keep_away_from_kept_ones(self, spread: Spread) -> None:
        """None is within half a step of a kept one where every other place is taken.

        There are 50 kept and 50 picks among 1,000, so that a step is 10.
        """
        kept = np.arange(50) * 20 + 10
        for seed in SEEDS:
            picks = np.array(take(make_scattered_rows(1000, 6), 50, spread, seed, kept=kept))
            gaps = np.abs(picks[:, np.newaxis] - kept).min(axis=1)
            assert (gaps < 5).mean() <= 0.04

    @pytest.mark.parametrize("spread", ["joint", "order"])
    def test_a_stretch_that_is_kept_is_passed_over(self, spread: Spread) -> None:
        """Every eighth item of the first half is kept: the picks are of the second half."""
        rows, kept = make_scattered_rows(1000, 6), range(4, 500, 8)
        for seed in SEEDS:
            assert np.mean(np.array(take(rows, 50, spread, seed, kept=kept)) >= 500) > 0.9


def test_groups_have_steps_of_their_own() -> None:
    """Each group's picks are spread over its items, though they are mixed with others'."""
    groups = scatter_bytes(1200, 1, 6)[:, 0].astype(np.int64) % 3
    pool = make_pool(make_scattered_rows(1200, 4), groups=groups)
    counts = [5, 20, 40]
    rows = np.array(pick(pool, counts, is_represented=[True]))
    for number, count in enumerate(counts):
        members = np.flatnonzero(groups == number)
        places = np.searchsorted(members, rows[groups[rows] == number])
        assert len(places) == count
        assert np.diff([-1, *places, len(members)]).max() <= 3 * len(members) / count
