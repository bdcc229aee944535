"""Maintenance of a cache folder, while other runs may use it: info, verify, prune, clear."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import StoreError, StoreWarning, warn_user
from ..items import stat_files
from ..object_urls import is_remote
from ..options import PathLike
from ..records import BoolArray, FeatureSpec, IntArray, pack_flags, unpack
from .cache_dir import choose_cache_dir, list_specs
from .clearing import refuse_bucket
from .folder import TAG_NAME, is_tagged, lock_parts
from .look_up import rank_states
from .merging import find_newest
from .part import ASIDE_SUFFIX, name_part, read_part, write_part
from .schema import make_empty_table
from .store import FeatureStore

# What tells images and their states apart.
_STATE_COLUMNS = ["path", "frame", "region", "mtime_ns", "size_bytes", "written_ns", "cause"]


class StoreInfo(NamedTuple):
    """What is in one store.

    Attributes
    ----------
    folder : str
        Where new rows are written. Rows of a former schema, if any, lie in a folder beside it.
    spec : FeatureSpec
        What its features are.
    n_files : int
        How many files it knows.
    n_images : int
        How many images it knows: the files, and the parts of them that were read by their boxes.
    n_failures : int
        How many of the images could not be decoded.
    n_folders : int
        How many folders the files lie in.
    n_rows : int
        How many rows it has: one per image; and others, until the store is pruned, for other states
        of a file, and, until parts are merged, for images that two runs decoded at a time.
    n_parts : int
        How many Parquet files it consists of.
    size_bytes : int
        Size of all its files, including damaged parts that were set aside.
    """

    folder: str
    spec: FeatureSpec
    n_files: int
    n_images: int
    n_failures: int
    n_folders: int
    n_rows: int
    n_parts: int
    size_bytes: int


class Damage(NamedTuple):
    """A part of a store that does not hold what was written.

    Attributes
    ----------
    part : str
        The file.
    reason : str
        What is wrong with it.
    """

    part: str
    reason: str


def info(cache_dir: PathLike | None = None) -> list[StoreInfo]:
    """Describe the stores in a cache folder.

    Parameters
    ----------
    cache_dir : path, optional
        By default the folder that sampling uses.

    Returns
    -------
    list of StoreInfo
        One for each spec; none when the folder does not exist. The rows of damaged parts are not
        counted; `verify` lists these parts.
    """
    return [_describe_store(store) for store in _list_stores(cache_dir)]


def _describe_store(store: FeatureStore) -> StoreInfo:
    """Read a store's parts and count what they hold."""
    parts = store.list_readable()
    states = [rows for _, rows in _read_states(store, parts)]
    if store.bucket is not None and len(states) < len(parts):  # perhaps only copies are damaged
        _forget_copies(store)
        parts = store.list_readable()
        states = [rows for _, rows in _read_states(store, parts)]
    rows = pa.concat_tables([make_empty_table(store.schema).select(_STATE_COLUMNS), *states])
    images = rows.take(find_newest(rows))
    paths = pc.unique(images["path"]).to_pylist()
    return StoreInfo(
        folder=store.place,
        spec=store.spec,
        n_files=len(paths),
        n_images=len(images),
        n_failures=len(images) - images["cause"].null_count,
        n_folders=len(set(map(os.path.dirname, paths))),
        n_rows=len(rows),
        n_parts=len(parts),
        size_bytes=sum(map(_measure_folder, {store.folder, *(part.parent for part in parts)})),
    )


def _read_states(store: FeatureStore, parts: list[Path]) -> Iterator[tuple[Path, pa.Table]]:
    """Read what tells images and their states apart, of the parts that can be read."""
    for part in parts:
        try:
            yield part, read_part(part, store.schema).select(_STATE_COLUMNS)
        except OSError:
            continue  # left to the next run that reads it, which warns


def verify(cache_dir: PathLike | None = None) -> list[Damage]:
    """Check every byte of every part, and change nothing.

    Parameters
    ----------
    cache_dir : path, optional
        By default the folder that sampling uses.

    Returns
    -------
    list of Damage
        Empty when all is well. The next run sets a damaged part aside and decodes its images
        again.
    """
    return [damage for store in _list_stores(cache_dir) for damage in _find_damage(store)]


def _find_damage(store: FeatureStore) -> Iterator[Damage]:
    """Read every part of a store, and yield the damaged ones."""
    _forget_copies(store)
    for part in store.list_readable():
        try:
            read_part(part, store.schema)
        except FileNotFoundError:
            continue  # merged meanwhile
        except OSError as error:
            yield Damage(store.locate(part), str(error))


def _forget_copies(store: FeatureStore) -> None:
    """Have the parts of a bucket brought anew, not what was brought here of them before."""
    if store.bucket is not None:
        for folder in store.list_folders():
            store.bucket.forget(folder)


def prune(cache_dir: PathLike | None = None) -> int:
    """Forget images whose files are gone, and keep one row of each of the others.

    The one that describes the file as it is stays, else the newest. Other rows are of other states
    of files, and of images that two runs decoded at a time.
    Parts that were set aside go as well. A file counts as gone only when its folder exists and is
    not empty: an unplugged drive or an empty mount point is not a deletion. Objects of buckets and
    web servers are not asked for: their rows stay. Rows of a former
    schema are left alone.

    Parameters
    ----------
    cache_dir : path, optional
        By default the folder that sampling uses.

    Returns
    -------
    int
        How many rows were removed.

    Warns
    -----
    StoreWarning
        When a folder of stores lacks our tag; nothing is removed from it.

    Raises
    ------
    StoreError
        When another run is compacting the store; nothing was lost, try again later. When the cache
        folder is in a bucket, of which nothing is removed.
    """
    refuse_bucket(choose_cache_dir(cache_dir))
    return sum(_prune_store(store) for store in _list_stores(cache_dir))


def _prune_store(store: FeatureStore) -> int:
    """Rewrite the parts of a store that have rows too many; return how many rows went."""
    if not store.folder.is_dir():
        return 0
    if not is_tagged(store.folder.parent):
        warn_user(
            f"{str(store.folder.parent)!r} has no {TAG_NAME} of this package: nothing is removed "
            "there. The next run that keeps features there writes it, where there is none.",
            StoreWarning,
        )
        return 0
    with lock_parts(store.folder) as is_ours:
        if not is_ours:
            msg = f"The feature store {str(store.folder)!r} is being compacted. Try again later."
            raise StoreError(msg)
        n_removed = _drop_rows(store)
        for aside in store.list_ours(ASIDE_SUFFIX):
            aside.unlink(missing_ok=True)
        store.remove_leftovers()
    return n_removed


def _drop_rows(store: FeatureStore) -> int:
    """Drop rows of deleted files, and all but one row of each image; return how many."""
    parts = dict(_read_states(store, store.list_parts()))
    if not parts:
        return 0
    rows = pa.concat_tables(list(parts.values()))
    is_kept = np.zeros(len(rows), dtype=np.bool_)
    is_kept[_find_kept(rows)] = True
    is_kept &= ~_find_gone(rows["path"].to_pylist())
    ends = np.cumsum([len(states) for states in parts.values()])
    for part, is_kept_here in zip(parts, np.split(is_kept, ends[:-1]), strict=True):
        if is_kept_here.all():
            continue
        if is_kept_here.any():
            kept = read_part(part, store.schema).filter(pack_flags(is_kept_here))
            write_part(name_part(store.folder), kept)
        part.unlink(missing_ok=True)
    return int((~is_kept).sum())


def _find_kept(rows: pa.Table) -> IntArray:
    """Find the row of each image that describes the file as it is, else the newest."""
    newest = unpack(find_newest(rows))
    is_older = np.ones(len(rows), dtype=np.bool_)
    is_older[newest] = False
    contested = pc.unique(rows["path"].filter(pack_flags(is_older))).to_pylist()
    keys = [key for key in contested if not is_remote(os.fsdecode(key))]
    if not keys:
        return newest
    return unpack(find_newest(rows, rank_states(rows, keys, stat_files(keys))))


def _find_gone(paths: list[bytes]) -> BoolArray:
    """Tell of each path whether its file was deleted, as shape (n,)."""
    is_present: dict[bytes, bool] = {}
    is_gone = np.zeros(len(paths), dtype=np.bool_)
    for place, path in enumerate(paths):
        folder = os.path.dirname(path)
        if folder not in is_present:
            is_present[folder] = _has_entries(folder)
        is_gone[place] = is_present[folder] and not os.path.lexists(path)
    return is_gone


def _has_entries(folder: bytes) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(True for _ in entries)
    except OSError:
        return False


def _list_stores(cache_dir: PathLike | None) -> list[FeatureStore]:
    """Open the stores of a cache folder."""
    folder = choose_cache_dir(cache_dir)
    return [FeatureStore(spec, folder) for spec in list_specs(folder)]


def _measure_folder(folder: Path) -> int:
    """Add up the sizes of all files below a folder, in bytes; those that vanish have none."""
    size_bytes = 0
    for path in filter(Path.is_file, folder.rglob("*")):
        with suppress(FileNotFoundError):
            size_bytes += path.stat().st_size
    return size_bytes
