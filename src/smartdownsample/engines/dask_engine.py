"""Workers of a Dask cluster."""

import logging
import time
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from distributed import Client, Future, KilledWorker, as_completed
from distributed.comm import parse_address
from distributed.comm.registry import get_backend

from ..errors import ExtractionError, HelperWarning, warn_user
from .engine import LostChunk
from .task import Task
from .worker import Answer, work

# How often a task is computed again that raised an error, which none does that is well.
_RETRIES = 2
# How long workers are waited for, as the run begins and when all have ended.
_PATIENCE_S = 60.0
# After so long without a worker it is said that workers are waited for.
_SILENCE_S = 3.0
# Between looks at whether anything can still come, and at how many workers there are.
_LOOK_S, _COUNT_S = 0.1, 2.0
# A result that has not come this long after its task was done has been lost on its way.
_ON_ITS_WAY_S = 10.0
# What Dask raises where its scheduler is lost.
_LOSSES = (OSError, TimeoutError, CancelledError, RuntimeError)

_LOG = logging.getLogger("distributed.client")


class DaskEngine:
    """The cluster of a client, which is closed in the end where it `is_ours`.

    Raises `ExtractionError` when it has no worker.
    """

    shares_memory = False
    streams = True

    def __init__(self, client: Client, *, is_ours: bool = False) -> None:
        self.name = f"Dask at {client.scheduler.address}"
        self._client = client
        self._is_ours = is_ours
        self._out: dict[Future, int] = {}
        self._done = as_completed(loop=client.loop, with_results=True, raise_errors=False)
        self._n_workers = 0
        self._counted = self._had_workers = self._heard = time.monotonic()
        self._wait_for_workers()
        self._count_workers()
        # A lost scheduler is told by our error, once and without a traceback. Engines overlap, and
        # each takes away what it has added.
        self._quiet = _Quiet()
        _LOG.addFilter(self._quiet)

    def _wait_for_workers(self) -> None:
        """Wait for the first worker, and say so where it takes long."""
        try:
            self._client.wait_for_workers(1, timeout=_SILENCE_S)
        except TimeoutError:
            warn_user(
                f"{self.name} has no worker yet, and is given {_PATIENCE_S:g} seconds for it.",
                HelperWarning,
            )
        else:
            return
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE_S)
        except TimeoutError as error:
            raise ExtractionError(self._tell_of_no_workers()) from error

    def workers(self) -> int:
        """Count the threads of all workers, as the scheduler said a moment ago."""
        if time.monotonic() - self._counted >= _COUNT_S:
            self._count_workers()
        return self._n_workers

    def _count_workers(self) -> None:
        """Ask the scheduler how many threads there are; without an answer, it stays as it was."""
        self._counted = time.monotonic()
        if self._client.status != "running":
            return
        try:
            self._n_workers = sum(self._client.nthreads(callback_timeout=_COUNT_S).values())
        except (OSError, TimeoutError, CancelledError):
            return
        if self._n_workers:
            self._had_workers = self._counted

    def submit(self, number: int, task: Task) -> None:
        """Send a task."""
        future = self._client.submit(work, task, pure=False, retries=_RETRIES)
        self._out[future] = number
        self._done.add(future)

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Yield answers as they come."""
        while self._out:
            if not self._done.has_ready():
                self._check()
                with self._done.thread_condition:
                    self._done.thread_condition.wait(timeout=_LOOK_S)
                continue
            future, result = next(self._done)
            self._heard = time.monotonic()
            yield self._out.pop(future), self._read(future, result)

    def _read(self, future: Future, result: Any) -> Answer | LostChunk:  # noqa: ANN401 # anything
        """Read what came of a task."""
        if isinstance(result, Answer):
            return result
        if future.status != "error":
            raise ExtractionError(self._tell_of_lost_scheduler())
        error = result[1]
        if isinstance(error, KilledWorker):
            return LostChunk(str(error), n_losses=error.allowed_failures + 1)
        msg = (
            f"{self.name} could not do a task: {type(error).__name__}: {error}. Has each worker "
            "this version of smartdownsample, and does it see the images and the feature store by "
            "the paths that this process has for them?"
        )
        raise ExtractionError(msg) from error

    def _check(self) -> None:
        """Raise `ExtractionError` when nothing more can come."""
        if self._client.status != "running":
            raise ExtractionError(self._tell_of_lost_scheduler())
        self.workers()
        now = time.monotonic()
        if now - self._had_workers > _PATIENCE_S:
            raise ExtractionError(self._tell_of_no_workers())
        if any(future.status == "pending" for future in self._out):
            self._heard = now
        elif now - self._heard > _ON_ITS_WAY_S:
            raise ExtractionError(self._tell_of_lost_scheduler())

    def _tell_of_lost_scheduler(self) -> str:
        return (
            f"{self.name} is lost: the scheduler has ended, cannot be reached, or has cancelled "
            "the tasks. What came back before is in the feature store, unless that is switched "
            "off: start the scheduler and the workers again, and the same call goes on from there."
        )

    def _tell_of_no_workers(self) -> str:
        return (
            f"{self.name} has had no worker for {_PATIENCE_S:g} seconds. Start some (dask worker "
            f"{self._client.scheduler.address}), and the same call goes on from what is in the "
            "feature store."
        )

    def close(self) -> None:
        """Cancel what is out; a chunk under way is finished by its worker, for nothing.

        A cluster that was lost raises nothing here: what lost it has been said.
        """
        out = list(self._out)
        self._out.clear()
        try:
            with suppress(*_LOSSES):
                if out and self._client.status == "running":
                    self._client.cancel(out, force=True)
            self._done.clear()
        finally:
            try:
                if self._is_ours:
                    _close(self._client)
            finally:
                _LOG.removeFilter(self._quiet)


class _Quiet(logging.Filter):
    """Lets only what is critical be logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is logged."""
        return record.levelno >= logging.CRITICAL


def _close(client: Client) -> None:
    """Close a client, whatever has become of its scheduler."""
    with suppress(*_LOSSES):
        client.close(timeout=_COUNT_S)


def connect(scheduler: str | None) -> DaskEngine:
    """Connect to a scheduler, by default to the one that Dask is configured for.

    Raises
    ------
    ExtractionError
        When it cannot be reached.
    """
    import dask

    address = scheduler or dask.config.get("scheduler-address", None)
    if address is None:
        msg = (
            "Dask needs the address of its scheduler. Give --scheduler tcp://HOST:8786, or set "
            "DASK_SCHEDULER_ADDRESS."
        )
        raise ExtractionError(msg)
    try:
        # A client that was made in vain waits for a minute when it is collected.
        get_backend(parse_address(address)[0])
        client = Client(address, set_as_default=False)
    except (OSError, ValueError) as error:
        msg = (
            f"The scheduler of Dask at {address} cannot be reached ({error}). Start it with: dask "
            "scheduler. Or correct the address."
        )
        raise ExtractionError(msg) from error
    try:
        return DaskEngine(client, is_ours=True)
    except BaseException:
        _close(client)
        raise
