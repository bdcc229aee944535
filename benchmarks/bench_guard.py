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

from guarded import COUNTS, RATIOS, UNUSED, Files
from kept import ROOT, Record, load
from pages.markdown import tabulate

_LIMITS = os.path.join(ROOT, "benchmarks", "guard.json")


# Of each figure how much more than was measured is allowed, as a factor, and why.
_WHOLE = (1, "a whole number, the same everywhere")
_CALLS = (1.05, "versions of Python and NumPy differ by one percent")
_BUSY = "processors differ, and are busy with other things"
MARGINS: dict[str, tuple[float, str]] = {
    "new crop: calls": _CALLS,
    "new crop: stat calls": _WHOLE,
    "new crop: files opened": _WHOLE,
    "new mixed crop: calls": (1.1, "how many sizes are new differs with the rendering"),
    "new photo with EXIF: calls": _CALLS,
    "known image: calls": (1.5, "most of the few are for many images at once"),
    "known image: stat calls": _WHOLE,
    "known image: files opened": _WHOLE,
    "known image: bytes at peak": (1.15, "the size of objects differs between Pythons"),
    "picked image: calls": (1.5, "rounding decides how often a selection is improved"),
    "known images: needless imports": (1, f"of {', '.join(UNUSED)}"),
    "new photos: all / read and decode": (1.25, _BUSY),
    "new crops: all / read and decode": (1.35, _BUSY),
    "new mixed crops: all / read and decode": (1.35, _BUSY),
    "known images: all / stat and read": (1.45, "Python 3.10 is slow in paths"),
}
# Of each figure what was measured last, the limit, and why that much more is allowed.
Limits = Mapping[str, Record]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, and exit with 1 when a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--update", action="store_true", help="write what is measured, and limits made of it")
    add("--smoke", action="store_true", help="count on little, and leave the ratios out")
    add("--limits", metavar="FILE", default=_LIMITS, help="where the limits are kept (guard.json)")
    options = parser.parse_args(arguments)
    figures = measure(is_smoke=options.smoke)
    limits = load(options.limits)
    if options.update:
        for name, (factor, why) in MARGINS.items():
            if name in figures:
                measured, limit = round(figures[name], 2), round(figures[name] * factor, 2)
                limits[name] = {"measured": measured, "limit": limit, "why": why}
        limits = {name: limits[name] for name in MARGINS if name in limits}
        with open(options.limits, "w", encoding="utf-8") as file:
            file.write(json.dumps(limits, indent=2) + "\n")
    report(figures, limits)


def report(figures: Mapping[str, float], limits: Limits) -> None:
    """Print what was measured beside what is allowed.

    The exit code is 1 when a figure is above its limit, or has none.
    """
    allowed = {name: limits[name]["limit"] if name in limits else -1 for name in figures}
    exceeded = [name for name, figure in figures.items() if round(figure, 2) > allowed[name]]
    table = tabulate(
        figures,
        ("figure", str),
        ("measured", lambda name: f"{figures[name]:,.2f}"),
        ("kept", lambda name: f"{limits[name]['measured']:,.2f}" if name in limits else ""),
        ("limit", lambda name: f"{limits[name]['limit']:,.2f}" if name in limits else ""),
        ("ok", lambda name: "no" if name in exceeded else "yes"),
    )
    print(table)
    if exceeded:
        sys.exit(
            f"Above the limit: {'; '.join(exceeded)}. Find out why. If it is meant, run "
            "benchmarks/bench_guard.py --update and give the reason in the commit."
        )


def measure(*, is_smoke: bool) -> dict[str, float]:
    """Measure all figures, by the names in `MARGINS`."""
    with tempfile.TemporaryDirectory(prefix="bench-guard-") as folder:
        files = Files(Path(folder), is_smoke=is_smoke)
        measuring = COUNTS if is_smoke else COUNTS + RATIOS
        found = (figure for each in measuring for figure in each(files))
        return {name: value for name, value in found if name in MARGINS}


if __name__ == "__main__":
    main()
