"""The coverage curves of the report page: coordinates of lines, ticks and marks."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..records import Float64Array, IntArray
from ..sampling import Coverage

# Units of the SVG view box, which are pixels at its natural size.
WIDTH, HEIGHT = 440, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 14, 12, 40
_MAX_TICKS = 5


class _Unit(NamedTuple):
    """Format strings of values on the axis and at a mark."""

    tick: str
    value: str


_SHARE = _Unit("{:.0%}", "{:.0%}")
_LEVELS = _Unit("{:g}", "{:.1f} levels")
_MARKS = {"current": "kept", "suggested": "suggested"}


class Tick(NamedTuple):
    """A coordinate on an axis, and what is written there."""

    at: float
    label: str


class Mark(NamedTuple):
    """A marked number of images on a curve.

    Attributes
    ----------
    kind : {"current", "suggested"}
        What is marked.
    label : str
        The number of images and the value of the curve there.
    x, y : float
        The point on the curve.
    """

    kind: str
    label: str
    x: float
    y: float


class Curve(NamedTuple):
    """A curve over the number of images, ready to be drawn.

    Attributes
    ----------
    title : str
        What the values are.
    points : str
        Points of an SVG polyline.
    area : str
        Points of an SVG polygon from the curve down to the axis.
    x_ticks, y_ticks : list of Tick
        Ticks of the axes.
    marks : list of Mark
        The current and the suggested number of images, where the curve reaches them.
    frame : tuple of float
        Left, top, right and bottom edge of the plot area.
    """

    title: str
    points: str
    area: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    marks: list[Mark]
    frame: tuple[float, float, float, float]


def plot_coverage(coverage: Coverage, n_kept: int) -> list[Curve]:
    """Lay out the covered share and the mean distance; no curves for an empty collection.

    `n_kept` is the current number of images.
    """
    if not len(coverage.counts):
        return []
    marked = {"current": n_kept, "suggested": coverage.suggested_count}
    return [
        _plot(title, coverage.counts, values, unit, marked)
        for title, values, unit in (
            ("Covered share of the collection", coverage.covered_shares, _SHARE),
            ("Mean distance to the nearest selected image", coverage.mean_distances, _LEVELS),
        )
    ]


def _plot(
    title: str, counts: IntArray, values: Float64Array, unit: _Unit, marked: Mapping[str, int]
) -> Curve:
    """Lay out one curve over the logarithm of the count."""
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    y_values = _choose_ticks(float(values.max()))
    last = int(counts[-1])

    def x_of(count: float) -> float:
        return round(_LEFT + (right - _LEFT) * math.log(count) / (math.log(last) or 1), 1)

    def y_of(value: float) -> float:
        return round(bottom - (bottom - _TOP) * value / y_values[-1], 1)

    marks = []
    for kind, count in marked.items():
        if 1 <= count <= last:
            value = float(np.interp(math.log(count), np.log(counts), values))
            label = f"{count:,} {_MARKS[kind]}: {unit.value.format(value)}"
            marks.append(Mark(kind, label, x_of(count), y_of(value)))
    points = [*zip(map(x_of, counts.tolist()), map(y_of, values.tolist()), strict=True)]
    line = " ".join(f"{x},{y}" for x, y in points)
    return Curve(
        title=title,
        points=line,
        area=f"{points[0][0]},{bottom} {line} {points[-1][0]},{bottom}",
        x_ticks=[Tick(x_of(count), f"{count:,}") for count in _list_powers(last)],
        y_ticks=[Tick(y_of(value), unit.tick.format(value)) for value in y_values],
        marks=marks,
        frame=(_LEFT, _TOP, right, bottom),
    )


def _list_powers(last: int) -> list[int]:
    return [10**power for power in range(len(str(last)))]


def _choose_ticks(top: float) -> list[float]:
    """Choose a few round numbers from 0 up to the first that is not below `top`."""
    if top <= 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(top))
    step = next(
        power * factor
        for factor in (0.1, 0.2, 0.25, 0.5, 1, 2, 2.5)
        if top / (power * factor) <= _MAX_TICKS
    )
    return [step * number for number in range(math.ceil(top / step - 1e-9) + 1)]
