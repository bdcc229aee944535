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
    """A pool of processes, which is replaced as a whole when one of them ends.

    `n_threads` is how many threads a library may start in each: `inner_max_num_threads` of joblib.
    """

    name = "the worker processes (loky)"
    shares_memory = False
    streams = True

    def __init__(self, n_workers: int, n_threads: int | None = None) -> None:
        self._n_workers = n_workers
        self._environment = _limit_threads(n_workers, n_threads)
        self._processes = self._start_processes()
        self._n_out = 0
        self._done: queue.SimpleQueue[tuple[int, Future[Answer]]] = queue.SimpleQueue()

    def _start_processes(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._n_workers, env=self._environment)

    def workers(self) -> int:
        """Count the processes."""
        return self._n_workers

    def submit(self, number: int, task: Task) -> None:
        """Have a process do a task."""
        try:
            future = self._processes.submit(work, task)
        except BrokenExecutor:
            self._processes.shutdown(wait=False, kill_workers=True)
            self._processes = self._start_processes()
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


def _limit_threads(n_workers: int, n_threads: int | None) -> dict[str, str]:
    """Make the variables by which libraries of processes share the cores, as joblib has them do.

    What is set already stays, unless a number is asked for.
    """
    share = str(n_threads or max(cpu_count() // n_workers, 1))
    is_kept = n_threads is None
    names = ParallelBackendBase.MAX_NUM_THREADS_VARS
    return {name: os.environ.get(name, share) if is_kept else share for name in names}
