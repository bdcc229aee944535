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

from .columns import (
    KnownFeatures,
    decoder_version,
    keep_newest,
    make_empty_table,
    make_schema,
    make_stored_keys,
    make_table,
    make_wanted_keys,
    pack_flags,
    pack_texts,
    unpack,
)
from .errors import DamagedPartError, InvalidParameterError, StoreError, StoreWarning, warn_user
from .model import BoolArray, Cause, FeatureBatch, FeatureSpec, FileStats, IntArray
from .parts import PART_SUFFIX, TEMPORARY_SUFFIX, name_part, read_groups, read_part, write_part
from .paths import PathLike, sort_paths

# Changes with the columns of the parts; stores of different schemas lie side by side.
SCHEMA_VERSION = 2

CACHE_DIR_VARIABLE = "SMARTDOWNSAMPLE_CACHE_DIR"
ASIDE_SUFFIX = ".damaged"

# A part is written when this many rows wait or the first of them has waited this long.
_FLUSH_ROWS = 4096
_FLUSH_SECONDS = 10.0
# With more parts than this the small ones are merged.
_MAX_PARTS = 16
# A part this many times larger than all smaller ones together is left alone: rewriting it for
# every few new images would cost more than reading one part more.
_MERGE_RATIO = 4
# A temporary file lives for a second or so; one of this age belongs to a run that died.
_STALE_SECONDS = 3600.0
# A merge may remove a part between listing and reading; nobody merges this often in a row.
_READ_ATTEMPTS = 5

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


def choose_cache_dir(cache_dir: PathLike | None) -> Path:
    """Return the folder of the store that the caller names, else the default.

    Parameters
    ----------
    cache_dir : path, optional
        As the caller gave it.

    Returns
    -------
    Path
        It need not exist.

    Raises
    ------
    InvalidParameterError
        When it is no path.
    """
    if cache_dir is None:
        return default_cache_dir()
    try:
        named = os.fspath(cache_dir)
    except TypeError:
        named = ""
    if not named:
        msg = f"The 'cache_dir' parameter must be a folder's path. Got {cache_dir!r} instead."
        raise InvalidParameterError(msg)
    return Path(named)


def list_specs(cache_dir: Path) -> list[FeatureSpec]:
    """List the specs that a cache folder has stores of.

    Parameters
    ----------
    cache_dir : Path
        Folder of all stores.

    Returns
    -------
    list of FeatureSpec
        Of stores whose columns are those of this version.
    """
    folders = sorted((cache_dir / f"features-{SCHEMA_VERSION}").glob("*/"))
    specs = (FeatureSpec.from_fingerprint(folder.name) for folder in folders)
    return [spec for spec in specs if spec is not None]


def choose_merge(sizes: Sequence[int]) -> list[int]:
    """Choose which parts to merge into one.

    Parameters
    ----------
    sizes : sequence of int
        Bytes of each part.

    Returns
    -------
    list of int
        Places of the parts to merge; empty when there are few enough.

    Notes
    -----
    From the smallest on, a part joins while it is at most `_MERGE_RATIO` times as large as those
    before it together. Each merge of a row is into a part that is larger by a constant factor,
    so that n rows cost O(n log n) in all and a large store is not rewritten for a few images.
    """
    if len(sizes) <= _MAX_PARTS:
        return []
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    # At least so many that no more than the allowed number is left.
    n_merged = len(sizes) - _MAX_PARTS + 1
    total = sum(sizes[i] for i in order[:n_merged])
    while n_merged < len(sizes) and sizes[order[n_merged]] <= _MERGE_RATIO * total:
        total += sizes[order[n_merged]]
        n_merged += 1
    return sorted(order[:n_merged])


@dataclass(frozen=True)
class _Wanted:
    """What is looked up: paths, sorted, with their items and what the file system says of them."""

    paths: list[bytes]
    items: IntArray
    stats: FileStats
    retried: tuple[Cause, ...]

    def join(
        self, stored: pa.Table, is_known: BoolArray, columns: Sequence[str]
    ) -> tuple[pa.Table, IntArray]:
        """Take the rows, sorted by path, that are true of paths not known yet; say of which."""
        first = bisect.bisect_left(self.paths, stored["path"][0].as_py())
        last = bisect.bisect_right(self.paths, stored["path"][-1].as_py())
        near = first + np.flatnonzero(~is_known[first:last])
        current = _drop_outdated(stored, self.retried)
        items = self.items[near]
        rows = pc.index_in(
            make_wanted_keys(
                [self.paths[place] for place in near.tolist()],
                self.stats.mtime_ns[items],
                self.stats.size_bytes[items],
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
        keys: Sequence[bytes],
        stats: FileStats,
        columns: Sequence[str] | None = None,
        retried: Sequence[Cause] = (),
    ) -> KnownFeatures:
        """Find what is known of some items.

        Parameters
        ----------
        keys : sequence of bytes, length n
            Absolute paths.
        stats : FileStats
            Of the same items; items with a cause are neither known nor missed.
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
        is_file = np.ones(len(keys), dtype=np.bool_)
        is_file[list(stats.causes)] = False
        items = np.flatnonzero(is_file)
        items = items[sort_paths([keys[item] for item in items.tolist()])]
        wanted = _Wanted([keys[item] for item in items.tolist()], items, stats, tuple(retried))
        for _ in range(_READ_ATTEMPTS):
            try:
                return self._join_parts(wanted, columns or self.schema.names)
            except FileNotFoundError:  # merged between listing and reading
                continue
        return self._join_nothing(wanted, columns or self.schema.names)

    def _join_nothing(self, wanted: "_Wanted", columns: Sequence[str]) -> KnownFeatures:
        """Know nothing."""
        empty = make_empty_table(self.schema).select(columns)
        return KnownFeatures(empty, wanted.items[:0], np.sort(wanted.items))

    def _join_parts(self, wanted: "_Wanted", columns: Sequence[str]) -> KnownFeatures:
        """Find rows in all parts, the newest first."""
        is_known = np.zeros(len(wanted.items), dtype=np.bool_)
        tables, places = [make_empty_table(self.schema).select(columns)], [wanted.items[:0]]
        parts = self.list_parts() if self.cache_dir is not None and wanted.paths else []
        for part in reversed(parts):
            for rows, found in self._join_part(part, wanted, is_known, columns):
                is_known[found] = True
                tables.append(rows)
                places.append(found)
        known = wanted.items[np.concatenate(places)]
        return KnownFeatures(pa.concat_tables(tables), known, np.sort(wanted.items[~is_known]))

    def _join_part(
        self, part: Path, wanted: "_Wanted", is_known: BoolArray, columns: Sequence[str]
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
        """List the parts, oldest first.

        Returns
        -------
        list of Path
            Empty when there is no store yet, and, with a warning, when it cannot be listed.
        """
        try:
            names = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return []
        except OSError as error:
            self._warn(f"cannot be read ({error.strerror}); images are decoded again")
            return []
        return [self.folder / name for name in names if name.endswith(PART_SUFFIX)]

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
        (self.folder.parent / "CACHEDIR.TAG").write_text(_CACHE_TAG, encoding="utf-8")

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
