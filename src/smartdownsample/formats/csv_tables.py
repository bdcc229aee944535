"""Tables of cells that are text, and what is wrong in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..display import to_line
from ..errors import InvalidParameterError
from ..records import BoolArray
from .annotations import Fault, FaultLog
from .csv_rows import CsvRows
from .text_values import look_up

_MOST_LETTERS = 100


@dataclass(frozen=True, eq=False)
class Table:
    """A table of text, and columns of it.

    Attributes
    ----------
    path : str
        Its file, from its document's folder, with slashes.
    rows : CsvRows
        What is in it.
    columns : pyarrow.Table
        The columns of it that were asked for, as text.
    """

    path: str
    rows: CsvRows
    columns: pa.Table

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    def cells(self, column: str) -> pa.StringArray:
        """Return a column; cells that stand for nothing are null."""
        return self.columns[column].chunk(0)

    def check_ids(self, column: str) -> None:
        """Make sure that no id is there twice; several rows may have none."""
        ids = self.cells(column)
        first = look_up(ids, ids)
        is_again = (first >= 0) & (first != np.arange(len(ids)))
        if is_again.any():
            row = int(np.argmax(is_again))
            numbers = self.rows.numbers[[first[row], row]]
            msg = (
                f"The column {column!r} of {self.rows.file!r} must have each id once. Got "
                f"'{_show(ids[row].as_py())}' in the rows {numbers[0]} and {numbers[1]}. "
                "Take one of them out."
            )
            raise InvalidParameterError(msg)

    def note_cells(self, log: FaultLog, column: str, is_wrong: BoolArray, expected: str) -> None:
        """Note the cells of a column that are wrong, shape (n,)."""
        cells = self.cells(column)
        rows = np.flatnonzero(is_wrong)
        log.note_all(
            len(rows),
            (
                Fault(
                    f"{self._name_row(row)}, {column}",
                    f"Expected {expected}. Got {_show_cell(cells[row].as_py())}.",
                )
                for row in rows.tolist()
            ),
        )

    def note_rows(self, log: FaultLog) -> None:
        """Note the rows that have more or fewer cells than there are columns."""
        n_columns, n_cells = len(self.rows.names), self.rows.n_cells
        rows = np.flatnonzero(n_cells != n_columns)
        log.note_all(
            len(rows),
            (
                Fault(self._name_row(row), f"Expected {n_columns:,} cells. Got {n_cells[row]:,}.")
                for row in rows.tolist()
            ),
        )

    def _name_row(self, row: int) -> str:
        """Name a row as spreadsheets number it."""
        return f"{self.path}, row {self.rows.numbers[row]}"


def read_columns(
    path: str,
    data: bytes,
    rows: CsvRows,
    required: Sequence[str],
    optional: Sequence[str],
    missing: Sequence[str],
) -> Table:
    """Read columns of a table.

    Parameters
    ----------
    path : str
        Its file, from its document's folder.
    data : bytes
        The file, unpacked.
    rows : CsvRows
        Its rows.
    required, optional : sequence of str
        Columns that it must have, and others, which are null where it lacks them.
    missing : sequence of str
        Cells that stand for nothing.

    Returns
    -------
    Table
        The table.

    Raises
    ------
    InvalidParameterError
        When it lacks a column.
    """
    lacking = [name for name in required if name not in rows.names]
    if lacking:
        msg = (
            f"The table {rows.file!r} must have the columns {', '.join(required)}. It lacks "
            f"{', '.join(lacking)}. Got {_show(', '.join(rows.names))}. Export the "
            "package again, in a version of its standard that has them."
        )
        raise InvalidParameterError(msg)
    return Table(path, rows, rows.read_columns(data, [*required, *optional], missing))


def _show(text: str) -> str:
    """Show a text in a line, shortened."""
    return to_line(text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…")


def _show_cell(text: str | None) -> str:
    """Show what a cell has."""
    return "nothing" if text is None else f"'{_show(text)}'"
