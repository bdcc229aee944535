"""Workers that are threads of this process, some with a helper process each.

Reading, decoding and array operations release the interpreter.
"""

import queue
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from .chunk import StopSign, extract_chunk
from .engine import LostChunk
from .helper_processes import Helpers
from .task import Task
from .worker import Answer, identify

# Where Ctrl-C does not end waiting, as on Windows, it is heard this often.
_HEARD_S = 0.2


class CallingThread:
    """A single worker: the thread that asks for the results."""

    name = "this process"
    shares_memory = True
    streams = True

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Task]] = deque()

    def workers(self) -> int:
        """Count the tasks that run at once."""
        return 1

    def submit(self, number: int, task: Task) -> None:
        """Keep a task until its result is asked for."""
        self._waiting.append((number, task))

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Do the tasks, in their order."""
        while self._waiting:
            number, task = self._waiting.popleft()
            yield number, Answer(identify(), extract_chunk(task))

    def close(self) -> None:
        """Forget the tasks."""
        self._waiting.clear()


class ThreadEngine:
    """Threads of this process; each has its tasks done by a helper if one is free.

    They end with the helpers, which somebody else starts.
    """

    name = "the threads of this process"
    shares_memory = True
    streams = True

    def __init__(self, n_workers: int, helpers: Helpers) -> None:
        self._n_workers = n_workers
        self._helpers = helpers
        self._stop = StopSign()
        self._threads = ThreadPoolExecutor(n_workers, "smartdownsample")
        self._n_out = 0
        self._done: queue.SimpleQueue[tuple[int, Answer | BaseException]] = queue.SimpleQueue()

    def workers(self) -> int:
        """Count the threads."""
        return self._n_workers

    def submit(self, number: int, task: Task) -> None:
        """Have a thread do a task."""
        self._threads.submit(self._do, number, task)
        self._n_out += 1

    def _do(self, number: int, task: Task) -> None:
        """Do a task; what is wrong with it is for who asks for results."""
        try:
            with self._stop:
                chunk = self._helpers.extract(task, self._stop)
                answer = Answer(identify(), chunk or extract_chunk(task, self._stop))
        except BaseException as error:  # noqa: BLE001 - it is raised where results are taken
            self._done.put((number, error))
        else:
            self._done.put((number, answer))

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Yield answers as threads have them."""
        while self._n_out:
            try:
                number, answer = self._done.get(timeout=_HEARD_S)
            except queue.Empty:
                continue
            self._n_out -= 1
            if isinstance(answer, BaseException):
                raise answer
            yield number, answer

    def close(self) -> None:
        """End all tasks, and wait until none is under way, even when Ctrl-C is pressed meanwhile.

        Python must not end while one of them is inside a decoder.
        """
        # Helpers do not see the sign, so they are killed; after the sign is set, or the threads
        # that wait for them would extract their chunks.
        self._stop.set()
        if self._n_out:
            self._helpers.close()
        self._n_out = 0
        interrupt = None
        while True:
            try:
                self._threads.shutdown(wait=False, cancel_futures=True)
                self._stop.wait()
            except KeyboardInterrupt as error:
                interrupt = error
            else:
                break
        if interrupt is not None:
            raise interrupt
