"""Pictures of what was measured, for docs/benchmarks.md."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image

from aims import find_time_per_image
from figures import find_median
from records import Record, Records
from runs import (
    COLD,
    EXACT,
    FASTDUP,
    FLOOR_DECODE,
    FLOOR_KNOWN,
    FLOOR_READ,
    IMAGEDEDUP,
    IMAGEHASH,
    PREVIEW,
    REFERENCE,
    SOME_NEW,
    WARM,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours of M. Okabe, K. Ito, "Color universal design" (2008), that most eyes can tell apart.
_OURS, _REFERENCE, _PEERS, _FLOORS = "#0072b2", "#d55e00", "#e69f00", "#999999"
_BARS = {
    REFERENCE: _REFERENCE,
    IMAGEHASH: _PEERS,
    IMAGEDEDUP: _PEERS,
    FASTDUP: _PEERS,
    EXACT: _OURS,
    COLD: _OURS,
    PREVIEW: _OURS,
    SOME_NEW: _OURS,
    WARM: _OURS,
    FLOOR_DECODE: _FLOORS,
    FLOOR_READ: _FLOORS,
    FLOOR_KNOWN: _FLOORS,
}
_LINES = {
    REFERENCE: (_REFERENCE, "-"),
    COLD: (_OURS, "-"),
    WARM: (_OURS, "--"),
    FLOOR_DECODE: (_FLOORS, "-"),
    FLOOR_KNOWN: (_FLOORS, "--"),
}
_PANELS = ("photos", "originals", "crops", "many")
_GROWING = ("few", "crops", "many")
_RESOLUTION = 110


def save_speed(path: str, records: Records) -> None:
    """Draw the time of an image, by sampler, beside the floors.

    Parameters
    ----------
    path : str
        Of the picture.
    records : Records
        Of all scenarios.
    """
    # Only this needs it.
    from matplotlib.figure import Figure  # noqa: PLC0415

    shown = [records[name] for name in _PANELS if name in records] or [*records.values()][:1]
    n_rows = -(-len(shown) // 2)
    figure = Figure(figsize=(10.5, 3.4 * n_rows), dpi=_RESOLUTION, layout="constrained")
    panels = figure.subplots(n_rows, min(2, len(shown)), squeeze=False).ravel()
    for axes, record in zip(panels, shown, strict=False):
        _draw_bars(axes, record)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    _save(figure, path)


def _draw_bars(axes: "Axes", record: Record) -> None:
    """Draw one bar for each sampler, the slowest on top."""
    times = {name: find_time_per_image(record, name) for name in _BARS}
    bars = sorted(
        ((seconds * 1000, name) for name, seconds in times.items() if seconds is not None),
    )
    names = [name for _, name in bars]
    values = [value for value, _ in bars]
    axes.barh(names, values, color=[_BARS[name] for name in names], height=0.7)
    for place, value in enumerate(values):
        axes.text(value, place, f" {value:.3g}", va="center", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(min(values) / 3, max(values) * 4)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_title(record.title, fontsize=10, loc="left")
    axes.set_xlabel("milliseconds for each image, call", loc="left", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def save_growth(path: str, records: Records) -> None:
    """Draw seconds against the size of the collection.

    Parameters
    ----------
    path : str
        Of the picture.
    records : Records
        Of all scenarios.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415

    growing = [records[name] for name in _GROWING if name in records]
    figure = Figure(figsize=(7, 4.2), dpi=_RESOLUTION, layout="constrained")
    axes = figure.subplots()
    for name, (colour, style) in _LINES.items():
        _draw_line(axes, growing, name, colour, style)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(
        [record.n_images for record in growing], [f"{record.n_images:,}" for record in growing]
    )
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.set_xlabel("crops in the collection", loc="left", fontsize=9)
    axes.set_ylabel("seconds, call", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=9, frameon=False)
    _save(figure, path)


def _draw_line(axes: "Axes", growing: Sequence[Record], name: str, colour: str, style: str) -> None:
    """Draw one run's seconds."""
    points = [
        (record.n_images, seconds)
        for record in growing
        if (seconds := find_median(record, name)) is not None
    ]
    if points:
        axes.plot(*zip(*points, strict=True), style, color=colour, marker="o", label=name)


def _save(figure: "Figure", path: str) -> None:
    """Save a drawing that has a few dozen colours."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(
        path, optimize=True
    )
