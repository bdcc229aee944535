"""Markdown tables, and the documents that they are written into."""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")
# A column: its name, and what it says of a thing that has a line.
Column = tuple[str, Callable[[T], str]]

# Of each document (its path in the repository) and mark: the text that stands there.
Sections = Mapping[tuple[str, str], str]


def tabulate(things: Iterable[T], *columns: Column[T]) -> str:
    """Make a Markdown table that reads well as it is, a line for each thing; nothing for none.

    The first column is set on the left, figures on the right.
    """
    header = [name for name, _ in columns]
    lines = [[write(thing) for _, write in columns] for thing in things]
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    rules = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    aligned = [
        [line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]
        for line in (header, rules, *lines)
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in aligned) if lines else ""


def format_range(figures: Iterable[float], write: Callable[[float], str] = "{:.2f}".format) -> str:
    """Write the least and the largest of several figures; empty for less than two."""
    ascending = sorted(figures)
    return f"{write(ascending[0])} to {write(ascending[-1])}" if len(ascending) > 1 else ""


def read_section(path: str, name: str) -> str:
    """Read what stands between two marks of a document."""
    with open(path, encoding="utf-8") as file:
        document = file.read()
    after = document.split(f"<!-- begin: {name} -->")[1]
    return after.split(f"<!-- end: {name} -->")[0].strip()


def replace_section(path: str, name: str, text: str) -> None:
    """Replace what stands between two marks of a document."""
    with open(path, encoding="utf-8") as file:
        document = file.read()
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    before, after = document.split(begin)[0], document.split(end)[1]
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}")
    os.replace(path + ".tmp", path)
