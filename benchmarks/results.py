"""What was measured of selections: tables, lines to reach, and the plot of docs/selection.md."""

import io
import json
import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING, Literal, NamedTuple

from PIL import Image

from judging import Figures
from samplers import DEFAULT, FACILITIES, FARTHEST, PREFIXES, RANDOM, STRIDE
from tables import align_table, replace_section

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REFERENCE = "published 1.8.4"
FigureName = Literal["groups", "near", "mean", "worst"]

# Shares of a collection for which fewer near-duplicates are asked for.
_USUAL_SHARES = (0.05, 0.15)
# Of the groups that so many picks can represent: where random misses more, half is to be gained.
_MANY_MISSED = 0.1
_LEAST_GAIN = 0.5
_LEAST_SCRAMBLED = 0.95
_LARGEST_LOSS = 0.1
# Colours of M. Okabe, K. Ito, "Color universal design" (2008), that most eyes can tell apart.
_LINES = {
    DEFAULT: ("#0072b2", "-", 2.4),
    RANDOM: ("#555555", "--", 1.5),
    REFERENCE: ("#d55e00", "-", 1.5),
    STRIDE: ("#009e73", "-", 1.5),
    FARTHEST: ("#cc79a7", "-", 1.5),
    FACILITIES: ("#e69f00", "-", 1.5),
}
_RESOLUTION = 110
_LINE_LENGTH = 100
# Of a panel's height, between two labels.
_LABEL_STEP = 0.072


def name_collection(name: str, *, is_scrambled: bool) -> str:
    """Name a collection in one of its orders.

    Parameters
    ----------
    name : str
        Of the collection.
    is_scrambled : bool
        Whether names and order mean nothing.

    Returns
    -------
    str
        For people.
    """
    return f"{name}, scrambled" if is_scrambled else name


@dataclass(frozen=True)
class Cell:
    """What one sampler did with one collection and number of picks.

    Parameters
    ----------
    collection : str
        Its name.
    is_scrambled : bool
        Whether names and order meant nothing.
    n_images, n_groups : int
        In the collection.
    share : float
        Of the collection that was to be picked.
    target_count : int
        The same as a number.
    sampler : str
        Its name.
    overlap : float
        Share of the picks that two seeds have in common.
    runs : list of Figures
        One for each seed.
    """

    collection: str
    is_scrambled: bool
    n_images: int
    n_groups: int
    share: float
    target_count: int
    sampler: str
    overlap: float
    runs: list[Figures]

    @property
    def title(self) -> str:
        """Name of the collection and its order."""
        return name_collection(self.collection, is_scrambled=self.is_scrambled)

    @property
    def n_reachable(self) -> int:
        """Count the groups that so many picks can represent."""
        return min(self.n_groups, self.target_count)

    @cached_property
    def means(self) -> dict[FigureName, float]:
        """Of each figure its mean over the seeds."""
        names: tuple[FigureName, ...] = ("groups", "near", "mean", "worst")
        return {name: fmean(run[name] for run in self.runs) for name in names}

    @property
    def n_different(self) -> float:
        """Count the distinct picks; mean over the seeds."""
        return fmean(run["n_different"] for run in self.runs)


Row = dict[str, Cell]


def load_cells(path: str) -> list[Cell]:
    """Load what an earlier run has kept.

    Parameters
    ----------
    path : str
        A file written with ``--json``.

    Returns
    -------
    list of Cell
        As they were.
    """
    with open(path, encoding="utf-8") as file:
        return [Cell(**cell) for cell in json.load(file)["cells"]]


def list_rows(cells: Sequence[Cell]) -> list[Row]:
    """Gather the samplers that did the same.

    Parameters
    ----------
    cells : sequence of Cell
        Of all samplers.

    Returns
    -------
    list of dict of str to Cell
        For each collection, order and number of picks: of each sampler's name its cell.
    """
    rows: dict[tuple[str, float], Row] = {}
    for cell in cells:
        rows.setdefault((cell.title, cell.share), {})[cell.sampler] = cell
    return list(rows.values())


def format_cells(cells: Sequence[Cell]) -> str:
    """Tabulate everything, one table for each collection and order.

    Parameters
    ----------
    cells : sequence of Cell
        Of all samplers.

    Returns
    -------
    str
        Markdown.
    """
    header = ("", "different", "groups", "near-duplicates", "mean", "worst", "in common")
    by_title: dict[str, list[Row]] = {}
    for row in list_rows(cells):
        by_title.setdefault(row[RANDOM].title, []).append(row)
    parts = []
    for title, rows in by_title.items():
        first = rows[0][RANDOM]
        counts = " / ".join(f"{row[RANDOM].target_count:,}" for row in rows)
        parts.append(
            f"### {title.capitalize()}: {counts} of {first.n_images:,} images "
            f"in {first.n_groups} groups\n"
        )
        lines = [_summarise(rows, sampler) for sampler in rows[0]]
        parts.append(align_table(header, lines) + "\n")
    return "\n".join(parts)


def _summarise(rows: Sequence[Row], sampler: str) -> tuple[str, ...]:
    """Fill one sampler's line: in each cell one figure for each number of picks."""
    cells = [row[sampler] for row in rows]

    def join(texts: Iterator[str]) -> str:
        return " / ".join(texts)

    return (
        sampler,
        "all"
        if all(cell.n_different == cell.target_count for cell in cells)
        else join(f"{cell.n_different:,.0f}" for cell in cells),
        join(f"{cell.means['groups']:,.0f}" for cell in cells),
        join(f"{cell.means['near']:.1%}" for cell in cells),
        join(f"{_compare(row, sampler, 'mean'):.2f}" for row in rows),
        join(f"{_compare(row, sampler, 'worst'):.2f}" for row in rows),
        join(f"{cell.overlap:.0%}" for cell in cells),
    )


def _compare(row: Row, sampler: str, name: FigureName, than: str = RANDOM) -> float:
    """Divide a figure of one sampler by that of another."""
    own, other = row[sampler].means[name], row[than].means[name]
    return own / other if other else (math.inf if own else 0.0)


class Check(NamedTuple):
    """A figure that a line is drawn for: where, what it is, and whether it reaches the line."""

    place: str
    figure: float
    is_reached: bool


Checker = Callable[[Row], Iterator[Check]]


def _check_ratio(
    name: FigureName, than: str, limit: float, *, shares: Sequence[float] = ()
) -> Checker:
    """Draw a line for a figure of the default, as a ratio to another sampler's."""

    def check(row: Row) -> Iterator[Check]:
        ours = row[DEFAULT]
        if than not in row or (shares and ours.share not in shares):
            return
        ratio = _compare(row, DEFAULT, name, than)
        yield Check(_name_place(ours), ratio, ratio <= limit)

    return check


def _check_repeats(row: Row) -> Iterator[Check]:
    """Count how many of our samplers' picks are repeated."""
    for sampler, cell in row.items():
        if sampler != REFERENCE:
            n_repeats = sum(run["n_returned"] - run["n_different"] for run in cell.runs)
            n_wrong = sum(run["n_returned"] != cell.target_count for run in cell.runs)
            yield Check(f"{sampler}, {_name_place(cell)}", n_repeats, n_repeats + n_wrong == 0)


def _check_gain(row: Row) -> Iterator[Check]:
    """Tell how many of the groups that random picks miss are gained, if they miss many."""
    ours, random = row[DEFAULT], row[RANDOM]
    n_missed = random.n_reachable - random.means["groups"]
    if not ours.is_scrambled and n_missed > _MANY_MISSED * random.n_reachable:
        gain = (ours.means["groups"] - random.means["groups"]) / n_missed
        yield Check(_name_place(ours), gain, gain >= _LEAST_GAIN)


def _check_scrambled(row: Row) -> Iterator[Check]:
    """Compare the groups with random's where only looks can help."""
    ours = row[DEFAULT]
    if ours.is_scrambled:
        ratio = _compare(row, DEFAULT, "groups")
        yield Check(_name_place(ours), ratio, ratio >= _LEAST_SCRAMBLED)


def _check_prefixes(row: Row) -> Iterator[Check]:
    """Measure the largest loss of nested selections against single ones."""
    ours, prefixes = row[DEFAULT].means, row[PREFIXES].means
    losses = {
        "groups": 1 - prefixes["groups"] / ours["groups"],
        "near-duplicates": prefixes["near"] - ours["near"],
        "mean": prefixes["mean"] / ours["mean"] - 1,
        "worst": prefixes["worst"] / ours["worst"] - 1,
    }
    name = max(losses, key=losses.__getitem__)
    place = f"{name}, {_name_place(row[DEFAULT])}"
    yield Check(place, losses[name], losses[name] <= _LARGEST_LOSS)


def _name_place(cell: Cell) -> str:
    """Name collection, order and share."""
    return f"{cell.title}, {cell.share:.0%}"


# What is asked of selections; of each whether more is better.
_AIMS: tuple[tuple[str, bool, Checker], ...] = (
    ("repeated picks: none", False, _check_repeats),
    (
        "near-duplicates ≤ 1/3 of random's at 5 and 15 %",
        False,
        _check_ratio("near", RANDOM, 1 / 3, shares=_USUAL_SHARES),
    ),
    (
        "near-duplicates ≤ 1/2 of the published at 5 and 15 %",
        False,
        _check_ratio("near", REFERENCE, 1 / 2, shares=_USUAL_SHARES),
    ),
    ("groups gained ≥ 1/2 of those that random misses", True, _check_gain),
    ("groups, scrambled ≥ 0.95 of random's", True, _check_scrambled),
    ("mean distance ≤ 1.02 of random's", False, _check_ratio("mean", RANDOM, 1.02)),
    ("worst distance ≤ random's", False, _check_ratio("worst", RANDOM, 1)),
    ("mean distance ≤ the published", False, _check_ratio("mean", REFERENCE, 1)),
    ("worst distance ≤ the published", False, _check_ratio("worst", REFERENCE, 1)),
    ("rank() prefixes lose ≤ 0.10", False, _check_prefixes),
)


def format_aims(cells: Sequence[Cell]) -> str:
    """List which lines are reached, and where not.

    Parameters
    ----------
    cells : sequence of Cell
        Of all samplers.

    Returns
    -------
    str
        A Markdown list.
    """
    rows = list_rows(cells)
    lines = []
    for name, is_more_better, check in _AIMS:
        checks = [found for row in rows for found in check(row)]
        if not checks:
            continue
        missed = sorted(
            (found for found in checks if not found.is_reached),
            key=lambda found: found.figure,
            reverse=not is_more_better,
        )
        line = f"- {name}: {len(checks) - len(missed)} of {len(checks)}."
        if missed:
            line += " Missed: " + "; ".join(
                f"{found.place} ({found.figure:.3f})" for found in missed
            )
        lines.append(textwrap.fill(line, _LINE_LENGTH, subsequent_indent="  "))
    return "\n".join(lines)


def write_document(path: str, cells: Sequence[Cell]) -> None:
    """Write the tables into their places in a document.

    Parameters
    ----------
    path : str
        The document.
    cells : sequence of Cell
        Of all samplers.
    """
    replace_section(path, "lines", format_aims(cells))
    replace_section(path, "figures", format_cells(cells))


def save_plot(path: str, cells: Sequence[Cell]) -> None:
    """Draw groups and near-duplicates against the number of picks.

    Parameters
    ----------
    path : str
        Of the picture.
    cells : sequence of Cell
        Of all samplers; those of scrambled collections are left out.
    """
    # Only this needs them.
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.ticker import PercentFormatter  # noqa: PLC0415

    rows = [row for row in list_rows(cells) if not row[RANDOM].is_scrambled]
    names = list(dict.fromkeys(row[RANDOM].collection for row in rows))
    figure = Figure(figsize=(3.7 * len(names), 6.2), dpi=_RESOLUTION, layout="constrained")
    panels = figure.subplots(2, len(names), squeeze=False)
    for (top, bottom), name in zip(panels.T, names, strict=True):
        own = [row for row in rows if row[RANDOM].collection == name]
        first = own[0][RANDOM]
        title = f"{name}: {first.n_images:,} images, {first.n_groups} groups"
        top.set_title(title, fontsize=10, loc="left", pad=12)
        _draw_lines(top, own, lambda row, sampler: _compare(row, sampler, "groups"))
        top.yaxis.set_major_formatter("{x:.2f}")
        _draw_lines(bottom, own, lambda row, sampler: row[sampler].means["near"])
        bottom.yaxis.set_major_formatter(PercentFormatter(1))
        bottom.set_xlabel("picked of the collection", loc="left", fontsize=9)
    panels[0, 0].set_ylabel("groups represented, random = 1")
    panels[1, 0].set_ylabel("near-duplicates among the picks")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    # A few dozen colours are all there are.
    Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


def _draw_lines(axes: "Axes", rows: Sequence[Row], measure: Callable[[Row, str], float]) -> None:
    """Draw one line for each sampler, with its name at its end."""
    shares = [row[RANDOM].share for row in rows]
    lines = {
        sampler: [measure(row, sampler) for row in rows] for sampler in _LINES if sampler in rows[0]
    }
    for sampler, values in lines.items():
        colour, style, width = _LINES[sampler]
        axes.plot(
            shares,
            values,
            style,
            color=colour,
            linewidth=width,
            marker="o",
            markersize=3,
            clip_on=False,
        )
    low, high = axes.get_ylim()
    # Of lines that end at one place the first has its name on top.
    ends = sorted(
        ((values[-1], sampler) for sampler, values in reversed(lines.items())),
        key=lambda end: end[0],
    )
    heights = _part_labels([end for end, _ in ends], _LABEL_STEP * (high - low), high)
    # The picked shares lie apart by factors, and so do the names from the ends of the lines.
    name_place = shares[-1] * (shares[-1] / shares[0]) ** 0.12
    for (end, sampler), height in zip(ends, heights, strict=True):
        colour = _LINES[sampler][0]
        axes.plot(
            (shares[-1], name_place), (end, height), color=colour, linewidth=0.5, clip_on=False
        )
        axes.text(
            name_place,
            height,
            f" {sampler}",
            color=colour,
            fontsize=9,
            va="center",
            fontweight="bold" if sampler == DEFAULT else "normal",
        )
    axes.set_xscale("log")
    axes.set_xlim(shares[0] * 0.93, shares[-1])
    axes.set_ylim(low, high)
    axes.set_xticks(shares, [f"{share:.0%}" for share in shares])
    axes.minorticks_off()
    axes.spines[["top", "right"]].set_visible(False)


def _part_labels(ends: Sequence[float], step: float, highest: float) -> list[float]:
    """Move ascending heights apart by a step at least, the last of them not too high."""
    heights: list[float] = []
    for end in ends:
        heights.append(max(end, heights[-1] + step) if heights else end)
    limit = highest
    for number in reversed(range(len(heights))):
        heights[number] = min(heights[number], limit)
        limit = heights[number] - step
    return heights
