"""Tests of smartdownsample.engines.apart, with real processes that end."""

import os
import subprocess
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from killing_workers import NAME, write_plugin
from pictures import write_collection, write_photo
from smartdownsample import ExtractionError
from smartdownsample.engines import Answer, LostChunk, Task, apart, helper_processes, run_tasks
from smartdownsample.engines.apart import extract_apart
from smartdownsample.engines.chunk import extract_chunk
from smartdownsample.engines.worker import work
from smartdownsample.features.spec import make_spec
from smartdownsample.pictures import Treatment
from smartdownsample.records import Cause
from whole_photos import photo_task

SPEC = make_spec(8, "fast")


class Workers:
    """An engine whose workers end with the photo that ends processes, unless it is apart."""

    name = "workers"
    shares_memory = False
    streams = True

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Task]] = deque()
        self.n_lost = 0

    def workers(self) -> int:
        """Count the workers."""
        return 2

    def submit(self, number: int, task: Task) -> None:
        """Keep a task."""
        self._waiting.append((number, task))

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Do the tasks one after the other."""
        while self._waiting:
            number, task = self._waiting.popleft()
            is_lost = not task.is_apart and any(path.endswith(NAME) for path in task.locations)
            self.n_lost += is_lost
            yield number, LostChunk("gone") if is_lost else work(task)

    def close(self) -> None:
        """Forget the tasks."""
        self._waiting.clear()


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write photos, of which two end each process that reads them but this one."""
    monkeypatch.setenv("PYTHONPATH", write_plugin(tmp_path / "plugin"), prepend=os.pathsep)
    paths = write_collection(tmp_path / "photos", 6)
    for place in (2, 3):
        folder = tmp_path / f"bad_{place}"
        folder.mkdir()
        paths[place] = str(write_photo(folder / NAME, place))
    return paths


def test_only_the_images_that_end_processes_have_no_row(photos: list[str]) -> None:
    """Though two of them are side by side; the others are as ever."""
    others = [0, 1, 4, 5]
    task = photo_task(photos, SPEC, [Treatment.COMPARE] * 6)
    found = extract_apart(task)
    assert found.causes == [None, None, *[Cause.WORKER_LOST] * 2, None, None]
    assert found.is_lasting.tolist() == [True, True, False, False, True, True]
    well = extract_chunk(task.choose_files(others))
    for name in ("rows", "mtime_ns", "size_bytes"):
        alone = getattr(found.take(np.array(others)), name)
        assert alone.tobytes() == getattr(well, name).tobytes()
    assert found.order_keys == extract_chunk(task).order_keys


def test_no_process_is_left(photos: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither those that ended nor the last one."""
    started: list[subprocess.Popen[bytes]] = []
    start = helper_processes.start_helper

    def note(executable: str) -> subprocess.Popen[bytes]:
        started.append(start(executable))
        return started[-1]

    monkeypatch.setattr(apart, "start_helper", note)
    extract_apart(photo_task(photos, SPEC))
    assert len(started) == 3
    assert all(process.returncode is not None for process in started)


def test_few_workers_are_lost_however_many_images_end_them(photos: list[str]) -> None:
    """Three with the chunk, and none while they are looked for."""
    engine = Workers()
    (result,) = run_tasks(engine, [photo_task(photos, SPEC)])
    assert [cause is Cause.WORKER_LOST for cause in result.chunk.causes] == [
        path.endswith(NAME) for path in photos
    ]
    assert engine.n_lost == 3


def test_processes_that_end_with_each_image_end_the_run(
    photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They, not the images, seem to be at fault."""
    monkeypatch.setattr("smartdownsample.engines.dispatch._MAX_LOST_IMAGES", 4)
    tasks = [photo_task(photos[2:3], SPEC), photo_task(photos[3:4], SPEC)] * 2
    with pytest.raises(
        ExtractionError, match=r"each of 4 images .* a process apart ended with each as well"
    ):
        list(run_tasks(Workers(), tasks))
    # Those of one chunk came back: it is well.
    outcomes = list(run_tasks(Workers(), [tasks[0], photo_task(photos, SPEC), *tasks[1:3]]))
    assert sum(map(len, (result.chunk.causes for result in outcomes))) == 9


def test_workers_that_can_start_no_process_decode_by_themselves(
    collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in programs that are frozen, or where there are too many processes."""
    task = photo_task(collection[:3], SPEC)._replace(is_apart=True)
    expected = extract_chunk(task).rows.tobytes()

    def refuse(_: object) -> None:
        raise BlockingIOError

    with monkeypatch.context() as none:
        none.setattr(apart, "find_python", lambda: None)
        assert extract_apart(task).rows.tobytes() == expected
    monkeypatch.setattr(apart, "start_helper", refuse)
    chunk = work(task).chunk
    assert chunk is not None
    assert chunk.rows.tobytes() == expected


def test_images_are_decoded_here_when_no_process_can_be_started_any_more(
    photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was never tried is not called lost."""
    starts = [helper_processes.start_helper]

    def start_once(executable: str) -> subprocess.Popen[bytes]:
        if not starts:
            raise BlockingIOError
        return starts.pop()(executable)

    monkeypatch.setattr(apart, "start_helper", start_once)
    task = photo_task([*photos[:3], *photos[4:]], SPEC)
    found = extract_apart(task)
    assert found.causes == [None, None, Cause.WORKER_LOST, None, None]
    well = extract_chunk(task.choose_files([0, 1, 3, 4]))
    assert found.take(np.array([0, 1, 3, 4])).rows.tobytes() == well.rows.tobytes()
