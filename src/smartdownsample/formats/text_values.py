"""Columns of text → numbers and ranks, whole columns at a time."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..records import BoolArray, Float64Array, IntArray, unpack

# The pattern is RE2's.
_NUMBER = r"\A[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\z"


def parse_numbers(texts: pa.Array) -> tuple[Float64Array, BoolArray]:
    """Parse decimal numbers, shape (n,).

    NaN where there is no text, or one that is no finite number; and whether it is such a text.
    """
    try:
        numbers = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        trimmed = pc.utf8_trim_whitespace(texts)
        is_number = pc.match_substring_regex(trimmed, _NUMBER)
        plain = pc.utf8_ltrim(trimmed, characters="+")
        numbers = pc.if_else(is_number, plain, pa.scalar(None, pa.string())).cast(pa.float64())
    found = unpack(pc.fill_null(numbers, float("nan"))).copy()
    found[~np.isfinite(found)] = np.nan
    return found, unpack(pc.is_valid(texts)) & np.isnan(found)


def rank_texts(texts: pa.Array) -> IntArray:
    """Rank texts by the order of their bytes, from 0, shape (n,); null is an empty text."""
    coded = pc.dictionary_encode(pc.fill_null(texts, ""))
    order = unpack(pc.array_sort_indices(coded.dictionary))
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    found: IntArray = ranks[unpack(coded.indices)]
    return found


def look_up(texts: pa.Array, ids: pa.Array) -> IntArray:
    """Find the first row of `ids` that each text is in, shape (n,); -1 for none and for null."""
    found = pc.index_in(texts, value_set=ids, skip_nulls=True)
    rows: IntArray = unpack(pc.fill_null(found, -1)).astype(np.int64)
    return rows
