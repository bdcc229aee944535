"""Workers that are processes of this machine, by joblib's own loky.

Where ``joblib.parallel_config`` asks for processes. They start with a run and end with it.
"""

import os
import queue
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future

from joblib import cpu_count
from joblib.externals.loky import ProcessPoolExecutor
from joblib.parallel import ParallelBackendBase

from .engine import LostChunk
from .task import Task
from .worker import Answer, work


class ProcessEngine:
    """A pool of processes, which is replaced as a whole when one of them ends."""

    name = "the worker processes (loky)"
    shares_memory = False
    streams = True

    def __init__(self, n_workers: int) -> None:
        self._n_workers = n_workers
        self._processes = _start_processes(n_workers)
        self._n_out = 0
        self._done: queue.SimpleQueue[tuple[int, Future[Answer]]] = queue.SimpleQueue()

    def workers(self) -> int:
        """Count the processes."""
        return self._n_workers

    def submit(self, number: int, task: Task) -> None:
        """Have a process do a task."""
        try:
            future = self._processes.submit(work, task)
        except BrokenExecutor:
            self._processes.shutdown(wait=False, kill_workers=True)
            self._processes = _start_processes(self._n_workers)
            future = self._processes.submit(work, task)
        self._n_out += 1
        future.add_done_callback(lambda done: self._done.put((number, done)))

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Yield answers as processes send them; when one ends, all that were out are lost."""
        while self._n_out:
            try:
                number, future = self._done.get(timeout=0.2)
            except queue.Empty:  # so that Ctrl-C is heard everywhere
                continue
            self._n_out -= 1
            try:
                answer: Answer | LostChunk = future.result()
            except BrokenExecutor as error:
                answer = LostChunk(str(error))
            yield number, answer

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        self._n_out = 0
        self._processes.shutdown(wait=True, kill_workers=True)


def _start_processes(n_workers: int) -> ProcessPoolExecutor:
    """Start processes whose libraries share the cores, as joblib itself has them do."""
    n_threads = str(max(cpu_count() // n_workers, 1))
    names = ParallelBackendBase.MAX_NUM_THREADS_VARS
    return ProcessPoolExecutor(
        n_workers, env={name: os.environ.get(name, n_threads) for name in names}
    )
