"""Lay out collections as files, before any clock starts."""

import io
import math
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
from PIL import ExifTags, Image

from kept import ROOT
from scenarios import Collection
from smartdownsample import find_images

# Photos to use when none are given: real ones beside the repository, else rendered ones in it.
SHARED_IMAGES = os.path.join(os.path.dirname(ROOT), "shared", "images")
REAL_PHOTOS = ("real camera-trap photos", os.path.join(SHARED_IMAGES, "camtrap"))
RENDERED_PHOTOS = ("rendered photos", os.path.join(ROOT, "data_samples", "photos"))

# What a detector cuts out of a photo is about this large.
_CROP_SIZE = (320, 240)
# Between these, small sides are more frequent, as animals at a distance are.
_SIDES = (64, 640)
# As many crops come from one photo, so that thousands need only hundreds of decodes.
_CROPS_PER_PHOTO = 12
# What is written anew, which takes long: the size that photos fit into, and how many differ. What
# public archives of camera-trap photos offer for download is often of 1,024 pixels.
_WRITTEN = {"png": ((1280, 960), 24), "archive": ((1024, 1024), 500)}
_QUALITY = 90
# One in so many files is a copy rather than a link, so that its time can be changed.
_TOUCHED_STEP = 100
# Long ago, so that a run remembers what it saw.
_TOUCHED_S = 1_700_000_000
_THUMBNAIL_SIZE = (160, 120)
# At most so many files are asked for a thumbnail.
_MOST_ASKED = 5000
# Photos that collections are made of, at most.
_MANY_PHOTOS, _FEW_PHOTOS = 2000, 6


def choose_sources(photos: str | None) -> tuple[str, str]:
    """Choose the photos that collections are made of: what they are, and their folder."""
    if photos is not None:
        return "photos of one's own", photos
    for name, folder in (REAL_PHOTOS, RENDERED_PHOTOS):
        if os.path.isdir(folder):
            return name, folder
    sys.exit("There are no photos to use. Name a folder with --photos.")


class Files:
    """Collections that are laid out in a folder when they are first asked for.

    The sources are what the photos are, and their folder; a smoke run uses a few of them.
    """

    def __init__(self, sources: tuple[str, str], folder: str, *, is_smoke: bool = False) -> None:
        self._name, self._photos = sources
        self._folder = folder
        self._most = _FEW_PHOTOS if is_smoke else _MANY_PHOTOS
        self._laid_out: dict[str, tuple[list[str], str]] = {}
        self._chosen: list[str] | None = None

    def find(self, collection: Collection) -> tuple[list[str], str]:
        """Find a collection's files in natural order, if any, and what they are made of."""
        if collection.name not in self._laid_out:
            sources, description = self._gather(collection)
            paths = _lay_out(collection, sources, self._folder) if sources else []
            self._laid_out[collection.name] = paths, description
        return self._laid_out[collection.name]

    def _gather(self, collection: Collection) -> tuple[list[str], str]:
        """Gather what a collection is made of, and describe it."""
        if collection.repeats is not None:
            paths, description = self.find(collection.repeats)
            return paths, f"{description}; {len(paths):,} different files"
        if collection.kind == "originals":
            most = min(self._most, collection.n_images)
            asked = filter(_is_original, list_drawn(self._photos)[:_MOST_ASKED])
            originals = list(islice(filter(is_usable, asked), most))
            return originals, f"{len(originals):,} {self._name}"
        if self._chosen is None:
            drawn = list_drawn(self._photos)
            self._chosen = list(islice(filter(is_usable, drawn), self._most))
        n_used = min(len(self._chosen), _count_photos(collection))
        return self._chosen[:n_used], f"{n_used:,} {self._name}"


def touch_some(paths: Sequence[str], number: int) -> None:
    """Give one in a hundred laid out files a time, another for each number, as if written anew."""
    for path in paths[::_TOUCHED_STEP]:
        os.utime(path, (_TOUCHED_S + number, _TOUCHED_S + number))


def link_or_copy(source: str, path: str) -> None:
    """Give a file another name, or copy it where that cannot be.

    For samplers both are the same: no one looks at inodes, and either way the content lies in
    the system's page cache when the clock starts.
    """
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)


def list_drawn(folder: str) -> list[str]:
    """List the images of a folder by lot."""
    found = find_images(folder)
    return [found[place] for place in np.random.default_rng(42).permutation(len(found))]


def is_usable(path: str) -> bool:
    """Tell whether a photo is large enough to be cut from and decodes to its end.

    Others are passed over, because samplers differ in what they do about files that cannot be
    decoded to the end: that is not a matter of speed.
    """
    try:
        with Image.open(path) as image:
            is_large = min(image.size) >= max(_CROP_SIZE)
            # A reduced decode reads the whole file all the same.
            image.draft(None, _CROP_SIZE)
            image.load()
    except Exception:  # noqa: BLE001 - Pillow documents a few kinds and raises others
        return False
    return is_large


def _is_original(path: str) -> bool:
    """Tell whether a photo carries an EXIF thumbnail of the usual size that opens."""
    try:
        with Image.open(path) as image:
            directory = image.getexif().get_ifd(ExifTags.IFD.IFD1)
            start = directory[ExifTags.Base.JpegIFOffset]
            end = start + directory[ExifTags.Base.JpegIFByteCount]
            # Offsets count from behind the six bytes that the block starts with.
            data = image.info["exif"][6 + start : 6 + end]
        with Image.open(io.BytesIO(data)) as thumbnail:
            return thumbnail.size == _THUMBNAIL_SIZE
    except Exception:  # noqa: BLE001 - Pillow documents a few kinds and raises others
        return False


def _count_photos(collection: Collection) -> int:
    """Count the different photos that a collection can use."""
    if collection.kind in {"crops", "mixed"}:
        return math.ceil(collection.n_images / _CROPS_PER_PHOTO)
    _, n_different = _WRITTEN.get(collection.kind, ((), collection.n_images))
    return min(collection.n_images, n_different)


def _lay_out(collection: Collection, sources: Sequence[str], folder: str) -> list[str]:
    """Write a collection's files; sources are used again when there are too few."""
    target = os.path.join(folder, collection.name)
    os.mkdir(target)
    ending = "PNG" if collection.kind == "png" else "JPG"
    numbers = range(collection.n_images)
    paths = [os.path.join(target, f"IMG_{number:06d}.{ending}") for number in numbers]
    if collection.kind in {"crops", "mixed"}:
        _write_crops(collection, sources[: _count_photos(collection)], paths)
        return paths
    if collection.kind in _WRITTEN:
        size, n_different = _WRITTEN[collection.kind]
        sources = _write_smaller(sources[:n_different], target + "-different", size, ending)
    for number, path in enumerate(paths):
        source = sources[number % len(sources)]
        if number % _TOUCHED_STEP:
            link_or_copy(source, path)
        else:
            shutil.copyfile(source, path)
    return paths


def _write_crops(collection: Collection, photos: Sequence[str], paths: Sequence[str]) -> None:
    """Cut crops at random places, the same number from each photo, pixel for pixel."""
    generator = np.random.default_rng(collection.random_seed)
    for photo, share in zip(photos, np.array_split(np.array(paths), len(photos)), strict=True):
        with Image.open(photo) as image:
            picture = image.convert("RGB")
        for path in share.tolist():
            width, height = _CROP_SIZE
            if collection.kind == "mixed":
                width, height = _draw_size(generator, picture.size)
            left = int(generator.integers(picture.width - width, endpoint=True))
            top = int(generator.integers(picture.height - height, endpoint=True))
            crop = picture.crop((left, top, left + width, top + height))
            crop.save(path, quality=_QUALITY)


def _draw_size(generator: np.random.Generator, limits: tuple[int, int]) -> tuple[int, int]:
    """Draw width and height of a crop, up to those of the photo."""
    low, high = np.log(_SIDES)
    side = math.exp(generator.uniform(low, high))
    stretch = math.exp(generator.uniform(-0.5, 0.5))
    width, height = round(side * stretch), round(side / stretch)
    return min(width, limits[0]), min(height, limits[1])


def _write_smaller(
    photos: Iterable[str], folder: str, size: tuple[int, int], ending: str
) -> list[str]:
    """Write photos that fit into a size, as PNG or JPEG."""
    os.mkdir(folder)
    paths = []
    for number, photo in enumerate(photos):
        path = os.path.join(folder, f"{number}.{ending}")
        with Image.open(photo) as image:
            picture = image.convert("RGB")
        picture.thumbnail(size)
        picture.save(path, quality=_QUALITY)
        paths.append(path)
    return paths
