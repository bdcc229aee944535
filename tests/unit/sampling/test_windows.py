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
    find_beside_kept,
    locate_items,
    weigh_items,
)

Weights = npt.NDArray[np.float64]
# Slack for sums of weights that are rounded.
SLACK = 1e-6


class Segments(NamedTuple):
    """Weights of items, segment by segment, and the windows asked for."""

    weights: list[float]
    sizes: list[int]
    n_windows: list[int]


weights_of_items = st.floats(1e-3, 50)
phases = st.sampled_from([0.0, -0.5, 0.25, 0.499])


@st.composite
def draw_segments(draw: st.DrawFn) -> Segments:
    """Draw segments, some of them empty or without a window, and at least one window."""
    sizes = draw(st.lists(st.integers(0, 30), min_size=1, max_size=6).filter(any))
    n_windows = [draw(st.integers(0, size)) for size in sizes]
    if not any(n_windows):
        n_windows[sizes.index(max(sizes))] = 1
    n = sum(sizes)
    weights = draw(st.lists(weights_of_items, min_size=n, max_size=n))
    return Segments(weights, sizes, n_windows)


def make_arrays(segments: Segments) -> tuple[Weights, IntArray, IntArray]:
    sizes = np.array(segments.sizes, dtype=np.int64)
    return np.array(segments.weights), sizes, np.array(segments.n_windows, dtype=np.int64)


def cut(segments: Segments, phase: float = 0.0) -> list[tuple[int, int]]:
    starts, ends = cut_windows(*make_arrays(segments), phase)
    assert starts.dtype == ends.dtype == np.int64
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def locate(segments: Segments) -> Weights:
    return locate_items(*make_arrays(segments))


def draw(starts: Sequence[int], ends: Sequence[int], n_draws: int, seed: int = 0) -> list[int]:
    rng = np.random.default_rng(seed)
    edges = [np.array(places, dtype=np.int64) for places in (starts, ends)]
    places = draw_places(edges[0], edges[1], n_draws, rng)
    assert places.dtype == np.int64
    return [int(place) for place in places]


def cover_segments(windows: list[tuple[int, int]], segments: Segments) -> None:
    """Assert that the windows of each segment follow one another from its start to its end."""
    left = list(windows)
    first = 0
    for size, n in zip(segments.sizes, segments.n_windows, strict=True):
        own, left = left[:n], left[n:]
        edges = [first, *(end for _, end in own)]
        assert [start for start, _ in own] == edges[:-1]
        assert not own or edges[-1] == first + size
        first += size
    assert not left


def test_equal_items_make_equal_windows() -> None:
    """12 items in 3 and 4 windows."""
    assert cut(Segments([1.0] * 12, [12], [3])) == [(0, 4), (4, 8), (8, 12)]
    assert cut(Segments([0.5] * 12, [12], [4])) == [(0, 3), (3, 6), (6, 9), (9, 12)]


def test_as_many_windows_as_items_are_one_each() -> None:
    """Whatever they weigh."""
    assert cut(Segments([9.0, 0.1, 0.1, 5.0], [4], [4])) == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_windows_follow_weights() -> None:
    """A quiet half gets one window, a busy half three."""
    weights = [1.0] * 9 + [3.0] * 9
    assert cut(Segments(weights, [18], [4])) == [(0, 9), (9, 12), (12, 15), (15, 18)]


def test_a_heavy_item_has_one_window_and_the_next_move_on() -> None:
    """However many windows it weighs."""
    assert cut(Segments([1.0, 1.0, 100.0, 1.0, 1.0, 1.0], [6], [3])) == [(0, 3), (3, 4), (4, 6)]
    assert cut(Segments([100.0, 1.0, 1.0, 1.0], [4], [3])) == [(0, 1), (1, 2), (2, 4)]
    assert cut(Segments([1.0, 1.0, 1.0, 100.0], [4], [3])) == [(0, 2), (2, 3), (3, 4)]


def test_segments_have_windows_of_their_own() -> None:
    """Each is shared evenly among its windows, however heavy the others are."""
    weights = [1.0] * 4 + [7.0] * 6
    assert cut(Segments(weights, [4, 6], [2, 3])) == [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]


def test_segments_stay_apart_where_weights_vanish_in_a_sum() -> None:
    """One item outweighs all others by more than a float can tell."""
    segments = Segments([1e20, 1.0, 1.0, 1.0], [2, 2], [1, 1])
    assert cut(segments) == [(0, 2), (2, 4)]


def test_segments_without_windows_are_passed_over() -> None:
    """At the start, between others and at the end; empty ones too."""
    segments = Segments([1.0] * 12, [2, 4, 0, 1, 4, 1], [0, 2, 0, 0, 1, 0])
    assert cut(segments) == [(2, 4), (4, 6), (7, 11)]


@pytest.mark.parametrize("sizes", [[], [3], [2, 0, 1]])
def test_no_windows_have_no_starts_and_no_ends(sizes: list[int]) -> None:
    """Nothing is asked for."""
    assert cut(Segments([1.0] * sum(sizes), sizes, [0] * len(sizes))) == []


@given(draw_segments(), phases)
def test_windows_cover_their_segments_and_none_is_empty(segments: Segments, phase: float) -> None:
    """Whatever the weights, sizes, numbers of windows and cuts."""
    windows = cut(segments, phase)
    assert all(start < end for start, end in windows)
    cover_segments(windows, segments)


@given(draw_segments(), phases)
def test_windows_weigh_about_the_same(segments: Segments, phase: float) -> None:
    """None is off by more than its segment's heaviest item, if that fits into half a window.

    The first and the last one make up for what the cuts are shifted.
    """
    windows = cut(segments, phase)
    first = 0
    for size, n in zip(segments.sizes, segments.n_windows, strict=True):
        weights = segments.weights[first : first + size]
        own, windows = windows[:n], windows[n:]
        first += size
        if not n or max(weights) * 2 > sum(weights) / n:
            continue
        shares = [1.0] * n
        shares[0] += phase
        shares[-1] -= phase
        for (start, end), share in zip(own, shares, strict=True):
            weight = sum(segments.weights[start:end])
            assert abs(weight - share * sum(weights) / n) <= max(weights) + SLACK


def test_cuts_are_shifted_by_a_share_of_a_window() -> None:
    """The first window is larger or smaller, the last one the other way round."""
    segments = Segments([1.0] * 24, [12, 12], [3, 3])
    assert cut(segments, 0.5)[:3] == [(0, 6), (6, 10), (10, 12)]
    assert cut(segments, -0.25)[3:] == [(12, 15), (15, 19), (19, 24)]


def test_a_single_window_is_not_shifted() -> None:
    """It is the whole segment."""
    assert cut(Segments([1.0] * 5, [2, 3], [1, 1]), 0.4) == [(0, 2), (2, 5)]


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
    weights, sizes, n_windows = make_arrays(Segments([5.0, 1.0, 1.0, 1.0], [4], [2]))
    cut_windows(weights, sizes, n_windows, 0.3)
    locate_items(weights, sizes, n_windows)
    assert weights.tolist() == [5, 1, 1, 1]
    assert (sizes.tolist(), n_windows.tolist()) == ([4], [2])


def test_coordinates_are_the_middles_of_items_in_windows() -> None:
    """Four equal items in two windows are half a window each."""
    coordinates = locate(Segments([3.0] * 4, [4], [2]))
    assert (coordinates - coordinates[0]).tolist() == [0, 0.5, 1, 1.5]


def test_coordinates_follow_weights() -> None:
    """From middle to middle, in windows of weight 4."""
    coordinates = locate(Segments([1.0, 3.0, 2.0, 2.0], [4], [2]))
    assert np.diff(coordinates).tolist() == [0.5, 0.625, 0.5]


@given(draw_segments())
def test_coordinates_ascend_and_segments_are_more_than_a_window_apart(segments: Segments) -> None:
    """Also where a segment has no window."""
    coordinates = locate(segments)
    assert len(coordinates) == len(segments.weights)
    assert (np.diff(coordinates) > 0).all()
    edges = np.cumsum(segments.sizes)[:-1]
    between = [edge for edge in edges if 0 < edge < len(coordinates)]
    assert all(coordinates[edge] - coordinates[edge - 1] > 1 for edge in between)


@given(draw_segments())
def test_coordinates_of_a_segment_span_its_windows(segments: Segments) -> None:
    """From the middle of the first item to that of the last one."""
    coordinates, first = locate(segments), 0
    for size, n in zip(segments.sizes, segments.n_windows, strict=True):
        if size:
            weights = segments.weights[first : first + size]
            span = coordinates[first + size - 1] - coordinates[first]
            middles = sum(weights) - (weights[0] + weights[-1]) / 2
            assert span == pytest.approx(middles / sum(weights) * max(n, 1), abs=SLACK)
        first += size


def test_beside_is_less_than_half_a_window() -> None:
    """Before and after; exactly half a window is not beside."""
    coordinates = np.array([1.0, 1.5, 1.75, 2.0, 2.25, 2.5, 6.0])
    is_kept = np.array([False, False, False, True, False, False, False])
    assert find_beside_kept(coordinates, is_kept).tolist() == [
        False,
        False,
        True,
        True,
        True,
        False,
        False,
    ]


def test_beside_is_measured_from_the_nearest_kept_one() -> None:
    """On whichever side it is."""
    coordinates = np.array([1.0, 1.4, 2.0, 2.6, 3.0, 3.4])
    is_kept = np.array([True, False, False, False, True, False])
    assert find_beside_kept(coordinates, is_kept).tolist() == [True, True, False, True, True, True]


def test_nothing_find_beside_kept_nothing() -> None:
    """Without a kept item, and without any."""
    assert not find_beside_kept(np.array([1.0, 2.0]), np.array([False, False])).any()
    assert find_beside_kept(np.zeros(0), np.zeros(0, dtype=np.bool_)).tolist() == []


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
