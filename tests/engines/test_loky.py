"""Processes of this machine give what threads give, and survive the loss of some."""

import os
import sys
from pathlib import Path

import cv2
import joblib
import numpy as np
import pytest

from engine_photos import Outcome, build, look
from engine_suite import EngineSuite
from processes_of import kill_one
from smartdownsample import ImageIndex
from smartdownsample.engines import open_engine, processes
from smartdownsample.features.spec import make_spec
from smartdownsample.options import DecodeMode, ReadingOptions
from smartdownsample.pictures import decoding_process

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


class TestLoky(EngineSuite):
    """Processes start with a run and end with it."""

    @pytest.fixture(autouse=True)
    def let_processes_end(self, plugin: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the plugin where processes look, once this one has started."""
        monkeypatch.setenv("PYTHONPATH", plugin, prepend=os.pathsep)

    def run(self, photos: Path, decode: DecodeMode, cache_dir: Path) -> ImageIndex:
        """Build an index; joblib's configuration is all that says by what."""
        with joblib.parallel_config(backend="loky", n_jobs=2):
            return build(photos, decode, cache_dir)

    def kill_worker(self) -> None:
        """End a process of the pool."""
        kill_one(f"{sys.executable} -m joblib.externals.loky")


def test_a_pool_of_multiprocessing_gives_what_threads_give(
    photos: Path, of_threads: dict[DecodeMode, Outcome]
) -> None:
    """Loky takes its place."""
    with joblib.parallel_config(backend="multiprocessing", n_jobs=2):
        assert look(build(photos)) == of_threads["fast"]


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
