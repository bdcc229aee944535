"""Removing what this package keeps in a cache folder, and nothing else."""

import os
from contextlib import suppress
from pathlib import Path

from ..errors import StoreError, StoreWarning, warn_user
from ..options import PathLike
from ..records import FeatureSpec
from .bucket import Bucket
from .cache_dir import CacheDir, choose_cache_dir
from .folder import (
    COPIES_NAME,
    FILE_NAME,
    IGNORE_NAME,
    STORES_NAME,
    TAG_NAME,
    THUMBNAILS_MARK,
    THUMBNAILS_NAME,
    is_tagged,
)

# Files that are not ours and are named.
_MAX_NAMED = 5
# A database's first page, which tells what its tables are.
_START_BYTES = 4096
# Files that a program that was killed leaves beside its database.
_SQLITE_ENDS = ("-journal", "-wal", "-shm")


def refuse_bucket(cache_dir: CacheDir) -> Path:
    """Return a cache folder of this machine; of others nothing is removed."""
    if isinstance(cache_dir, Bucket):
        msg = (
            f"Nothing is removed from a bucket. Got {str(cache_dir)!r} as cache_dir. Bring what is "
            "to stay into another folder (cache merge), and delete this one as any objects."
        )
        raise StoreError(msg)
    return cache_dir


def clear(cache_dir: PathLike | None = None) -> int:
    """Remove all stores and thumbnails of a cache folder, of every version, and nothing else.

    Only files that this package made are removed, known by their names and by the tag in their
    folder. Whatever else lies among them stays, with its folders, and is named in a warning.

    Parameters
    ----------
    cache_dir : path, optional
        By default the folder that sampling uses.

    Returns
    -------
    int
        How many bytes were freed.

    Warns
    -----
    StoreWarning
        When something lies there that is not ours.

    Raises
    ------
    StoreError
        When the cache folder is in a bucket, of which nothing is removed.
    OSError
        When a file cannot be removed.
    """
    cleared = _Clearing()
    cleared.clear_folder(refuse_bucket(choose_cache_dir(cache_dir)))
    if cleared.foreign:
        listed = ", ".join(map(repr, sorted(cleared.foreign)[:_MAX_NAMED]))
        n_more = len(cleared.foreign) - _MAX_NAMED
        more = f" and {n_more:,} more" if n_more > 0 else ""
        warn_user(f"Not made by this package, so not removed: {listed}{more}.", StoreWarning)
    return cleared.size_bytes


class _Clearing:
    """What was removed, in bytes, and what was left because it is not ours."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self.foreign: list[str] = []

    def clear_folder(self, folder: Path) -> None:
        """Remove stores, thumbnails, and what was brought here of buckets."""
        for entry in _scan(folder):
            if STORES_NAME.fullmatch(entry.name):
                self.clear_stores(entry)
            elif THUMBNAILS_NAME.fullmatch(entry.name):
                self.clear_thumbnails(entry)
            elif COPIES_NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                self.clear_folder(Path(entry.path))
                _remove_empty_folder(entry.path)

    def remove(self, entry: os.DirEntry[str], *, is_ours: bool) -> None:
        """Remove a file if it is ours and a regular one."""
        if is_ours and entry.is_file(follow_symlinks=False):
            self.size_bytes += entry.stat(follow_symlinks=False).st_size
            os.unlink(entry.path)
        else:
            self.foreign.append(entry.path)

    def clear_thumbnails(self, entry: os.DirEntry[str]) -> None:
        """Remove a file of thumbnails, and what SQLite left beside it, if it is ours."""
        is_empty = not entry.stat(follow_symlinks=False).st_size  # as a full disk leaves it
        is_ours = is_empty or THUMBNAILS_MARK in _read_start(entry)
        self.remove(entry, is_ours=is_ours)
        for beside in _scan(os.path.dirname(entry.path)) if is_ours else ():
            if beside.name in {entry.name + end for end in _SQLITE_ENDS}:
                self.remove(beside, is_ours=True)

    def clear_stores(self, stores: os.DirEntry[str]) -> None:
        """Remove the stores of one version, if their folder has our tag."""
        if not stores.is_dir(follow_symlinks=False) or not is_tagged(Path(stores.path)):
            self.foreign.append(stores.path)
            return
        entries = _scan(stores.path)
        tags = [entry for entry in entries if entry.name in {TAG_NAME, IGNORE_NAME}]
        for entry in entries:
            is_store = FeatureSpec.from_fingerprint(entry.name) is not None
            if is_store and entry.is_dir(follow_symlinks=False):
                for file in _scan(entry.path):
                    self.remove(file, is_ours=FILE_NAME.fullmatch(file.name) is not None)
                _remove_empty_folder(entry.path)
            elif entry not in tags:
                self.foreign.append(entry.path)
        # The tag stays while anything else does.
        if len(_scan(stores.path)) == len(tags):
            for tag in tags:
                self.remove(tag, is_ours=True)
            _remove_empty_folder(stores.path)


def _scan(folder: Path | str) -> list[os.DirEntry[str]]:
    """List what is in a folder; nothing when it does not exist or cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _read_start(entry: os.DirEntry[str]) -> bytes:
    """Read the first bytes of a file; none of what is no regular file or cannot be read."""
    if not entry.is_file(follow_symlinks=False):
        return b""
    try:
        with open(entry.path, "rb") as file:
            return file.read(_START_BYTES)
    except OSError:
        return b""


def _remove_empty_folder(folder: str) -> None:
    with suppress(OSError):  # something is in it
        os.rmdir(folder)
