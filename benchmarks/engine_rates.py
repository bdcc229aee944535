"""Measure an engine in turn with threads, both warm, in the environment of this Python.

Run as ``python engine_rates.py NAME N_PHOTOS``; prints a line of JSON. Small photos, where handing
tasks out and taking rows in weigh most. Processor time is that of this process and all that it has
started, servers among them, on Linux; it hardly depends on what else the machine does.
"""

import importlib.metadata
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np

from smartdownsample import ImageIndex
from smartdownsample.engines import Engine
from smartdownsample.gathering import schedule

_ROUNDS = 5
_N_WORKERS = 2
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PACKAGES = {"dask": "distributed", "ray": "ray", "spark": "pyspark"}


def main() -> None:
    """Measure, and print what was measured."""
    name, n_photos = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, _STARTS[name]() as connect:
        write_photos(Path(folder), n_photos)
        # Once before, so that workers have what they need.
        time_run(folder, connect)
        rounds = [(time_run(folder), time_run(folder, connect)) for _ in range(_ROUNDS)]
    threads, engines = (np.array(each) for each in zip(*rounds, strict=True))
    measured = {
        "name": name,
        "version": importlib.metadata.version(_PACKAGES[name]),
        "n_workers": _N_WORKERS,
        "n_photos": n_photos,
        "threads_s": statistics.median(threads[:, 0]),
        "engine_s": statistics.median(engines[:, 0]),
        "ratio": statistics.median(threads[:, 0] / engines[:, 0]),
        "processor_ratio": statistics.median(threads[:, 1] / engines[:, 1]),
    }
    print(json.dumps(measured), flush=True)


def write_photos(folder: Path, n_photos: int) -> None:
    """Write small photos, as crops are."""
    generator = np.random.default_rng(42)
    contents = []
    for _ in range(50):
        coarse = generator.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        pixels = cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC)
        contents.append(cv2.imencode(".jpg", pixels)[1].tobytes())
    for number in range(n_photos):
        parent = folder / f"camera_{number // 1000}"
        parent.mkdir(exist_ok=True)
        (parent / f"IMG_{number % 1000:04d}.jpg").write_bytes(contents[number % 50])


def time_run(folder: str, connect: Callable[[], Engine] | None = None) -> tuple[float, float]:
    """Take the time, and the processor time, of a run by threads, or by an engine."""

    @contextmanager
    def open_engine(*_: object) -> Iterator[Engine]:
        assert connect is not None
        engine = connect()
        try:
            yield engine
        finally:
            engine.close()

    with tempfile.TemporaryDirectory(prefix="bench-") as cache_dir:
        started, used_s = time.perf_counter(), count_processor_s()
        if connect is None:
            ImageIndex.build(folder, cache_dir=cache_dir, n_workers=_N_WORKERS)
        else:
            with patch.object(schedule, "open_engine", open_engine):
                ImageIndex.build(folder, cache_dir=cache_dir)
        return time.perf_counter() - started, count_processor_s() - used_s


def count_processor_s() -> float:
    """Count the processor time of this process and all below it, in seconds."""
    used_s, parents = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            pid = int(path.parent.name)
            parents[pid] = int(fields[1])
            # Its own, and that of those it started that have ended.
            used_s[pid] = sum(map(int, fields[11:15])) / _TICKS_PER_S
    below = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return sum(used_s[pid] for pid in below)


@contextmanager
def start_dask() -> Iterator[Callable[[], Engine]]:
    """Start a scheduler and workers of Dask, each a process, which talk by TCP."""
    from distributed import Client  # noqa: PLC0415 - only where it is measured
    from distributed.deploy.subprocess import SubprocessCluster  # noqa: PLC0415 - likewise

    from smartdownsample.engines.dask_engine import DaskEngine  # noqa: PLC0415 - likewise

    with (
        SubprocessCluster(
            n_workers=_N_WORKERS, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(_N_WORKERS)
        yield partial(DaskEngine, client)


@contextmanager
def start_ray() -> Iterator[Callable[[], Engine]]:
    """Start a cluster of Ray."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray  # noqa: PLC0415 - only where it is measured

    from smartdownsample.engines.ray_engine import RayEngine  # noqa: PLC0415 - likewise

    ray.init(
        num_cpus=_N_WORKERS,
        include_dashboard=False,
        object_store_memory=2**28,
        log_to_driver=False,
    )
    try:
        yield RayEngine
    finally:
        ray.shutdown()


@contextmanager
def start_spark() -> Iterator[Callable[[], Engine]]:
    """Start Spark."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - only where it is measured

    from smartdownsample.engines.spark_engine import SparkEngine  # noqa: PLC0415 - likewise

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(f"local[{_N_WORKERS}]").config(
        "spark.ui.enabled", "false"
    )
    session = builder.config("spark.driver.memory", "1g").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    try:
        yield SparkEngine
    finally:
        session.stop()


_STARTS = {"dask": start_dask, "ray": start_ray, "spark": start_spark}


if __name__ == "__main__":
    main()
