"""Dask gives what threads give, and survives the loss of workers; a lost scheduler is told of."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import joblib
import pytest

from dask_clusters import Cluster
from engine_photos import Outcome, build, look
from engine_suite import ClusterSuite
from smartdownsample import ExtractionError, HelperWarning, ImageIndex
from smartdownsample.cli import main
from smartdownsample.features.spec import make_spec
from smartdownsample.items.locations import to_key
from smartdownsample.options import DecodeMode
from smartdownsample.records import FeatureBatch
from smartdownsample.store import FeatureStore
from whole_photos import extract_photos, photo_task

distributed = pytest.importorskip("distributed", reason="needs the extra 'dask'")
pytestmark = pytest.mark.usefixtures("own_network")


@pytest.fixture(scope="module")
def cluster(
    own_network: None, plugin: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Start a scheduler and two workers."""
    del own_network
    with Cluster(tmp_path_factory.mktemp("dask"), plugin=plugin) as started:
        yield started


@pytest.fixture(scope="module")
def empty_cluster(own_network: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start a scheduler without workers."""
    del own_network
    with Cluster(tmp_path_factory.mktemp("dask"), n_workers=0) as started:
        yield started


class TestDask(ClusterSuite):
    """Scheduler and workers are processes, which talk by TCP."""

    name = "dask"

    @pytest.fixture(autouse=True)
    def use_cluster(self, cluster: Cluster) -> None:
        """Have the cluster at hand."""
        self.cluster = cluster

    @property
    def address(self) -> str:
        """Where the scheduler is."""
        return self.cluster.address

    def run(self, photos: Path, decode: DecodeMode, cache_dir: Path) -> ImageIndex:
        """Build an index; joblib's configuration is all that says by what."""
        with distributed.Client(self.address), joblib.parallel_config(backend="dask"):
            return build(photos, decode, cache_dir)

    def kill_worker(self) -> None:
        """End a worker, which its nanny starts again."""
        self.cluster.kill_worker()


def test_a_lost_scheduler_is_told_of_and_the_next_run_goes_on(
    tmp_path: Path,
    photos: Path,
    of_threads: dict[DecodeMode, Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What came back is in the store."""
    append, n_appended = FeatureStore.append, count()
    (tmp_path / "dask").mkdir()
    with Cluster(tmp_path / "dask") as cluster:

        def kill_after_some(self: FeatureStore, batch: FeatureBatch) -> None:
            append(self, batch)
            if next(n_appended) == 2:
                cluster.kill_scheduler()

        monkeypatch.setattr(FeatureStore, "append", kill_after_some)
        with (
            pytest.raises(ExtractionError, match="the same call goes on from there"),
            distributed.Client(cluster.address),
            joblib.parallel_config(backend="dask"),
        ):
            ImageIndex.build(photos, cache_dir=tmp_path / "store")
    resumed = build(photos, cache_dir=tmp_path / "store")
    assert 0 < resumed.table.n_extracted < 1200
    assert look(resumed) == of_threads["fast"]


def test_a_cluster_without_workers_is_told_of(
    empty_cluster: Cluster, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run does not wait for ever, nor for long without a word."""
    monkeypatch.setattr("smartdownsample.engines.dask_engine._PATIENCE_S", 0.5)
    monkeypatch.setattr("smartdownsample.engines.dask_engine._SILENCE_S", 0.1)
    with (
        distributed.Client(empty_cluster.address),
        joblib.parallel_config(backend="dask"),
        pytest.warns(HelperWarning, match="has no worker yet"),
        pytest.raises(ExtractionError, match=r"no worker for 0.5 seconds. Start some"),
    ):
        ImageIndex.build(photos, cache=False)


def test_a_scheduler_that_is_not_there_is_told_of(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a line."""
    import dask  # noqa: PLC0415 # where it is installed

    options = ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:9"]
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        assert main(["features", str(photos), *options]) == 1
    assert "at tcp://127.0.0.1:9 cannot be reached" in capsys.readouterr().err


def test_an_address_of_another_kind_is_refused_at_once(photos: Path) -> None:
    """No client is made, which would wait for its scheduler when it is collected."""
    command = [sys.executable, "-m", "smartdownsample", "features", str(photos)]
    page = ["--engine", "dask", "--scheduler", "http://127.0.0.1:8787"]
    done = subprocess.run(
        [*command, *page], check=False, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 1
    assert "at http://127.0.0.1:8787 cannot be reached (unknown address scheme" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_is_left_early_cancels_what_is_out(cluster: Cluster, photos: Path) -> None:
    """The scheduler knows of no task of it any more."""
    keys = [to_key(str(path)) for path in sorted(photos.rglob("*.jpg"))]
    with distributed.Client(cluster.address) as client, joblib.parallel_config(backend="dask"):
        batches = extract_photos(keys, make_spec(8, "fast"))
        next(batches)
        batches.close()
        assert not client.futures


def test_closing_an_engine_whose_scheduler_is_lost_raises_nothing(
    cluster: Cluster, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hide the error that says so; the client is closed, and Dask logs as before."""
    from smartdownsample.engines.dask_engine import connect  # noqa: PLC0415 # where it is installed

    engine = connect(cluster.address)
    client = engine._client  # noqa: SLF001 # nothing else tells
    close = client.close
    closed = []

    def lose(*_: object, **__: object) -> None:
        msg = "the scheduler is lost"
        raise OSError(msg)

    def close_and_lose(*given: object, **named: object) -> None:
        close(*given, **named)
        closed.append(True)
        lose()

    monkeypatch.setattr(client, "cancel", lose)
    monkeypatch.setattr(client, "close", close_and_lose)
    engine.submit(0, photo_task([str(next(photos.rglob("*.jpg")))], make_spec(8, "fast")))
    engine.close()
    assert closed
    assert not logging.getLogger("distributed.client").filters


def test_engines_that_overlap_leave_the_log_as_it_was(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """It is quiet while there is one of them."""
    from smartdownsample.engines.dask_engine import DaskEngine  # noqa: PLC0415 # likewise

    log = logging.getLogger("distributed.client")
    level = log.level
    with distributed.Client(cluster.address, set_as_default=False) as client:
        first, second = DaskEngine(client), DaskEngine(client)
        first.close()
        log.error("not to be seen")
        second.close()
        log.error("to be seen")
    assert [record.message for record in caplog.records if record.name == log.name] == [
        "to be seen"
    ]
    assert log.level == level


def test_a_client_of_a_cluster_without_workers_is_closed(
    empty_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the run ends for that."""
    from smartdownsample.engines.dask_engine import connect  # noqa: PLC0415 # likewise

    monkeypatch.setattr("smartdownsample.engines.dask_engine._PATIENCE_S", 0.5)
    monkeypatch.setattr("smartdownsample.engines.dask_engine._SILENCE_S", 0.1)
    made: list[Any] = []
    begin = distributed.Client.__init__

    def note(self: Any, *given: object, **named: object) -> None:
        begin(self, *given, **named)
        made.append(self)

    monkeypatch.setattr(distributed.Client, "__init__", note)
    with (
        pytest.warns(HelperWarning, match="has no worker yet"),
        pytest.raises(ExtractionError, match="no worker for"),
    ):
        connect(empty_cluster.address)
    assert [client.status for client in made] == ["closed"]
