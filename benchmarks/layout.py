"""Lay out collections as files, before any clock starts."""

import io
import math
import os
import shutil
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from PIL import ExifTags, Image

from scenarios import Collection
from smartdownsample import find_images

# What a detector cuts out of a photo is about this large.
CROP_SIZE = (320, 240)
_QUALITY = 90
# As many crops come from one photo, so that thousands need only hundreds of decodes.
CROPS_PER_PHOTO = 12
# Between these, small sides are more frequent, as animals at a distance are.
_SIDES = (64, 640)
_PNG_SIZE = (1280, 960)
# What public archives of camera-trap photos offer for download is often about this large.
_ARCHIVE_SIZE = (1024, 1024)
# Different files of those that are written anew, which takes long.
_N_WRITTEN = {"png": 24, "archive": 500}
# One in so many files is a copy rather than a link, so that its time can be changed.
TOUCHED_STEP = 100
# Long ago, so that a run remembers what it saw.
_TOUCHED_S = 1_700_000_000
_THUMBNAIL_SIZE = (160, 120)
# At most so many files are asked for a thumbnail.
_MOST_ASKED = 5000
# Photos that collections are made of, at most.
_MANY_PHOTOS, _FEW_PHOTOS = 2000, 6


def choose_photos(
    folder: str,
    at_most: int,
    random_seed: int = 42,
    is_wanted: Callable[[str], bool] = lambda _: True,
) -> list[str]:
    """Choose photos to make collections of: readable ones, large enough to be cut from.

    Files that cannot be decoded to the end are passed over, because samplers differ in what
    they do about them: that is not a matter of speed.

    Parameters
    ----------
    folder : str
        Where to look, with everything below.
    at_most : int
        How many are needed.
    random_seed : int
        Of the choice.
    is_wanted : callable
        Tells of a path whether it is wanted.

    Returns
    -------
    list of str
        Up to `at_most` paths, in random order.
    """
    found = find_images(folder)
    photos: list[str] = []
    for place in np.random.default_rng(random_seed).permutation(len(found)).tolist():
        if len(photos) == at_most:
            break
        if is_wanted(found[place]) and _is_usable(found[place]):
            photos.append(found[place])
    return photos


def _is_usable(path: str) -> bool:
    """Tell whether a photo is large enough and decodes to its end."""
    try:
        with Image.open(path) as image:
            is_large = min(image.size) >= max(CROP_SIZE)
            # A reduced decode reads the whole file all the same.
            image.draft(None, CROP_SIZE)
            image.load()
    except Exception:  # noqa: BLE001 - Pillow documents a few kinds and raises others
        return False
    return is_large


def choose_originals(folder: str, at_most: int) -> list[str]:
    """Choose photos that carry an EXIF thumbnail of the usual size.

    Parameters
    ----------
    folder : str
        Where to look, with everything below.
    at_most : int
        How many are needed.

    Returns
    -------
    list of str
        Up to `at_most` paths, in random order.
    """
    asked = iter(range(_MOST_ASKED))

    def is_wanted(path: str) -> bool:
        return next(asked, None) is not None and _has_thumbnail(path)

    return choose_photos(folder, at_most, is_wanted=is_wanted)


def _has_thumbnail(path: str) -> bool:
    """Tell whether a photo carries a thumbnail that opens."""
    try:
        with Image.open(path) as image:
            directory = image.getexif().get_ifd(ExifTags.IFD.IFD1)
            start = directory.get(ExifTags.Base.JpegIFOffset)
            length = directory.get(ExifTags.Base.JpegIFByteCount)
            if start is None or length is None:
                return False
            # Offsets count from behind the six bytes that the block starts with.
            data = image.info["exif"][6 + start : 6 + start + length]
        with Image.open(io.BytesIO(data)) as thumbnail:
            return thumbnail.size == _THUMBNAIL_SIZE
    except Exception:  # noqa: BLE001 - Pillow documents a few kinds and raises others
        return False


def lay_out(collection: Collection, sources: Sequence[str], folder: str) -> list[str]:
    """Write a collection's files.

    Parameters
    ----------
    collection : Collection
        What to write.
    sources : sequence of str
        Paths of photos to make it of, or, for ``many``, of the files to repeat; at least one,
        and used again when there are too few.
    folder : str
        An existing folder, which gets one named after the collection.

    Returns
    -------
    list of str
        Paths of the files, in natural order.
    """
    target = os.path.join(folder, collection.name)
    os.mkdir(target)
    ending = "PNG" if collection.kind == "png" else "JPG"
    paths = [
        os.path.join(target, f"IMG_{number:06d}.{ending}") for number in range(collection.n_images)
    ]
    if collection.kind in {"crops", "mixed"}:
        generator = np.random.default_rng(collection.random_seed)
        draw = _draw_size if collection.kind == "mixed" else _take_size
        write_crops(sources[: _count_photos(collection)], paths, generator, draw)
        return paths
    if collection.kind in _N_WRITTEN:
        size = _PNG_SIZE if collection.kind == "png" else _ARCHIVE_SIZE
        sources = _write_smaller(
            sources[: _count_photos(collection)], target + "-different", size, ending
        )
    for number, path in enumerate(paths):
        source = sources[number % len(sources)]
        if number % TOUCHED_STEP:
            link_or_copy(source, path)
        else:
            shutil.copyfile(source, path)
    return paths


class Files:
    """Collections that are laid out when they are first asked for.

    Parameters
    ----------
    sources : (str, str)
        What the photos are that collections are made of, for people, and their folder.
    folder : str
        An existing folder for the collections.
    is_smoke : bool
        Whether a few photos do.
    """

    def __init__(self, sources: tuple[str, str], folder: str, *, is_smoke: bool = False) -> None:
        self._name, self._photos = sources
        self._folder = folder
        self._most = _FEW_PHOTOS if is_smoke else _MANY_PHOTOS
        self._laid_out: dict[str, tuple[list[str], str]] = {}
        self._chosen: list[str] | None = None

    def find(self, collection: Collection) -> tuple[list[str], str]:
        """Find a collection's files, which are laid out if need be.

        Parameters
        ----------
        collection : Collection
            What is wanted.

        Returns
        -------
        paths : list of str
            Empty when there is nothing to make them of.
        description : str
            What they are made of.
        """
        if collection.name not in self._laid_out:
            sources, description = self._gather(collection)
            paths = lay_out(collection, sources, self._folder) if sources else []
            self._laid_out[collection.name] = paths, description
        return self._laid_out[collection.name]

    def _gather(self, collection: Collection) -> tuple[list[str], str]:
        """Gather what a collection is made of, and describe it."""
        if collection.repeats is not None:
            paths, description = self.find(collection.repeats)
            return paths, f"{description}; {len(paths):,} different files"
        if collection.kind == "originals":
            originals = choose_originals(self._photos, min(self._most, collection.n_images))
            return originals, f"{len(originals):,} {self._name}"
        if self._chosen is None:
            self._chosen = choose_photos(self._photos, self._most)
        n_used = min(len(self._chosen), _count_photos(collection))
        return self._chosen[:n_used], f"{n_used:,} {self._name}"


def _count_photos(collection: Collection) -> int:
    """Count the different photos that a collection can use."""
    if collection.kind in {"crops", "mixed"}:
        return math.ceil(collection.n_images / CROPS_PER_PHOTO)
    return min(collection.n_images, _N_WRITTEN.get(collection.kind, collection.n_images))


def touch_some(paths: Sequence[str], number: int) -> None:
    """Give one in a hundred files a new time, as if it had been written again.

    Parameters
    ----------
    paths : sequence of str
        Of a collection that was laid out here.
    number : int
        Each gives another time.
    """
    for path in paths[::TOUCHED_STEP]:
        os.utime(path, (_TOUCHED_S + number, _TOUCHED_S + number))


def link_or_copy(source: str, path: str) -> None:
    """Give a file another name, or copy it where that cannot be.

    For samplers both are the same: no one looks at inodes, and either way the content lies in
    the system's page cache when the clock starts.

    Parameters
    ----------
    source : str
        The file.
    path : str
        Its other name.
    """
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)


SizeDrawer = Callable[[np.random.Generator, tuple[int, int]], tuple[int, int]]


def _take_size(_: np.random.Generator, __: tuple[int, int]) -> tuple[int, int]:
    """Take the same size for every crop."""
    return CROP_SIZE


def _draw_size(generator: np.random.Generator, limits: tuple[int, int]) -> tuple[int, int]:
    """Draw width and height of a crop, up to those of the photo."""
    low, high = np.log(_SIDES)
    side = math.exp(generator.uniform(low, high))
    stretch = math.exp(generator.uniform(-0.5, 0.5))
    width, height = round(side * stretch), round(side / stretch)
    return min(width, limits[0]), min(height, limits[1])


def write_crops(
    photos: Sequence[str],
    paths: Sequence[str],
    generator: np.random.Generator,
    draw_size: SizeDrawer = _take_size,
) -> None:
    """Cut crops at random places, the same number from each photo, pixel for pixel.

    Parameters
    ----------
    photos : sequence of str
        Where to cut.
    paths : sequence of str
        Of the crops, to be written as JPEG.
    generator : Generator
        Draws the places.
    draw_size : callable
        Draws width and height of a crop, given those of the photo.
    """
    for photo, share in zip(photos, np.array_split(np.array(paths), len(photos)), strict=True):
        with Image.open(photo) as image:
            picture = image.convert("RGB")
        for path in share.tolist():
            width, height = draw_size(generator, picture.size)
            left = int(generator.integers(picture.width - width, endpoint=True))
            top = int(generator.integers(picture.height - height, endpoint=True))
            crop = picture.crop((left, top, left + width, top + height))
            crop.save(path, quality=_QUALITY)


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
