"""Workers of a Ray cluster."""

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import ray
from ray.exceptions import (
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)

from ..errors import ExtractionError
from .engine import LostChunk
from .task import Task
from .worker import Answer, work

# Ray itself sends a task again so many times whose worker or machine was lost, until that was in
# vain once: from then on an image may be at fault, which halving finds sooner.
_MAX_RETRIES = 3
_LOSSES = (WorkerCrashedError, NodeDiedError, ObjectLostError, OutOfMemoryError)
# How long Ctrl-C may have to wait, and for how long the number of workers is taken to be the same.
_HEARD_S = 0.2
_COUNTED_S = 2.0
# How long an address may take to answer at all.
_REACHED_S = 10.0


class RayEngine:
    """The cluster at an address, or the one that this process uses already.

    Raises `ExtractionError` when there is none.
    """

    shares_memory = False
    streams = True

    def __init__(self, scheduler: str | None = None) -> None:
        self._is_ours = not ray.is_initialized()
        if self._is_ours:
            _connect(scheduler or "auto")
        self.name = f"Ray at {scheduler or ray.get_runtime_context().gcs_address}"
        self._work = ray.remote(max_retries=_MAX_RETRIES)(work)
        self._n_retries = _MAX_RETRIES
        self._out: dict[ray.ObjectRef, tuple[int, int]] = {}
        self._n_workers = 0
        self._counted_at = -_COUNTED_S

    def workers(self) -> int:
        """Count the processors that the cluster has now."""
        if time.monotonic() - self._counted_at >= _COUNTED_S:
            self._n_workers = int(ray.cluster_resources().get("CPU", 0))
            self._counted_at = time.monotonic()
        return self._n_workers

    def submit(self, number: int, task: Task) -> None:
        """Send a task."""
        reference = self._work.options(max_retries=self._n_retries).remote(task)
        self._out[reference] = number, self._n_retries

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Yield answers as they come."""
        while self._out:
            out = list(self._out)
            done, _ = ray.wait(out, timeout=_HEARD_S)
            if done:  # take all there are, since each call looks at all that are out
                done, _ = ray.wait(out, num_returns=len(out), timeout=0)
            for reference in done:
                number, n_retries = self._out.pop(reference)
                yield number, self._take(reference, n_retries)

    def _take(self, reference: "ray.ObjectRef", n_retries: int) -> Answer | LostChunk:
        """Fetch an answer of a task that Ray sent again up to so many times."""
        try:
            answer: Answer = ray.get(reference)
        except _LOSSES as error:
            self._n_retries = 0
            reason = str(error).partition("\n")[0] or type(error).__name__
            return LostChunk(reason, n_losses=1 + n_retries)
        except RayTaskError as error:
            msg = (
                f"A worker of {self.name} cannot extract images: {error.cause!r}. Install the same "
                "version of smartdownsample on all machines of the cluster."
            )
            raise ExtractionError(msg) from error
        except RayError as error:
            msg = (
                f"{self.name} was lost ({type(error).__name__}). What came back before is in the "
                "feature store, unless that is switched off: the same call goes on from there."
            )
            raise ExtractionError(msg) from error
        return answer

    def close(self) -> None:
        """Cancel what is out, and disconnect from a cluster that this engine connected to.

        A cluster that was lost raises nothing here: what lost it has been said.
        """
        out = list(self._out)
        self._out.clear()
        try:
            with suppress(RayError, OSError, RuntimeError):
                for reference in out:
                    ray.cancel(reference, force=True)
        finally:
            if self._is_ours:
                self._is_ours = False
                with suppress(RayError, OSError, RuntimeError):
                    ray.shutdown()


def _connect(address: str) -> None:
    """Connect to a cluster, without its logs on the terminal."""
    host, _, port = address.rpartition(":")
    try:
        if host and port.isdigit() and "/" not in host:  # Ray itself tries for minutes
            socket.create_connection((host.strip("[]"), int(port)), _REACHED_S).close()
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, RuntimeError, ValueError) as error:
        msg = (
            f"There is no Ray cluster at {address!r} ({error}). Start one by 'ray start --head', "
            "or name another one as the scheduler."
        )
        raise ExtractionError(msg) from error
