"""Spark gives what threads give, and survives the loss of workers."""

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import joblib
import pytest

from engine_photos import Outcome, build, look, write_killer, write_photos
from killing_workers import write_plugin
from processes_of import kill_one
from smartdownsample import ExtractionError, FeatureTable, ImageIndex, InvalidParameterError
from smartdownsample.cli import main
from smartdownsample.engines import TABLE_SCHEMA, extract_table
from smartdownsample.gathering import gather_features, schedule
from smartdownsample.items import list_photos
from smartdownsample.options import DecodeMode, ReadingOptions
from smartdownsample.records import Cause

if TYPE_CHECKING:
    import pyarrow as pa

pytest.importorskip("pyspark", reason="needs the extra 'spark'")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java 17, which is not installed", allow_module_level=True)
pytestmark = pytest.mark.usefixtures("own_network")


@contextmanager
def start(plugin: str = "") -> Iterator[Any]:
    """Start Spark with two workers, which look for modules there first."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - where it is installed

    paths = [plugin, os.environ.get("PYTHONPATH", "")]
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        try:
            yield session
        finally:
            session.stop()


@pytest.fixture(scope="module")
def session(own_network: None) -> Iterator[Any]:
    """Start Spark once for the tests of this module."""
    del own_network
    with start() as started:
        yield started


def gather(photos: Path, cache_dir: Path, decode: DecodeMode = "fast") -> FeatureTable:
    """Gather features by Spark, as the command does."""
    reading = ReadingOptions(decode=decode, cache_dir=cache_dir, engine="spark")
    return gather_features(list_photos(sorted(map(str, photos.rglob("*.jpg")))), reading)


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("decode", ["fast", "preview"])
def test_spark_gives_what_threads_give(
    photos: Path, of_threads: dict[DecodeMode, Outcome], tmp_path: Path, decode: DecodeMode
) -> None:
    """To the bit, broken files included; another run finds all of it in the store."""
    table = gather(photos, tmp_path, decode)
    assert table.rows.tobytes() == of_threads[decode].rows
    assert table.n_extracted == len(table) + len(table.failures)
    index = build(photos, decode, tmp_path)
    assert index.table.n_extracted == 0
    assert look(index) == of_threads[decode]


@pytest.mark.usefixtures("session")
def test_the_command_names_spark(
    photos: Path, of_threads: dict[DecodeMode, Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    """All that it read is known afterwards."""
    assert main(["features", str(photos), "--engine", "spark", "--scheduler", "local[2]"]) == 0
    assert "Read 1,200 images" in capsys.readouterr().err
    with pytest.warns(UserWarning, match="could not be loaded"):
        index = ImageIndex.build(photos)
    assert index.table.n_extracted == 0
    assert look(index) == of_threads["fast"]


@pytest.mark.usefixtures("session")
def test_a_killed_worker_changes_nothing(
    photos: Path,
    of_threads: dict[DecodeMode, Outcome],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it had is sent again."""
    make_batch = schedule._MissedFiles.make_batch  # noqa: SLF001 - to be there between two results
    killed: list[bool] = []

    def kill_first(*given: Any) -> object:
        if not killed:
            killed.append(True)
            kill_one("", parent="pyspark.daemon")
        return make_batch(*given)

    monkeypatch.setattr(schedule._MissedFiles, "make_batch", kill_first)  # noqa: SLF001 - likewise
    assert gather(photos, tmp_path).rows.tobytes() == of_threads["fast"].rows
    assert killed


@pytest.mark.usefixtures("session")
def test_it_needs_a_store(photos: Path) -> None:
    """Rows are not to come back."""
    reading = ReadingOptions(cache=False, engine="spark")
    with pytest.raises(InvalidParameterError, match=r"Spark at local.* needs a feature store"):
        gather_features(list_photos([str(next(photos.rglob("*.jpg")))]), reading)


def test_a_table_of_features_is_for_pipelines(session: Any, photos: Path) -> None:
    """All its columns are of types that Spark has."""
    from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 - likewise

    # Inside of this function, so that workers need not find this module.
    def extract(batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        for batch in batches:
            yield from extract_table(batch["path"]).to_batches()

    paths = sorted(map(str, photos.rglob("*.jpg")))[:60]
    frame = session.createDataFrame([(path,) for path in paths], "path string")
    mapped = frame.mapInArrow(extract, from_arrow_schema(TABLE_SCHEMA))
    assert mapped.toArrow().sort_by("path").equals(extract_table(paths))


def test_an_image_that_ends_each_worker_is_named(
    tmp_path: Path, session: Any, of_threads: dict[DecodeMode, Outcome]
) -> None:
    """All others have their rows."""
    session.stop()
    folder = write_photos(tmp_path / "photos")
    killer = write_killer(folder)
    with start(write_plugin(tmp_path / "plugin")):
        table = gather(folder, tmp_path / "cache")
    assert (killer, Cause.WORKER_LOST) in list(table.failures)
    assert len(table.failures) == len(of_threads["fast"].failures) + 1
    assert table.rows.tobytes() == of_threads["fast"].rows


def test_a_master_that_is_not_there_is_told_of(session: Any, photos: Path) -> None:
    """As an error of this package."""
    from smartdownsample.engines.spark_engine import SparkEngine  # noqa: PLC0415 - likewise

    session.stop()
    assert photos.is_dir()
    with pytest.raises(ExtractionError, match="There is no Spark at 'no-master'"):
        SparkEngine("no-master")


def test_the_backend_of_joblib_says_what_to_do_instead(photos: Path) -> None:
    """It hands out one task at a time."""

    class SparkDistributedBackend(joblib.parallel.ParallelBackendBase):  # type: ignore[misc] # joblib has no types
        """Called like that of joblib-spark."""

        def effective_n_jobs(self, n_jobs: int) -> int:
            return n_jobs

        def submit(self, func: object, callback: object = None) -> object:
            raise NotImplementedError

    joblib.register_parallel_backend("spark", SparkDistributedBackend)
    with (
        joblib.parallel_config(backend="spark"),
        pytest.raises(InvalidParameterError, match="--engine spark"),
    ):
        ImageIndex.build(photos, cache=False)


class MadeContext:
    """A context of Spark whose jobs last until they are cancelled."""

    master = "local[2]"
    defaultParallelism = 2  # noqa: N815 - as Spark calls it

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self._jsc = SimpleNamespace(sc=lambda: SimpleNamespace(isStopped=lambda: False))

    def getConf(self) -> dict[str, str]:  # noqa: N802 - likewise
        """Give no settings."""
        return {}

    def addJobTag(self, _: str) -> None:  # noqa: N802 - likewise
        """Take a tag."""

    def cancelJobsWithTag(self, _: str) -> None:  # noqa: N802 - likewise
        """End jobs."""
        self.cancelled.set()


def test_closing_an_engine_starts_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of several tasks that was cancelled is not tried task by task."""
    from pyspark.errors import PySparkException  # noqa: PLC0415 - where it is installed
    from pyspark.sql import SparkSession  # noqa: PLC0415 - likewise

    from smartdownsample.engines import spark_engine  # noqa: PLC0415 - likewise

    begun = threading.Event()
    jobs: list[int] = []
    context = MadeContext()

    def collect(_: object, tasks: list[object]) -> object:
        jobs.append(len(tasks))
        begun.set()
        context.cancelled.wait(10)
        msg = "cancelled"
        raise PySparkException(msg)

    session = SimpleNamespace(sparkContext=context)
    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: session)
    monkeypatch.setattr(spark_engine.SparkEngine, "_collect", collect)
    monkeypatch.setattr(spark_engine, "_MAX_JOBS", 1)
    engine = spark_engine.SparkEngine()
    for number in range(3):
        engine.submit(number, number)  # type: ignore[arg-type] # nobody looks
    engine._start_jobs()  # noqa: SLF001 - as results are asked for
    assert begun.wait(10)
    engine.close()
    assert jobs == [3]


def test_closing_an_engine_whose_session_is_lost_raises_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would hide the error that says so."""
    from py4j.protocol import Py4JNetworkError  # noqa: PLC0415 - where it is installed
    from pyspark.sql import SparkSession  # noqa: PLC0415 - likewise

    from smartdownsample.engines import spark_engine  # noqa: PLC0415 - likewise

    stopped: list[bool] = []

    def stop() -> None:
        stopped.append(True)
        msg = "no answer from Java"
        raise Py4JNetworkError(msg)

    session = SimpleNamespace(sparkContext=MadeContext(), stop=stop)
    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)
    monkeypatch.setattr(spark_engine, "_connect", lambda _: session)
    engine = spark_engine.SparkEngine()
    engine.close()
    engine.close()
    assert stopped == [True]
