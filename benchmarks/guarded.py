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
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from bench_store import fill, link_files
from counting import count, measure_peak
from peers.floor_decode import choose_fast_flags
from peers.floors import read_bytes
from smartdownsample import ImageIndex, find_images
from smartdownsample.features.spec import make_spec
from smartdownsample.gathering.chunk import extract_chunk
from smartdownsample.items.find import list_items
from smartdownsample.items.local_files import stat_items
from smartdownsample.pictures.process import decoding_process
from smartdownsample.store.store import FeatureStore

_SAMPLES = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data_samples", "photos"
)
_SPEC = make_spec(8, "fast")

# No more than are looked up by this thread alone, since others are not counted.
_NEW = (512, 1024)
# In one part each, so that what a part costs cancels.
_KNOWN = (2**11, 2**12)
_N_PICKED = 1000
# Looking up so many takes some ten milliseconds.
_N_LOOKED_UP = 20_000

_CROP_SIZE = (320, 240)
_N_CROPS = 128
_PHOTO_SIZE = (2560, 1920)
_N_PHOTOS = 6
# Noise of a sensor, in levels: without it an enlarged picture would compress to nothing.
_NOISE = 4
_QUALITY = 90
# Long ago: of what was written a moment ago nothing is kept.
_WRITTEN_S = 1_600_000_000
_ROUNDS = 11

# What a run whose images are all known has no use for.
UNUSED = ("PIL", "cv2", "joblib", "matplotlib", "natsort")
_KNOWN_RUN = """
import json, sys
from smartdownsample import ImageIndex
index = ImageIndex.build(json.load(sys.stdin), cache_dir=sys.argv[1])
assert not index.table.n_extracted
index.sample(10)
print(*(name for name in sys.argv[2:] if name in sys.modules))
"""


class Files:
    """Files to measure with, written on first need.

    Parameters
    ----------
    folder : Path
        An existing folder, empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def crops(self) -> list[str]:
        """Crops as a detector cuts them, without EXIF; some are equal."""
        generator = np.random.default_rng(42)
        written = []
        for photo in find_images(_SAMPLES)[:_N_CROPS]:
            with Image.open(photo) as image:
                left, top = (
                    int(generator.integers(max(whole - part, 0), endpoint=True))
                    for whole, part in zip(image.size, _CROP_SIZE, strict=True)
                )
                box = (left, top, left + _CROP_SIZE[0], top + _CROP_SIZE[1])
                written.append(_encode(image.convert("RGB").crop(box)))
        return self._write("crops", written, _NEW[1])

    @cached_property
    def small_photos(self) -> list[str]:
        """Small photos with EXIF; some are equal."""
        return self._write("small", list(map(read_bytes, find_images(_SAMPLES))), _NEW[1])

    @cached_property
    def photos(self) -> list[str]:
        """Photos of the size that cameras make, with EXIF."""
        generator = np.random.default_rng(42)
        samples = find_images(_SAMPLES)
        written = []
        for place in np.linspace(0, len(samples) - 1, _N_PHOTOS).round().astype(int).tolist():
            with Image.open(samples[place]) as image:
                large = np.asarray(image.convert("RGB").resize(_PHOTO_SIZE), dtype=np.float32)
                noisy = large + generator.normal(0, _NOISE, large.shape).astype(np.float32)
                picture = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
                written.append(_encode(picture, image.info.get("exif", b"")))
        return self._write("photos", written, _N_PHOTOS)

    @cached_property
    def known(self) -> list[str]:
        """Files that nobody decodes."""
        folder = self.folder / "known"
        folder.mkdir()
        return [path for listed in link_files(folder, _N_LOOKED_UP) for path in listed]

    def store(self, n: int) -> Path:
        """Make a store that knows the first n of them."""
        cache_dir = self.folder / f"cache-{n}"
        if not cache_dir.exists():
            keys = list_items(self.known[:n]).keys
            fill(FeatureStore(_SPEC, cache_dir), keys, stat_items(keys))
        return cache_dir

    def _write(self, name: str, contents: Sequence[bytes], n_files: int) -> list[str]:
        """Write as many files, in turn with each content."""
        folder = self.folder / name
        folder.mkdir()
        paths = []
        for number in range(n_files):
            path = folder / f"IMG_{number:04d}.JPG"
            path.write_bytes(contents[number % len(contents)])
            os.utime(path, (_WRITTEN_S, _WRITTEN_S))
            paths.append(str(path))
        return paths


def _encode(picture: Image.Image, exif: bytes = b"") -> bytes:
    """Write a picture as JPEG."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY, exif=exif)
    return file.getvalue()


# -------------------------------------------------------------------------- counts


def count_for_each(do: Callable[[int], object], sizes: tuple[int, int]) -> list[float]:
    """Count what an image more costs, apart from all fixed costs.

    Parameters
    ----------
    do : callable
        Does the work with so many images.
    sizes : (int, int)
        Fewer and more images; the difference between them counts.

    Returns
    -------
    list of float
        Calls, stat calls and files opened, see `Counts`.
    """
    few, many = sizes
    do(few)  # whatever is imported, or made once
    less, more = (count(partial(do, n)) for n in sizes)
    return [(b - a) / (many - few) for a, b in zip(less, more, strict=True)]


def count_new(files: Files) -> Iterator[tuple[str, float]]:
    """Count what an image costs that the store does not know.

    Parameters
    ----------
    files : Files
        To measure with.

    Yields
    ------
    (str, float)
        Names of figures and what they are.
    """

    def build(paths: Sequence[str]) -> None:
        with tempfile.TemporaryDirectory(dir=files.folder) as cache_dir:
            ImageIndex.build(paths, n_workers=1, cache_dir=cache_dir)

    crops, photos = files.crops, files.small_photos
    n_calls, n_stats, n_opens = count_for_each(lambda n: build(crops[:n]), _NEW)
    yield "new crop: calls", n_calls
    yield "new crop: stat calls", n_stats
    yield "new crop: files opened", n_opens
    yield "new photo with EXIF: calls", count_for_each(lambda n: build(photos[:n]), _NEW)[0]


def count_known(files: Files) -> Iterator[tuple[str, float]]:
    """Count what an image costs that the store knows.

    Parameters
    ----------
    files : Files
        To measure with.

    Yields
    ------
    (str, float)
        Names of figures and what they are.
    """

    def build(n: int) -> None:
        ImageIndex.build(files.known[:n], cache_dir=files.store(n))

    few, many = _KNOWN
    files.store(many)
    n_calls, n_stats, n_opens = count_for_each(build, _KNOWN)
    yield "known image: calls", n_calls
    yield "known image: stat calls", n_stats
    yield "known image: files opened", n_opens
    more, less = measure_peak(lambda: build(many)), measure_peak(lambda: build(few))
    yield "known image: bytes at peak", (more - less) / (many - few)


def count_picking(files: Files) -> Iterator[tuple[str, float]]:
    """Count what a selection costs for each picked image, fixed costs included.

    Parameters
    ----------
    files : Files
        To measure with.

    Yields
    ------
    (str, float)
        Name of the figure and what it is.
    """
    n = _KNOWN[1]
    # Two indexes, since what selections share is kept by the first.
    first, second = (ImageIndex.build(files.known[:n], cache_dir=files.store(n)) for _ in range(2))
    first.sample(_N_PICKED)
    yield "picked image: calls", count(lambda: second.sample(_N_PICKED)).n_calls / _N_PICKED


def count_imports(files: Files) -> Iterator[tuple[str, float]]:
    """Count the libraries that a run imports without need.

    Parameters
    ----------
    files : Files
        To measure with.

    Yields
    ------
    (str, float)
        Name of the figure and what it is.
    """
    n = _KNOWN[0]
    command = [sys.executable, "-c", _KNOWN_RUN, str(files.store(n)), *UNUSED]
    done = subprocess.run(
        command, input=json.dumps(files.known[:n]), stdout=subprocess.PIPE, text=True, check=True
    )
    imported = done.stdout.split()
    if imported:
        print(f"A run whose images are all known imports {', '.join(imported)}.", file=sys.stderr)
    yield "known images: needless imports", float(len(imported))


# -------------------------------------------------------------------------- ratios


def compare(ours: Callable[[], object], floor: Callable[[], object]) -> float:
    """Divide the processor time of our work by that of bare work.

    Parameters
    ----------
    ours, floor : callable
        Called in turn, several times.

    Returns
    -------
    float
        Median of the rounds' ratios: what slows a whole round down cancels.
    """
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
    """Compare all that is done with a new image with reading and decoding it.

    Parameters
    ----------
    files : Files
        To measure with.

    Yields
    ------
    (str, float)
        Names of figures and what they are.
    """
    for name, paths in (("photos", files.photos), ("crops", files.crops[: 2 * _N_CROPS])):
        tasks = [(path, choose_fast_flags(path)) for path in paths]

        def decode(tasks: list[tuple[str, int]] = tasks) -> None:
            for path, flags in tasks:
                cv2.imdecode(np.frombuffer(read_bytes(path), dtype=np.uint8), flags)

        def extract(paths: list[str] = paths) -> None:
            extract_chunk(paths, _SPEC)

        with decoding_process():
            yield f"new {name}: all / read and decode", compare(extract, decode)


def compare_look_up(files: Files) -> Iterator[tuple[str, float]]:
    """Compare all that is done with known images with a look at each and reading the store.

    Parameters
    ----------
    files : Files
        To measure with.

    Yields
    ------
    (str, float)
        Name of the figure and what it is.
    """
    paths, cache_dir = files.known, files.store(len(files.known))
    parts = FeatureStore(_SPEC, cache_dir).list_parts()

    def look() -> None:
        for path in paths:
            os.stat(path)
        for part in parts:
            with pq.ParquetFile(part) as file:
                file.read()

    def build() -> None:
        ImageIndex.build(paths, cache_dir=cache_dir)

    yield "known images: all / stat and read", compare(build, look)


COUNTS = (count_new, count_known, count_picking, count_imports)
RATIOS = (compare_extraction, compare_look_up)
