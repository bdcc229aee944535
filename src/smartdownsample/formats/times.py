"""Texts of dates and times, as documents spell them, whole columns at a time."""

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..records import BoolArray, unpack

TimeArray = npt.NDArray[np.datetime64]

# What is said to be expected.
TIME = "a time such as 2020-05-30T04:57:37Z"
# A date with a time, year first: ISO 8601, RFC 3339, EXIF, COCO. A zone may lack its colon, as in
# ``%z`` of C, or its minutes. The pattern is RE2's.
_SPELLING = (
    r"^\s*(?P<year>\d{4})[-:/.](?P<month>\d{1,2})[-:/.](?P<day>\d{1,2})"
    r"[T _]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})"
    r"(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp][Mm])?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)?\s*$"
)
_BOUNDS = {"month": (1, 12), "day": (1, 31), "hour": (0, 23), "minute": (0, 59), "second": (0, 60)}
_ZONE = re.compile(r"([+-])(\d\d):?(\d\d)?")
_FRACTION_DIGITS = 9
_UNKNOWN = np.datetime64("NaT", "ms")


class Times(NamedTuple):
    """Times of texts.

    Attributes
    ----------
    local : ndarray of datetime64[ms], shape (n,)
        As clocks show it where the time was taken; NaT where there is no text, or it is no time.
    instants : ndarray of datetime64[ms], shape (n,)
        In UTC, which is also the zone of a time that names none.
    is_wrong : ndarray of bool, shape (n,)
        Whether there is a text that is no time.
    """

    local: TimeArray
    instants: TimeArray
    is_wrong: BoolArray


def parse_times(texts: pa.Array) -> Times:
    """Parse times to the nearest millisecond.

    Parameters
    ----------
    texts : pyarrow.StringArray, shape (n,)
        Such as "2024-05-01 07:30:00", "2024:05:01 07:30:00" or "2024-05-01T07:30:00.5+02:00".
    """
    parts = pc.extract_regex(texts, _SPELLING)
    is_known = unpack(pc.is_valid(parts))
    local = np.full(len(texts), _UNKNOWN)
    instants = local.copy()
    found = pc.drop_null(parts)
    local[is_known] = _convert(found)
    instants[is_known] = local[is_known] - _read_zones(pc.struct_field(found, "zone"))
    return Times(local, instants, unpack(pc.is_valid(texts)) & np.isnat(local))


def _convert(parts: pa.StructArray) -> TimeArray:
    """Convert parts of times, all texts; NaT where there is no such time."""
    numbers = {name: _take_integers(pc.struct_field(parts, name)) for name in _BOUNDS}
    is_time = np.ones(len(parts), dtype=np.bool_)
    for name, (least, most) in _BOUNDS.items():
        is_time &= (numbers[name] >= least) & (numbers[name] <= most)
    half = pc.struct_field(parts, "half")
    has_half = unpack(pc.match_substring(half, "m", ignore_case=True))
    is_evening = unpack(pc.match_substring(half, "p", ignore_case=True))
    hours = np.where(has_half, numbers["hour"] % 12, numbers["hour"]) + 12 * is_evening
    year = _take_integers(pc.struct_field(parts, "year"))
    months = ((year - 1970) * 12 + numbers["month"] - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (numbers["day"] - 1).astype("timedelta64[D]")
    is_time &= (days.astype("datetime64[M]") == months) & (year > 0)  # no 31st of April
    seconds = hours * 3600 + numbers["minute"] * 60 + numbers["second"]
    times: TimeArray = days.astype("datetime64[ms]") + seconds.astype("timedelta64[s]")
    fraction = pc.utf8_rpad(pc.struct_field(parts, "fraction"), _FRACTION_DIGITS, "0")
    times += np.rint(_take_integers(fraction) / 1e6).astype("timedelta64[ms]")
    times[~is_time] = _UNKNOWN
    return times


def _take_integers(digits: pa.Array) -> np.ndarray:
    """Read texts of digits; an empty one is 0."""
    numbers: np.ndarray = unpack(pc.replace_substring_regex(digits, "^$", "0").cast(pa.int64()))
    return numbers


def _read_zones(zones: pa.Array) -> npt.NDArray[np.timedelta64]:
    """Read how far zones are ahead of UTC, shape (n,); few of them differ."""
    coded = pc.dictionary_encode(zones)
    minutes = []
    for zone in coded.dictionary.to_pylist():
        found = _ZONE.fullmatch(zone)
        ahead = 60 * int(found[2]) + int(found[3] or 0) if found else 0
        minutes.append(-ahead if found and found[1] == "-" else ahead)
    of_zones: npt.NDArray[np.timedelta64] = np.array(minutes, dtype="timedelta64[m]")
    return of_zones.take(unpack(coded.indices))
