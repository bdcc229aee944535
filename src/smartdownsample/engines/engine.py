"""What carries tasks to workers and their answers back: one small interface for all of them."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from .task import Task
from .worker import Answer


class LostChunk(NamedTuple):
    """A chunk that no answer will come for, because the worker that had it ended.

    Attributes
    ----------
    reason : str
        What the engine says of it.
    n_losses : int
        How many workers ended with it; engines that send it again by themselves count more than
        one.
    """

    reason: str
    n_losses: int = 1


class Engine(Protocol):
    """Runs `smartdownsample.engines.worker.work` on tasks.

    It neither counts nor repeats: `smartdownsample.engines.dispatch` does, the same for all.

    Attributes
    ----------
    name : str
        What messages call it, such as "Dask at tcp://10.0.0.1:8786".
    shares_memory : bool
        Whether workers are threads of this process, so that handing out a chunk costs nothing.
    streams : bool
        Whether rows are to come back at all: those of Spark's workers are kept by these.
    """

    name: str
    shares_memory: bool
    streams: bool

    def workers(self) -> int:
        """Count the tasks that run at once, as the engine knows it now; called often."""
        ...

    def submit(self, number: int, task: Task) -> None:
        """Send a task; numbers differ."""
        ...

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Yield one answer for each submitted number, in any order, as they come.

        Tasks may be submitted between two answers. It ends when nothing is out, and raises
        `ExtractionError` when no more can come, as when a scheduler is lost.
        """
        ...

    def close(self) -> None:
        """Cancel what is out and wait for what cannot be cancelled; may be called again."""
        ...
