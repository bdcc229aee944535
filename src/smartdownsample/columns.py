"""Between rows of features and Arrow columns: what a part of the store looks like inside.

Pure functions. Only the store, and what hands out Arrow tables, knows Arrow beside this room.
"""

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .model import BoolArray, ByteArray, FeatureBatch, FeatureSpec, IntArray

# Where a part says which spec its rows are of.
SPEC_KEY = b"smartdownsample.spec"

# Distributions whose versions decide what can be decoded.
_DECODERS = (
    "opencv-python-headless",
    "opencv-python",
    "opencv-contrib-python-headless",
    "pillow-heif",
    "pillow-jxl-plugin",
)
# NumPy's names of Arrow's numbers and times.
_NUMBERS: dict[str, npt.DTypeLike] = {
    "float": np.float32,
    "int32": np.int32,
    "int64": np.int64,
    "timestamp[ms]": "datetime64[ms]",
    "uint8": np.uint8,
    "uint32": np.uint32,
    "uint64": np.uint64,
}
# Until items are parts of images, every region is the whole: x, y, width, height.
_WHOLE_IMAGE = np.array([0, 0, 1, 1], dtype=np.float32)


@dataclass(frozen=True)
class KnownFeatures:
    """What the store knows of the items that were asked for.

    Attributes
    ----------
    table : pyarrow.Table
        Rows of the store, one for each known item.
    items : ndarray of int64
        The item of each row.
    misses : ndarray of int64
        The items that the store does not know, ascending.
    """

    table: pa.Table
    items: IntArray
    misses: IntArray


@cache
def decoder_version() -> str:
    """Name the installed image decoders and their versions, without importing them."""
    # On first need: finding out takes longer than a warm run of a small collection.
    import importlib.metadata

    installed = []
    for name in _DECODERS:
        try:
            installed.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(installed)


def make_schema(spec: FeatureSpec) -> pa.Schema:
    """Make the Arrow schema of a part: key, order, outcome, then the fields of a feature row.

    Parameters
    ----------
    spec : FeatureSpec
        What the features are.

    Returns
    -------
    pyarrow.Schema
        ``path`` and ``order_key`` are binary (names may be no valid Unicode), ``region`` is
        x, y, width, height as shares of the image, ``cause`` is null for readable images.
    """
    return pa.schema(
        [
            ("path", pa.large_binary()),
            ("region", pa.list_(pa.float32(), 4)),
            ("mtime_ns", pa.int64()),
            ("size_bytes", pa.int64()),
            ("order_key", pa.large_binary()),
            ("cause", pa.string()),
            ("decoder", pa.string()),
            ("written_ns", pa.int64()),
            *((name, _column_type(spec.row_dtype[name])) for name in spec.row_dtype.names or ()),
        ],
        metadata={SPEC_KEY: spec.fingerprint},
    )


def _column_type(field: np.dtype[np.generic]) -> pa.DataType:
    """Choose the Arrow type of one field: bytes as binary, other vectors as lists."""
    if field.subdtype is None:
        return pa.from_numpy_dtype(field)
    base, (length,) = field.subdtype
    return pa.binary(length) if base == np.uint8 else pa.list_(pa.from_numpy_dtype(base), length)


def make_table(
    batches: Sequence[FeatureBatch], schema: pa.Schema, columns: Sequence[str] | None = None
) -> pa.Table:
    """Turn batches into rows of the store, in one go: each Arrow array has a price of its own.

    Parameters
    ----------
    batches : sequence of FeatureBatch
        At least one.
    schema : pyarrow.Schema
        Of the store.
    columns : sequence of str, optional
        Columns wanted, by default all.

    Returns
    -------
    pyarrow.Table
        One batch after the other.
    """
    rows = np.concatenate([batch.rows for batch in batches])
    n, zeros = len(rows), np.zeros(len(rows), dtype=np.int64)
    others: dict[str, Callable[[], np.ndarray | pa.Array]] = {
        "path": lambda: pack_bytes([key for batch in batches for key in batch.keys]),
        "region": lambda: np.tile(_WHOLE_IMAGE, (n, 1)),
        "mtime_ns": lambda: np.concatenate([batch.mtime_ns for batch in batches]),
        "size_bytes": lambda: np.concatenate([batch.size_bytes for batch in batches]),
        "order_key": lambda: pack_bytes([key for batch in batches for key in batch.order_keys]),
        "cause": lambda: pack_texts([cause and cause.name for b in batches for cause in b.causes]),
        "decoder": lambda: pack_texts([decoder_version()]).take(pack_values(zeros, pa.int64())),
        "written_ns": lambda: np.full(n, time.time_ns()),
    }
    wanted = schema if columns is None else pa.schema(map(schema.field, columns), schema.metadata)
    arrays = []
    for field in wanted:
        values = others[field.name]() if field.name in others else rows[field.name]
        is_packed = isinstance(values, pa.Array)
        arrays.append(values if is_packed else pack_values(values, field.type))
    return pa.Table.from_arrays(arrays, schema=wanted)


# `pyarrow.array`, `pyarrow.scalar` and `to_numpy` import pandas where it is installed, which takes
# longer than a warm run. Arrays are therefore made of buffers, and buffers taken from arrays.


def make_empty_table(schema: pa.Schema) -> pa.Table:
    """Make a table without rows."""
    return pa.Table.from_batches([], schema=schema)


def pack_bytes(values: Sequence[bytes]) -> pa.Array:
    """Pack byte strings into an Arrow array.

    Parameters
    ----------
    values : sequence of bytes, length n
        Of any lengths.

    Returns
    -------
    pyarrow.LargeBinaryArray
        In the same order.
    """
    offsets = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, values), np.int64, len(values)), out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(values))]
    return pa.Array.from_buffers(pa.large_binary(), len(values), buffers)


def pack_flags(values: BoolArray) -> pa.Array:
    """Pack truth values, shape (n,), into an Arrow array of bits."""
    bits = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])


def pack_texts(values: Sequence[str | None]) -> pa.Array:
    """Pack strings into an Arrow array.

    Parameters
    ----------
    values : sequence of str or None, length n
        Of paths, bytes that are no Unicode are escaped.

    Returns
    -------
    pyarrow.StringArray
        In the same order, with null for None.
    """
    encoded = [(value or "").encode(errors="backslashreplace") for value in values]
    _, offsets, data = pack_bytes(encoded).cast(pa.string()).buffers()
    is_text = np.array([value is not None for value in values], dtype=np.bool_)
    _, is_known = pack_flags(is_text).buffers()
    return pa.Array.from_buffers(pa.string(), len(values), [is_known, offsets, data])


def pack_values(
    values: np.ndarray, kind: pa.DataType, is_known: BoolArray | None = None
) -> pa.Array:
    """Pack values of one field into an Arrow array.

    Parameters
    ----------
    values : ndarray, shape (n,) or (n, length)
        Numbers, times, or vectors of numbers or bytes of one length.
    kind : pyarrow.DataType
        Of the same size as the values: a number, a time, binary or a list of one length.
    is_known : ndarray of bool, shape (n,), optional
        False where a value becomes null. By default all are known but times that are NaT.

    Returns
    -------
    pyarrow.Array
        In the same order.
    """
    flat = np.ascontiguousarray(values)
    if pa.types.is_fixed_size_list(kind):
        items = pack_values(flat.reshape(-1), kind.value_type)
        return pa.FixedSizeListArray.from_arrays(items, type=kind)
    if is_known is None and pa.types.is_timestamp(kind):
        is_known = ~np.isnat(flat)
    bits = None if is_known is None else pack_flags(is_known).buffers()[1]
    return pa.Array.from_buffers(kind, len(flat), [bits, pa.py_buffer(flat.view(np.uint8))])


def unpack(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Turn a column without nulls, but for those of times, into a NumPy array.

    Parameters
    ----------
    column : pyarrow.ChunkedArray or pyarrow.Array
        Numbers, times, truth values, bytes of one length, or lists of numbers of one length.

    Returns
    -------
    ndarray, shape (n,) or (n, length)
        In the same order, with NaT for null; numbers are not copied where they lie in one piece.
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
        return np.where(unpack(pc.is_valid(array)), values, np.datetime64("NaT"))
    return values


def make_wanted_keys(paths: list[bytes], mtime_ns: IntArray, size_bytes: IntArray) -> pa.Array:
    """Make the look-up keys of whole images.

    Parameters
    ----------
    paths : list of bytes, length n
        Absolute paths.
    mtime_ns, size_bytes : ndarray of int64, shape (n,)
        Of the files as they are now.

    Returns
    -------
    pyarrow.LargeBinaryArray
        Equal to a key of `make_stored_keys` where the row is a true one of the file.
    """
    regions = np.tile(_WHOLE_IMAGE, (len(paths), 1))
    return _join_keys(pack_bytes(paths), regions, mtime_ns, size_bytes)


def make_stored_keys(stored: pa.Table) -> pa.Array:
    """Make the look-up keys of rows of the store, see `make_wanted_keys`.

    Parameters
    ----------
    stored : pyarrow.Table
        Rows of the store.

    Returns
    -------
    pyarrow.LargeBinaryArray
        In the order of the rows.
    """
    return _join_keys(
        stored["path"].combine_chunks(),
        unpack(stored["region"]),
        unpack(stored["mtime_ns"]),
        unpack(stored["size_bytes"]),
    )


def _join_keys(
    paths: pa.Array, regions: np.ndarray, mtime_ns: IntArray, size_bytes: IntArray
) -> pa.Array:
    """Join everything that a hit needs equal into one value for each item."""
    n = len(paths)
    fixed = np.empty((n, 32), dtype=np.uint8)
    fixed[:, :16] = np.ascontiguousarray(regions, dtype=np.float32).view(np.uint8)
    fixed[:, 16:24] = np.ascontiguousarray(mtime_ns).view(np.uint8).reshape(n, 8)
    fixed[:, 24:] = np.ascontiguousarray(size_bytes).view(np.uint8).reshape(n, 8)
    tails = pack_values(fixed, pa.binary(32)).cast(pa.large_binary())
    return pc.binary_join_element_wise(paths, tails, pack_bytes([b""] * n))


def digest_rows(rows: pa.Table) -> int:
    """Compute a checksum of decoded rows, whatever their layout in memory or in a file.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of the store.

    Returns
    -------
    int
        CRC-32 of all columns, one after the other.
    """
    digest = 0
    for column in rows.columns:
        for values in _list_values(column):
            digest = zlib.crc32(np.ascontiguousarray(values).view(np.uint8).data, digest)
    return digest


def _list_values(column: pa.ChunkedArray) -> Iterator[np.ndarray]:
    """Yield arrays that are equal for equal columns."""
    if column.null_count:
        yield unpack(pc.is_valid(column))
        column = column.drop_null()
    if pa.types.is_string(column.type) or pa.types.is_large_binary(column.type):
        array = column.combine_chunks()
        yield unpack(pc.binary_length(array))
        yield _take_bytes(array)
    else:
        yield unpack(column)


def _take_bytes(array: pa.Array) -> ByteArray:
    """Take the bytes of all strings, end to end."""
    wide = array.cast(pa.large_binary())
    _, offsets, data = wide.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[wide.offset : wide.offset + len(wide) + 1]
    return np.frombuffer(data or b"", dtype=np.uint8)[ends[0] : ends[-1]]


def keep_newest(table: pa.Table) -> pa.Table:
    """Keep the row of each item that was written last, in the order of the paths."""
    regions = pack_values(unpack(table["region"]).view(np.uint8), pa.binary(16))
    items = pa.table({"path": table["path"], "region": regions, "time": table["written_ns"]})
    # Of equal times the later row stays behind: the sort is stable.
    order = pc.sort_indices(items, sort_keys=[(name, "ascending") for name in items.column_names])
    items = items.take(order).combine_chunks()
    is_repeated = pc.and_(
        *(
            pc.equal(column.slice(1), column.slice(0, max(len(items) - 1, 0)))
            for column in items.columns[:2]
        )
    )
    is_newest = np.append(~unpack(is_repeated), True)[: len(items)]
    return table.take(order.filter(pack_flags(is_newest)))
