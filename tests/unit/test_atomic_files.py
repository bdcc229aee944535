"""Tests of smartdownsample.atomic_files."""

import os
from pathlib import Path

import pytest

from smartdownsample import atomic_files as files
from smartdownsample.atomic_files import in_one_piece, remove_leftovers


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
