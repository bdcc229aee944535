"""The lines that selections should reach, each checked wherever it speaks of."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import NamedTuple

from kept import Record
from pages.selection import DEFAULT, PREFIXES, RANDOM, REFERENCE, STRIDE, name_place

# What all samplers did with one collection, order and number of picks.
Row = Mapping[str, Record]

# So many picks for each occupied bucket leave room for more than one of each.
_PER_BUCKET = 2
# Up to so many picks, much is left to learn.
_FEW = 200


class Check(NamedTuple):
    """A line, and how the figures that it is drawn for are found, each with a place to name."""

    title: str
    limit: float
    find: Callable[[Row], Iterator[tuple[str, float]]]
    is_least: bool = False


def check_lines(cells: Sequence[Record]) -> list[Record]:
    """Check all lines; those that nothing was measured for are left out."""
    rows: dict[str, dict[str, Record]] = {}
    for cell in cells:
        rows.setdefault(name_place(cell), {})[cell["sampler"]] = cell
    lines = []
    for check in _CHECKS:
        found = [
            (place, figure, row[DEFAULT]["is_aside"])
            for row in rows.values()
            for place, figure in check.find(row)
        ]
        found.sort(key=itemgetter(1), reverse=not check.is_least)
        missed = [
            each
            for each in found
            if (each[1] < check.limit if check.is_least else each[1] > check.limit)
        ]
        if found:
            line = {
                "title": check.title,
                "n_checked": len(found),
                # Of collections by which no choice was made.
                "n_aside": sum(is_aside for _, _, is_aside in found),
                "n_aside_missed": sum(is_aside for _, _, is_aside in missed),
                # Places with their figures, farthest from the line first.
                "missed": [(place, f"{figure:.3f}") for place, figure, _ in missed],
            }
            lines.append(line)
    return lines


def _find_repeats(row: Row) -> Iterator[tuple[str, float]]:
    """Count how many of our samplers' picks are repeated."""
    for sampler, cell in row.items():
        if sampler != REFERENCE:
            yield f"{sampler}, {name_place(cell)}", cell["target_count"] - cell["n_different"]


def _find(
    combine: Callable[[float, float], float],
    figure: str,
    others: Sequence[str],
    is_meant: Callable[[Record], bool],
    row: Row,
) -> Iterator[tuple[str, float]]:
    """Compare a figure of the default with the largest of some others."""
    ours = row[DEFAULT]
    if figure in ours and is_meant(ours):
        yield name_place(ours), combine(ours[figure], max(row[each][figure] for each in others))


def _divide(ours: float, theirs: float) -> float:
    """Compare by a ratio."""
    return ours / theirs if theirs else math.inf if ours else 0


def _subtract(ours: float, theirs: float) -> float:
    """Compare by a difference; shares differ by so many."""
    return ours - theirs


def _is_large(cell: Record) -> bool:
    """Tell whether each occupied bucket can have two picks."""
    return bool(cell["target_count"] >= _PER_BUCKET * cell["n_buckets"])


def _is_larger(cell: Record) -> bool:
    """Tell whether there are more than two picks for each occupied bucket."""
    return bool(cell["target_count"] > _PER_BUCKET * cell["n_buckets"])


def _has_order(cell: Record) -> bool:
    """Tell whether names or times mean something."""
    return bool(cell["order"] != "scrambled")


def _is_plain(cell: Record) -> bool:
    """Tell whether a collection is as it is, without bursts made of it."""
    return not cell["order"] and "repeats" not in cell


def _find_share(row: Row) -> Iterator[tuple[str, float]]:
    """Take the share of the default's picks that show a photo again."""
    ours = row[DEFAULT]
    if "repeats" in ours and not ours["order"]:
        yield name_place(ours), ours["repeats"]


def _find_lost(row: Row) -> Iterator[tuple[str, float]]:
    """Count the groups that nested selections lose against single ones."""
    yield name_place(row[DEFAULT]), row[DEFAULT]["groups"] - row[PREFIXES]["groups"]


def _is_bursty(cell: Record) -> bool:
    """Tell whether bursts were made of a collection that is as it is otherwise."""
    return not cell["order"] and "repeats" in cell


def _is_anything(_: Record) -> bool:
    """Speak of everything."""
    return True


_RATIO, _POINTS = partial(_find, _divide), partial(_find, _subtract)
_BOTH = (RANDOM, STRIDE)
_CHECKS = (
    Check("repeated picks: none", 0, _find_repeats),
    Check(
        "groups ≥ 0.98 of random's and of even stride's, for N ≥ 2 × buckets",
        0.98,
        partial(_RATIO, "groups", _BOTH, lambda cell: _has_order(cell) and _is_large(cell)),
        is_least=True,
    ),
    Check(
        "groups ≥ random's, for N < 2 × buckets",
        1,
        partial(_RATIO, "groups", [RANDOM], lambda cell: _has_order(cell) and not _is_large(cell)),
        is_least=True,
    ),
    Check(
        "groups, scrambled without times, ≥ 0.97 of random's",
        0.97,
        partial(_RATIO, "groups", [RANDOM], lambda cell: not _has_order(cell)),
        is_least=True,
    ),
    Check(
        "near-duplicates ≤ 1/2 of random's", 0.5, partial(_RATIO, "near", [RANDOM], _is_anything)
    ),
    Check(
        "mean distance ≤ random's, for N > 2 × buckets",
        1,
        partial(_RATIO, "mean", [RANDOM], _is_larger),
    ),
    Check(
        "worst distance ≤ 1.1 of random's", 1.1, partial(_RATIO, "worst", [RANDOM], _is_anything)
    ),
    Check(
        f"accuracy ≥ random's + 0.08, for N ≤ {_FEW}, as it is",
        0.08,
        partial(
            _POINTS,
            "accuracy",
            [RANDOM],
            lambda cell: _is_plain(cell) and cell["target_count"] <= _FEW,
        ),
        is_least=True,
    ),
    Check(
        "accuracy ≥ even stride's - 0.01",
        -0.01,
        partial(_POINTS, "accuracy", [STRIDE], _is_anything),
        is_least=True,
    ),
    Check(
        "accuracy, bursty ≥ random's + 0.15",
        0.15,
        partial(_POINTS, "accuracy", [RANDOM], _is_bursty),
        is_least=True,
    ),
    Check("photos shown again, bursty ≤ 1 % of the picks", 0.01, _find_share),
    Check("rank() prefixes lose ≤ 3 groups", 3, _find_lost),
)
