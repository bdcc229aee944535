"""The published package, smartdownsample 1.8.4, in an environment that has it in place of ours.

It keeps nothing between runs, so that every run is cold.
"""

from collections.abc import Callable

from peers.job import Job, run_job


def load() -> Callable[..., list[str]]:
    """Import the call."""
    from smartdownsample import sample_diverse

    return sample_diverse


def sample(sample_diverse: Callable[..., list[str]], job: Job) -> list[str]:
    """Do a job with the published package."""
    return list(
        sample_diverse(
            job["paths"],
            job["target_count"],
            n_workers=job["n_workers"],
            random_seed=job["random_seed"],
            show_progress=False,
            show_summary=False,
        )
    )


if __name__ == "__main__":
    run_job(load, sample, distributions=("smartdownsample", "pillow", "numpy"))
