"""Sample from an index of this package that is in memory already: what one more selection takes.

Building the index belongs to the loading. The first selection, which prepares what all later ones
share, is not counted.
"""

import contextlib
import json
import platform
import sys
import time
from importlib.metadata import version
from statistics import median

from peers.job import Job, Result, measure_peak_memory

_N_SELECTIONS = 9


def main() -> None:
    """Read a job from standard input, time selections and print the result."""
    job: Job = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        result = sample(job)
    print(json.dumps(result))


def sample(job: Job) -> Result:
    """Do a job with this package.

    Parameters
    ----------
    job : Job
        What to do.

    Returns
    -------
    Result
        Seconds are medians of several selections, each with a seed of its own.
    """
    started = time.perf_counter()
    from smartdownsample import ImageIndex

    index = ImageIndex.build(job["paths"], n_workers=job["n_workers"], cache_dir=job["cache_dir"])
    loaded_s = time.perf_counter() - started
    n, seed, spread = job["target_count"], job["random_seed"], job["spread"]
    picks = index.sample(n, random_seed=seed, spread=spread).paths
    call_s, cpu_s = [], []
    for step in range(1, _N_SELECTIONS + 1):
        started, cpu_started = time.perf_counter(), time.process_time()
        # With its paths: the result is what a caller gets to see.
        picks = index.sample(n, random_seed=seed + step, spread=spread).paths
        call_s.append(time.perf_counter() - started)
        cpu_s.append(time.process_time() - cpu_started)
    return Result(
        import_s=loaded_s,
        call_s=median(call_s),
        cpu_s=median(cpu_s),
        n_returned=len(picks),
        n_different=len(set(picks)),
        picks=picks if job["wants_picks"] else [],
        peak_bytes=measure_peak_memory(),
        versions={
            "Python": platform.python_version(),
            "smartdownsample": version("smartdownsample"),
            "numpy": version("numpy"),
        },
    )


if __name__ == "__main__":
    main()
