"""The published package, smartdownsample 1.8.4, in an environment that has it in place of ours.

It keeps nothing between runs, so that every run is cold.
"""

from collections.abc import Callable

from peers.job import Job, run_job
from peers.ours import load


def sample(sample_diverse: Callable[..., list[str]], job: Job) -> list[str]:
    """Do a job with the published package."""
    asked = {"n_workers": job["n_workers"], "random_seed": job["random_seed"]}
    silent = {"show_progress": False, "show_summary": False}
    return list(sample_diverse(job["paths"], job["target_count"], **asked, **silent))


if __name__ == "__main__":
    run_job(load, sample, distributions=("smartdownsample", "pillow", "numpy"))
