"""Tests of smartdownsample.gathering.schedule and chunk."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import joblib
import numpy as np
import pytest
from PIL import Image

from pictures import (
    make_exif,
    make_old,
    make_pixels,
    write_collection,
    write_photo,
    write_picture,
)
from smartdownsample import FeatureSpec, ImageIndex
from smartdownsample.engines import choose
from smartdownsample.engines.chunk import extract_chunk, fail_chunk
from smartdownsample.engines.engine import LostChunk
from smartdownsample.engines.helper_processes import Helpers
from smartdownsample.engines.task import Task
from smartdownsample.engines.threads import ThreadEngine
from smartdownsample.engines.worker import Answer, identify
from smartdownsample.features.spec import make_spec
from smartdownsample.gathering import schedule
from smartdownsample.items.local_files import LocalFiles
from smartdownsample.items.locations import to_key
from smartdownsample.items.storage import Content
from smartdownsample.pictures.previews import Treatment
from smartdownsample.pictures.process_settings import count_workers
from smartdownsample.records import FLAG_PREVIEW, Cause, FeatureBatch
from whole_photos import extract_photos, keys_of, photo_task

SPEC: FeatureSpec = make_spec(8, "fast")


def extract(paths: list[str], n_workers: int) -> dict[int, FeatureBatch]:
    """Extract all and return the batch of each item."""
    batches = extract_photos(keys_of(paths), SPEC, n_workers=n_workers)
    return {item: batch for batch in batches for item in batch.items.tolist()}


def test_every_item_comes_once_whatever_the_number_of_workers(collection: list[str]) -> None:
    """One worker and four give the same rows."""
    serial, parallel = extract(collection, 1), extract(collection, 4)
    assert sorted(serial) == sorted(parallel) == list(range(len(collection)))
    for item in serial:
        rows = [
            batch.rows[batch.items.tolist().index(item)] for batch in (serial[item], parallel[item])
        ]
        assert rows[0].tobytes() == rows[1].tobytes()


@pytest.mark.parametrize("n_workers", [1, 2, 5])
def test_tasks_get_smaller_so_that_all_workers_end_together(tmp_path: Path, n_workers: int) -> None:
    """None is more than a quarter of what a worker has left; the last ones are single images."""
    paths = [str(write_picture(tmp_path / f"{i}.png", i, 9, 9)) for i in range(100)]
    batches = {batch.items[0]: batch for batch in extract(paths, n_workers).values()}
    sizes = [len(batches[first].items) for first in sorted(batches)]
    assert sum(sizes) == len(paths)
    assert sizes[-n_workers:] == [1] * n_workers
    for start, size in zip(np.cumsum([0, *sizes]).tolist(), sizes, strict=False):
        assert size <= max(1, (len(paths) - start) / n_workers / 4)


def test_a_batch_carries_what_the_store_needs(collection: list[str]) -> None:
    """Key, order, time and size of each file."""
    batch = extract(collection[:1], 1)[0]
    status = os.stat(collection[0])
    assert batch.keys == [to_key(collection[0])]
    assert batch.mtime_ns.tolist() == [status.st_mtime_ns]
    assert batch.size_bytes.tolist() == [status.st_size]
    assert batch.is_lasting.tolist() == [True]


def test_one_bad_file_leaves_the_others_alone(tmp_path: Path) -> None:
    """Its row is zero, without a time, and has a cause; its neighbours' rows are their own."""
    good = [str(write_picture(tmp_path / f"{i}.jpg", i)) for i in range(2)]
    bad = tmp_path / "bad.jpg"
    bad.write_text("no image")
    make_old(bad)
    chunk = extract_chunk(
        photo_task([good[0], str(bad), str(tmp_path / "missing.jpg"), good[1]], SPEC)
    )
    assert chunk.causes == [None, Cause.TEXT, Cause.MISSING, None]
    assert chunk.is_lasting.tolist() == [True, True, False, True]
    alone = extract_chunk(photo_task(good, SPEC))
    assert chunk.rows[[0, 3]].tobytes() == alone.rows.tobytes()
    empty = np.zeros(1, SPEC.row_dtype)
    empty["captured"] = np.datetime64("NaT", "ms")
    assert chunk.rows[1].tobytes() == empty.tobytes()


def test_rows_carry_the_capture_times_that_files_have(tmp_path: Path) -> None:
    """A truncated photo keeps its own; a failure has none, whatever its header says."""
    exif = b"Exif\0\0" + make_exif(photo={0x9003: b"2019:06:22 16:50:53\0", 0x9291: b"046\0"})
    photo = tmp_path / "IMG_1.jpg"
    Image.fromarray(make_pixels(1, 640, 480)).save(photo, exif=exif)
    Image.fromarray(make_pixels(2)).save(tmp_path / "IMG_2.png", exif=exif)
    data = photo.read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) * 3 // 4])
    (tmp_path / "empty.jpg").write_bytes(data[: data.index(b"\xff\xda")])
    write_picture(tmp_path / "plain.jpg", 1)
    names = ("IMG_1.jpg", "IMG_2.png", "cut.jpg", "empty.jpg", "plain.jpg")
    chunk = extract_chunk(photo_task([str(tmp_path / name) for name in names], SPEC))
    assert chunk.causes == [None, None, None, Cause.TRUNCATED, None]
    taken = np.datetime64("2019-06-22T16:50:53.046").item()
    assert chunk.rows["captured"].tolist() == [taken, taken, taken, None, None]


def test_chunks_travel_to_other_processes(collection: list[str]) -> None:
    """Any joblib backend can carry them: `joblib.parallel_config` decides, not the package."""
    with joblib.parallel_config(backend="loky"):
        elsewhere = extract(collection[:8], 2)
    here = extract(collection[:8], 2)
    assert all(
        elsewhere[item].rows.tobytes() == here[item].rows.tobytes()
        for item in here
        if elsewhere[item].items.tolist() == here[item].items.tolist()
    )
    assert sorted(elsewhere) == sorted(here)


def test_workers_default_to_the_cores_but_at_least_four() -> None:
    """Reading overlaps decoding even on small machines."""
    assert count_workers(None) == max(4, joblib.cpu_count())
    assert count_workers(3) == 3


def test_no_items_are_no_work() -> None:
    """An empty request ends at once."""
    assert extract([], 4) == {}


def test_a_stopped_run_leaves_nothing_under_way(
    collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The consumer may leave early; no image is opened after that."""
    opened: list[str] = []

    read = LocalFiles.read

    def note(files: LocalFiles, location: str) -> Content | Cause:
        opened.append(location)
        return read(files, location)

    monkeypatch.setattr(LocalFiles, "read", note)
    keys = [to_key(path) for path in collection] * 20
    batches = extract_photos(keys, SPEC, n_workers=4)
    next(batches)
    batches.close()
    n_opened = len(opened)
    assert n_opened < len(keys)
    time.sleep(0.2)
    assert len(opened) == n_opened


def test_a_task_decodes_no_more_than_a_killed_run_may_lose(
    collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of large files a task has few, but one at least; of small ones as many as it may."""
    monkeypatch.setattr(schedule, "_OF_THREADS", schedule.ChunkLimits(8, 1, 100, 0))
    keys = [to_key(path) for path in collection] * 2
    sizes = np.full(len(keys), 1)
    sizes[::4], sizes[::12] = 30, 2**62
    # Not all of them.
    items = np.sort(np.random.default_rng(0).permutation(len(keys))[: len(keys) * 3 // 4])
    batches = extract_photos(keys, SPEC, misses=items, sizes=sizes)
    chunks = [batch.items for batch in batches]
    assert np.concatenate(chunks).tolist() == items.tolist()
    assert all(len(chunk) == 1 or sizes[chunk].sum() <= 100 for chunk in chunks)
    assert max(map(len, chunks)) == 8
    # Each ends where the next item would be too much, until few are left.
    for chunk, following in pairwise(chunks[:10]):
        assert len(chunk) == 8 or sizes[[*chunk, following[0]]].clip(0, 100).sum() > 100


def test_previews_count_as_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that reads previews has many; one that decodes whole photos has few."""
    monkeypatch.setattr(schedule, "_OF_THREADS", schedule.ChunkLimits(512, 1, 100, 0))
    keys = [to_key(str(write_photo(tmp_path / f"{i:02d}.jpg", i))) for i in range(40)]
    sizes = np.full(len(keys), 100)
    n_together = []
    batches = extract_photos(keys, make_spec(8, "preview"), sizes=sizes)
    for batch in batches:
        is_preview = batch.rows["flags"] & FLAG_PREVIEW != 0
        assert is_preview.all() or len(batch.items) == 1
        n_together.append(len(batch.items))
    assert max(n_together) > 1


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C there")
def test_an_interrupt_does_not_leave_tasks_behind(
    collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python must not end while one of them is inside a decoder."""
    n_read = n_under_way = 0

    read = LocalFiles.read

    def read_slowly(files: LocalFiles, location: str) -> Content | Cause:
        nonlocal n_read, n_under_way
        n_read += 1
        # The first chunks are done quickly.
        if n_read > len(collection) // 2:
            n_under_way += 1
            time.sleep(0.5)
            n_under_way -= 1
        return read(files, location)

    monkeypatch.setattr(LocalFiles, "read", read_slowly)
    keys = [to_key(path) for path in collection]
    batches = extract_photos(keys, SPEC, n_workers=2)
    next(batches)
    while not n_under_way:
        time.sleep(0.01)
    interrupts = [
        threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT)) for delay in (0.1, 0.2)
    ]
    for interrupt in interrupts:
        interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        batches.close()
    assert n_under_way == 0


def test_previews_come_whatever_the_backend_and_the_chunks(tmp_path: Path) -> None:
    """Rows are those of threads; each item comes once, with the file's own time and size."""
    paths = [str(write_photo(tmp_path / f"{i:02d}.jpg", i)) for i in range(20)]
    keys = [to_key(path) for path in paths]
    spec = make_spec(8, "preview")

    def rows_of(items: list[int], n_workers: int) -> dict[int, bytes]:
        batches = extract_photos(keys, spec, misses=np.array(items), n_workers=n_workers)
        return {
            item: row.tobytes() + mtime_ns.tobytes()
            for batch in batches
            for item, row, mtime_ns in zip(
                batch.items.tolist(), batch.rows, batch.mtime_ns, strict=True
            )
        }

    here = rows_of(list(range(20)), 1)
    assert sorted(here) == list(range(20))
    assert rows_of(list(range(19, -1, -1)), 3) == here
    with joblib.parallel_config(backend="loky"):
        assert rows_of(list(range(20)), 2) == here


def test_treatments_are_those_of_each_item(tmp_path: Path) -> None:
    """An item without a preview is decoded in any case."""
    photo = str(write_photo(tmp_path / "1.jpg", 1))
    plain = str(write_photo(tmp_path / "2.jpg", 2, has_thumbnail=False))
    spec = make_spec(8, "preview")
    treatments = [Treatment.DECODE, Treatment.PREVIEW, Treatment.PREVIEW]
    rows = extract_chunk(photo_task([photo, photo, plain], spec, treatments)).rows
    assert rows["flags"].tolist() == [0, FLAG_PREVIEW, 0]
    assert rows[[0, 2]].tobytes() == extract_chunk(photo_task([photo, plain], SPEC)).rows.tobytes()


def test_a_stopped_run_checks_no_more_folders(tmp_path: Path) -> None:
    """The consumer may leave in the midst of the checks."""
    keys = [to_key(str(write_photo(tmp_path / f"{i}.jpg", i))) for i in range(12)]
    batches = extract_photos(keys, make_spec(8, "preview"))
    next(batches)
    batches.close()
    assert list(batches) == []


def test_there_are_no_more_threads_than_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are allowed."""
    asked = []

    def look(n_workers: int, helpers: Helpers) -> ThreadEngine:
        asked.append(n_workers)
        return ThreadEngine(n_workers, helpers)

    monkeypatch.setattr(choose, "ThreadEngine", look)
    paths = write_collection(tmp_path, 5)
    assert len(ImageIndex.build(paths, cache=False, n_workers=64)) == 5
    assert asked == [5]


class OneByOne:
    """An engine elsewhere: does tasks when results are asked for, and notes their sizes."""

    name = "fake"
    shares_memory = False
    streams = True

    def __init__(self, n_workers: int) -> None:
        self._n_workers = n_workers
        self._waiting: list[tuple[int, Task]] = []
        self.sizes: list[int] = []

    def workers(self) -> int:
        """Count the workers."""
        return self._n_workers

    def submit(self, number: int, task: Task) -> None:
        """Note a task."""
        self._waiting.append((number, task))
        self.sizes.append(len(task.locations))

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Do the tasks."""
        while self._waiting:
            number, task = self._waiting.pop(0)
            yield number, Answer(identify(), fail_chunk(task, Cause.MISSING))

    def close(self) -> None:
        """Forget the tasks."""
        self._waiting.clear()


def cut(
    monkeypatch: pytest.MonkeyPatch,
    n_files: int,
    n_bytes: int,
    n_workers: int,
    *,
    folder: str = "/nowhere",
    shares_memory: bool = False,
) -> tuple[list[int], list[int]]:
    """List the sizes of the chunks that an engine gets, and the steps of progress."""
    engine = OneByOne(n_workers)
    engine.shares_memory = shares_memory
    steps: list[int] = []

    @contextmanager
    def show(n: int, _: str, **__: object) -> Iterator[Callable[[int], object]]:
        assert n == n_files
        yield steps.append

    @contextmanager
    def give(*_: object) -> Iterator[OneByOne]:
        yield engine

    monkeypatch.setattr(schedule, "count_progress", show)
    monkeypatch.setattr(schedule, "open_engine", give)
    keys = [to_key(f"{folder}/{i}.jpg") for i in range(n_files)]
    etags: list[str | None] | None = ["etag"] * n_files if "://" in folder else None
    for _ in extract_photos(keys, SPEC, sizes=np.full(n_files, n_bytes), etags=etags):
        pass
    return engine.sizes, steps


def test_chunks_for_others_are_cut_by_time_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files by thousands, photos of 3 MB some 64 together; few files go to all workers."""
    small, _ = cut(monkeypatch, 60_000, 20_000, 2)
    assert max(small) == 4096
    assert min(small[:-1]) == 64
    photos, _ = cut(monkeypatch, 1000, 3_000_000, 2)
    assert max(photos) == 66
    assert min(photos[:-1]) == 64
    few, _ = cut(monkeypatch, 100, 20_000, 4)
    assert few == [25, 25, 25, 25]


def test_chunks_of_objects_are_large_enough_to_fetch_many_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Threads take local photos one by one, where these are large."""
    size = 10_000_000
    objects, _ = cut(monkeypatch, 1000, size, 2, folder="s3://bucket/a", shares_memory=True)
    assert max(objects) == 19
    local, _ = cut(monkeypatch, 100, size, 2, shares_memory=True)
    assert max(local) == 1


def test_progress_counts_images_of_finished_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """On engines elsewhere as well."""
    sizes, steps = cut(monkeypatch, 1000, 20_000, 2)
    assert steps == sizes
    assert sum(steps) == 1000
