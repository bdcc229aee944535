"""Tests of smartdownsample.writing.output_files."""

import os
import pickle
import stat
from pathlib import Path

import pytest

from smartdownsample import InvalidParameterError, SmartDownsampleError
from smartdownsample.errors import OutputError
from smartdownsample.writing.output_files import (
    OutputKind,
    check_output,
    replacing,
    starts_with,
    write_output,
)

NOTES = OutputKind("a note", (".note", ".txt"), starts_with(b"note: "))


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestWriteOutput:
    """write_output writes files and says what went wrong."""

    def test_missing_folders_are_made_and_files_of_the_kind_replaced(self, tmp_path: Path) -> None:
        """The last call counts."""
        target = tmp_path / "a" / "b" / "list.NOTE"
        for data in (b"note: first, and longer", b"note: second"):
            write_output(str(target), data, NOTES)
            assert target.read_bytes() == data
        assert list_names(target.parent) == ["list.NOTE"]

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        """The file it leads to is written, whatever its name."""
        (tmp_path / "link.note").symlink_to(tmp_path / "file")
        write_output(str(tmp_path / "link.note"), b"note: 1", NOTES)
        assert (tmp_path / "link.note").is_symlink()
        assert (tmp_path / "file").read_bytes() == b"note: 1"

    @pytest.mark.parametrize("name", ["a file/list.note", "a folder.note"])
    def test_what_cannot_be_written_is_named(self, tmp_path: Path, name: str) -> None:
        """Below a file or over a folder: an error of ours, and no file."""
        (tmp_path / "a file").touch()
        (tmp_path / "a folder.note").mkdir()
        with pytest.raises(OutputError, match=r"cannot be written: .*Give another name or folder"):
            write_output(str(tmp_path / name), b"note: 1", NOTES)
        assert list_names(tmp_path) == ["a file", "a folder.note"]

    def test_an_error_of_the_system_is_explained(self, tmp_path: Path) -> None:
        """Such as a name that is too long."""
        with pytest.raises(OutputError, match=r"cannot be written \(File name too long\)"):
            write_output(str(tmp_path / ("n" * 300 + ".note")), b"note: 1", NOTES)

    @pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
    @pytest.mark.parametrize("mode", [0o600, 0o664, 0o640])
    def test_a_replaced_file_hands_its_permissions_on(self, tmp_path: Path, mode: int) -> None:
        """Through a link as well; while it is written, the new file is the owner's alone."""
        target = tmp_path / "a.note"
        target.write_bytes(b"note: 1")
        target.chmod(mode)
        (tmp_path / "link.note").symlink_to(target)
        for path in (target, tmp_path / "link.note"):
            with replacing(str(path)) as temporary:
                assert stat.S_IMODE(os.stat(temporary).st_mode) == 0o600
            write_output(str(path), b"note: 2", NOTES)
            assert stat.S_IMODE(target.stat().st_mode) == mode
        before = os.umask(0o027)
        try:
            write_output(str(tmp_path / "new.note"), b"note: 1", NOTES)
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "new.note").stat().st_mode) == 0o640

    def test_what_is_no_file_is_written_to_and_stays(self, tmp_path: Path) -> None:
        """A device or a pipe is never replaced."""
        pipe = tmp_path / "pipe.note"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        write_output(str(pipe), b"something", NOTES)
        assert os.read(reader, 100) == b"something"
        os.close(reader)
        assert pipe.is_fifo()


class TestCheckOutput:
    """check_output refuses what would cost the user a file."""

    @pytest.mark.parametrize("name", ["photo.JPG", "note", ".note", "a.note.bak"])
    def test_another_extension_is_refused(self, tmp_path: Path, name: str) -> None:
        """A file name that was forgotten makes the next argument the target."""
        with pytest.raises(InvalidParameterError, match=r"a note must end in \.note, \.txt\. Got"):
            check_output(str(tmp_path / name), NOTES)

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("a\0b.note", "with a NUL"),
            ("a\ud800b.note", "no file name has"),
            ("s3://bucket/a.note", "'s3://' are not supported"),
        ],
    )
    def test_what_is_no_path_of_this_machine_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, words: str
    ) -> None:
        """No folder is made of a URL."""
        monkeypatch.chdir(tmp_path)
        for write in (check_output, lambda path, kind: write_output(path, b"note: 1", kind)):
            with pytest.raises(InvalidParameterError, match=words):
                write(path, NOTES)
        assert list_names(tmp_path) == []

    def test_a_file_of_another_kind_is_refused(self, tmp_path: Path) -> None:
        """An empty file is no loss."""
        foreign, empty = tmp_path / "mine.note", tmp_path / "empty.note"
        foreign.write_text("a note: not theirs")
        empty.touch()
        check_output(str(empty), NOTES)
        for write in (check_output, lambda path, kind: write_output(path, b"note: 1", kind)):
            with pytest.raises(OutputError, match="that is not a note of this package"):
                write(str(foreign), NOTES)
        assert foreign.read_text() == "a note: not theirs"

    def test_a_drive_that_is_not_there_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Above it there is nothing to look at."""
        for name in ("lexists", "isdir"):
            monkeypatch.setattr(os.path, name, lambda _: False)
        with pytest.raises(OutputError, match=r"cannot be written: '/' is no folder\."):
            check_output("/gone/a.note", NOTES)

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everything")
    def test_a_file_that_is_protected_is_refused(self, tmp_path: Path) -> None:
        """Although a file beside it could take its name."""
        (tmp_path / "a.note").write_bytes(b"note: 1")
        (tmp_path / "a.note").chmod(0o444)
        with pytest.raises(OutputError, match=r"a\.note' may not be written to"):
            check_output(str(tmp_path / "a.note"), NOTES)

    def test_what_is_read_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """However the two are spelt, whether it is there or not, and through a link."""
        monkeypatch.chdir(tmp_path)
        Path("read.note").write_bytes(b"note: mine")
        Path("link.note").symlink_to("read.note")
        Path("folder").symlink_to(tmp_path)
        inputs = ["other.note", "read.note", "gone.note"]
        for path in ("./read.note", str(tmp_path / "read.note"), "link.note", "folder/read.note"):
            with pytest.raises(OutputError, match="one of the images or lists that are read"):
                check_output(path, NOTES, iter(inputs))
        with pytest.raises(OutputError, match="that are read"):
            check_output("gone.note", NOTES, inputs)
        check_output("read.note", NOTES, ["elsewhere/read.note"])


class TestOutputError:
    """OutputError is raised by all that writes for the user."""

    def test_it_can_be_caught_as_ours_and_as_pythons(self) -> None:
        """It also survives the way from another process."""
        error = pickle.loads(pickle.dumps(OutputError("what, where")))  # noqa: S301 - our own
        assert isinstance(error, SmartDownsampleError)
        assert isinstance(error, OSError)
        assert str(error) == "what, where"
