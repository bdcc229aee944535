"""Ray gives what threads give, and survives the loss of workers."""

import gc
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import joblib
import pytest

from engine_photos import Outcome, build, look, write_killer, write_photos
from killing_workers import write_plugin
from processes_of import kill_one
from smartdownsample import ExtractionError, ImageIndex
from smartdownsample.cli import main
from smartdownsample.gathering import schedule
from smartdownsample.options import DecodeMode
from smartdownsample.records import Cause

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
def cluster(own_network: None) -> Iterator[str]:
    """Start a cluster that tests share; gives its address."""
    del own_network
    from ray.util.joblib import register_ray  # noqa: PLC0415 - where it is installed

    register_ray()
    with pytest.MonkeyPatch.context() as monkeypatch, start(monkeypatch) as address:
        yield address


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("decode", ["fast", "preview"])
def test_ray_gives_what_threads_give(
    photos: Path, of_threads: dict[DecodeMode, Outcome], decode: DecodeMode
) -> None:
    """To the bit, broken files included; joblib's configuration is all that says so."""
    with joblib.parallel_config(backend="ray"):
        assert look(build(photos, decode)) == of_threads[decode]


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


def test_the_command_names_a_cluster(
    cluster: str,
    photos: Path,
    of_threads: dict[DecodeMode, Outcome],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All that it read is known afterwards."""
    assert main(["features", str(photos), "--engine", "ray", "--scheduler", cluster]) == 0
    assert "Read 1,200 images" in capsys.readouterr().err
    with pytest.warns(UserWarning, match="could not be loaded"):
        index = ImageIndex.build(photos)
    assert index.table.n_extracted == 0
    assert look(index) == of_threads["fast"]


@pytest.mark.usefixtures("cluster")
def test_a_killed_worker_changes_nothing(
    photos: Path, of_threads: dict[DecodeMode, Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray sends what it had to another."""
    make_batch = schedule._MissedFiles.make_batch  # noqa: SLF001 - to be there between two results
    killed: list[bool] = []

    def kill_first(*given: object) -> object:
        if not killed:
            killed.append(True)
            kill_one("ray::work")
        return make_batch(*given)  # type: ignore[arg-type] # as they are

    monkeypatch.setattr(schedule._MissedFiles, "make_batch", kill_first)  # noqa: SLF001 - likewise
    with joblib.parallel_config(backend="ray"):
        assert look(build(photos)) == of_threads["fast"]
    assert killed


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


def test_an_image_that_ends_each_worker_is_named(
    tmp_path: Path,
    own_network: None,
    of_threads: dict[DecodeMode, Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All others have their rows."""
    del own_network
    ray.shutdown()  # that of other tests
    from ray.util.joblib import register_ray  # noqa: PLC0415 - where it is installed

    register_ray()
    folder = write_photos(tmp_path / "photos")
    killer = write_killer(folder)
    with (
        start(monkeypatch, write_plugin(tmp_path / "plugin")),
        joblib.parallel_config(backend="ray"),
    ):
        index = build(folder)
    assert (killer, Cause.WORKER_LOST) in list(index.failures)
    assert len(index.failures) == len(of_threads["fast"].failures) + 1
    assert index.table.rows.tobytes() == of_threads["fast"].rows


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
