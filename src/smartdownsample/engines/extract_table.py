"""Features of photos as a table, for pipelines that others run."""

import os
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..checks import shorten
from ..errors import InvalidParameterError
from ..features import choose_checked, is_trusted, make_spec
from ..items import split_folders, to_keys, to_text
from ..options import MAX_PIXELS, DecodeMode, PathLike, ReadingOptions
from ..pictures import Treatment, decoding_process
from ..records import (
    BoolArray,
    FeatureSpec,
    IntArray,
    pack_flags,
    pack_texts,
    pack_values,
    whole_photos,
)
from .chunk import extract_chunk
from .task import ExtractedChunk, Task

# Types of Arrow that Dask, Ray and Spark all have: no unsigned numbers, no lists of one length.
TABLE_SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("cause", pa.string()),
        ("mtime_ns", pa.int64()),
        ("size_bytes", pa.int64()),
        ("dhash", pa.binary()),
        ("ahash", pa.binary()),
        ("mean_rgb", pa.list_(pa.float32())),
        ("lab_layout", pa.binary()),
        ("width", pa.int64()),
        ("height", pa.int64()),
        ("flags", pa.int32()),
        ("captured", pa.timestamp("us")),
        ("sharpness", pa.int32()),
    ]
)
# What cannot be seen in a photo that could not be used.
_SEEN = TABLE_SCHEMA.names[TABLE_SCHEMA.names.index("dhash") :]


def extract_table(
    paths: Iterable[PathLike] | pa.Array | pa.ChunkedArray,
    *,
    hash_size: int = 8,
    decode: DecodeMode = "fast",
    max_pixels: int = MAX_PIXELS,
) -> pa.Table:
    """Compute the features of photos, one after the other, without asking or filling a store.

    This is what one worker of a pipeline does with its share of the photos, be it by
    ``ray.data.Dataset.map_batches``, ``dask.bag.Bag.map_partitions`` or ``mapInArrow`` of Spark.

    Parameters
    ----------
    paths : iterable of str or os.PathLike, or Arrow array of strings
        Photos, which this process can open; they may repeat.
    hash_size : int, default=8
        Side of the DHash in bits, 2 to 32.
    decode : {"fast", "exact", "preview"}, default="fast"
        How photos are decoded, see `smartdownsample.ImageIndex.build`. With ``preview``, photos of
        a folder are checked among those in `paths`: a folder that is divided among workers may be
        trusted by one and not by the other. Give each worker whole folders.
    max_pixels : int, default=2**28
        A photo with more pixels is not decoded.

    Returns
    -------
    pyarrow.Table
        A row for each path, in the order of `paths`. ``path`` is as given; ``cause`` is why the
        photo could not be used, a name of `smartdownsample.Cause`, or null; ``mtime_ns`` and
        ``size_bytes`` are of the file when it was read, 0 where it was not. The others are null
        where there is a cause: ``dhash`` and ``ahash``, packed bits; ``mean_rgb``, three levels of
        0 to 255; ``lab_layout``, 4×4×3 bytes; ``width`` and ``height`` of the upright picture, in
        pixels; ``flags``; ``captured``, local time of the camera, null where unknown;
        ``sharpness``, 0 where unknown. All types are such that Dask, Ray and Spark have them.

    Raises
    ------
    InvalidParameterError
        When an option is not allowed, or `paths` is a single path or holds anything but paths. A
        photo that cannot be used raises nothing.

    Examples
    --------
    >>> from smartdownsample.engines import extract_table
    >>> table = extract_table(["no-such-photo.jpg"])
    >>> table["cause"].to_pylist()
    ['MISSING']
    """
    reading = ReadingOptions(hash_size=hash_size, decode=decode, max_pixels=max_pixels)
    texts = list(_list_texts(paths))
    keys = to_keys(texts)
    spec = make_spec(reading.hash_size, reading.decode)
    with decoding_process():
        places, chunks = _extract_photos(keys, spec, reading.max_pixels)
    order = np.argsort(places, kind="stable")
    causes = [cause and cause.name for chunk in chunks for cause in chunk.causes]
    columns = {
        "path": pack_texts(texts),
        "cause": pack_texts([causes[i] for i in order.tolist()]),
    }
    for name in ("mtime_ns", "size_bytes"):
        values = np.concatenate([getattr(chunk, name) for chunk in chunks])[order]
        columns[name] = pack_values(values, pa.int64())
    rows = np.concatenate([chunk.rows for chunk in chunks])[order]
    is_usable = np.array([causes[i] is None for i in order.tolist()], dtype=np.bool_)
    for name in _SEEN:
        columns[name] = _pack_field(rows[name], TABLE_SCHEMA.field(name).type, is_usable)
    return pa.table(columns, schema=TABLE_SCHEMA)


def _list_texts(paths: object) -> Iterator[str]:
    """List paths as strings, or say what they should have been."""
    if isinstance(paths, (pa.Array, pa.ChunkedArray)):
        paths = paths.to_pylist()
    if isinstance(paths, (str, bytes)) or not isinstance(paths, Iterable):
        msg = (
            "The 'paths' parameter must be a list of paths, or a column of them. "
            f"Got {shorten(paths)} instead."
        )
        raise InvalidParameterError(msg)
    for path in paths:
        yield to_text(path, "A path")


def _extract_photos(
    keys: list[bytes], spec: FeatureSpec, max_pixels: int
) -> tuple[IntArray, list[ExtractedChunk]]:
    """Extract whole photos; returns the place of each row in `keys`, and the rows in chunks."""
    locations = [os.fsdecode(key) for key in keys]
    n = len(keys)
    task = Task(locations, [1] * n, *whole_photos(n), spec, None, max_pixels)
    if spec.decode != "preview":
        return np.arange(n), [extract_chunk(task)]
    folders = split_folders(keys)
    checks = [choose_checked(folder) for folder in folders]
    checked = np.concatenate([np.arange(0), *checks])
    task = task._replace(treatments=[Treatment.COMPARE] * n)
    first = extract_chunk(task.choose_files(checked.tolist()))
    flags = np.zeros(n, dtype=np.uint8)
    flags[checked] = first.rows["flags"]
    treatments = np.full(n, Treatment.DECODE)
    for folder, check in zip(folders, checks, strict=True):
        if is_trusted(flags[check]):
            treatments[folder] = Treatment.PREVIEW
    rest = np.setdiff1d(np.arange(n), checked)
    task = task._replace(treatments=list(map(Treatment, treatments.tolist())))
    second = extract_chunk(task.choose_files(rest.tolist()))
    return np.concatenate([checked, rest]), [first, second]


def _pack_field(values: np.ndarray, kind: pa.DataType, is_usable: BoolArray) -> pa.Array:
    """Pack a field of rows, shape (n,) or (n, length), into a column; null where not usable."""
    if pa.types.is_binary(kind):
        packed = pack_values(values, pa.binary(values.shape[1])).cast(kind)
    elif pa.types.is_list(kind):
        ends = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
        flat = pack_values(values.reshape(-1), kind.value_type)
        packed = pa.ListArray.from_arrays(pack_values(ends, pa.int32()), flat)
    elif pa.types.is_timestamp(kind):
        packed = pack_values(values.astype("datetime64[us]"), kind)
    else:
        packed = pack_values(values.astype(str(kind)), kind)
    return pc.if_else(pack_flags(is_usable), packed, pa.nulls(len(values), kind))
