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

from peers.job import Job, run_job


def load() -> ModuleType:
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
    paths = list(job["paths"])
    generator = Random(job["random_seed"])  # noqa: S311 - a seeded choice, no secret
    generator.shuffle(paths)
    cluster_of = (
        dict(zip(clustered["filename"], clustered["component_id"], strict=True))
        if len(clustered)
        else {}
    )
    seen: set[int] = set()
    kept: list[str] = []
    others: list[str] = []
    for path in paths:
        cluster = cluster_of.get(path)
        (others if cluster in seen else kept).append(path)
        if cluster is not None:
            seen.add(cluster)
    return (kept + others)[: job["target_count"]]


if __name__ == "__main__":
    # The compiled part prints past Python, into the result: from here on to standard error.
    sys.stdout = open(os.dup(1), "w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    os.dup2(2, 1)
    run_job(load, sample, distributions=("fastdup", "numpy"))
