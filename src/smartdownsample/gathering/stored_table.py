"""The features that a store knows below a folder, as a table; no file is touched."""

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DamagedPartError, StoreError
from ..features import make_spec_for
from ..items import to_key
from ..options import MAX_PIXELS, ItemKind, ReadingOptions
from ..records import (
    BoolArray,
    Cause,
    ColumnFile,
    Failure,
    FeatureSpec,
    FeatureTable,
    PackedPaths,
    are_crops,
    encode_path,
    pack_bytes,
    pack_flags,
    read_cause,
    unpack,
    whole_photos,
)
from ..store import CacheDir, FeatureStore, StoredFolder, choose_cache_dir, fill_rows, list_specs
from .ordered_features import are_larger

# Another process may merge parts while they are read, but not this often in a row.
_READ_ATTEMPTS = 5


def open_stored(root: str, reading: ReadingOptions, kind: ItemKind) -> FeatureTable:
    """Make a table of the photos, or crops, that a store knows below a folder, in natural order.

    Paths begin as `root` is spelt. The rows lie in a file of the cache folder that has no name, or
    of the temporary folder where that one is read-only. Raises `StoreError` where nothing is known,
    or where the disk has no room.
    """
    spec, cache_dir = make_spec_for(reading), choose_cache_dir(reading.cache_dir)
    store = FeatureStore(spec, cache_dir)
    folder = StoredFolder(store, to_key(root))
    n_attempts = 0
    while n_attempts < _READ_ATTEMPTS:
        try:
            table = _read_table(folder, root, store, kind, str(cache_dir))
        except FileNotFoundError:
            n_attempts += 1
        except DamagedPartError:
            continue  # it is left out from now on
        else:
            if not table.n_given:
                raise StoreError(_describe_unknown(root, spec, cache_dir))
            return table
    msg = f"The feature store {str(cache_dir)!r} is being changed all the time. Try again later."
    raise StoreError(msg)


def _describe_unknown(root: str, spec: FeatureSpec, cache_dir: CacheDir) -> str:
    """Say that a store knows nothing of a folder, and what features it has at all."""
    if isinstance(cache_dir, Path) and not cache_dir.is_dir():
        return (
            f"There is no folder {str(cache_dir)!r}, and so no feature store. Correct the cache "
            "folder, or call ImageIndex.build of the images first."
        )
    others = [each.fingerprint for each in list_specs(cache_dir)]
    has = f"It has features of {', '.join(others)}" if others else "It is empty"
    return (
        f"The feature store {str(cache_dir)!r} knows no image below {root!r} with features of "
        f"{spec.fingerprint}. {has}. Call ImageIndex.build of the images first."
    )


def _read_table(
    folder: StoredFolder, root: str, store: FeatureStore, kind: ItemKind, place: str
) -> FeatureTable:
    """Read the rows of a folder into files that are mapped; `place` is the cache folder's."""
    spec = store.spec
    assert store.cache_dir is not None  # the caller has chosen one
    needed = ["path", "region", "cause", *(spec.row_dtype.names or ())]
    try:
        with ExitStack() as files:
            columns = _Columns(root, spec, kind, partial(_make_file, files, store.cache_dir))
            for rows in folder.read(needed):
                columns.add(rows)
            table = columns.to_feature_table()
    except (FileNotFoundError, DamagedPartError):
        raise
    except OSError as error:
        msg = (
            f"What the feature store {place!r} knows cannot be put in order ({error}). "
            "It takes some 200 bytes for each image on the disk of that folder."
        )
        raise StoreError(msg) from error
    if columns.n_others and not table.n_given:
        has, lacks, other = "crops", "whole photos", "crops"
        if kind == "crops":
            has, lacks, other = lacks, has, "photos"
        msg = (
            f"The feature store {place!r} knows {has} below {root!r}, and no {lacks}. "
            f"Take them with items={other!r}, or read the {lacks} first."
        )
        raise StoreError(msg)
    return table


def _make_file(files: ExitStack, cache_dir: Path, dtype: npt.DTypeLike) -> ColumnFile:
    """Make a file for a column, which is closed with the others; a map of it stays.

    It lies in the cache folder, or in the temporary folder where no file can be made there.
    """
    try:
        file = ColumnFile(dtype, cache_dir)
    except OSError as error:
        try:
            file = ColumnFile(dtype, tempfile.gettempdir())
        except OSError as other:
            msg = (
                f"No file can be made in {str(cache_dir)!r} ({error.strerror}) nor in the "
                f"temporary folder ({other.strerror}). Make one of them writable, or name "
                "another temporary folder (TMPDIR)."
            )
            raise StoreError(msg) from other
    return files.enter_context(closing(file))


class _Columns:
    """The columns of a table, while its rows come in; `make` makes a file for one."""

    def __init__(
        self,
        root: str,
        spec: FeatureSpec,
        kind: ItemKind,
        make: Callable[[npt.DTypeLike], ColumnFile],
    ) -> None:
        self._make = make
        self._takes_crops = kind == "crops"
        self.n_others = 0
        self._root_key = os.path.join(to_key(root), b"")
        self._root = encode_path(os.path.join(root, ""))
        self._spec = spec
        self._rows = make(spec.row_dtype)
        self._letters, self._ends = make(np.uint8), make(np.int64)
        self._ends.append(np.zeros(1, dtype=np.int64))
        self._indices = make(np.int64)
        # Only where there are crops: shares of the upright picture.
        self._regions: ColumnFile | None = None
        self._failures: list[Failure] = []
        self._n_given = 0

    def add(self, stored: pa.Table) -> None:
        """Add the rows of one kind of items, of the next ones of the store in natural order."""
        is_wanted = are_crops(unpack(stored["region"])) == self._takes_crops
        if not is_wanted.all():
            self.n_others += int((~is_wanted).sum())
            stored = stored.filter(pack_flags(is_wanted))
        paths = self._spell(stored["path"].combine_chunks())
        indices = self._n_given + np.arange(len(stored))
        self._n_given += len(stored)
        regions = unpack(stored["region"])
        rows = np.zeros(len(stored), dtype=self._spec.row_dtype)
        fill_rows(rows, stored)
        is_readable = unpack(pc.is_null(stored["cause"])) & ~are_larger(rows, regions, MAX_PIXELS)
        if not is_readable.all():
            self._add_failures(stored["cause"], paths, ~is_readable)
            rows, regions, indices = rows[is_readable], regions[is_readable], indices[is_readable]
            paths = paths.filter(pack_flags(is_readable))
        if self._regions is None and are_crops(regions).any():
            self._regions = self._make(np.float32)
            self._regions.append(whole_photos(self._rows.n_written)[1].ravel())
        if self._regions is not None:
            self._regions.append(regions.ravel())
        self._rows.append(rows)
        self._indices.append(indices)
        self._add_paths(paths)

    def _spell(self, keys: pa.LargeBinaryArray) -> pa.LargeBinaryArray:
        """Turn keys into paths that begin as the folder is spelt."""
        n = len(self._root_key)
        try:
            keys.cast(pa.large_string())
        except pa.ArrowInvalid:  # names that are no Unicode are encoded in two ways
            below = [os.fsdecode(key[n:]) for key in keys.to_pylist()]
            return pack_bytes([self._root + encode_path(path) for path in below])
        return pc.binary_replace_slice(keys, 0, n, self._root)

    def _add_paths(self, paths: pa.LargeBinaryArray) -> None:
        """Add the paths of readable items."""
        _, offsets, data = paths.buffers()
        ends = np.frombuffer(offsets, np.int64)[paths.offset : paths.offset + len(paths) + 1]
        self._ends.append(ends[1:] - ends[0] + self._letters.n_written)
        self._letters.append(np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]])

    def _add_failures(
        self, causes: pa.ChunkedArray, paths: pa.LargeBinaryArray, is_failed: BoolArray
    ) -> None:
        """Add the items that could not be used."""
        for place in np.flatnonzero(is_failed).tolist():
            name = causes[place].as_py()
            cause = Cause.TOO_LARGE if name is None else read_cause(name)
            path = PackedPaths(paths.slice(place, 1))[0]
            self._failures.append(Failure(path, cause))

    def to_feature_table(self) -> FeatureTable:
        """Make the table, when all rows are in."""
        n = self._rows.n_written
        frames, regions = whole_photos(n)
        if self._regions is not None:
            regions = self._regions.map().reshape(n, 4)
        return FeatureTable(
            spec=self._spec,
            paths=PackedPaths.of_columns(self._letters.map(), self._ends.map()),
            frames=frames,
            regions=regions,
            indices=self._indices.map(),
            rows=self._rows.map(),
            failures=tuple(self._failures),
            n_given=self._n_given,
            n_extracted=0,
            n_known=self._n_given,
        )
