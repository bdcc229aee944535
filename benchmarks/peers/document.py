"""Run this package on a document of detections: its boxes are the items, no crop is written."""

from collections.abc import Callable

from peers.job import Job, run_job


def load(_: Job) -> Callable[[Job], list[str]]:
    """Import what is called."""
    from smartdownsample import Document, ImageIndex

    def sample(job: Job) -> list[str]:
        path, root = job["paths"]
        document = Document.read(path, root=root)
        index = ImageIndex.build(
            document, n_workers=job["n_workers"], cache_dir=job["cache_dir"], show_progress=False
        )
        selection = index.sample(job["target_count"], random_seed=job["random_seed"])
        return list(map(str, selection.rows.tolist()))

    return sample


if __name__ == "__main__":
    run_job(
        load,
        lambda sample, job: sample(job),
        distributions=("smartdownsample", "opencv-python-headless", "pyarrow", "numpy"),
    )
