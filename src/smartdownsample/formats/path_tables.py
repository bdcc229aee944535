"""Tables: CSV, TSV and Parquet files with a column of paths."""

import csv
import os

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from ..errors import InvalidParameterError

TABLE_EXTENSIONS = (".csv", ".tsv", ".parquet")
# Names of the column of paths, in upper or lower case; the first that a table has counts.
_PATH_COLUMNS = ("path", "file", "filepath", "filename", "image")
_DELIMITERS = ",;\t"


def read_table(file: str, path_column: str | None) -> tuple[list[str], pa.Table]:
    """Read the path of each row, and the whole table. Cells of CSV files stay text."""
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
    """Read a CSV file with every cell as text; empty cells are null."""
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
    """Find the column of paths, or check the one that the caller named."""
    names: list[str] = table.column_names
    if path_column is None:
        name_of = {name.lower(): name for name in reversed(names)}
        found = [name_of[name] for name in _PATH_COLUMNS if name in name_of]
        if not found:
            msg = (
                f"The table {file!r} must have a column of paths, called "
                f"{', '.join(_PATH_COLUMNS)}, or named by --path-column. "
                f"Got the columns {', '.join(names)}."
            )
            raise InvalidParameterError(msg)
        path_column = found[0]
    check_column(table, path_column)
    return path_column


def check_column(table: pa.Table, column: str) -> None:
    """Make sure that a table has exactly one column of a name."""
    if table.column_names.count(column) != 1:
        msg = (
            f"The table must have one column called {column!r}. "
            f"Got the columns {', '.join(table.column_names)}."
        )
        raise InvalidParameterError(msg)
