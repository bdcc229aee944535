"""The floor of reading: all bytes of every file, by as many threads as samplers have workers.

Nobody can know what an image shows without its bytes. What this takes with all files in the page
cache is the system's price for handing them over.
"""

from collections.abc import Sequence

from peers.floors import read_bytes, spread
from peers.job import Job, run_job


def load() -> None:
    """Import nothing: the standard library is enough."""


def read_files(paths: Sequence[str]) -> None:
    """Read files, one after the other."""
    for path in paths:
        read_bytes(path)


def sample(_: None, job: Job) -> list[str]:
    """Read all files; none is picked."""
    spread(read_files, job["paths"], job["n_workers"])
    job["wants_picks"] = False
    return job["paths"]


if __name__ == "__main__":
    run_job(load, sample, distributions=())
