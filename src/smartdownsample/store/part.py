"""A part of the feature store: one Parquet file, written whole, never changed, verified when read.

A part is written to a temporary file beside it, synced and renamed, so it exists completely or not
at all. Parquet's own checksums cover neither page headers nor the footer. A part therefore carries
a checksum of its footer (the seal) and a digest of each row group's decoded columns.
"""

import bisect
import errno
import json
import os
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import DamagedPartError
from .row_checks import check_rows
from .schema import SPEC_KEY, bring_up_to_date, digest_rows, make_empty_table, make_former_schemas

_T = TypeVar("_T")

PART_SUFFIX = ".parquet"
TEMPORARY_SUFFIX, ASIDE_SUFFIX = ".tmp", ".damaged"

# Readers skip whole row groups by their range of paths; small groups skip more.
_ROW_GROUP_ROWS = _MAX_GROUP_ROWS = 8192
_DIGESTS_KEY = b"smartdownsample.digests"
_SEAL_BYTES = 4
# A Parquet file ends with the length of its footer and four magic bytes.
_TAIL_BYTES = 8
# What Arrow and the parsing of metadata raise on damaged bytes.
SIGNS_OF_DAMAGE = (
    pa.ArrowException,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    MemoryError,
    OverflowError,
    RecursionError,
)
# What a row group holds at most, before and after it is decompressed, and what a footer takes that
# describes a thousand of them.
_MAX_GROUP_BYTES = 2**28
_MAX_FOOTER_BYTES = 2**26
# What file systems answer that cannot sync folders, such as some network disks.
_NO_FOLDER_SYNC = frozenset((errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP))


def name_part(folder: Path) -> Path:
    """Make a new part's path; names are unique and sort by time."""
    return folder / f"part-{time.time_ns():020d}-{uuid.uuid4().hex[:12]}{PART_SUFFIX}"


def write_part(part: Path, table: pa.Table) -> None:
    """Write rows of the store, in any order, as a part sorted by path.

    The folder must exist. An `OSError` leaves nothing behind.
    """
    temporary = part.with_name(part.name + TEMPORARY_SUFFIX)
    try:
        with open(temporary, "x+b") as file:
            write_sealed(file, table)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, part)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(part.parent)


def write_sealed(file: BinaryIO, table: pa.Table) -> None:
    """Write the bytes of a part to an empty file."""
    ordered = table.sort_by("path").combine_chunks()
    digests = [
        digest_rows(ordered.slice(first, _ROW_GROUP_ROWS))
        for first in range(0, max(len(ordered), 1), _ROW_GROUP_ROWS)
    ]
    marked = ordered.replace_schema_metadata(
        {**(ordered.schema.metadata or {}), _DIGESTS_KEY: json.dumps(digests)}
    )
    pq.write_table(
        marked,
        file,
        row_group_size=_ROW_GROUP_ROWS,
        compression="zstd",
        use_dictionary=["cause", "decoder", "etag", "frame", "region.list.element"],
        # Neighbouring paths share their beginnings.
        column_encoding={"path": "DELTA_BYTE_ARRAY", "order_key": "DELTA_BYTE_ARRAY"},
        write_page_checksum=True,
    )
    _seal_footer(file)


def remove_part(part: Path) -> None:
    """Remove a file unless it is gone or, on Windows, being read."""
    try:
        part.unlink(missing_ok=True)
    except PermissionError:
        return


def read_part(part: Path, schema: pa.Schema) -> pa.Table:
    """Read and verify the rows of a part, as one table; see `read_row_groups`."""
    tables = list(read_row_groups(part, schema))
    return pa.concat_tables([make_empty_table(schema), *tables])


def read_row_groups(
    part: Path, schema: pa.Schema, wanted: Sequence[bytes] | None = None
) -> Iterator[pa.Table]:
    """Read and verify the row groups of a part, one after the other, sorted by path.

    `wanted` are sorted paths; row groups that can hold none of them are skipped. Raises
    `DamagedPartError` when the file is no part of this store, does not hold what was written, or
    holds what is never written (see `row_checks`), and `OSError` when it is gone or the disk fails.
    """
    with closing(OpenPart(part, schema)) as opened:
        groups = opened.list_groups()
        chosen = [each.number for each in groups if wanted is None or each.may_hold(wanted)]
        yield from read_ahead(opened.read, chosen)


class RowGroup(NamedTuple):
    """What the footer of a part tells of a row group: no path or order key is outside of these.

    The last path is None where the footer tells nothing.
    """

    number: int
    first_path: bytes
    last_path: bytes | None
    first_order_key: bytes

    def may_hold(self, paths: Sequence[bytes]) -> bool:
        """Tell whether any of some sorted paths lies in the row group's range of paths."""
        place = bisect.bisect_left(paths, self.first_path)
        if place == len(paths):
            return False
        return self.last_path is None or paths[place] <= self.last_path


class OpenPart:
    """A part whose row groups are read in any order; raises what `read_row_groups` does."""

    def __init__(self, part: Path, schema: pa.Schema) -> None:
        self._part, self._schema = part, schema
        with _finding_damage(part):
            with open(part, "rb") as sealed:
                check_seal(sealed)
            self._file = pq.ParquetFile(part, page_checksum_verification=True)
            try:
                self._digests = _read_digests(self._file, schema)
            except BaseException:
                self._file.close()  # Windows sets no file aside that is open
                raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def list_groups(self) -> list[RowGroup]:
        """List the row groups that are not empty."""
        with _finding_damage(self._part):
            names = self._file.schema.names
            at = names.index("order_key")
            described = map(self._file.metadata.row_group, range(self._file.num_row_groups))
            return [
                RowGroup(number, *_read_range(group, 0), _read_range(group, at)[0])
                for number, group in enumerate(described)
                if group.num_rows
            ]

    def read(self, number: int) -> pa.Table:
        """Read one row group and compare it with its digest."""
        with _finding_damage(self._part):
            # Without threads of Arrow's own: they gain nothing, and where none can be started, a
            # sound part would be taken for a damaged one.
            rows = self._file.read_row_group(number, use_threads=False)
            if digest_rows(rows) != self._digests[number]:
                msg = f"row group {number} does not match its digest"
                raise ValueError(msg)
            rows = bring_up_to_date(rows, self._schema)
            check_rows(rows)
            return rows


def _read_range(group: pq.RowGroupMetaData, place: int) -> tuple[bytes, bytes | None]:
    """Read the smallest and the largest value of a column of a row group, as far as it is told."""
    statistics = group.column(place).statistics
    is_told = statistics is not None and statistics.has_min_max
    return (statistics.min, statistics.max) if is_told else (b"", None)


@contextmanager
def _finding_damage(part: Path) -> Iterator[None]:
    """Raise `DamagedPartError` for what Arrow and the checks raise of a part."""
    try:
        yield
    except SIGNS_OF_DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # The disk's fault, not the part's.
        if isinstance(error, MemoryError):
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), str(part)) from error
        reason = str(error).partition("\n")[0] or type(error).__name__
        msg = f"{part.name} is damaged ({reason})"
        raise DamagedPartError(msg) from error


def _seal_footer(file: BinaryIO) -> None:
    """Insert a checksum before the footer, where Parquet readers do not look.

    Arrow trusts footers: damaged types can crash the process, damaged statistics hide rows.
    """
    footer = _read_footer(file)
    file.seek(-len(footer), os.SEEK_END)
    file.write(zlib.crc32(footer).to_bytes(_SEAL_BYTES, "little"))
    file.write(footer)


def check_seal(file: BinaryIO) -> None:
    """Raise `ValueError` unless a file's footer matches its checksum, before Arrow sees it."""
    footer = _read_footer(file)
    file.seek(-len(footer) - _SEAL_BYTES, os.SEEK_END)
    if int.from_bytes(file.read(_SEAL_BYTES), "little") != zlib.crc32(footer):
        msg = "its footer does not match its checksum"
        raise ValueError(msg)


def is_sealed(path: str) -> bool:
    """Tell whether a file is a part or a pack, by its seal and what its footer names."""
    try:
        with open(path, "rb") as file:
            check_seal(file)
            return SPEC_KEY in _read_footer(file)
    except (OSError, ValueError):
        return False


def _read_footer(file: BinaryIO) -> bytes:
    """Read a Parquet footer, including the length and the magic bytes at its end."""
    size_bytes = file.seek(0, os.SEEK_END)
    if size_bytes >= _TAIL_BYTES:
        file.seek(-_TAIL_BYTES, os.SEEK_END)
        length = int.from_bytes(file.read(4), "little") + _TAIL_BYTES
        if length + _SEAL_BYTES <= size_bytes and length <= _MAX_FOOTER_BYTES:
            file.seek(-length, os.SEEK_END)
            return file.read()
    msg = "it is cut off or no Parquet file"
    raise ValueError(msg)


def _read_digests(file: pq.ParquetFile, schema: pa.Schema) -> list[int]:
    """Read the digest of each row group, after checking that the part is of this store."""
    metadata = file.schema_arrow.metadata or {}
    is_ours = metadata.get(SPEC_KEY) == schema.metadata[SPEC_KEY]
    is_known = any(map(file.schema_arrow.equals, (schema, *make_former_schemas(schema))))
    if not (is_ours and is_known and _DIGESTS_KEY in metadata):
        msg = "its rows are not those of this store"
        raise ValueError(msg)
    digests: list[int] = json.loads(metadata[_DIGESTS_KEY])
    for group in range(file.num_row_groups):
        described = file.metadata.row_group(group)
        n_rows, n_bytes = described.num_rows, described.total_byte_size
        if not (0 <= n_rows <= _MAX_GROUP_ROWS and 0 <= n_bytes <= _MAX_GROUP_BYTES):
            msg = f"row group {group} claims {n_rows:,} rows and {n_bytes:,} bytes"
            raise ValueError(msg)
    return digests


def read_ahead(read: Callable[[_T], pa.Table], groups: Iterable[_T]) -> Iterator[pa.Table]:
    """Read row groups in order, the next one while the caller works on the last."""
    with ThreadPoolExecutor(1) as reader:
        coming: Future[pa.Table] | None = None
        for group in groups:
            current, coming = coming, reader.submit(read, group)
            if current is not None:
                yield current.result()
        if coming is not None:
            yield coming.result()


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where folders can be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)
