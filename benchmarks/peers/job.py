"""The small call that all samplers stand behind: a job in, a result out, both as JSON.

Only the standard library is imported here, since peers run in environments of their own.
"""

import contextlib
import json
import platform
import resource
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Literal, TypedDict, TypeVar

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
    peak_bytes: int
    versions: dict[str, str]


def run_job(
    load: Callable[[Job], T],
    sample: Callable[[T, Job], Sequence[str]],
    *,
    distributions: Sequence[str],
    n_repeats: int = 0,
) -> None:
    """Read a job from standard input, time a sampler with it and print the result.

    What `load` takes, which imports what the sampler is called by, is reported apart from the
    call. With repeats, an odd number, the call is done again so often, each time with another seed,
    and the median of the repeats is reported in place of the first.
    """
    job: Job = json.load(sys.stdin)
    call_s, cpu_s = [], []
    started = time.perf_counter()
    # Whatever a sampler prints must not mix with the result.
    with contextlib.redirect_stdout(sys.stderr):
        loaded = load(job)
        loaded_s = time.perf_counter() - started
        for _ in range(1 + n_repeats):
            started, cpu_started = time.perf_counter(), time.process_time()
            picks = sample(loaded, job)
            call_s.append(time.perf_counter() - started)
            cpu_s.append(time.process_time() - cpu_started)
            job["random_seed"] += 1
    # Not from `statistics`, whose import would be a part of every process.
    counted, middle = slice(1 if n_repeats else 0, None), n_repeats // 2
    result = Result(
        import_s=loaded_s,
        call_s=sorted(call_s[counted])[middle],
        cpu_s=sorted(cpu_s[counted])[middle],
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


def fill_up(kept: list[str], others: list[str], job: Job) -> list[str]:
    """Draw from the kept ones by lot, or fill up from the others, to as many as are asked for."""
    # Not at the top, since it would be a part of every process.
    from random import Random

    generator = Random(job["random_seed"])  # noqa: S311 - a seeded choice, no secret
    generator.shuffle(kept)
    generator.shuffle(others)
    return (kept + others)[: job["target_count"]]


def measure_peak_memory() -> int:
    """Measure the largest resident size of this process so far, in bytes.

    On Linux ``getrusage`` starts from the peak of the process that started this one, so that
    the kernel's own high-water mark, which starts anew with each program, is read instead.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            marks = [line for line in status if line.startswith("VmHWM:")]
        return int(marks[0].split()[1]) * 1024
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
