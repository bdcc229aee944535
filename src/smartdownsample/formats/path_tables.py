"""Tables: CSV, TSV, Parquet and JSON files with a column of paths."""

import csv
import io
import os
import re
from array import array
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from ..display import count_noun, suggest, to_line
from ..errors import InvalidParameterError
from ..records import pack_values
from .cells import free_cells
from .json_records import read_records

TABLE_EXTENSIONS = (".csv", ".tsv", ".parquet", ".json")
# Column of Parquet files for paths that are not valid Unicode, beside the column "path".
BYTES_COLUMN = "path_bytes"
# Names of the column of paths, in letters and digits alone; the first that a table has counts.
_PATH_COLUMNS = (
    *("path", "file", "filepath", "filename", "image", "imagepath"),
    *("relativepath", "sourcefile"),  # AddaxAI's and ExifTool's
)
# The folder of each file, where Timelapse, with backslashes, or camtrapR write it apart.
_FOLDER_COLUMNS = {"file": "relativepath", "filename": "directory"}
# What parts the words of a column's name.
_BETWEEN_WORDS = re.compile(r"[ _.-]")
_DELIMITERS = ",;\t"
_QUOTED = re.compile(r'"[^"]*"')
# Texts and bytes that Arrow stores in ways in which it cannot choose among them.
_PLAIN_TYPES = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
# More are no table of images, and each takes a third of a millisecond and some memory.
_MOST_COLUMNS = 10_000
# What a Parquet file may take in memory, in bytes, or for each of its own if that is more: a text
# that repeats is in the file once. Tables of photos take some ten times their file.
_MOST_BYTES, _MOST_BYTES_FOR_EACH = 2**30, 1000
_SCANNED_ROWS = 2**16
# Letters of a list or of a reason in an error.
_MOST_LETTERS = 300
_FAULTS = (pa.ArrowException, csv.Error, UnicodeDecodeError, OSError, MemoryError)
# What is expected of a file of each extension; of any other, the first.
_EXPECTED = {
    ".csv": "CSV in UTF-8, with rows of one length",
    ".parquet": "whole Parquet files",
    ".json": "a list of records in JSON",
}


def read_table(file: str, path_column: str | None) -> tuple[list[str], pa.Table]:
    """Read the path of each row, and the whole table.

    Cells of CSV files stay text, without the apostrophes of `smartdownsample.cells`. A pipe is read
    to its end.
    """
    extension = os.path.splitext(file)[1].lower()
    try:
        table, numbers = _READERS.get(extension, _read_csv)(file)
        # No text but Unicode, and no index that leads beyond its texts.
        table.validate(full=True)
        names: list[str] = table.column_names
    except _FAULTS as error:
        expected = _EXPECTED.get(extension, _EXPECTED[".csv"])
        msg = (
            f"The table {file!r} cannot be read: {_name(error)}. Tables must be {expected}, "
            f"and have at most {_MOST_COLUMNS:,} columns."
        )
        raise InvalidParameterError(msg) from error
    column = path_column or find_path_column(names, f"The table {file!r}")
    paths = _take_paths(table, column, numbers, file)
    return paths if path_column else _add_folders(paths, column, table), table


def _add_folders(paths: list[str], column: str, table: pa.Table) -> list[str]:
    """Join files with their folders, where a table tells these in a column of their own."""
    wanted = _FOLDER_COLUMNS.get(_simplify(column))
    names = [name for name in table.column_names if _simplify(name) == wanted]
    if len(names) != 1:
        return paths
    folders = (str(folder or "").replace("\\", "/") for folder in list_cells(table, names[0]))
    return [os.path.join(folder, path) for folder, path in zip(folders, paths, strict=True)]


def _name(error: BaseException) -> str:
    """Name a reason in a line."""
    text = getattr(error, "strerror", None) or str(error) or "it needs too much memory"
    return str(text).partition("\n")[0][:_MOST_LETTERS].rstrip(".")


def list_columns(names: list[str]) -> str:
    """List names of columns; what is no table may have many and long ones."""
    listed = ", ".join(to_line(name) for name in names)
    return listed if len(listed) <= _MOST_LETTERS else f"{listed[:_MOST_LETTERS]}…"


def _read_parquet(file: str) -> tuple[pa.Table, Sequence[int]]:
    """Read a Parquet file, and number its rows from 1."""
    with open(file, "rb") as stream:
        # Reading begins at the end, which a pipe gives last.
        source = file if stream.seekable() else io.BytesIO(stream.read())
    with pq.ParquetFile(source) as parquet:
        _check_width(len(parquet.schema_arrow))
        leaves = map(parquet.schema.column, range(len(parquet.schema)))
        texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
        _check_growth(source, texts)
        table = parquet.read(use_threads=False)
    if not _PLAIN_TYPES.keys().isdisjoint(table.schema.types):
        columns = [
            column.cast(_PLAIN_TYPES[column.type]) if column.type in _PLAIN_TYPES else column
            for column in table.columns
        ]
        table = pa.table(columns, names=table.column_names)
    # What Arrow cannot choose rows of is refused here, not after all decoding.
    table.slice(0, 0).take(pack_values(np.zeros(0, np.int64), pa.int64()))
    return table, range(1, len(table) + 1)


def _check_growth(source: str | io.BytesIO, texts: list[str]) -> None:
    """Raise `csv.Error` when a Parquet file takes much more memory than it has bytes.

    Texts are counted, not made: a few kilobytes can hold a text of a megabyte a million times.
    """
    n_bytes = os.path.getsize(source) if isinstance(source, str) else len(source.getbuffer())
    limit = max(_MOST_BYTES, n_bytes * _MOST_BYTES_FOR_EACH)
    n_needed = 0
    with pq.ParquetFile(source, read_dictionary=texts) as parquet:
        for batch in parquet.iter_batches(_SCANNED_ROWS, use_threads=False):
            n_needed += sum(map(_count_bytes, batch.columns))
            if n_needed > limit:
                msg = f"it takes more than {limit / 2**30:.1f} GiB of memory"
                raise csv.Error(msg)


def _count_bytes(values: pa.Array) -> int:
    """Count the bytes that values take once each has its text for itself."""
    if pa.types.is_dictionary(values.type):
        lengths = pc.binary_length(values.dictionary).take(values.indices)
        return int(values.nbytes) + int(pc.sum(lengths.cast(pa.int64())).as_py() or 0)
    if pa.types.is_struct(values.type):
        return sum(map(_count_bytes, values.flatten()))
    if pa.types.is_map(values.type):
        return _count_bytes(values.keys) + _count_bytes(values.items)
    # Lists of all kinds.
    return _count_bytes(values.flatten()) if hasattr(values, "flatten") else int(values.nbytes)


def _read_csv(file: str) -> tuple[pa.Table, Sequence[int]]:
    """Read a CSV file with every cell as text, empty cells as null, and the numbers of its rows.

    Rows are numbered as spreadsheets do it: the names of the columns and empty rows count.
    """
    with open(file, "rb") as stream:
        data = stream.read()
    lines = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")
    try:
        first = _QUOTED.sub("", next(filter(str.strip, lines), ""))
        delimiter = max(_DELIMITERS, key=first.count)
        lines.seek(0)
        names, numbers = _check_rows(lines, delimiter)
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
    if len(table) != len(numbers):
        msg = f"it has {len(numbers):,} rows or {len(table):,}, depending on what ends a row"
        raise csv.Error(msg)
    return free_cells(table), numbers


def _read_json(file: str) -> tuple[pa.Table, Sequence[int]]:
    """Read a list of records, and number them from 1."""
    with open(file, "rb") as stream:
        data = stream.read()
    try:
        table = read_records(data)
    except (OverflowError, RecursionError, ValueError) as error:
        raise csv.Error(str(error)) from error
    _check_width(table.num_columns)
    return table, range(1, len(table) + 1)


_READERS = {".parquet": _read_parquet, ".json": _read_json}


def _check_rows(lines: Iterator[str], delimiter: str) -> tuple[list[str], Sequence[int]]:
    """Return the first row and the numbers of the others, or raise `csv.Error` for a bad one.

    A row that is shorter or longer is bad: pyarrow writes beyond its memory when a row has many
    more cells than the first, and crashes then, or later. So is a quote that nothing closes, which
    would make a text of the rows behind it.
    """
    names: list[str] = []
    numbers = array("q")
    for number, row in _number_rows(lines, delimiter):
        if not names:
            _check_width(len(row))
            names = row
        elif len(row) != len(names):
            cells = count_noun(len(row), "cell")
            msg = f"row {number:,} has {cells}, and the first row has {len(names):,}"
            raise csv.Error(msg)
        else:
            numbers.append(number)
    return names, numbers


def _check_width(n_columns: int) -> None:
    """Raise `csv.Error` when a table has too many columns."""
    if n_columns > _MOST_COLUMNS:
        msg = f"it has {count_noun(n_columns, 'column')}, more than {_MOST_COLUMNS:,}"
        raise csv.Error(msg)


def _number_rows(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with its number, or raise `csv.Error` with it."""
    number = 0
    try:
        for number, row in enumerate(csv.reader(lines, delimiter=delimiter, strict=True), start=1):
            if row:
                yield number, row
    except csv.Error as error:
        limit = csv.field_size_limit()
        reasons = {
            "end of data": 'has a quote (") that nothing closes',
            "expected after": 'has a quote (") within a cell, which must be doubled there ("")',
            "field limit": f"has a cell of more than {limit:,} characters",
        }
        found = [reason for words, reason in reasons.items() if words in str(error)]
        msg = f"row {number + 1:,} {[*found, f'cannot be parsed: {error}'][0]}"
        raise csv.Error(msg) from error


def _find_fault(data: bytes) -> None:
    """Raise `csv.Error` with the line where a file is not UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = f"0x{data[error.start]:02x}"
        msg = f"line {line:,} is not UTF-8 (byte {byte}); in Excel, save it as CSV UTF-8"
        raise csv.Error(msg) from error


def _take_paths(table: pa.Table, column: str, numbers: Sequence[int], file: str) -> list[str]:
    """Take the path of each row, as bytes where the table has them."""
    values = list_cells(table, column)
    if column == "path" and table.column_names.count(BYTES_COLUMN) == 1:
        exact = list_cells(table, BYTES_COLUMN)
        values = [
            name if isinstance(name, bytes) else value
            for value, name in zip(values, exact, strict=True)
        ]
    paths = []
    for number, value in zip(numbers, values, strict=True):
        if not value or not isinstance(value, (str, bytes)):
            msg = (
                f"Every row of the table {file!r} must have a path. "
                f"Got {value!r} in row {number:,}."
            )
            raise InvalidParameterError(msg)
        paths.append(os.fsdecode(value))
    return paths


def find_path_column(names: list[str], what: str) -> str:
    """Find the column of paths by its name; `what` names the table in the error."""
    name_of = {_simplify(name): name for name in reversed(names)}
    found = [name_of[name] for name in _PATH_COLUMNS if name in name_of]
    if not found:
        msg = (
            f"{what} must have a column of paths, called {', '.join(_PATH_COLUMNS)}. "
            f"Got the columns {list_columns(names)}. Give the column itself, or, in the command, "
            "its name by --path-column."
        )
        raise InvalidParameterError(msg)
    return found[0]


def _simplify(name: str) -> str:
    """Spell the name of a column as `_PATH_COLUMNS` has it."""
    return _BETWEEN_WORDS.sub("", name.lower())


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
            f"Got the columns {list_columns(table.column_names)}."
            f"{suggest(column, table.column_names)}"
        )
        raise InvalidParameterError(msg)
