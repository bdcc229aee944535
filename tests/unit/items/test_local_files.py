"""Tests of smartdownsample.items.local_files."""

import os
import shutil
import time
from pathlib import Path

import pytest

from pictures import make_old, write_collection
from smartdownsample import ImageLoadingWarning
from smartdownsample.items.local_files import LocalFiles, is_settled
from smartdownsample.items.locations import to_key
from smartdownsample.items.storage import Content, Storage
from smartdownsample.records import Cause
from smartdownsample.writing import make_folders
from storage_suite import Place, StorageSuite
from whole_photos import list_photos


def read(path: Path | str) -> Content:
    """Read a file that can be read."""
    content = LocalFiles().read(str(path))
    assert isinstance(content, Content)
    return content


class _Folder:
    """A folder as the place of a storage's files."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)

    def put(self, name: str, data: bytes) -> str:
        """Write a file."""
        path = Path(self.root, name)
        make_folders(os.fsencode(path.parent))
        path.write_bytes(data)
        make_old(path)
        time.sleep(0.06)  # longer than a tick, so that the file has been as it is
        return str(path)


class TestLocalFiles(StorageSuite):
    """The file systems of this machine are a storage."""

    @pytest.fixture
    def storage(self) -> Storage:
        """Give the storage."""
        return LocalFiles()

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        """Give an empty folder."""
        return _Folder(tmp_path)

    @pytest.fixture
    def deep_place(self, deep_path: Path) -> Place:
        """Give an empty folder that is removed afterwards."""
        return _Folder(deep_path)


@pytest.mark.skipif(os.name != "posix", reason="links and lengths of names as on Linux")
class TestList:
    """Folders that cannot be walked are warned of, and the others are walked."""

    def test_folders_come_in_the_order_of_os_walk(self, tmp_path: Path) -> None:
        """Links to folders are passed over; others are files, also those that lead to nothing."""
        for name in ("a/b/1.jpg", "a/2.jpg", "c/3.jpg", "4.jpg", ".e/5.jpg", "a/.6.jpg"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        for name, goal in (
            ("7", "a"),
            ("8.jpg", "4.jpg"),
            ("9.jpg", "nowhere"),
            ("0.jpg", "0.jpg"),
        ):
            (tmp_path / name).symlink_to(goal)
        expected = []
        for parent, folders, names in os.walk(tmp_path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            expected += [os.path.join(parent, name) for name in names if not name.startswith(".")]
        assert list(LocalFiles().list(str(tmp_path))) == expected
        assert len(expected) == 7

    def test_a_path_too_long_for_the_system_is_warned_of(self, deep_path: Path) -> None:
        """As deep folders have whose names are long; images above them are found."""
        (deep_path / "1.jpg").touch()
        folder = os.open(deep_path, os.O_RDONLY)
        for _ in range(20):  # by steps, since the whole path cannot be named
            os.mkdir("n" * 250, dir_fd=folder)
            inner = os.open("n" * 250, os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = inner
        os.close(folder)
        with pytest.warns(ImageLoadingWarning, match=r"File name too long.*images are missing"):
            listed = list(LocalFiles().list(str(deep_path)))
        assert listed == [str(deep_path / "1.jpg")]

    def test_a_folder_that_vanishes_is_warned_of(self, tmp_path: Path) -> None:
        """While others are walked."""
        for name in ("a/1.jpg", "b/2.jpg"):
            (tmp_path / name).parent.mkdir()
            (tmp_path / name).touch()
        listed = LocalFiles().list(str(tmp_path))
        first = next(listed)
        rest = tmp_path / ("b" if "1.jpg" in first else "a")
        shutil.rmtree(rest)
        with pytest.warns(ImageLoadingWarning, match="No such file"):
            assert list(listed) == []


class TestStat:
    """The file system is asked, and nothing else."""

    def test_a_file_has_time_and_size(self, tmp_path: Path) -> None:
        """Values are those of os.stat."""
        path = tmp_path / "a.jpg"
        path.write_bytes(b"12345")
        os.utime(path, ns=(1, 1_600_000_000_123_456_789))
        stats = LocalFiles().stat([to_key(str(path))])
        assert stats.mtime_ns.tolist() == [path.stat().st_mtime_ns]
        assert stats.size_bytes.tolist() == [5]
        assert stats.causes == {}

    def test_what_is_no_file_has_a_cause(self, tmp_path: Path) -> None:
        """Missing, folder, device, impossible name and empty path each have one."""
        (tmp_path / "a.jpg").touch()
        given = [
            str(tmp_path / "missing.jpg"),
            str(tmp_path),
            str(tmp_path / "a.jpg" / "below.jpg"),
            "nul\0character.jpg",
            "",
        ]
        assert LocalFiles().stat([to_key(path) for path in given]).causes == {
            0: Cause.MISSING,
            1: Cause.FOLDER,
            2: Cause.MISSING,
            3: Cause.MISSING,
            4: Cause.MISSING,
        }

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
    def test_a_pipe_is_no_file(self, tmp_path: Path) -> None:
        """A pipe behind an image's name would make a reader wait for ever."""
        os.mkfifo(tmp_path / "pipe.jpg")
        stats = LocalFiles().stat([to_key(str(tmp_path / "pipe.jpg"))])
        assert stats.causes == {0: Cause.NOT_A_FILE}

    @pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX only")
    def test_thousands_are_asked_for_as_each_would_be(self, tmp_path: Path) -> None:
        """Among them files of any name and time, links, and what is no file."""
        names = [os.fsencode(tmp_path) + b"/%d.jpg" % number for number in range(6)]
        names[1:3] = [os.fsencode(tmp_path) + b"/not \xff unicode.jpg", os.fsencode(tmp_path / "é")]
        for number, name in enumerate(names):
            Path(os.fsdecode(name)).write_bytes(b"x" * number)
            os.utime(name, ns=(0, (-1, 1, 999_999_999, 2**60 + 1, 7, 123_456_789)[number]))
        link = os.fsencode(tmp_path / "link.jpg")
        os.symlink(names[3], link)
        odd = [to_key(str(tmp_path / "missing.jpg")), to_key(str(tmp_path)), b"nul\0.jpg", b""]
        keys = [*names, link] * 700
        alone = [os.stat(key) for key in keys]
        for place in (1, 2000, 4000):
            keys[place], *_ = odd
        keys[4002:4005] = odd[1:]
        stats = LocalFiles().stat(keys)
        missing = {1, 2000, 4000, 4003, 4004}
        assert stats.causes == {**dict.fromkeys(missing, Cause.MISSING), 4002: Cause.FOLDER}
        for place, status in enumerate(alone):
            if place not in stats.causes:
                found = int(stats.mtime_ns[place]), int(stats.size_bytes[place])
                assert found == (status.st_mtime_ns, status.st_size)


class TestRead:
    """Content comes with the state of the file it belongs to, or there is a cause."""

    def test_a_file_written_just_now_is_not_stable(self, tmp_path: Path) -> None:
        """It may be written again within one tick of the clock, and keep its time."""
        path = tmp_path / "a.jpg"
        path.write_bytes(b"12345")
        content = read(path)
        assert not content.is_stable

    @pytest.mark.parametrize(
        ("mtime_ns", "now_ns", "expected"),
        [
            (10**18 + 1, 10**18 + 10**7, False),
            (10**18 + 1, 10**18 + 10**8, True),
            (10**18, 10**18 + 10**8, False),  # a clock of whole seconds
            (10**18, 10**18 + 3 * 10**9, True),
            (10**18 + 1, 10**18 - 10**7, False),  # a clock slightly ahead
            (2 * 10**18 + 1, 10**18, True),  # a camera whose clock is years ahead
        ],
    )
    def test_a_file_is_settled_after_a_tick(
        self, mtime_ns: int, now_ns: int, *, expected: bool
    ) -> None:
        """Two seconds where only whole seconds are kept, else a twentieth."""
        assert is_settled(mtime_ns, now_ns) is expected

    def test_a_file_that_changes_while_it_is_read_is_not_stable(self) -> None:
        """A file longer than the file system said was written to meanwhile."""
        # /proc files have a size of zero and content all the same, like a file that just grew.
        if not os.path.exists("/proc/self/status"):
            pytest.skip("needs /proc")
        assert not read("/proc/self/status").is_stable

    def test_a_change_that_hides_its_time_is_read_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Size and modification time can be what they were, the time of the change cannot."""
        path = tmp_path / "a.jpg"
        read_bytes = os.read
        is_changed: list[bool] = []

        def change_behind(descriptor: int, n_bytes: int) -> bytes:
            data = read_bytes(descriptor, n_bytes)
            if data == b"old" and not is_changed:
                is_changed.append(True)
                path.write_bytes(b"new")
                make_old(path)
            return data

        path.write_bytes(b"old")
        make_old(path)
        time.sleep(0.1)  # longer than a tick, so that the file has been as it is
        monkeypatch.setattr(os, "read", change_behind)
        content = read(path)
        assert is_changed
        assert content.data == b"new"

    def test_a_folder_has_a_cause(self, tmp_path: Path) -> None:
        """No error leaves the storage."""
        assert LocalFiles().read(str(tmp_path)) is Cause.FOLDER

    def test_a_short_answer_is_no_end(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Systems may give fewer bytes than they are asked for; more are never returned."""
        path = tmp_path / "a.jpg"
        path.write_bytes(bytes(range(100)))
        read_bytes = os.read
        monkeypatch.setattr(os, "read", lambda file, n_bytes: read_bytes(file, min(n_bytes, 7)))
        content = LocalFiles().read(str(path), 10, 60)
        assert isinstance(content, Content)
        assert content.data == bytes(range(10, 60))
        assert read(path).data == bytes(range(100))


def test_blocks_of_an_item_list_are_asked_for_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys are not a list of Python's."""
    monkeypatch.setattr("smartdownsample.items.local_files._STAT_BLOCK", 2)
    paths = write_collection(tmp_path, 5)
    keys = list_photos([to_key(path) for path in paths]).keys
    stats = LocalFiles().stat(keys)
    assert stats.size_bytes.tolist() == [os.path.getsize(path) for path in paths]
    assert stats.causes == {}
