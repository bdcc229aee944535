"""fastdup: features of its neural network and its clusters of similar images, one of each.

`fastdup.create(...).run()` decodes, computes features and joins images that are more alike than
its default threshold; `connected_components` tells the clusters. One image of each cluster and all
images without a cluster are kept; too many are drawn from by lot, too few filled up from the
others. This is how its documentation has people thin a collection out. Everything is at its
defaults but the number of threads, which is that of the others' workers.

It does more for its time: features of a network see what a hash does not, and statistics of each
image are computed and written to a folder, which is removed afterwards. Every run is cold.

It would report to its makers in three ways, all of which are turned off: ``SENTRY_OPT_OUT`` (what
Python code fails and how long it takes, and a token in the home folder), ``run_sentry=False`` (the
same of the compiled part) and ``FASTDUP_PRODUCTION`` (a look for newer versions on import).
"""

import os
import sys
import tempfile
from importlib import import_module
from random import Random
from types import ModuleType

from peers.job import Job, fill_up, run_job


def load(_: Job) -> ModuleType:
    """Import the package, which reports nothing."""
    # Read when the package is imported and whenever it would report.
    os.environ.update(SENTRY_OPT_OUT="1", FASTDUP_PRODUCTION="1")
    # By name, since it is installed in its own environment only.
    return import_module("fastdup")


def sample(fastdup: ModuleType, job: Job) -> list[str]:
    """Do a job with the package."""
    with tempfile.TemporaryDirectory(prefix="bench-fastdup-") as folder:
        analysis = fastdup.create(work_dir=folder, input_dir=job["paths"])
        analysis.run(num_threads=job["n_workers"], run_sentry=False)
        clustered, _ = analysis.connected_components()
    columns = (clustered["filename"], clustered["component_id"]) if len(clustered) else ((), ())
    cluster_of = dict(zip(*columns, strict=True))
    paths = list(job["paths"])
    Random(job["random_seed"]).shuffle(paths)  # noqa: S311 - a seeded choice, no secret
    # One of each cluster, and all without one.
    first_of = {cluster_of.get(path, path): path for path in reversed(paths)}
    others = [path for path in paths if first_of[cluster_of.get(path, path)] != path]
    return fill_up(list(first_of.values()), others, job)


if __name__ == "__main__":
    # The compiled part prints past Python, into the result: from here on to standard error.
    sys.stdout = open(os.dup(1), "w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    os.dup2(2, 1)
    run_job(load, sample, distributions=("fastdup", "numpy"))
