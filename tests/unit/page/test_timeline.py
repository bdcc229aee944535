"""The timeline of the page: its periods, and what is known of them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from feature_tables import make_table
from smartdownsample.items import DETAILS
from smartdownsample.page.timeline import divide_time, list_periods, list_stretches, tell_empty


def times(*spans: tuple[str, int]) -> np.ndarray:
    """List noon of some days from each date on."""
    noon = np.timedelta64(12, "h")
    return np.concatenate(
        [
            np.datetime64(first, "ms") + noon + np.arange(n) * np.timedelta64(1, "D")
            for first, n in spans
        ]
    )


def spell(days: np.ndarray) -> list[list[str]]:
    """Spell days that are counted from 1970."""
    spelt: list[list[str]] = days.astype("datetime64[D]").astype(str).tolist()
    return spelt


class TestUnit:
    """Columns are days, or longer where days would be too many."""

    @pytest.mark.parametrize(
        ("n_days", "unit"),
        [(1, "day"), (120, "day"), (121, "week"), (840, "week"), (1200, "month")],
    )
    def test_the_unit_grows_with_the_time(self, n_days: int, unit: str) -> None:
        """So that never more than 120 columns share the page's width."""
        periods = divide_time(times(("2024-01-01", n_days)))
        assert periods.unit == unit
        assert len(periods.days) <= 120

    def test_centuries_are_years(self) -> None:
        """The longest unit, however many there are."""
        captured = np.arange("1850", "2024", 9, dtype="datetime64[M]").astype("datetime64[ms]")
        periods = divide_time(captured)
        assert periods.unit == "year"
        assert spell(periods.days)[0] == ["1850-01-01", "1850-12-31"]
        assert len(periods.days) == 174

    def test_weeks_are_from_monday_to_sunday(self) -> None:
        """As the calendar has them."""
        periods = divide_time(times(("2024-01-03", 200)))
        assert spell(periods.days)[:2] == [
            ["2024-01-01", "2024-01-07"],
            ["2024-01-08", "2024-01-14"],
        ]

    def test_months_are_those_of_the_calendar(self) -> None:
        """Of any length."""
        periods = divide_time(times(("2024-01-31", 1000)))
        assert spell(periods.days)[:2] == [
            ["2024-01-01", "2024-01-31"],
            ["2024-02-01", "2024-02-29"],
        ]


class TestItems:
    """Each item is of the period that it was taken in."""

    @pytest.mark.parametrize("n_days", [50, 300, 2000])
    def test_the_period_holds_the_time(self, n_days: int) -> None:
        """In any unit, and in any order."""
        captured = np.random.default_rng(0).permutation(times(("2021-12-30", n_days)))
        periods = divide_time(captured)
        days = captured.astype("datetime64[D]").astype(np.int64)
        first, last = periods.days[periods.of_item].T
        assert ((first <= days) & (days <= last)).all()

    def test_an_unknown_time_is_of_no_period(self) -> None:
        """Beside known ones."""
        captured = np.array(["2024-05-01T10:00", "NaT", "2024-05-03T00:00"], dtype="datetime64[ms]")
        periods = divide_time(captured)
        assert periods.of_item.tolist() == [0, -1, 2]
        assert len(periods.days) == 3

    def test_without_times_there_are_no_periods(self) -> None:
        """Nor with no items."""
        for n in (0, 3):
            periods = divide_time(np.full(n, np.datetime64("NaT", "ms")))
            assert periods.days.shape == (0, 2)
            assert periods.of_item.tolist() == [-1] * n


class TestPauses:
    """Long pauses of all cameras are left out where there are too many days."""

    def test_clocks_that_count_from_2000(self) -> None:
        """Are not 24 years before the others."""
        periods = divide_time(times(("2000-01-01", 20), ("2024-03-01", 40)))
        assert periods.unit == "day"
        assert len(periods.days) == 60
        assert spell(periods.days)[19:21] == [["2000-01-20"] * 2, ["2024-03-01"] * 2]

    def test_pauses_between_seasons(self) -> None:
        """All of them, also where the last alone is no half of what remains."""
        captured = times(*((f"{2018 + i}-05-01", 90 + 7 * i) for i in range(6)))
        assert (
            len(list_stretches(np.unique(captured.astype("datetime64[D]").astype(np.int64)))) == 6
        )

    def test_a_pause_within_the_page_stays(self) -> None:
        """It shows as a gap, to scale."""
        periods = divide_time(times(("2024-01-01", 15), ("2024-03-15", 15)))
        assert len(periods.days) == 89

    def test_frequent_pauses_stay(self) -> None:
        """A camera that takes a photo every two weeks has nothing but pauses."""
        captured = np.datetime64("2024-01-01", "ms") + np.arange(30) * np.timedelta64(14, "D")
        periods = divide_time(captured)
        assert (np.diff(periods.days[:, 0]) == 7).all()


class TestColumns:
    """What the page gets."""

    def test_empty_is_what_a_document_says(self) -> None:
        """In any case; an unknown label says nothing."""
        table = make_table(4)
        labels = ["blank", "Empty", "deer", None]
        columns = [labels if field.name == "label" else [None] * 4 for field in DETAILS]
        details = pa.table(
            [pa.array(each, kind.type) for each, kind in zip(columns, DETAILS, strict=True)],
            schema=DETAILS,
        )
        assert tell_empty(replace(table, details=details)).tolist() == [True, True, False, False]
        assert not tell_empty(table).any()

    def test_night_is_infrared(self) -> None:
        """As `inspect` tells it."""
        table = make_table(10)
        layouts = table.rows["lab_layout"].reshape(10, 16, 3)
        layouts[:5, :, 1:] = 128
        assert list_periods(table)["isNight"] == [1] * 5 + [0] * 5

    def test_columns_have_a_value_for_each_item(self) -> None:
        """But where no time is known: there the page has no timeline."""
        table = make_table(10)
        columns = list_periods(table)
        assert {len(columns[name]) for name in ("period", "isNight", "isEmpty")} == {10}
        table.rows["captured"] = np.datetime64("NaT", "ms")
        columns = list_periods(table)
        assert columns["periods"] == []
        assert "period" not in columns
