"""The script that people write with ImageHash: hash in threads, keep what differs, draw by lot.

Each image is opened with Pillow and hashed with `imagehash.dhash`, whose 64 bits are also the
default of this package, as both libraries' documentation shows it: every pixel is decoded. Of
images whose hashes are equal, the first is kept; what is missing is drawn from the others. Hashing
is done by as many threads as the others have workers (Pillow decodes outside the interpreter's
lock), and comparing costs one look into a set for each image, so that this is about the least that
such a script takes. Nothing is kept between runs: every run is cold.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from peers.job import Job, fill_up, run_job


def load(_: Job) -> Any:  # noqa: ANN401 - a pair of modules of which one ships no types
    """Import both libraries."""
    import imagehash
    from PIL import Image

    return imagehash, Image


def sample(libraries: Any, job: Job) -> list[str]:  # noqa: ANN401 - see above
    """Keep one image of each hash, as many as are asked for, and fill up with others."""
    imagehash, image_module = libraries

    def hash_image(path: str) -> str | None:
        try:
            with image_module.open(path) as image:
                return str(imagehash.dhash(image))
        except OSError:
            return None

    with ThreadPoolExecutor(job["n_workers"]) as pool:
        hashes = list(pool.map(hash_image, job["paths"]))
    seen: set[str | None] = {None}
    kept: list[str] = []
    others: list[str] = []
    for path, code in zip(job["paths"], hashes, strict=True):
        (others if code in seen else kept).append(path)
        seen.add(code)
    return fill_up(kept, others, job)


if __name__ == "__main__":
    run_job(load, sample, distributions=("ImageHash", "pillow", "numpy"))
