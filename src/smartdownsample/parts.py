"""A part of the feature store: one Parquet file, written whole, never changed, verified on reading.

A part is written beside its final name, synced and renamed: it exists either completely or not at
all. Parquet's own checksums cover neither page headers nor the footer, so a part also carries a
digest of each row group's decoded columns: what is read is what was written, or an error.
"""

import bisect
import json
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from .columns import digest_rows
from .errors import DamagedPartError

PART_SUFFIX = ".parquet"
TEMPORARY_SUFFIX = ".tmp"

# Readers skip whole row groups by their range of paths; small groups skip more.
_ROW_GROUP_ROWS = 8192
_DIGESTS_KEY = b"smartdownsample.digests"
# What Arrow makes of damaged bytes: errors of its own, and of text, numbers and memory.
_SIGNS_OF_DAMAGE = (
    pa.ArrowException,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    MemoryError,
    OverflowError,
)


def name_part(folder: Path) -> Path:
    """Name a new part of a folder; names are unique and sort by time."""
    return folder / f"part-{time.time_ns():020d}-{uuid.uuid4().hex[:12]}{PART_SUFFIX}"


def write_part(part: Path, table: pa.Table, metadata: dict[bytes, str] | None = None) -> None:
    """Write a part, so that it exists either completely or not at all.

    Parameters
    ----------
    part : Path
        The file, in an existing folder.
    table : pyarrow.Table
        Rows of the store, in any order; sorted by path in the part.
    metadata : dict, optional
        What the file should say of itself.

    Raises
    ------
    OSError
        When the file cannot be written; nothing is left of it then.
    """
    temporary = part.with_name(part.name + TEMPORARY_SUFFIX)
    ordered = table.sort_by("path").combine_chunks()
    digests = [
        digest_rows(ordered.slice(first, _ROW_GROUP_ROWS))
        for first in range(0, len(ordered), _ROW_GROUP_ROWS)
    ]
    marked = ordered.replace_schema_metadata(
        {_DIGESTS_KEY: json.dumps(digests), **(metadata or {})}
    )
    try:
        with open(temporary, "xb") as file:
            pq.write_table(
                marked,
                file,
                row_group_size=_ROW_GROUP_ROWS,
                compression="zstd",
                use_dictionary=["cause", "decoder", "region.list.element"],
                # Neighbouring paths share their beginnings.
                column_encoding={"path": "DELTA_BYTE_ARRAY", "order_key": "DELTA_BYTE_ARRAY"},
                write_page_checksum=True,
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, part)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(part.parent)


def read_part(part: Path, schema: pa.Schema, wanted: Sequence[bytes] | None = None) -> pa.Table:
    """Read the rows of a part that may be of some paths, and verify them.

    Parameters
    ----------
    part : Path
        A file.
    schema : pyarrow.Schema
        What a part of this store looks like.
    wanted : sequence of bytes, optional
        Sorted paths; row groups that can hold none of them are not read. None reads all.

    Returns
    -------
    pyarrow.Table
        With the schema given.

    Raises
    ------
    DamagedPartError
        When the file is no part of this store or does not hold what was written.
    OSError
        When the file is gone or the disk fails.
    """
    tables = list(read_groups(part, schema, wanted))
    return pa.concat_tables([schema.empty_table(), *tables])


def read_groups(
    part: Path, schema: pa.Schema, wanted: Sequence[bytes] | None = None
) -> Iterator[pa.Table]:
    """Read the rows of a part one row group after the other, see `read_part`.

    Parameters
    ----------
    part : Path
        A file.
    schema : pyarrow.Schema
        What a part of this store looks like.
    wanted : sequence of bytes, optional
        Sorted paths; None reads all.

    Yields
    ------
    pyarrow.Table
        Verified rows, sorted by path.

    Raises
    ------
    DamagedPartError
        When the file is no part of this store or does not hold what was written.
    OSError
        When the file is gone or the disk fails.
    """
    try:
        with pq.ParquetFile(part, page_checksum_verification=True) as file:
            digests = _read_digests(file, schema)
            for group in range(file.num_row_groups):
                if wanted is None or _may_hold(file.metadata.row_group(group), wanted):
                    yield _read_group(file, group, digests[group])
    except _SIGNS_OF_DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # The disk's fault, not the part's.
        reason = str(error).partition("\n")[0] or type(error).__name__
        msg = f"{part.name} is damaged ({reason})"
        raise DamagedPartError(msg) from error


def _read_digests(file: pq.ParquetFile, schema: pa.Schema) -> list[int]:
    """Read the digests of the row groups of a file that is a part."""
    metadata = file.schema_arrow.metadata or {}
    if not file.schema_arrow.equals(schema) or _DIGESTS_KEY not in metadata:
        msg = "its columns are not those of this store"
        raise ValueError(msg)
    digests: list[int] = json.loads(metadata[_DIGESTS_KEY])
    return digests


def _read_group(file: pq.ParquetFile, group: int, digest: int) -> pa.Table:
    """Read one row group and compare it with its digest."""
    rows = file.read_row_group(group).replace_schema_metadata(None)
    if digest_rows(rows) != digest:
        msg = f"row group {group} does not match its digest"
        raise ValueError(msg)
    return rows


def _may_hold(group: pq.RowGroupMetaData, wanted: Sequence[bytes]) -> bool:
    """Tell whether any of the sorted paths lies in the range of a row group."""
    statistics = group.column(0).statistics
    if statistics is None or not statistics.has_min_max:
        return True
    place = bisect.bisect_left(wanted, statistics.min)
    return place < len(wanted) and wanted[place] <= statistics.max


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where folders can be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
