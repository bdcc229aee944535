"""The published package, smartdownsample 1.8.4, in an environment that has it in place of ours.

It keeps nothing between runs, so that every run is cold.
"""

from types import ModuleType

from peers.job import Job, run_job


def sample(package: ModuleType, job: Job) -> list[str]:
    """Do a job with the published package."""
    return list(
        package.sample_diverse(
            job["paths"],
            job["target_count"],
            n_workers=job["n_workers"],
            random_seed=job["random_seed"],
            show_progress=False,
            show_summary=False,
        )
    )


if __name__ == "__main__":
    run_job("smartdownsample", sample, distributions=("smartdownsample", "pillow", "numpy"))
