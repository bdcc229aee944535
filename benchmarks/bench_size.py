"""Measure very large collections: time and peak memory of millions of rows that the store knows.

Rows are made up, see `bench_picking`, and written as parts of a store. Their files do not exist:
times and sizes are told in their place, since no disk lists ten million files in a benchmark. Each
measurement has a process of its own, so that its peak memory is its own; the caller's paths count.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from bench_picking import make_rows
from command_line import make_parser, parse_options
from kept import Record, trim
from measuring import describe_machine, list_versions, say
from peers.job import measure_peak_memory
from smartdownsample import ImageIndex
from smartdownsample.features.spec import make_spec
from smartdownsample.gathering import gather
from smartdownsample.items.natural_order import encode_order_key
from smartdownsample.records import FeatureBatch, FileStats, IntArray, whole_photos
from smartdownsample.store.part import name_part, write_part
from smartdownsample.store.schema import make_table
from smartdownsample.store.store import FeatureStore
from write_pages import finish

_SPEC = make_spec(8, "fast")
_SIZES, _SMOKE_SIZES = (1, 3, 10), (0.002, 0.004)
_SHARE_PICKED = 0.01
_ROOT = "/data/survey_2023_northern_reserve"
_FOLDER_FILES = 1000
# Rows of a part, and of a piece of it that is made at a time.
_PART_ROWS, _PIECE_ROWS = 1_000_000, 100_000
_FIRST_NS = 1_600_000_000 * 10**9
# A photo every twenty seconds, and triggers of a few.
_STEP_MS = 20_000

_STEPS = ("look-up and order", "layout", "picks", "paths of picks")
Way = Literal["build", "open"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--sizes", type=float, nargs="+", help="millions of rows (1 3 10)")
    add("--ways", nargs="+", choices=("build", "open"), default=("build", "open"))
    add("--timed", action="store_true", help="rows have capture times that tell their order")
    add("--folder", metavar="DIR", help="where stores are written, and kept; else temporary")
    options = parse_options(parser, arguments, "size")
    sizes = options.sizes or (_SMOKE_SIZES if options.smoke else _SIZES)
    machine = describe_machine(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        measured = list(measure_all(Path(options.folder or folder), sizes, options))
    record = {
        "is_smoke": options.smoke,
        "machine": machine,
        "versions": list_versions("smartdownsample", "pyarrow", "numpy"),
        "measured": measured,
    }
    finish("size", record, options)


def measure_all(
    folder: Path, sizes: Sequence[float], options: argparse.Namespace
) -> Iterator[Record]:
    """Measure each way with each size, and print what came of it."""
    for size in sizes:
        n = round(size * 1_000_000)
        cache_dir = folder / f"{'timed' if options.timed else 'untimed'}-{n}"
        if not cache_dir.is_dir():
            say(f"storing {n:,} rows")
            run_apart(partial(fill, is_timed=options.timed), cache_dir, n)
        for way in options.ways:
            say(f"{way} of {n:,}")
            record = run_apart(measure, cache_dir, n, way)
            say(format_record(record))
            yield record


def format_record(record: Record) -> str:
    """Make a line of what was measured."""
    steps = ", ".join(
        f"{name} {seconds:,.1f} s ({peak:,} MB)"
        for name, seconds, peak in zip(_STEPS, record["cpu_s"], record["peaks_mb"][1:], strict=True)
    )
    return (
        f"{record['way']} of {record['n_images']:,}, {record['n_picked']:,} picked, "
        f"{record['total_s']:,.1f} s, of the processor and peaks so far: {steps}"
    )


def run_apart(work: Callable[..., Record], *given: object) -> Record:
    """Run a function in a new process."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        return pool.apply(work, given)


def name_path(place: int) -> str:
    """Name one of the images, in folders of a thousand."""
    folder, number = divmod(place, _FOLDER_FILES)
    site, camera = divmod(folder, 4)
    station = f"{_ROOT}/site_{site:04d}_riverbank/camera_{'ABCD'[camera]}"
    return f"{station}/100RECNX/IMG_{number + 1:04d}.JPG"


def tell_stats(places: IntArray) -> FileStats:
    """Make up times and sizes of files."""
    return FileStats(_FIRST_NS + places * 1_000_003, 1_000_000 + places % 4_000_037, causes={})


def _tell_in_order(keys: Sequence[bytes]) -> FileStats:
    """Make up times and sizes of all files."""
    return tell_stats(np.arange(len(keys)))


def fill(cache_dir: Path, n_images: int, *, is_timed: bool) -> Record:
    """Write a store that knows some images."""
    store = FeatureStore(_SPEC, cache_dir)
    store.prepare_folder()
    for start in range(0, n_images, _PART_ROWS):
        pieces = [
            _make_batch(first, min(first + _PIECE_ROWS, n_images), is_timed=is_timed)
            for first in range(start, min(start + _PART_ROWS, n_images), _PIECE_ROWS)
        ]
        write_part(name_part(store.folder), make_table(pieces, store.schema))
    return {}


def _make_batch(start: int, stop: int, *, is_timed: bool) -> FeatureBatch:
    """Make a batch of features, which depend on the places alone."""
    places = np.arange(start, stop)
    n = len(places)
    rows = make_rows(n, start)
    rows["width"], rows["height"] = 4000, 3000
    if is_timed:
        within = places % _FOLDER_FILES
        ms = 10**12 + places // _FOLDER_FILES * 97_000 + within * _STEP_MS
        rows["captured"] = ms.astype("datetime64[ms]")
    else:
        rows["captured"] = np.datetime64("NaT", "ms")
    keys = [os.fsencode(name_path(place)) for place in places.tolist()]
    frames, regions = whole_photos(n)
    stats = tell_stats(places)
    return FeatureBatch(
        items=places,
        keys=keys,
        order_keys=list(map(encode_order_key, keys)),
        frames=frames,
        regions=regions,
        mtime_ns=stats.mtime_ns,
        size_bytes=stats.size_bytes,
        rows=rows,
        causes=[None] * n,
        is_lasting=np.ones(n, dtype=np.bool_),
    )


def measure(cache_dir: Path, n_images: int, way: Way) -> Record:
    """Measure one way from rows in a store to a selection."""
    paths = list(map(name_path, range(n_images))) if way == "build" else []
    gather.stat_files = _tell_in_order  # type: ignore[attr-defined] # files are none
    moments, cpu, peaks = [time.perf_counter()], [time.process_time()], [measure_peak_memory()]

    def note() -> None:
        moments.append(time.perf_counter())
        cpu.append(time.process_time())
        peaks.append(measure_peak_memory())

    if way == "build":
        index = ImageIndex.build(paths, cache_dir=cache_dir)
    else:
        index = ImageIndex.open(cache_dir, _ROOT)
    note()
    regime = index.collection.layout.regime
    note()
    picks = index.sample(round(n_images * _SHARE_PICKED))
    note()
    _ = picks.paths
    note()
    return {
        "way": way,
        "n_images": len(index),
        "n_picked": len(picks),
        "regime": regime,
        "rows_sum": int(picks.rows.sum()),  # the same for all ways
        "seconds": [trim(later - before) for before, later in pairwise(moments)],
        "cpu_s": [trim(later - before) for before, later in pairwise(cpu)],
        "total_s": trim(moments[-1] - moments[0]),
        "peaks_mb": [peak // 10**6 for peak in peaks],  # the first one is of the caller's paths
    }


if __name__ == "__main__":
    main()
