"""Picks are exact, distinct and evenly spread."""

import numpy as np
import pytest

import oracles
from smartdownsample.picking import pick_rows, step_evenly

# A bucket of 12 rows, one of 5, one of 1, mixed in natural order.
CODES = np.array([3, 3, 9, 3, 3, 70, 3, 9, 3, 3, 9, 3, 3, 9, 3, 9, 3, 3], dtype=np.uint8)


def pick(target_count: int, seed: int | None = 42) -> list[int]:
    return [int(row) for row in pick_rows(CODES, target_count, seed)]


def picked_codes(target_count: int) -> list[int]:
    return [int(CODES[row]) for row in pick(target_count)]


@pytest.mark.parametrize("target_count", range(len(CODES) + 3))
def test_picks_are_exactly_as_many_as_wanted(target_count: int) -> None:
    """Distinct rows, ascending, up to all there are."""
    rows = pick(target_count)
    assert len(rows) == min(target_count, len(CODES))
    assert rows == sorted(set(rows))


@pytest.mark.parametrize("target_count", range(len(CODES) + 3))
def test_picks_equal_the_scalar_version(target_count: int) -> None:
    """Bucket by bucket, place by place."""
    assert pick(target_count) == oracles.pick_rows(CODES.tolist(), target_count, 42)


def test_fewer_picks_than_buckets_come_from_the_largest() -> None:
    """One each, largest first."""
    assert picked_codes(1) == [3]
    assert sorted(picked_codes(2)) == [3, 9]


def test_as_many_picks_as_buckets_are_one_of_each() -> None:
    """No bucket is left out."""
    assert sorted(picked_codes(3)) == [3, 9, 70]


def test_more_picks_than_buckets_keep_the_rare_one() -> None:
    """A bucket of one row is picked at every target from the number of buckets on."""
    for target_count in range(3, len(CODES) + 1):
        assert 5 in pick(target_count)


def test_no_rows_give_no_picks() -> None:
    """An empty collection is allowed."""
    for target_count in (0, 3):
        rows = pick_rows(np.zeros(0, dtype=np.uint8), target_count, 42)
        assert rows.dtype == np.int64
        assert rows.tolist() == []


def test_no_picks_are_no_rows() -> None:
    """Zero is a valid target."""
    assert pick(0) == []


def test_the_seed_decides_where_steps_begin() -> None:
    """One seed gives one selection, many seeds give many."""
    codes = np.zeros(100, dtype=np.uint8)
    selections = {tuple(pick_rows(codes, 5, seed).tolist()) for seed in range(40)}
    assert len(selections) > 10
    assert tuple(pick_rows(codes, 5, 7).tolist()) in selections


def test_without_a_seed_every_call_is_fresh() -> None:
    """None means no repetition."""
    codes = np.zeros(100_000, dtype=np.uint8)
    selections = {tuple(pick_rows(codes, 2, None).tolist()) for _ in range(4)}
    assert len(selections) > 1


def test_buckets_begin_in_different_places() -> None:
    """Buckets of the same size are not picked in step."""
    codes = np.repeat(np.arange(20, dtype=np.uint8), 100)
    assert len(set((pick_rows(codes, 20, 1) % 100).tolist())) > 5


def test_codes_are_not_changed() -> None:
    """Selection is a pure function."""
    before = CODES.copy()
    pick(7)
    np.testing.assert_array_equal(CODES, before)


def test_the_rows_of_one_bucket_are_spread_evenly() -> None:
    """Neighbouring picks are a quarter of 1,000 rows apart."""
    rows = pick_rows(np.zeros(1000, dtype=np.uint8), 4, 3)
    assert np.diff(rows).tolist() == [250, 250, 250]


@pytest.mark.parametrize(
    ("n", "quota", "start", "places"),
    [
        (10, 0, 0.5, []),
        (10, 1, 0.0, [0]),
        (10, 1, 0.5, [5]),
        (10, 1, 0.999, [9]),
        (10, 2, 0.0, [0, 5]),
        (10, 2, 0.999, [4, 9]),
        (10, 3, 0.0, [0, 3, 6]),
        (10, 3, 0.999, [3, 6, 9]),
        (10, 10, 0.0, list(range(10))),
        (10, 10, 0.999, list(range(10))),
        (1, 1, 0.999, [0]),
        (0, 0, 0.5, []),
    ],
)
def test_steps_are_even(n: int, quota: int, start: float, places: list[int]) -> None:
    """From the first to the last possible start."""
    assert step_evenly(n, quota, start).tolist() == places
    assert oracles.step_evenly(n, quota, start) == places


def test_the_last_start_below_one_stays_inside() -> None:
    """Rounding never carries a step beyond the end."""
    start = float(np.nextafter(1.0, 0.0))
    for n in (1, 2, 3, 1000, 2**31, 2**52):
        assert step_evenly(n, 1, start)[0] == n - 1
