"""Run this package: cold when the job's cache folder is empty, warm when a run has filled it."""

from collections.abc import Callable

from peers.job import Job, run_job


def load(_: Job) -> Callable[..., list[str]]:
    """Import the call."""
    from smartdownsample import sample_diverse

    return sample_diverse


def sample(sample_diverse: Callable[..., list[str]], job: Job) -> list[str]:
    """Do a job with this package."""
    asked = {"n_workers": job["n_workers"], "random_seed": job["random_seed"]}
    silent = {"show_progress": False, "show_summary": False}
    kept = {"cache_dir": job["cache_dir"], "decode": job.get("decode", "fast")}
    return list(sample_diverse(job["paths"], job["target_count"], **asked, **silent, **kept))


if __name__ == "__main__":
    run_job(
        load,
        sample,
        distributions=("smartdownsample", "opencv-python-headless", "pyarrow", "numpy"),
    )
