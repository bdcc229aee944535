"""The thumbnails of earlier pages, in a SQLite file of the cache folder."""

import contextlib
import hashlib
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..errors import StoreWarning, warn_user

FILE_NAME = "thumbnails-1.sqlite"
# The pages of some ten collections, 0.4 GB at most.
_MAX_CACHED = 20_000
_TIMEOUT_S = 5.0


def name_thumbnail(key: bytes, mtime_ns: int, size_bytes: int, side_pixels: int) -> str:
    """Name the thumbnail of a file as it is now; `side_pixels` is the length of its longer side."""
    facts = b"\0".join([key, *(b"%d" % fact for fact in (mtime_ns, size_bytes, side_pixels))])
    return hashlib.sha256(facts).hexdigest()


def read_thumbnails(folder: Path | None, names: Sequence[str]) -> dict[str, bytes]:
    """Read JPEGs by name, and mark them as used; those that are not cached are left out."""
    if folder is None or not (folder / FILE_NAME).exists():
        return {}
    found: dict[str, bytes] = {}

    def read(database: sqlite3.Connection) -> None:
        for name in names:
            row = database.execute("SELECT jpeg FROM thumbnails WHERE name = ?", [name]).fetchone()
            if row is not None:
                found[name] = row[0]
        used = [(time.time_ns(), name) for name in found]
        database.executemany("UPDATE thumbnails SET used_ns = ? WHERE name = ?", used)

    _transact(folder, read)
    return found


def write_thumbnails(folder: Path | None, thumbnails: Mapping[str, bytes]) -> None:
    """Cache JPEGs by name, and drop those that have been unused for longest."""
    if folder is None or not thumbnails:
        return
    rows = [(name, jpeg, time.time_ns()) for name, jpeg in thumbnails.items()]

    def write(database: sqlite3.Connection) -> None:
        database.executemany("INSERT OR REPLACE INTO thumbnails VALUES (?, ?, ?)", rows)
        database.execute(
            "DELETE FROM thumbnails WHERE name NOT IN "
            "(SELECT name FROM thumbnails ORDER BY used_ns DESC LIMIT ?)",
            [_MAX_CACHED],
        )

    _transact(folder, write)


def _transact(folder: Path, work: Callable[[sqlite3.Connection], None]) -> None:
    """Do work in one transaction; when the file cannot be used, warn and go on without."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(folder / FILE_NAME, timeout=_TIMEOUT_S)
        with contextlib.closing(database), database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS thumbnails "
                "(name TEXT PRIMARY KEY, jpeg BLOB NOT NULL, used_ns INTEGER NOT NULL)"
            )
            work(database)
    except (OSError, sqlite3.Error) as error:
        warn_user(
            f"Thumbnails cannot be kept in {str(folder / FILE_NAME)!r} ({error}); "
            "the page is the same.",
            StoreWarning,
        )
