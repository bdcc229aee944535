"""Windows share the natural order evenly among picks."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample.records import IntArray
from smartdownsample.sampling.windows import (
    cut_windows,
    draw_places,
    is_beside,
    mark_places,
    weigh_items,
)

Weights = npt.NDArray[np.float64]
# Slack for sums of weights that are rounded.
SLACK = 1e-6


class Grouped(NamedTuple):
    """Weights of items, group by group, and the windows asked for."""

    weights: list[float]
    sizes: list[int]
    n_windows: list[int]


weights_of_items = st.floats(1e-3, 50)
phases = st.sampled_from([0.0, -0.5, 0.25, 0.499])


@st.composite
def draw_groups(draw: st.DrawFn) -> Grouped:
    """Draw groups, some of them empty or without a window, and at least one window."""
    sizes = draw(st.lists(st.integers(0, 30), min_size=1, max_size=6).filter(any))
    n_windows = [draw(st.integers(0, size)) for size in sizes]
    if not any(n_windows):
        n_windows[sizes.index(max(sizes))] = 1
    n = sum(sizes)
    weights = draw(st.lists(weights_of_items, min_size=n, max_size=n))
    return Grouped(weights, sizes, n_windows)


def make_arrays(grouped: Grouped) -> tuple[Weights, IntArray, IntArray]:
    sizes = np.array(grouped.sizes, dtype=np.int64)
    return np.array(grouped.weights), sizes, np.array(grouped.n_windows, dtype=np.int64)


def cut(grouped: Grouped, phase: float = 0.0) -> list[tuple[int, int]]:
    starts, ends = cut_windows(*make_arrays(grouped), phase)
    assert starts.dtype == ends.dtype == np.int64
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def mark(grouped: Grouped) -> Weights:
    return mark_places(*make_arrays(grouped))


def draw(starts: Sequence[int], ends: Sequence[int], n_draws: int, seed: int = 0) -> list[int]:
    rng = np.random.default_rng(seed)
    edges = [np.array(places, dtype=np.int64) for places in (starts, ends)]
    places = draw_places(edges[0], edges[1], n_draws, rng)
    assert places.dtype == np.int64
    return [int(place) for place in places]


def cover_groups(windows: list[tuple[int, int]], grouped: Grouped) -> None:
    """Assert that the windows of each group follow one another from its start to its end."""
    left = list(windows)
    first = 0
    for size, n in zip(grouped.sizes, grouped.n_windows, strict=True):
        own, left = left[:n], left[n:]
        edges = [first, *(end for _, end in own)]
        assert [start for start, _ in own] == edges[:-1]
        assert not own or edges[-1] == first + size
        first += size
    assert not left


def test_equal_items_make_equal_windows() -> None:
    """12 items in 3 and 4 windows."""
    assert cut(Grouped([1.0] * 12, [12], [3])) == [(0, 4), (4, 8), (8, 12)]
    assert cut(Grouped([0.5] * 12, [12], [4])) == [(0, 3), (3, 6), (6, 9), (9, 12)]


def test_as_many_windows_as_items_are_one_each() -> None:
    """Whatever they weigh."""
    assert cut(Grouped([9.0, 0.1, 0.1, 5.0], [4], [4])) == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_windows_follow_weights() -> None:
    """A quiet half gets one window, a busy half three."""
    weights = [1.0] * 9 + [3.0] * 9
    assert cut(Grouped(weights, [18], [4])) == [(0, 9), (9, 12), (12, 15), (15, 18)]


def test_a_heavy_item_has_one_window_and_the_next_move_on() -> None:
    """However many windows it weighs."""
    assert cut(Grouped([1.0, 1.0, 100.0, 1.0, 1.0, 1.0], [6], [3])) == [(0, 3), (3, 4), (4, 6)]
    assert cut(Grouped([100.0, 1.0, 1.0, 1.0], [4], [3])) == [(0, 1), (1, 2), (2, 4)]
    assert cut(Grouped([1.0, 1.0, 1.0, 100.0], [4], [3])) == [(0, 2), (2, 3), (3, 4)]


def test_groups_have_windows_of_their_own() -> None:
    """Each is shared evenly among its windows, however heavy the others are."""
    weights = [1.0] * 4 + [7.0] * 6
    assert cut(Grouped(weights, [4, 6], [2, 3])) == [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]


def test_groups_stay_apart_where_weights_vanish_in_a_sum() -> None:
    """One item outweighs all others by more than a float can tell."""
    grouped = Grouped([1e20, 1.0, 1.0, 1.0], [2, 2], [1, 1])
    assert cut(grouped) == [(0, 2), (2, 4)]


def test_groups_without_windows_are_passed_over() -> None:
    """At the start, between others and at the end; empty ones too."""
    grouped = Grouped([1.0] * 12, [2, 4, 0, 1, 4, 1], [0, 2, 0, 0, 1, 0])
    assert cut(grouped) == [(2, 4), (4, 6), (7, 11)]


@pytest.mark.parametrize("sizes", [[], [3], [2, 0, 1]])
def test_no_windows_have_no_starts_and_no_ends(sizes: list[int]) -> None:
    """Nothing is asked for."""
    assert cut(Grouped([1.0] * sum(sizes), sizes, [0] * len(sizes))) == []


@given(draw_groups(), phases)
def test_windows_cover_their_groups_and_none_is_empty(grouped: Grouped, phase: float) -> None:
    """Whatever the weights, sizes, numbers of windows and cuts."""
    windows = cut(grouped, phase)
    assert all(start < end for start, end in windows)
    cover_groups(windows, grouped)


@given(draw_groups(), phases)
def test_windows_weigh_about_the_same(grouped: Grouped, phase: float) -> None:
    """None is off by more than its group's heaviest item, if that fits into half a window.

    The first and the last one make up for what the cuts are shifted.
    """
    windows = cut(grouped, phase)
    first = 0
    for size, n in zip(grouped.sizes, grouped.n_windows, strict=True):
        weights = grouped.weights[first : first + size]
        own, windows = windows[:n], windows[n:]
        first += size
        if not n or max(weights) * 2 > sum(weights) / n:
            continue
        shares = [1.0] * n
        shares[0] += phase
        shares[-1] -= phase
        for (start, end), share in zip(own, shares, strict=True):
            weight = sum(grouped.weights[start:end])
            assert abs(weight - share * sum(weights) / n) <= max(weights) + SLACK


def test_cuts_are_shifted_by_a_share_of_a_window() -> None:
    """The first window is larger or smaller, the last one the other way round."""
    grouped = Grouped([1.0] * 24, [12, 12], [3, 3])
    assert cut(grouped, 0.5)[:3] == [(0, 6), (6, 10), (10, 12)]
    assert cut(grouped, -0.25)[3:] == [(12, 15), (15, 19), (19, 24)]


def test_a_single_window_is_not_shifted() -> None:
    """It is the whole group."""
    assert cut(Grouped([1.0] * 5, [2, 3], [1, 1]), 0.4) == [(0, 2), (2, 5)]


@pytest.mark.parametrize("n_windows", [1, 999, 10**5, 2 * 10**5 - 1])
def test_windows_of_many_equal_items_differ_by_one_at_most(n_windows: int) -> None:
    """Rounding does not add up."""
    n = 2 * 10**5
    starts, ends = cut_windows(np.ones(n), np.array([n]), np.array([n_windows]))
    lengths = ends - starts
    assert lengths.sum() == n
    assert lengths.max() - lengths.min() <= 1


def test_windows_change_nothing_they_are_given() -> None:
    """Weights and counts belong to the caller."""
    weights, sizes, n_windows = make_arrays(Grouped([5.0, 1.0, 1.0, 1.0], [4], [2]))
    cut_windows(weights, sizes, n_windows, 0.3)
    mark_places(weights, sizes, n_windows)
    assert weights.tolist() == [5, 1, 1, 1]
    assert (sizes.tolist(), n_windows.tolist()) == ([4], [2])


def test_marks_are_the_middles_of_items_in_windows() -> None:
    """Four equal items in two windows are half a window each."""
    marks = mark(Grouped([3.0] * 4, [4], [2]))
    assert (marks - marks[0]).tolist() == [0, 0.5, 1, 1.5]


def test_marks_follow_weights() -> None:
    """From middle to middle, in windows of weight 4."""
    marks = mark(Grouped([1.0, 3.0, 2.0, 2.0], [4], [2]))
    assert np.diff(marks).tolist() == [0.5, 0.625, 0.5]


@given(draw_groups())
def test_marks_ascend_and_groups_are_more_than_a_window_apart(grouped: Grouped) -> None:
    """Also where a group has no window."""
    marks = mark(grouped)
    assert len(marks) == len(grouped.weights)
    assert (np.diff(marks) > 0).all()
    edges = np.cumsum(grouped.sizes)[:-1]
    between = [edge for edge in edges if 0 < edge < len(marks)]
    assert all(marks[edge] - marks[edge - 1] > 1 for edge in between)


@given(draw_groups())
def test_marks_of_a_group_span_its_windows(grouped: Grouped) -> None:
    """From the middle of the first item to that of the last one."""
    marks, first = mark(grouped), 0
    for size, n in zip(grouped.sizes, grouped.n_windows, strict=True):
        if size:
            weights = grouped.weights[first : first + size]
            span = marks[first + size - 1] - marks[first]
            middles = sum(weights) - (weights[0] + weights[-1]) / 2
            assert span == pytest.approx(middles / sum(weights) * max(n, 1), abs=SLACK)
        first += size


def test_beside_is_less_than_half_a_window() -> None:
    """Before and after; exactly half a window is not beside."""
    marks = np.array([1.0, 1.5, 1.75, 2.0, 2.25, 2.5, 6.0])
    is_kept = np.array([False, False, False, True, False, False, False])
    assert is_beside(marks, is_kept).tolist() == [False, False, True, True, True, False, False]


def test_beside_is_measured_from_the_nearest_kept_one() -> None:
    """On whichever side it is."""
    marks = np.array([1.0, 1.4, 2.0, 2.6, 3.0, 3.4])
    is_kept = np.array([True, False, False, False, True, False])
    assert is_beside(marks, is_kept).tolist() == [True, True, False, True, True, True]


def test_nothing_is_beside_nothing() -> None:
    """Without a kept item, and without any."""
    assert not is_beside(np.array([1.0, 2.0]), np.array([False, False])).any()
    assert is_beside(np.zeros(0), np.zeros(0, dtype=np.bool_)).tolist() == []


def test_each_window_gives_as_many_places_as_it_can() -> None:
    """Up to the number drawn."""
    places = draw([0, 10, 11, 13], [10, 11, 13, 20], 4)
    assert [
        sum(low <= p < high for p in places)
        for low, high in ((0, 10), (10, 11), (11, 13), (13, 20))
    ] == [4, 1, 2, 4]


def test_a_small_window_gives_all_it_has() -> None:
    """In order."""
    assert draw([3, 8], [6, 10], 5) == [3, 4, 5, 8, 9]


def test_no_windows_give_no_places() -> None:
    """Nothing is drawn."""
    assert draw([], [], 4) == []


def test_places_are_spread_over_their_window() -> None:
    """One of each quarter."""
    for seed in range(20):
        assert [place // 25 for place in draw([0], [100], 4, seed)] == [0, 1, 2, 3]


def test_every_place_is_drawn_now_and_then() -> None:
    """Also the first and the last one of a window."""
    for n_draws in (1, 3):
        drawn = {place for seed in range(300) for place in draw([5], [15], n_draws, seed)}
        assert drawn == set(range(5, 15))


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 40)), max_size=12),
    st.integers(1, 6),
    st.integers(0, 2**32 - 1),
)
def test_places_are_distinct_ascending_and_inside(
    gaps_and_lengths: list[tuple[int, int]], n_draws: int, seed: int
) -> None:
    """Whatever the windows, also with gaps between them."""
    starts, ends, last = [], [], 0
    for gap, length in gaps_and_lengths:
        starts.append(last + gap)
        last = starts[-1] + length
        ends.append(last)
    places = draw(starts, ends, n_draws, seed)
    assert places == sorted(set(places))
    for start, end in zip(starts, ends, strict=True):
        assert sum(start <= place < end for place in places) == min(n_draws, end - start)
    assert len(places) == sum(min(n_draws, length) for _, length in gaps_and_lengths)


def weigh(steps: Sequence[int]) -> list[float]:
    weights = weigh_items(np.array(steps, dtype=np.uint16))
    assert weights.dtype == np.float64
    return [float(weight) for weight in weights]


@pytest.mark.parametrize("step", [0, 1, 65535])
def test_constant_steps_weigh_the_same(step: int) -> None:
    """Also when nothing ever moves."""
    assert weigh([step] * 5) == [1] * 5


def test_few_items_have_weights() -> None:
    """None, one, and two."""
    assert weigh([]) == []
    assert weigh([0]) == [1]
    assert sum(weigh([0, 700])) == pytest.approx(2)


def test_what_is_new_weighs_more() -> None:
    """An item like the one before keeps a quarter of a mean weight."""
    quiet, usual, new = weigh([0, 10, 20, 10, 10])[:3]
    assert quiet == 0.25
    assert quiet < usual == 1 < new == 1.75


def test_a_change_of_scene_weighs_two_ordinary_steps_at_most() -> None:
    """However far it looks."""
    assert weigh([10, 10, 10, 20, 10]) == weigh([10, 10, 10, 60000, 10])


def test_when_most_items_stand_still_all_weigh_the_same() -> None:
    """There is no ordinary step to measure by."""
    assert weigh([0, 0, 0, 500]) == [1] * 4


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=200))
def test_weights_are_positive_and_one_in_the_mean(steps: list[int]) -> None:
    """Whatever the steps."""
    weights = weigh(steps)
    assert min(weights) >= 0.25
    assert sum(weights) == pytest.approx(len(weights))


def test_steps_are_not_changed() -> None:
    """They are measured once for all selections."""
    steps = np.array([0, 5, 60000, 7], dtype=np.uint16)
    weigh_items(steps)
    assert steps.tolist() == [0, 5, 60000, 7]
