"""Whether a file is an earlier selection, which a new one may replace.

A file that somebody has changed is not: a table with a column or a cell more, a list with a line
that names no image.
"""

import csv
import json
import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq

from ..cells import free_names
from ..errors import InvalidParameterError
from ..formats import BYTES_COLUMN
from ..items import strip_folder, to_key
from ..output_files import OutputKind
from .selection_table import COLUMNS, EXPLAINED_COLUMNS

EXTENSIONS = (".txt", ".csv", ".json", ".parquet")


def selection_kind(
    columns: Collection[str] = (), paths: Iterable[str] = (), relative_to: str | None = None
) -> OutputKind:
    """Make the kind of file that a selection is written to.

    ``columns`` are those of the new table, `paths` those of the collection, which are written
    relative to a folder where there is one.
    """
    known = {*COLUMNS, *EXPLAINED_COLUMNS, BYTES_COLUMN, *columns}

    def is_own(file: str, _: bytes) -> bool:
        list_columns = _COLUMN_READERS.get(os.path.splitext(file)[1].lower())
        if list_columns is None:
            return _is_list_of(file, _spell(paths, relative_to))
        found = list_columns(file)
        return found is not None and (not found or known >= found >= {*COLUMNS})

    return OutputKind("a selection", EXTENSIONS, is_own)


def _spell(paths: Iterable[str], relative_to: str | None) -> set[bytes]:
    """Spell paths as a list has them, relative ones as well."""
    spelt = set(map(os.fsencode, paths))
    if relative_to is not None:
        folder = to_key(relative_to)
        for path in [*spelt]:
            with suppress(InvalidParameterError):  # it lies elsewhere
                spelt.add(strip_folder(to_key(os.fsdecode(path)), folder, ""))
    return spelt


def _is_list_of(file: str, spelt: set[bytes]) -> bool:
    """Tell whether each line of a text is one of these paths, or a file that exists."""
    with open(file, "rb") as text:
        lines = text.read().split(b"\n")
    return all(not line or line in spelt or _is_file(line) for line in lines)


def _is_file(path: bytes) -> bool:
    try:
        return os.path.isfile(path)
    except ValueError:  # a NUL
        return False


def _list_csv_columns(file: str) -> set[str] | None:
    """List the columns of a CSV file whose rows all have as many cells."""
    try:
        with open(file, encoding="utf-8", newline="") as text:
            rows = csv.reader(text, strict=True)
            names = next(rows, [])
            if any(len(row) != len(names) for row in rows):
                return None
    except (csv.Error, UnicodeDecodeError):
        return None
    return set(free_names(names))


def _list_json_columns(file: str) -> set[str] | None:
    """List the keys of all records in a JSON file; None when there is anything else."""
    try:
        with open(file, encoding="utf-8") as text:
            records = json.load(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return None
    return set().union(*records)


def _list_parquet_columns(file: str) -> set[str] | None:
    try:
        return set(pq.read_schema(file).names)
    except (pa.ArrowException, OSError):
        return None


_COLUMN_READERS: dict[str, Callable[[str], set[str] | None]] = {
    ".csv": _list_csv_columns,
    ".json": _list_json_columns,
    ".parquet": _list_parquet_columns,
}
