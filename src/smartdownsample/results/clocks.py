"""Clocks of cameras that were never set, or that ran out of power."""

from collections.abc import Iterator

import numpy as np

from ..display import count_noun
from ..records import FeatureTable, IntArray

# No camera trap wrote capture times into digital files before; unset clocks start in 1970 or 1980.
_EARLIEST = np.datetime64("2000-01-01", "ms")
# Local time is ahead of the time in Greenwich by 14 hours at most.
_MOST_AHEAD = np.timedelta64(14, "h")
# So many photos of one time, if half of all have it, are no burst.
_MIN_SAME = 10


def find_clock_faults(table: FeatureTable, rows: IntArray) -> tuple[str, ...]:
    """Say what seems wrong with the times of one camera's rows.

    Times may be in the future, before 2000, or one and the same for at least ten photos and half
    of those that have a time.
    """
    captured = table.rows["captured"][rows]
    # The crops of a photo have one time.
    firsts = np.unique(table.photos[rows], return_index=True)[1]
    captured = captured[firsts]
    return tuple(_find_faults(captured[~np.isnat(captured)]))


def _find_faults(captured: "np.ndarray[tuple[int], np.dtype[np.datetime64]]") -> Iterator[str]:
    n_early = int((captured < _EARLIEST).sum())
    n_late = int((captured > np.datetime64("now", "ms") + _MOST_AHEAD).sum())
    if n_late:
        yield f"{count_noun(n_late, 'photo')} in the future, until {_to_day(captured.max())}"
    if n_early:
        yield f"{count_noun(n_early, 'photo')} before 2000, from {_to_day(captured.min())}"
    times, counts = np.unique(captured, return_counts=True)
    n_same = int(counts.max(initial=0))
    if n_same >= max(_MIN_SAME, len(captured) / 2):
        time = str(times[counts.argmax()].astype("datetime64[s]")).replace("T", " ")
        yield f"{n_same:,} of {count_noun(len(captured), 'photo')} at {time}"


def _to_day(time: np.datetime64) -> str:
    return str(time.astype("datetime64[D]"))
