"""Measure how often features agree with the published ones, in each decode mode.

The published definition is that of the tests' oracles: Pillow decodes each file in full, turns it
upright and shrinks it; plain formulas do the rest. docs/agreement.md tells what comes of it.
"""

import argparse
import importlib.metadata
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests"))
import oracles
from agreement_figures import (
    DOCUMENT,
    KEPT,
    LEVELS,
    Agreement,
    AgreementRecord,
    Previews,
    check_document,
    format_record,
    load_record,
    save_record,
    write_document,
)
from layout import Files
from records import trim
from scenarios import Collection
from smartdownsample import ImageIndex, find_images
from smartdownsample.features.spec import FEATURE_VERSION
from smartdownsample.gathering.preview_trust import count_previews, describe_previews
from smartdownsample.options import DecodeMode
from smartdownsample.records import FLAG_PREVIEW

HASH_SIZE = 8
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_SHARED_IMAGES = os.path.join(os.path.dirname(_ROOT), "shared", "images")
_REAL = ("real camera-trap photos", os.path.join(_SHARED_IMAGES, "camtrap"))
# What else is compared, where it is at hand.
_FOLDERS = {
    "rendered photos": os.path.join(_ROOT, "data_samples", "photos"),
    "rendered crops": os.path.join(_ROOT, "data_samples", "crops"),
    "product and pet photos": os.path.join(_SHARED_IMAGES, "groups"),
}
_N_CROPS, _N_SMOKE = 2000, 12
_DISTRIBUTIONS = ("opencv-python-headless", "pillow", "numpy")


class Reference(NamedTuple):
    """What the published definition says of an image.

    Attributes
    ----------
    code : int
        Of its bucket.
    bits : list of int
        Of the DHash.
    steps : list of int
        Levels between the two pixels of each bit.
    distances : dict of str to float
        How far each answer of the bucket's is from another one.
    """

    code: int
    bits: list[int]
    steps: list[int]
    distances: dict[str, float]


class Described(NamedTuple):
    """What the package says of an image: code of its bucket, DHash, and whether of a preview."""

    code: int
    bits: list[int]
    is_preview: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print tables and keep figures, or write the document from kept ones.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line.

    Returns
    -------
    int
        The exit code: 1 when the document is to be checked and is not what the figures give.
    """
    options = parse_options(arguments)
    if options.measures:
        record = measure(options)
        print(format_record(record))
        if options.json:
            save_record(options.json, record)
    else:
        record = load_record(options.again or KEPT)
        if options.check:
            return report_differences(check_document(DOCUMENT, record))
        if options.again:
            print(format_record(record))
    if options.document:
        write_document(DOCUMENT, load_record(KEPT))
    return 0


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line.

    Parameters
    ----------
    arguments : sequence of str or None
        None takes those of the process.

    Returns
    -------
    argparse.Namespace
        Of the run.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--photos", metavar="DIR", help="photos to compare in place of the real ones")
    add("--smoke", action="store_true", help="run everything on a few images")
    add("--json", metavar="FILE", help="keep the figures there")
    add("--keep", action="store_true", help="keep the figures in benchmarks/results/")
    add("--again", metavar="FILE", help="measure nothing, show what --json has kept there")
    add(
        "--document",
        action="store_true",
        help="write docs/ from the kept figures; without --keep nothing is measured",
    )
    add("--check", action="store_true", help="compare docs/ with the kept figures")
    options = parser.parse_args(arguments)
    if options.keep and (options.smoke or options.photos or options.json):
        parser.error("--keep is for whole runs on the usual images. Name a file with --json.")
    missing = [folder for folder in (_REAL[1], *_FOLDERS.values()) if not os.path.isdir(folder)]
    if options.keep and missing:
        parser.error(f"--keep is for whole runs. There is no {', no '.join(missing)}")
    options.measures = options.keep or not (options.document or options.check or options.again)
    options.json = KEPT if options.keep else options.json
    return options


def report_differences(names: Sequence[str]) -> int:
    """Say which sections of the document are not what the figures give.

    Parameters
    ----------
    names : sequence of str
        Of the sections.

    Returns
    -------
    int
        The exit code.
    """
    for name in names:
        print(
            f"{DOCUMENT}, section {name}, is not what {KEPT} gives. "
            "Run this script with --document."
        )
    return int(bool(names))


def measure(options: argparse.Namespace) -> AgreementRecord:
    """Compare everything.

    Parameters
    ----------
    options : argparse.Namespace
        Of the run.

    Returns
    -------
    AgreementRecord
        All figures.
    """
    agreements: list[Agreement] = []
    previews: Previews | None = None
    n_left_out = 0
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for images, paths in gather_collections(options, folder):
            _say(f"{len(paths):,} {images}")
            references = describe_references(paths)
            exact, fast = describe_images(paths, "exact"), describe_images(paths, "fast")
            used = [path for path in paths if path in references and path in exact]
            n_left_out += len(paths) - len(used)
            agreements.append(compare(images, "exact", used, references, exact))
            agreements.append(compare(images, "fast", used, references, fast))
            # Of the first ones, which are photos.
            previews = previews or measure_previews(used, references, fast)
    if previews is None:
        sys.exit("There are no images to compare. Name a folder with --photos.")
    return AgreementRecord(
        date=time.strftime("%Y-%m-%d"),
        feature_version=FEATURE_VERSION,
        versions={
            "Python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _DISTRIBUTIONS},
        },
        is_smoke=options.smoke,
        n_left_out=n_left_out,
        agreements=agreements,
        previews=previews,
    )


def _say(what: str) -> None:
    print(what, file=sys.stderr)


# -------------------------------------------------------------------- collections


def gather_collections(options: argparse.Namespace, folder: str) -> Iterator[tuple[str, list[str]]]:
    """Find images to compare, and cut crops from the photos.

    Parameters
    ----------
    options : argparse.Namespace
        Of the run.
    folder : str
        An existing folder for the crops.

    Yields
    ------
    images : str
        What they are, for people.
    paths : list of str
        In natural order.
    """
    photos = ("photos of one's own", options.photos) if options.photos else _REAL
    folders = dict([photos, *_FOLDERS.items()])
    found = {name: where for name, where in folders.items() if os.path.isdir(where)}
    for name, where in found.items():
        paths = find_images(where)
        step = -(-len(paths) // _N_SMOKE) if options.smoke else 1
        if paths:
            yield name, paths[::step]
    n_crops = _N_SMOKE if options.smoke else _N_CROPS
    files = Files(next(iter(found.items())), folder, is_smoke=options.smoke)
    for collection in (
        Collection("crops", "crops of 320×240", "crops", n_crops),
        Collection("mixed", "crops of mixed sizes", "mixed", n_crops),
    ):
        paths, sources = files.find(collection)
        if paths:
            yield f"{collection.title} from {sources}", paths


# -------------------------------------------------------------------- the two sides


def describe_references(paths: Iterable[str]) -> dict[str, Reference]:
    """Describe images as the published definition does.

    Parameters
    ----------
    paths : iterable of str
        Of the images.

    Returns
    -------
    dict of str to Reference
        Of each path; without those that Pillow cannot decode to the end.
    """
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


def describe_images(paths: Sequence[str], mode: DecodeMode) -> dict[str, Described]:
    """Describe images as the package does.

    Parameters
    ----------
    paths : sequence of str
        Of the images.
    mode : {"exact", "fast", "preview"}
        How they are decoded.

    Returns
    -------
    dict of str to Described
        Of each path; without those that cannot be used.
    """
    return describe_index(ImageIndex.build(paths, hash_size=HASH_SIZE, decode=mode, cache=False))


def describe_index(index: ImageIndex) -> dict[str, Described]:
    """Take what is compared out of an index.

    Parameters
    ----------
    index : ImageIndex
        Of any images.

    Returns
    -------
    dict of str to Described
        Of each path.
    """
    rows = index.table.rows
    bits = np.unpackbits(rows["dhash"], axis=1, count=HASH_SIZE**2).tolist()
    is_preview = (rows["flags"] & FLAG_PREVIEW != 0).tolist()
    described = map(Described, index.codes.tolist(), bits, is_preview)
    return dict(zip(index.paths, described, strict=True))


# ---------------------------------------------------------------------- comparing


def compare(
    images: str,
    mode: DecodeMode,
    paths: Sequence[str],
    references: Mapping[str, Reference],
    described: Mapping[str, Described],
) -> Agreement:
    """Hold the package against the published definition, image by image.

    Parameters
    ----------
    images : str
        What they are, for people.
    mode : {"exact", "fast", "preview"}
        Of `described`.
    paths : sequence of str
        Of the images to compare; both sides know them.
    references : mapping of str to Reference
        What the published definition says.
    described : mapping of str to Described
        What the package says.

    Returns
    -------
    Agreement
        How many agree, and how near to it the others are.
    """
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
    return Agreement(
        images, mode, len(paths), len(paths) * HASH_SIZE**2, n_moved, flipped, distances
    )


def find_differences(reference: Reference, code: int) -> dict[str, float]:
    """Find the answers in which a bucket differs from the published one.

    Parameters
    ----------
    reference : Reference
        What the published definition says.
    code : int
        Of the bucket that the package chose.

    Returns
    -------
    dict of str to float
        Of each question the distance of the reference from another answer; of two at the centre
        the larger one.
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
) -> Previews:
    """Describe photos by their previews, where these are trusted, and compare.

    Parameters
    ----------
    paths : sequence of str
        Of the photos, whole folders.
    references : mapping of str to Reference
        What the published definition says.
    fast : mapping of str to Described
        What the package says in the mode ``fast``.

    Returns
    -------
    Previews
        Of those of each folder, of photos that were decoded, and of all.
    """
    index = ImageIndex.build(paths, hash_size=HASH_SIZE, decode="preview", cache=False)
    described = describe_index(index)
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
    sides: tuple[tuple[DecodeMode, Mapping[str, Described]], ...] = (
        ("preview", described),
        ("fast", fast),
    )
    agreements = [
        compare(name, mode, group, references, side)
        for name, group in groups.items()
        if group
        for mode, side in sides
    ]
    return Previews(list(describe_previews(count_previews(index.table))), agreements)


if __name__ == "__main__":
    sys.exit(main())
