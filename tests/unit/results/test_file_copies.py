"""Tests of smartdownsample.results.file_copies."""

import os
import stat
from pathlib import Path

import pytest

from smartdownsample import Cause
from smartdownsample.results.file_copies import copy_file, has_same_content, open_file
from smartdownsample.results.placement_plan import find_cause

LONG = 600_000  # more than is copied or compared at a time


def key(path: Path) -> bytes:
    return os.fsencode(path)


@pytest.mark.parametrize("length", [0, 5, LONG])
def test_a_copy_has_content_time_and_permissions(tmp_path: Path, length: int) -> None:
    """Whatever the length, also of a file that may only be read."""
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(os.urandom(length))
    source.chmod(0o440)
    os.utime(source, ns=(1, 1_600_000_000_123_456_789))
    copy_file(key(source), key(target))
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_mtime_ns == 1_600_000_000_123_456_789
    assert stat.S_IMODE(target.stat().st_mode) == 0o440


@pytest.mark.skipif(os.name != "posix", reason="permissions as on Linux")
def test_a_copy_does_not_run_as_the_owner_of_the_original(tmp_path: Path) -> None:
    """The bits for that, and the one that guards shared folders, are left out."""
    (tmp_path / "a").touch()
    (tmp_path / "a").chmod(0o7755)
    copy_file(key(tmp_path / "a"), key(tmp_path / "b"))
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o755


def test_a_copy_replaces_nothing(tmp_path: Path) -> None:
    """Not even under a temporary name, where a link may lie in wait."""
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "b").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        copy_file(key(tmp_path / "a"), key(tmp_path / "b"))
    assert (tmp_path / "b").read_bytes() == b"old"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """It may take the place of an image after it was found."""
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    file.touch()
    with pytest.raises(OSError, match="Not a regular file"):
        open_file(key(pipe))
    with pytest.raises(OSError, match="Not a regular file"):
        copy_file(key(pipe), key(tmp_path / "copy"))
    assert not (tmp_path / "copy").exists()
    assert not has_same_content(key(file), key(pipe))
    assert find_cause(key(pipe)) is Cause.NOT_A_FILE


@pytest.mark.parametrize("at", [0, LONG - 1, None])
def test_files_are_compared_byte_for_byte(tmp_path: Path, at: int | None) -> None:
    """To the last one."""
    data = bytearray(os.urandom(LONG))
    (tmp_path / "a").write_bytes(data)
    if at is not None:
        data[at] ^= 1
    (tmp_path / "b").write_bytes(data)
    assert has_same_content(key(tmp_path / "a"), key(tmp_path / "b")) is (at is None)


@pytest.mark.skipif(os.name != "posix", reason="permissions as on Linux")
def test_a_copy_is_private_until_it_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The original may be."""
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"picture")
    source.chmod(0o644)
    modes = []
    set_times = os.utime

    def look(path: bytes, *, ns: tuple[int, int]) -> None:
        modes.append(stat.S_IMODE(os.stat(path).st_mode))
        set_times(path, ns=ns)

    monkeypatch.setattr(os, "utime", look)
    copy_file(key(source), key(target))
    assert modes == [0o600]
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
