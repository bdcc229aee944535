"""The pictures of docs/benchmarks.md and docs/selection.md, made of the kept figures."""

import io
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING

from PIL import Image

import runs
from kept import Record
from pages.selection import DEFAULT, FACILITIES, FARTHEST, RANDOM, REFERENCE, STRIDE
from pages.speed import GROWING, take, take_per_image

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours of M. Okabe, K. Ito, "Color universal design" (2008), that most eyes can tell apart.
_OURS, _REFERENCE, _PEERS, _FLOORS = "#0072b2", "#d55e00", "#e69f00", "#999999"
_BARS = {
    **dict.fromkeys((runs.EXACT, runs.COLD, runs.PREVIEW, runs.SOME_NEW, runs.WARM), _OURS),
    **dict.fromkeys((runs.IMAGEHASH, runs.IMAGEDEDUP, runs.FASTDUP), _PEERS),
    **dict.fromkeys((runs.FLOOR_DECODE, runs.FLOOR_READ, runs.FLOOR_KNOWN), _FLOORS),
    runs.REFERENCE: _REFERENCE,
}
_GROWTH_LINES = {
    runs.REFERENCE: (_REFERENCE, "-"),
    runs.COLD: (_OURS, "-"),
    runs.WARM: (_OURS, "--"),
    runs.FLOOR_DECODE: (_FLOORS, "-"),
    runs.FLOOR_KNOWN: (_FLOORS, "--"),
}
_SELECTION_LINES = {
    DEFAULT: (_OURS, "-", 2.4),
    RANDOM: ("#555555", "--", 1.5),
    REFERENCE: (_REFERENCE, "-", 1.5),
    STRIDE: ("#009e73", "-", 1.5),
    FARTHEST: ("#cc79a7", "-", 1.5),
    FACILITIES: (_PEERS, "-", 1.5),
}
# Collections that selections are drawn of at most, and shares that are named.
_MOST_PANELS = 4
_SHARES = (0.05, 0.15, 0.5)
_PANELS = ("photos", "originals", "crops", "many")
_RESOLUTION = 110


def draw_speed(records: Mapping[str, Record]) -> dict[str, bytes]:
    """Draw the time of an image beside the floors, and seconds against the size of a collection."""
    return {"speed.png": _draw_samplers(records), "growth.png": _draw_growth(records)}


def _make_figure(width: float, height: float) -> "Figure":
    """Make an empty drawing."""
    # Only this needs it, which takes long.
    from matplotlib.figure import Figure  # noqa: PLC0415

    return Figure(figsize=(width, height), dpi=_RESOLUTION, layout="constrained")


def _encode(figure: "Figure") -> bytes:
    """Write a drawing that has a few dozen colours as PNG."""
    drawn, written = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    picture = Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    picture.save(written, format="png", optimize=True)
    return written.getvalue()


def _draw_samplers(records: Mapping[str, Record]) -> bytes:
    """Draw the time of an image, by sampler, in a panel for each of some scenarios."""
    figure = _make_figure(10.5, 6.8)
    for axes, name in zip(figure.subplots(2, 2).ravel(), _PANELS, strict=True):
        if name in records:
            _draw_bars(axes, records[name])
    return _encode(figure)


def _draw_bars(axes: "Axes", record: Record) -> None:
    """Draw one bar for each sampler, the slowest on top."""
    times = {name: take_per_image(record, name) for name in _BARS}
    bars = sorted((median(each) * 1000, name) for name, each in times.items() if each)
    values = [value for value, _ in bars]
    names = [name for _, name in bars]
    axes.barh(names, values, color=[_BARS[name] for name in names], height=0.7)
    for place, value in enumerate(values):
        axes.text(value, place, f" {value:.3g}", va="center", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(min(values) / 3, max(values) * 4)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_title(record["title"], fontsize=10, loc="left")
    axes.set_xlabel("milliseconds for each image, call", loc="left", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_growth(records: Mapping[str, Record]) -> bytes:
    """Draw seconds against the size of the collection."""
    growing = [records[name] for name in GROWING if name in records]
    figure = _make_figure(7, 4.2)
    axes = figure.subplots()
    for name, (colour, style) in _GROWTH_LINES.items():
        seconds = [(record["n_images"], take(record, name)) for record in growing]
        points = [(n_images, median(each)) for n_images, each in seconds if each]
        if points:
            axes.plot(*zip(*points, strict=True), style, color=colour, marker="o", label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    sizes = [record["n_images"] for record in growing]
    axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.set_xlabel("crops in the collection", loc="left", fontsize=9)
    axes.set_ylabel("seconds, call", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=9, frameon=False)
    return _encode(figure)


_Row = Mapping[str, Record]


def draw_selection(record: Record) -> dict[str, bytes]:
    """Draw groups and near-duplicates against the number of picks, names as they are."""
    # Only this needs it.
    from matplotlib.ticker import PercentFormatter  # noqa: PLC0415

    collections: dict[str, dict[int, dict[str, Record]]] = {}
    for cell in record["cells"]:
        if not cell["order"]:
            of_collection = collections.setdefault(cell["collection"], {})
            of_collection.setdefault(cell["target_count"], {})[cell["sampler"]] = cell
    collections = dict(list(collections.items())[:_MOST_PANELS])
    figure = _make_figure(3.7 * len(collections), 6.2)
    panels = figure.subplots(2, len(collections), squeeze=False)
    for (top, bottom), (name, of_count) in zip(panels.T, collections.items(), strict=True):
        rows = list(of_count.values())
        first = rows[0][RANDOM]
        title = f"{name}: {first['n_images']:,} images, {first['n_groups']} groups"
        top.set_title(title, fontsize=10, loc="left", pad=12)
        _draw_lines(top, rows, lambda row, name: row[name]["groups"] / row[RANDOM]["groups"])
        top.yaxis.set_major_formatter("{x:.2f}")
        _draw_lines(bottom, rows, lambda row, name: row[name]["near"])
        bottom.yaxis.set_major_formatter(PercentFormatter(1))
        bottom.set_xlabel("picked of the collection", loc="left", fontsize=9)
    lines, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside upper left", ncols=3, fontsize=9, frameon=False)
    panels[0, 0].set_ylabel("groups represented, random = 1")
    panels[1, 0].set_ylabel("near-duplicates among the picks")
    return {"selection.png": _encode(figure), "probe.png": _draw_probe(record["cells"])}


def _draw_probe(cells: Sequence[Record]) -> bytes:
    """Draw what classifiers learn against the number of picks, for each collection that has any."""
    collections: dict[str, dict[str, list[Record]]] = {}
    for cell in cells:
        if "accuracy" in cell and not cell["order"]:
            of_sampler = collections.setdefault(cell["collection"], {})
            of_sampler.setdefault(cell["sampler"], []).append(cell)
    figure = _make_figure(3.7 * max(len(collections), 1), 3.6)
    panels = figure.subplots(1, max(len(collections), 1), squeeze=False)[0]
    for axes, (name, of_sampler) in zip(panels, collections.items(), strict=False):
        axes.set_title(name, fontsize=10, loc="left")
        for sampler, (colour, style, width) in _SELECTION_LINES.items():
            own = of_sampler.get(sampler, [])
            points = [(cell["target_count"], cell["accuracy"]) for cell in own]
            if points:
                (line,) = axes.plot(
                    *zip(*points, strict=True), style, color=colour, linewidth=width, label=sampler
                )
                line.set(marker="o", markersize=3, clip_on=False)
        axes.set_xlabel("picks", loc="left", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    lines, names = panels[0].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside upper left", ncols=3, fontsize=9, frameon=False)
    panels[0].set_ylabel("accuracy on other photos")
    return _encode(figure)


def _draw_lines(axes: "Axes", rows: Sequence[_Row], take: Callable[[_Row, str], float]) -> None:
    """Draw one line for each sampler."""
    shares = [row[RANDOM]["target_count"] / row[RANDOM]["n_images"] for row in rows]
    for name, (colour, style, width) in _SELECTION_LINES.items():
        if name in rows[0]:
            values = [take(row, name) for row in rows]
            (line,) = axes.plot(shares, values, style, color=colour, linewidth=width, label=name)
            line.set(marker="o", markersize=3, clip_on=False)
    axes.set_xscale("log")
    axes.set_xticks(_SHARES, [f"{share:.0%}" for share in _SHARES])
    axes.minorticks_off()
    axes.spines[["top", "right"]].set_visible(False)
