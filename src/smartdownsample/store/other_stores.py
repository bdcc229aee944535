"""Stores of other machines, brought into this one; the photos need not be there.

Rows move from one root to another, where the photos lie elsewhere. What is brought in does not
depend on the order of the stores, nor on how often they are brought in: of two rows of one state of
an image the newer one stays.
"""

import bisect
import ntpath
import os
import posixpath
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..display import count_noun
from ..errors import DamagedPartError, InvalidParameterError, StoreError, StoreWarning, warn_user
from ..features import FEATURE_VERSION
from ..items import check_root, to_key
from ..object_urls import is_remote
from ..options import PathLike
from ..records import IntArray, pack_flags, pack_values, unpack
from .cache_dir import CacheDir, choose_cache_dir, list_specs, read_cache_dir
from .folder import SCHEMA_VERSION, STORES_NAME
from .look_up import drop_outdated, make_state_keys
from .merging import find_states
from .part import read_row_groups
from .row_checks import check_relative_paths
from .schema import replace_paths
from .store import FeatureStore
from .upkeep import Damage

# Rows that are looked up and written at a time, some 200 MB of them.
_BATCH_ROWS = 2**19
# The other machine's clock may be ahead of this one's by as much, in nanoseconds.
_CLOCK_SLACK_NS = 24 * 3600 * 10**9
# The other machine may merge its parts meanwhile, but not this often in a row.
_READ_ATTEMPTS = 5
# How absolute paths of Windows begin.
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")

_Move = Callable[[pa.Table], pa.Table]


class Merged(NamedTuple):
    """What came of bringing stores in.

    Attributes
    ----------
    n_added : int
        Rows that were added.
    n_known : int
        Rows that were there already, or of which there were newer ones.
    n_outside : int
        Rows of images outside of the root that was to be moved; they were left out.
    n_to_retry : int
        Images that other versions of the decoders could not read; they are tried here.
    damage : tuple of Damage
        Parts that cannot be used; they were left out.
    """

    n_added: int
    n_known: int
    n_outside: int
    n_to_retry: int
    damage: tuple[Damage, ...]


def merge_stores(
    others: PathLike | Iterable[PathLike],
    *,
    from_root: PathLike | None = None,
    to_root: PathLike | None = None,
    cache_dir: PathLike | None = None,
) -> Merged:
    """Bring the features that other machines, or shards, have kept into the store.

    Every part is checked before it is used. The other stores are not changed, and no photo is
    looked at. Bringing a store in again adds nothing.

    Parameters
    ----------
    others : path, or iterable of paths
        Cache folders of the others, such as copies of them, or URLs of some in buckets.
    from_root, to_root : path, optional
        Folder that the photos lie in for the others, spelt as their system does, and for this
        machine. Features of images outside of it are left out. By default paths stay as they are.
    cache_dir : path, optional
        Folder of the store, by default the one that sampling uses.

    Returns
    -------
    Merged
        How many rows were added, and what was left out.

    Warns
    -----
    StoreWarning
        For a part that cannot be used, for features of another version, and for a folder without
        any.

    Raises
    ------
    InvalidParameterError
        When only one of the roots is given.
    StoreError
        When one of the others does not exist, when none of them holds features, when none of their
        images lies below `from_root`, or when the store cannot be written.
    """
    folders = _list_folders(others)
    move = _choose_move(from_root, to_root)
    merging = _Merging(choose_cache_dir(cache_dir), move)
    for folder in folders:
        merging.bring_in(folder)
    merged = merging.count()
    if merged.n_outside and not (merged.n_added or merged.n_known or merged.n_to_retry):
        msg = (
            f"None of the {count_noun(merged.n_outside, 'image')} lies below "
            f"{os.fspath(from_root or '')!r}; the first is {merging.first_outside!r}. Name as "
            "from_root (--from) the folder that holds them, as the other machine spells it."
        )
        raise StoreError(msg)
    if not any(merged):
        msg = (
            "There are no features to bring in: none of the folders holds any. Name them as "
            "cache_dir (--cache-dir) named them when images were decoded."
        )
        raise StoreError(msg)
    merging.compact()
    return merged


def _list_folders(others: PathLike | Iterable[PathLike]) -> list[CacheDir]:
    """List the cache folders to bring in, all of which must be there."""
    given = [others] if isinstance(others, (str, os.PathLike)) else list(others)
    folders = [read_cache_dir("others", each) for each in given]
    for folder in folders:
        if isinstance(folder, Path) and not folder.is_dir():
            msg = (
                f"There is no folder {str(folder)!r} to bring features in from. Name a folder as "
                "cache_dir (--cache-dir) names it; nothing was brought in."
            )
            raise StoreError(msg)
    return folders


def _choose_move(from_root: PathLike | None, to_root: PathLike | None) -> _Move:
    """Choose how rows are moved from one root to another."""
    if from_root is None and to_root is None:
        return _stay
    if from_root is None or to_root is None:
        lacking, name = ("from_root", "--from") if from_root is None else ("to_root", "--to")
        msg = (
            f"The '{lacking}' parameter ({name}) must be given with the other root: features move "
            "from one folder to another. Give both, or none."
        )
        raise InvalidParameterError(msg)
    prefix, separator = _read_root(check_root("from_root", from_root))
    base, own_separator = _read_root(check_root("to_root", to_root))
    return partial(
        _move_rows, prefix=prefix, separator=separator, base=base, own_separator=own_separator
    )


def _stay(rows: pa.Table) -> pa.Table:
    """Take all rows as they are."""
    return rows


def _read_root(root: str) -> tuple[bytes, bytes]:
    """Read a root of any system: what its paths begin with, and what separates their folders."""
    if is_remote(root):
        path, separator = to_key(root), b"/"
    elif os.name != "nt" and _DRIVE.match(root):
        path, separator = ntpath.normpath(root).encode("utf-8", "surrogatepass"), b"\\"
    elif os.name == "nt" and root.startswith("/"):
        path, separator = posixpath.normpath(root).encode("utf-8", "surrogateescape"), b"/"
    else:
        path, separator = to_key(root), os.fsencode(os.sep)
    return path if path.endswith(separator) else path + separator, separator


def _move_rows(
    rows: pa.Table, *, prefix: bytes, separator: bytes, base: bytes, own_separator: bytes
) -> pa.Table:
    """Take the rows whose images lie below a root, and put these below another."""
    paths = rows["path"].to_pylist()
    is_below = np.array([path.startswith(prefix) for path in paths], dtype=np.bool_)
    below = [path[len(prefix) :] for path, is_one in zip(paths, is_below, strict=True) if is_one]
    relative = [path.replace(separator, b"/") for path in below]
    check_relative_paths(relative)
    moved = [base + path.replace(b"/", own_separator) for path in relative]
    return replace_paths(rows.filter(pack_flags(is_below)), moved)


class _Merging:
    """Brings stores in, one after the other, and counts what comes of it."""

    def __init__(self, cache_dir: CacheDir, move: _Move) -> None:
        self._cache_dir = cache_dir
        self._move = move
        self._targets: dict[str, FeatureStore] = {}
        self._n_added = self._n_known = self._n_outside = self._n_to_retry = 0
        self._damage: list[Damage] = []
        self.first_outside = ""

    def bring_in(self, folder: CacheDir) -> None:
        """Bring in what one folder has."""
        specs = list_specs(folder)
        own = [spec for spec in specs if spec.version == FEATURE_VERSION]
        others = [spec.fingerprint for spec in specs if spec not in own]
        names = os.listdir(folder) if isinstance(folder, Path) else ()
        newer = filter(_is_newer, names)
        for name in [*others, *newer]:
            warn_user(
                f"{str(folder)!r} has features of another version, {name!r}, which this release "
                "does not use: they were left out.",
                StoreWarning,
            )
        if not own:
            warn_user(
                f"{str(folder)!r} holds no features that can be brought in. It must be a folder "
                f"that cache_dir (--cache-dir) named, in which features-{SCHEMA_VERSION} lies.",
                StoreWarning,
            )
        for spec in own:
            target = FeatureStore(spec, self._cache_dir)
            self._targets[spec.fingerprint] = target
            waiting: list[pa.Table] = []
            for rows in self._read_rows(FeatureStore(spec, folder)):
                waiting.append(rows)
                if sum(map(len, waiting)) >= _BATCH_ROWS:
                    self._add(target, pa.concat_tables(waiting))
                    waiting.clear()
            if waiting:
                self._add(target, pa.concat_tables(waiting))

    def _read_rows(self, store: FeatureStore) -> Iterator[pa.Table]:
        """Check each part of another store; yield its rows that belong here, a few at a time."""
        done: set[Path] = set()
        for _ in range(_READ_ATTEMPTS):
            for part in store.list_readable():
                if part in done:
                    continue
                try:
                    yield from self._read_part(store, part)
                except FileNotFoundError:  # merged, or brought here anew, since it was listed
                    break
                done.add(part)
            else:
                return
        msg = (
            f"The parts of {store.place!r} vanish while they are read. Bring a copy of the "
            "folder in, or wait until nobody writes there."
        )
        raise StoreError(msg)

    def _read_part(self, store: FeatureStore, part: Path) -> Iterator[pa.Table]:
        """Check a part, and yield its rows; none of one that cannot be used, which is noted."""
        try:
            # All of it is checked before the first rows are used.
            for rows in read_row_groups(part, store.schema):
                self._move(rows)
            groups = read_row_groups(part, store.schema)
            yield from map(self._take_rows, groups)
        except FileNotFoundError:
            raise
        except (OSError, ValueError) as error:
            if store.bucket is not None and isinstance(error, DamagedPartError):
                store.bucket.forget_damaged(part)
            self._note_damage(store, part, error)

    def _note_damage(self, store: FeatureStore, part: Path, error: OSError | ValueError) -> None:
        """Note and tell that a part is left out."""
        is_named = isinstance(error, DamagedPartError)
        reason = str(error) if is_named else f"{part.name} cannot be used ({error})"
        self._damage.append(Damage(store.locate(part), reason))
        warn_user(f"A part of {store.locate(part.parent)!r} was left out: {reason}.", StoreWarning)

    def _take_rows(self, rows: pa.Table) -> pa.Table:
        """Take the rows of a row group that are of use here, moved, and count the others."""
        moved = self._move(rows)
        if len(moved) < len(rows) and not self.first_outside:
            self.first_outside = os.fsdecode(rows["path"][0].as_py())
        self._n_outside += len(rows) - len(moved)
        useful = drop_outdated(moved)
        self._n_to_retry += len(moved) - len(useful)
        # Rows that claim to be of the future would stay for ever.
        times = unpack(useful["written_ns"])
        tamed = np.where(times > time.time_ns() + _CLOCK_SLACK_NS, 0, times)
        place = useful.schema.get_field_index("written_ns")
        return useful.set_column(place, useful.schema.field(place), pack_values(tamed, pa.int64()))

    def _add(self, target: FeatureStore, rows: pa.Table) -> None:
        """Add the rows that are newer than what the store knows of the same states."""
        newest = rows.take(pack_values(find_states(rows), pa.int64())).sort_by("path")
        is_new = unpack(newest["written_ns"]) > _find_times(target, newest)
        new = newest.filter(pack_flags(is_new))
        if len(new):
            target.add_rows(new)
        self._n_added += len(new)
        self._n_known += len(rows) - len(new)

    def compact(self) -> None:
        """Merge the parts of the store where there are many."""
        for target in self._targets.values():
            target.compact()

    def count(self) -> Merged:
        """Tell what came of it."""
        return Merged(
            self._n_added,
            self._n_known,
            self._n_outside,
            self._n_to_retry,
            tuple(self._damage),
        )


def _is_newer(name: str) -> bool:
    """Tell whether a folder is of stores with columns that this release does not know."""
    return STORES_NAME.fullmatch(name) is not None and int(name.split("-")[1]) > SCHEMA_VERSION


def _find_times(target: FeatureStore, rows: pa.Table) -> IntArray:
    """Find when the store last wrote each row's state, in nanoseconds; -1 where it never did.

    The rows are sorted by path, and no two of them are of one state.
    """
    keys, paths = make_state_keys(rows), rows["path"].to_pylist()

    def compare(stored: pa.Table) -> tuple[IntArray, IntArray]:
        """Find the rows whose state is stored, and when it was written."""
        first = bisect.bisect_left(paths, stored["path"][0].as_py())
        last = bisect.bisect_right(paths, stored["path"][-1].as_py())
        useful = drop_outdated(stored)
        places = pc.index_in(make_state_keys(useful), value_set=keys[first:last])
        is_found = pc.is_valid(places)
        return first + unpack(places.filter(is_found)), unpack(
            useful["written_ns"].filter(is_found)
        )

    times = np.full(len(rows), -1)
    for places, written in target.map_rows(compare, paths):
        np.maximum.at(times, places, written)
    return times
