"""Measure what the command costs beside what it wraps, in processes of their own.

``--help`` is compared with a Python that does nothing, and a warm selection with the same call of
the library. Files are made up and known to the store, as in ``bench_store.py``.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench_store import fill_known, link_files
from measuring import describe_machine
from pages.markdown import tabulate

_COMMAND = os.path.join(os.path.dirname(sys.executable), "smartdownsample")
_LIBRARY = """
import sys
from smartdownsample import ImageIndex
index = ImageIndex.build(sys.argv[1], cache_dir=sys.argv[2])
print("\\n".join(index.sample(int(sys.argv[3])).paths))
"""


def main(*, is_smoke: bool) -> None:
    """Time base and command in turn, and print a table of medians."""
    n_rounds, n_images, n = (1, 2000, "10") if is_smoke else (15, 100_000, "1000")
    python = [sys.executable, "-c"]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        paths = link_files(Path(folder), n_images)
        photos, cache_dir = os.path.commonpath(paths), os.path.join(folder, "cache")
        fill_known(Path(cache_dir), paths)
        sample = [_COMMAND, "sample", photos, "-q", "-n", n, "--cache-dir", cache_dir]
        named = f"sample {n} of {n_images:,} known / library"
        # What is compared, the target of the ratio, and seconds of base and command in each round.
        comparisons = [
            (name, at_most, [(_time(base), _time(command)) for _ in range(n_rounds)])
            for name, at_most, base, command in (
                ("--help / Python that does nothing", 3, [*python, "pass"], [_COMMAND, "--help"]),
                (named, 1.5, [*python, _LIBRARY, photos, cache_dir, n], sample),
            )
        ]
    table = tabulate(
        comparisons,
        ("command / base", lambda each: each[0]),
        ("base s", lambda each: f"{median(base_s for base_s, _ in each[2]):.3f}"),
        ("command s", lambda each: f"{median(command_s for _, command_s in each[2]):.3f}"),
        ("ratio", lambda each: f"{median(both[1] / both[0] for both in each[2]):.2f}x"),
        ("target", lambda each: f"{each[1]:g}x"),
    )
    print(f"{table}\n\n{n_rounds} round(s), medians; {describe_machine()}")


def _time(command: Sequence[str]) -> float:
    """Run a command and tell how many seconds it took."""
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main(is_smoke="--smoke" in sys.argv)
