"""Compare crops by box with the same crops cut to files, for the benchmark of agreement."""

import json
import os
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from PIL import Image

from boxed_photos import LEAST_CONFIDENCE, REAL_BOXES
from collection_files import REAL_PHOTOS, SHARED_IMAGES
from kept import Record
from smartdownsample import ImageIndex, find_images
from smartdownsample.items import to_key
from smartdownsample.options import DecodeMode, ReadingOptions
from smartdownsample.pictures import decode_image, decode_regions
from smartdownsample.records import ByteArray, Cause, IntArray, ItemList, Region, round_regions

HASH_SIZE = 8
# Photos that come with the boxes of MegaDetector; those of one more document, of the same archive
# of photos, are laid over others by lot.
_ENA24 = os.path.join("drivendataorg+zamba", "tests", "assets", "images", "ena24_small")
_OWN_BOXES = os.path.join(SHARED_IMAGES, "camtrap", _ENA24, "md_annotations.json")
_BOXES_PER_PHOTO = 3
# Where there are no real ones: shares of a photo's sides, from small to nearly all.
_DRAWN_SIDES = (0.05, 0.9)
# Limits of the shorter side of crops, in pixels.
_LIMITS = (0, 108, 216, 432, 864, 2**16)
# As many photos are enough for a smoke run.
_N_SMOKE = 3
# Photos whose shorter side has fewer pixels are thumbnails.
_LEAST_SIDE = 400


def compare_boxes(folder: str, photos: str | None, *, is_smoke: bool) -> list[Record]:
    """Compare crops by box with files, by the length of their shorter side.

    `folder` is for the files. `photos` are the usual ones for None, else those below a folder.
    """
    generator = np.random.default_rng(42)
    paths: list[str] = []
    file_of: list[int] = []
    regions: list[Region] = []
    cut: list[str] = []
    sides: list[int] = []
    for path, boxes in _lay_boxes(photos or REAL_PHOTOS[1], generator, is_smoke=is_smoke):
        for region, pixels in _cut(path, boxes):
            cut.append(os.path.join(folder, f"box_{len(cut):06d}.png"))
            Image.fromarray(pixels).save(cut[-1], compress_level=1)
            file_of.append(len(paths))
            regions.append(region)
            sides.append(min(pixels.shape[:2]))
        paths.append(path)
    if not cut:
        return []
    items = ItemList(
        paths,
        [to_key(path) for path in paths],
        np.array(file_of),
        np.zeros(len(cut), np.int32),
        np.array(regions, np.float32),
        np.arange(len(cut)),
        len(cut),
    )
    differences = {mode: _count_differences(items, cut, mode) for mode in ("exact", "fast")}
    return list(_sum_up(np.array(sides), differences))


def _lay_boxes(
    photos: str, generator: np.random.Generator, *, is_smoke: bool
) -> Iterator[tuple[str, list[Region]]]:
    """Yield photos with boxes: their own first, then those of others."""
    if os.path.exists(_OWN_BOXES) and not is_smoke:
        folder = os.path.dirname(_OWN_BOXES)
        for name, boxes in _read_boxes(_OWN_BOXES):
            yield os.path.join(folder, name), boxes
    others: list[Region] = []
    if os.path.exists(REAL_BOXES):
        others = [box for _, boxes in _read_boxes(REAL_BOXES) for box in boxes]
    paths = [path for path in find_images(photos) if os.path.dirname(_OWN_BOXES) not in path]
    for path in paths[:_N_SMOKE] if is_smoke else paths:
        if others:
            places = generator.integers(len(others), size=_BOXES_PER_PHOTO)
            yield path, [others[place] for place in places.tolist()]
        else:
            yield path, [_draw_box(generator) for _ in range(_BOXES_PER_PHOTO)]


def _read_boxes(document: str) -> Iterator[tuple[str, list[Region]]]:
    """Read the likely boxes of a MegaDetector file, photo by photo."""
    with open(document, encoding="utf-8") as file:
        images = json.load(file)["images"]
    for image in images:
        found = image.get("detections") or []
        yield image["file"], [box["bbox"] for box in found if box["conf"] >= LEAST_CONFIDENCE]


def _draw_box(generator: np.random.Generator) -> Region:
    """Draw a box of any size anywhere in a picture."""
    width, height = generator.uniform(*_DRAWN_SIDES, size=2).tolist()
    x, y = (generator.uniform(0, 1 - side) for side in (width, height))
    return x, y, width, height


def _cut(path: str, boxes: Sequence[Region]) -> Iterator[tuple[Region, ByteArray]]:
    """Cut boxes out of a photo in full size, each once; nothing of thumbnails and broken files."""
    with open(path, "rb") as file:
        data = file.read()
    whole = decode_image(data)
    if isinstance(whole, Cause) or whole.is_truncated:
        return
    if min(whole.width, whole.height) < _LEAST_SIDE:
        return
    shares = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    edges = np.hstack([shares[:, :2], shares[:, :2] + shares[:, 2:]]).clip(0, 1)
    rounded = round_regions(np.hstack([edges[:, :2], edges[:, 2:] - edges[:, :2]]))
    distinct: list[Region] = list(dict.fromkeys(map(tuple, rounded.tolist())))
    for place, crop in decode_regions(data, distinct):
        if not isinstance(crop, Cause):
            yield distinct[place], crop.pixels


def _count_differences(
    items: ItemList, cut: Sequence[str], mode: DecodeMode
) -> tuple[IntArray, IntArray]:
    """Count the DHash bits in which each crop differs from its file, and say whether buckets do."""
    reading = ReadingOptions(hash_size=HASH_SIZE, decode=mode, cache=False)
    by_box = ImageIndex.gather_items(items, reading)
    by_file = ImageIndex.build(cut, hash_size=HASH_SIZE, decode=mode, cache=False)
    bits, codes = [], []
    for index in (by_box, by_file):
        order = np.argsort(index.table.indices)
        bits.append(index.table.rows["dhash"][order])
        codes.append(index.codes[order])
    n_flipped = np.unpackbits(bits[0] ^ bits[1], axis=1).sum(axis=1, dtype=np.int64)
    return n_flipped, (codes[0] != codes[1]).astype(np.int64)


def _sum_up(sides: IntArray, differences: dict[str, tuple[IntArray, IntArray]]) -> Iterator[Record]:
    """Add up by the length of the shorter side."""
    for low, high in pairwise(_LIMITS):
        own = (sides >= low) & (sides < high)
        for mode, (n_flipped, is_moved) in differences.items():
            if own.any():
                yield {
                    "low": low,  # shorter side in pixels, from
                    "high": high,  # to less than
                    "mode": mode,
                    "n_images": int(own.sum()),
                    "n_bits": int(own.sum()) * HASH_SIZE**2,
                    "n_moved": int(is_moved[own].sum()),  # crops in another bucket
                    "n_flipped": int(n_flipped[own].sum()),
                }
