"""The thumbnails of earlier pages, in a SQLite file of the cache folder.

Whatever is wrong with the file, a page is the same: a thumbnail that is not exactly what was kept
is made again.
"""

import contextlib
import hashlib
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoreWarning, warn_user
from ..records import WHOLE, Cause, Region

if TYPE_CHECKING:
    import sqlite3

FILE_NAME = "thumbnails-2.sqlite"
# Tells our databases from others: "sdst" in ASCII (https://www.sqlite.org/pragma.html, see
# application_id). It stands in the bytes 68 to 71 of the file, the most significant first.
THUMBNAILS_ID = 0x73647374
# The pages of some collections, 0.4 GB of ordinary photos.
_MAX_CACHED = 20_000
# Far more than a thumbnail has.
_MAX_JPEG_BYTES = 1 << 20
_TIMEOUT_S = 5.0
_TABLE = (
    "CREATE TABLE thumbnails (name TEXT PRIMARY KEY, jpeg BLOB NOT NULL, crc32 INTEGER NOT NULL, "
    "used_ns INTEGER NOT NULL)"
)
_FIND = (
    "SELECT jpeg, crc32 FROM thumbnails "
    "WHERE name = ? AND typeof(jpeg) = 'blob' AND length(jpeg) <= ?"
)
_DROP = (
    "DELETE FROM thumbnails WHERE name NOT IN "
    "(SELECT name FROM thumbnails ORDER BY used_ns DESC LIMIT ?)"
)


def name_thumbnail(
    key: bytes, mtime_ns: int, size_bytes: int, side_pixels: int, region: Region = WHOLE
) -> str:
    """Name the thumbnail of a file as it is now; `side_pixels` is the length of its longer side."""
    facts = [mtime_ns, size_bytes, side_pixels]
    if region != WHOLE:
        facts += [round(share * 2**16) for share in region]
    named = b"\0".join([key, *(b"%d" % fact for fact in facts)])
    return hashlib.sha256(named).hexdigest()


def read_thumbnails(
    folder: Path | None, names: Sequence[str], side_pixels: int
) -> dict[str, bytes]:
    """Read JPEGs by name, and mark them as used; leave out those that are not cached, or damaged.

    None is longer than `side_pixels` on any side.
    """
    if folder is None or not (folder / FILE_NAME).exists():
        return {}
    found: dict[str, bytes] = {}

    def read(database: "sqlite3.Connection") -> None:
        if not _is_ours(database):
            return
        database.execute("BEGIN")
        for name in names:
            for jpeg, checksum in database.execute(_FIND, [name, _MAX_JPEG_BYTES]):
                if checksum == _checksum(name, jpeg) and _is_thumbnail(jpeg, side_pixels):
                    found[name] = jpeg
        database.execute("COMMIT")
        # Marked in a transaction of its own: when two pages want to go on from reading to writing,
        # one of them cannot.
        database.execute("BEGIN IMMEDIATE")
        used = [(time.time_ns(), name) for name in found]
        database.executemany("UPDATE thumbnails SET used_ns = ? WHERE name = ?", used)
        database.execute("COMMIT")

    _use(folder, read)
    return found


def write_thumbnails(folder: Path | None, thumbnails: Mapping[str, bytes]) -> None:
    """Cache JPEGs by name, and drop those that have been unused for longest."""
    if folder is None or not thumbnails:
        return
    rows = [
        (name, jpeg, _checksum(name, jpeg), time.time_ns()) for name, jpeg in thumbnails.items()
    ]

    def write(database: "sqlite3.Connection") -> None:
        database.execute("BEGIN IMMEDIATE")
        if not _is_ours(database):
            database.execute(f"PRAGMA application_id = {THUMBNAILS_ID}")
            database.execute(_TABLE)
            # Before anything is in it: what is cut short from now on is known as ours.
            database.execute("COMMIT")
            database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT OR REPLACE INTO thumbnails VALUES (?, ?, ?, ?)", rows)
        database.execute(_DROP, [_MAX_CACHED])
        database.execute("COMMIT")

    _use(folder, write)


def _checksum(name: str, jpeg: bytes) -> int:
    """Make the CRC-32 of a thumbnail; with the name, so that none is taken for another."""
    return zlib.crc32(jpeg, zlib.crc32(name.encode()))


def _is_thumbnail(jpeg: bytes, side_pixels: int) -> bool:
    """Tell whether bytes are a JPEG that is not too long on any side."""
    from ..pictures import read_header

    header = read_header(jpeg)
    if isinstance(header, Cause) or header.format != "JPEG":
        return False
    return min(header.upright_size) > 0 and max(header.upright_size) <= side_pixels


def _is_ours(database: "sqlite3.Connection") -> bool:
    """Tell whether a database has thumbnails; False for an empty one, an error for another's."""
    import sqlite3

    (n_tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (application,) = database.execute("PRAGMA application_id").fetchone()
    if n_tables and application != THUMBNAILS_ID:
        msg = "the file is another program's"
        raise sqlite3.DatabaseError(msg)
    return bool(n_tables)


def _use(folder: Path, work: Callable[["sqlite3.Connection"], None]) -> None:
    """Do work with the database; when it cannot be used, warn and go on without."""
    try:
        import sqlite3
    except ImportError as error:  # Python can be built without it
        _warn_unused(folder, error)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Without an isolation level, transactions are those that are begun here.
        database = sqlite3.connect(folder / FILE_NAME, timeout=_TIMEOUT_S, isolation_level=None)
        with contextlib.closing(database):
            work(database)
    # Messages about a damaged file can hold bytes of it, which Python fails to decode.
    except (OSError, UnicodeDecodeError, sqlite3.Error) as error:
        _warn_unused(folder, error)


def _warn_unused(folder: Path, error: Exception) -> None:
    warn_user(
        f"Thumbnails cannot be kept in {str(folder / FILE_NAME)!r} ({error}); "
        "the page is the same.",
        StoreWarning,
    )
