"""Columns of any type, spelt as texts and as what JSON can hold.

A table that names images may have columns of every type that Arrow knows, and values that Python
does not: a date in the year 30,000, or bytes that are no text.
"""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from ..formats import dump_json
from ..records import pack_texts

# What CSV files can hold as it is.
_PLAIN: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_string,
    pa.types.is_large_string,
)
_UNKNOWN_TO_PYTHON = (pa.ArrowException, ValueError, OverflowError)


def spell_texts(table: pa.Table) -> pa.Table:
    """Make a table that a CSV file can hold; lists and the like are spelt as JSON."""
    columns = [_spell_column(column) for column in table.columns]
    texts = [
        column
        if any(is_kind(column.type) for is_kind in _PLAIN)
        else pack_texts(list(map(_spell_value, _list_values(column))))
        for column in columns
    ]
    return pa.table(texts, names=table.column_names)


def list_records(table: pa.Table) -> list[dict[str, object]]:
    """List the rows of a table, by names of its columns, for `encode_json`."""
    lists = [_list_values(_spell_column(column)) for column in table.columns]
    names = table.column_names
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]


def encode_json(value: object) -> bytes:
    """Encode a value as indented JSON, see `dump_json`; keys keep their order.

    Strings must be valid Unicode.
    """
    text = dump_json(value, ensure_ascii=False, indent=2, default=_spell_foreign)
    return f"{text}\n".encode()


def _spell_value(value: object) -> str | None:
    """Spell a value as a text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (list, dict)):
        return dump_json(value, ensure_ascii=False, default=_spell_foreign)
    return _spell_foreign(value)


def _spell_foreign(value: object) -> str:
    """Spell what JSON does not know; bytes that are no text are escaped as those of paths."""
    if isinstance(value, bytes):
        text = value.decode(errors="surrogateescape")
        return text.encode(errors="backslashreplace").decode()
    return str(value)


def _spell_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Spell times as texts in ISO 8601, lengths of time with their unit; fix digits of float32."""
    if pa.types.is_dictionary(column.type):
        kind = column.type.value_type
        chunks = [chunk.dictionary_decode() for chunk in column.chunks]
        column = pa.chunked_array(chunks, type=kind)
    kind = column.type
    if pa.types.is_timestamp(kind):
        try:
            texts = column.cast(pa.string())
        except pa.ArrowInvalid:  # a time zone that this machine does not know
            texts = column.cast(pa.timestamp(kind.unit, "UTC")).cast(pa.string())
        return pc.replace_substring_regex(texts, r"^([-\d]+) ", r"\1T")
    if pa.types.is_date(kind) or pa.types.is_time(kind):
        return column.cast(pa.string())
    if pa.types.is_duration(kind):
        return pc.binary_join_element_wise(column.cast(pa.string()), kind.unit, " ")
    if pa.types.is_float32(kind):
        return column.cast(pa.string()).cast(pa.float64())
    return column


def _list_values(column: pa.ChunkedArray) -> list[object]:
    """List the values of a column; what Python has no value for is spelt by Arrow."""
    try:
        return list(column.to_pylist())
    except _UNKNOWN_TO_PYTHON:
        return list(map(_take_value, column))


def _take_value(scalar: pa.Scalar) -> object:
    """Take a value apart, down to what Python has no value for."""
    if not scalar.is_valid:
        return None
    if isinstance(scalar, pa.StructScalar):
        pairs = [(name, _take_value(item)) for name, item in scalar.items()]
        # Two fields may have one name.
        return dict(pairs) if len(dict(pairs)) == len(pairs) else pairs
    if pa.types.is_nested(scalar.type):
        return list(map(_take_value, scalar.values))
    try:
        return scalar.as_py()
    except _UNKNOWN_TO_PYTHON:
        return _spell_column(pa.chunked_array([pa.repeat(scalar, 1)]))[0].as_py()
