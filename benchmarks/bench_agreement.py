"""Measure how often features agree with the published ones, in each decode mode.

The published definition is that of the tests' oracles: Pillow decodes each file in full, turns it
upright and shrinks it; plain formulas do the rest. Crops by box are compared with the same crops in
files of their own. docs/agreement.md tells what comes of it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from box_agreement import compare_boxes
from collection_files import REAL_PHOTOS, RENDERED_PHOTOS, SHARED_IMAGES, Files
from command_line import make_parser, parse_options
from kept import ROOT, Record, trim
from measuring import list_versions, say
from pages.agreement import LEVELS
from scenarios import Collection
from smartdownsample import ImageIndex, find_images
from smartdownsample.features.spec import FEATURE_VERSION
from smartdownsample.gathering.preview_trust import count_previews, describe_previews
from smartdownsample.options import DecodeMode
from smartdownsample.records import FLAG_PREVIEW
from write_pages import finish

sys.path.append(os.path.join(ROOT, "tests"))
import oracles

HASH_SIZE = 8
# What is compared besides photos, where it is at hand.
_FOLDERS = {
    RENDERED_PHOTOS[0]: RENDERED_PHOTOS[1],
    "rendered crops": os.path.join(ROOT, "data_samples", "crops"),
    "product and pet photos": os.path.join(SHARED_IMAGES, "groups"),
}
_N_CROPS, _N_SMOKE = 2000, 12


class Reference(NamedTuple):
    """What the published definition says of an image."""

    code: int  # of its bucket
    bits: list[int]  # of the DHash
    steps: list[int]  # levels between the two pixels of each bit
    distances: dict[str, float]  # how far each answer that decides the bucket is from another one


class Described(NamedTuple):
    """What the package says of an image: code of its bucket, DHash, and whether of a preview."""

    code: int
    bits: list[int]
    is_preview: bool


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print tables, and keep figures and write the page when asked to."""
    parser = make_parser(__doc__, "--photos")
    options = parse_options(parser, arguments, "agreement")
    folders = (REAL_PHOTOS[1], *_FOLDERS.values())
    missing = [folder for folder in folders if not os.path.isdir(folder)]
    if options.keep and missing:
        parser.error(f"--keep is for whole runs. There is no {', no '.join(missing)}")
    finish("agreement", measure(options.photos, is_smoke=options.smoke), options)


def measure(photos: str | None, *, is_smoke: bool) -> Record:
    """Compare everything; the photos are the usual ones for None."""
    agreements: list[Record] = []
    previews: Record | None = None
    n_left_out = 0
    say("crops by box")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        boxes = compare_boxes(folder, photos, is_smoke=is_smoke)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for images, paths in gather_collections(photos, folder, is_smoke=is_smoke):
            say(f"{len(paths):,} {images}")
            references = describe_references(paths)
            exact, fast = (
                describe(build_index(paths, "exact")),
                describe(build_index(paths, "fast")),
            )
            used = [path for path in paths if path in references and path in exact]
            n_left_out += len(paths) - len(used)
            for mode, described in (("exact", exact), ("fast", fast)):
                agreements.append(compare(images, mode, used, references, described))
            # Of the first ones, which are photos.
            previews = previews or measure_previews(used, references, fast)
    if previews is None:
        sys.exit("There are no images to compare. Name a folder with --photos.")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "feature_version": FEATURE_VERSION,
        "versions": list_versions("opencv-python-headless", "pillow", "numpy"),
        "is_smoke": is_smoke,
        "n_left_out": n_left_out,  # files that Pillow or the package cannot use
        "agreements": agreements,  # of each collection in the modes exact and fast
        "previews": previews,  # of the photos, see `measure_previews`
        "boxes": boxes,  # crops by box against files, see `compare_boxes`
    }


def gather_collections(
    photos: str | None, folder: str, *, is_smoke: bool
) -> Iterator[tuple[str, list[str]]]:
    """Find images to compare, and cut crops from the photos: what they are, and their paths."""
    first = ("photos of one's own", photos) if photos else REAL_PHOTOS
    folders = dict([first, *_FOLDERS.items()])
    found = {name: where for name, where in folders.items() if os.path.isdir(where)}
    for name, where in found.items():
        paths = find_images(where)
        step = -(-len(paths) // _N_SMOKE) if is_smoke else 1
        if paths:
            yield name, paths[::step]
    n_crops = _N_SMOKE if is_smoke else _N_CROPS
    files = Files(next(iter(found.items())), folder, is_smoke=is_smoke)
    for collection in (
        Collection("crops", "crops of 320×240", "crops", n_crops),
        Collection("mixed", "crops of mixed sizes", "mixed", n_crops),
    ):
        paths, sources = files.find(collection)
        if paths:
            yield f"{collection.title} from {sources}", paths


def describe_references(paths: Iterable[str]) -> dict[str, Reference]:
    """Describe images as the published definition does."""
    references = {}
    for path in paths:
        try:
            with Image.open(path) as image:
                upright = ImageOps.exif_transpose(image).convert("RGB")
        except OSError:
            continue
        references[path] = _describe_reference(oracles.make_thumbnails(upright, HASH_SIZE))
    return references


def _describe_reference(thumbnails: oracles.Thumbnails) -> Reference:
    """Compute bits and bucket, and how far each answer is from another one."""
    bits = oracles.hash_gradients(thumbnails.dhash)
    mean = oracles.mean_rgb(thumbnails.mean)
    key = oracles.bucket_key(bits, oracles.hash_averages(thumbnails.ahash), mean, HASH_SIZE)
    steps = [abs(b - a) for row in thumbnails.dhash for a, b in pairwise(row)]
    levels = [level for row in thumbnails.ahash for level in row]
    above, below = HASH_SIZE // 2 - 1, HASH_SIZE // 2
    _, second, strongest = sorted(mean)
    to_theme = strongest - 140
    distances: dict[str, float | Fraction] = {
        "above": steps[above * HASH_SIZE + above],
        "below": steps[below * HASH_SIZE + below],
        "corner": abs(levels[0] - sum(levels) / len(levels)),
        "colour": abs(oracles.colour_variance(mean) - 100),
        "bright": abs(oracles.brightness(mean) - 128),
        "theme": min(to_theme, strongest - second) if to_theme > 0 else -to_theme,
    }
    trimmed = {name: trim(float(distance)) for name, distance in distances.items()}
    return Reference(oracles.bucket_code(key), bits, steps, trimmed)


def build_index(paths: Sequence[str], mode: DecodeMode) -> ImageIndex:
    """Let the package describe images, decoded in one of its modes."""
    return ImageIndex.build(paths, hash_size=HASH_SIZE, decode=mode, cache=False)


def describe(index: ImageIndex) -> dict[str, Described]:
    """Take what is compared out of an index, for each path that can be used."""
    rows = index.table.rows
    bits = np.unpackbits(rows["dhash"], axis=1, count=HASH_SIZE**2).tolist()
    is_preview = (rows["flags"] & FLAG_PREVIEW != 0).tolist()
    described = map(Described, index.codes.tolist(), bits, is_preview)
    return dict(zip(index.paths, described, strict=True))


def compare(
    images: str,
    mode: str,
    paths: Sequence[str],
    references: Mapping[str, Reference],
    described: Mapping[str, Described],
) -> Record:
    """Hold the package against the published definition, image by image."""
    flipped = dict.fromkeys(LEVELS, 0)
    n_moved = 0
    distances: dict[str, list[float]] = {}
    for path in paths:
        reference, ours = references[path], described[path]
        for bit, other, step in zip(reference.bits, ours.bits, reference.steps, strict=True):
            if bit != other:
                flipped[LEVELS[min(step, len(LEVELS) - 1)]] += 1
        n_moved += reference.code != ours.code
        for question, distance in find_differences(reference, ours.code).items():
            distances.setdefault(question, []).append(distance)
    return {
        "images": images,
        "mode": mode,
        "n_images": len(paths),
        "n_bits": len(paths) * HASH_SIZE**2,  # of the DHash of all images
        "n_moved": n_moved,  # images in another bucket
        "flipped": flipped,  # differing bits, by levels between their pixels in the reference
        # Of images that differ in a question which decides the bucket: how far another answer is.
        "distances": distances,
    }


def find_differences(reference: Reference, code: int) -> dict[str, float]:
    """Find the answers in which a bucket differs, and how far the reference is from another one.

    Of two bits at the centre, the one that is farther away counts.
    """
    differing = reference.code ^ code
    # A code is the theme, 0 for grey pictures, and four bits.
    differ = reference.code // 16 != code // 16
    is_grey = 0 in {reference.code // 16, code // 16}
    found = {
        "corner": bool(differing & 2),
        "colour": differ and is_grey,
        "bright": bool(differing & 1),
        "theme": differ and not is_grey,
    }
    distances = {name: reference.distances[name] for name, differs in found.items() if differs}
    sides = (("above", 8), ("below", 4))
    centre = [reference.distances[name] for name, bit in sides if differing & bit]
    return {**({"centre": max(centre)} if centre else {}), **distances}


def measure_previews(
    paths: Sequence[str], references: Mapping[str, Reference], fast: Mapping[str, Described]
) -> Record:
    """Describe photos by their previews, where these are trusted, and compare.

    What came of previews in words; and of the images of each folder whose previews are used, of
    those that were decoded, and of all, how they agree in the modes preview and fast.
    """
    index = build_index(paths, "preview")
    described = describe(index)
    shown: dict[str, list[str]] = {}
    for path, each in described.items():
        if each.is_preview:
            shown.setdefault(os.path.dirname(path), []).append(path)
    decoded = [path for path, each in described.items() if not each.is_preview]
    groups = {
        **{f"previews, folder {number}": group for number, group in enumerate(shown.values(), 1)},
        "photos that were decoded": decoded,
        "photos in all": list(described),
    }
    agreements = [
        compare(name, mode, group, references, side)
        for name, group in groups.items()
        if group
        for mode, side in (("preview", described), ("fast", fast))
    ]
    return {"lines": list(describe_previews(count_previews(index.table))), "agreements": agreements}


if __name__ == "__main__":
    main()
