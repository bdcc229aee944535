"""The small call that all samplers stand behind: a job in, a result out, both as JSON.

Only the standard library is imported here, since peers run in environments of their own.
"""

import contextlib
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Literal, TypedDict, TypeVar

if sys.platform != "win32":
    import resource


T = TypeVar("T")


class Options(TypedDict, total=False):
    """What only this package is asked; without them its own choice."""

    # See `smartdownsample.ImageIndex.build` and `sample`.
    decode: Literal["fast", "exact", "preview"]
    spread: Literal["order", "visual", "joint"]


class Job(Options):
    """What every sampler is asked, in the same words."""

    paths: list[str]
    target_count: int
    n_workers: int
    random_seed: int
    # Folder for what a sampler keeps between runs; empty at first.
    cache_dir: str
    # Whether the picks themselves are part of the result.
    wants_picks: bool


class Result(TypedDict):
    """What came of a job, measured inside the sampler's process."""

    import_s: float
    call_s: float
    # Of all threads during the call: hardly changed by what else the machine does.
    cpu_s: float
    n_returned: int
    n_different: int
    picks: list[str]
    peak_bytes: int | None
    versions: dict[str, str]


def run_job(
    load: Callable[[], T],
    sample: Callable[[T, Job], Sequence[str]],
    *,
    distributions: Sequence[str],
) -> None:
    """Read a job from standard input, time a sampler with it and print the result.

    Parameters
    ----------
    load : callable
        Imports what the sampler is called by and returns it; how long that takes is reported
        apart from the call.
    sample : callable
        Does the job with what was loaded and returns the picked paths.
    distributions : sequence of str
        Installed distributions whose versions belong to the result.
    """
    job: Job = json.load(sys.stdin)
    started = time.perf_counter()
    # Whatever a sampler prints must not mix with the result.
    with contextlib.redirect_stdout(sys.stderr):
        loaded = load()
        imported = time.perf_counter()
        cpu_before = time.process_time()
        picks = sample(loaded, job)
        done = time.perf_counter()
    result = Result(
        import_s=imported - started,
        call_s=done - imported,
        cpu_s=time.process_time() - cpu_before,
        n_returned=len(picks),
        n_different=len(set(picks)),
        picks=list(picks) if job["wants_picks"] else [],
        peak_bytes=measure_peak_memory(),
        versions={
            "Python": platform.python_version(),
            **{name: version(name) for name in distributions},
        },
    )
    print(json.dumps(result))


def measure_peak_memory() -> int | None:
    """Measure the largest resident size of this process so far.

    Returns
    -------
    int or None
        Bytes; None where the system does not tell.

    Notes
    -----
    On Linux ``getrusage`` starts from the peak of the process that started this one, so that
    the kernel's own high-water mark, which starts anew with each program, is read instead.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            marks = [line for line in status if line.startswith("VmHWM:")]
        return int(marks[0].split()[1]) * 1024
    except (OSError, IndexError):
        if sys.platform == "win32":
            return None
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
