"""Collections of images to sample from, laid out as files before any clock starts."""

import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from smartdownsample import find_images

# What a detector cuts out of a photo is about this large.
CROP_SIZE = (320, 240)
CROP_QUALITY = 90
# As many crops come from one photo, so that thousands need only hundreds of decodes.
CROPS_PER_PHOTO = 12


@dataclass(frozen=True)
class Scenario:
    """A collection and what is asked of it.

    Parameters
    ----------
    name : str
        Of the folder and in the results.
    title : str
        What the images are, for people.
    n_images : int
        Files in the collection.
    target_count : int
        How many to pick.
    crop_size : (int, int), optional
        Width and height in pixels of the crops that the images are. None for whole photos.
    random_seed : int
        Of everything that is drawn by lot.
    """

    name: str
    title: str
    n_images: int
    target_count: int
    crop_size: tuple[int, int] | None = None
    random_seed: int = 42

    @property
    def n_photos(self) -> int:
        """How many different photos the collection can use."""
        return (
            self.n_images if self.crop_size is None else math.ceil(self.n_images / CROPS_PER_PHOTO)
        )


def make_scenarios(n_photos: int, n_crops: int) -> list[Scenario]:
    """Describe the collections of the benchmark; a third of each is asked for.

    Parameters
    ----------
    n_photos, n_crops : int
        Files in each; a collection without files is left out.

    Returns
    -------
    list of Scenario
        Full-size photos, then crops.
    """
    width, height = CROP_SIZE
    scenarios = [
        Scenario("photos", "full-size photos", n_photos, n_photos // 3),
        Scenario("crops", f"crops of {width}x{height}", n_crops, n_crops // 3, CROP_SIZE),
    ]
    return [scenario for scenario in scenarios if scenario.n_images]


def choose_photos(folder: str, at_most: int, random_seed: int = 42) -> list[str]:
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
        if _is_usable(found[place]):
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
    except OSError:
        return False
    return is_large


def lay_out(scenario: Scenario, photos: Sequence[str], folder: str) -> list[str]:
    """Write a scenario's files.

    Parameters
    ----------
    scenario : Scenario
        What to write.
    photos : sequence of str
        Paths of the photos to use, at least one; used again when there are too few.
    folder : str
        An existing folder, which gets one named after the scenario.

    Returns
    -------
    list of str
        Paths of the files, in natural order.
    """
    target = os.path.join(folder, scenario.name)
    os.mkdir(target)
    paths = [os.path.join(target, f"IMG_{number:05d}.JPG") for number in range(scenario.n_images)]
    if scenario.crop_size is None:
        for number, path in enumerate(paths):
            link_or_copy(photos[number % len(photos)], path)
    else:
        _cut_crops(photos[: scenario.n_photos], paths, scenario.crop_size, scenario.random_seed)
    return paths


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


def _cut_crops(
    photos: Sequence[str], paths: Sequence[str], size: tuple[int, int], random_seed: int
) -> None:
    """Cut crops at random places, the same number from each photo, pixel for pixel."""
    generator = np.random.default_rng(random_seed)
    width, height = size
    for photo, share in zip(photos, np.array_split(np.array(paths), len(photos)), strict=True):
        with Image.open(photo) as image:
            picture = image.convert("RGB")
        for path in share.tolist():
            left = int(generator.integers(picture.width - width, endpoint=True))
            top = int(generator.integers(picture.height - height, endpoint=True))
            crop = picture.crop((left, top, left + width, top + height))
            crop.save(path, quality=CROP_QUALITY)
