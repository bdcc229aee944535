"""Workers of a Spark cluster.

A task is a partition of one row, whose answer comes back as bytes. Spark starts over where one
partition of a job fails for good, so that jobs are small.
"""

import os
import pickle
import queue
import sys
import uuid
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from typing import TypeAlias

import pyarrow as pa
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import PySparkException, PythonException
from pyspark.sql import SparkSession

from ..errors import ExtractionError
from .engine import LostChunk
from .task import Task
from .worker import Answer, work

# Jobs that run at once; where the cluster has more workers, a job has several tasks.
_MAX_JOBS = 64
# How long Ctrl-C may have to wait.
_HEARD_S = 0.2

_Outcome: TypeAlias = Answer | LostChunk | ExtractionError


class SparkEngine:
    """The cluster at an address, or the one that this process uses already.

    Raises `ExtractionError` when there is none.
    """

    shares_memory = False
    streams = False

    def __init__(self, scheduler: str | None = None) -> None:
        session = SparkSession.getActiveSession()
        self._is_ours = session is None
        self._session = session or _connect(scheduler)
        self._context = self._session.sparkContext
        self.name = f"Spark at {self._context.master}"
        # What runs here is tried once.
        is_local = self._context.master.startswith("local")
        retries = self._context.getConf().get("spark.task.maxFailures") or "4"
        self._n_tries = 1 if is_local else int(retries)
        self._tag = f"smartdownsample-{uuid.uuid4().hex}"
        self._waiting: deque[tuple[int, Task]] = deque()
        self._n_out = self._n_jobs = 0
        self._is_closed = False
        self._running: set[Future[None]] = set()
        self._done: queue.SimpleQueue[list[tuple[int, _Outcome]]]
        self._done = queue.SimpleQueue()
        self._jobs = ThreadPoolExecutor(_MAX_JOBS, "smartdownsample", self._tag_thread)

    def _tag_thread(self) -> None:
        """Mark the jobs of a thread as ours."""
        self._context.addJobTag(self._tag)

    def workers(self) -> int:
        """Count the processors that the cluster has now."""
        return int(self._context.defaultParallelism)

    def submit(self, number: int, task: Task) -> None:
        """Keep a task until there is a job for it."""
        self._waiting.append((number, task))
        self._n_out += 1

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Yield answers as jobs have them."""
        while self._n_out:
            self._start_jobs()
            try:
                answers = self._done.get(timeout=_HEARD_S)
            except queue.Empty:
                continue
            self._n_jobs -= 1
            for number, answer in answers:
                if isinstance(answer, ExtractionError):
                    raise answer
                self._n_out -= 1
                yield number, answer

    def _start_jobs(self) -> None:
        """Spread the tasks that wait over the jobs that may still run."""
        while self._waiting and self._n_jobs < _MAX_JOBS:
            n_tasks = -(-len(self._waiting) // (_MAX_JOBS - self._n_jobs))
            tasks = [self._waiting.popleft() for _ in range(n_tasks)]
            self._n_jobs += 1
            self._running = {job for job in self._running if not job.done()}
            self._running.add(self._jobs.submit(self._run_job, tasks))

    def _run_job(self, tasks: list[tuple[int, Task]]) -> None:
        """Do tasks in a job; where it fails, each in a job of its own, so that one is blamed."""
        numbers = [number for number, _ in tasks]
        answers = self._ask([task for _, task in tasks])
        if isinstance(answers[0], LostChunk) and len(tasks) > 1:
            answers = [self._ask([task])[0] for _, task in tasks]
        self._done.put(list(zip(numbers, answers, strict=True)))

    def _ask(self, tasks: list[Task]) -> "list[_Outcome]":
        """Run a job; what is wrong with it is the same for all its tasks."""
        if self._is_closed:
            return [LostChunk("closed")] * len(tasks)
        try:
            return list(self._collect(tasks))
        except Exception as error:  # noqa: BLE001 - it is raised where results are taken
            return [self._judge(error)] * len(tasks)

    def _collect(self, tasks: list[Task]) -> Iterator[Answer]:
        """Run a job, and yield the answers in the order of its tasks."""
        pickled = [pickle.dumps(task, pickle.HIGHEST_PROTOCOL) for task in tasks]
        places = self._session.range(0, len(tasks), 1, len(tasks))
        rows = places.mapInArrow(partial(_work_rows, pickled), "id long, answer binary").collect()
        for row in sorted(rows, key=lambda row: row.id):
            yield pickle.loads(row.answer)  # noqa: S301 - from workers of ours

    def _judge(self, error: Exception) -> LostChunk | ExtractionError:
        """Say what is the matter where a job fails."""
        if isinstance(error, PythonException):
            return ExtractionError(
                f"A worker of {self.name} cannot extract images: {_last_line(error)}. Install the "
                "same version of smartdownsample on all machines of the cluster."
            )
        is_of_job = isinstance(error, (Py4JJavaError, PySparkException))
        if is_of_job and not self._is_stopped():
            return LostChunk(_last_line(error), self._n_tries)
        return ExtractionError(
            f"{self.name} was lost ({type(error).__name__}). What came back before is in the "
            "feature store, unless that is switched off: the same call goes on from there."
        )

    def _is_stopped(self) -> bool:
        """Tell whether Spark itself has ended."""
        try:
            return bool(self._context._jsc.sc().isStopped())  # noqa: SLF001 - nothing public tells
        except (Py4JError, OSError, AttributeError):
            return True

    def close(self) -> None:
        """Cancel what is out, and end the session if this engine began it.

        A cluster that was lost raises nothing here: what lost it has been said.
        """
        self._is_closed = True
        self._waiting.clear()
        self._n_out = 0
        try:
            while self._running:  # a job may begin after others were cancelled
                with suppress(Py4JError, OSError):
                    self._context.cancelJobsWithTag(self._tag)
                _, self._running = wait(self._running, timeout=_HEARD_S)
            self._jobs.shutdown()
        finally:
            if self._is_ours:
                self._is_ours = False
                with suppress(Py4JError, OSError):
                    self._session.stop()


def _connect(scheduler: str | None) -> SparkSession:
    """Begin a session."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("smartdownsample")
    if scheduler is not None:
        builder = builder.master(scheduler)
    try:
        return builder.getOrCreate()
    except (PySparkException, Py4JError, OSError) as error:
        msg = (
            f"There is no Spark at {scheduler!r} ({_last_line(error)}). Name a master as the "
            "scheduler, such as spark://HOST:7077, yarn or local[4]; it needs Java 17."
        )
        raise ExtractionError(msg) from error


def _work_rows(pickled: list[bytes], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Do the tasks whose places are in a partition."""
    for batch in batches:
        for place in batch["id"].to_pylist():
            answer = pickle.dumps(work(pickle.loads(pickled[place])), pickle.HIGHEST_PROTOCOL)  # noqa: S301 - from who sent this
            yield pa.record_batch({"id": [place], "answer": pa.array([answer], pa.binary())})


def _last_line(error: Exception) -> str:
    """Return what an error says in the end, without the traces of Java."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("at ", "...", "Driver stack"))]
    return told[-1] if told else type(error).__name__
