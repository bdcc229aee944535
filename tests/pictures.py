"""Small pictures for tests, made on the spot."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from smartdownsample.resample import Thumbnails, make_thumbnails

REPOSITORY = Path(__file__).resolve().parents[1]
DATA_SAMPLES = REPOSITORY / "data_samples"
SHARED_IMAGES = REPOSITORY.parent / "shared" / "images"
# A file that was written just now may change without a trace and is not remembered.
LONG_AGO_NS = 1_700_000_000_123_456_789
NO_SHARED_IMAGES = "the folder of real photos is not beside the repository"


def make_pixels(seed: int, width: int = 64, height: int = 48) -> npt.NDArray[np.uint8]:
    """Make a smooth, seeded picture, shape (height, width, 3), whose look depends on the seed."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    if seed % 3 == 0:  # an infrared night
        coarse[:] = coarse.mean(axis=2, keepdims=True)
    picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(picture)


def make_single_thumbnails(pixels: npt.NDArray[np.uint8], hash_size: int) -> Thumbnails:
    """Make the thumbnails of one picture, without the axis of pictures."""
    return Thumbnails(*(same[0] for same in make_thumbnails([pixels], hash_size)))


def write_picture(path: Path, seed: int, width: int = 64, height: int = 48) -> Path:
    """Write a seeded picture, long ago; the extension decides the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(make_pixels(seed, width, height)).save(path)
    return make_old(path, seed)


def make_old(path: Path, seed: int = 0) -> Path:
    """Set a file's modification time to a moment long ago that depends on the seed."""
    mtime_ns = LONG_AGO_NS + seed * 1000
    os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


def write_collection(folder: Path, n: int) -> list[str]:
    """Write n pictures in folders of cameras; return their paths in natural order."""
    return [
        str(write_picture(folder / f"site_{i // 20 + 1}" / f"IMG_{i % 20 + 1}.jpg", i))
        for i in range(n)
    ]
