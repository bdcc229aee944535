"""The feature store: what was decoded once is known from then on.

A store is a folder of Parquet parts, one folder per `FeatureSpec`. A part is written beside its
final name, synced and renamed, and never changed afterwards, so that a reader sees all of it or
nothing and any number of processes may append at once. A row is found only when path, region,
modification time and size are all equal: a changed file is simply not found.

This is the only room that writes features.
"""

import bisect
import os
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .columns import (
    KnownFeatures,
    decoder_version,
    keep_newest,
    make_schema,
    make_stored_keys,
    make_table,
    make_wanted_keys,
)
from .errors import StoreWarning, warn_user
from .model import FeatureBatch, FeatureSpec, FileStats

# Changes with the columns of the parts; stores of different schemas lie side by side.
SCHEMA_VERSION = 1

CACHE_DIR_VARIABLE = "SMARTDOWNSAMPLE_CACHE_DIR"

# A part is written when this many rows wait or the first of them has waited this long.
_FLUSH_ROWS = 4096
_FLUSH_SECONDS = 10.0
# Readers skip whole row groups by their range of paths; small groups skip more.
_ROW_GROUP_ROWS = 16_384
# More parts than this are merged into one.
_MAX_PARTS = 16
# A temporary file of this age belongs to a run that died.
_STALE_SECONDS = 24 * 3600.0
# A merge may remove a part between listing and reading; nobody merges this often in a row.
_READ_ATTEMPTS = 5

_PART_SUFFIX = ".parquet"
_TEMPORARY_SUFFIX = ".tmp"
_ASIDE_SUFFIX = ".unreadable"

_CACHE_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder holds features of images, kept by smartdownsample. It can be deleted.\n"
    "# For information about cache directory tags see https://bford.info/cachedir/\n"
)


def default_cache_dir() -> Path:
    """Return the folder of the store: ``SMARTDOWNSAMPLE_CACHE_DIR`` or the user's cache."""
    from_environment = os.environ.get(CACHE_DIR_VARIABLE)
    if from_environment:
        return Path(from_environment)
    from platformdirs import user_cache_path

    return user_cache_path("smartdownsample", appauthor=False)


class FeatureStore:
    """Known features of one spec, in a folder.

    Use it as a context manager: leaving writes what is still waiting, on errors as well.

    Parameters
    ----------
    spec : FeatureSpec
        What the features are.
    cache_dir : path, optional
        Folder of all stores. None keeps nothing and knows nothing.
    """

    def __init__(self, spec: FeatureSpec, cache_dir: Path | None) -> None:
        self.spec = spec
        self.cache_dir = cache_dir
        self.schema = make_schema(spec)
        self._waiting: list[pa.Table] = []
        self._waiting_since = 0.0
        self._is_writable = cache_dir is not None

    @property
    def folder(self) -> Path:
        """Folder of this spec's parts."""
        assert self.cache_dir is not None  # callers look at cache_dir first
        return self.cache_dir / f"features-{SCHEMA_VERSION}" / self.spec.fingerprint

    def __enter__(self) -> "FeatureStore":  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._flush()
        if kind is None and self._is_writable:
            self._compact()

    # ---------------------------------------------------------------- reading

    def look_up(self, keys: Sequence[bytes], stats: FileStats) -> KnownFeatures:
        """Find what is known of some items.

        Parameters
        ----------
        keys : sequence of bytes, length n
            Absolute paths.
        stats : FileStats
            Of the same items; items with a cause are neither known nor missed.

        Returns
        -------
        KnownFeatures
            Failures of another version of the decoder are misses: it may succeed now.
        """
        is_file = np.ones(len(keys), dtype=np.bool_)
        is_file[list(stats.causes)] = False
        items = np.flatnonzero(is_file)
        stored = self._read([keys[item] for item in items.tolist()])
        if not len(stored):
            return KnownFeatures(stored, np.zeros(0, dtype=np.int64), items)
        wanted = make_wanted_keys(
            [keys[item] for item in items.tolist()], stats.mtime_ns[items], stats.size_bytes[items]
        )
        present = make_stored_keys(stored)
        places = pc.index_in(wanted, value_set=present).fill_null(-1).to_numpy()
        is_known = places >= 0
        known = stored.take(pa.array(places[is_known]))
        return KnownFeatures(known, items[is_known], items[~is_known])

    def _read(self, keys: Sequence[bytes]) -> pa.Table:
        """Read the rows that may be of some paths."""
        if self.cache_dir is None or not keys:
            return self.schema.empty_table()
        wanted = sorted(keys)
        for _ in range(_READ_ATTEMPTS):
            tables = [self.schema.empty_table()]
            try:
                for part in self._list_parts():
                    table = self._read_part(part, wanted)
                    if table is not None:
                        tables.append(table)
            except FileNotFoundError:
                continue
            return _drop_outdated(pa.concat_tables(tables))
        return self.schema.empty_table()

    def _list_parts(self) -> list[Path]:
        """List the parts, oldest first."""
        try:
            names = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return []
        except OSError as error:
            self._warn(f"cannot be read ({error.strerror}); images are decoded again")
            return []
        return [self.folder / name for name in names if name.endswith(_PART_SUFFIX)]

    def _read_part(self, part: Path, wanted: Sequence[bytes] | None) -> pa.Table | None:
        """Read one part's row groups that may hold some of the sorted paths, None for all."""
        try:
            with pq.ParquetFile(part, page_checksum_verification=True) as file:
                if not file.schema_arrow.equals(self.schema):
                    self._set_aside(part, "it is not a part of this store")
                    return None
                groups = [
                    group
                    for group in range(file.num_row_groups)
                    if wanted is None or _may_hold(file.metadata.row_group(group), wanted)
                ]
                return file.read_row_groups(groups) if groups else None
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException) as error:
            if isinstance(error, OSError) and error.errno is not None:
                # The disk's fault, not the part's.
                self._warn(
                    f"has a part that cannot be read now ({error}); images are decoded again"
                )
            else:
                self._set_aside(part, str(error).splitlines()[0])
            return None

    def _set_aside(self, part: Path, reason: str) -> None:
        """Rename a part that cannot be used, so that it is met only once."""
        self._warn(
            f"has an unreadable part, {part.name!r} ({reason}); its images are decoded again"
        )
        try:
            part.rename(part.with_name(part.name + _ASIDE_SUFFIX))
        except OSError:
            return  # A read-only store: the part is met, and warned of, again.

    # ---------------------------------------------------------------- writing

    def append(self, batch: FeatureBatch) -> None:
        """Take in new features; now and then write them.

        Parameters
        ----------
        batch : FeatureBatch
            Rows that are no lasting facts are not kept.
        """
        if not self._is_writable or not batch.is_lasting.any():
            return
        if not self._waiting:
            self._waiting_since = time.monotonic()
        table = make_table(batch, self.schema).filter(pa.array(batch.is_lasting))
        self._waiting.append(table)
        n_waiting = sum(len(table) for table in self._waiting)
        if n_waiting >= _FLUSH_ROWS or time.monotonic() - self._waiting_since >= _FLUSH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        """Write the waiting rows as a part."""
        if self._waiting and self._is_writable:
            try:
                self._prepare_folder()
                self._write_part(pa.concat_tables(self._waiting))
            except OSError as error:
                self._is_writable = False
                self._warn(f"cannot be written ({error}); features are not kept")
        self._waiting.clear()

    def _prepare_folder(self) -> None:
        """Make the folder, marked as a cache so that backups and git pass over it."""
        if self.folder.is_dir():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        # In a folder of ours, since the caller's may be one that is backed up and tracked.
        (self.folder.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        (self.folder.parent / "CACHEDIR.TAG").write_text(_CACHE_TAG, encoding="utf-8")

    def _write_part(self, table: pa.Table) -> Path:
        """Write a part so that it exists either completely or not at all."""
        name = f"part-{time.time_ns():020d}-{uuid.uuid4().hex[:12]}{_PART_SUFFIX}"
        part = self.folder / name
        temporary = self.folder / (name + _TEMPORARY_SUFFIX)
        try:
            with open(temporary, "xb") as file:
                pq.write_table(
                    table.sort_by("path"),
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
        _sync_folder(self.folder)
        return part

    def _compact(self) -> None:
        """Merge the parts when they pile up; one process does it, the others go on."""
        if len(self._list_parts()) <= _MAX_PARTS:
            return
        from filelock import FileLock, Timeout

        try:
            with FileLock(self.folder / "compact.lock", timeout=0):
                self._merge_parts()
        except Timeout:
            return
        except OSError as error:
            self._warn(f"could not be compacted ({error}); it works on, with more files")

    def _merge_parts(self) -> None:
        """Replace all parts by one that has each item's newest row."""
        parts = self._list_parts()
        tables = [table for part in parts if (table := self._read_part(part, None)) is not None]
        self._write_part(keep_newest(pa.concat_tables([self.schema.empty_table(), *tables])))
        for part in parts:
            part.unlink(missing_ok=True)
        for leftover in self.folder.glob("*" + _TEMPORARY_SUFFIX):
            if time.time() - leftover.stat().st_mtime > _STALE_SECONDS:
                leftover.unlink(missing_ok=True)

    def _warn(self, what: str) -> None:
        warn_user(f"The feature store {str(self.folder)!r} {what}.", StoreWarning)


def _drop_outdated(stored: pa.Table) -> pa.Table:
    """Drop the failures of another version of the decoder."""
    is_readable = pc.is_null(stored["cause"])
    if pc.all(is_readable).as_py():
        return stored
    return stored.filter(pc.or_(is_readable, pc.equal(stored["decoder"], decoder_version())))


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
