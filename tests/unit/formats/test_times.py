"""Tests of smartdownsample.formats.times."""

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample.formats.times import parse_times


def parse(text: str | None) -> datetime | None:
    value: datetime | None = parse_times(pa.array([text], pa.string())).local[0].item()
    return value


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("2024-05-01 07:30:12", (2024, 5, 1, 7, 30, 12)),
        ("2024:05:01 07:30:12", (2024, 5, 1, 7, 30, 12)),
        ("2024/5/1 7:30", (2024, 5, 1, 7, 30)),
        ("2024-05-01T07:30:12Z", (2024, 5, 1, 7, 30, 12)),
        ("2024-05-01T07:30:12+02:00", (2024, 5, 1, 7, 30, 12)),
        (" 2024-05-01T07:30:12.5-0330 ", (2024, 5, 1, 7, 30, 12, 500_000)),
        ("2024-05-01 07:30:12,123456 UTC", (2024, 5, 1, 7, 30, 12, 123_000)),
        ("2024-05-01 12:05:00 AM", (2024, 5, 1, 0, 5)),
        ("2024-05-01 01:05 pm", (2024, 5, 1, 13, 5)),
        ("1969-12-31 23:59:59", (1969, 12, 31, 23, 59, 59)),
        ("2024-02-29 00:00:00", (2024, 2, 29)),
    ],
)
def test_usual_spellings_are_read_by_the_cameras_clock(text: str, parts: tuple[int, ...]) -> None:
    """An offset to UTC changes nothing."""
    assert parse(text) == datetime(*parts)  # type: ignore[arg-type] # noqa: DTZ001 - a camera's


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "unknown", "2024-05-01", "05/01/2024 07:30", "0000:00:00 00:00:00"),
        *("2023-02-29 00:00:00", "2024-13-01 00:00:00", "2024-05-01 24:00:00", "2024-05-01 7h"),
    ],
)
def test_what_is_no_time_is_null(text: str | None) -> None:
    """Nor are dates alone, nor those that may mean two days."""
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "local", "instant"),
    [
        ("2020-05-30T04:57:37+02:00", "2020-05-30T04:57:37", "2020-05-30T02:57:37"),
        ("2020-05-30T04:57:37-0130", "2020-05-30T04:57:37", "2020-05-30T06:27:37"),
        ("2020-05-30T04:57:37+14", "2020-05-30T04:57:37", "2020-05-29T14:57:37"),
        ("2020-02-29T23:59:59Z", "2020-02-29T23:59:59", "2020-02-29T23:59:59"),
        ("2020-05-30 04:57:37", "2020-05-30T04:57:37", "2020-05-30T04:57:37"),
        ("2020-05-30T04:57:37.125+02:00", "2020-05-30T04:57:37.125", "2020-05-30T02:57:37.125"),
        ("1899-12-31T00:00:00Z", "1899-12-31T00:00:00", "1899-12-31T00:00:00"),
    ],
)
def test_times_are_told_as_the_clock_and_in_utc(text: str, local: str, instant: str) -> None:
    """With a zone in any spelling, or none."""
    times = parse_times(pa.array([None, text, "x"]))
    assert times.local[1] == np.datetime64(local, "ms")
    assert times.instants[1] == np.datetime64(instant, "ms")
    assert np.isnat(times.local[[0, 2]]).all()
    assert np.isnat(times.instants[[0, 2]]).all()
    assert times.is_wrong.tolist() == [False, False, True]


@pytest.mark.parametrize(
    "text",
    ["2021-02-29T00:00:00Z", "2020-13-01T00:00:00Z", "2020-01-01T24:00:00Z", "2020-01-01", "", "é"],
)
def test_days_and_hours_that_are_not_in_the_calendar_are_wrong(text: str) -> None:
    """So is a date alone."""
    times = parse_times(pa.array([text]))
    assert times.is_wrong.tolist() == [True]
    assert np.isnat(times.local[0])


@given(st.lists(st.datetimes()))
def test_any_time_is_parsed_as_python_does(times: list[datetime]) -> None:
    """To the millisecond that is nearest."""
    texts = [time.isoformat(timespec="microseconds") for time in times]
    expected = np.array(times, dtype="datetime64[us]").astype(np.int64)
    found = parse_times(pa.array(texts, pa.string())).local.astype(np.int64)
    assert (np.abs(found * 1000 - expected) <= 500).all()
