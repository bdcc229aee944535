"""Where other samplers do better than the default, made of the cells of results/selection.json."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from kept import Record
from pages.markdown import tabulate

_LINE_LENGTH = 100
# By how much a rival is better: of counts and distances this share, of shares so many points.
_CLEARLY = 0.02
_ABOUT = """\
In so many of all comparisons: groups and mean distances by more than 2 % of the default's,
near-duplicates and accuracy by more than 2 points."""


class _Figure(NamedTuple):
    """A figure that samplers are compared by."""

    title: str
    is_better: Callable[[float, float], bool]  # whether the first is clearly better
    write: Callable[[float], str]


_FIGURES = {
    "groups": _Figure("groups", lambda a, b: a > b * (1 + _CLEARLY), "{:,.1f}".format),
    "near": _Figure("near-duplicates", lambda a, b: a < b - _CLEARLY, "{:.0%}".format),
    "mean": _Figure("mean", lambda a, b: a < b * (1 - _CLEARLY), "{:.2f}".format),
    "accuracy": _Figure("accuracy", lambda a, b: a > b + _CLEARLY, "{:.1%}".format),
}


def describe_rivals(cells: Sequence[Record], ours: str, own: Sequence[str]) -> str:
    """Count how often each rival does better by which figure, and name where.

    ``ours`` is the sampler that others are compared with; those of `own` are no rivals.
    """
    of_ours = {_find_place(cell): cell for cell in cells if cell["sampler"] == ours}
    n_better: dict[str, dict[str, list[bool]]] = {}
    where: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        rival = cell["sampler"]
        if rival in own:
            continue
        other = of_ours[_find_place(cell)]
        better = []
        for name, figure in _FIGURES.items():
            if name in cell:
                is_better = figure.is_better(cell[name], other[name])
                n_better.setdefault(rival, {}).setdefault(name, []).append(is_better)
                if is_better:
                    both = f"{figure.write(cell[name])} for {figure.write(other[name])}"
                    better.append(f"{figure.title} {both}")
        if better:
            order = f", {cell['order']}" if cell["order"] else ""
            place = (f"{cell['collection']}{order}", f"{cell['target_count']:,}")
            where.setdefault(place, []).append(f"{rival}: {', '.join(better)}")
    table = tabulate(
        n_better.items(),
        ("", lambda each: each[0]),
        *((figure.title, _make_counter(name)) for name, figure in _FIGURES.items()),
    )
    lines = [
        textwrap.fill(
            f"- {collection}, {count}: {'; '.join(better)}",
            _LINE_LENGTH,
            subsequent_indent="  ",
            break_on_hyphens=False,
        )
        for (collection, count), better in where.items()
    ]
    return "\n\n".join([_ABOUT, table, "\n".join(lines)])


def _find_place(cell: Record) -> tuple[str, str, int]:
    """Find what was asked of samplers."""
    return cell["collection"], cell["order"], cell["target_count"]


def _make_counter(name: str) -> Callable[[tuple[str, Mapping[str, list[bool]]]], str]:
    """Make what writes how often a rival is better by one figure."""

    def write(each: tuple[str, Mapping[str, list[bool]]]) -> str:
        found = each[1].get(name, [])
        return f"{sum(found)} of {len(found)}" if found else ""

    return write
