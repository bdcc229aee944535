"""Measure the feature store: look-ups against a floor, growth, memory and bytes on disk.

Files are real, hard links of a few; features are random, written through the store itself. The
floor of a look-up is what nothing can do without: `os.stat` of each file, and reading the parts.
"""

import gc
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from command_line import make_parser, parse_options
from kept import Record, trim
from measuring import describe_machine, list_versions, say
from pages.store import FOLDER_FILES, FOLDER_READS
from peers.job import measure_peak_memory
from smartdownsample import ImageIndex
from smartdownsample.features.spec import make_spec
from smartdownsample.gathering.ordered_features import order_features
from smartdownsample.items.find import stat_files
from smartdownsample.items.given_images import list_items
from smartdownsample.items.natural_order import encode_order_key
from smartdownsample.records import (
    FeatureBatch,
    FileStats,
    Float32Array,
    IntArray,
    ItemList,
    whole_photos,
)
from smartdownsample.store.schema import make_table
from smartdownsample.store.store import FeatureStore
from write_pages import finish

_SPEC = make_spec(8, "fast")
_SIZES, _SMOKE_SIZES = (10_000, 100_000, 1_000_000), (1000, 2000, 4000)
_FOLDER_MEASUREMENTS = 5
# Well below the links that a file may have (65,000 on ext4).
_LINKS_PER_FILE = 5000
_BATCH_ROWS = 64
_GROWTH_RUNS = 20
# As a run that decodes writes them.
_PART_ROWS = 4096


@dataclass(frozen=True)
class Collection:
    """Files, and a store that knows them all."""

    name: str
    paths: list[str]
    cache_dir: Path

    @property
    def store(self) -> FeatureStore:
        """The store, as a new run would open it."""
        return FeatureStore(_SPEC, self.cache_dir)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its tables."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--rounds", type=int, help="measurements of each figure (5)")
    add("--sizes", type=int, nargs=3, help="images of three stores in thousands (10000 …)")
    add("--folder", metavar="DIR", help="where to lay out files; by default the temporary folder")
    options = parse_options(parser, arguments, "store")
    n_rounds = options.rounds or (1 if options.smoke else 5)
    sizes = options.sizes or (_SMOKE_SIZES if options.smoke else _SIZES)
    machine = describe_machine()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as folder:
        small, medium, large = collections = lay_out(Path(folder), sizes)
        say("measuring memory")
        memory = measure_memory(medium, large)
        timings = Timings()
        for number in range(1, n_rounds + 1):
            for collection in (medium, large):
                time_look_up(timings, collection, number)
            # Several short ones for each long one, in turn.
            for collection in (small, large) * _FOLDER_MEASUREMENTS:
                time_folder(timings, collection, small.paths, number)
            say(f"round {number} of {n_rounds} done")
        record = {
            "machine": machine,
            "versions": list_versions("smartdownsample", "pyarrow", "numpy"),
            "is_smoke": options.smoke,
            "n_rounds": n_rounds,
            "n_images": [len(each.paths) for each in collections],
            "path_bytes": round(sum(map(len, large.paths)) / len(large.paths)),  # mean
            "memory_bytes": memory,  # for each known image; null where the system does not tell
            "row_bytes": measure_sizes(Path(folder), medium.paths),  # on disk
            "growth": measure_growth(large),
            "measurements": timings,
        }
    finish("store", record, options)


def lay_out(folder: Path, sizes: Sequence[int]) -> list[Collection]:
    """Write files and the stores that know them: each has whole folders of the next, evenly."""
    say("laying out files")
    folders = np.array(link_files(folder, sizes[-1]), dtype=object).reshape(-1, FOLDER_FILES)
    collections = []
    for name, n_images in zip(("small", "medium", "large"), sizes, strict=True):
        chosen = np.linspace(0, len(folders) - 1, n_images // FOLDER_FILES).round().astype(int)
        paths: list[str] = folders[chosen].ravel().tolist()
        collection = Collection(name, paths, folder / f"cache-{name}")
        say(f"storing {len(paths):,} rows")
        fill_known(collection.cache_dir, paths)
        collections.append(collection)
    return collections


def link_files(folder: Path, n_files: int) -> list[str]:
    """Make many small files in folders of a thousand, as hard links of a few.

    Their times and sizes differ.
    """
    generator = np.random.default_rng(42)
    sources = []
    for number in range(n_files // _LINKS_PER_FILE + 97):
        source = folder / f"source_{number}.jpg"
        source.write_bytes(bytes(int(generator.integers(100, 4000))))
        taken_ns = int(generator.integers(1_600_000_000, 1_700_000_000)) * 10**9 + number
        os.utime(source, ns=(taken_ns, taken_ns))
        sources.append(source)
    linked = []
    for place in range(n_files // FOLDER_FILES):
        parent = folder / "survey_2023_northern_reserve" / f"site_{place // 4:03d}_riverbank"
        parent /= f"camera_{'ABCD'[place % 4]}/100RECNX"
        parent.mkdir(parents=True)
        for number, source in enumerate(generator.choice(len(sources), FOLDER_FILES), 1):
            linked.append(f"{parent}/IMG_{number:04d}.JPG")
            os.link(sources[source], linked[-1])
    return linked


def fill_known(cache_dir: Path, paths: list[str]) -> None:
    """Make a store that knows some files as they are."""
    keys = list_items(paths).keys
    fill(FeatureStore(_SPEC, cache_dir), keys, stat_files(keys))


def fill(
    store: FeatureStore,
    keys: Sequence[bytes],
    stats: FileStats,
    random_seed: int = 42,
    regions: Float32Array | None = None,
) -> None:
    """Store random features of whole photos or regions, in batches as a run that decodes."""
    generator = np.random.default_rng(random_seed)
    with store:
        for start in range(0, len(keys), _BATCH_ROWS):
            items = np.arange(start, min(start + _BATCH_ROWS, len(keys)))
            store.append(_make_batch(generator, items, keys, stats, regions))


def _make_batch(
    generator: np.random.Generator,
    items: IntArray,
    keys: Sequence[bytes],
    stats: FileStats,
    regions: Float32Array | None = None,
) -> FeatureBatch:
    """Make features by lot, which compress less than real ones."""
    n = len(items)
    rows = np.frombuffer(generator.bytes(n * _SPEC.row_dtype.itemsize), _SPEC.row_dtype).copy()
    rows["mean_rgb"] = generator.uniform(0, 255, (n, 3))
    frames, whole = whole_photos(n)
    parts = whole if regions is None else regions[items]
    # A crop's own, of a photo of 4000 by 3000.
    rows["width"], rows["height"] = np.maximum(1, parts[:, 2:] * (4000, 3000)).T
    rows["flags"] = 0
    rows["captured"] = (stats.mtime_ns[items] // 10**6).astype("datetime64[ms]")
    batch_keys = [keys[item] for item in items.tolist()]
    return FeatureBatch(
        items=items,
        keys=batch_keys,
        frames=frames,
        regions=parts,
        order_keys=[encode_order_key(key) for key in batch_keys],
        mtime_ns=stats.mtime_ns[items],
        size_bytes=stats.size_bytes[items],
        rows=rows,
        causes=[None] * n,
        is_lasting=np.ones(n, dtype=np.bool_),
    )


class Timings(list[Record]):
    """What was timed so far."""

    @contextmanager
    def add(self, name: str, collection: Collection, n_images: int, number: int) -> Iterator[None]:
        """Time a block that does something with images of a collection, in a round."""
        gc.collect()
        started, cpu_before = time.perf_counter(), time.process_time()
        yield
        seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu_before
        what = {"name": name, "collection": collection.name, "n_images": n_images, "round": number}
        # The time of the processor is that of all threads.
        self.append({**what, "seconds": trim(seconds), "cpu_s": trim(cpu_s)})


def time_look_up(timings: Timings, collection: Collection, number: int) -> None:
    """Find all images of a collection in its store, after the floor of that."""
    n = len(collection.paths)
    keys = list_items(collection.paths).keys
    with timings.add("floor", collection, n, number):
        for key in keys:
            os.stat(key)
        tables = [pq.read_table(part) for part in collection.store.list_parts()]
    assert sum(map(len, tables)) == n
    del tables, keys
    with timings.add("listing", collection, n, number):
        items = list_items(collection.paths)
    with timings.add("look-up", collection, n, number):
        n_found = _look_up(collection.store, items)
    assert n_found == n
    del items
    with timings.add("build", collection, n, number):
        index = ImageIndex.build(collection.paths, cache_dir=collection.cache_dir)
    assert index.table.n_extracted == 0


def _look_up(store: FeatureStore, items: ItemList) -> int:
    """Stat files, find their rows and bring them in natural order."""
    known = store.look_up_rows(items, stat_files(items.keys))
    return len(order_features(_SPEC, known, None, items).items)


def time_folder(timings: Timings, collection: Collection, paths: list[str], number: int) -> None:
    """Find the images of one folder, in the middle of several, again and again."""
    start = len(paths) // FOLDER_FILES // 2 * FOLDER_FILES
    folder = paths[start : start + FOLDER_FILES]
    with timings.add("folder", collection, FOLDER_FILES * FOLDER_READS, number):
        for _ in range(FOLDER_READS):
            n_found = _look_up(collection.store, list_items(folder))
    assert n_found == FOLDER_FILES


def measure_growth(collection: Collection) -> list[Record]:
    """Add one image for each hundred, again and again; parts are merged when it is time."""
    store = collection.store
    n_added = len(collection.paths) // 100
    grown = []
    for run in range(_GROWTH_RUNS):
        folder = f"/data/survey_2024/card_{run:02d}/100RECNX"
        keys = [f"{folder}/IMG_{number:04d}.JPG".encode() for number in range(1, n_added + 1)]
        stats, generator = _make_stats(n_added, run), np.random.default_rng(run)
        parts = np.array_split(np.arange(n_added), -(-n_added // _PART_ROWS))
        batches = [_make_batch(generator, items, keys, stats) for items in parts]
        before = _list_sizes(store)
        started = time.perf_counter()
        for batch in batches:
            store.add_rows(make_table([batch], store.schema))
        appended, between = time.perf_counter(), _list_sizes(store)
        store.compact()
        merged, after = time.perf_counter(), _list_sizes(store)
        grown.append(
            {
                "n_rows": n_added,
                "append_s": trim(appended - started),
                "merge_s": trim(merged - appended),
                "bytes_added": sum(between.values()) - sum(before.values()),
                # Written again by merging.
                "bytes_merged": sum(after[name] for name in after.keys() - between.keys()),
                "n_parts": len(after),
            }
        )
    return grown


def _make_stats(n: int, random_seed: int) -> FileStats:
    """Make up times and sizes that all differ."""
    generator = np.random.default_rng(random_seed)
    times = generator.integers(1_600_000_000 * 10**9, 1_700_000_000 * 10**9, n)
    return FileStats(times, generator.integers(10**5, 10**7, n), causes={})


def _list_sizes(store: FeatureStore) -> dict[str, int]:
    """List the parts with their sizes in bytes."""
    return {part.name: part.stat().st_size for part in store.list_parts()}


def measure_sizes(folder: Path, paths: list[str]) -> dict[str, float]:
    """Measure the bytes on disk for each row; all times and sizes of files differ."""
    generator = np.random.default_rng(42)
    folders = map(os.path.dirname, paths)
    random_names = [f"{folder}/{generator.bytes(16).hex()}.jpg" for folder in folders]
    named = {"numbered names": paths, "random names": random_names}
    sizes = {}
    for number, (name, listed) in enumerate(named.items()):
        keys = list(map(os.fsencode, listed))
        store = FeatureStore(_SPEC, folder / f"cache-sizes-{number}")
        fill(store, keys, _make_stats(len(keys), number))
        sizes[name] = trim(sum(_list_sizes(store).values()) / len(keys))
    return sizes


def measure_memory(fewer: Collection, more: Collection) -> dict[str, float] | None:
    """Measure the memory that each known image takes at the peak, apart from all fixed costs.

    The list of paths is the caller's and does not count. None where the system does not tell.
    """
    if not os.path.exists("/proc/self/clear_refs"):
        return None
    peaks = []
    # Each in a new process, since memory that was used once stays with a process.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for collection in (fewer, more):
            listed = collection.cache_dir / "paths.txt"
            listed.write_text("\n".join(collection.paths), encoding="utf-8")
            peaks.append(pool.apply(_measure_build, (listed, collection.cache_dir)))
    few, many = peaks
    return {"peak": trim((many - few) / (len(more.paths) - len(fewer.paths)))}


def _measure_build(listed: Path, cache_dir: Path) -> int:
    """Build an index of listed paths: the bytes that this process takes for it at its peak."""
    paths = listed.read_text(encoding="utf-8").split("\n")
    gc.collect()
    # From here on the high-water mark counts anew (proc(5), clear_refs).
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = measure_peak_memory()
    index = ImageIndex.build(paths, cache_dir=cache_dir)
    assert index.table.n_extracted == 0
    return measure_peak_memory() - before


if __name__ == "__main__":
    main()
