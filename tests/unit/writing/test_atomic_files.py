"""Tests of smartdownsample.writing.atomic_files."""

import errno
import os
from pathlib import Path

import pytest

from smartdownsample.writing import atomic_files as files
from smartdownsample.writing.atomic_files import in_one_piece, make_folders, remove_leftovers


def key(path: Path) -> bytes:
    return os.fsencode(path)


def refuse_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a file system without hard links, such as exFAT."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestInOnePiece:
    """in_one_piece puts a file in its place when it is complete."""

    def test_the_file_is_in_its_place_only_afterwards(self, tmp_path: Path) -> None:
        """Meanwhile it is hidden, in the same folder, and no image by its name."""
        target = tmp_path / "photo.jpg"
        with in_one_piece(key(target)) as temporary:
            Path(os.fsdecode(temporary)).write_bytes(b"all")
            (name,) = list_names(tmp_path)
            assert name.startswith(".")
            assert name.endswith(".tmp")
        assert list_names(tmp_path) == ["photo.jpg"]
        assert target.read_bytes() == b"all"

    @pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
    def test_nothing_is_left_of_a_file_that_is_not_completed(
        self, tmp_path: Path, error: BaseException
    ) -> None:
        """Neither on errors nor on Ctrl-C; what stood there stays."""
        target = tmp_path / "photo.jpg"
        target.write_bytes(b"before")

        def write() -> None:
            with in_one_piece(key(target)) as temporary:
                Path(os.fsdecode(temporary)).write_bytes(b"ha")
                raise error

        with pytest.raises(type(error)):
            write()
        assert list_names(tmp_path) == ["photo.jpg"]
        assert target.read_bytes() == b"before"

    @pytest.mark.parametrize("kind", ["file", "folder", "link", "dead link"])
    @pytest.mark.parametrize("has_hard_links", [True, False])
    def test_what_appears_meanwhile_is_not_replaced_unless_it_may_be(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, has_hard_links: bool
    ) -> None:
        """Whatever it is, at the last moment, and on file systems without hard links."""
        if not has_hard_links:
            refuse_hard_links(monkeypatch)
        target = tmp_path / "photo.jpg"
        (tmp_path / "theirs").write_bytes(b"theirs")

        def write() -> None:
            with in_one_piece(key(target), may_replace=False) as temporary:
                Path(os.fsdecode(temporary)).write_bytes(b"ours")
                if kind == "file":
                    target.write_bytes(b"theirs")
                elif kind == "folder":
                    target.mkdir()
                else:
                    target.symlink_to("theirs" if kind == "link" else "nowhere")

        with pytest.raises(FileExistsError):
            write()
        assert list_names(tmp_path) == ["photo.jpg", "theirs"]
        assert (tmp_path / "theirs").read_bytes() == b"theirs"
        assert kind != "file" or target.read_bytes() == b"theirs"

    @pytest.mark.parametrize("has_hard_links", [True, False])
    def test_a_free_name_is_taken(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_hard_links: bool
    ) -> None:
        """By one file, with one name."""
        if not has_hard_links:
            refuse_hard_links(monkeypatch)
        target = tmp_path / "photo.jpg"
        with in_one_piece(key(target), may_replace=False) as temporary:
            Path(os.fsdecode(temporary)).write_bytes(b"ours")
        assert list_names(tmp_path) == ["photo.jpg"]
        assert target.read_bytes() == b"ours"
        assert target.stat().st_nlink == 1

    def test_where_renaming_never_replaces_it_is_enough(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As on Windows, where the second name of a read-only file could not be removed."""
        monkeypatch.setattr(files, "_RENAMING_REPLACES", False)
        refuse_hard_links(monkeypatch)
        target = tmp_path / "photo.jpg"
        with in_one_piece(key(target), may_replace=False) as temporary:
            Path(os.fsdecode(temporary)).write_bytes(b"ours")
        assert list_names(tmp_path) == ["photo.jpg"]
        assert target.read_bytes() == b"ours"

    @pytest.mark.parametrize("is_taken", [True, False])
    def test_a_reserved_name_is_given_up_when_the_file_does_not_come(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_taken: bool
    ) -> None:
        """No empty file is left that looks like an image; what another program put there is."""
        refuse_hard_links(monkeypatch)
        target = tmp_path / "photo.jpg"

        def fail(temporary: bytes, _: bytes) -> None:
            assert target.stat().st_size == 0
            if is_taken:
                Path(os.fsdecode(temporary)).rename(target)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        def write() -> None:
            with in_one_piece(key(target), may_replace=False) as temporary:
                Path(os.fsdecode(temporary)).touch()
                monkeypatch.setattr(os, "replace", fail)

        with pytest.raises(OSError, match="Input/output"):
            write()
        assert list_names(tmp_path) == ["photo.jpg"] * is_taken


class TestMakeFolders:
    """make_folders makes what is missing."""

    def test_folders_are_made_and_left_as_they_are(self, deep_path: Path) -> None:
        """However many; the second call has nothing to do."""
        folder = deep_path.joinpath(*["d"] * 1200)
        for _ in range(2):
            make_folders(key(folder))
            assert folder.is_dir()

    def test_a_folder_that_appears_meanwhile_is_as_good(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another process makes the same."""
        make = os.mkdir

        def make_twice(folder: bytes) -> None:
            make(folder)
            make(folder)

        monkeypatch.setattr(os, "mkdir", make_twice)
        make_folders(key(tmp_path / "a" / "b"))
        assert (tmp_path / "a" / "b").is_dir()

    @pytest.mark.parametrize("kind", ["file", "dead link"])
    def test_what_is_no_folder_is_in_the_way(self, tmp_path: Path, kind: str) -> None:
        """The error names it."""
        if kind == "file":
            (tmp_path / "a").touch()
        else:
            (tmp_path / "a").symlink_to("nowhere")
        with pytest.raises(FileExistsError) as caught:
            make_folders(key(tmp_path / "a" / "b"))
        assert caught.value.filename == key(tmp_path / "a")

    def test_a_drive_that_is_not_there_ends_the_search(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As on Windows, where it is its own parent."""
        monkeypatch.setattr(os.path, "isdir", lambda _: False)
        with pytest.raises(FileExistsError):
            make_folders(b"/")


class TestRemoveLeftovers:
    """remove_leftovers clears what killed runs left."""

    @pytest.mark.parametrize(("stale_seconds", "is_removed"), [(-1.0, True), (3600.0, False)])
    def test_only_old_temporary_files_go(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        *,
        stale_seconds: float,
        is_removed: bool,
    ) -> None:
        """A young one may be of a run that goes on, whatever modification time it took over."""
        monkeypatch.setattr(files, "_STALE_SECONDS", stale_seconds)
        others = [".hidden.tmp", "photo.jpg", "photo.tmp"]
        for name in others:
            (tmp_path / name).touch()
        with in_one_piece(key(tmp_path / "late.jpg")) as temporary:
            Path(os.fsdecode(temporary)).touch()
            os.utime(temporary, (0, 0))
            remove_leftovers(key(tmp_path))
            assert os.path.exists(temporary) is not is_removed
            Path(os.fsdecode(temporary)).touch()
        assert list_names(tmp_path) == sorted([*others, "late.jpg"])
