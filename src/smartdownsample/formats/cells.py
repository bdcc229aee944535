"""Cells of CSV files, kept from spreadsheets, which would run some of them as formulas."""

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..records import pack_texts

# What begins a formula (https://owasp.org/www-community/attacks/CSV_Injection), also in full width,
# behind apostrophes that are the text's own. The patterns are RE2's.
_FORMULA = r"\A('*[=+\-@＝＋－＠\t\r\n])"
_GUARDED = r"\A'('*[=+\-@＝＋－＠\t\r\n])"
_NUMBER = r"\A[+-]?\d+(\.\d*)?([eE][+-]?\d+)?\z"


def guard_cells(table: pa.Table) -> pa.Table:
    """Put an apostrophe before texts that spreadsheets would take for formulas.

    Names of columns are texts as well. Plain numbers, such as ``-3.75``, stay as they are.
    """
    return _change_texts(table, _guard)


def free_cells(table: pa.Table) -> pa.Table:
    """Take away the apostrophes of `guard_cells`."""
    return _change_texts(table, _free)


def free_names(names: Sequence[str]) -> list[str]:
    """Take away the apostrophes of `guard_cells` from names of columns."""
    return list(_free(pack_texts(names)).to_pylist())


def _free(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return pc.replace_substring_regex(texts, _GUARDED, r"\1")


def _guard(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    is_number = pc.match_substring_regex(texts, _NUMBER)
    return pc.if_else(is_number, texts, pc.replace_substring_regex(texts, _FORMULA, r"'\1"))


def _change_texts(
    table: pa.Table, change: Callable[[pa.ChunkedArray], pa.ChunkedArray]
) -> pa.Table:
    """Change all texts of a table and the names of its columns."""
    columns = [
        change(column.cast(pa.string())) if _is_text(column.type) else column
        for column in table.columns
    ]
    names = change(pa.chunked_array([pack_texts(table.column_names)]))
    return pa.table(columns, names=names.to_pylist())


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(is_kind(kind) for is_kind in _TEXTS)


_TEXTS = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
)
