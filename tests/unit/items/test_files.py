"""Tests of smartdownsample.items.files."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pictures import make_old
from smartdownsample.items.files import LOCAL_FILES, AllFiles
from smartdownsample.items.storage import Content
from smartdownsample.records import Cause, FileStats


class _Words:
    """A storage of objects whose content is their name."""

    def list(self, folder: str) -> Iterator[str]:
        yield folder + "/word.jpg"

    def stat(self, keys: Sequence[bytes]) -> FileStats:
        sizes = np.array([len(key) for key in keys])
        return FileStats(np.full(len(keys), 7), sizes, {0: Cause.MISSING}, ["e"] * len(keys))

    def read(
        self, location: str, start: int = 0, stop: int | None = None, *, etag: str | None = None
    ) -> Content | Cause:
        return Content(location.encode()[start:stop], 7, len(location), is_stable=True, etag=etag)


def test_files_and_objects_may_be_asked_for_at_once(tmp_path: Path) -> None:
    """Each has its own state, in the order of the keys; files have no etag."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    make_old(path)
    files = AllFiles(LOCAL_FILES, _Words())
    missing = os.fsencode(tmp_path / "b.jpg")
    stats = files.stat([missing, b"s3://b/1", os.fsencode(path), b"s3://b/22"])
    assert stats.size_bytes.tolist() == [0, 8, 3, 9]
    assert stats.causes == {0: Cause.MISSING, 1: Cause.MISSING}
    assert stats.etags == [None, "e", None, "e"]
    assert files.stat([os.fsencode(path)]).etags is None
    assert files.stat([b"s3://b/1"]).etags == ["e"]


def test_each_location_is_read_from_its_own_storage(tmp_path: Path) -> None:
    """And listed there."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    files = AllFiles(LOCAL_FILES, _Words())
    local, remote = files.read(str(path), 1), files.read("s3://b/1", 5, etag="x")
    assert isinstance(local, Content)
    assert isinstance(remote, Content)
    assert (local.data, remote.data, remote.etag) == (b"bc", b"b/1", "x")
    assert list(files.list("s3://b")) == ["s3://b/word.jpg"]
    assert list(files.list(str(tmp_path))) == [str(path)]
