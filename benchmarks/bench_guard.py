"""Check that nothing got slower, within a minute and on any machine: no figure is a time.

Counts for each image (calls, files opened, bytes) hardly depend on the machine. Ratios compare
processor time with that of bare work, in turn, in one process. What was measured last and the
limits are in ``guard.json``; after a change that is meant, ``--update`` measures and writes them
anew.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

from guarded import COUNTS, RATIOS, UNUSED, Files
from tables import align_table

_LIMITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guard.json")


class Margin(NamedTuple):
    """How much more than was measured is allowed, as a factor, and why."""

    factor: float
    why: str


class Limit(TypedDict):
    """What is kept of a figure."""

    measured: float
    limit: float
    why: str


_WHOLE = Margin(1, "a whole number, the same everywhere")
_CALLS = Margin(1.05, "versions of Python and NumPy differ by one percent")
_RATIO = Margin(1.35, "processors differ, and are busy with other things")

MARGINS = {
    "new crop: calls": _CALLS,
    "new crop: stat calls": _WHOLE,
    "new crop: files opened": _WHOLE,
    "new photo with EXIF: calls": _CALLS,
    "known image: calls": Margin(1.5, "most of the few are for many images at once"),
    "known image: stat calls": _WHOLE,
    "known image: files opened": _WHOLE,
    "known image: bytes at peak": Margin(1.15, "the size of objects differs between Pythons"),
    "picked image: calls": Margin(1.5, "rounding decides how often a selection is improved"),
    "known images: needless imports": Margin(1, f"of {', '.join(UNUSED)}"),
    "new photos: all / read and decode": Margin(1.25, _RATIO.why),
    "new crops: all / read and decode": _RATIO,
    "known images: all / stat and read": Margin(1.45, "Python 3.10 is slow in paths"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, and exit with 1 when a limit is exceeded.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--update", action="store_true", help="write what is measured, and limits made of it")
    add("--counts", action="store_true", help="leave the ratios out, which take longest")
    add("--limits", metavar="FILE", default=_LIMITS, help="where the limits are kept (guard.json)")
    options = parser.parse_args(arguments)
    figures = measure(with_ratios=not options.counts)
    limits = read_limits(options.limits)
    if options.update:
        limits |= {name: make_limit(name, value) for name, value in figures.items()}
        write_limits(options.limits, limits)
    print(format_table(figures, limits))
    exceeded = list_exceeded(figures, limits)
    if exceeded:
        sys.exit(
            f"Above the limit: {'; '.join(exceeded)}. Find out why. If it is meant, run "
            "benchmarks/bench_guard.py --update and give the reason in the commit."
        )


def measure(*, with_ratios: bool) -> dict[str, float]:
    """Measure all figures.

    Parameters
    ----------
    with_ratios : bool
        Whether to measure those that take long.

    Returns
    -------
    dict of str to float
        By the names in `MARGINS`.
    """
    with tempfile.TemporaryDirectory(prefix="bench-guard-") as folder:
        files = Files(Path(folder))
        measuring = COUNTS + RATIOS if with_ratios else COUNTS
        return {name: value for each in measuring for name, value in each(files)}


def read_limits(path: str) -> dict[str, Limit]:
    """Read what is kept.

    Parameters
    ----------
    path : str
        Of a file that need not exist.

    Returns
    -------
    dict of str to Limit
        By the names in `MARGINS`.
    """
    try:
        with open(path, encoding="utf-8") as file:
            limits: dict[str, Limit] = json.load(file)
    except FileNotFoundError:
        return {}
    return limits


def make_limit(name: str, value: float) -> Limit:
    """Allow a figure what was measured, and its margin.

    Parameters
    ----------
    name : str
        In `MARGINS`.
    value : float
        What was measured.

    Returns
    -------
    Limit
        To be kept.
    """
    margin = MARGINS[name]
    return Limit(measured=round(value, 2), limit=round(value * margin.factor, 2), why=margin.why)


def write_limits(path: str, limits: Mapping[str, Limit]) -> None:
    """Write what is kept, in the order of `MARGINS`.

    Parameters
    ----------
    path : str
        Of the file.
    limits : mapping of str to Limit
        Names that are not in `MARGINS` any more are left out.
    """
    ordered = {name: limits[name] for name in MARGINS if name in limits}
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(ordered, indent=2) + "\n")


def list_exceeded(figures: Mapping[str, float], limits: Mapping[str, Limit]) -> list[str]:
    """List the figures that are above their limits, or have none.

    Parameters
    ----------
    figures : mapping of str to float
        What was measured.
    limits : mapping of str to Limit
        What is allowed.

    Returns
    -------
    list of str
        Their names.
    """
    return [
        name
        for name, value in figures.items()
        if name not in limits or round(value, 2) > limits[name]["limit"]
    ]


def format_table(figures: Mapping[str, float], limits: Mapping[str, Limit]) -> str:
    """Tabulate what was measured beside what is allowed.

    Parameters
    ----------
    figures : mapping of str to float
        What was measured.
    limits : mapping of str to Limit
        What is allowed.

    Returns
    -------
    str
        A Markdown table.
    """
    exceeded = list_exceeded(figures, limits)
    lines = []
    for name, value in figures.items():
        limit = limits.get(name)
        kept = ("", "") if limit is None else (limit["measured"], limit["limit"])
        cells = (f"{each:,.2f}" if isinstance(each, float) else each for each in (value, *kept))
        lines.append((name, *cells, "no" if name in exceeded else "yes"))
    return align_table(("figure", "measured", "kept", "limit", "ok"), lines)


if __name__ == "__main__":
    main()
