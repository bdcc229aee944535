"""Measure what a run on many machines costs its coordinator, and how engines compare with threads.

The coordinator of up to a thousand workers is simulated: everything that this process does is
real (tasks are pickled, answers unpickled, rows written to a store), and its processor time is
measured; what workers do is not done but takes a drawn time of a clock that is counted.

``--engines`` measures real engines on this machine, in turn with threads, each with the Python of
an environment that has it: ``--engines ray=.venv-ray/bin/python``.
"""

import heapq
import itertools
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from command_line import make_parser, parse_options
from kept import Record, trim
from measuring import describe_machine, list_versions, say
from smartdownsample.engines import Answer, Engine, ExtractedChunk, LostChunk, Task, identify
from smartdownsample.features.spec import make_spec
from smartdownsample.gathering import schedule
from smartdownsample.items.natural_order import encode_order_key
from smartdownsample.options import ReadingOptions
from smartdownsample.records import FileStats, ItemList
from smartdownsample.store.store import FeatureStore
from write_pages import finish

_SPEC = make_spec(8, "fast")
_WORKERS = (10, 100, 1000)
_SMOKE_WORKERS = (2, 20)
_IMAGES_PER_WORKER, _LEAST_IMAGES = 1000, 100_000
# How much the times of chunks differ: standard deviation of their logarithm.
_SPREAD = 0.3


@dataclass(frozen=True)
class Kind:
    """Photos that take so many bytes, and so many seconds of one core."""

    name: str
    size_bytes: int
    seconds: float


# As a core of the machine of docs/benchmarks.md decodes them.
_KINDS = (Kind("crops of 20 kB", 20_000, 0.0005), Kind("photos of 3 MB", 3_000_000, 0.025))


@dataclass
class SimulatedCluster:
    """An engine whose workers answer after a drawn time, on a clock that is counted."""

    n_workers: int
    kind: Kind
    is_parts: bool
    name: str = "a simulated cluster"
    shares_memory: bool = False
    streams: bool = True
    n_chunks: int = 0
    bytes_out: int = 0
    bytes_back: int = 0
    now_s: float = 0.0
    coordinator_s: float = 0.0
    worked_s: float = 0.0
    _mark: float = 0.0
    _free: list[float] = field(default_factory=list)
    _out: list[tuple[float, int, Task]] = field(default_factory=list)
    _generator: np.random.Generator = field(default_factory=lambda: np.random.default_rng(42))

    def start(self) -> None:
        """Let the clock go from here: what was laid out is no work of a run."""
        self._mark = time.process_time()

    def workers(self) -> int:
        """Count the workers."""
        return self.n_workers

    def submit(self, number: int, task: Task) -> None:
        """Send a task to the worker that is free first."""
        self.bytes_out += len(pickle.dumps(task, pickle.HIGHEST_PROTOCOL))
        self._tick()
        start_s = self.now_s
        if len(self._free) == self.n_workers:
            start_s = max(start_s, heapq.heappop(self._free))
        mean_s = self.kind.seconds * len(task.locations)
        seconds = mean_s * float(self._generator.lognormal(-(_SPREAD**2) / 2, _SPREAD))
        heapq.heappush(self._free, start_s + seconds)
        heapq.heappush(self._out, (start_s + seconds, number, task))
        self.worked_s += seconds
        self.start()

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Yield answers in the order in which workers have them."""
        while self._out:
            self._tick()
            done_s, number, task = heapq.heappop(self._out)
            self.now_s = max(self.now_s, done_s)
            data = self._make_answer(task)
            self.bytes_back += len(data)
            self.n_chunks += 1
            self.start()
            yield number, pickle.loads(data)  # noqa: S301 - made above

    def close(self) -> None:
        """Count what has been done since."""
        self._tick()
        self.start()

    def _tick(self) -> None:
        """Let the clock go on by what the coordinator has done meanwhile."""
        seconds = time.process_time() - self._mark
        self.now_s += seconds
        self.coordinator_s += seconds

    def _make_answer(self, task: Task) -> bytes:
        """Make what a worker would send, with features that nobody can guess."""
        n = 0 if self.is_parts else len(task.frames)
        drawn = np.frombuffer(self._generator.bytes(n * _SPEC.row_dtype.itemsize), np.uint8)
        rows = drawn.view(_SPEC.row_dtype).copy()
        rows["captured"] = np.datetime64("2024-05-01", "ms")
        chunk = ExtractedChunk(
            [encode_order_key(os.fsencode(path)) for path in task.locations[:n]],
            rows,
            [None] * n,
            np.full(n, 1_700_000_000 * 10**9),
            np.full(n, self.kind.size_bytes),
            np.ones(n, dtype=np.bool_),
        )
        answer = Answer(identify(), None, []) if self.is_parts else Answer(identify(), chunk)
        return pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its tables."""
    parser = make_parser(__doc__)
    parser.add_argument("--engines", nargs="*", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--images", type=int, help="small photos for the engines (10000)")
    options = parse_options(parser, arguments, "scale")
    workers = _SMOKE_WORKERS if options.smoke else _WORKERS
    n_images = options.images or (40 if options.smoke else 10_000)
    record: Record = {
        "machine": describe_machine(),
        "versions": list_versions("smartdownsample", "pyarrow", "numpy"),
        "is_smoke": options.smoke,
        "coordinator": [
            simulate(kind, n, is_parts=is_parts, is_smoke=options.smoke)
            for is_parts, kind, n in itertools.product((False, True), _KINDS, workers)
        ],
        "engines": [measure_engine(each, n_images) for each in options.engines],
    }
    finish("scale", record, options)


def simulate(kind: Kind, n_workers: int, *, is_parts: bool, is_smoke: bool) -> dict[str, Any]:
    """Simulate a run, and say what it cost."""
    n = 2000 if is_smoke else max(n_workers * _IMAGES_PER_WORKER, _LEAST_IMAGES)
    way = "parts" if is_parts else "stream"
    say(f"{way}, {kind.name}, {n_workers:,} workers, {n:,} images")
    keys = [
        f"/survey_2023/site_{i // 4000:04d}/camera_{i // 1000 % 4}/IMG_{i % 1000:04d}.JPG".encode()
        for i in range(n)
    ]
    items = ItemList.of_photos(list(map(os.fsdecode, keys)), keys, None, n)
    stats = FileStats(
        np.full(n, 1_700_000_000 * 10**9), np.full(n, kind.size_bytes, dtype=np.int64), {}
    )
    cluster = SimulatedCluster(n_workers, kind, is_parts, streams=not is_parts)
    n_taken = 0
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, use_engine(cluster):
        reading = ReadingOptions(cache_dir=folder, show_progress=False)
        store = FeatureStore(_SPEC, Path(folder))
        cluster.start()
        for batch in schedule.extract_features(
            np.arange(n), items, stats, _SPEC, reading, store if is_parts else None
        ):
            store.append(batch)
            n_taken += len(batch.items)
        cluster.close()
    assert n_taken == (0 if is_parts else n)
    return {
        "way": way,
        "kind": kind.name,
        "n_workers": n_workers,
        "n_images": n,
        "n_chunks": cluster.n_chunks,
        "image_s": kind.seconds,
        "coordinator_us": trim(cluster.coordinator_s / n * 1e6),  # for each image
        "images_per_s": trim(n / cluster.now_s),
        "chunks_per_s": trim(cluster.n_chunks / cluster.now_s),
        "bytes_out": trim(cluster.bytes_out / n),  # for each image
        "bytes_back": trim(cluster.bytes_back / n),
        "coordinator_share": trim(cluster.coordinator_s / cluster.now_s),
        "worker_share": trim(cluster.worked_s / cluster.now_s / n_workers),
    }


@contextmanager
def use_engine(engine: Engine) -> Iterator[None]:
    """Have runs use an engine of ours."""

    @contextmanager
    def open_engine(*_: object) -> Iterator[Engine]:
        yield engine

    with patch.object(schedule, "open_engine", open_engine):
        yield


def measure_engine(named: str, n_images: int) -> dict[str, Any]:
    """Measure an engine by the Python of its environment."""
    name, _, python = named.partition("=")
    say(f"{name}, {n_images:,} small photos")
    command = [python, str(Path(__file__).with_name("engine_rates.py")), name, str(n_images)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


if __name__ == "__main__":
    main(sys.argv[1:])
