"""Tables of images: CSV, TSV and Parquet files with a column of paths."""

import csv
import os

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from ..errors import InvalidParameterError

TABLE_EXTENSIONS = (".csv", ".tsv", ".parquet")
# The column of paths, unless the caller names one; the first that is there, in any case.
PATH_COLUMNS = ("path", "file", "filepath", "filename", "image")

_DELIMITERS = ",;\t"


def read_table(file: str, path_column: str | None) -> tuple[list[str], pa.Table]:
    """Read a table: the path of each row, and all columns. Cells of CSV files stay text."""
    try:
        table = pq.read_table(file) if file.lower().endswith(".parquet") else _read_csv(file)
    except (pa.ArrowException, csv.Error, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        msg = f"The table {file!r} cannot be read: {reason}. CSV files must be UTF-8."
        raise InvalidParameterError(msg) from error
    values = table[_find_path_column(table, file, path_column)].to_pylist()
    for row, value in enumerate(values, start=1):
        if not isinstance(value, (str, bytes)):
            msg = f"Every row of the table {file!r} must have a path. Got {value!r} in row {row:,}."
            raise InvalidParameterError(msg)
    return list(map(os.fsdecode, values)), table


def _read_csv(file: str) -> pa.Table:
    """Read a CSV file; every cell stays the text that it is, an empty one is null."""
    with open(file, encoding="utf-8-sig", newline="") as lines:
        header = lines.readline()
    delimiter = max(_DELIMITERS, key=header.count)
    names = next(csv.reader([header], delimiter=delimiter), [])
    return pyarrow.csv.read_csv(
        file,
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )


def _find_path_column(table: pa.Table, file: str, path_column: str | None) -> str:
    """Find the name of the column of paths."""
    names: list[str] = table.column_names
    if path_column is None:
        name_of = {name.lower(): name for name in reversed(names)}
        found = [name_of[name] for name in PATH_COLUMNS if name in name_of]
        if not found:
            msg = (
                f"The table {file!r} must have a column of paths, called "
                f"{', '.join(PATH_COLUMNS)}, or named by --path-column. "
                f"Got the columns {', '.join(names)}."
            )
            raise InvalidParameterError(msg)
        path_column = found[0]
    check_column(table, path_column)
    return path_column


def check_column(table: pa.Table, column: str) -> None:
    """Make sure that a table has a column, and once only."""
    if table.column_names.count(column) != 1:
        msg = (
            f"The table must have one column called {column!r}. "
            f"Got the columns {', '.join(table.column_names)}."
        )
        raise InvalidParameterError(msg)
