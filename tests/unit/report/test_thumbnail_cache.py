"""Tests of smartdownsample.report.thumbnail_cache."""

import os
import sqlite3
from pathlib import Path

import pytest

from pictures import write_collection, write_picture
from smartdownsample import ImageIndex, StoreWarning, cache
from smartdownsample.report import save_report, thumbnail_cache
from smartdownsample.report.thumbnail_cache import (
    FILE_NAME,
    name_thumbnail,
    read_thumbnails,
    write_thumbnails,
)


def list_cached(folder: Path) -> list[str]:
    database = sqlite3.connect(folder / FILE_NAME)
    names = [name for (name,) in database.execute("SELECT name FROM thumbnails")]
    database.close()
    return sorted(names)


def test_what_is_cached_is_read_again(tmp_path: Path) -> None:
    """And nothing else."""
    assert read_thumbnails(tmp_path, ["a"]) == {}
    write_thumbnails(tmp_path / "new" / "folder", {"a": b"1", "b": b"2"})
    assert read_thumbnails(tmp_path / "new" / "folder", ["b", "c"]) == {"b": b"2"}


def test_without_a_folder_nothing_is_cached() -> None:
    """Neither written nor looked for."""
    write_thumbnails(None, {"a": b"1"})
    assert read_thumbnails(None, ["a"]) == {}


def test_another_path_time_or_size_is_another_thumbnail() -> None:
    """As with features."""
    facts = [(b"a", 1, 2, 160), (b"b", 1, 2, 160), (b"a", 2, 2, 160), (b"a", 1, 3, 160)]
    assert len({name_thumbnail(*fact) for fact in [*facts, (b"a", 1, 2, 80)]}) == 5


def test_those_used_last_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading counts as use."""
    monkeypatch.setattr(thumbnail_cache, "_MAX_CACHED", 3)
    for name in "abc":
        write_thumbnails(tmp_path, {name: b"1"})
    read_thumbnails(tmp_path, ["a"])
    write_thumbnails(tmp_path, {"d": b"1"})
    assert list_cached(tmp_path) == ["a", "c", "d"]


def test_a_file_that_cannot_be_used_is_done_without(tmp_path: Path) -> None:
    """With a warning that names it."""
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 100)
    with pytest.warns(StoreWarning, match=FILE_NAME):
        assert read_thumbnails(tmp_path, ["a"]) == {}
    with pytest.warns(StoreWarning, match="not a database"):
        write_thumbnails(tmp_path, {"a": b"1"})


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
