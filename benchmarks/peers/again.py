"""Sample from an index of this package that is in memory already: what one more selection takes.

Building the index belongs to the loading. The first selection, which prepares what all later ones
share, is not counted; of the others, each with a seed of its own, the median is.
"""

from typing import TYPE_CHECKING

from peers.job import Job, run_job

if TYPE_CHECKING:
    from smartdownsample import ImageIndex


def load(job: Job) -> "ImageIndex":
    """Import the package and build the index."""
    from smartdownsample import ImageIndex

    paths, n_workers = job["paths"], job["n_workers"]
    return ImageIndex.build(paths, n_workers=n_workers, cache_dir=job["cache_dir"])


def sample(index: "ImageIndex", job: Job) -> list[str]:
    """Select once, with the paths: the result is what a caller gets to see."""
    seed, spread = job["random_seed"], job["spread"]
    return index.sample(job["target_count"], random_seed=seed, spread=spread).paths


if __name__ == "__main__":
    run_job(load, sample, distributions=("smartdownsample", "numpy"), n_repeats=9)
