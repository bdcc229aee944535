"""Spark gives what threads give, and survives the loss of workers."""

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import joblib
import pytest

from engine_suite import ClusterSuite
from processes_of import kill_one
from smartdownsample import ExtractionError, ImageIndex, InvalidParameterError
from smartdownsample.engines import TABLE_SCHEMA, extract_table
from smartdownsample.gathering import gather_features
from smartdownsample.items import list_photos
from smartdownsample.options import DecodeMode, ReadingOptions

if TYPE_CHECKING:
    import pyarrow as pa

pytest.importorskip("pyspark", reason="needs the extra 'spark'")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java 17, which is not installed", allow_module_level=True)
pytestmark = pytest.mark.usefixtures("own_network")


@pytest.fixture(scope="module")
def session(own_network: None, plugin: str) -> Iterator[Any]:
    """Start Spark with two workers once for the tests of this module."""
    del own_network
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


class TestSpark(ClusterSuite):
    """The process of the tests has a session."""

    name = "spark"
    address = "local[2]"

    @pytest.fixture(autouse=True)
    def use_session(self, session: Any) -> None:
        """Have it started."""

    def run(self, photos: Path, decode: DecodeMode, cache_dir: Path) -> ImageIndex:
        """Build an index of what Spark has kept, as the command has it do."""
        reading = ReadingOptions(decode=decode, cache_dir=cache_dir, engine="spark")
        table = gather_features(list_photos(sorted(map(str, photos.rglob("*.jpg")))), reading)
        assert table.n_extracted == len(table) + len(table.failures)
        return ImageIndex(table)

    def kill_worker(self) -> None:
        """End a process that works for Spark."""
        kill_one("", parent="pyspark.daemon")


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
