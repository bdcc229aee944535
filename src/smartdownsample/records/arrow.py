"""Between NumPy arrays and Arrow columns.

`pyarrow.array`, `pyarrow.scalar` and `to_numpy` import pandas where it is installed, which takes
longer than a warm run. Arrays are therefore made of buffers, and buffers taken from arrays.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .arrays import BoolArray, ByteArray, IntArray

# NumPy's names of Arrow's numbers and times.
_NUMBERS: dict[str, npt.DTypeLike] = {
    "double": np.float64,
    "float": np.float32,
    "int32": np.int32,
    "int64": np.int64,
    "timestamp[ms]": "datetime64[ms]",
    "uint8": np.uint8,
    "uint32": np.uint32,
    "uint64": np.uint64,
}


def pack_bytes(values: Sequence[bytes]) -> pa.Array:
    """Pack byte strings of any lengths into a `pyarrow.LargeBinaryArray`."""
    ends = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, values), np.int64, len(values)), out=ends[1:])
    return join_bytes(b"".join(values), ends)


def join_bytes(letters: "ByteArray | bytes", ends: "IntArray") -> pa.Array:
    """Make a `pyarrow.LargeBinaryArray` of all bytes, and of where each ends after a 0."""
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(letters)]
    return pa.Array.from_buffers(pa.large_binary(), len(ends) - 1, buffers)


def pack_flags(values: "BoolArray") -> pa.Array:
    """Pack truth values, shape (n,), into an Arrow array of bits."""
    bits = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])


def pack_texts(values: Sequence[str | None]) -> pa.Array:
    """Pack strings into a `pyarrow.StringArray`, None as null.

    Bytes of paths that are no Unicode are escaped.
    """
    encoded = [(value or "").encode(errors="backslashreplace") for value in values]
    _, offsets, data = pack_bytes(encoded).cast(pa.string()).buffers()
    is_text = np.array([value is not None for value in values], dtype=np.bool_)
    _, is_known = pack_flags(is_text).buffers()
    return pa.Array.from_buffers(pa.string(), len(values), [is_known, offsets, data])


def pack_values(
    values: np.ndarray, kind: pa.DataType, is_known: "BoolArray | None" = None
) -> pa.Array:
    """Pack values, shape (n,) or (n, length), into an Arrow array of `kind`.

    `kind` has the size of the values: a number, a time, binary or a list of one length. Where
    `is_known`, shape (n,), is False a value becomes null; by default all are known but NaT.
    """
    flat = np.ascontiguousarray(values)
    if pa.types.is_fixed_size_list(kind):
        items = pack_values(flat.reshape(-1), kind.value_type)
        return pa.FixedSizeListArray.from_arrays(items, type=kind)
    if is_known is None and pa.types.is_timestamp(kind):
        is_known = ~np.isnat(flat)
    bits = None if is_known is None else pack_flags(is_known).buffers()[1]
    return pa.Array.from_buffers(kind, len(flat), [bits, pa.py_buffer(flat.view(np.uint8))])


def sort_bytes(values: pa.LargeBinaryArray) -> "IntArray":
    """Find the order of byte strings, shape (n,); of equal ones the first stays in front."""
    # Most lists are sorted already, which is quickly seen.
    n = max(len(values) - 1, 0)
    if pc.all(pc.less_equal(values.slice(0, n), values.slice(1))).as_py() is not False:
        return np.arange(len(values))
    return unpack(pc.sort_indices(values)).astype(np.int64)


def number_texts(column: pa.ChunkedArray) -> "IntArray":
    """Give the texts of a column numbers, the same for equal ones, shape (n,); -1 for null."""
    indices = column.combine_chunks().dictionary_encode().indices
    return unpack(pc.fill_null(indices, -1)).astype(np.int64)


def unpack(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Turn a column into a NumPy array, shape (n,) or (n, length).

    The column holds numbers, times, truth values, bytes of one length, or lists of numbers of one
    length. Only times may be null; they become NaT. Numbers in one piece are not copied.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind, n = array.type, len(array)
    if pa.types.is_fixed_size_list(kind):
        return unpack(array.flatten()).reshape(n, kind.list_size)
    buffer = array.buffers()[1] or b""
    if pa.types.is_boolean(kind):
        bits = np.unpackbits(np.frombuffer(buffer, np.uint8), bitorder="little")
        return bits[array.offset : array.offset + n].view(np.bool_)
    if pa.types.is_fixed_size_binary(kind):
        rows = np.frombuffer(buffer, np.dtype((np.uint8, (kind.byte_width,))))
        return rows[array.offset : array.offset + n]
    values = np.frombuffer(buffer, _NUMBERS[str(kind)])[array.offset : array.offset + n]
    if pa.types.is_timestamp(kind) and array.null_count:
        return np.where(unpack(pc.is_valid(array)), values, np.datetime64("NaT", "ms"))
    return values
