"""Outputs in bad company: full disks, killed runs, other file systems, files that vanish."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feature_tables import make_table
from pictures import write_collection
from smartdownsample import Cause, Failure, ImageIndex, ImageLoadingWarning
from smartdownsample.errors import OutputError
from smartdownsample.options import How
from smartdownsample.results import (
    Placed,
    describe_run,
    place_images,
    write_manifest,
    write_selection,
)
from smartdownsample.writing import atomic_files as files

N_PHOTOS = 24
NOBODY = 65534
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - another file system
# Places images, under a limit or until it is killed, and says what came of it.
PLACE = """
import json, os, resource, signal, sys
from smartdownsample.errors import OutputError
from smartdownsample.results import place_images

task = json.loads(sys.argv[1])
if "file_bytes" in task:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (task["file_bytes"],) * 2)
finish, n_copied = os.utime, 0

def finish_or_die(target, **times):
    global n_copied
    n_copied += 1
    if n_copied == task.get("killed_at"):
        os.truncate(target, 100)
        os.kill(os.getpid(), signal.SIGKILL)
    finish(target, **times)

os.utime = finish_or_die
try:
    place_images(task["paths"], task["destination"], "copy")
except OutputError as error:
    print(error)
"""

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="limits and users as on Linux")


def run(**task: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", PLACE, json.dumps(task)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def list_files(folder: Path) -> list[Path]:
    """List everything below a folder but folders and records."""
    found = (path for path in folder.rglob("*") if not path.is_dir())
    return sorted(path for path in found if path.name != ".smartdownsample.json")


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Write photos in two folders, of which the tenth is the largest."""
    paths = write_collection(tmp_path / "photos", N_PHOTOS)
    with open(paths[9], "ab") as file:
        file.write(bytes(50_000))
    return paths


@pytest.fixture
def forbidden() -> Iterator[Path]:
    """Make a folder that may be read only, and become a user whom permissions hold back."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    describe_run(ImageIndex(make_table(1)).sample(1), {})  # imports what others may not read
    if is_root:
        os.seteuid(NOBODY)
    yield folder
    if is_root:
        os.seteuid(0)
    folder.rmdir()


# ------------------------------------------------------------------ full disks


@linux_only
def test_a_disk_that_fills_up_while_copying_leaves_complete_copies(
    photos: list[str], tmp_path: Path
) -> None:
    """The message says how many there are and how to go on; the same call then does."""
    out = tmp_path / "out"
    done = run(paths=photos, destination=str(out), file_bytes=40_000)
    assert "cannot be placed" in done.stdout, done.stderr
    assert "9 of 24 images placed and complete; the same call goes on" in done.stdout
    assert "Make room" in done.stdout
    copies = list_files(out)
    assert len(copies) == 9
    for copy in copies:
        assert copy.read_bytes() == (tmp_path / "photos" / copy.relative_to(out)).read_bytes()
    placed = place_images(photos, out, "copy")
    assert (placed.n_new, placed.n_there) == (15, 9)


def test_copies_that_do_not_fit_are_not_begun(photos: list[str], tmp_path: Path) -> None:
    """The message says what they need and what there is; links need no room."""
    free_bytes = shutil.disk_usage(tmp_path).free
    os.truncate(photos[5], free_bytes + (1 << 30))  # all of it a hole
    with pytest.raises(OutputError, match=r"24 copies of .* bytes.* [\d,]+ bytes free"):
        place_images(photos, tmp_path / "out", "copy")
    assert list_files(tmp_path / "out") == []
    assert place_images(photos, tmp_path / "out", "hardlink").n_new == N_PHOTOS


@linux_only
@pytest.mark.parametrize("name", ["list.txt", "list.csv", "list.json", "list.parquet"])
def test_a_full_disk_leaves_the_older_selection(tmp_path: Path, name: str) -> None:
    """All of it or nothing, and an error that says what is needed."""
    write_selection(ImageIndex(make_table(100)).sample(2), tmp_path / name)
    older = (tmp_path / name).read_bytes()
    code = (
        "import resource, signal, sys\n"
        "from smartdownsample import ImageIndex\n"
        "from smartdownsample.errors import OutputError\n"
        "from smartdownsample.results import write_selection\n"
        "from feature_tables import make_table\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
        "try:\n"
        "    write_selection(ImageIndex(make_table(100)).sample(100), sys.argv[1])\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / name)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{name}' cannot be written" in done.stdout, done.stderr
    assert "has room" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == older


# ------------------------------------------------------------------ folders


@pytest.mark.skipif(os.name != "posix", reason="permissions as on Linux")
def test_a_folder_that_may_not_be_written_to_is_named(forbidden: Path) -> None:
    """In the words of the system, by an error of ours."""
    selection = ImageIndex(make_table(10)).sample(5)
    with pytest.raises(OutputError, match=r"list\.csv' cannot be written \(Permission denied\)"):
        write_selection(selection, forbidden / "list.csv")
    with pytest.raises(OutputError, match=r"run\.json' cannot be written \(Permission denied\)"):
        write_manifest(selection, forbidden / "new" / "run.json", {})
    with pytest.raises(OutputError, match=r"Permission denied.*Nothing was placed"):
        place_images([], forbidden / "out", "copy")
    assert list(forbidden.iterdir()) == []


def test_a_file_in_place_of_the_destination_is_named(photos: list[str], tmp_path: Path) -> None:
    """Itself, or where one of its folders should be."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "site_2").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name, culprit in (("out", "site_2"), ("file", "file")):
        with pytest.raises(OutputError, match=f"cannot be used.*{culprit}.*Nothing was placed"):
            place_images(photos, tmp_path / name, "copy")
    assert list_files(tmp_path / "out") == [tmp_path / "out" / "site_2"]


# ------------------------------------------------------------------ killed runs


@linux_only
def test_a_killed_run_is_gone_on_with(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a copy never has an image's name, and goes when it is old enough."""
    out = tmp_path / "out"
    assert run(paths=photos, destination=str(out), killed_at=8).returncode == -signal.SIGKILL
    names = [path.name for path in list_files(out)]
    assert len([name for name in names if name.endswith(".jpg")]) == 7
    assert len([name for name in names if name.startswith(".")]) == 1
    monkeypatch.setattr(files, "_STALE_SECONDS", -1)
    placed = place_images(photos, out, "copy")
    assert (placed.n_new, placed.n_there) == (N_PHOTOS - 7, 7)
    assert len(list_files(out)) == N_PHOTOS
    for path in photos:
        copy = out / os.path.relpath(path, tmp_path / "photos")
        assert copy.read_bytes() == Path(path).read_bytes()


def test_ctrl_c_leaves_nothing_unfinished(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is complete, and the same call goes on."""

    def interrupt(target: bytes, **_: object) -> None:
        os.truncate(target, 100)
        raise KeyboardInterrupt

    place_images(photos[:3], tmp_path / "out", "copy", base=tmp_path / "photos")
    with monkeypatch.context() as patch:
        patch.setattr(os, "utime", interrupt)
        with pytest.raises(KeyboardInterrupt):
            place_images(photos, tmp_path / "out", "copy")
    assert len(list_files(tmp_path / "out")) == 3
    assert place_images(photos, tmp_path / "out", "copy").n_there == 3


# ------------------------------------------------------------------ changes meanwhile


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink"])
def test_images_that_vanish_are_reported_and_the_others_placed(
    photos: list[str], tmp_path: Path, how: How
) -> None:
    """Before the call, or while it runs."""
    os.unlink(photos[3])

    def remove_next(n_done: int, _: int) -> None:
        if n_done == 10:
            os.unlink(photos[20])

    placed = place_images(photos, tmp_path / "out", how, on_progress=remove_next)
    assert placed.failures == tuple(Failure(photos[i], Cause.MISSING) for i in (3, 20))
    assert placed.n_new == len(list_files(tmp_path / "out")) == N_PHOTOS - 2
    remaining = [path for path in photos if os.path.exists(path)]
    assert placed.size_bytes == sum(map(os.path.getsize, remaining))
    again = place_images(photos, tmp_path / "out", how)
    assert again == Placed(0, N_PHOTOS - 2, 0, placed.failures)


def test_what_cannot_be_an_image_is_reported(photos: list[str], tmp_path: Path) -> None:
    """A folder, a pipe, a link to nothing, no name at all."""
    odd = [tmp_path / "photos" / name for name in ("folder", "pipe", "link")]
    odd[0].mkdir()
    os.mkfifo(odd[1])
    odd[2].symlink_to("nowhere")
    with pytest.warns(ImageLoadingWarning, match="folder' leads to no images"):
        placed = place_images([*photos, *odd, ""], tmp_path / "out", "copy")
    assert placed.n_new == N_PHOTOS
    assert [failure.cause for failure in placed.failures] == [
        *(Cause.NOT_A_FILE, Cause.MISSING, Cause.MISSING),
    ]


def refuse_to_open(monkeypatch: pytest.MonkeyPatch, path: bytes, code: int) -> None:
    """Let the system refuse to open a file."""
    opened = os.open

    def open_or_fail(name: Any, *arguments: Any, **options: Any) -> int:
        if name == path:
            raise OSError(code, os.strerror(code))
        return opened(name, *arguments, **options)

    monkeypatch.setattr(os, "open", open_or_fail)


@pytest.mark.parametrize("is_there", [False, True], ids=["copying", "comparing"])
def test_images_that_the_disk_does_not_give_are_reported(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    """The originals lie on a failing memory card: all that can be saved is."""
    if is_there:
        place_images(photos, tmp_path / "out", "copy")
    bad = os.fsencode(photos[7])
    refuse_to_open(monkeypatch, bad, errno.EIO)
    placed = place_images(photos, tmp_path / "out", "copy")
    assert placed.failures == (Failure(photos[7], Cause.DISK_ERROR),)
    assert placed.n_new + placed.n_there == N_PHOTOS - 1


@pytest.mark.skipif(os.name != "posix", reason="permissions as on Linux")
def test_a_file_that_may_not_be_read_is_taken_for_another(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be compared is not overwritten, and not the image's fault."""
    place_images(photos, tmp_path / "out", "copy")
    bad = os.fsencode(tmp_path / "out" / "site_1" / "IMG_3.jpg")
    refuse_to_open(monkeypatch, bad, errno.EACCES)
    with pytest.raises(OutputError, match=r"Something else .* of 1 of 24 images.*IMG_3"):
        place_images(photos, tmp_path / "out", "copy")


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink"])
def test_a_file_that_appears_meanwhile_is_not_overwritten(
    photos: list[str], tmp_path: Path, how: How
) -> None:
    """Another program writes to the destination, or its names differ in case alone."""
    target = tmp_path / "out" / "site_1" / "IMG_8.jpg"

    def appear(n_done: int, _: int) -> None:
        if n_done == 5:
            target.write_text("mine")

    with pytest.raises(OutputError, match=r"IMG_8.*File exists.*7 of 24 images placed"):
        place_images(photos, tmp_path / "out", how, on_progress=appear)
    assert target.read_text() == "mine"
    assert len(list_files(tmp_path / "out")) == 8


# ------------------------------------------------------------------ file systems


@pytest.mark.skipif(
    not SHARED_MEMORY.is_dir()
    or SHARED_MEMORY.stat().st_dev == Path(tempfile.gettempdir()).stat().st_dev,
    reason="needs a second file system",
)
def test_hard_links_across_file_systems_name_the_alternatives(photos: list[str]) -> None:
    """Copies and symbolic links get there."""
    folder = Path(tempfile.mkdtemp(dir=SHARED_MEMORY))
    try:
        with pytest.raises(OutputError, match=r"0 of 24.*how='symlink' or how='copy'"):
            place_images(photos, folder / "out", "hardlink")
        assert list_files(folder) == []
        assert place_images(photos, folder / "out", "copy").n_new == N_PHOTOS
        assert place_images(photos, folder / "links", "symlink").n_new == N_PHOTOS
    finally:
        shutil.rmtree(folder)


def test_where_there_are_no_symbolic_links_the_alternatives_are_named(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on exFAT, and on Windows without developer mode."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "symlink", refuse)
    with pytest.raises(OutputError, match=r"developer mode.*how='hardlink' or how='copy'"):
        place_images(photos, tmp_path / "out", "symlink")
    assert list_files(tmp_path / "out") == []
