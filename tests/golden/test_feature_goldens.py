"""Features that may not change by accident.

`features_v<version>.json` holds the features of a few computed arrays under the formulas of that
`FEATURE_VERSION`. A changed formula needs a higher version, because stored features carry it;
then ``python tests/golden/test_feature_goldens.py`` writes the goldens of the new version beside
the old ones, to be read and committed. It never writes over goldens that are there.
"""

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pictures import make_single_thumbnails
from smartdownsample.features.columns import compute_features
from smartdownsample.features.exact_thumbnails import average_cells, make_thumbnails
from smartdownsample.features.fast_thumbnails import approximate_thumbnails
from smartdownsample.features.spec import FEATURE_VERSION, make_spec
from smartdownsample.features.thumbnails import Thumbnails
from smartdownsample.sampling.buckets import describe_bucket, encode_buckets

Levels = npt.NDArray[np.uint8]
Goldens = dict[str, dict[str, Any]]

GOLDENS = Path(__file__).with_name(f"features_v{FEATURE_VERSION}.json")
COLOURS = {
    "dark grey": (40, 42, 41),
    "bright grey": (200, 198, 190),
    "red": (190, 90, 60),
    "green": (80, 160, 70),
    "blue": (100, 120, 210),
    "mixed": (120, 110, 60),
    "no strongest": (180, 180, 40),
}
HASH_SIZES = (2, 3, 8, 16)
PICTURE_SEEDS = (16, 29, 115)
SHRINKING = {"exact": make_thumbnails, "fast": approximate_thumbnails}


def make_levels(height: int, width: int, seed: int) -> Levels:
    """Compute levels that rise and fall in large steps, without a random generator."""
    rows, columns = np.indices((height, width))
    slope = 29 + 2 * seed
    return ((37 * columns + 71 * rows + slope * rows * columns + 53 * seed) % 256).astype(np.uint8)


def make_golden_thumbnails(hash_size: int) -> Thumbnails:
    """Compute thumbnails directly, so that nothing but the features' formulas is pinned."""
    rows, columns = np.indices((32, 32))
    ripples = [(5 * rows + 3 * columns + rows * columns + i) % 17 - 8 for i in range(len(COLOURS))]
    half = hash_size // 2
    return Thumbnails(
        dhash=np.stack([make_levels(hash_size, hash_size + 1, i) for i in range(len(COLOURS))]),
        ahash=np.stack([make_levels(half, half, i + 2) for i in range(len(COLOURS))]),
        cells=average_cells(
            np.stack(
                [
                    (np.array(colour) + ripple[:, :, np.newaxis]).astype(np.uint8)
                    for colour, ripple in zip(COLOURS.values(), ripples, strict=True)
                ]
            )
        ),
    )


def make_golden_picture(seed: int) -> Levels:
    """Compute a picture of 9×8 tiles of 15 pixels, each of one colour."""
    tiles = np.stack([make_levels(8, 9, seed + channel) for channel in range(3)], axis=-1)
    return tiles.repeat(15, axis=0).repeat(15, axis=1)


def describe_goldens() -> Goldens:
    """Compute what the golden file holds, from the current formulas."""
    goldens: Goldens = {}
    for hash_size in HASH_SIZES:
        spec = make_spec(hash_size, "exact")
        thumbnails = make_golden_thumbnails(hash_size)
        rows = compute_features(thumbnails, spec)
        codes = encode_buckets(rows, spec)
        for colour, row, code in zip(COLOURS, rows, codes.tolist(), strict=True):
            goldens[f"hash {hash_size}, {colour}"] = {
                "dhash": row["dhash"].tobytes().hex(),
                "ahash": row["ahash"].tobytes().hex(),
                "mean_rgb": row["mean_rgb"].tolist(),
                "lab_layout": row["lab_layout"].tobytes().hex(),
                "code": code,
                "bucket": describe_bucket(code),
            }
    return goldens


def describe_pictures() -> Goldens:
    """Compute what the golden file holds of whole pictures."""
    spec = make_spec(8, "exact")
    goldens: Goldens = {}
    for seed, (name, shrink) in itertools.product(PICTURE_SEEDS, SHRINKING.items()):
        thumbnails = shrink([make_golden_picture(seed)], 8)
        row = compute_features(thumbnails, spec)[0]
        goldens[f"picture {seed}, {name}"] = {
            "dhash": row["dhash"].tobytes().hex(),
            "ahash": row["ahash"].tobytes().hex(),
            "mean_rgb": row["mean_rgb"].tolist(),
            "lab_layout": row["lab_layout"].tobytes().hex(),
        }
    return goldens


def read_goldens() -> dict[str, Goldens]:
    goldens: dict[str, Goldens] = json.loads(GOLDENS.read_text(encoding="utf-8"))
    return goldens


def test_features_are_those_of_this_feature_version() -> None:
    """Formulas change only together with `FEATURE_VERSION`."""
    assert describe_goldens() == read_goldens()["thumbnails"]


def test_thumbnails_are_those_of_this_feature_version() -> None:
    """From pixels to hashes bit for bit; to colours within a level that is rounded otherwise."""
    goldens = read_goldens()["pictures"]
    pictures = describe_pictures()
    assert pictures.keys() == goldens.keys()
    for name, golden in goldens.items():
        got = pictures[name]
        assert (got["dhash"], got["ahash"]) == (golden["dhash"], golden["ahash"])
        assert got["mean_rgb"] == pytest.approx(golden["mean_rgb"], abs=0.01)
        layouts = (bytes.fromhex(side["lab_layout"]) for side in (got, golden))
        assert max(abs(a - b) for a, b in zip(*layouts, strict=True)) <= 1


@pytest.mark.parametrize("seed", PICTURE_SEEDS)
def test_golden_pictures_are_no_close_call(seed: int) -> None:
    """No bit of their hashes hangs on a level that is rounded up or down."""
    thumbnails = make_single_thumbnails(make_golden_picture(seed), 8)
    assert np.abs(np.diff(thumbnails.dhash.astype(int), axis=1)).min() > 2
    assert np.abs(thumbnails.ahash - thumbnails.ahash.mean()).min() > 2


def test_golden_features_are_of_many_buckets() -> None:
    """The goldens reach every theme, both brightnesses and both values of each bit."""
    codes = {golden["code"] for golden in read_goldens()["thumbnails"].values()}
    assert {code >> 4 for code in codes} == set(range(5))
    for bit in (1, 2, 4, 8):
        assert {code & bit for code in codes} == {0, bit}


def write_goldens() -> None:
    """Write the goldens of a new version; refuse to replace any."""
    goldens = {"thumbnails": describe_goldens(), "pictures": describe_pictures()}
    with GOLDENS.open("x", encoding="utf-8") as file:
        json.dump(goldens, file, indent=1)
        file.write("\n")
    sys.stdout.write(f"Wrote {GOLDENS}. Read it before you commit it.\n")


if __name__ == "__main__":
    write_goldens()
