"""Tests of smartdownsample.formats.intervals."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample.formats.intervals import find_first_cover, find_within

LINES = st.integers(-1, 2)
TIMES = st.integers(0, 12) | st.none()


def to_times(values: list[int | None]) -> np.ndarray:
    return np.array(["NaT" if value is None else value for value in values], "datetime64[ms]")


@given(
    st.lists(st.tuples(LINES, TIMES), max_size=30),
    st.lists(st.tuples(LINES, TIMES, TIMES), max_size=30),
    st.randoms(use_true_random=False),
)
def test_the_first_interval_of_each_point_is_found(points: list, intervals: list, random) -> None:  # type: ignore[no-untyped-def,type-arg] # noqa: ANN001 - hypothesis'
    """As comparing each point with each interval does, ends included."""
    within = find_within(
        np.array([line for line, _ in points], np.int64),
        to_times([time for _, time in points]),
        np.array([line for line, _, _ in intervals], np.int64),
        to_times([start for _, start, _ in intervals]),
        to_times([end for _, _, end in intervals]),
    )
    expected = [
        {
            row
            for row, (line, time) in enumerate(points)
            if line == of >= 0 and None not in {time, start, end} and start <= time <= end
        }
        for of, start, end in intervals
    ]
    found = [within.points[start:end] for start, end in zip(within.froms, within.tos, strict=True)]
    assert [set(rows.tolist()) for rows in found] == expected
    chosen = random.sample(range(len(intervals)), random.randint(0, len(intervals)))
    first = find_first_cover(within, np.array(chosen, np.int64))
    assert first.tolist() == [
        next((place for place, i in enumerate(chosen) if row in expected[i]), -1)
        for row in range(len(points))
    ]


def test_intervals_of_any_length_cover_all_of_their_points() -> None:
    """Not only those that a power of two reaches."""
    generator = np.random.default_rng(0)
    points = generator.permutation(300)
    starts = generator.integers(0, 300, 60)
    ends = starts + generator.integers(0, 90, 60)
    within = find_within(
        np.zeros(300, np.int64),
        points.astype("datetime64[ms]"),
        np.zeros(60, np.int64),
        starts.astype("datetime64[ms]"),
        ends.astype("datetime64[ms]"),
    )
    covers = (starts <= points[:, None]) & (points[:, None] <= ends)
    expected = np.where(covers.any(axis=1), covers.argmax(axis=1), -1)
    assert find_first_cover(within, np.arange(60)).tolist() == expected.tolist()
