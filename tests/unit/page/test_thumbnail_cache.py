"""Tests of smartdownsample.page.thumbnail_cache."""

import json
import os
import random
import sqlite3
import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pictures import encode_jpeg, make_pixels, write_collection, write_picture
from smartdownsample import ImageIndex, StoreWarning, cache
from smartdownsample.page import save_report, thumbnail_cache
from smartdownsample.page.thumbnail_cache import (
    FILE_NAME,
    THUMBNAILS_ID,
    name_thumbnail,
    read_thumbnails,
    write_thumbnails,
)

SIDE = 64
JPEGS = {f"{number:064x}": encode_jpeg(make_pixels(number)) for number in range(12)}
FIRST, *OTHERS = JPEGS
# Reads and writes thumbnails as pages do, with warnings as errors, as soon as it is told to.
PAGE = """
import json, sys
from pathlib import Path
from smartdownsample.page.thumbnail_cache import read_thumbnails, write_thumbnails

folder, jpegs = Path(sys.argv[1]), json.loads(sys.argv[2])
print("ready", flush=True)
for line in sys.stdin:
    names = json.loads(line)
    for name in names:
        read_thumbnails(folder, names, 64)
        write_thumbnails(folder, {name: bytes.fromhex(jpegs[name])})
    print("done", flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Cache some thumbnails."""
    write_thumbnails(tmp_path / "cache", JPEGS)
    return tmp_path / "cache"


def connect(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / FILE_NAME, isolation_level=None)


def list_cached(folder: Path) -> list[str]:
    with closing(connect(folder)) as database:
        return sorted(name for (name,) in database.execute("SELECT name FROM thumbnails"))


def test_what_is_cached_is_read_again(folder: Path, tmp_path: Path) -> None:
    """And nothing else; what is not there is no error."""
    assert read_thumbnails(folder, [*JPEGS, "other"], SIDE) == JPEGS
    assert read_thumbnails(folder, [FIRST], SIDE) == {FIRST: JPEGS[FIRST]}
    assert read_thumbnails(tmp_path / "elsewhere", [*JPEGS], SIDE) == {}
    assert not (tmp_path / "elsewhere").exists()


def test_without_a_folder_nothing_is_cached() -> None:
    """Neither written nor looked for."""
    write_thumbnails(None, JPEGS)
    assert read_thumbnails(None, [*JPEGS], SIDE) == {}


def test_the_file_says_whose_it_is(folder: Path) -> None:
    """In its header, for whoever clears a cache."""
    assert struct.unpack_from(">I", (folder / FILE_NAME).read_bytes(), 68) == (THUMBNAILS_ID,)


def test_another_path_time_or_size_is_another_thumbnail() -> None:
    """As with features."""
    facts = [(b"a", 1, 2, 160), (b"b", 1, 2, 160), (b"a", 2, 2, 160), (b"a", 1, 3, 160)]
    assert len({name_thumbnail(*fact) for fact in [*facts, (b"a", 1, 2, 80)]}) == 5


def test_those_used_last_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading counts as use."""
    monkeypatch.setattr(thumbnail_cache, "_MAX_CACHED", 3)
    a, b, c, d, *_ = JPEGS
    for name in (a, b, c):
        write_thumbnails(tmp_path, {name: JPEGS[name]})
    read_thumbnails(tmp_path, [a], SIDE)
    write_thumbnails(tmp_path, {d: JPEGS[d]})
    assert list_cached(tmp_path) == [a, c, d]


def seal(name: str, data: bytes) -> int:
    """Make the checksum that these bytes have to have."""
    return zlib.crc32(data, zlib.crc32(name.encode()))


@pytest.mark.parametrize(
    ("jpeg", "checksum"),
    [
        (JPEGS[FIRST].decode("latin-1"), None),
        (5, None),
        (JPEGS[FIRST], "text"),
        (JPEGS[FIRST], 0),
        (JPEGS[FIRST], 0.5),
        (JPEGS[FIRST], b"\0"),
        (JPEGS[FIRST][:-9], None),
        (JPEGS[OTHERS[0]], seal(OTHERS[0], JPEGS[OTHERS[0]])),
        *(
            (data, seal(FIRST, data))
            for data in (
                *(b"", os.urandom(500), b"\xff\xd8" + os.urandom(500), bytes(2**20 + 1)),
                *(b"\xff\xd8\xff\xd9", b"\x89PNG\r\n\x1a\n" + bytes(100)),
                encode_jpeg(make_pixels(1, SIDE + 1, 48)),
                encode_jpeg(make_pixels(1, 48, SIDE + 1)),
            )
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_thumbnail_that_is_not_what_was_kept_is_made_again(
    folder: Path, jpeg: object, checksum: object
) -> None:
    """Without a word, and the others are read. It replaces what was wrong."""
    with closing(connect(folder)) as database:
        database.execute("UPDATE thumbnails SET jpeg = ? WHERE name = ?", [jpeg, FIRST])
        if checksum is not None:
            database.execute("UPDATE thumbnails SET crc32 = ? WHERE name = ?", [checksum, FIRST])
        database.execute("UPDATE thumbnails SET used_ns = 'never'")
    known = read_thumbnails(folder, [*JPEGS], SIDE)
    assert known == {name: JPEGS[name] for name in OTHERS}
    write_thumbnails(folder, {FIRST: JPEGS[FIRST]})
    assert read_thumbnails(folder, [*JPEGS], SIDE) == JPEGS


def spoil(folder: Path, kind: str) -> None:
    """Put something else in the place of a database."""
    path = folder / FILE_NAME
    data = path.read_bytes()
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "columns":
        with closing(connect(folder)) as database:
            database.execute(f"PRAGMA application_id = {THUMBNAILS_ID}")
            database.execute("CREATE TABLE thumbnails (name TEXT, jpeg TEXT)")
    elif kind == "another program's":
        with closing(connect(folder)) as database:
            database.execute("CREATE TABLE birds (name TEXT)")
    else:
        path.write_bytes({"no database": b"text" * 1000, "cut off": data[:9000]}[kind])


@pytest.mark.parametrize(
    "kind", ["no database", "cut off", "folder", "columns", "another program's"]
)
def test_a_file_that_cannot_be_used_is_done_without(folder: Path, kind: str) -> None:
    """With a warning that names it; another program's file is left as it is."""
    spoil(folder, kind)
    before = None if kind == "folder" else (folder / FILE_NAME).read_bytes()
    with pytest.warns(StoreWarning, match=f"{FILE_NAME}.*the page is the same"):
        assert read_thumbnails(folder, [FIRST], SIDE) == {}
    with pytest.warns(StoreWarning, match=FILE_NAME):
        write_thumbnails(folder, JPEGS)
    assert before is None or (folder / FILE_NAME).read_bytes() == before


def test_an_empty_file_is_a_new_database(folder: Path) -> None:
    """As a run leaves that was killed when it had made it."""
    (folder / FILE_NAME).write_bytes(b"")
    assert read_thumbnails(folder, [FIRST], SIDE) == {}
    write_thumbnails(folder, JPEGS)
    assert read_thumbnails(folder, [*JPEGS], SIDE) == JPEGS


def test_a_locked_database_is_done_without(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while; when another page only writes, it is waited for."""
    monkeypatch.setattr(thumbnail_cache, "_TIMEOUT_S", 0.05)
    with closing(connect(folder)) as database:
        database.execute("BEGIN EXCLUSIVE")
        with pytest.warns(StoreWarning, match="locked"):
            assert read_thumbnails(folder, [FIRST], SIDE) == {}
        with pytest.warns(StoreWarning, match="locked"):
            write_thumbnails(folder, JPEGS)
    assert read_thumbnails(folder, [*JPEGS], SIDE) == JPEGS


def test_a_python_without_sqlite_goes_without(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As some systems build it, or with too little memory to load it."""
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with pytest.warns(StoreWarning, match="sqlite3"):
        assert read_thumbnails(folder, [FIRST], SIDE) == {}
    with pytest.warns(StoreWarning, match="sqlite3"):
        write_thumbnails(folder, JPEGS)


@pytest.mark.parametrize(
    "n_files", [60, pytest.param(1_500, marks=pytest.mark.long)], ids=["some", "many"]
)
def test_no_damage_gives_another_thumbnail(folder: Path, n_files: int) -> None:
    """Whichever bytes are damaged, what is read is what was kept."""
    generator = random.Random(3)
    data = (folder / FILE_NAME).read_bytes()
    n_found = 0
    for _ in range(n_files):
        spoilt = bytearray(data)
        for _ in range(generator.choice((1, 1, 20, 400))):
            spoilt[generator.randrange(len(data))] = generator.randrange(256)
        (folder / FILE_NAME).write_bytes(spoilt)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", StoreWarning)
            found = read_thumbnails(folder, [*JPEGS], SIDE)
            write_thumbnails(folder, {FIRST: JPEGS[FIRST]})
        assert found.items() <= JPEGS.items()
        n_found += len(found)
        for path in folder.glob(FILE_NAME + "-*"):
            path.unlink()
    assert 0 < n_found < n_files * len(JPEGS)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[list["subprocess.Popen[str]"]]:
    """Start processes that read and write thumbnails of one folder."""
    task = [str(tmp_path / "cache"), json.dumps({name: JPEGS[name].hex() for name in JPEGS})]
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PAGE, *task],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        for _ in range(3)
    ]
    yield processes
    for process in processes:
        _, told = process.communicate(timeout=60)
        assert (process.returncode, told) == (0, "")


@pytest.mark.parametrize(
    "n_rounds", [4, pytest.param(60, marks=pytest.mark.long)], ids=["some", "many"]
)
def test_pages_that_are_made_at_once_lose_nothing(
    tmp_path: Path, pages: list["subprocess.Popen[str]"], n_rounds: int
) -> None:
    """Neither warns, whichever reads or writes first, also when they make the database."""
    generator = random.Random(5)
    for page in pages:
        assert page.stdout is not None
        assert page.stdout.readline() == "ready\n"
    for number in range(n_rounds):
        if number % 2 == 0:
            (tmp_path / "cache" / FILE_NAME).unlink(missing_ok=True)
        wanted = [generator.sample(list(JPEGS), 6) for _ in pages]
        for page, names in zip(pages, wanted, strict=True):
            print(json.dumps(names), file=page.stdin)
        for page in pages:
            assert page.stdout is not None
            assert page.stdout.readline() == "done\n"
        names = list({name for some in wanted for name in some})
        found = read_thumbnails(tmp_path / "cache", names, SIDE)
        assert found == {name: JPEGS[name] for name in names}


@pytest.mark.parametrize("kind", ["no database", "another program's", "columns", "rows"])
def test_a_page_is_the_same_whatever_is_wrong(tmp_path: Path, cache_dir: Path, kind: str) -> None:
    """Byte for byte."""
    selection = ImageIndex.build(write_collection(tmp_path / "images", 12)).sample(4)
    save_report(selection, tmp_path / "1.html")
    if kind == "rows":
        with closing(connect(cache_dir)) as database:
            database.execute("UPDATE thumbnails SET jpeg = substr(jpeg, 1, 300) || 'x'")
    else:
        spoil(cache_dir, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("error" if kind == "rows" else "ignore", StoreWarning)
        save_report(selection, tmp_path / "2.html")
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()


def test_a_second_page_reads_no_image_and_is_the_same(tmp_path: Path, cache_dir: Path) -> None:
    """A changed image is read again."""
    paths = write_collection(tmp_path / "images", 12)
    selection = ImageIndex.build(paths).sample(4)
    save_report(selection, tmp_path / "1.html")
    assert len(list_cached(cache_dir)) == 12
    status = [os.stat(path) for path in paths]
    for path, known in zip(paths, status, strict=True):
        Path(path).write_bytes(b"\0" * known.st_size)
        os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    save_report(selection, tmp_path / "2.html")
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()
    write_picture(Path(paths[0]), 99)
    os.utime(paths[0], ns=(1, 1))
    save_report(selection, tmp_path / "3.html")
    assert len(list_cached(cache_dir)) == 13
    assert (tmp_path / "1.html").read_bytes() != (tmp_path / "3.html").read_bytes()


def test_pages_keep_nothing_where_it_is_not_wanted(tmp_path: Path, cache_dir: Path) -> None:
    """And clearing the cache removes what was kept."""
    selection = ImageIndex.build(write_collection(tmp_path / "images", 6)).sample(2)
    selection.save_report(tmp_path / "1.html", cache=False)
    assert not (cache_dir / FILE_NAME).exists()
    selection.save_report(tmp_path / "1.html")
    assert (cache_dir / FILE_NAME).exists()
    assert cache.clear() > 0
    assert not (cache_dir / FILE_NAME).exists()
