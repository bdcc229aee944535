"""The feature store: what was decoded once is known from then on.

A store is a folder of Parquet parts, one folder per `FeatureSpec`. Parts are never changed after
they appear, so that any number of processes may append and read at once. A row is found only when
path, region, modification time and size are all equal: a changed file is simply not found.

Nothing that goes wrong with the store ends a run or changes its result: it is warned of, and
images are decoded again.

This is the only room that writes features.
"""

import bisect
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..arrow import pack_flags, pack_texts, unpack
from ..errors import DamagedPartError, StoreError, StoreWarning, warn_user
from ..records import BoolArray, Cause, FeatureBatch, FeatureSpec, FileStats, IntArray, ItemList
from .folder import CACHE_TAG, FORMER_SCHEMA_VERSION, SCHEMA_VERSION
from .merging import choose_merge
from .part import PART_SUFFIX, TEMPORARY_SUFFIX, name_part, read_groups, read_part, write_part
from .schema import (
    KnownFeatures,
    decoder_version,
    keep_newest,
    make_empty_table,
    make_schema,
    make_stored_keys,
    make_table,
    make_wanted_keys,
)

ASIDE_SUFFIX = ".damaged"

# A part is written when this many rows wait or the first of them has waited this long.
_FLUSH_ROWS = 4096
_FLUSH_SECONDS = 10.0
# A temporary file lives for a second or so; one of this age belongs to a run that died.
_STALE_SECONDS = 3600.0
# A merge may remove a part between listing and reading; nobody merges this often in a row.
_READ_ATTEMPTS = 5


@dataclass(frozen=True)
class _Wanted:
    """What is looked up: items, sorted by path, and what the storage says of their files."""

    paths: list[bytes]
    places: IntArray
    items: ItemList
    stats: FileStats
    retried: tuple[Cause, ...]

    @classmethod
    def of(cls, items: ItemList, stats: FileStats, retried: Sequence[Cause]) -> "_Wanted":
        """List the items whose files are there."""
        is_file = np.ones(len(items.keys), dtype=np.bool_)
        is_file[list(stats.causes)] = False
        places = items.order[is_file[items.file_of[items.order]]]
        paths = [items.keys[file] for file in items.file_of[places].tolist()]
        return cls(paths, places, items, stats, tuple(retried))

    def join(
        self, stored: pa.Table, is_known: BoolArray, columns: Sequence[str]
    ) -> tuple[pa.Table, IntArray]:
        """Take the rows, sorted by path, that are true of items not known yet; say of which."""
        first = bisect.bisect_left(self.paths, stored["path"][0].as_py())
        last = bisect.bisect_right(self.paths, stored["path"][-1].as_py())
        near = first + np.flatnonzero(~is_known[first:last])
        current = _drop_outdated(stored, self.retried)
        places = self.places[near]
        files = self.items.file_of[places]
        rows = pc.index_in(
            make_wanted_keys(
                [self.paths[place] for place in near.tolist()],
                self.items.frames[places],
                self.items.regions[places],
                self.stats.mtime_ns[files],
                self.stats.size_bytes[files],
            ),
            value_set=make_stored_keys(current),
        )
        is_hit = pc.is_valid(rows)
        found = current.select(columns).take(rows.filter(is_hit))
        return found, near[unpack(is_hit)]


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
        self._waiting: list[FeatureBatch] = []
        self._n_waiting = 0
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
            self.compact()

    # ---------------------------------------------------------------- reading

    def look_up(
        self,
        items: ItemList,
        stats: FileStats,
        columns: Sequence[str] | None = None,
        retried: Sequence[Cause] = (),
    ) -> KnownFeatures:
        """Find what is known of some items.

        Parameters
        ----------
        items : ItemList
            What is looked up.
        stats : FileStats
            Of their files; items whose file has a cause are neither known nor missed.
        columns : sequence of str, optional
            Columns wanted, by default all.
        retried : sequence of Cause
            Failures that are not to be trusted this time.

        Returns
        -------
        KnownFeatures
            Failures of another version of the decoder are misses: it may succeed now.

        Notes
        -----
        Row group by row group, so that no more is in memory at a time than what is found, the
        group at hand and the next.
        """
        wanted = _Wanted.of(items, stats, retried)
        columns = columns or self.schema.names
        for _ in range(_READ_ATTEMPTS):
            try:
                return self._join_parts(wanted, columns)
            except FileNotFoundError:  # merged between listing and reading
                continue
        empty = make_empty_table(self.schema).select(columns)
        return KnownFeatures(empty, wanted.places[:0], np.sort(wanted.places))

    def _join_parts(self, wanted: _Wanted, columns: Sequence[str]) -> KnownFeatures:
        """Find rows in all parts, the newest first."""
        is_known = np.zeros(len(wanted.places), dtype=np.bool_)
        tables, found_places = [make_empty_table(self.schema).select(columns)], [wanted.places[:0]]
        parts = self._list_readable() if self.cache_dir is not None and wanted.paths else []
        for part in reversed(parts):
            for rows, found in self._join_part(part, wanted, is_known, columns):
                is_known[found] = True
                tables.append(rows)
                found_places.append(found)
        known = wanted.places[np.concatenate(found_places)]
        return KnownFeatures(pa.concat_tables(tables), known, np.sort(wanted.places[~is_known]))

    def _list_readable(self) -> list[Path]:
        """List the parts of this store, and before them those of the former schema."""
        former = self.folder.parents[1] / f"features-{FORMER_SCHEMA_VERSION}" / self.folder.name
        former_parts = self._list_folder(former) if former.is_dir() else []
        return [*former_parts, *self.list_parts()]

    def _join_part(
        self, part: Path, wanted: _Wanted, is_known: BoolArray, columns: Sequence[str]
    ) -> list[tuple[pa.Table, IntArray]]:
        """Find rows of one part; none, with a warning, when any of it cannot be read."""
        try:
            groups = read_groups(part, self.schema, wanted.paths)
            return [wanted.join(rows, is_known, columns) for rows in groups]
        except DamagedPartError as error:
            self._set_aside(part, error)
        except FileNotFoundError:
            raise
        except OSError as error:
            # The disk's fault, not the part's.
            self._warn(f"has a part that cannot be read now ({error}); images are decoded again")
        return []

    def list_parts(self) -> list[Path]:
        """List the parts, oldest first; none, with a warning, when they cannot be listed."""
        return self._list_folder(self.folder)

    def _list_folder(self, folder: Path) -> list[Path]:
        """List the parts in a folder, oldest first."""
        try:
            names = sorted(os.listdir(folder))
        except FileNotFoundError:
            return []
        except OSError as error:
            self._warn(f"cannot be read ({error.strerror}); images are decoded again")
            return []
        return [folder / name for name in names if name.endswith(PART_SUFFIX)]

    def _set_aside(self, part: Path, error: DamagedPartError) -> None:
        """Rename a part that cannot be used, so that it is met only once."""
        self._warn(f"has a part that cannot be used: {error}; its images are decoded again")
        try:
            part.rename(part.with_name(part.name + ASIDE_SUFFIX))
        except OSError:
            return  # Gone already, or a read-only store: it is met, and warned of, again.

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
        self._waiting.append(batch)
        self._n_waiting += int(batch.is_lasting.sum())
        is_long = time.monotonic() - self._waiting_since >= _FLUSH_SECONDS
        if is_long or self._n_waiting >= _FLUSH_ROWS:
            self._flush()

    def add_rows(self, rows: pa.Table) -> None:
        """Write rows that come from another store.

        Parameters
        ----------
        rows : pyarrow.Table
            With the columns of this store.

        Raises
        ------
        StoreError
            When they cannot be written.
        """
        try:
            self._prepare_folder()
            write_part(name_part(self.folder), rows)
        except OSError as error:
            msg = f"The feature store {str(self.folder)!r} cannot be written ({error})."
            raise StoreError(msg) from error

    def _flush(self) -> None:
        """Write the waiting rows as a part."""
        if self._waiting and self._is_writable:
            try:
                self._prepare_folder()
                is_lasting = np.concatenate([batch.is_lasting for batch in self._waiting])
                rows = make_table(self._waiting, self.schema).filter(pack_flags(is_lasting))
                write_part(name_part(self.folder), rows)
            except OSError as error:
                self._is_writable = False
                self._warn(f"cannot be written ({error}); features are not kept")
        self._waiting.clear()
        self._n_waiting = 0

    def _prepare_folder(self) -> None:
        """Make the folder, marked as a cache so that backups and git pass over it."""
        if self.folder.is_dir():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        # In a folder of ours, since the caller's may be one that is backed up and tracked.
        (self.folder.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        (self.folder.parent / "CACHEDIR.TAG").write_text(CACHE_TAG, encoding="utf-8")

    def compact(self) -> None:
        """Merge parts when they pile up, and drop what dead runs left behind.

        One process does it; the others go on, and so does this one when it is not possible.
        """
        parts = self.list_parts()
        try:
            merged = choose_merge([part.stat().st_size for part in parts])
            if not merged:
                return
            with self.lock() as is_ours:
                if is_ours:
                    self._merge_parts([parts[i] for i in merged])
                    self.remove_leftovers()
        except FileNotFoundError:
            return  # Another process has merged them, on a file system without locks.
        except (OSError, NotImplementedError) as error:  # the latter: locks that do not exist
            self._warn(f"could not be compacted ({error}); it works on, with more files")

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Hold the right to replace parts, without waiting for it.

        Yields
        ------
        bool
            Whether it is ours; False while another process holds it.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / "compact.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _merge_parts(self, parts: Sequence[Path]) -> None:
        """Replace some parts by one that has each item's newest row."""
        readable = []
        tables = [make_empty_table(self.schema)]
        for part in parts:
            try:
                tables.append(read_part(part, self.schema))
            except DamagedPartError as error:
                self._set_aside(part, error)
            else:
                readable.append(part)
        if readable:
            write_part(name_part(self.folder), keep_newest(pa.concat_tables(tables)))
        for part in readable:
            _remove(part)

    def remove_leftovers(self) -> None:
        """Remove the temporary files of runs that died."""
        for leftover in self.folder.glob("*" + TEMPORARY_SUFFIX):
            try:
                if time.time() - leftover.stat().st_mtime > _STALE_SECONDS:
                    _remove(leftover)
            except FileNotFoundError:
                continue

    def _warn(self, what: str) -> None:
        warn_user(f"The feature store {str(self.folder)!r} {what}.", StoreWarning)


def _drop_outdated(stored: pa.Table, retried: Sequence[Cause]) -> pa.Table:
    """Drop failures of another version of the decoder, and those to be tried again."""
    is_readable = pc.is_null(stored["cause"])
    if pc.all(is_readable).as_py():
        return stored
    names = pack_texts([cause.name for cause in retried])
    is_trusted = pc.and_(
        pc.is_in(stored["decoder"], value_set=pack_texts([decoder_version()])),
        pc.invert(pc.is_in(stored["cause"], value_set=names)),
    )
    return stored.filter(pc.or_(is_readable, is_trusted))


def _remove(path: Path) -> None:
    """Remove a file unless somebody did or, as on Windows, somebody reads it."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        return
