"""Collections to judge selections by: their photos, and what people know of each.

Real ones come first. Some are kept aside: no choice in this package was made by them.
"""

import argparse
import csv
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from PIL import Image

from bursts import BurstCollection, render_bursts
from collection_files import REAL_PHOTOS, SHARED_IMAGES, link_or_copy
from smartdownsample import find_images

_GROUPS = os.path.join(SHARED_IMAGES, "groups")
_GROCERIES = os.path.join(_GROUPS, "marcusklasson+GroceryStoreDataset")
_PETS = os.path.join(_GROUPS, "conservationtechlab+animl-py")
_BREED = re.compile(r"(.+?)_\d+_jpg")
_ASIDE = ("camera traps", "long bursts")
# Numbers of picks that a classifier is trained on: as many as the groceries have classes, and more.
_PROBE_COUNTS = (81, 200, 500)
# One class in so many becomes bursts, of so many frames for each photo.
_HEAVY_STEP, _N_FRAMES = 4, 10
# What a frame keeps of each side at least, and how much its light differs at most.
_LEAST_KEPT, _MOST_LIGHT = 0.94, 0.1
_QUALITY = 90
_SEED = 42


@dataclass(frozen=True)
class Truth:
    """What is known of a collection."""

    name: str
    groups: Mapping[str, str]  # true group of each photo's path
    is_aside: bool = False  # whether no choice was made by it
    origins: Mapping[str, str] = field(default_factory=dict)  # of frames: the photo they show
    probe_counts: tuple[int, ...] = ()  # numbers of picks that a classifier is trained on


def gather_truths(options: argparse.Namespace, folder: str) -> Iterator[Truth]:
    """Find or render the collections.

    Of photos of one's own, parent folders are the groups; a smoke run needs none but rendered ones.
    Real photos are left out where there are none.
    """
    if options.photos:
        yield Truth("folder", _label_by_folder(options.photos), is_aside=True)
    elif options.smoke:
        rendered = _render(folder, BurstCollection("bursts", 10, (1, 5), (80, 60)))
        little = Truth("bursts", rendered, probe_counts=(5,))
        yield little
        yield make_bursty(little, folder)
    else:
        yield from _gather_usual(folder)


def _gather_usual(folder: str) -> Iterator[Truth]:
    """Find or render the usual collections."""
    usual: dict[str, Callable[[], Mapping[str, str]]] = {
        "triggers": partial(_read_truth, "TRUTH_bursts.csv", "trigger"),
        "camera traps": partial(_read_truth, "TRUTH.csv", "sequence"),
        "groceries": partial(_label_by_folder, _GROCERIES),
        "pets": _label_pets,
        "bursts": partial(_render, folder, BurstCollection("bursts", 3000, (1, 10))),
        "long bursts": partial(_render, folder, BurstCollection("long bursts", 1500, (20, 60))),
    }
    groceries = None
    for name, find in usual.items():
        is_probed = name == "groceries"
        counts = _PROBE_COUNTS if is_probed else ()
        truth = Truth(name, find(), is_aside=name in _ASIDE, probe_counts=counts)
        if truth.groups:
            groceries = truth if is_probed else groceries
            yield truth
    if groceries is not None:
        yield make_bursty(groceries, folder)


def _read_truth(name: str, column: str) -> dict[str, str]:
    """Read the groups of camera-trap photos; none where there are no photos."""
    path = os.path.join(REAL_PHOTOS[1], name)
    if not os.path.exists(path):
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        return {
            os.path.join(SHARED_IMAGES, line["path"]): f"{line['camera']} {line[column]}"
            for line in csv.DictReader(file)
        }


def _label_by_folder(folder: str) -> dict[str, str]:
    """Take parent folders as groups."""
    found = find_images(folder) if os.path.isdir(folder) else []
    return {path: os.path.dirname(path) for path in found}


def _label_pets() -> dict[str, str]:
    """Take the breeds in the names as groups."""
    found = find_images(_PETS) if os.path.isdir(_PETS) else []
    breeds = {path: _BREED.match(os.path.basename(path)) for path in found}
    return {path: breed[1].lower() for path, breed in breeds.items() if breed}


def _render(folder: str, collection: BurstCollection) -> dict[str, str]:
    """Render a collection into a folder of its name."""
    return render_bursts(collection, os.path.join(folder, collection.name))


def make_bursty(truth: Truth, folder: str) -> Truth:
    """Write a collection anew, a few of its groups as bursts; frames lie beside one another."""
    rng = np.random.default_rng(_SEED)
    heavy = set(rng.permutation(sorted(set(truth.groups.values())))[::_HEAVY_STEP].tolist())
    name = f"bursty {truth.name}"
    common = os.path.commonpath(list(truth.groups))
    groups, origins = {}, {}
    for path, group in truth.groups.items():
        stem, extension = os.path.splitext(
            os.path.join(folder, name, os.path.relpath(path, common))
        )
        os.makedirs(os.path.dirname(stem), exist_ok=True)
        for number in range(_N_FRAMES if group in heavy else 1):
            frame = f"{stem}_{number}{extension}"
            if number:
                _write_frame(path, frame, rng)
            else:
                link_or_copy(path, frame)
            groups[frame], origins[frame] = group, path
    return Truth(name, groups, truth.is_aside, origins, truth.probe_counts)


def _write_frame(path: str, frame: str, rng: np.random.Generator) -> None:
    """Write another frame of a photo: a little less of it, in slightly different light."""
    with Image.open(path) as image:
        width, height = image.size
        kept = rng.uniform(_LEAST_KEPT, 1)
        left, top = rng.uniform(0, 1 - kept, size=2)
        box = (left * width, top * height, (left + kept) * width, (top + kept) * height)
        light = 1 + rng.uniform(-_MOST_LIGHT, _MOST_LIGHT)
        cropped = image.convert("RGB").crop(tuple(map(round, box)))
        cropped.point(lambda level: level * light).save(frame, quality=_QUALITY)
