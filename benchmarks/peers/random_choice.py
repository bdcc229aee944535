"""Paths drawn by lot, without a look at any image.

This is what most people do without a tool. It needs the standard library only, so that its
process also shows what every sampler pays for the start of Python and for reading the job.
"""

from random import Random

from peers.job import Job, run_job


def load(_: Job) -> type[Random]:
    """Name the generator: there is nothing to import that the process has not yet."""
    return Random


def sample(generator: type[Random], job: Job) -> list[str]:
    """Draw without repetition."""
    return generator(job["random_seed"]).sample(job["paths"], job["target_count"])


if __name__ == "__main__":
    run_job(load, sample, distributions=())
