"""Floors: a part of the work that no sampler can do without, with nothing around it.

A floor runs in one process, with as many workers as samplers have. How far a sampler is above it
is what is its own. Run as ``python -m peers.floors NAME``:

- ``read`` reads all bytes of every file: nobody can know what an image shows without them.
- ``decode`` also decodes every file as far as the mode `fast` must, with the flag of OpenCV's
  decoder that this package uses: the strongest reduction that keeps the pixels its features need.
  No header is looked at, nothing is checked, turned upright, shrunk, described or kept. Which flag
  that is, is found out before the clock starts, so that only the call is comparable.
- ``decode_8`` always decodes at an eighth of the size, which computes one pixel for each block of
  8×8: hardly more than undoing the entropy code of JPEG.
- ``known`` is the floor of a warm run, whose store knows every image: a look at each file
  (``os.stat``: has it changed?) and reading, from the parts below the job's cache folder, the
  columns that say which file a row is of, its place in order and its looks. Nothing is verified,
  compared, joined or ordered. It imports Arrow only, so that the whole process is a floor as well.

What is no JPEG is decoded in full.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

from peers.job import Job, run_job

T = TypeVar("T")
# Does all the work.
_Work: TypeAlias = Callable[[], None]

# Handing out so many files at a time takes about a millionth of a second for each.
_CHUNK = 64
# Of the store, not of the images: constant, or never needed to find a row.
_BOOKKEEPING = frozenset(("region", "decoder", "written_ns"))


def read_bytes(path: str) -> bytes:
    """Read a whole file with as few system calls as that takes."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def choose_fast_flags(path: str) -> int:
    """Choose the flags of ``cv2.imdecode`` that this package's `fast` mode uses for a file."""
    from smartdownsample.features.spec import choose_min_side, make_spec
    from smartdownsample.pictures.decode import _REDUCED_FLAGS, _choose_scale
    from smartdownsample.pictures.headers import Header, read_header

    header = read_header(read_bytes(path))
    if not isinstance(header, Header) or header.format != "JPEG":
        return _REDUCED_FLAGS[1]
    min_side = choose_min_side(make_spec(hash_size=8, decode="fast"))
    return _REDUCED_FLAGS[_choose_scale(min(header.width, header.height), min_side)]


def _spread(work: Callable[[Sequence[T]], None], items: Sequence[T], n_workers: int) -> _Work:
    """Prepare to work through items on exactly so many threads."""
    # Not at the top: the floor of a warm run does without.
    from concurrent.futures import ThreadPoolExecutor

    chunks = [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]

    def run() -> None:
        with ThreadPoolExecutor(n_workers) as pool:
            # Whatever is raised in a thread is raised here.
            for _ in pool.map(work, chunks):
                pass

    return run


def read_files(paths: Sequence[str]) -> None:
    """Read files one after the other."""
    for path in paths:
        read_bytes(path)


def decode_files(tasks: Sequence[tuple[str, int]]) -> None:
    """Decode files one after the other, each with its flags."""
    import cv2
    import numpy as np

    for path, flags in tasks:
        cv2.imdecode(np.frombuffer(read_bytes(path), dtype=np.uint8), flags)


def _prepare_reading(job: Job) -> _Work:
    """Prepare to read files."""
    return _spread(read_files, job["paths"], job["n_workers"])


def _prepare_decoding(job: Job) -> _Work:
    """Prepare to decode files as far as `fast` must."""
    decode_files([])  # imports the decoder
    tasks = [(path, choose_fast_flags(path)) for path in job["paths"]]
    return _spread(decode_files, tasks, job["n_workers"])


def _prepare_decoding_at_8(job: Job) -> _Work:
    """Prepare to decode files at an eighth of their size."""
    import cv2

    flags = cv2.IMREAD_REDUCED_COLOR_8 | cv2.IMREAD_IGNORE_ORIENTATION
    tasks = [(path, flags) for path in job["paths"]]
    return _spread(decode_files, tasks, job["n_workers"])


def _prepare_looking_up(job: Job) -> _Work:
    """Prepare to look at all files and to read what is known of them."""
    from pyarrow import parquet

    def look_up() -> None:
        for path in job["paths"]:
            os.stat(path)
        n_known = 0
        for part in sorted(Path(job["cache_dir"]).rglob("*.parquet")):
            # As a file: `read_table` would import what reads folders of files.
            with parquet.ParquetFile(part) as file:
                columns = [name for name in file.schema_arrow.names if name not in _BOOKKEEPING]
                n_known += len(file.read(columns=columns))
        if n_known < len(job["paths"]):
            msg = f"{job['cache_dir']!r} knows {n_known:,} of {len(job['paths']):,} images."
            raise ValueError(msg)

    return look_up


def _run(work: _Work, job: Job) -> list[str]:
    """Do the work; nothing is picked, but counted how many files it was done with."""
    work()
    job["wants_picks"] = False
    return job["paths"]


_DECODERS = ("opencv-python-headless", "numpy")
_FLOORS: dict[str, tuple[Callable[[Job], _Work], Sequence[str]]] = {
    "read": (_prepare_reading, ()),
    "decode": (_prepare_decoding, _DECODERS),
    "decode_8": (_prepare_decoding_at_8, _DECODERS),
    "known": (_prepare_looking_up, ("pyarrow",)),
}

if __name__ == "__main__":
    load, versions = _FLOORS[sys.argv[1]]
    run_job(load, _run, distributions=versions)
