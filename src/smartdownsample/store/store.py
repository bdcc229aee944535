"""The feature store: features that were computed once are known from then on.

A store is a folder of Parquet parts, one folder per `FeatureSpec`. A part never changes once it
exists, so any number of processes may append and read at once. A row is found only when path,
frame, region, modification time and size are all equal, so a changed file is a miss.

A fault of the store neither ends a run nor changes its result: it gives a warning, and the images
are decoded again.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import numpy as np
import pyarrow as pa

from ..errors import DamagedPartError, StoreError, StoreWarning, warn_user
from ..options import ReadingOptions
from ..records import Cause, FeatureBatch, FeatureSpec, FileStats, IntArray, ItemList, pack_flags
from .bucket import MOST_ROWS, Bucket
from .cache_dir import CacheDir, choose_cache_dir
from .folder import (
    FILE_NAME,
    FORMER_SCHEMA_VERSIONS,
    PART_NAME,
    SCHEMA_VERSION,
    is_tagged,
    lock_parts,
    mark_folder,
)
from .look_up import KnownFeatures, KnownRows, Query, collect_rows, collect_tables
from .merging import choose_merge, keep_states
from .natural_reading import NaturalReader
from .part import (
    ASIDE_SUFFIX,
    TEMPORARY_SUFFIX,
    name_part,
    read_part,
    read_row_groups,
    remove_part,
    write_part,
)
from .patience import keep_trying
from .schema import make_empty_table, make_schema, make_table

# A part is written when this many rows wait, or the first of them has waited this long.
_FLUSH_ROWS = 4096
_FLUSH_SECONDS = 10.0
# Temporary files live for about a second; one this old belongs to a run that died.
_STALE_SECONDS = 3600.0
# Another process may merge parts between listing and reading, but not this often in a row.
_READ_ATTEMPTS = 5

_Made = TypeVar("_Made")


class FeatureStore:
    """The features of one spec that are known, in a cache folder; without one, none are.

    Use it as a context manager: leaving it writes the rows that still wait, after errors too.
    """

    def __init__(
        self,
        spec: FeatureSpec,
        cache_dir: CacheDir | None,
        *,
        whole_seconds: bool = False,
        merges_parts: bool = True,
    ) -> None:
        self.spec = spec
        self.bucket = cache_dir if isinstance(cache_dir, Bucket) else None
        # Of a bucket, where its copies lie.
        self.cache_dir = cache_dir.copies if isinstance(cache_dir, Bucket) else cache_dir
        self.whole_seconds = whole_seconds
        self.merges_parts = merges_parts
        self.schema = make_schema(spec)
        self._waiting: list[FeatureBatch] = []
        self._n_waiting = 0
        self._waiting_since = 0.0
        self.is_writable = cache_dir is not None
        self._is_marked = False

    @classmethod
    def of(cls, spec: FeatureSpec, reading: ReadingOptions) -> "FeatureStore":
        """Open the store that the options name; one that knows nothing where they want none."""
        return cls(
            spec,
            choose_cache_dir(reading.cache_dir) if reading.cache else None,
            whole_seconds=reading.whole_seconds,
            merges_parts=reading.merges_parts,
        )

    @property
    def folder(self) -> Path:
        """Folder of this spec's parts."""
        assert self.cache_dir is not None  # checked by the callers
        return self.cache_dir / f"features-{SCHEMA_VERSION}" / self.spec.fingerprint

    @property
    def place(self) -> str:
        """Where the parts are, for people."""
        return self.locate(self.folder)

    def locate(self, path: Path) -> str:
        """Return the path, or the URL, of a part or a folder of parts."""
        return str(path) if self.bucket is None else self.bucket.locate(path)

    def __enter__(self) -> "FeatureStore":  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Whoever interrupts a run does not wait for a disk, which is tried once more.
        try:
            self._flush(is_patient=kind is None)
        except KeyboardInterrupt:
            self._flush(is_patient=False)
            raise
        if kind is None and self.is_writable and self.merges_parts:
            self.compact()

    def look_up(
        self,
        items: ItemList,
        stats: FileStats,
        columns: Sequence[str] | None = None,
        retried: Sequence[Cause] = (),
    ) -> KnownFeatures:
        """Find the rows of some items, in natural order; by default with all columns.

        Items whose file has a cause in `stats` are neither known nor missed. A failure is a miss
        when its cause is among `retried`, or when another version of the decoder met it.
        """
        query = Query.of(items, stats, retried, whole_seconds=self.whole_seconds)
        nothing = make_empty_table(self.schema).select(columns or self.schema.names)
        collect = partial(collect_tables, query, nothing=nothing)
        return self._find(query, nothing.column_names, collect)

    def look_up_rows(
        self, items: ItemList, stats: FileStats, retried: Sequence[Cause] = ()
    ) -> KnownRows:
        """Find the features of some items as `look_up` does; memory holds little beside them."""
        query = Query.of(items, stats, retried, whole_seconds=self.whole_seconds)
        row_dtype = self.spec.row_dtype
        collect = partial(collect_rows, query, row_dtype=row_dtype)
        return self._find(query, ["cause", *(row_dtype.names or ())], collect)

    def _find(
        self,
        query: Query,
        columns: Sequence[str],
        collect: Callable[[Iterator[tuple[pa.Table, IntArray]]], _Made],
    ) -> _Made:
        """Collect what the parts know of items; nothing where parts vanish again and again."""
        reader = NaturalReader(self.schema, self.pass_over)
        n_attempts = 0
        while n_attempts < _READ_ATTEMPTS and len(query.items) and self.cache_dir is not None:
            try:
                return collect(query.find(reader, self.list_readable(), columns))
            except FileNotFoundError:  # merged between listing and reading
                n_attempts += 1
            except DamagedPartError:
                continue  # it is left out from now on
        return collect(iter(()))

    def map_rows(
        self, use: Callable[[pa.Table], _Made], wanted: Sequence[bytes] | None = None
    ) -> list[_Made]:
        """Call a function for some rows at a time, sorted by path, until it has seen all.

        Those of sorted paths that are `wanted` are among them, by default all rows. Parts that
        cannot be read are left out, with a warning.
        """
        for _ in range(_READ_ATTEMPTS):
            try:
                made = [self._map_part(part, use, wanted) for part in self.list_readable()]
                return list(chain.from_iterable(made))
            except FileNotFoundError:  # merged between listing and reading
                continue
        msg = f"The parts of {self.place!r} vanish while they are read. Try again later."
        raise StoreError(msg)

    def _map_part(
        self, part: Path, use: Callable[[pa.Table], _Made], wanted: Sequence[bytes] | None
    ) -> list[_Made]:
        """Use the rows of one part; none, with a warning, when any of it cannot be read."""
        try:
            return [use(rows) for rows in read_row_groups(part, self.schema, wanted)]
        except FileNotFoundError:
            raise
        except OSError as error:
            self.pass_over(part, error)
        return []

    def pass_over(
        self, part: Path, error: OSError, what_follows: str = "are decoded again"
    ) -> None:
        """Warn of a part that cannot be read, and put a damaged one aside; say what follows."""
        if isinstance(error, DamagedPartError):
            self.set_aside(part, error, what_follows)
            return
        # The disk's fault, not the part's: it stays in place.
        self.warn(
            f"has a part that cannot be read now ({error}); its images {what_follows}", part.parent
        )

    def list_readable(self) -> list[Path]:
        """List the parts of former schemas, then those of this one."""
        *former, own = self.list_folders()
        if self.bucket is not None:
            self._bring(self.bucket, [own, *former])
        there = filter(os.path.isdir, former)
        return [*chain.from_iterable(map(self._list_folder, there)), *self.list_parts()]

    def list_folders(self) -> list[Path]:
        """List the folders for parts of former schemas, then that for those of this one."""
        assert self.cache_dir is not None  # checked by the callers
        stores = (self.cache_dir / f"features-{version}" for version in FORMER_SCHEMA_VERSIONS)
        return [*(store / self.folder.name for store in stores), self.folder]

    def _bring(self, bucket: Bucket, folders: Sequence[Path]) -> None:
        """Bring parts here; those that were brought before are used in any case."""
        try:
            for folder in folders:
                bucket.bring(folder)
        except OSError as error:
            self.warn(f"cannot be read in full ({error}); images are decoded again")

    def list_parts(self) -> list[Path]:
        """List the parts, oldest first; none, with a warning, when they cannot be listed.

        Of a bucket, those that `list_readable` has brought here.
        """
        return self._list_folder(self.folder)

    def _list_folder(self, folder: Path) -> list[Path]:
        """List the parts in a folder, oldest first."""
        try:
            with os.scandir(folder) as entries:
                found = {each.name: each for each in entries if PART_NAME.fullmatch(each.name)}
                others = [name for name, entry in found.items() if not entry.is_file()]
        except FileNotFoundError:
            return []
        except OSError as error:
            self.warn(f"cannot be read ({error.strerror}); images are decoded again", folder)
            return []
        if others:
            self.warn(f"has {min(others)!r}, which is no file and is passed over", folder)
        return [folder / name for name in sorted({*found}.difference(others))]

    def list_ours(self, suffix: str) -> list[Path]:
        """List the files of a kind that this package leaves in the folder."""
        found = self.folder.glob("*" + suffix)
        return [path for path in found if FILE_NAME.fullmatch(path.name)]

    def set_aside(
        self, part: Path, error: DamagedPartError, what_follows: str = "are decoded again"
    ) -> None:
        """Rename a damaged part, so that it is met only once; say what follows for its images.

        Raises `FileNotFoundError` where only the copy of a part of a bucket was damaged: it is gone
        now, and is brought anew.
        """
        if self.bucket is not None:
            self.bucket.set_aside(part)
        self.warn(
            f"has a part that cannot be used: {error}; its images {what_follows}", part.parent
        )
        if self.bucket is not None or not is_tagged(part.parent.parent):
            return  # Done; or perhaps not ours, and the next run warns again.
        with suppress(OSError):  # Gone; or the store is read-only, and the next run warns again.
            part.rename(part.with_name(part.name + ASIDE_SUFFIX))

    def append(self, batch: FeatureBatch) -> None:
        """Add the lasting rows of a batch; they are written when enough of them wait."""
        if not self.is_writable or not batch.is_lasting.any():
            return
        if not self._waiting:
            self._waiting_since = time.monotonic()
        self._waiting.append(batch)
        self._n_waiting += int(batch.is_lasting.sum())
        is_long = time.monotonic() - self._waiting_since >= _FLUSH_SECONDS
        if is_long or self._n_waiting >= _FLUSH_ROWS:
            self._flush()

    def add_rows(self, rows: pa.Table) -> None:
        """Write rows of another store; raises `StoreError` when that fails."""
        # Of a bucket no part may take too long.
        n = len(rows) if self.bucket is None else MOST_ROWS
        try:
            for start in range(0, len(rows), max(n, 1)):
                self._write_part(rows.slice(start, n), is_patient=True)
        except OSError as error:
            msg = (
                f"The feature store {self.place!r} cannot be written ({error}). Name as cache_dir "
                "(--cache-dir) a folder that may be written to and has room."
            )
            raise StoreError(msg) from error

    def _flush(self, *, is_patient: bool = True) -> None:
        """Write the waiting rows as a part."""
        if self._waiting and self.is_writable:
            is_lasting = np.concatenate([batch.is_lasting for batch in self._waiting])
            rows = make_table(self._waiting, self.schema).filter(pack_flags(is_lasting))
            try:
                self._write_part(rows, is_patient=is_patient)
            except OSError as error:
                self.is_writable = False
                self.warn(f"cannot be written ({error}); features are not kept")
        self._waiting.clear()
        self._n_waiting = 0

    def _write_part(self, rows: pa.Table, *, is_patient: bool) -> None:
        """Write rows as a part, where parts are; raises `OSError`."""

        def write() -> None:
            if self.bucket is not None:
                self.bucket.write(self.folder, rows, is_patient=is_patient)
                return
            self.prepare_folder()
            write_part(name_part(self.folder), rows)

        keep_trying(write) if is_patient else write()

    def prepare_folder(self) -> None:
        """Make the folder, in one that is marked as ours."""
        # Not the cache folder itself, which the caller may want backed up and tracked.
        if not self._is_marked or not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            mark_folder(self.folder.parent)
            self._is_marked = True

    def compact(self) -> None:
        """Merge parts when there are many, and remove what dead runs left behind.

        Does nothing while another process is at it, and only warns when it fails. In a bucket no
        parts are merged.
        """
        try:
            if self.bucket is not None:
                self.remove_leftovers()
                return
            merged = self._choose_merge()
            if not merged or not is_tagged(self.folder.parent):
                return
            with lock_parts(self.folder) as is_ours:
                while is_ours and merged and self._merge_parts(merged):
                    merged = self._choose_merge()
                if is_ours:
                    self.remove_leftovers()
        except FileNotFoundError:
            return  # Another process has merged them since they were listed.
        except OSError as error:
            self.warn(f"could not be compacted ({error}); it works on, with more files")

    def _choose_merge(self) -> list[Path]:
        """List the parts to merge into one."""
        parts = self.list_parts()
        return [parts[i] for i in choose_merge([part.stat().st_size for part in parts])]

    def _merge_parts(self, parts: Sequence[Path]) -> bool:
        """Replace parts by one that has each state of each item once; tell whether all are gone."""
        tables = {}
        for part in parts:
            try:
                tables[part] = read_part(part, self.schema)
            except DamagedPartError as error:
                self.set_aside(part, error)
        if len(tables) > 1:
            write_part(name_part(self.folder), keep_states(pa.concat_tables(tables.values())))
            for part in tables:
                remove_part(part)
        # Some stay where damaged ones cannot be renamed or, on Windows, are being read.
        return not any(map(os.path.exists, parts))

    def remove_leftovers(self) -> None:
        """Remove the temporary files of runs that died."""
        for leftover in self.list_ours(TEMPORARY_SUFFIX):
            try:
                if time.time() - leftover.stat().st_mtime > _STALE_SECONDS:
                    remove_part(leftover)
            except FileNotFoundError:
                continue

    def warn(self, what: str, folder: Path | None = None) -> None:
        """Warn of something about the store, or about another folder of it."""
        place = self.locate(folder or self.folder)
        warn_user(f"The feature store {place!r} {what}.", StoreWarning)
