"""List and read objects from a server of S3 on this machine: seconds, without decoding.

Run with the environment of ``make test-engines ENGINE=remote``:
``.venv-remote/bin/python benchmarks/bench_objects.py``.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from object_servers import Bucket, serve_s3
from smartdownsample.items.object_stores import N_REQUESTS, ObjectStores
from smartdownsample.items.storage import Content


def main() -> None:
    """Measure, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_200)
    parser.add_argument("--size", type=int, default=23_000, help="bytes of an object")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serve_s3(Path(folder)) as server:
        os.environ.update(server.environment)
        bucket = Bucket(server, "objects")
        with ThreadPoolExecutor(N_REQUESTS) as pool:
            names = [f"cam_{n % 8}/IMG_{n}.JPG" for n in range(options.objects)]
            list(pool.map(lambda name: bucket.put(name, os.urandom(options.size)), names))
        rounds = [measure(bucket.root, options.objects) for _ in range(options.rounds)]
    for what, seconds in zip(("list", "stat", "read"), zip(*rounds, strict=True), strict=True):
        print(f"{what}: {statistics.median(seconds):.2f} s for {options.objects:,} objects")


def measure(root: str, n_objects: int) -> tuple[float, float, float]:
    """Measure one round with clients of its own."""
    stores, times = ObjectStores(), [time.perf_counter()]
    locations = list(stores.list(root))
    times.append(time.perf_counter())
    stats = stores.stat([os.fsencode(location) for location in locations])
    times.append(time.perf_counter())
    assert not stats.causes
    with ThreadPoolExecutor(N_REQUESTS) as pool:
        read = list(pool.map(stores.read, locations))
    times.append(time.perf_counter())
    assert sum(isinstance(content, Content) for content in read) == n_objects
    first, second, third, fourth = times
    return second - first, third - second, fourth - third


if __name__ == "__main__":
    main()
