"""The floor of a cold run: read every file and decode it as far as `fast` must, nothing else.

For each file the flag of OpenCV's decoder is the one that this package's `fast` mode uses, the
strongest reduction that keeps the pixels its features need; what is no JPEG is decoded in full.
Which flag that is, is found out before the clock starts. What is timed is the read and a bare
``cv2.imdecode`` into a picture that is thrown away, by as many threads as samplers have workers:
no header is looked at, nothing is checked, turned upright, shrunk, described or kept.

Only the call is comparable: the process as a whole reads every file once before.
"""

import io
import json
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

from peers.floors import read_bytes, spread
from peers.job import Job, run_job

# A file and the flags it is decoded with.
_Task: TypeAlias = tuple[str, int]
_ChooseFlags: TypeAlias = Callable[[str], int]


def run_floor(choose_flags: _ChooseFlags) -> None:
    """Read a job from standard input, find out what to do, then time it and print the result.

    Parameters
    ----------
    choose_flags : callable
        Chooses the decoder's flags for a file; not timed.
    """
    written = sys.stdin.read()
    tasks = [(path, choose_flags(path)) for path in json.loads(written)["paths"]]
    sys.stdin = io.StringIO(written)

    def sample(decode_files: Callable[[Sequence[_Task]], None], job: Job) -> list[str]:
        spread(decode_files, tasks, job["n_workers"])
        job["wants_picks"] = False
        return job["paths"]

    run_job(load, sample, distributions=("opencv-python-headless", "numpy"))


def load() -> Callable[[Sequence[_Task]], None]:
    """Import the decoder and return what decodes a chunk of files."""
    import cv2
    import numpy as np

    def decode_files(tasks: Sequence[_Task]) -> None:
        for path, flags in tasks:
            cv2.imdecode(np.frombuffer(read_bytes(path), dtype=np.uint8), flags)

    return decode_files


def choose_fast_flags(path: str) -> int:
    """Choose the flags that this package's `fast` mode decodes a file with.

    Parameters
    ----------
    path : str
        The file; only read.

    Returns
    -------
    int
        A sum of ``cv2.IMREAD_...``.
    """
    from smartdownsample.features.spec import choose_min_side, make_spec
    from smartdownsample.pictures.decode import _REDUCED_FLAGS, _choose_scale
    from smartdownsample.pictures.headers import Header, read_header

    header = read_header(read_bytes(path))
    if not isinstance(header, Header) or header.format != "JPEG":
        return _REDUCED_FLAGS[1]
    min_side = choose_min_side(make_spec(hash_size=8, decode="fast"))
    return _REDUCED_FLAGS[_choose_scale(min(header.width, header.height), min_side)]


if __name__ == "__main__":
    run_floor(choose_fast_flags)
