"""Runs that are killed, compete or meet files that change under their hands."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pictures import make_pixels, write_collection, write_picture
from smartdownsample import ImageIndex, ImageLoadingWarning
from smartdownsample.items import stat_files
from smartdownsample.records import Cause, FileStats

BUILD = """
import sys
from smartdownsample import ImageIndex, store
store._FLUSH_ROWS = 5  # so that a short run writes several parts
ImageIndex.build(sys.argv[1], cache_dir=sys.argv[2], n_workers=2)
"""


def start(photos: Path, store_folder: Path) -> "subprocess.Popen[bytes]":
    """Start a run that builds an index in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(photos), str(store_folder)], stderr=subprocess.PIPE
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("n_kills", [1, pytest.param(3, marks=pytest.mark.long)])
def test_after_a_kill_the_store_opens_and_what_was_written_is_known(
    tmp_path: Path, n_kills: int
) -> None:
    """Killed as soon as the next parts are there, once or again and again."""
    photos, store_folder = tmp_path / "photos", tmp_path / "store"
    for i in range(80):
        write_picture(photos / f"{i}.png", i, 400, 300)
    n_parts = 0
    for _ in range(n_kills):
        with start(photos, store_folder) as process:
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:
                found = len(list(store_folder.rglob("*.parquet")))
                if found > n_parts:
                    n_parts = found
                    process.send_signal(signal.SIGKILL)
                    break
                time.sleep(0.001)
    assert n_parts > 0
    resumed = ImageIndex.build(photos, cache_dir=store_folder)
    fresh = ImageIndex.build(photos, cache=False)
    assert resumed.table.n_extracted < 80
    assert resumed.table.rows.tobytes() == fresh.table.rows.tobytes()


def test_two_runs_at_once_agree_and_lose_nothing(tmp_path: Path) -> None:
    """Both answer, and a third run decodes nothing."""
    photos, store_folder = tmp_path / "photos", tmp_path / "store"
    write_collection(photos, 60)
    processes = [start(photos, store_folder) for _ in range(2)]
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    index = ImageIndex.build(photos, cache_dir=store_folder)
    fresh = ImageIndex.build(photos, cache=False)
    assert index.table.n_extracted == 0
    assert index.table.rows.tobytes() == fresh.table.rows.tobytes()


def test_a_file_that_is_deleted_during_the_run_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was there when the collection was listed and gone when it was its turn."""
    paths = write_collection(tmp_path, 3)

    def stat_then_delete(keys: list[bytes]) -> FileStats:
        stats = stat_files(keys)
        os.unlink(paths[1])
        return stats

    monkeypatch.setattr("smartdownsample.gathering.gather.stat_files", stat_then_delete)
    with pytest.warns(ImageLoadingWarning, match="File not found"):
        index = ImageIndex.build(paths)
    assert index.paths == [paths[0], paths[2]]
    assert index.failures[0].cause is Cause.MISSING


@pytest.mark.filterwarnings("ignore::smartdownsample.ImageLoadingWarning")
@pytest.mark.parametrize("n_runs", [4, pytest.param(20, marks=pytest.mark.long)])
def test_a_file_that_keeps_changing_is_never_remembered_wrongly(
    tmp_path: Path, n_runs: int
) -> None:
    """While somebody rewrites it, a run may see any state; afterwards only the last counts."""
    path = tmp_path / "a.jpg"
    write_picture(path, 0)
    stop = threading.Event()

    def rewrite() -> None:
        seed = 0
        while not stop.is_set():
            seed += 1
            write_picture(path, seed)

    writer = threading.Thread(target=rewrite)
    writer.start()
    for _ in range(n_runs):
        ImageIndex.build([path])
    stop.set()
    writer.join()
    write_picture(path, 1234)
    os.utime(path, ns=(7, 7))
    remembered = ImageIndex.build([path]).table.rows
    fresh = ImageIndex.build([path], cache=False)
    assert remembered.tobytes() == fresh.table.rows.tobytes()
    assert remembered["width"][0] == make_pixels(1234).shape[1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
def test_a_pipe_among_the_images_does_not_stop_the_run(tmp_path: Path) -> None:
    """Nobody will ever write to it."""
    paths = write_collection(tmp_path, 2)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.warns(ImageLoadingWarning, match="Not a regular file"):
        index = ImageIndex.build([*paths, tmp_path / "pipe.jpg"])
    assert index.paths == paths


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not Unicode")
def test_names_that_are_no_unicode_go_through(tmp_path: Path) -> None:
    """They come back byte for byte, cold and warm."""
    good = write_picture(tmp_path / "a.jpg", 1)
    odd = os.path.join(os.fsencode(tmp_path), b"caf\xe9 \n\xff.jpg")
    os.rename(good, odd)
    for expected in (1, 0):
        index = ImageIndex.build(tmp_path)
        assert [os.fsencode(path) for path in index.sample(1).paths] == [odd]
        assert index.table.n_extracted == expected
