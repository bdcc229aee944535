"""Tables: CSV, TSV and Parquet files with a column of paths."""

import csv
import io
import os
from collections.abc import Iterable
from itertools import chain

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from ..cells import free_cells
from ..display import to_line
from ..errors import InvalidParameterError

TABLE_EXTENSIONS = (".csv", ".tsv", ".parquet")
# Column of Parquet files for paths that are not valid Unicode, beside the column "path".
BYTES_COLUMN = "path_bytes"
# Names of the column of paths, in upper or lower case; the first that a table has counts.
_PATH_COLUMNS = ("path", "file", "filepath", "filename", "image")
_DELIMITERS = ",;\t"
# No first line is longer; pyarrow reads no longer row either.
_LONGEST_LINE = 1 << 20
# Letters of a list or of a reason in an error.
_MOST_LETTERS = 300
_FAULTS = (pa.ArrowException, csv.Error, UnicodeDecodeError, OSError, MemoryError)


def read_table(file: str, path_column: str | None) -> tuple[list[str], pa.Table]:
    """Read the path of each row, and the whole table.

    Cells of CSV files stay text, without the apostrophes of `smartdownsample.cells`. A pipe is read
    to its end.
    """
    is_parquet = file.lower().endswith(".parquet")
    try:
        table = _read_parquet(file) if is_parquet else _read_csv(file)
        # No text but Unicode, and no index that leads beyond its texts.
        table.validate(full=True)
        names: list[str] = table.column_names
    except _FAULTS as error:
        expected = "whole Parquet files" if is_parquet else "CSV in UTF-8, with rows of one length"
        msg = f"The table {file!r} cannot be read: {_name(error)}. Tables must be {expected}."
        raise InvalidParameterError(msg) from error
    return _take_paths(table, _find_path_column(names, file, path_column), file), table


def _name(error: BaseException) -> str:
    """Name a reason in a line."""
    text = getattr(error, "strerror", None) or str(error) or "it needs too much memory"
    return str(text).partition("\n")[0][:_MOST_LETTERS].rstrip(".")


def _list_names(names: list[str]) -> str:
    """List names of columns; what is no table may have many and long ones."""
    listed = ", ".join(to_line(name) for name in names)
    return listed if len(listed) <= _MOST_LETTERS else f"{listed[:_MOST_LETTERS]}…"


def _read_parquet(file: str) -> pa.Table:
    with open(file, "rb") as stream:
        # Reading begins at the end, which a pipe gives last.
        source = file if stream.seekable() else io.BytesIO(stream.read())
    with pq.ParquetFile(source) as parquet:
        return parquet.read(use_threads=False)


def _read_csv(file: str) -> pa.Table:
    """Read a CSV file with every cell as text; empty cells are null."""
    with open(file, "rb") as stream:
        data = stream.read()
    lines = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")
    try:
        first = lines.readline(_LONGEST_LINE)
        delimiter = max(_DELIMITERS, key=first.count)
        names = _check_rows(csv.reader(chain([first], lines), delimiter=delimiter))
    except UnicodeDecodeError:
        _find_fault(data)
        raise
    table = pyarrow.csv.read_csv(
        pa.BufferReader(data),
        # In one thread it is as fast.
        read_options=pyarrow.csv.ReadOptions(use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    return free_cells(table)


def _check_rows(rows: Iterable[list[str]]) -> list[str]:
    """Return the first row, or raise `csv.Error` for one that is shorter or longer.

    pyarrow writes beyond its memory when a row has many more cells than the first, and crashes
    then, or later.
    """
    names: list[str] = []
    for number, row in enumerate(rows, start=1):
        if not names:
            names = row
        elif row and len(row) != len(names):
            msg = f"row {number:,} has {len(row):,} cells where there are {len(names):,} columns"
            raise csv.Error(msg)
    return names


def _find_fault(data: bytes) -> None:
    """Raise `csv.Error` with the line where a file is not UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        msg = f"line {line:,} is not UTF-8 (byte 0x{data[error.start]:02x})"
        raise csv.Error(msg) from error


def _take_paths(table: pa.Table, column: str, file: str) -> list[str]:
    """Take the path of each row, as bytes where the table has them."""
    values = list_cells(table, column)
    if column == "path" and table.column_names.count(BYTES_COLUMN) == 1:
        exact = list_cells(table, BYTES_COLUMN)
        values = [
            name if isinstance(name, bytes) else value
            for value, name in zip(values, exact, strict=True)
        ]
    paths = []
    for row, value in enumerate(values, start=1):
        if not value or not isinstance(value, (str, bytes)):
            msg = f"Every row of the table {file!r} must have a path. Got {value!r} in row {row:,}."
            raise InvalidParameterError(msg)
        paths.append(os.fsdecode(value))
    return paths


def _find_path_column(names: list[str], file: str, path_column: str | None) -> str:
    """Find the column of paths, unless the caller named it."""
    if path_column is not None:
        return path_column
    name_of = {name.lower(): name for name in reversed(names)}
    found = [name_of[name] for name in _PATH_COLUMNS if name in name_of]
    if not found:
        msg = (
            f"The table {file!r} must have a column of paths, called {', '.join(_PATH_COLUMNS)}, "
            f"or named by --path-column. Got the columns {_list_names(names)}."
        )
        raise InvalidParameterError(msg)
    return found[0]


def list_cells(table: pa.Table, column: str) -> list[object]:
    """List what a table has in a column, for each row; null is None."""
    _check_column(table, column)
    try:
        return list(table[column].to_pylist())
    except (*_FAULTS, ValueError, OverflowError) as error:  # times that Python has no number for
        msg = (
            f"The column {column!r} must have values that Python knows. "
            f"Got {table[column].type}: {_name(error)}."
        )
        raise InvalidParameterError(msg) from error


def _check_column(table: pa.Table, column: str) -> None:
    """Make sure that a table has exactly one column of a name."""
    if table.column_names.count(column) != 1:
        msg = (
            f"The table must have one column called {column!r}. "
            f"Got the columns {_list_names(table.column_names)}."
        )
        raise InvalidParameterError(msg)
