"""Between rows of features and Arrow columns: what a part of the store looks like inside.

Pure functions. Only the store, and what hands out Arrow tables, knows Arrow beside this room.
"""

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..arrow import pack_bytes, pack_flags, pack_texts, pack_values, unpack
from ..records import ByteArray, FeatureBatch, FeatureSpec, Float32Array, FrameArray, IntArray

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
_NEW_COLUMNS = ("frame", "etag")


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

    ``path`` and ``order_key`` are binary (names may be no valid Unicode), ``region`` is x, y, width,
    height as shares of the upright picture, ``etag`` is null for files, ``cause`` is null for
    readable images.
    """
    return pa.schema(
        [
            ("path", pa.large_binary()),
            ("frame", pa.int32()),
            ("region", pa.list_(pa.float32(), 4)),
            ("mtime_ns", pa.int64()),
            ("size_bytes", pa.int64()),
            ("etag", pa.string()),
            ("order_key", pa.large_binary()),
            ("cause", pa.string()),
            ("decoder", pa.string()),
            ("written_ns", pa.int64()),
            *((name, _column_type(spec.row_dtype[name])) for name in spec.row_dtype.names or ()),
        ],
        metadata={SPEC_KEY: spec.fingerprint},
    )


def make_former_schema(schema: pa.Schema) -> pa.Schema:
    """Make the schema of parts from before there were frames and etags."""
    fields = [field for field in schema if field.name not in _NEW_COLUMNS]
    return pa.schema(fields, metadata=schema.metadata)


def bring_up_to_date(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Add the columns that rows of former parts lack: they are of whole photos in files."""
    n = len(rows)
    added = {
        "frame": pack_values(np.zeros(n, dtype=np.int32), pa.int32()),
        "etag": pack_texts([None] * n),
    }
    columns = [
        rows[field.name] if field.name in rows.column_names else added[field.name]
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


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
        "frame": lambda: np.concatenate([batch.frames for batch in batches]),
        "region": lambda: np.concatenate([batch.regions for batch in batches]),
        "mtime_ns": lambda: np.concatenate([batch.mtime_ns for batch in batches]),
        "size_bytes": lambda: np.concatenate([batch.size_bytes for batch in batches]),
        "etag": lambda: pack_texts([None] * n),
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


def make_wanted_keys(
    paths: list[bytes],
    frames: FrameArray,
    regions: Float32Array,
    mtime_ns: IntArray,
    size_bytes: IntArray,
) -> pa.Array:
    """Make the look-up keys of n items of files as they are now.

    A key is equal to one of `make_stored_keys` where that row is a true one of the item.
    """
    return _join_keys(pack_bytes(paths), frames, regions, mtime_ns, size_bytes)


def make_stored_keys(stored: pa.Table) -> pa.Array:
    """Make the look-up keys of rows of the store, in their order."""
    paths = stored["path"].combine_chunks()
    if stored["etag"].null_count < len(stored):
        # No path has a NUL character, and no file an etag.
        etags = pc.fill_null(stored["etag"], "").combine_chunks().cast(pa.large_binary())
        paths = pc.binary_join_element_wise(paths, etags, pack_bytes([b"\0"] * len(paths)))
    fixed = (unpack(stored[name]) for name in ("frame", "region", "mtime_ns", "size_bytes"))
    return _join_keys(paths, *fixed)


def _join_keys(paths: pa.Array, *fixed: np.ndarray) -> pa.Array:
    """Join everything that a hit needs equal into one value for each item."""
    n = len(paths)
    tails = np.hstack([_view_bytes(values) for values in fixed])
    packed = pack_values(tails, pa.binary(tails.shape[1])).cast(pa.large_binary())
    return pc.binary_join_element_wise(paths, packed, pack_bytes([b""] * n))


def _view_bytes(values: np.ndarray) -> ByteArray:
    """View numbers, shape (n,) or (n, length), as the bytes of each, shape (n, n_bytes)."""
    n_bytes = values.dtype.itemsize * int(np.prod(values.shape[1:]))
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), n_bytes)


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
    places = np.hstack([_view_bytes(unpack(table[name])) for name in ("frame", "region")])
    parts = pack_values(places, pa.binary(places.shape[1]))
    items = pa.table({"path": table["path"], "part": parts, "time": table["written_ns"]})
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
