"""Lay out photos with boxes in them, and the document of a detector that names both."""

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median

import numpy as np
from PIL import Image, ImageOps

from collection_files import SHARED_IMAGES, is_usable, link_or_copy, list_drawn

# Photos as cameras take them; smaller ones are enlarged to this size.
_LEAST_SIDE, _CAMERA_SIZE = 1000, (2048, 1536)
_QUALITY = 90
_MOST_BOXES = 3
_CONFIDENCE = 0.9
# What MegaDetector found in ENA24, https://lila.science/datasets/ena24detection.
REAL_BOXES = os.path.join(
    SHARED_IMAGES,
    *("formats", "bencevans+camtrap-detector", "src-tauri", "tests", "fixtures"),
    "ena.md.4.1.0.json",
)
LEAST_CONFIDENCE = 0.2


@dataclass(frozen=True)
class BoxCollection:
    """Photos, each with one to three boxes, or with those that MegaDetector found in one."""

    name: str
    n_photos: int
    sides: tuple[int, int]  # shortest and longest, in pixels; small ones are more frequent
    is_real: bool = False  # with boxes of ENA24 where its document is there
    random_seed: int = 42


@dataclass(frozen=True)
class BoxedPhotos:
    """A collection as files."""

    document: str
    photos: str  # the folder that paths count from
    n_boxes: int
    median_side: float  # of the shorter sides, in pixels
    n_different: int  # different photos among them
    n_enlarged: int


def lay_out(collection: BoxCollection, source: str, folder: str) -> BoxedPhotos:
    """Lay out photos of a source folder, again under other names where there are too few."""
    photos = os.path.join(folder, collection.name)
    os.mkdir(photos)
    sources = list(islice(filter(_is_large, list_drawn(source)), collection.n_photos))
    n_large = len(sources)
    if not sources:
        few = islice(filter(is_usable, list_drawn(source)), collection.n_photos)
        sources = [_enlarge(path, photos + "-enlarged", number) for number, path in enumerate(few)]
    if not sources:
        raise SystemExit("None of the photos can be used: they must be whole.")
    generator = np.random.default_rng(collection.random_seed)
    found = list(_read_boxes()) if collection.is_real else []
    entries, sides = [], []
    for number in range(collection.n_photos):
        name = f"IMG_{number:06d}.JPG"
        path = sources[number % len(sources)]
        link_or_copy(path, os.path.join(photos, name))
        size = measure(path)
        if found:
            shares = found[int(generator.integers(len(found)))]
            boxes = [(box, min(box[2] * size[0], box[3] * size[1])) for box in shares]
        else:
            boxes = list(_draw_boxes(generator, collection, size))
        sides += [short_side for _, short_side in boxes]
        detections = [{"category": "1", "conf": _CONFIDENCE, "bbox": box} for box, _ in boxes]
        entries.append({"file": name, "detections": detections})
    document = photos + ".json"
    write_document(document, entries)
    n_enlarged = 0 if n_large else len(sources)
    return BoxedPhotos(document, photos, len(sides), median(sides), len(sources), n_enlarged)


def _read_boxes() -> Iterator[list[list[float]]]:
    """Read the boxes of each photo of ENA24 in which MegaDetector found any."""
    if not os.path.exists(REAL_BOXES):
        return
    with open(REAL_BOXES, encoding="utf-8") as file:
        images = json.load(file)["images"]
    for image in images:
        detections = image.get("detections") or []
        boxes = [found["bbox"] for found in detections if found["conf"] >= LEAST_CONFIDENCE]
        if boxes:
            yield boxes


def write_document(path: str, entries: Sequence[object]) -> None:
    """Write entries as MegaDetector does."""
    names = {"1": "animal", "2": "person", "3": "vehicle"}
    info = {"format_version": "1.4", "detector": "made up"}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"images": entries, "detection_categories": names, "info": info}, file, indent=1)


def measure(path: str) -> tuple[int, int]:
    """Measure width and height of the upright picture."""
    with Image.open(path) as image:
        width, height = image.size
        is_sideways = image.getexif().get(0x0112, 1) > 4  # noqa: PLR2004 - EXIF orientation
    return (height, width) if is_sideways else (width, height)


def _is_large(path: str) -> bool:
    """Tell whether a photo is a whole JPEG as cameras write it: large, in colour or grey."""
    if not path.lower().endswith((".jpg", ".jpeg")) or not is_usable(path):
        return False
    with Image.open(path) as image:
        return min(image.size) >= _LEAST_SIDE and image.mode in {"RGB", "L"}


def _enlarge(path: str, folder: str, number: int) -> str:
    """Write a photo at the size of a camera's."""
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, f"{number}.JPG")
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.resize(_CAMERA_SIZE, Image.Resampling.BICUBIC).save(target, quality=_QUALITY)
    return target


def _draw_boxes(
    generator: np.random.Generator, collection: BoxCollection, size: tuple[int, int]
) -> Iterator[tuple[list[float], float]]:
    """Draw boxes at random places: shares as detectors write them, and the shorter side."""
    low, high = np.log(collection.sides)
    width, height = size
    for _ in range(int(generator.integers(1, _MOST_BOXES, endpoint=True))):
        side, stretch = (
            math.exp(generator.uniform(low, high)),
            math.exp(generator.uniform(-0.5, 0.5)),
        )
        across, down = min(side * stretch, width - 1), min(side / stretch, height - 1)
        left, top = generator.uniform(0, width - across), generator.uniform(0, height - down)
        box = [left / width, top / height, across / width, down / height]
        yield [round(share, 4) for share in box], min(across, down)
