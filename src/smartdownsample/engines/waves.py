"""Workers of any other backend that was registered with joblib, a wave of tasks at a time.

Such a backend need not be able to hand results out as they come.
"""

from collections.abc import Iterator

import joblib

from .engine import LostChunk
from .task import Task
from .worker import Answer, work


class WaveEngine:
    """Calls of `joblib.Parallel`, each with all tasks that wait."""

    shares_memory = False
    streams = True

    def __init__(self, n_workers: int, backend: str) -> None:
        self.name = f"joblib's {backend}"
        self._n_workers = n_workers
        self._waiting: list[tuple[int, Task]] = []

    def workers(self) -> int:
        """Count the tasks that run at once, as the backend said when the run began."""
        return self._n_workers

    def submit(self, number: int, task: Task) -> None:
        """Keep a task for the next wave."""
        self._waiting.append((number, task))

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Do waves of tasks, and yield their answers."""
        while self._waiting:
            wave, self._waiting = self._waiting, []
            calls = (joblib.delayed(_work_numbered)(*numbered) for numbered in wave)
            yield from joblib.Parallel(n_jobs=self._n_workers, prefer="threads")(calls)

    def close(self) -> None:
        """Forget the tasks."""
        self._waiting.clear()


def _work_numbered(number: int, task: Task) -> tuple[int, Answer]:
    """Do a task and say which it is."""
    return number, work(task)
