"""The timeline of the page: which period each image is of, and what it shows of day and night."""

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import pyarrow.compute as pc

from ..features import tell_infrared
from ..records import BoolArray, FeatureTable, IntArray, pack_texts, unpack

Unit: TypeAlias = Literal["day", "week", "month", "year"]

_UNITS: tuple[Unit, ...] = ("day", "week", "month", "year")
# Narrower columns than these are hard to tell apart, and to hit.
_MAX_PERIODS = 120
# Pauses of all cameras that may be left out: how many days they last, and how many they are.
_MIN_PAUSE = 10
_MAX_PAUSES = 12
# Days from a Monday, when weeks begin, to 1970-01-01.
_THURSDAY = 3
# What documents call photos in which there is nothing.
_EMPTY = ("blank", "empty")


class Periods(NamedTuple):
    """The days, weeks, months or years that are the columns of the timeline.

    Attributes
    ----------
    unit : {"day", "week", "month", "year"}
        What they are.
    days : ndarray of int64, shape (p, 2)
        Their first and last days, counted from 1970, ascending. Where one does not begin the day
        after the one before, a pause is left out.
    of_item : ndarray of int64, shape (n,)
        The period of each item, -1 where it is not known when it was taken.
    """

    unit: Unit
    days: IntArray
    of_item: IntArray


def list_periods(table: FeatureTable) -> dict[str, Any]:
    """List the page's columns of the timeline; without any capture time there are no periods."""
    periods = divide_time(table.rows["captured"])
    told = {
        "isNight": tell_infrared(table.rows).astype(np.int64).tolist(),
        "isEmpty": tell_empty(table).astype(np.int64).tolist(),
    }
    if not len(periods.days):
        return {"periods": [], **told}
    return {
        **told,
        "periodUnit": periods.unit,
        "periods": periods.days.tolist(),
        "period": periods.of_item.tolist(),
    }


def tell_empty(table: FeatureTable) -> BoolArray:
    """Tell in which items there is nothing, as a document says, shape (n,)."""
    if table.details is None:
        return np.zeros(len(table), dtype=np.bool_)
    is_empty = pc.is_in(pc.utf8_lower(table.details["label"]), pack_texts(_EMPTY))
    return np.asarray(unpack(is_empty), dtype=np.bool_)


def divide_time(captured: np.ndarray) -> Periods:
    """Divide the time of a collection into days, or into longer units where these are too many.

    `captured`, shape (n,), are times, NaT where unknown. Where the days are too many, long pauses
    of all cameras are left out: those between seasons, and the years between cameras whose clocks
    were set and those that count from 2000.
    """
    is_known = ~np.isnat(captured)
    days = captured[is_known].astype("datetime64[D]").astype(np.int64)
    stretches = list_stretches(np.unique(days))
    of_item = np.full(len(captured), -1)
    for unit in _UNITS:
        ranges = [np.arange(first, last + 1) for first, last in _number(stretches, unit)]
        periods = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *ranges]))
        if len(periods) <= _MAX_PERIODS:
            break
    of_item[is_known] = np.searchsorted(periods, _number(days, unit))
    firsts, nexts = _start(periods, unit), _start(periods + 1, unit)
    return Periods(unit, np.stack([firsts, nexts - 1], axis=1), of_item)


def list_stretches(days: IntArray) -> IntArray:
    """Find the first and last days of what is left without long pauses, shape (s, 2).

    `days`, ascending and distinct, are those with images. As long as there are too many days, the
    longest pauses are left out that make up half of them; then those that are half as long too.
    """
    if not len(days):
        return np.zeros((0, 2), dtype=np.int64)
    pauses = np.diff(days) - 1
    longest = np.sort(pauses[pauses >= _MIN_PAUSE])[::-1]
    n_days, n_left_out = int(days[-1] - days[0]) + 1, 0
    for n in range(1, min(len(longest), _MAX_PAUSES) + 1):
        length = int(longest[n_left_out:n].sum())
        if n_days > _MAX_PERIODS and 2 * length >= n_days:
            n_days, n_left_out = n_days - length, n
    least = longest[n_left_out - 1] / 2 if n_left_out else np.inf
    starts = np.flatnonzero(pauses >= max(least, _MIN_PAUSE)) + 1
    firsts, lasts = np.append(0, starts), np.append(starts, len(days)) - 1
    return np.stack([days[firsts], days[lasts]], axis=1)


def _number(days: IntArray, unit: Unit) -> IntArray:
    """Find the period of each day, of any shape, by a number; the next one has the next number."""
    if unit == "week":
        return (days + _THURSDAY) // 7
    return days.astype("datetime64[D]").astype(f"datetime64[{unit[0].upper()}]").astype(np.int64)


def _start(numbers: IntArray, unit: Unit) -> IntArray:
    """Return the first days of periods, counted from 1970, of any shape."""
    if unit == "week":
        return numbers * 7 - _THURSDAY
    return numbers.astype(f"datetime64[{unit[0].upper()}]").astype("datetime64[D]").astype(np.int64)
