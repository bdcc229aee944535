"""Markdown tables, and the documents that they are written into."""

import os
from collections.abc import Sequence


def align_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Lay out a Markdown table so that it reads well as it is.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    lines : sequence of sequence of str
        Cells; the first column is set on the left, figures on the right.

    Returns
    -------
    str
        The table.
    """
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    rules = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    aligned = [
        [
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in (header, *lines)
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (aligned[0], rules, *aligned[1:]))


def read_section(path: str, name: str) -> str:
    """Read what stands between two marks of a document.

    Parameters
    ----------
    path : str
        The document.
    name : str
        Of the marks, see `replace_section`.

    Returns
    -------
    str
        The text.
    """
    with open(path, encoding="utf-8") as file:
        document = file.read()
    after = document.split(f"<!-- begin: {name} -->")[1]
    return after.split(f"<!-- end: {name} -->")[0].strip()


def replace_section(path: str, name: str, text: str) -> None:
    """Replace what stands between two marks of a document.

    Parameters
    ----------
    path : str
        The document, with ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``.
    name : str
        Of the marks.
    text : str
        What is to stand there.
    """
    with open(path, encoding="utf-8") as file:
        document = file.read()
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    before, after = document.split(begin)[0], document.split(end)[1]
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}")
    os.replace(path + ".tmp", path)
