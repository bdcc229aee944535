"""The figures on selections, made of results/selection.json and results/picking.json."""

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import fmean

from kept import Record
from pages.markdown import Column, Sections, tabulate
from pages.rivals import describe_rivals

_PAGE, _APPENDIX = "docs/selection.md", "docs/selection-figures.md"
_LINE_LENGTH = 100
# Seconds that picking should take at most, for so many of 100,000.
_MOST_S = {
    (100_000, 1_000): 0.1,
    (100_000, 10_000): 0.8,
    (100_000, 50_000): 2.0,
    (1_000_000, 100_000): 10.0,
}

# The samplers that the plot shows, by their names in figures.
DEFAULT = "default"
RANDOM = "random"
PREFIXES = "rank() prefixes"
FACILITIES = "facility location"
FARTHEST = "farthest point"
STRIDE = "even stride by name"
STRIDE_IN_TIME = "even stride in time"
FORMER = "former default"
REFERENCE = "published 1.8.4"


def make_sections(record: Record) -> Sections:
    """Make what is said of selections."""
    return {
        (_PAGE, "summary"): _summarize(record["cells"]),
        (_APPENDIX, "lines"): "\n".join(map(_describe_line, record["lines"])),
        (_APPENDIX, "figures"): _describe_cells(record["cells"]),
    }


def _summarize(cells: Sequence[Record]) -> str:
    """Tabulate the means of each sampler over all collections with their names and times."""
    randoms = {name_place(cell): cell for cell in cells if cell["sampler"] == RANDOM}
    of_sampler: dict[str, list[Record]] = {}
    for cell in cells:
        if not cell["order"]:
            of_sampler.setdefault(cell["sampler"], []).append(cell)

    def average(take: Callable[[Record], float], write: str) -> Callable[[list[Record]], str]:
        def write_mean(own: list[Record]) -> str:
            values = [take(cell) for cell in own if not math.isnan(take(cell))]
            return write.format(fmean(values)) if values else ""

        return write_mean

    def take_accuracy(cell: Record, *, is_bursty: bool) -> float:
        return (
            float(cell.get("accuracy", math.nan)) if ("repeats" in cell) == is_bursty else math.nan
        )

    return tabulate(
        of_sampler.values(),
        ("", lambda own: own[0]["sampler"]),
        (
            "groups by random's",
            average(lambda cell: cell["groups"] / randoms[name_place(cell)]["groups"], "{:.2f}"),
        ),
        ("near-duplicates", average(lambda cell: cell["near"], "{:.1%}")),
        ("mean distance by random's", average(lambda cell: cell["mean"], "{:.2f}")),
        ("accuracy", average(partial(take_accuracy, is_bursty=False), "{:.1%}")),
        ("accuracy, bursty", average(partial(take_accuracy, is_bursty=True), "{:.1%}")),
    )


def make_picking_sections(record: Record) -> Sections:
    """Make what is said of the time that picking takes."""

    def write_most(timing: Record) -> str:
        most_s = _MOST_S.get((timing["n_images"], timing["n_picked"]))
        return "" if most_s is None else f"{most_s:g}"

    table = tabulate(
        record["timings"],
        ("picked", lambda each: f"{each['n_picked']:,} of {each['n_images']:,}"),
        ("best s", lambda each: f"{each['best_s']:.3f}"),
        ("median s", lambda each: f"{each['median_s']:.3f}"),
        ("cpu s", lambda each: f"{each['cpu_s']:.3f}"),
        ("line s", write_most),
        ("once before s", lambda each: f"{each['prepare_s']:.2f}"),
        ("rows MB", lambda each: f"{each['rows_bytes'] / 1e6:,.0f}"),
        ("peak MB", lambda each: f"{each['peak_bytes'] / 1e6:,.0f}"),
    )
    return {(_APPENDIX, "cost"): f"{table}\n\n- machine: {record['machine']}"}


def _describe_line(line: Record) -> str:
    """Say how often a line is reached, and where not."""
    n_reached = line["n_checked"] - len(line["missed"])
    text = f"- {line['title']}: {n_reached} of {line['n_checked']}"
    if line["n_aside"]:
        n_aside_reached = line["n_aside"] - line["n_aside_missed"]
        text += f"; of those kept aside, {n_aside_reached} of {line['n_aside']}"
    text += "."
    if line["missed"]:
        text += f" Missed: {'; '.join(f'{place} ({figure})' for place, figure in line['missed'])}"
    return textwrap.fill(text, _LINE_LENGTH, subsequent_indent="  ")


def name_place(cell: Record) -> str:
    """Name collection, order and number of picks."""
    order = f", {cell['order']}" if cell["order"] else ""
    return f"{cell['collection']}{order}, {cell['target_count']:,}"


def _describe_cells(cells: Sequence[Record]) -> str:
    """Say where others do better, then tabulate everything."""
    # For each collection and order, the cells of each sampler.
    tables: dict[str, dict[str, list[Record]]] = {}
    for cell in cells:
        order = f", {cell['order']}" if cell["order"] else ""
        title = f"{cell['collection'].capitalize()}{order}"
        tables.setdefault(title, {}).setdefault(cell["sampler"], []).append(cell)
    parts = ["### Where others do better", describe_rivals(cells, DEFAULT, (DEFAULT, PREFIXES))]
    for title, of_sampler in tables.items():
        parts += _tabulate_probe(title, of_sampler)
    for title, of_sampler in tables.items():
        parts += _tabulate_figures(title, of_sampler)
    return "\n\n".join(parts)


def _write_all(name: str, write: Callable[[float], str]) -> Callable[[list[Record]], str]:
    """Make what writes one figure for each number of picks."""
    return lambda own: " / ".join(write(cell[name]) for cell in own if name in cell)


def _tabulate_probe(title: str, of_sampler: Mapping[str, list[Record]]) -> list[str]:
    """Tabulate what classifiers learn from the picks, where there are any."""
    probed = {
        sampler: [cell for cell in own if "accuracy" in cell] for sampler, own in of_sampler.items()
    }
    first = probed[RANDOM]
    if not first:
        return []
    columns: list[Column[list[Record]]] = [
        ("", lambda own: own[0]["sampler"]),
        ("accuracy", _write_all("accuracy", "{:.1%}".format)),
        ("±", _write_all("accuracy_sd", "{:.1%}".format)),
    ]
    if "control" in first[0]:
        columns.append(("other network", _write_all("control", "{:.1%}".format)))
    if "repeats" in first[0]:
        columns.append(("photos shown again", _write_all("repeats", "{:.1%}".format)))
    counts = " / ".join(f"{cell['target_count']:,}" for cell in first)
    return [
        f"### Classifiers trained on {counts} picks: {title.lower()}",
        tabulate(probed.values(), *columns),
    ]


def _tabulate_figures(title: str, of_sampler: Mapping[str, list[Record]]) -> list[str]:
    """Tabulate a collection in one order.

    Each sampler has a line, and in each column one figure for each number of picks.
    """

    def write_different(own: list[Record]) -> str:
        has_all = all(cell["n_different"] == cell["target_count"] for cell in own)
        return "all" if has_all else " / ".join(f"{cell['n_different']:,.0f}" for cell in own)

    first = of_sampler[RANDOM]
    counts = " / ".join(f"{cell['target_count']:,}" for cell in first)
    about = (
        f"{first[0]['n_images']:,} images in {first[0]['n_groups']} groups and "
        f"{first[0]['n_buckets']} buckets; {'kept aside' if first[0]['is_aside'] else 'tuned on'}"
    )
    table = tabulate(
        of_sampler.values(),
        ("", lambda own: own[0]["sampler"]),
        ("different", write_different),
        ("groups", _write_all("groups", "{:,.0f}".format)),
        ("±", _write_all("groups_sd", "{:.1f}".format)),
        ("near-duplicates", _write_all("near", "{:.1%}".format)),
        ("mean", _write_all("mean", "{:.2f}".format)),
        ("worst", _write_all("worst", "{:.2f}".format)),
        ("in common", _write_all("in_common", "{:.0%}".format)),
    )
    return [f"### {title}: {counts} of {about}", table]
