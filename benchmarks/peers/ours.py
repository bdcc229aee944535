"""Run this package: cold when the job's cache folder is empty, warm when a run has filled it."""

from types import ModuleType

from peers.job import Job, run_job


def sample(package: ModuleType, job: Job) -> list[str]:
    """Do a job with this package."""
    return list(
        package.sample_diverse(
            job["paths"],
            job["target_count"],
            n_workers=job["n_workers"],
            random_seed=job["random_seed"],
            show_progress=False,
            show_summary=False,
            cache_dir=job["cache_dir"],
        )
    )


if __name__ == "__main__":
    run_job(
        "smartdownsample",
        sample,
        distributions=("smartdownsample", "opencv-python-headless", "pyarrow", "numpy"),
    )
