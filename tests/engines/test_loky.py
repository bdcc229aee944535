"""Processes of this machine give what threads give, and survive the loss of some."""

import os
import signal
import sys
from pathlib import Path

import cv2
import joblib
import numpy as np
import pytest

from engine_photos import Outcome, build, look, write_killer, write_photos
from killing_workers import write_plugin
from smartdownsample.engines import open_engine, processes
from smartdownsample.features.spec import make_spec
from smartdownsample.items.locations import to_key
from smartdownsample.options import DecodeMode, ReadingOptions
from smartdownsample.pictures import decoding_process
from smartdownsample.records import Cause
from whole_photos import extract_photos

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
@pytest.mark.parametrize("decode", ["fast", "preview"])
def test_processes_give_what_threads_give(
    photos: Path, of_threads: dict[DecodeMode, Outcome], decode: DecodeMode, backend: str
) -> None:
    """To the bit, broken files included."""
    with joblib.parallel_config(backend=backend):
        assert look(build(photos, decode)) == of_threads[decode]


def list_processes(monkeypatch: pytest.MonkeyPatch) -> list[processes.ProcessEngine]:
    """Note the engines that are made."""
    made: list[processes.ProcessEngine] = []
    start = processes.ProcessEngine.__init__

    def note(self: processes.ProcessEngine, n_workers: int, n_threads: int | None) -> None:
        start(self, n_workers, n_threads)
        made.append(self)

    monkeypatch.setattr(processes.ProcessEngine, "__init__", note)
    return made


def test_a_killed_process_does_not_end_the_run(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that were under way are done again, and each file comes once."""
    made = list_processes(monkeypatch)
    keys = [to_key(str(path)) for path in sorted(photos.rglob("*.jpg"))]
    rows = {}
    killed = 0
    with joblib.parallel_config(backend="loky"):
        for batch in extract_photos(keys, make_spec(8, "fast"), n_workers=2):
            for item, row in zip(batch.items.tolist(), batch.rows, strict=True):
                assert item not in rows
                rows[item] = row.tobytes()
            if not killed:
                killed = min(made[0]._processes._processes)  # noqa: SLF001 # nothing else tells
                os.kill(killed, signal.SIGKILL)
    assert killed
    ours = extract_photos(keys, make_spec(8, "fast"), n_workers=2)
    assert rows == {
        item: row.tobytes()
        for batch in ours
        for item, row in zip(batch.items.tolist(), batch.rows, strict=True)
    }


def test_an_image_that_ends_each_process_is_named(
    tmp_path: Path, of_threads: dict[DecodeMode, Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others have their rows."""
    folder = write_photos(tmp_path)
    killer = write_killer(folder)
    plugin = write_plugin(tmp_path / "plugin")
    monkeypatch.setenv("PYTHONPATH", plugin, prepend=os.pathsep)
    # This process reads it no other way; the spawned ones take their paths from here.
    with joblib.parallel_config(backend="loky"):
        index = build(folder)
    assert (killer, Cause.WORKER_LOST) in [*index.failures]
    assert len(index.failures) == len(of_threads["fast"].failures) + 1
    assert index.table.rows.tobytes() == of_threads["fast"].rows


def test_libraries_of_processes_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process would start a thread for each core; what the user has set stays."""
    monkeypatch.setattr(processes, "cpu_count", lambda: 6)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    engine = processes.ProcessEngine(2)
    try:
        look_up = engine._processes.submit  # noqa: SLF001 # its tasks do nothing else
        assert look_up(os.getenv, "OPENBLAS_NUM_THREADS").result(60) == "3"
        assert look_up(os.getenv, "OMP_NUM_THREADS").result(60) == "5"
    finally:
        engine.close()


def test_libraries_of_processes_start_as_many_threads_as_joblib_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is set otherwise; OpenCV has one thread in any case, while it decodes."""
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    reading = ReadingOptions(n_workers=2)
    with (
        joblib.parallel_config(backend="loky", inner_max_num_threads=3),
        open_engine(reading, np.array([2**20] * 9), make_spec(8, "fast")) as engine,
    ):
        assert isinstance(engine, processes.ProcessEngine)
        look_up = engine._processes.submit  # noqa: SLF001 # its tasks do nothing else
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            assert look_up(os.getenv, name).result(60) == "3"
        assert look_up(count_opencv_threads).result(60) == 1


def count_opencv_threads() -> int:
    """Count the threads of OpenCV while a process works."""
    with decoding_process():
        return cv2.getNumThreads()
