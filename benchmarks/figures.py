"""Figures of what was measured: medians, and ratios of neighbours in one round."""

from collections.abc import Callable, Sequence
from statistics import median

from records import Measurement, Record, Records

Read = Callable[[Measurement], float]

# Ratios of this and more are not worth a decimal.
_LARGE_RATIO = 100


def read_call(measurement: Measurement) -> float:
    """Take the seconds of the call."""
    return measurement.call_s


def read_process(measurement: Measurement) -> float:
    """Take the seconds of the whole process."""
    return measurement.process_s


def find_median(record: Record, name: str, read: Read = read_call) -> float | None:
    """Take the median of a run's measurements.

    Parameters
    ----------
    record : Record
        Of the scenario.
    name : str
        Of the run.
    read : callable
        Takes the figure of a measurement.

    Returns
    -------
    float or None
        None when it was not measured.
    """
    return median(map(read, record.runs[name])) if name in record.runs else None


def find_ratios(
    records: Records,
    above: tuple[str, str],
    below: tuple[str, str],
    read: Read = read_call,
    scale: float = 1,
) -> list[float]:
    """Divide what was measured in the same round, so that what slows a round down cancels out.

    Parameters
    ----------
    records : Records
        Of all scenarios.
    above, below : (str, str)
        Names of the scenario and of the run.
    read : callable
        Takes the figure of a measurement.
    scale : float
        Factor of all ratios.

    Returns
    -------
    list of float
        One for each round in which both were measured; empty where there is none.
    """
    sides = []
    for scenario, name in (above, below):
        record = records.get(scenario)
        measured = record.runs.get(name, ()) if record else ()
        sides.append({each.round: read(each) for each in measured})
    first, second = sides
    return [scale * first[number] / second[number] for number in first if number in second]


def format_ratio(ratio: float, sign: str = "x") -> str:
    """Write a ratio with as many digits as it is worth.

    Parameters
    ----------
    ratio : float
        The number.
    sign : str
        What stands behind it.

    Returns
    -------
    str
        Such as ``9.6x``.
    """
    return f"{ratio:.1f}{sign}" if ratio < _LARGE_RATIO else f"{ratio:,.0f}{sign}"


def format_seconds(seconds: float | None) -> str:
    """Write seconds with about three digits; empty for none."""
    if seconds is None:
        return ""
    n_decimals = 3 if seconds < 1 else 2 if seconds < 10 else 1  # noqa: PLR2004 - digits
    return f"{seconds:,.{n_decimals}f}"


def format_range(values: Sequence[float], sign: str = "x") -> str:
    """Write the least and the largest of several ratios; empty for less than two."""
    if len(values) < 2:  # noqa: PLR2004 - a range has two ends
        return ""
    return f"{format_ratio(min(values), sign)} to {format_ratio(max(values), sign)}"
