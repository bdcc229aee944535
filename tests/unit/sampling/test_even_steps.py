"""Shares of picks add up exactly, and steps pick exactly as many."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample.records import IntArray
from smartdownsample.sampling.even_steps import (
    UNIT,
    even_out,
    fill_shares,
    round_shares,
    share_events,
    step_evenly,
)

weights = st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=40)


def make_ints(values: Sequence[int]) -> IntArray:
    return np.array(values, dtype=np.int64)


def fill(values: Sequence[float], limits: Sequence[float], count: int) -> list[float]:
    """Share out in one segment."""
    segments = np.zeros(len(values), dtype=np.int64)
    shares = fill_shares(np.array(values), np.array(limits), segments, make_ints([count]))
    return [round(float(share), 9) for share in shares]


class TestFillShares:
    """fill_shares shares in proportion to weights, within limits."""

    def test_shares_are_in_proportion(self) -> None:
        """Where no limit is near."""
        assert fill([1, 2, 5], [1, 1, 1], 1) == [0.125, 0.25, 0.625]

    def test_what_a_limit_cuts_off_goes_to_the_others(self) -> None:
        """Again in proportion."""
        assert fill([8, 1, 1], [1, 1, 1], 2) == [1, 0.5, 0.5]
        assert fill([8, 1, 3], [2, 1, 1], 3) == [2, 0.25, 0.75]

    def test_limits_may_allow_less_than_is_asked_for(self) -> None:
        """Then all are full."""
        assert fill([8, 1, 3], [1, 1, 1], 5) == [1, 1, 1]

    def test_what_weighs_nothing_gets_nothing(self) -> None:
        """Even where others are full."""
        assert fill([0, 4, 2], [1, 1, 1], 3) == [0, 1, 1]
        assert fill([0, 0], [1, 1], 1) == [0, 0]

    def test_segments_do_not_matter_to_one_another(self) -> None:
        """Each has a count of its own."""
        shares = fill_shares(
            np.array([1.0, 1, 9, 1, 1]),
            np.ones(5),
            make_ints([0, 0, 2, 2, 2]),
            make_ints([1, 0, 2]),
        )
        np.testing.assert_allclose(shares, [0.5, 0.5, 1, 0.5, 0.5])

    @given(weights, st.integers(0, 40))
    def test_the_sum_is_the_count(self, values: list[float], count: int) -> None:
        """Or as much as the limits of what has a weight allow."""
        n_open = sum(value > 0 for value in values)
        shares = fill(values, [1.0] * len(values), count)
        assert sum(shares) == pytest.approx(min(count, n_open), abs=1e-6)
        assert max(shares) <= 1


class TestShareEvents:
    """share_events gives each event one before any gets two."""

    def share(self, lengths: Sequence[int], count: int) -> list[float]:
        """Share among events of equal worth; the shares of events."""
        events = np.repeat(np.arange(len(lengths)), lengths)
        worth = 1 / np.array(lengths, dtype=np.float64)[events]
        shares = share_events(worth, events, np.zeros(len(events), np.int64), make_ints([count]))
        return [round(float(share), 9) for share in np.bincount(events, shares)]

    def test_long_events_get_no_more_than_short_ones_at_first(self) -> None:
        """A burst of fifty frames is one thing."""
        assert self.share([50, 1, 5, 4], 2) == [0.5, 0.5, 0.5, 0.5]
        assert self.share([50, 1, 5, 4], 4) == [1, 1, 1, 1]

    def test_the_rest_goes_by_the_root_of_what_is_left(self) -> None:
        """Roots of 49, 0, 4 and 9 share twelve."""
        assert self.share([50, 1, 5, 10], 16) == [1 + 7, 1, 1 + 2, 1 + 3]

    def test_no_event_gives_more_than_it_has(self) -> None:
        """What is too much goes to the others."""
        assert self.share([30, 2, 2], 20) == [16, 2, 2]
        assert self.share([3, 2], 5) == [3, 2]

    def test_closed_places_get_nothing(self) -> None:
        """An event may have none that is open."""
        worth = np.array([0, 0, 0.5, 0, 0.25, 0.25])
        events = make_ints([0, 0, 1, 1, 2, 2])
        shares = share_events(worth, events, np.zeros(6, np.int64), make_ints([2]))
        np.testing.assert_allclose(shares, [0, 0, 1, 0, 0.5, 0.5])

    def test_an_event_that_is_worth_more_gets_more_where_not_all_get_one(self) -> None:
        """It stands for others."""
        shares = share_events(
            np.array([3.0, 1, 1, 1]), np.arange(4), np.zeros(4, np.int64), make_ints([2])
        )
        np.testing.assert_allclose(shares, [1, 1 / 3, 1 / 3, 1 / 3])


@st.composite
def draw_shares(draw: st.DrawFn) -> tuple[IntArray, IntArray, list[float]]:
    """Draw places of a few segments, a count for each and weights."""
    sizes = draw(st.lists(st.integers(0, 15), min_size=1, max_size=5))
    values = draw(st.lists(st.floats(0.001, 1000), min_size=sum(sizes), max_size=sum(sizes)))
    counts = [draw(st.integers(0, size)) for size in sizes]
    return np.repeat(np.arange(len(sizes)), sizes), make_ints(counts), values


@given(draw_shares(), st.integers(0, 2**32))
def test_steps_pick_exactly_as_many_of_each_segment(
    drawn: tuple[IntArray, IntArray, list[float]], seed: int
) -> None:
    """Units add up to the counts, and none is more than one pick."""
    segments, counts, values = drawn
    shares = fill_shares(np.array(values), np.ones(len(values)), segments, counts)
    units = round_shares(shares, segments, counts)
    assert ((units >= 0) & (units <= UNIT)).all()
    sums = [int(units[segments == segment].sum()) for segment in range(len(counts))]
    assert sums == (counts * UNIT).tolist()
    picked = step_evenly(units, segments, counts, np.random.default_rng(seed))
    assert np.bincount(segments[picked], minlength=len(counts)).tolist() == counts.tolist()


def test_a_million_places_are_exact() -> None:
    """Rounding errors of shares do not add up."""
    n, count = 1_000_000, 333_333
    segments, counts = np.zeros(n, dtype=np.int64), make_ints([count])
    units = round_shares(np.full(n, count / n), segments, counts)
    picked = np.flatnonzero(step_evenly(units, segments, counts, np.random.default_rng(1)))
    assert len(picked) == count
    assert set(np.diff(picked).tolist()) <= {2, 3, 4}


def test_events_of_one_share_get_one_pick_each() -> None:
    """Whatever their lengths, and wherever steps start."""
    lengths = np.arange(300) % 17 + 1
    events = np.repeat(np.arange(300), lengths)
    segments, counts = np.zeros(len(events), dtype=np.int64), make_ints([300])
    units = round_shares(1 / lengths[events], segments, counts)
    for seed in range(20):
        picked = step_evenly(units, segments, counts, np.random.default_rng(seed))
        assert np.bincount(events[picked], minlength=300).tolist() == [1] * 300


class TestEvenOut:
    """even_out makes gaps between fixed places equal."""

    def even(self, picks: Sequence[int], fixed: Sequence[int], n: int, **options: Any) -> list[int]:
        """Even picks out in a row of places; those after that."""
        is_pick, is_fixed = np.isin(np.arange(n), picks), np.isin(np.arange(n), fixed)
        is_free = np.isin(np.arange(n), options.get("closed", []), invert=True)
        segments = np.asarray(options.get("segments", np.zeros(n)), dtype=np.int64)
        at = np.arange(n) / 10
        return np.flatnonzero(even_out(is_pick, is_fixed, is_free, at, segments)).tolist()

    def test_gaps_between_fixed_places_are_equal(self) -> None:
        """Fixed ones are picks or not; at the ends there is half a gap."""
        assert self.even([12, 13, 14], [0, 40], 41) == [10, 20, 30]
        assert self.even([0, 12, 13, 14, 40], [0, 40], 41) == [0, 10, 20, 30, 40]
        assert self.even([1, 2, 3], [35], 36) == [5, 15, 25]
        assert self.even([33, 34, 35], [0], 36) == [10, 20, 30]

    def test_without_fixed_places_picks_stay(self) -> None:
        """Steps are even already."""
        assert self.even([3, 13, 23], [], 30) == [3, 13, 23]
        assert self.even([], [], 0) == []
        assert self.even([], [4], 9) == []

    def test_segments_are_evened_out_on_their_own(self) -> None:
        """One without a fixed place stays."""
        segments = np.repeat([0, 1, 2], 20)
        evened = self.even([5, 6, 25, 26, 41, 59], [0, 59], 60, segments=segments)
        assert evened in ([8, 16, 25, 26, 46, 59], [8, 15, 25, 26, 46, 59])

    def test_only_free_places_are_taken(self) -> None:
        """The nearest to where a pick should be, each once."""
        closed = [9, 10, 11, 19, 20, 21, 22, 23]
        evened = self.even([1, 2, 3], [0, 40], 41, closed=closed)
        assert evened in ([8, 18, 30], [12, 18, 30])
        assert self.even([1, 2, 3], [0, 4], 5) == [1, 2, 3]

    @given(st.data())
    def test_counts_of_segments_and_fixed_picks_stay(self, data: st.DataObject) -> None:
        """Whatever is fixed, free and picked."""
        n = data.draw(st.integers(0, 40))
        kinds = np.array(data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)), int)
        segments = np.sort(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
        segments = np.asarray(segments, dtype=np.int64)
        widths = np.array(data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)))
        at = np.cumsum(widths) + 2.0 * segments
        is_fixed, is_pick, is_free = kinds >= 3, np.isin(kinds, [1, 4]), kinds != 2
        evened = even_out(is_pick, is_fixed, is_free, at, segments)
        assert (evened <= is_free).all()
        assert (evened[is_fixed] == is_pick[is_fixed]).all()
        for segment in range(3):
            own = segments == segment
            assert evened[own].sum() == is_pick[own].sum()


def test_segments_start_at_random_on_their_own() -> None:
    """Groups of the same size are not stepped through in time."""
    segments, counts = np.repeat(np.arange(20), 100), np.ones(20, dtype=np.int64)
    units = round_shares(np.full(2000, 0.01), segments, counts)
    picked = np.flatnonzero(step_evenly(units, segments, counts, np.random.default_rng(3)))
    assert len(set((picked % 100).tolist())) > 10
