"""Tests of smartdownsample.files."""

import os
import pickle
from pathlib import Path

import pytest

from smartdownsample import SmartDownsampleError
from smartdownsample import atomic_files as files
from smartdownsample.atomic_files import in_one_piece, remove_leftovers, write_file
from smartdownsample.errors import OutputError


def key(path: Path) -> bytes:
    return os.fsencode(path)


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


class TestWriteFile:
    """write_file writes files and says what went wrong."""

    def test_missing_folders_are_made_and_files_replaced(self, tmp_path: Path) -> None:
        """The last call counts."""
        target = tmp_path / "a" / "b" / "list.txt"
        for data in (b"first, and longer", b"second"):
            write_file(str(target), data)
            assert target.read_bytes() == data
        assert list_names(target.parent) == ["list.txt"]

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        """The file it leads to is written."""
        (tmp_path / "link").symlink_to(tmp_path / "file")
        write_file(str(tmp_path / "link"), b"data")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "file").read_bytes() == b"data"

    @pytest.mark.parametrize("name", ["a file/list.txt", "a folder", "n" * 300])
    def test_what_cannot_be_written_is_named(self, tmp_path: Path, name: str) -> None:
        """Below a file, over a folder, or with a name too long: an error of ours, and no file."""
        (tmp_path / "a file").touch()
        (tmp_path / "a folder").mkdir()
        with pytest.raises(OutputError, match=r"cannot be written \(.*\).*It needs 4 bytes"):
            write_file(str(tmp_path / name), b"data")
        assert list_names(tmp_path) == ["a file", "a folder"]


class TestOutputError:
    """OutputError is raised by all that writes for the user."""

    def test_it_can_be_caught_as_ours_and_as_pythons(self) -> None:
        """It also survives the way from another process."""
        error = pickle.loads(pickle.dumps(OutputError("what, where")))  # noqa: S301 - our own
        assert isinstance(error, SmartDownsampleError)
        assert isinstance(error, OSError)
        assert str(error) == "what, where"


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


def test_what_is_no_file_is_written_to_and_stays(tmp_path: Path) -> None:
    """A device or a pipe is never replaced."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_file(str(pipe), b"something")
    assert os.read(reader, 100) == b"something"
    os.close(reader)
    assert pipe.is_fifo()
