"""Measure how often the words on image quality are right: blurred, dark, flat, overexposed.

Good photos of several collections are left as they are, or spoilt in known ways. The limits that
words hang on were set on one half of the collections; the pages show the others. docs/quality.md
tells what comes of it.
"""

import os
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence

import cv2
import numpy as np

from collection_files import RENDERED_PHOTOS, SHARED_IMAGES
from command_line import make_parser, parse_options
from kept import Record
from measuring import list_versions, say
from smartdownsample import ImageIndex, find_images
from smartdownsample.features.spec import FEATURE_VERSION
from smartdownsample.options import DecodeMode
from smartdownsample.records import FeatureTable
from smartdownsample.sampling.quality import QUALITY_WORDS, tell_quality
from spoilt_photos import KINDS
from write_pages import finish

# The halves: what the limits were set on, and what says how good they are.
_HALVES = {
    "set on": ("camtrap/DigitalConcern+wildhack", "groups/marcusklasson+GroceryStoreDataset"),
    "told of": (
        "camtrap/conservationtechlab+animl-py",
        "camtrap/drivendataorg+zamba",
        "camtrap/google+cameratrapai",
        "camtrap/jniedballa+camtrapR",
        "camtrap/tdwg+camtrap-dp",
        "groups/conservationtechlab+animl-py",
    ),
}
# Photos of each half that are spoilt in every way, and the longer side that they are shrunk to.
_N_SPOILT, _N_SMOKE = 80, 4
_LONGER_SIDE = 1280
_QUALITIES = (60, 75, 85, 92)
# Photos that are smaller are left out: nobody's camera takes them.
_MIN_SIDE = 320


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print tables, and keep figures and write the page when asked to."""
    parser = make_parser(__doc__, "--photos")
    options = parse_options(parser, arguments, "words")
    if options.keep and not os.path.isdir(SHARED_IMAGES):
        parser.error(f"--keep is for whole runs. There is no {SHARED_IMAGES}")
    finish("words", measure(options.photos, is_smoke=options.smoke), options)


def measure(photos: str | None, *, is_smoke: bool) -> Record:
    """Count words on good and spoilt photos; these are the usual ones for None."""
    halves: dict[str, tuple[str, ...]] = {"told of": (photos or RENDERED_PHOTOS[1],)}
    if photos is None and os.path.isdir(SHARED_IMAGES):
        halves = {
            half: tuple(os.path.join(SHARED_IMAGES, name) for name in folders)
            for half, folders in _HALVES.items()
        }
    counts: list[Record] = []
    for half, folders in halves.items():
        paths = [path for folder in folders for path in find_images(folder)]
        if is_smoke:
            paths = paths[:: -(-len(paths) // _N_SMOKE)]
        say(f"{len(paths):,} photos, {half}")
        tables = {"as they are": build_table(paths, "fast")}
        chosen = choose_photos(tables["as they are"], _N_SMOKE if is_smoke else _N_SPOILT)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            for kind, spoilt in write_spoilt(chosen, folder).items():
                say(kind)
                tables[kind] = build_table(spoilt, "fast")
                if half == "told of":
                    tables[f"{kind}, exact"] = build_table(spoilt, "exact")
        counts += [count_words(half, kind, table) for kind, table in tables.items()]
    return {
        "date": time.strftime("%Y-%m-%d"),
        "feature_version": FEATURE_VERSION,
        "versions": list_versions("opencv-python-headless", "numpy"),
        "is_smoke": is_smoke,
        "counts": counts,  # of each half and kind, see `count_words`
    }


def build_table(paths: Sequence[str], mode: DecodeMode) -> FeatureTable:
    """Describe images; what cannot be decoded is left out."""
    return ImageIndex.build(paths, decode=mode, cache=False).table


def choose_photos(table: FeatureTable, n: int) -> list[str]:
    """Choose photos that are large enough, evenly over all."""
    is_large = np.minimum(table.rows["width"], table.rows["height"]) >= _MIN_SIDE
    rows = np.flatnonzero(is_large)
    if not len(rows):
        sys.exit(f"No photo has {_MIN_SIDE} pixels a side. Name a folder with --photos.")
    return [table.paths[row] for row in rows[:: -(-len(rows) // n)]]


def write_spoilt(paths: Sequence[str], folder: str) -> dict[str, list[str]]:
    """Write photos of each kind, and list them by its name."""
    written: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for number, path in enumerate(paths):
        photo = cv2.imread(path)
        assert photo is not None  # it was decoded before
        scale = _LONGER_SIDE / max(photo.shape[:2])
        if scale < 1:
            photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for place, (kind, (_, render)) in enumerate(KINDS.items()):
            name = os.path.join(folder, f"{number}-{place}.jpg")
            rng = np.random.default_rng(zlib.crc32(f"{kind} {os.path.basename(path)}".encode()))
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.choice(_QUALITIES))]
            cv2.imwrite(name, render(np.asarray(photo, np.uint8), rng), quality)
            written[kind].append(name)
    return written


def count_words(half: str, kind: str, table: FeatureTable) -> Record:
    """Count the images of a kind that each word is said of, and the sharpness between limits."""
    found = tell_quality(table.rows)
    sharpness = np.sort(table.rows["sharpness"])
    return {
        "half": half,
        "kind": kind,
        "n_images": len(table),
        **{word: int(found[word].sum()) for word in QUALITY_WORDS},
        "least_sharpness": int(sharpness[0]),
        "most_sharpness": int(sharpness[-1]),
    }


if __name__ == "__main__":
    main()
