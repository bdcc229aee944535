"""Columns of the store: their Arrow schema, and how feature batches become rows of it."""

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..items import encode_order_key
from ..records import (
    ByteArray,
    FeatureBatch,
    FeatureSpec,
    pack_bytes,
    pack_texts,
    pack_values,
    unpack,
)

# Key in the metadata of a part whose value is the fingerprint of its spec.
SPEC_KEY = b"smartdownsample.spec"

# Distributions whose versions decide what can be decoded.
_DECODERS = (
    "opencv-python-headless",
    "opencv-python",
    "opencv-contrib-python-headless",
    "pillow-heif",
    "pillow-jxl-plugin",
)
# Columns that parts of former schemas lack, the latest of these schemas first.
_LACKING = (("sharpness",), ("sharpness", "frame", "etag"))


@cache
def decoder_version() -> str:
    """Name the installed image decoders and their versions, without importing them."""
    # Imported here, since looking versions up takes longer than a small warm run.
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

    ``path`` and ``order_key`` are binary, since file names may be invalid Unicode. ``region`` is
    x, y, width and height as shares of the upright picture. ``etag`` is null for files; ``cause``
    is null for readable images.
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


def _column_type(field: np.dtype[np.generic]) -> pa.DataType:
    """Choose the Arrow type of a field: vectors of bytes as binary, other vectors as lists."""
    if field.subdtype is None:
        return pa.from_numpy_dtype(field)
    base, (length,) = field.subdtype
    return pa.binary(length) if base == np.uint8 else pa.list_(pa.from_numpy_dtype(base), length)


def make_former_schemas(schema: pa.Schema) -> list[pa.Schema]:
    """Make the schemas of parts from before there was sharpness, and before frames and etags."""
    return [
        pa.schema([field for field in schema if field.name not in lacking], schema.metadata)
        for lacking in _LACKING
    ]


def bring_up_to_date(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Add the columns that former rows lack: of frame 0 of a file, of unknown sharpness."""
    if rows.column_names == schema.names:
        return rows.replace_schema_metadata(schema.metadata)
    n = len(rows)
    added = {
        "frame": pack_values(np.zeros(n, dtype=np.int32), pa.int32()),
        "etag": pa.nulls(n, pa.string()),
        "sharpness": pack_values(np.zeros(n, dtype=np.uint8), pa.uint8()),
    }
    columns = [
        rows[field.name] if field.name in rows.column_names else added[field.name]
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def replace_paths(rows: pa.Table, paths: Sequence[bytes]) -> pa.Table:
    """Give rows other paths, and the matching order keys."""
    order_keys = [encode_order_key(path) for path in paths]
    for name, values in (("path", paths), ("order_key", order_keys)):
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), pack_bytes(values))
    return rows


def make_empty_table(schema: pa.Schema) -> pa.Table:
    """Make a table without rows."""
    return pa.Table.from_batches([], schema=schema)


def make_table(
    batches: Sequence[FeatureBatch], schema: pa.Schema, columns: Sequence[str] | None = None
) -> pa.Table:
    """Turn one or more batches into rows of the store, end to end; by default all columns.

    All batches are packed at once, since making an Arrow array is costly however short it is.
    """
    rows = np.concatenate([batch.rows for batch in batches])
    n = len(rows)
    others: dict[str, Callable[[], np.ndarray | pa.Array]] = {
        "path": lambda: pack_bytes([key for batch in batches for key in batch.keys]),
        "frame": lambda: np.concatenate([batch.frames for batch in batches]),
        "region": lambda: np.concatenate([batch.regions for batch in batches]),
        "mtime_ns": lambda: np.concatenate([batch.mtime_ns for batch in batches]),
        "size_bytes": lambda: np.concatenate([batch.size_bytes for batch in batches]),
        "etag": lambda: _pack_etags(batches),
        "order_key": lambda: pack_bytes([key for batch in batches for key in batch.order_keys]),
        "cause": lambda: pack_texts([cause and cause.name for b in batches for cause in b.causes]),
        "decoder": lambda: _name_decoders(batches),
        "written_ns": lambda: np.full(n, time.time_ns()),
    }
    wanted = schema if columns is None else pa.schema(map(schema.field, columns), schema.metadata)
    arrays = []
    for field in wanted:
        values = others[field.name]() if field.name in others else rows[field.name]
        is_packed = isinstance(values, pa.Array)
        arrays.append(values if is_packed else pack_values(values, field.type))
    return pa.Table.from_arrays(arrays, schema=wanted)


def _name_decoders(batches: Sequence[FeatureBatch]) -> pa.Array:
    """Name the decoders of each row."""
    names = [batch.decoders or decoder_version() for batch in batches]
    places = np.repeat(np.arange(len(batches)), [len(batch.rows) for batch in batches])
    return pack_texts(names).take(pack_values(places, pa.int64()))


def _pack_etags(batches: Sequence[FeatureBatch]) -> pa.Array:
    """Pack the etags of batches; null for files."""
    if all(batch.etags is None for batch in batches):
        return pa.nulls(sum(len(batch.keys) for batch in batches), pa.string())
    return pack_texts([etag for b in batches for etag in b.etags or [None] * len(b.keys)])


def view_bytes(values: np.ndarray) -> ByteArray:
    """View numbers, shape (n,) or (n, length), as the bytes of each, shape (n, n_bytes)."""
    n_bytes = values.dtype.itemsize * int(np.prod(values.shape[1:]))
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), n_bytes)


def digest_rows(rows: pa.Table) -> int:
    """Compute the CRC-32 of all columns' values, whatever their layout in memory or in a file."""
    digest = 0
    for column in rows.columns:
        for values in _list_values(column):
            digest = zlib.crc32(np.ascontiguousarray(values).view(np.uint8).data, digest)
    return digest


def _list_values(column: pa.ChunkedArray) -> Iterator[np.ndarray]:
    """Yield arrays that are the same for equal columns: validity, lengths of texts, values."""
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
