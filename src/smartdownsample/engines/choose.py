"""Which engine a run takes: the one that joblib is configured for, by default threads."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import joblib
import numpy as np
from joblib.parallel import get_active_backend

from ..options import ReadingOptions
from ..pictures import MEMORY, count_workers, decoding_process
from ..records import FeatureSpec, IntArray
from .engine import Engine
from .helper_processes import Helpers
from .threads import CallingThread, ThreadEngine

# Files up to this size are decoded so quickly that threads mostly wait for the interpreter.
_SMALL_BYTES = 2**16
# A worker becomes a helper when each worker has this many small files: a helper takes as long to
# start as hundreds of them.
_LEAST_HELPED = 2**12
# Backends of joblib that have processes on this machine.
_PROCESSES = {"LokyBackend", "MultiprocessingBackend"}


@contextmanager
def open_engine(reading: ReadingOptions, n_bytes: IntArray, spec: FeatureSpec) -> Iterator[Engine]:
    """Give the engine for decoding files of these sizes, shape (f,), and close it in the end."""
    backend, _ = get_active_backend(prefer="threads")
    kinds = {kind.__name__ for kind in type(backend).__mro__}
    # A worker is a thread from the beginning, whether or not there is a file for it.
    n_workers = min(count_workers(reading.n_workers), max(len(n_bytes), 2))
    n_workers = backend.effective_n_jobs(n_workers)
    if getattr(backend, "supports_sharedmem", False):
        with _open_threads(n_workers, count_small(n_bytes, spec), reading.max_pixels) as threads:
            yield threads
        return
    with closing(_make_other(kinds, n_workers)) as engine:
        yield engine


def _make_other(kinds: set[str], n_workers: int) -> Engine:
    """Make the engine of a backend whose workers are no threads; imported on need."""
    if kinds & _PROCESSES:
        from .processes import ProcessEngine  # noqa: PLC0415 - see above

        return ProcessEngine(n_workers)
    from .waves import WaveEngine  # noqa: PLC0415 - see above

    return WaveEngine(n_workers, min(kinds - {"object"}))


@contextmanager
def _open_threads(n_workers: int, n_small: int, max_pixels: int) -> Iterator[Engine]:
    """Give the engine of threads, with helpers where they are worth it."""
    with (
        Helpers(count_helpers(n_small, n_workers), max_pixels) as helpers,
        decoding_process(),
        MEMORY.share(len(helpers.processes)),
        closing(CallingThread() if n_workers == 1 else ThreadEngine(n_workers, helpers)) as engine,
    ):
        yield engine


def count_small(size_bytes: IntArray, spec: FeatureSpec) -> int:
    """Count the files that take little time each: small ones, or all where previews may do."""
    if spec.decode == "preview":
        return len(size_bytes)
    return int(np.count_nonzero(size_bytes <= _SMALL_BYTES))


def count_helpers(n_small: int, n_workers: int) -> int:
    """Count the helpers that are worth starting: none for few images, at most one per spare core.

    At least one worker stays a thread. There is no helper where ``joblib.parallel_config`` says
    that workers are no threads, or where this process is itself one of several workers.
    """
    backend, _ = get_active_backend(prefer="threads")
    if not getattr(backend, "supports_sharedmem", False) or backend.nesting_level:
        return 0
    n_workers = backend.effective_n_jobs(n_workers)
    n_cores: int = joblib.cpu_count()
    return max(min(n_workers, n_cores, n_small // _LEAST_HELPED) - 1, 0)
