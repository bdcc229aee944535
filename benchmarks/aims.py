"""What was aimed at, and whether it is reached."""

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from figures import Read, find_median, find_ratios, read_call, read_process
from records import Record, Records
from runs import (
    AGAIN_ORDER,
    AGAIN_VISUAL,
    COLD,
    COLD_ONE_CORE,
    FLOOR_DECODE,
    FLOOR_KNOWN,
    PREVIEW,
    REFERENCE,
    WARM,
)
from tables import align_table

_LEAST_BYTES, _BYTES_PER_IMAGE = 400e6, 500


class Aim(NamedTuple):
    """A figure and the line drawn for it.

    Attributes
    ----------
    title : str
        What of, for people.
    line : float
        Drawn before it was measured.
    is_least : bool
        Whether the figure should be at least the line, rather than at most.
    unit : str
        Behind the figure.
    find : callable
        Finds the figure of each round; none when it was not measured.
    """

    title: str
    line: float
    is_least: bool
    unit: str
    find: Callable[[Records], Sequence[float]]

    def is_reached(self, figure: float) -> bool:
        """Tell whether a figure reaches the line."""
        return figure >= self.line if self.is_least else figure <= self.line


def _divide(
    above: tuple[str, str], below: tuple[str, str], read: Read = read_call
) -> Callable[[Records], list[float]]:
    """Divide one run's seconds by another's of the same round."""
    return lambda records: find_ratios(records, above, below, read)


def _find_ms(scenario: str, run: str) -> Callable[[Records], list[float]]:
    """Find a run's milliseconds."""

    def find(records: Records) -> list[float]:
        record = records.get(scenario)
        return [each.call_s * 1000 for each in record.runs.get(run, ())] if record else []

    return find


def find_efficiency(
    scenario: str, one_core: str, all_cores: str
) -> Callable[[Records], list[float]]:
    """Make a finder of the share of all cores that a run makes use of.

    Parameters
    ----------
    scenario : str
        Name of the scenario.
    one_core, all_cores : str
        Names of the runs.

    Returns
    -------
    callable
        Finds seconds on one core by seconds on all, by the number of cores, of each round.
    """

    def find(records: Records) -> list[float]:
        record = records.get(scenario)
        if record is None:
            return []
        n_cores = min(record.n_cores, record.n_workers)
        return find_ratios(records, (scenario, one_core), (scenario, all_cores), scale=1 / n_cores)

    return find


def _find_growth(run: str, small: str, large: str) -> Callable[[Records], list[float]]:
    """Find how much longer an image takes in a large collection than in a small one."""

    def find(records: Records) -> list[float]:
        slow = find_time_per_image(records.get(large), run)
        quick = find_time_per_image(records.get(small), run)
        return [] if slow is None or quick is None else [slow / quick]

    return find


def find_time_per_image(record: Record | None, run: str) -> float | None:
    """Find the seconds that each image of a collection takes.

    Parameters
    ----------
    record : Record or None
        Of the scenario.
    run : str
        Name of the run.

    Returns
    -------
    float or None
        Median over the rounds; None when it was not measured.
    """
    seconds = find_median(record, run) if record else None
    return seconds / record.n_images if record and seconds is not None else None


def _find_memory(records: Records) -> list[float]:
    """Find the memory of our runs as a share of what they may take."""
    return [
        measured.peak_bytes / (_LEAST_BYTES + _BYTES_PER_IMAGE * record.n_images)
        for record in records.values()
        for name, runs in record.runs.items()
        if name.startswith("ours")
        for measured in runs
        if measured.peak_bytes is not None
    ]


def _aim_at_least(
    title: str, line: float, find: Callable[[Records], Sequence[float]], unit: str = "×"
) -> Aim:
    return Aim(title, line, is_least=True, unit=unit, find=find)


def _aim_at_most(
    title: str, line: float, find: Callable[[Records], Sequence[float]], unit: str = "×"
) -> Aim:
    return Aim(title, line, is_least=False, unit=unit, find=find)


_AIMS = (
    _aim_at_least(
        "first run, photos: rate by that of bare decoding",
        0.9,
        _divide(("photos", FLOOR_DECODE), ("photos", COLD)),
    ),
    _aim_at_least(
        "first run, crops: rate by that of bare decoding",
        0.75,
        _divide(("crops", FLOOR_DECODE), ("crops", COLD)),
    ),
    _aim_at_least(
        "first run, photos: faster than the published package",
        10,
        _divide(("photos", REFERENCE), ("photos", COLD)),
    ),
    _aim_at_least(
        "first run, crops: faster than the published package",
        5,
        _divide(("crops", REFERENCE), ("crops", COLD)),
    ),
    _aim_at_least(
        "first run from EXIF thumbnails: faster than the published package",
        100,
        _divide(("originals", REFERENCE), ("originals", PREVIEW)),
    ),
    _aim_at_most(
        "again, 100,000 crops: whole process by that of the floor",
        2,
        _divide(("many", WARM), ("many", FLOOR_KNOWN), read=read_process),
    ),
    _aim_at_least(
        "again, 100,000 crops: faster than the published package, call",
        300,
        _divide(("many", REFERENCE), ("many", WARM)),
    ),
    _aim_at_least(
        "again, 100,000 crops: faster than the published package, whole process",
        300,
        _divide(("many", REFERENCE), ("many", WARM), read=read_process),
    ),
    _aim_at_least(
        "again, 100,000 photos of 1,024 pixels: faster than the published package, whole process",
        300,
        _divide(("archive", REFERENCE), ("archive", WARM), read=read_process),
    ),
    _aim_at_most(
        'index.sample, 1,000 of 100,000, spread="order"',
        20,
        _find_ms("many", AGAIN_ORDER),
        " ms",
    ),
    _aim_at_most(
        'index.sample, 1,000 of 100,000, spread="visual"',
        50,
        _find_ms("many", AGAIN_VISUAL),
        " ms",
    ),
    _aim_at_least(
        "first run, photos: share of all cores used",
        0.9,
        find_efficiency("photos", COLD_ONE_CORE, COLD),
        "",
    ),
    _aim_at_least(
        "first run, crops: share of all cores used",
        0.9,
        find_efficiency("crops", COLD_ONE_CORE, COLD),
        "",
    ),
    _aim_at_most(
        "first run: time of an image, 100,000 by 1,000 crops",
        1.1,
        _find_growth(COLD, "few", "many"),
    ),
    _aim_at_most(
        "again: time of an image, 100,000 by 1,000 crops",
        1.1,
        _find_growth(WARM, "few", "many"),
    ),
    _aim_at_most(
        "peak memory of ours by 400 MB + 0.5 kB for each image, largest",
        1,
        lambda records: [max(shares)] if (shares := _find_memory(records)) else [],
    ),
)


def format_aims(records: Records) -> str:
    """Tabulate what was aimed at and what was measured.

    Parameters
    ----------
    records : Records
        Of all scenarios.

    Returns
    -------
    str
        A Markdown table; empty when nothing of it was measured.
    """
    lines = list(_list_lines(records))
    return align_table(("", "aim", "measured", "range", "reached"), lines) if lines else ""


def _list_lines(records: Records) -> Iterator[tuple[str, ...]]:
    """Fill the lines of those that were measured."""
    for aim in _AIMS:
        figures = aim.find(records)
        if figures:
            figure = median(figures)
            yield (
                aim.title,
                f"{'≥' if aim.is_least else '≤'} {aim.line:g}{aim.unit}",
                f"{_format(figure)}{aim.unit}",
                f"{_format(min(figures))} to {_format(max(figures))}" if len(figures) > 1 else "",
                "yes" if aim.is_reached(figure) else "**no**",
            )


def _format(figure: float) -> str:
    """Write a figure with as many digits as it is worth."""
    n_decimals = 2 if figure < 10 else 1 if figure < 100 else 0  # noqa: PLR2004 - digits
    return f"{figure:,.{n_decimals}f}"
