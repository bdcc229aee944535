"""Records in JSON, such as a selection that was written to a file, as a table."""

import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ..records import pack_texts, pack_values

# Exactly these, since a truth value is an integer in Python.
_NUMBERS = {int, float, type(None)}
# Of an integer in a column.
_TOO_LARGE = 2**63


def read_records(data: bytes) -> pa.Table:
    """Read a list of objects, each a row, with a column for each key; missing values are null.

    Numbers stay numbers where a column has no others, and texts texts; what is neither becomes the
    text that JSON has for it. Raises `ValueError` for anything else.
    """
    records = json.loads(data)
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        msg = "it is no list of records"
        raise ValueError(msg)
    # In the order in which they come first.
    names = list(dict.fromkeys(name for record in records for name in record)) or ["path"]
    columns = [_pack_cells([record.get(name) for record in records]) for name in names]
    return pa.table(columns, names=[_spell(name) for name in names])


def _pack_cells(values: Sequence[object]) -> pa.Array:
    """Pack the values of a column, None as null."""
    numbers = [value for value in values if isinstance(value, int | float)]
    if any(type(value) not in _NUMBERS for value in values):
        return pack_texts([value if value is None else _spell(value) for value in values])
    is_whole = all(isinstance(value, int) and abs(value) < _TOO_LARGE for value in numbers)
    kind, column_type = (np.int64, pa.int64()) if is_whole else (np.float64, pa.float64())
    filled = np.array([0 if value is None else value for value in values], dtype=kind)
    is_known = np.array([value is not None for value in values], dtype=np.bool_)
    return pack_values(filled, column_type, is_known)


def _spell(value: object) -> str:
    """Spell a value as a text; halves of letters, which no text may have, are escaped."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode(errors="backslashreplace").decode()
