"""Measure what the command costs beside what it wraps, in processes of their own.

``--help`` is compared with a Python that does nothing, and a warm selection with the same call of
the library. Files are made up and known to the store, as in ``bench_store.py``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench_store import fill, link_files
from measuring import describe_machine
from smartdownsample.features.spec import make_spec
from smartdownsample.items.find import list_items
from smartdownsample.items.local_files import stat_items
from smartdownsample.store.store import FeatureStore
from tables import align_table

_COMMAND = os.path.join(os.path.dirname(sys.executable), "smartdownsample")
_LIBRARY = """
import sys
from smartdownsample import ImageIndex
index = ImageIndex.build(sys.argv[1], cache_dir=sys.argv[2])
print("\\n".join(index.sample(int(sys.argv[3])).paths))
"""


class Comparison(NamedTuple):
    """The command beside what it is measured against, in one round after the other.

    Attributes
    ----------
    name : str
        What is compared.
    at_most : float
        The ratio of seconds that is the target.
    base_s, command_s : list of float
        Seconds of both in each round.
    """

    name: str
    at_most: float
    base_s: list[float]
    command_s: list[float]

    @property
    def ratio(self) -> float:
        """Median of the ratios of all rounds."""
        pairs = zip(self.command_s, self.base_s, strict=True)
        return median(command / base for command, base in pairs)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="runs of each (15)")
    parser.add_argument("--n-images", type=int, default=100_000, help="in thousands (100000)")
    parser.add_argument("--n-selected", type=int, default=1000, help="images selected (1000)")
    parser.add_argument("--smoke", action="store_true", help="run everything once, on little")
    parser.add_argument("--json", metavar="FILE", help="keep every measurement there")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.rounds, options.n_images, options.n_selected = 1, 2000, 10
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        photos, cache_dir = lay_out(Path(folder), options.n_images)
        n = str(options.n_selected)
        comparisons = [
            compare(
                "--help / Python that does nothing",
                3,
                [sys.executable, "-c", "pass"],
                [_COMMAND, "--help"],
                options.rounds,
            ),
            compare(
                f"sample {n} of {options.n_images:,} known / library",
                1.5,
                [sys.executable, "-c", _LIBRARY, photos, cache_dir, n],
                [_COMMAND, "sample", photos, "-q", "-n", n, "--cache-dir", cache_dir],
                options.rounds,
            ),
        ]
    print(format_table(comparisons))
    print(f"\n{options.rounds} round(s), medians; {describe_machine()}")
    if options.json:
        kept = [comparison._asdict() for comparison in comparisons]
        Path(options.json).write_text(json.dumps(kept, indent=1), encoding="utf-8")


def lay_out(folder: Path, n_images: int) -> tuple[str, str]:
    """Write files, and a store that knows them.

    Parameters
    ----------
    folder : Path
        An existing folder.
    n_images : int
        How many.

    Returns
    -------
    photos, cache_dir : str
        Folders of both.
    """
    paths = [path for listed in link_files(folder, n_images) for path in listed]
    keys = list_items(paths).keys
    fill(FeatureStore(make_spec(8, "fast"), folder / "cache"), keys, stat_items(keys))
    return os.path.commonpath(paths), str(folder / "cache")


def compare(
    name: str, at_most: float, base: Sequence[str], command: Sequence[str], n_rounds: int
) -> Comparison:
    """Time two command lines in turn.

    Parameters
    ----------
    name : str
        What is compared.
    at_most : float
        Target of the ratio.
    base, command : sequence of str
        Command lines; what they print is read.
    n_rounds : int
        How often.

    Returns
    -------
    Comparison
        Of their times.
    """
    times = [(_time(base), _time(command)) for _ in range(n_rounds)]
    return Comparison(name, at_most, [one for one, _ in times], [two for _, two in times])


def _time(line: Sequence[str]) -> float:
    """Run a command line and tell how many seconds it took."""
    started = time.perf_counter()
    subprocess.run(line, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - started


def format_table(comparisons: Sequence[Comparison]) -> str:
    """Tabulate comparisons.

    Parameters
    ----------
    comparisons : sequence of Comparison
        All of them.

    Returns
    -------
    str
        A Markdown table.
    """
    header = ("command / base", "base s", "command s", "ratio", "target", "met")
    lines = [
        (
            each.name,
            f"{median(each.base_s):.3f}",
            f"{median(each.command_s):.3f}",
            f"{each.ratio:.2f}x",
            f"{each.at_most:g}x",
            "yes" if each.ratio <= each.at_most else "no",
        )
        for each in comparisons
    ]
    return align_table(header, lines)


if __name__ == "__main__":
    main()
