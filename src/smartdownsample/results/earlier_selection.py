"""Whether a file is an earlier selection, which a new one may replace.

A file that somebody has changed is not: a table with a column, a cell or a row that we do not
write, a list with a line that names no image.
"""

import csv
import io
import json
import os
import re
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from itertools import combinations
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from ..display import to_line
from ..errors import InvalidParameterError
from ..formats import BYTES_COLUMN, free_names
from ..items import strip_folder, to_key
from ..records import REGION_COLUMNS
from ..sampling import GOOD, N_CODES, QUALITY_WORDS, describe_bucket, is_bucket_name
from ..writing import OutputKind
from .selection_table import (
    COLUMNS,
    DETAIL_COLUMNS,
    EXPLAINED_COLUMNS,
    EXPLAINED_REGION_COLUMNS,
)
from .spelt_columns import list_records

EXTENSIONS = (".txt", ".csv", ".json", ".parquet")

_BUCKETS = frozenset(map(describe_bucket, range(N_CODES)))
# Columns that files from before have not. Their buckets are spelt by their bits.
_LATER = ("bucket_bits",)
# All texts of `name_quality`, whose words have a fixed order.
_QUALITIES = frozenset(
    ", ".join(words) or GOOD
    for n in range(len(QUALITY_WORDS) + 1)
    for words in combinations(QUALITY_WORDS, n)
)
_TIME = re.compile(r"-?\d+-\d\d-\d\dT[\d:.]+|<value out of range: -?\d+>")
_REASON = re.compile(r"(the only pick|one of [\d,]+ picks) of (event|bucket) ")
_NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?")
_SIGNED = re.compile(f"-?{_NUMBER.pattern}")
_NO_TABLE = (csv.Error, pa.ArrowException, OSError, RecursionError, ValueError)
# Columns that only some selections have. One of them alone is somebody else's, such as the labels
# of a person.
_SETS = (
    (*REGION_COLUMNS, *EXPLAINED_REGION_COLUMNS),
    REGION_COLUMNS,
    DETAIL_COLUMNS,
)
# Letters of a cell in an error.
_MOST_LETTERS = 60


class _Rows(NamedTuple):
    """Names of all columns of a table, its values in ours, and the number of its first row."""

    names: Collection[str]
    columns: dict[str, list[Any]]
    first: int = 1


def selection_kind(
    columns: Collection[str], paths: Iterable[str], relative_to: str | None
) -> OutputKind:
    """Make the kind of file that a selection is written to.

    ``columns`` are those of the new table, `paths` those of the collection, which are written
    relative to a folder where there is one.
    """
    known = {*COLUMNS, *EXPLAINED_COLUMNS, BYTES_COLUMN, *columns} - _find_sets(columns)

    def find_change(file: str) -> str | None:
        read = _READERS.get(os.path.splitext(file)[1].lower())
        if read is None:
            return _find_odd_line(file, _spell(paths, relative_to))
        try:
            return _find_odd_column(read(file), known)
        except _Change as change:
            return str(change)
        except _NO_TABLE:
            return "it cannot be read"

    return OutputKind("a selection", EXTENSIONS, find_change=find_change)


def _find_sets(names: Collection[str]) -> set[str]:
    """Find the columns of ours among these names that not all selections have."""
    return {name for names_of_set in _SETS if {*names_of_set} <= {*names} for name in names_of_set}


class _Change(Exception):  # noqa: N818 - it never leaves this module
    """What tells that a file is not as we write it."""


def _spell(paths: Iterable[str], relative_to: str | None) -> set[bytes]:
    """Spell paths as a list has them, relative ones as well."""
    spelt = set(map(os.fsencode, paths))
    if relative_to is not None:
        folder = to_key(relative_to)
        for path in [*spelt]:
            with suppress(InvalidParameterError):  # it lies elsewhere
                spelt.add(strip_folder(to_key(os.fsdecode(path)), folder, ""))
    return spelt


def _find_odd_line(file: str, spelt: set[bytes]) -> str | None:
    """Find a line of a text that is neither one of these paths nor a file that exists."""
    with open(file, "rb") as text:
        lines = text.read().split(b"\n")
    for number, line in enumerate(lines, start=1):
        if line and line not in spelt and not _is_file(line):
            return f"line {number:,} names no image"
    return None


def _is_file(path: bytes) -> bool:
    try:
        return os.path.isfile(path)
    except ValueError:  # a NUL
        return False


def _find_odd_column(rows: _Rows, known: set[str]) -> str | None:
    """Find a column, or a cell of a column of ours, that we do not write."""
    names = {*rows.names}
    if not names:  # nothing is lost with it
        return None
    own = _find_sets(names)
    foreign = [name for name in rows.names if name not in known | own]
    missing = [name for name in COLUMNS if name not in names and name not in _LATER]
    if foreign:
        return f"it has a column {_shorten(foreign[0])}"
    if missing or len(names) < len(rows.names):
        return f"it has not one column {_shorten([*missing, 'of each name'][0])}"
    is_grouped = [group is not None for group in rows.columns["group"]]
    for name, values in rows.columns.items():
        is_ours = _CHECKS[name]
        for place, value in enumerate(values):
            if not is_ours(value) or (name == "group" and is_grouped[place] != is_grouped[0]):
                got = "no value" if value is None else _shorten(value)
                return f"row {place + rows.first:,} has {got} in the column {name!r}"
    return None


def _shorten(value: object) -> str:
    text = to_line(repr(value))
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: object) -> bool:
    """Tell whether a value is an integer of at least 0, also as a text."""
    if isinstance(value, str):
        return value.isascii() and value.isdecimal()
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_name(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_measure(value: object) -> bool:
    """Tell whether a value is a number of at least 0, also as a text, or none."""
    return value is None or _NUMBER.fullmatch(str(value)) is not None


# What each column of ours may hold. There are times and groups of all rows, of some, or of none.
_CHECKS: dict[str, Callable[[Any], bool]] = {
    "path": _is_text,
    "index": _is_count,
    "bucket": lambda value: isinstance(value, str) and (value in _BUCKETS or is_bucket_name(value)),
    "bucket_bits": lambda value: isinstance(value, str) and value in _BUCKETS,
    "group": _is_name,
    "captured": lambda value: (
        value is None or (isinstance(value, str) and _TIME.fullmatch(value) is not None)
    ),
    "width": _is_count,
    "height": _is_count,
    "n_represented": _is_count,
    "quality": lambda value: value is None or (isinstance(value, str) and value in _QUALITIES),
    "rank": _is_count,
    "nearest_path": lambda value: value is None or _is_text(value),
    "distance": _is_measure,
    "reason": lambda value: _REASON.match(str(value)) is not None,
    **dict.fromkeys(REGION_COLUMNS, lambda value: _SIGNED.fullmatch(str(value)) is not None),
    "category": _is_name,
    "label": _is_name,
    "confidence": _is_measure,
    "nearest_index": lambda value: value is None or _is_count(value),
}


def _list_ours(names: list[str]) -> list[str]:
    """List the columns of ours that a table has once."""
    own = {*COLUMNS, *EXPLAINED_COLUMNS, *_find_sets(names)}
    return [name for name in _CHECKS if name in own and names.count(name) == 1]


def _read_csv(file: str) -> _Rows:
    """Read a CSV file whose rows all have as many cells; empty cells without quotes are None."""
    with open(file, "rb") as stream:
        data = stream.read()
    lines = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=""), strict=True)
    names = next(lines, [])
    n_rows = 1
    for n_rows, row in enumerate(lines, start=2):
        if len(row) != len(names):
            msg = f"row {n_rows:,} has {len(row):,} cells, and the first row has {len(names):,}"
            raise _Change(msg)
    ours = _list_ours(names)
    if not ours:
        return _Rows(free_names(names), {})
    table = pyarrow.csv.read_csv(
        pa.BufferReader(data),
        read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_limit(len(data))),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=ours,
            column_types=dict.fromkeys(ours, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    if len(table) != n_rows - 1:
        msg = "its rows do not end alike"
        raise _Change(msg)
    columns = {name: table[name].to_pylist() for name in ours}
    return _Rows(free_names(names), columns, first=2)


def _limit(n_bytes: int) -> int:
    """Limit a number of bytes to what pyarrow can take at once; no row is longer than that."""
    return min(n_bytes + 1, 2**31 - 1)


def _read_json(file: str) -> _Rows:
    """Read a JSON file of records that all have the same keys."""
    with open(file, encoding="utf-8") as text:
        records = json.load(text)
    if not isinstance(records, list):
        msg = "it is no list of records"
        raise _Change(msg)
    names = records[0].keys() if records and isinstance(records[0], dict) else ()
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict) or record.keys() != names:
            msg = f"record {number:,} has other keys than a record of a selection"
            raise _Change(msg)
    ours = _list_ours([*names])
    return _Rows(names, {name: [record[name] for record in records] for name in ours})


def _read_parquet(file: str) -> _Rows:
    with pq.ParquetFile(file) as parquet:
        names = parquet.schema_arrow.names
        ours = _list_ours(names)
        table = parquet.read(columns=ours, use_threads=False)
    table.validate(full=True)
    records = list_records(table)
    return _Rows(names, {name: [record[name] for record in records] for name in ours})


_READERS: dict[str, Callable[[str], _Rows]] = {
    ".csv": _read_csv,
    ".json": _read_json,
    ".parquet": _read_parquet,
}
