"""The figures of very large collections in docs/scaling.md, made of results/size.json."""

from collections.abc import Callable

import numpy as np

from kept import Record
from pages.markdown import Sections, tabulate

_MILLION = 10**6
_EXTRAPOLATED = 100 * _MILLION
# Steps of a measurement whose costs do not depend on picks: look-up and order, layout.
_N_BEFORE_PICKS = 2


def make_sections(record: Record) -> Sections:
    """Make what stands between the marks of the document."""
    runs = record["measured"]
    ways = [
        [run for run in runs if run["way"] == way]
        for way in dict.fromkeys(run["way"] for run in runs)
    ]
    compared = [own for own in ways if len(own) > 1]
    measured = tabulate(
        runs,
        ("way", lambda run: f"`ImageIndex.{run['way']}`"),
        ("images", lambda run: f"{run['n_images']:,}"),
        ("picked", lambda run: f"{run['n_picked']:,}"),
        ("until it is done", lambda run: f"{run['total_s']:,.1f} s"),
        ("of the processor", lambda run: f"{sum(run['cpu_s']):,.1f} s"),
        ("peak memory", lambda run: _write_gb(run["peaks_mb"][-1])),
    )
    extrapolated = tabulate(
        compared,
        ("way", lambda own: f"`ImageIndex.{own[0]['way']}`"),
        ("measured: growth of images", lambda own: _write_growth(own, lambda run: run["n_images"])),
        ("measured: of the processor, without picks", lambda own: _write_growth(own, _count_s)),
        (
            "measured: of peak memory",
            lambda own: _write_growth(own, lambda run: run["peaks_mb"][-1]),
        ),
        (
            "extrapolated: 100 million, of the processor",
            lambda own: f"{_extrapolate(own, lambda run: sum(run['cpu_s'])):,.0f} s",
        ),
        (
            "extrapolated: 100 million, peak memory",
            lambda own: _write_gb(_extrapolate(own, lambda run: run["peaks_mb"][-1])),
        ),
    )
    machine = (
        f"{record['machine']}; smartdownsample {record['versions']['smartdownsample']}, "
        f"NumPy {record['versions']['numpy']}, PyArrow {record['versions']['pyarrow']}."
    )
    texts = {"size": measured, "larger": extrapolated or "Not measured.", "size machine": machine}
    return {("docs/scaling.md", name): text for name, text in texts.items()}


def _count_s(run: Record) -> float:
    """Count the seconds of the processor until a selection can be drawn."""
    return float(sum(run["cpu_s"][:_N_BEFORE_PICKS]))


def _write_growth(runs: list[Record], figure: Callable[[Record], float]) -> str:
    """Write how many times as large a figure of the most images is as that of the fewest."""
    few, *_, many = sorted(runs, key=lambda run: run["n_images"])
    return f"{figure(many) / figure(few):.1f}x"


def _extrapolate(runs: list[Record], figure: Callable[[Record], float]) -> float:
    """Extrapolate a figure along the straight line that is nearest to what was measured."""
    line = np.polyfit([run["n_images"] for run in runs], list(map(figure, runs)), 1)
    return float(np.polyval(line, _EXTRAPOLATED))


def _write_gb(megabytes: float) -> str:
    return f"{megabytes / 1000:,.2f} GB"
