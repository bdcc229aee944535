"""The figures that `bench_guard` guards: counts for each image, and ratios to bare work."""

import gc
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from itertools import cycle
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from bench_store import fill_known, link_files
from collection_files import RENDERED_PHOTOS
from collection_files import Files as CollectionFiles
from counting import count, measure_peak
from peers.floors import choose_fast_flags, decode_files, read_bytes
from scenarios import Collection
from smartdownsample import ImageIndex, find_images
from smartdownsample.engines.chunk import extract_chunk
from smartdownsample.engines.task import Task
from smartdownsample.features.spec import make_spec
from smartdownsample.options import MAX_PIXELS
from smartdownsample.pictures.process_settings import decoding_process
from smartdownsample.records import whole_photos
from smartdownsample.store.store import FeatureStore

_SPEC = make_spec(8, "fast")
_N_CROPS = 256
_PHOTO_SIZE = (2560, 1920)
_N_PHOTOS = 6
# Noise of a sensor, in levels: without it an enlarged picture would compress to nothing.
_NOISE = 4
_WRITTEN_S = 1_600_000_000
_ROUNDS = 11

# What a run whose images are all known has no use for.
UNUSED = (
    "PIL",
    "cv2",
    "html",
    "importlib.metadata",
    "joblib",
    "matplotlib",
    "msgspec",
    "natsort",
    "numpy.ma",
    "sqlite3",
)
_KNOWN_RUN = """
import json, sys
from smartdownsample import ImageIndex
from smartdownsample.report import format_summary
index = ImageIndex.build(json.load(sys.stdin), cache_dir=sys.argv[1])
assert not index.table.n_extracted
format_summary(index.sample(10))
print(*(name for name in sys.argv[2:] if name in sys.modules))
"""


class Files:
    """Files to measure with, written into an empty folder on first need; few in a smoke run."""

    def __init__(self, folder: Path, *, is_smoke: bool = False) -> None:
        self.folder = folder
        # Fewer and more new images: no more than are looked up by this thread alone, since others
        # are not counted.
        self.n_new = (32, 64) if is_smoke else (512, 1024)
        # Known ones: in one part each, so that what a part costs cancels.
        self.n_known = (2**7, 2**8) if is_smoke else (2**11, 2**12)
        self.n_picked = 60 if is_smoke else 1000
        # Looking up so many takes some ten milliseconds.
        self._n_looked_up = 1000 if is_smoke else 20_000

    @cached_property
    def crops(self) -> list[str]:
        """Crops as a detector cuts them, without EXIF."""
        crops = Collection("crops", "crops of 320×240", "crops", self.n_new[1])
        paths, _ = CollectionFiles(RENDERED_PHOTOS, str(self.folder)).find(crops)
        return _make_old(paths)

    @cached_property
    def mixed_crops(self) -> list[str]:
        """Crops that differ in size, each from the next."""
        crops = Collection("mixed", "crops of mixed sizes", "mixed", self.n_new[1])
        paths, _ = CollectionFiles(RENDERED_PHOTOS, str(self.folder)).find(crops)
        return _make_old(paths)

    @cached_property
    def small_photos(self) -> list[str]:
        """Small photos with EXIF; some are equal."""
        contents = list(map(read_bytes, find_images(RENDERED_PHOTOS[1])))
        return self._write("small", contents, self.n_new[1])

    @cached_property
    def photos(self) -> list[str]:
        """Photos of the size that cameras make, with EXIF."""
        generator = np.random.default_rng(42)
        samples = find_images(RENDERED_PHOTOS[1])
        written = []
        for sample in samples[:: len(samples) // _N_PHOTOS]:
            with Image.open(sample) as image:
                large = np.asarray(image.convert("RGB").resize(_PHOTO_SIZE), dtype=np.float32)
                noisy = large + generator.normal(0, _NOISE, large.shape)
                picture = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
                file = io.BytesIO()
                picture.save(file, "JPEG", quality=90, exif=image.info.get("exif", b""))
                written.append(file.getvalue())
        return self._write("photos", written, _N_PHOTOS)

    @cached_property
    def known(self) -> list[str]:
        """Files that nobody decodes."""
        folder = self.folder / "known"
        folder.mkdir()
        return link_files(folder, self._n_looked_up)

    def store(self, n: int) -> Path:
        """Make a store that knows the first n of them."""
        cache_dir = self.folder / f"cache-{n}"
        if not cache_dir.exists():
            fill_known(cache_dir, self.known[:n])
        return cache_dir

    def _write(self, name: str, contents: Sequence[bytes], n_files: int) -> list[str]:
        """Write as many files, in turn with each content."""
        folder = self.folder / name
        folder.mkdir()
        paths = [str(folder / f"IMG_{number:04d}.JPG") for number in range(n_files)]
        for path, content in zip(paths, cycle(contents), strict=False):
            Path(path).write_bytes(content)
        return _make_old(paths)


def _make_old(paths: list[str]) -> list[str]:
    """Set the times of files to long ago: of what was written a moment ago nothing is kept."""
    for path in paths:
        os.utime(path, (_WRITTEN_S, _WRITTEN_S))
    return paths


def count_for_each(
    what: str, do: Callable[[int], object], sizes: tuple[int, int]
) -> Iterator[tuple[str, float]]:
    """Count what an image more costs, apart from all fixed costs."""
    few, many = sizes
    do(few)  # whatever is imported, or made once
    less, more = (count(partial(do, n)) for n in sizes)
    for name, a, b in zip(("calls", "stat calls", "files opened"), less, more, strict=True):
        yield f"{what}: {name}", (b - a) / (many - few)


def count_new(files: Files) -> Iterator[tuple[str, float]]:
    """Count what an image costs that the store does not know."""

    def build(paths: Sequence[str], n: int) -> None:
        with tempfile.TemporaryDirectory(dir=files.folder) as cache_dir:
            ImageIndex.build(paths[:n], n_workers=1, cache_dir=cache_dir)

    yield from count_for_each("new crop", partial(build, files.crops), files.n_new)
    yield from count_for_each("new mixed crop", partial(build, files.mixed_crops), files.n_new)
    yield from count_for_each(
        "new photo with EXIF", partial(build, files.small_photos), files.n_new
    )


def count_known(files: Files) -> Iterator[tuple[str, float]]:
    """Count what an image costs that the store knows."""

    def build(n: int) -> None:
        ImageIndex.build(files.known[:n], cache_dir=files.store(n))

    few, many = files.n_known
    files.store(many)
    yield from count_for_each("known image", build, files.n_known)
    more, less = measure_peak(lambda: build(many)), measure_peak(lambda: build(few))
    yield "known image: bytes at peak", (more - less) / (many - few)


def count_picking(files: Files) -> Iterator[tuple[str, float]]:
    """Count what a selection costs for each picked image, fixed costs included."""
    n = files.n_known[1]
    # Two indexes, since what selections share is kept by the first.
    first, second = (ImageIndex.build(files.known[:n], cache_dir=files.store(n)) for _ in range(2))
    first.sample(files.n_picked)
    n_calls = count(lambda: second.sample(files.n_picked)).n_calls
    yield "picked image: calls", n_calls / files.n_picked


def count_imports(files: Files) -> Iterator[tuple[str, float]]:
    """Count the libraries that a run imports without need."""
    n = files.n_known[0]
    command = [sys.executable, "-c", _KNOWN_RUN, str(files.store(n)), *UNUSED]
    done = subprocess.run(
        command, input=json.dumps(files.known[:n]), stdout=subprocess.PIPE, text=True, check=True
    )
    imported = done.stdout.split()
    print(f"Needless imports: {imported}", file=sys.stderr)
    yield "known images: needless imports", float(len(imported))


def compare(ours: Callable[[], object], floor: Callable[[], object]) -> float:
    """Divide the processor time of our work by that of bare work."""
    ratios = []
    for _ in range(_ROUNDS):
        gc.collect()
        started = time.process_time()
        floor()
        between = time.process_time()
        ours()
        ratios.append((time.process_time() - between) / (between - started))
    return median(ratios)


def compare_extraction(files: Files) -> Iterator[tuple[str, float]]:
    """Compare all that is done with a new image with reading and decoding it."""
    for name, paths in (
        ("photos", files.photos),
        ("crops", files.crops[:_N_CROPS]),
        ("mixed crops", files.mixed_crops),
    ):
        bare = [(path, choose_fast_flags(path)) for path in paths]
        n = len(paths)
        task = Task(paths, [1] * n, *whole_photos(n), _SPEC, None, MAX_PIXELS)
        with decoding_process():
            ratio = compare(partial(extract_chunk, task), partial(decode_files, bare))
        yield f"new {name}: all / read and decode", ratio


def compare_look_up(files: Files) -> Iterator[tuple[str, float]]:
    """Compare all that is done with known images with a look at each and reading the store."""
    paths, cache_dir = files.known, files.store(len(files.known))
    parts = FeatureStore(_SPEC, cache_dir).list_parts()

    def look() -> None:
        for path in paths:
            os.stat(path)
        for part in parts:
            with pq.ParquetFile(part) as file:
                file.read()

    build = partial(ImageIndex.build, paths, cache_dir=cache_dir)
    yield "known images: all / stat and read", compare(build, look)


COUNTS = (count_new, count_known, count_picking, count_imports)
RATIOS = (compare_extraction, compare_look_up)
