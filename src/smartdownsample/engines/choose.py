"""Which engine a run takes: the one asked for, or that joblib is configured for, or threads."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from typing import Any

import joblib
import numpy as np
from joblib.parallel import get_active_backend

from ..errors import InvalidParameterError, MissingExtraError
from ..options import EngineName, ReadingOptions
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
# Classes of joblib's backends. Of a pool of multiprocessing, which waits for ever for what a killed
# process had, the other pool of processes takes the place.
_PROCESSES = {"LokyBackend", "MultiprocessingBackend"}
_DASK = "DaskDistributedBackend"
_RAY = "RayBackend"
_SPARK = "SparkDistributedBackend"
# What is imported, for each engine that can be asked for.
_LIBRARIES: dict[EngineName, str] = {"dask": "distributed", "ray": "ray", "spark": "pyspark"}


@contextmanager
def open_engine(reading: ReadingOptions, n_bytes: IntArray, spec: FeatureSpec) -> Iterator[Engine]:
    """Give the engine for decoding files of these sizes, shape (f,), and close it in the end.

    Raises
    ------
    ExtractionError
        When a cluster cannot be reached, or has no workers.
    InvalidParameterError, MissingExtraError
        When an engine cannot be used at all, or its extra is not installed.
    """
    backend, _ = get_active_backend(prefer="threads")
    if reading.engine is not None:
        engine = _connect(reading.engine, reading.scheduler)
    elif not getattr(backend, "supports_sharedmem", False):
        engine = _join(backend, count_workers(reading.n_workers))
    else:
        # A worker is a thread from the beginning, whether or not there is a file for it.
        n_workers = min(count_workers(reading.n_workers), max(len(n_bytes), 2))
        n_workers = backend.effective_n_jobs(n_workers)
        n_small = count_small(n_bytes, spec)
        with _open_threads(n_workers, n_small, reading.max_pixels) as engine:
            yield engine
        return
    with closing(engine):
        yield engine


def _connect(name: EngineName, scheduler: str | None) -> Engine:
    """Connect to a cluster; what belongs to it is imported on need."""
    if find_spec(_LIBRARIES[name]) is None:
        msg = (
            f"The engine {name!r} needs {_LIBRARIES[name]}, which is not installed. Install it "
            f"with: pip install 'smartdownsample[{name}]', here and on all workers."
        )
        raise MissingExtraError(msg)
    if name == "ray":
        from .ray_engine import RayEngine

        return RayEngine(scheduler)
    if name == "spark":
        from .spark_engine import SparkEngine

        return SparkEngine(scheduler)
    from .dask_engine import connect

    return connect(scheduler)


def _join(backend: Any, n_workers: int) -> Engine:  # noqa: ANN401 # joblib has no types
    """Make the engine of a backend of joblib whose workers are no threads; imported on need."""
    kinds = {kind.__name__ for kind in type(backend).__mro__}
    if _DASK in kinds:
        from .dask_engine import DaskEngine

        return DaskEngine(backend.client)
    if _RAY in kinds:
        from .ray_engine import RayEngine

        return RayEngine()
    if _SPARK in kinds:
        msg = (
            "joblib's backend 'spark' cannot be used: it hands out one task at a time and returns "
            "all results at once. Fill the feature store with 'smartdownsample features SOURCE "
            "--engine spark', or use smartdownsample.engines.extract_table with "
            "DataFrame.mapInArrow; and leave joblib.parallel_config out."
        )
        raise InvalidParameterError(msg)
    n_workers = backend.effective_n_jobs(n_workers)
    if kinds & _PROCESSES:
        from .processes import ProcessEngine

        return ProcessEngine(n_workers, backend.inner_max_num_threads)
    from .waves import WaveEngine

    return WaveEngine(n_workers, type(backend).__name__)


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
