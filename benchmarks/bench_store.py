"""Measure the feature store: look-ups against a floor, growth, memory and bytes on disk.

Files are real, hard links of a few; features are random, written through the store itself. The
floor of a look-up is what nothing can do without: `os.stat` of each file, and reading the parts.
"""

import argparse
import gc
import importlib.metadata
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq

from measuring import describe_machine
from records import trim
from smartdownsample import ImageIndex
from smartdownsample.features.spec import make_spec
from smartdownsample.gathering.natural_table import needed_columns, order_features
from smartdownsample.items.find import list_items
from smartdownsample.items.local_files import stat_items
from smartdownsample.items.natural_order import encode_order_key
from smartdownsample.records import FeatureBatch, FileStats, IntArray
from smartdownsample.store.schema import make_table
from smartdownsample.store.store import FeatureStore
from store_figures import (
    FOLDER_FILES,
    FOLDER_MEASUREMENTS,
    FOLDER_READS,
    KEPT,
    Growth,
    Measurement,
    StoreRecord,
    check_document,
    format_record,
    load_record,
    save_record,
    write_document,
)

_SPEC = make_spec(8, "fast")
# Well below the links that a file may have (65,000 on ext4).
_LINKS_PER_FILE = 5000
_BATCH_ROWS = 64
_GROWTH_RUNS = 20
# As a run that decodes writes them.
_PART_ROWS = 4096
_STATUS = "/proc/self/status"
_DISTRIBUTIONS = ("smartdownsample", "pyarrow", "numpy")
_DOCUMENT = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs", "feature-store.md"
)


@dataclass(frozen=True)
class Collection:
    """Files, and a store that knows them all.

    Parameters
    ----------
    name : str
        In the results.
    paths : list of str
        Of the files.
    cache_dir : Path
        Folder of the store.
    """

    name: str
    paths: list[str]
    cache_dir: Path

    @property
    def store(self) -> FeatureStore:
        """The store, as a new run would open it."""
        return FeatureStore(_SPEC, self.cache_dir)


class Memory(NamedTuple):
    """Memory of a process that builds an index, in bytes beyond the list of paths."""

    peak: int
    kept: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its tables.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line.
    """
    options = parse_options(arguments)
    if options.check:
        sys.exit(check_document(_DOCUMENT, load_record(KEPT)))
    record = load_record(options.again) if options.again else measure(options)
    print(format_record(record))
    if options.json:
        save_record(options.json, record)
    if options.document:
        write_document(_DOCUMENT, record)


def measure(options: argparse.Namespace) -> StoreRecord:
    """Lay out stores and measure everything.

    Parameters
    ----------
    options : argparse.Namespace
        Of the run.

    Returns
    -------
    StoreRecord
        All figures.
    """
    machine = describe_machine()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as folder:
        small, medium, large = collections = lay_out(Path(folder), options)
        _say("measuring memory")
        memory = measure_memory(medium, large)
        measurements: list[Measurement] = []
        for number in range(1, options.rounds + 1):
            for collection in (medium, large):
                measurements += measure_look_up(collection, number)
            # Several short ones for each long one, in turn.
            for _ in range(FOLDER_MEASUREMENTS):
                for collection in (small, large):
                    measurements.append(measure_folder(collection, small.paths, number))
            _say(f"round {number} of {options.rounds} done")
        sizes = measure_sizes(Path(folder), medium.paths)
        growth = measure_growth(large)
    return StoreRecord(
        machine=machine,
        versions={
            "Python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _DISTRIBUTIONS},
        },
        is_smoke=options.smoke,
        n_rounds=options.rounds,
        n_images=[len(each.paths) for each in collections],
        path_bytes=round(sum(map(len, large.paths)) / len(large.paths)),
        memory_bytes=memory,
        row_bytes=sizes,
        growth=growth,
        measurements=measurements,
    )


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line.

    Parameters
    ----------
    arguments : sequence of str or None
        None takes those of the process.

    Returns
    -------
    argparse.Namespace
        With counts that are smaller in a smoke run.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, help="measurements of each figure (5)")
    add("--n-small", type=int, help="images of the smallest store (10000)")
    add("--n-medium", type=int, help="images of the medium store (100000)")
    add("--n-large", type=int, help="images of the largest store (1000000)")
    add("--folder", metavar="DIR", help="where to lay out files; by default the temporary folder")
    add("--smoke", action="store_true", help="run everything once, with a few images")
    add("--json", metavar="FILE", help="keep every measurement there")
    add("--again", metavar="FILE", help="measure nothing, show what --json has kept there")
    add("--keep", action="store_true", help="keep every measurement in benchmarks/results/")
    add("--document", action="store_true", help="write the tables into docs/")
    add("--check", action="store_true", help="compare docs/ with what --keep has kept")
    options = parser.parse_args(arguments)
    if options.smoke and (options.keep or options.document):
        parser.error("A smoke run is not worth keeping.")
    if options.keep:
        options.json = KEPT
    defaults = (1, 2000, 4000, 8000) if options.smoke else (5, 10_000, 100_000, 1_000_000)
    names = ("rounds", "n_small", "n_medium", "n_large")
    for name, default in zip(names, defaults, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, default)
    if options.rounds < 1 or not (
        FOLDER_FILES <= options.n_small < options.n_medium < options.n_large
    ):
        parser.error(
            f"There must be at least one round, {FOLDER_FILES:,} images in the smallest store "
            "and more in each larger one."
        )
    return options


def _say(what: str) -> None:
    print(what, file=sys.stderr)


# -------------------------------------------------------------------------- setup


def lay_out(folder: Path, options: argparse.Namespace) -> list[Collection]:
    """Write files and the stores that know them.

    Parameters
    ----------
    folder : Path
        An existing folder.
    options : argparse.Namespace
        Of the run.

    Returns
    -------
    list of Collection
        Small, medium and large; each has whole folders of the next, evenly spread.
    """
    _say("laying out files")
    folders = link_files(folder, options.n_large)
    collections = []
    for name in ("small", "medium", "large"):
        n_images = getattr(options, f"n_{name}")
        n_folders = n_images // FOLDER_FILES
        chosen = np.linspace(0, len(folders) - 1, n_folders).round().astype(int)
        paths = [path for place in chosen.tolist() for path in folders[place]]
        collection = Collection(name, paths, folder / f"cache-{name}")
        _say(f"storing {len(paths):,} rows")
        keys = list_items(paths).keys
        fill(collection.store, keys, stat_items(keys))
        collections.append(collection)
    return collections


def link_files(folder: Path, n_files: int) -> list[list[str]]:
    """Make many small files, as hard links of a few; their times and sizes differ.

    Parameters
    ----------
    folder : Path
        An existing folder.
    n_files : int
        How many, in folders of a thousand.

    Returns
    -------
    list of list of str
        Paths in each folder.
    """
    generator = np.random.default_rng(42)
    sources = []
    for number in range(n_files // _LINKS_PER_FILE + 97):
        source = folder / f"source_{number}.jpg"
        source.write_bytes(bytes(int(generator.integers(100, 4000))))
        taken_ns = int(generator.integers(1_600_000_000, 1_700_000_000)) * 10**9 + number
        os.utime(source, ns=(taken_ns, taken_ns))
        sources.append(source)
    folders = []
    for place in range(n_files // FOLDER_FILES):
        parent = folder / "survey_2023_northern_reserve" / f"site_{place // 4:03d}_riverbank"
        parent /= f"camera_{'ABCD'[place % 4]}/100RECNX"
        parent.mkdir(parents=True)
        paths = [f"{parent}/IMG_{number:04d}.JPG" for number in range(1, FOLDER_FILES + 1)]
        for path, source in zip(paths, generator.choice(len(sources), len(paths)), strict=True):
            os.link(sources[source], path)
        folders.append(paths)
    return folders


def fill(store: FeatureStore, keys: list[bytes], stats: FileStats, random_seed: int = 42) -> None:
    """Store random features, in batches like those of a run that decodes.

    Parameters
    ----------
    store : FeatureStore
        Where to.
    keys : list of bytes
        Absolute paths.
    stats : FileStats
        Of the same files.
    random_seed : int
        Of the features.
    """
    generator = np.random.default_rng(random_seed)
    with store:
        for start in range(0, len(keys), _BATCH_ROWS):
            items = np.arange(start, min(start + _BATCH_ROWS, len(keys)))
            store.append(_make_batch(generator, items, keys, stats))


def _make_batch(
    generator: np.random.Generator, items: IntArray, keys: list[bytes], stats: FileStats
) -> FeatureBatch:
    """Make features by lot, which compress less than real ones."""
    n = len(items)
    rows = np.frombuffer(generator.bytes(n * _SPEC.row_dtype.itemsize), _SPEC.row_dtype).copy()
    rows["mean_rgb"] = generator.uniform(0, 255, (n, 3))
    rows["width"], rows["height"], rows["flags"] = 4000, 3000, 0
    rows["captured"] = (stats.mtime_ns[items] // 10**6).astype("datetime64[ms]")
    batch_keys = [keys[item] for item in items.tolist()]
    return FeatureBatch(
        items=items,
        keys=batch_keys,
        order_keys=[encode_order_key(key) for key in batch_keys],
        mtime_ns=stats.mtime_ns[items],
        size_bytes=stats.size_bytes[items],
        rows=rows,
        causes=[None] * n,
        is_lasting=np.ones(n, dtype=np.bool_),
    )


# -------------------------------------------------------------------------- timing


@contextmanager
def _timing(
    into: list[Measurement], name: str, collection: str, n: int, number: int
) -> Iterator[None]:
    """Time a block."""
    gc.collect()
    started, cpu_before = time.perf_counter(), time.process_time()
    yield
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu_before
    into.append(Measurement(name, collection, n, number, trim(seconds), trim(cpu_s)))


def measure_look_up(collection: Collection, number: int) -> list[Measurement]:
    """Find all images of a collection in its store.

    Parameters
    ----------
    collection : Collection
        Where.
    number : int
        Of the round.

    Returns
    -------
    list of Measurement
        The floor, listing of paths, look-up, and all of `ImageIndex.build`.
    """
    done: list[Measurement] = []
    n = len(collection.paths)
    keys = list_items(collection.paths).keys
    with _timing(done, "floor", collection.name, n, number):
        for key in keys:
            os.stat(key)
        tables = [pq.read_table(part) for part in collection.store.list_parts()]
    assert sum(map(len, tables)) == n
    del tables, keys
    with _timing(done, "listing", collection.name, n, number):
        items = list_items(collection.paths)
    with _timing(done, "look-up", collection.name, n, number):
        n_found = _look_up(collection.store, items.keys)
    assert n_found == n
    del items
    with _timing(done, "build", collection.name, n, number):
        index = ImageIndex.build(collection.paths, cache_dir=collection.cache_dir)
    assert index.table.n_extracted == 0
    return done


def _look_up(store: FeatureStore, keys: list[bytes]) -> int:
    """Stat files, find their rows and bring them in natural order."""
    known = store.look_up(keys, stat_items(keys), needed_columns(_SPEC))
    return len(order_features(_SPEC, known, [], keys).items)


def measure_folder(collection: Collection, paths: list[str], number: int) -> Measurement:
    """Find the images of one folder.

    Parameters
    ----------
    collection : Collection
        Where.
    paths : list of str
        Of several folders; one in the middle is taken.
    number : int
        Of the round.

    Returns
    -------
    Measurement
        Of several readings.
    """
    done: list[Measurement] = []
    start = len(paths) // FOLDER_FILES // 2 * FOLDER_FILES
    keys = list_items(paths[start : start + FOLDER_FILES]).keys
    with _timing(done, "folder", collection.name, FOLDER_FILES * FOLDER_READS, number):
        for _ in range(FOLDER_READS):
            n_found = _look_up(collection.store, keys)
    assert n_found == FOLDER_FILES
    return done[0]


def measure_growth(collection: Collection) -> list[Growth]:
    """Add one image for each hundred, again and again; parts are merged when it is time.

    Parameters
    ----------
    collection : Collection
        Whose store grows.

    Returns
    -------
    list of Growth
        One for each addition.
    """
    store = collection.store
    n_added = len(collection.paths) // 100
    grown = []
    for run in range(_GROWTH_RUNS):
        keys = _name_files(n_added, f"/data/survey_2024/card_{run:02d}/100RECNX")
        stats = _make_stats(n_added, run)
        generator = np.random.default_rng(run)
        batches = [
            _make_batch(generator, items, keys, stats)
            for items in np.array_split(np.arange(n_added), -(-n_added // _PART_ROWS))
        ]
        before = _list_sizes(store)
        started = time.perf_counter()
        for batch in batches:
            store.add_rows(make_table([batch], store.schema))
        appended, between = time.perf_counter(), _list_sizes(store)
        store.compact()
        merged, after = time.perf_counter(), _list_sizes(store)
        grown.append(
            Growth(
                n_rows=n_added,
                append_s=trim(appended - started),
                merge_s=trim(merged - appended),
                bytes_added=sum(between.values()) - sum(before.values()),
                bytes_merged=sum(after[name] for name in after.keys() - between.keys()),
                n_parts=len(after),
            )
        )
    return grown


def _name_files(n: int, folder: str) -> list[bytes]:
    """Name files as cameras do."""
    return [f"{folder}/IMG_{number:04d}.JPG".encode() for number in range(1, n + 1)]


def _make_stats(n: int, random_seed: int) -> FileStats:
    """Make up times and sizes that all differ."""
    generator = np.random.default_rng(random_seed)
    times = generator.integers(1_600_000_000 * 10**9, 1_700_000_000 * 10**9, n)
    return FileStats(times, generator.integers(10**5, 10**7, n), causes={})


def _list_sizes(store: FeatureStore) -> dict[str, int]:
    """List the parts with their sizes in bytes."""
    return {part.name: part.stat().st_size for part in store.list_parts()}


# -------------------------------------------------------------------------- bytes


def measure_sizes(folder: Path, paths: list[str]) -> dict[str, float]:
    """Measure the bytes on disk for each row; all times and sizes of files differ.

    Parameters
    ----------
    folder : Path
        An existing folder.
    paths : list of str
        Numbered names in many folders.

    Returns
    -------
    dict of str to float
        For these paths, and for paths whose names are random.
    """
    generator = np.random.default_rng(42)
    named = {
        "numbered names": [os.fsencode(path) for path in paths],
        "random names": [
            os.fsencode(os.path.join(os.path.dirname(path), f"{generator.bytes(16).hex()}.jpg"))
            for path in paths
        ],
    }
    sizes = {}
    for number, (name, keys) in enumerate(named.items()):
        store = FeatureStore(_SPEC, folder / f"cache-sizes-{number}")
        fill(store, keys, _make_stats(len(keys), number))
        sizes[name] = trim(sum(_list_sizes(store).values()) / len(keys))
    return sizes


def measure_memory(fewer: Collection, more: Collection) -> dict[str, float] | None:
    """Measure the memory that each known image takes, apart from all fixed costs.

    Parameters
    ----------
    fewer, more : Collection
        The difference between them counts.

    Returns
    -------
    dict of str to float
        Bytes at the peak of `ImageIndex.build` and afterwards, the caller's list of paths not
        counted. None where the system does not tell.
    """
    if not os.path.exists(_STATUS):
        return None
    # Each in a new process, since memory that was used once stays with a process.
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=1) as pool:
        few, many = pool.starmap(
            _build_in_child,
            [(str(_write_list(each)), str(each.cache_dir)) for each in (fewer, more)],
            chunksize=1,
        )
    n = len(more.paths) - len(fewer.paths)
    return {"peak": trim((many.peak - few.peak) / n), "kept": trim((many.kept - few.kept) / n)}


def _write_list(collection: Collection) -> Path:
    """Write a collection's paths to a file, one a line."""
    target = collection.cache_dir / "paths.txt"
    target.write_text("".join(f"{path}\n" for path in collection.paths), encoding="utf-8")
    return target


def _build_in_child(listed: str, cache_dir: str) -> Memory:
    """Build an index of listed paths and measure this process."""
    with open(listed, encoding="utf-8") as lines:
        paths = [line.rstrip("\n") for line in lines]
    gc.collect()
    # From here on the high-water mark counts anew (proc(5), clear_refs).
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _read_status("VmRSS")
    index = ImageIndex.build(paths, cache_dir=cache_dir)
    peak = _read_status("VmHWM")
    gc.collect()
    assert index.table.n_extracted == 0
    return Memory(peak - before, _read_status("VmRSS") - before)


def _read_status(name: str) -> int:
    """Read a figure of this process, in bytes."""
    lines = Path(_STATUS).read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
