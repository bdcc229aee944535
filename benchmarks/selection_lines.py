"""The lines that selections should reach, each checked wherever it speaks of."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from kept import Record
from pages.selection import DEFAULT, PREFIXES, RANDOM, REFERENCE

# What all samplers did with one collection, order and number of picks.
Row = Mapping[str, Record]

# Shares of a collection for which fewer near-duplicates are asked for.
_USUAL_SHARES = (0.05, 0.15)
# Of the groups that so many picks can represent: where random misses more, half is to be gained.
_MANY_MISSED = 0.1


class Check(NamedTuple):
    """A line, and how the figures that it is drawn for are found, each with a place to name."""

    title: str
    limit: float
    find: Callable[[Row], Iterator[tuple[str, float]]]
    is_least: bool = False


def check_lines(cells: Sequence[Record]) -> list[Record]:
    """Check all lines; those that nothing was measured for are left out."""
    rows: dict[tuple[str, float], dict[str, Record]] = {}
    for cell in cells:
        rows.setdefault((_name_place(cell), cell["share"]), {})[cell["sampler"]] = cell
    lines = []
    for check in _CHECKS:
        found = [each for row in rows.values() for each in check.find(row)]
        found.sort(key=itemgetter(1), reverse=not check.is_least)
        missed = [
            (place, f"{figure:.3f}")
            for place, figure in found
            if (figure < check.limit if check.is_least else figure > check.limit)
        ]
        if found:
            # Missed are places with their figures, farthest from the line first.
            lines.append({"title": check.title, "n_checked": len(found), "missed": missed})
    return lines


def _name_place(cell: Record) -> str:
    """Name collection, order and share."""
    scrambled = ", scrambled" if cell["is_scrambled"] else ""
    return f"{cell['collection']}{scrambled}, {cell['share']:.0%}"


def _find_repeats(row: Row) -> Iterator[tuple[str, float]]:
    """Count how many of our samplers' picks are repeated."""
    for sampler, cell in row.items():
        if sampler != REFERENCE:
            yield f"{sampler}, {_name_place(cell)}", cell["target_count"] - cell["n_different"]


def _compare(
    take: Callable[[Record], float], other: str, is_meant: Callable[[Record], bool] = lambda _: True
) -> Callable[[Row], Iterator[tuple[str, float]]]:
    """Divide a figure of the default by another sampler's."""

    def find(row: Row) -> Iterator[tuple[str, float]]:
        if other in row and is_meant(row[DEFAULT]):
            ours, theirs = take(row[DEFAULT]), take(row[other])
            ratio = ours / theirs if theirs else math.inf if ours else 0
            yield _name_place(row[DEFAULT]), ratio

    return find


def _find_gain(row: Row) -> Iterator[tuple[str, float]]:
    """Tell how many of the groups that random picks miss are gained, if they miss many."""
    ours, random = row[DEFAULT], row[RANDOM]
    n_reachable = min(random["n_groups"], random["target_count"])
    n_missed = n_reachable - random["groups"]
    if not ours["is_scrambled"] and n_missed > _MANY_MISSED * n_reachable:
        yield _name_place(ours), (ours["groups"] - random["groups"]) / n_missed


def _find_loss(row: Row) -> Iterator[tuple[str, float]]:
    """Measure the largest loss of nested selections against single ones."""
    ours, prefixes = row[DEFAULT], row[PREFIXES]
    losses = {
        "groups": 1 - prefixes["groups"] / ours["groups"],
        "near-duplicates": prefixes["near"] - ours["near"],
        "mean": prefixes["mean"] / ours["mean"] - 1,
        "worst": prefixes["worst"] / ours["worst"] - 1,
    }
    name = max(losses, key=losses.__getitem__)
    yield f"{name}, {_name_place(ours)}", losses[name]


def _is_usual(cell: Record) -> bool:
    """Tell whether fewer near-duplicates are asked for."""
    return cell["share"] in _USUAL_SHARES


_NEAR, _MEAN, _WORST = itemgetter("near"), itemgetter("mean"), itemgetter("worst")
_AT = "at 5 and 15 %"
_SCRAMBLED_GROUPS = _compare(itemgetter("groups"), RANDOM, itemgetter("is_scrambled"))
_CHECKS = (
    Check("repeated picks: none", 0, _find_repeats),
    Check(f"near-duplicates ≤ 1/3 of random's {_AT}", 1 / 3, _compare(_NEAR, RANDOM, _is_usual)),
    Check(
        f"near-duplicates ≤ 1/2 of the published {_AT}", 0.5, _compare(_NEAR, REFERENCE, _is_usual)
    ),
    Check("groups gained ≥ 1/2 of those that random misses", 1 / 2, _find_gain, is_least=True),
    Check("groups, scrambled ≥ 0.95 of random's", 0.95, _SCRAMBLED_GROUPS, is_least=True),
    Check("mean distance ≤ 1.02 of random's", 1.02, _compare(_MEAN, RANDOM)),
    Check("worst distance ≤ random's", 1, _compare(_WORST, RANDOM)),
    Check("mean distance ≤ the published", 1, _compare(_MEAN, REFERENCE)),
    Check("worst distance ≤ the published", 1, _compare(_WORST, REFERENCE)),
    Check("rank() prefixes lose ≤ 0.10", 0.1, _find_loss),
)
