"""Ray gives what threads give, and survives the loss of workers."""

import gc
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import joblib
import pytest

from engine_photos import Outcome, build, look
from engine_suite import ClusterSuite
from processes_of import kill_one
from smartdownsample import ExtractionError, ImageIndex
from smartdownsample.cli import main
from smartdownsample.gathering import schedule
from smartdownsample.options import DecodeMode

ray = pytest.importorskip("ray", reason="needs the extra 'ray'")
pytestmark = pytest.mark.usefixtures("own_network")


@contextmanager
def start(monkeypatch: pytest.MonkeyPatch, *search_path: str) -> Iterator[str]:
    """Start a cluster of two processors, whose workers look for modules there first."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    paths = [*search_path, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    for is_last in (False, False, True):
        try:
            ray.init(
                num_cpus=2, include_dashboard=False, object_store_memory=2**28, log_to_driver=False
            )
            break
        except Exception:  # it waits for itself 30 s at most, which a busy machine exceeds
            ray.shutdown()
            if is_last:
                raise
    try:
        yield ray.get_runtime_context().gcs_address
    finally:
        ray.shutdown()
        with warnings.catch_warnings():
            # Ray leaves its servers to themselves.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.fixture(scope="module")
def cluster(own_network: None, plugin: str) -> Iterator[str]:
    """Start a cluster that tests share; gives its address."""
    del own_network
    from ray.util.joblib import register_ray  # noqa: PLC0415 - where it is installed

    register_ray()
    with pytest.MonkeyPatch.context() as monkeypatch, start(monkeypatch, plugin) as address:
        yield address


class TestRay(ClusterSuite):
    """The process of the tests is connected to the cluster."""

    name = "ray"

    @pytest.fixture(autouse=True)
    def use_cluster(self, cluster: str) -> None:
        """Have its address at hand."""
        self.started = cluster

    @property
    def address(self) -> str:
        """Where the cluster is."""
        return self.started

    def run(self, photos: Path, decode: DecodeMode, cache_dir: Path) -> ImageIndex:
        """Build an index; joblib's configuration is all that says by what."""
        with joblib.parallel_config(backend="ray"):
            return build(photos, decode, cache_dir)

    def kill_worker(self) -> None:
        """End the process of a task."""
        kill_one("ray::work")


@pytest.mark.usefixtures("cluster")
def test_rows_that_workers_keep_are_the_same(
    photos: Path,
    of_threads: dict[DecodeMode, Outcome],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on clusters of many workers."""
    monkeypatch.setattr(schedule, "_MAX_STREAMED", 1)
    with joblib.parallel_config(backend="ray"):
        assert look(build(photos, cache_dir=tmp_path)) == of_threads["fast"]
    monkeypatch.undo()
    assert build(photos, cache_dir=tmp_path).table.n_extracted == 0


def fail(_: object) -> None:
    """Be a worker on which this package does not work."""
    msg = "no such luck"
    raise LookupError(msg)


@pytest.mark.usefixtures("cluster")
def test_what_fails_in_a_worker_is_said(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the fault of a photo, and not tried again and again."""
    from smartdownsample.engines import ray_engine  # noqa: PLC0415 - where Ray is installed

    monkeypatch.setattr(ray_engine, "work", fail)
    with (
        pytest.raises(ExtractionError, match="Install the same version of smartdownsample on all"),
        joblib.parallel_config(backend="ray"),
    ):
        ImageIndex.build(photos, cache=False)


def test_a_cluster_that_is_not_there_is_told_of(
    own_network: None, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a line."""
    del own_network
    ray.shutdown()
    options = ["--engine", "ray", "--scheduler", "127.0.0.1:9"]
    assert main(["features", str(photos), *options]) == 1
    assert "There is no Ray cluster at '127.0.0.1:9'" in capsys.readouterr().err


def test_closing_an_engine_whose_cluster_is_lost_raises_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would hide the error that says so; this process is disconnected all the same."""
    from smartdownsample.engines import ray_engine  # noqa: PLC0415 - where Ray is installed

    told: list[str] = []

    def lose(*_: object, **__: object) -> None:
        told.append("cancel")
        msg = "the cluster is lost"
        raise ray.exceptions.RaySystemError(msg)

    def shut_down() -> None:
        told.append("shutdown")
        raise ConnectionError

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray_engine, "_connect", lambda _: None)
    monkeypatch.setattr(ray, "cancel", lose)
    monkeypatch.setattr(ray, "shutdown", shut_down)
    engine = ray_engine.RayEngine("nowhere")
    engine._out[object()] = 0, 0  # noqa: SLF001 - as if it were sent
    engine.close()
    engine.close()
    assert told == ["cancel", "shutdown"]
