"""Scenes are told where neighbours clearly differ, and picks move where that is clear."""

import numpy as np
import pytest

from pools import SPEC, make_bursts, make_pool, make_rows, scatter_bytes
from smartdownsample.records import BoolArray, IntArray
from smartdownsample.sampling.distances import measure_steps
from smartdownsample.sampling.layout import lay_out
from smartdownsample.sampling.pool import Draft, Pool
from smartdownsample.sampling.pool import make_pool as lay_out_pool
from smartdownsample.sampling.scenes import find_line, find_scenes, visit_scenes
from whole_photos import photo_table


def make_draft(pool: Pool, picks: list[int], n_moves: int = 100) -> Draft:
    is_pick = np.zeros(len(pool.items), dtype=np.bool_)
    is_pick[picks] = True
    return Draft(pool, ~pool.is_kept, find_scenes(pool), is_pick, n_moves)


def visit(draft: Draft) -> list[int]:
    visit_scenes(draft)
    return np.flatnonzero(draft.is_pick).tolist()


def make_scene_pool(lengths: list[int], **options: object) -> tuple[Pool, IntArray]:
    scenes = np.repeat(np.arange(len(lengths)), lengths)
    return make_pool(make_bursts(scenes), **options), scenes  # type: ignore[arg-type] # as they are


class TestFindLine:
    """find_line divides small steps from large ones."""

    def test_it_lies_between_two_kinds(self) -> None:
        """However many there are of each."""
        for n_large in (2, 50, 400):
            steps = np.concatenate([100 + np.arange(400) % 90, 4000 + np.arange(n_large) * 5])
            line = find_line(np.append(0, steps).astype(np.uint16))
            assert 1.4 * 190 < line < 4000 / 1.4

    def test_steps_that_are_all_the_same_have_none(self) -> None:
        """Nor have too few."""
        assert find_line(np.full(9, 50, dtype=np.uint16)) == 0
        assert find_line(np.zeros(1, dtype=np.uint16)) == 0
        assert find_line(np.zeros(0, dtype=np.uint16)) == 0


class TestFindScenes:
    """find_scenes numbers stretches between large steps."""

    def test_bursts_are_scenes(self) -> None:
        """In order of the collection."""
        pool, scenes = make_scene_pool([5, 1, 8, 3, 3, 9] * 5)
        assert find_scenes(pool).numbers.tolist() == scenes.tolist()

    def test_no_scene_is_of_two_segments(self) -> None:
        """Where a group ends, so does the scene."""
        pool, _ = make_scene_pool([6] * 20, groups=np.arange(120) // 3 % 2)
        numbers = find_scenes(pool).numbers
        assert (np.diff(numbers)[np.diff(pool.segments) != 0] == 1).all()

    @pytest.mark.parametrize("groups", [np.zeros(120), np.arange(120) // 60, np.arange(120) % 2])
    @pytest.mark.parametrize("n_open", [120, 90])
    def test_steps_are_those_between_places(self, groups: IntArray, n_open: int) -> None:
        """Those of the layout are taken where places are all of its order, and no others."""
        rows = make_bursts(np.repeat(np.arange(20), 6))
        layout = lay_out(photo_table(SPEC, [f"{number:03d}.jpg" for number in range(120)], rows))
        assert layout.steps is not None
        segments = groups.astype(np.int64)
        is_open = np.arange(120) % 4 < n_open // 30
        nothing = np.zeros(120, dtype=np.bool_)
        pool = lay_out_pool(rows, SPEC, layout, segments, segments, nothing, is_open)
        steps = measure_steps(rows, SPEC, pool.items)
        assert find_scenes(pool).steps.tolist() == steps.tolist()
        is_all = np.array_equal(pool.items, np.arange(120))
        assert (find_scenes(pool).steps is layout.steps) == is_all

    def test_without_order_each_place_is_one(self) -> None:
        """Neighbours tell nothing."""
        pool, _ = make_scene_pool([6] * 20, regime="unordered")
        assert find_scenes(pool).numbers.tolist() == list(range(120))

    def test_with_times_events_are_scenes(self) -> None:
        """Whatever they look like."""
        rows = make_bursts(np.zeros(30, dtype=np.int64))
        hours = np.arange(30) // 10
        rows["captured"] = np.datetime64("2024-01-01", "ms") + hours.astype("timedelta64[h]")
        assert find_scenes(make_pool(rows, regime="timed")).numbers.tolist() == hours.tolist()

    def test_no_items_have_no_scenes(self) -> None:
        """An empty collection is allowed."""
        pool, _ = make_scene_pool([])
        assert find_scenes(pool).numbers.tolist() == []


class TestVisitScenes:
    """visit_scenes moves redundant picks to scenes without any."""

    def test_the_second_pick_of_a_scene_goes_to_one_without(self) -> None:
        """The number of picks stays."""
        pool, scenes = make_scene_pool([6] * 20)
        picks = [0, *(np.arange(1, 10) * 6 + 2), *(np.arange(1, 10) * 6 + 4)]
        found = visit(make_draft(pool, picks))
        assert len(found) == 19
        assert len(set(scenes[found].tolist())) == 19

    def test_as_many_move_as_may(self) -> None:
        """And no more."""
        pool, scenes = make_scene_pool([6] * 20)
        picks = list(range(12))
        draft = make_draft(pool, picks, n_moves=3)
        assert len(set(scenes[visit(draft)].tolist())) == 2 + 3
        assert draft.n_moves == 0

    def test_kept_items_make_a_pick_redundant_and_never_move(self) -> None:
        """A pick after one of the same scene moves."""
        pool, scenes = make_scene_pool([6] * 20, kept=[7, 13])
        found = visit(make_draft(pool, [9, 16]))
        assert not {1, 2} & set(scenes[found].tolist())

    def test_the_only_pick_of_a_stratum_stays(self) -> None:
        """However many there are of its scene."""
        strata = np.zeros(120, dtype=np.int64)
        strata[5] = 1
        pool, _ = make_scene_pool([6] * 20, strata=strata, groups=np.zeros(120))
        found = visit(make_draft(pool, [1, 3, 5]))
        assert 5 in found
        assert len(set(found) & {1, 3}) == 1

    def test_picks_stay_in_their_segment(self) -> None:
        """Groups have counts of their own."""
        groups = np.repeat([0, 1], 60)
        pool, _ = make_scene_pool([6] * 20, groups=groups)
        found = np.array(visit(make_draft(pool, [1, 3, 5, 61, 71])))
        assert np.bincount(groups[found]).tolist() == [3, 2]

    def test_without_clear_evidence_nothing_moves(self) -> None:
        """Steps within and between scenes are of one kind."""
        looks = np.repeat(scatter_bytes(400, 1, 3) // 2, 48, axis=1)
        pool = make_pool(make_rows(looks))
        picks = list(range(5, 400, 10))
        found = visit(make_draft(pool, picks))
        assert len(set(found) - set(picks)) <= 2


def test_places_that_are_not_free_are_not_visited() -> None:
    """As those of strata that give nothing."""
    pool, scenes = make_scene_pool([6] * 20)
    draft = make_draft(pool, [0, 2, 4])
    free: BoolArray = scenes < 2
    draft.is_free = free
    assert set(scenes[visit(draft)].tolist()) == {0, 1}
