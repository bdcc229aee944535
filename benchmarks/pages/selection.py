"""The figures of docs/selection.md, made of results/selection.json and results/picking.json."""

import textwrap
from collections.abc import Callable, Sequence

from kept import Record
from pages.markdown import Column, Sections, tabulate

_PAGE = "docs/selection.md"
_LINE_LENGTH = 100
# Seconds that picking should take at most, for so many of 100,000.
_MOST_S = {(100_000, 1_000): 0.05, (100_000, 10_000): 0.3, (100_000, 50_000): 1.0}

# The samplers that the plot shows, by their names in figures.
DEFAULT = "default"
RANDOM = "random"
PREFIXES = "rank() prefixes"
FACILITIES = "facility location"
FARTHEST = "farthest point"
STRIDE = "even stride"
REFERENCE = "published 1.8.4"


def make_sections(record: Record) -> Sections:
    """Make what is said of selections."""
    return {
        (_PAGE, "lines"): "\n".join(map(_describe_line, record["lines"])),
        (_PAGE, "figures"): _tabulate_cells(record["cells"]),
    }


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
    return {(_PAGE, "cost"): f"{table}\n\n- machine: {record['machine']}"}


def _describe_line(line: Record) -> str:
    """Say how often a line is reached, and where not."""
    n_reached = line["n_checked"] - len(line["missed"])
    text = f"- {line['title']}: {n_reached} of {line['n_checked']}."
    if line["missed"]:
        text += f" Missed: {'; '.join(f'{place} ({figure})' for place, figure in line['missed'])}"
    return textwrap.fill(text, _LINE_LENGTH, subsequent_indent="  ")


def _tabulate_cells(cells: Sequence[Record]) -> str:
    """Tabulate everything, one table for each collection and order.

    Each sampler has a line, and in each column one figure for each number of picks.
    """
    by_title: dict[str, dict[str, list[Record]]] = {}
    for cell in cells:
        scrambled = ", scrambled" if cell["is_scrambled"] else ""
        title = f"{cell['collection'].capitalize()}{scrambled}"
        by_title.setdefault(title, {}).setdefault(cell["sampler"], []).append(cell)

    def name_column(title: str, write: Callable[[Record], str]) -> Column[list[Record]]:
        return title, lambda own: " / ".join(map(write, own))

    def write_different(own: list[Record]) -> str:
        has_all = all(cell["n_different"] == cell["target_count"] for cell in own)
        return "all" if has_all else " / ".join(f"{cell['n_different']:,.0f}" for cell in own)

    parts = []
    for title, of_sampler in by_title.items():
        first = of_sampler[RANDOM]
        counts = " / ".join(f"{cell['target_count']:,}" for cell in first)
        n_images, n_groups = first[0]["n_images"], first[0]["n_groups"]
        parts.append(f"### {title}: {counts} of {n_images:,} images in {n_groups} groups")
        table = tabulate(
            of_sampler.values(),
            ("", lambda own: own[0]["sampler"]),
            ("different", write_different),
            name_column("groups", lambda cell: f"{cell['groups']:,.0f}"),
            name_column("near-duplicates", lambda cell: f"{cell['near']:.1%}"),
            name_column("mean", lambda cell: f"{cell['mean']:.2f}"),
            name_column("worst", lambda cell: f"{cell['worst']:.2f}"),
            name_column("in common", lambda cell: f"{cell['in_common']:.0%}"),
        )
        parts.append(table)
    return "\n\n".join(parts)
