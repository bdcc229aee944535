"""Tests of smartdownsample.engines.choose, and of the engines that need no cluster."""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import joblib
import numpy as np
import pytest
from joblib.parallel import ParallelBackendBase, register_parallel_backend

from smartdownsample import ExtractionError, ImageIndex, InvalidParameterError, MissingExtraError
from smartdownsample.cli import main
from smartdownsample.engines import open_engine
from smartdownsample.engines.dispatch import run_tasks
from smartdownsample.features.spec import make_spec
from smartdownsample.items.locations import to_key
from smartdownsample.options import ReadingOptions
from whole_photos import extract_photos, photo_task

SPEC = make_spec(8, "fast")


class OwnBackend(ParallelBackendBase):  # type: ignore[misc] # joblib has no types
    """Does calls on a thread, as anybody's backend may; one that drops returns less."""

    drops = False

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Count the workers."""
        return 2 if n_jobs != 1 else 1

    def submit(self, func: Callable[[], list[Any]], callback: Any = None) -> "Future[Any]":
        """Start a call."""
        done: Future[Any] = Future()
        results = func()
        done.set_result(results[:0] if self.drops else results)
        if callback is not None:
            callback(done)
        return done

    apply_async = submit  # what joblib before 1.5 calls it

    def retrieve_result_callback(self, out: Any) -> Any:
        """Take what came of a call."""
        return out.result()

    supports_retrieve_callback = True
    supports_return_generator = False


class DroppingBackend(OwnBackend):
    """Returns nothing for what it does."""

    drops = True


class SparkDistributedBackend(OwnBackend):
    """Has the name of joblibspark's."""


@pytest.fixture(autouse=True)
def backends() -> None:
    """Register backends with joblib, as packages do."""
    register_parallel_backend("own", OwnBackend)
    register_parallel_backend("dropping", DroppingBackend)
    register_parallel_backend("spark", SparkDistributedBackend)


@pytest.mark.parametrize("backend", ["own", "sequential", "threading"])
def test_any_backend_of_joblib_gives_the_same(backend: str, collection: list[str]) -> None:
    """Whether or not it can return results as they come."""
    with joblib.parallel_config(backend=backend):
        rows = ImageIndex.build(collection, cache=False, n_workers=2).table.rows
    alone = ImageIndex.build(collection, cache=False, n_workers=1).table.rows
    assert rows.tobytes() == alone.tobytes()


def test_a_backend_that_drops_results_is_refused_by_name(collection: list[str]) -> None:
    """An index with fewer rows would be taken for the whole."""
    with (
        joblib.parallel_config(backend="dropping"),
        pytest.raises(ExtractionError, match="joblib's DroppingBackend ended without an answer"),
    ):
        ImageIndex.build(collection, cache=False)


def test_joblibs_spark_is_refused_with_what_to_do_instead(collection: list[str]) -> None:
    """It can neither stream nor run several chunks."""
    with (
        joblib.parallel_config(backend="spark"),
        pytest.raises(InvalidParameterError, match="mapInArrow"),
    ):
        ImageIndex.build(collection, cache=False)


def test_an_engine_that_is_not_installed_is_named_with_its_extra(
    collection: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is decoded."""
    monkeypatch.setattr("smartdownsample.engines.choose.find_spec", lambda _: None)
    assert main(["features", collection[0], "--engine", "dask", "--scheduler", "tcp://x:1"]) == 1
    assert "pip install 'smartdownsample[dask]'" in capsys.readouterr().err
    with pytest.raises(MissingExtraError), _open(ReadingOptions(engine="dask")):
        pass


def _open(reading: ReadingOptions) -> Any:
    """Open an engine for a few files."""
    return open_engine(reading, np.full(4, 2**20), SPEC)


def test_a_scheduler_without_an_engine_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody knows whose it is."""
    with pytest.raises(InvalidParameterError, match="needs 'engine'"):
        ReadingOptions(scheduler="tcp://10.0.0.1:8786")
    with pytest.raises(InvalidParameterError, match="The 'engine' parameter must be"):
        ReadingOptions(engine="slurm")  # type: ignore[arg-type] # what callers do
    assert not capsys.readouterr().err


def test_no_cluster_is_imported_with_the_package(collection: list[str]) -> None:
    """Nor by a run that uses none."""
    ImageIndex.build(collection[:2], cache=False)
    assert not {"distributed", "ray", "pyspark"} & {*sys.modules}


@pytest.mark.parametrize("n_workers", [1, 3])
def test_errors_of_workers_end_the_run(
    n_workers: int, collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are none of the files'."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("smartdownsample.engines.threads.extract_chunk", fail)
    batches = extract_photos([to_key(path) for path in collection], SPEC, n_workers=n_workers)
    with pytest.raises(ZeroDivisionError):
        next(batches)


def test_a_slow_reader_leaves_few_results_waiting(
    collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than four chunks for each worker are done and not taken."""
    n_done = 0
    submit = ThreadPoolExecutor.submit

    def count(pool: ThreadPoolExecutor, do: Any, number: int, task: Any) -> "Future[None]":
        def count_done(*given: Any) -> None:
            nonlocal n_done
            do(*given)
            n_done += 1

        return submit(pool, count_done, number, task)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", count)
    tasks = [photo_task([path], SPEC) for path in collection * 4]
    with _open(ReadingOptions(n_workers=2)) as engine:
        taken = 0
        for taken, _ in enumerate(_read_slowly(run_tasks(engine, tasks)), start=1):
            assert n_done - taken <= 4 * 2
        assert taken == len(tasks)


def _read_slowly(results: Iterator[Any]) -> Iterator[Any]:
    """Take 30 ms for each of the first chunks."""
    for n_read, result in enumerate(results):
        if n_read < 30:
            time.sleep(0.03)
        yield result
