"""Picks are moved apart; how many there are of each stratum is what was asked for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools import N_LAB, SPEC, make_rows
from smartdownsample.records import IntArray
from smartdownsample.sampling.local_search import Draft, meet_quotas, move_repeats, separate_picks
from smartdownsample.sampling.neighbours import Neighbourhoods

seeds = st.integers(0, 2**32 - 1)


def make_draft(
    levels: Sequence[int],
    picks: Sequence[int],
    windows: Sequence[int] | None = None,
    strata: Sequence[int] | None = None,
    kept: Sequence[int] = (),
) -> Draft:
    """Make a draft of uniform pictures; kept points are picks in windows of their own."""
    n = len(levels)
    rows = make_rows(np.repeat(np.array(levels, dtype=np.uint8)[:, np.newaxis], N_LAB, axis=1))
    is_kept = np.isin(np.arange(n), kept)
    windows_of_points = np.array([0] * n if windows is None else windows, dtype=np.int64)
    windows_of_points[is_kept] = windows_of_points.max(initial=0) + 1 + np.arange(len(kept))
    return Draft(
        items=np.arange(n) * 10,
        near=Neighbourhoods.find(rows, SPEC, None, np.random.default_rng(0)),
        windows=windows_of_points,
        strata=np.array([0] * n if strata is None else strata, dtype=np.int64),
        is_kept=is_kept,
        is_pick=np.isin(np.arange(n), picks) | is_kept,
    )


def list_picks(draft: Draft) -> list[int]:
    return [int(point) for point in np.flatnonzero(draft.is_pick)]


def count_new(draft: Draft, n_strata: int) -> list[int]:
    """Count the new picks of each stratum."""
    is_new = draft.is_pick & ~draft.is_kept
    return [int(n) for n in np.bincount(draft.strata[is_new], minlength=n_strata)]


def separate(draft: Draft, slots: IntArray | None = None, seed: int = 0) -> None:
    slots = draft.windows if slots is None else slots
    separate_picks(draft, slots, np.random.default_rng(seed))


@st.composite
def draw_drafts(draw: st.DrawFn) -> Draft:
    """Draw a draft of a few strata, with one pick in each of its windows or fewer or more."""
    n = draw(st.integers(1, 40))
    levels = draw(st.lists(st.integers(0, 255), min_size=n, max_size=n))
    windows = draw(st.lists(st.integers(0, 8), min_size=n, max_size=n))
    strata = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    points = st.integers(0, n - 1)
    picks = draw(st.lists(points, unique=True, max_size=n))
    kept = draw(st.lists(points, unique=True, max_size=n // 4))
    return make_draft(levels, picks, windows, strata, kept)


@st.composite
def draw_drafts_with_quotas(draw: st.DrawFn) -> tuple[Draft, IntArray]:
    """Draw a draft, and quotas of as many new picks as it has."""
    draft = draw(draw_drafts())
    sizes = np.bincount(draft.strata[~draft.is_kept], minlength=5)
    quotas = np.zeros(5, dtype=np.int64)
    for _ in range(sum(count_new(draft, 5))):
        open_strata = np.flatnonzero(quotas < sizes).tolist()
        quotas[draw(st.sampled_from(open_strata))] += 1
    return draft, quotas


def test_a_near_duplicate_moves_to_the_farthest_of_its_window() -> None:
    """The window of 100, 50 and 200 gives 200, the one farthest from the 100 beside it."""
    draft = make_draft([100, 100, 50, 200], [0, 1], windows=[0, 1, 1, 1])
    separate(draft)
    assert list_picks(draft) == [0, 3]


def test_a_pick_moves_away_from_kept_ones() -> None:
    """They stay where they are."""
    draft = make_draft([100, 100, 90, 180], [1], windows=[0, 0, 0, 0], kept=[0])
    separate(draft)
    assert list_picks(draft) == [0, 3]


def test_where_a_pick_stands_now_does_not_keep_it_from_the_places_near() -> None:
    """220 is farthest from the other pick, though near to 200."""
    draft = make_draft([0, 200, 220, 120], [0, 1], windows=[0, 1, 1, 1])
    separate(draft)
    assert list_picks(draft) == [0, 2]


def test_two_picks_do_not_flee_to_the_same_place() -> None:
    """One half moves first: at best one of two like picks moves, not both."""
    n_apart = 0
    for seed in range(40):
        draft = make_draft([10, 100, 10, 100], [0, 2], windows=[0, 0, 1, 1])
        separate(draft, seed=seed)
        n_apart += list_picks(draft) in ([0, 3], [1, 2])
    assert n_apart > 10


def test_slots_without_a_pick_or_with_several_are_left_alone() -> None:
    """One gains none, the other loses none."""
    draft = make_draft([0, 10, 20, 30, 40, 50], [2, 3], windows=[0, 0, 1, 1, 1, 0])
    separate(draft)
    assert list_picks(draft) == [2, 3]


def test_slots_of_any_numbers_are_told_apart() -> None:
    """Numbers need not be in a row."""
    draft = make_draft([100, 100, 50, 200], [0, 1])
    separate(draft, np.array([10**6, 7, 7, 7]))
    assert list_picks(draft) == [0, 3]


def test_of_equals_chance_decides() -> None:
    """All of them are taken now and then, and the same one for the same seed."""
    found = set()
    for seed in range(40):
        drafts = [make_draft([9] * 6, [0, 3], windows=[0, 0, 0, 1, 1, 1]) for _ in range(2)]
        for draft in drafts:
            separate(draft, seed=seed)
        assert list_picks(drafts[0]) == list_picks(drafts[1])
        found.update(list_picks(drafts[0]))
    assert found == set(range(6))


class FixedNumbers(np.random.Generator):
    """A generator that draws the same number again and again."""

    def integers(self, *args: Any, **kwargs: Any) -> Any:
        """Draw zeros."""
        return super().integers(*args, **kwargs) * 0


def test_of_equals_one_is_taken_even_if_the_same_number_is_drawn_for_both() -> None:
    """Among millions of points that happens, and the number of picks may not change."""
    draft = make_draft([9] * 8, [0, 4], windows=[0, 0, 0, 0, 1, 1, 1, 1])
    separate_picks(draft, draft.windows, FixedNumbers(np.random.PCG64(0)))
    assert np.bincount(draft.windows[draft.is_pick]).tolist() == [1, 1]


@given(draw_drafts(), seeds)
def test_separation_keeps_the_number_of_picks_of_each_slot(draft: Draft, seed: int) -> None:
    """Wherever they move, and kept ones do not."""
    before = np.bincount(draft.windows[draft.is_pick], minlength=99).tolist()
    separate(draft, seed=seed)
    assert np.bincount(draft.windows[draft.is_pick], minlength=99).tolist() == before
    assert draft.is_pick[draft.is_kept].all()


@given(draw_drafts(), seeds)
def test_separation_moves_each_pick_to_where_no_point_of_its_slot_is_farther(
    draft: Draft, seed: int
) -> None:
    """After one move of a single movable pick, it stands best."""
    windows = draft.windows.copy()
    movable = np.flatnonzero(
        np.bincount(windows[draft.is_pick & ~draft.is_kept], minlength=99) == 1
    )
    if not len(movable):
        return
    # All other slots are of single points, where nothing can move.
    own = windows == movable[0]
    slots = np.where(own, 0, 1 + np.arange(len(windows)))
    separate(draft, slots, seed)
    others = draft.near.find_nearest(draft.is_pick & ~own)
    assert others[own & draft.is_pick].tolist() == [others[own].max()]


def test_quotas_are_met_within_windows_where_possible() -> None:
    """The window whose pick is one too many gives way to its own candidate."""
    draft = make_draft(
        [0, 50, 100, 150, 200, 250],
        [0, 2, 4],
        windows=[0, 0, 1, 1, 2, 2],
        strata=[0, 0, 0, 1, 0, 0],
    )
    meet_quotas(draft, np.array([2, 1]))
    assert list_picks(draft) == [0, 3, 4]


@pytest.mark.parametrize(
    ("levels", "picks"),
    [([0, 10, 100, 199, 200], [0, 2, 3]), ([0, 1, 100, 190, 200], [1, 2, 4])],
)
def test_quotas_are_met_at_the_least_loss(levels: list[int], picks: list[int]) -> None:
    """Of two windows that can give way, the one whose candidate stands nearly as well."""
    draft = make_draft(levels, [0, 2, 4], windows=[0, 0, 1, 2, 2], strata=[0, 1, 0, 1, 0])
    meet_quotas(draft, np.array([2, 1]))
    assert list_picks(draft) == picks


def test_no_stratum_gives_more_than_it_has_too_many() -> None:
    """Stratum 0 could give to 1 and to 2, but only one of its two picks is too many."""
    draft = make_draft(
        [0, 60, 100, 140, 200, 250],
        [0, 2, 4],
        windows=[0, 0, 1, 1, 2, 2],
        strata=[0, 1, 0, 2, 3, 0],
    )
    meet_quotas(draft, np.array([1, 1, 1, 0]))
    assert draft.is_pick[[0, 2]].sum() == 1
    assert count_new(draft, 4) == [1, 1, 1, 0]


def test_quotas_are_met_across_windows_where_none_can_give_way() -> None:
    """The stratum that lacks a pick has no candidate in the window of the one too many."""
    draft = make_draft([0, 10, 20, 200], [0, 1], windows=[0, 0, 1, 1], strata=[0, 0, 1, 1])
    meet_quotas(draft, np.array([1, 1]))
    assert count_new(draft, 2) == [1, 1]
    # 200 is farther from all others than 20 is.
    assert draft.is_pick[3]


def test_met_quotas_change_nothing() -> None:
    """There is nothing to exchange, not even for a better one."""
    draft = make_draft([0, 1, 2, 200], [0, 1], windows=[0, 1, 0, 1])
    meet_quotas(draft, np.array([2]))
    assert list_picks(draft) == [0, 1]


def test_no_points_meet_no_quotas() -> None:
    """An empty draft is allowed."""
    draft = make_draft([], [])
    meet_quotas(draft, np.zeros(3, dtype=np.int64))
    assert list_picks(draft) == []


@given(draw_drafts_with_quotas())
def test_quotas_are_met_exactly(draft_and_quotas: tuple[Draft, IntArray]) -> None:
    """From whatever draft, and without touching a kept point."""
    draft, quotas = draft_and_quotas
    before = draft.is_pick.copy()
    excess = np.array(count_new(draft, len(quotas))) - quotas
    meet_quotas(draft, quotas)
    assert count_new(draft, len(quotas)) == quotas.tolist()
    assert draft.is_pick[draft.is_kept].all()
    # No pick is given up but for one that lacks.
    assert (before & ~draft.is_pick).sum() == excess[excess > 0].sum()


@given(draw_drafts())
def test_repeats_stay_in_their_stratum(draft: Draft) -> None:
    """Kept points stay where they are."""
    before = count_new(draft, 5)
    move_repeats(draft)
    assert count_new(draft, 5) == before
    assert draft.is_pick[draft.is_kept].all()


def test_a_repeat_moves_to_where_nothing_is_selected() -> None:
    """Of two like picks the later one moves to the loneliest point."""
    draft = make_draft([10, 11, 60, 200, 240], [0, 1, 3])
    move_repeats(draft)
    assert list_picks(draft) == [0, 2, 3]


def test_a_repeat_stays_where_its_stratum_has_nothing_better() -> None:
    """60 is of another stratum, 13 hardly farther from the other pick."""
    draft = make_draft([10, 12, 60, 13, 200], [0, 1, 4], strata=[0, 0, 1, 0, 1])
    move_repeats(draft)
    assert list_picks(draft) == [0, 1, 4]


def test_a_repeat_of_a_kept_point_moves() -> None:
    """The kept point comes first."""
    draft = make_draft([10, 11, 200], [1], kept=[0])
    move_repeats(draft)
    assert list_picks(draft) == [0, 2]


def test_a_repeat_of_a_kept_point_moves_wherever_it_stands() -> None:
    """The kept point comes last and stays all the same."""
    draft = make_draft([200, 10, 11], [1], kept=[2])
    move_repeats(draft)
    assert list_picks(draft) == [0, 2]


def test_the_closest_repeats_move_to_the_loneliest_points() -> None:
    """With two repeats and one place the closer one moves."""
    draft = make_draft([0, 9, 100, 101, 220], [0, 1, 2, 3])
    move_repeats(draft)
    assert list_picks(draft) == [0, 1, 2, 4]


def test_picks_that_all_look_the_same_stay() -> None:
    """There is nowhere to move to."""
    draft = make_draft([7] * 6, [0, 2, 4])
    move_repeats(draft)
    assert list_picks(draft) == [0, 2, 4]
