"""Features of real files agree with those of the published definition.

The reference decodes each file in full with Pillow, turns it upright and applies the scalar
formulas. `exact` decodes in full with another decoder of the same standard; `fast` decodes a
reduced picture. What may differ is how a decoder rounds, and with `fast` whatever the left out
frequencies add: a bit flips where two neighbours are within a few levels.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageOps
from threadpoolctl import threadpool_limits

import oracles
from pictures import DATA_SAMPLES, NO_SHARED_IMAGES, SHARED_IMAGES
from smartdownsample.engines.chunk import extract_chunk
from smartdownsample.features.spec import make_spec
from smartdownsample.options import DecodeMode
from smartdownsample.records import Cause
from smartdownsample.sampling.buckets import encode_buckets
from whole_photos import photo_task

HASH_SIZE = 8
MODES: tuple[DecodeMode, ...] = ("exact", "fast")
SPECS = {mode: make_spec(HASH_SIZE, mode) for mode in MODES}

NO_SAMPLES = "the rendered samples are not beside the tests"
# Of the first, every eighteenth photo; how far apart those are that are compared.
FOLDERS = {
    "some of camtrap": (SHARED_IMAGES / "camtrap", NO_SHARED_IMAGES, 18),
    "camtrap": (SHARED_IMAGES / "camtrap", NO_SHARED_IMAGES, 1),
    "photos": (DATA_SAMPLES / "photos", NO_SAMPLES, 1),
    "crops": (DATA_SAMPLES / "crops", NO_SAMPLES, 1),
}
LONG = {"camtrap"}
# Shares of files in the reference's bucket, and of DHash bits equal to the reference's.
LEAST_AGREEMENT: dict[DecodeMode, tuple[float, float]] = {
    "exact": (0.995, 0.999),
    "fast": (0.97, 0.988),
}

# Levels between two neighbours that decoders may order differently.
CLOSE_CALL = 3


class Described(NamedTuple):
    """A code and the DHash bits of one file."""

    code: int
    dhash: list[int]


class Reference(NamedTuple):
    """What the reference says of one file; `steps` are the levels that each bit rises by."""

    code: int
    dhash: list[int]
    steps: list[int]


class Compared(NamedTuple):
    """One file as the reference and as each decode mode describe it; a text says why not."""

    path: Path
    reference: Reference | str
    ours: dict[DecodeMode, Described | Cause]


class Difference(NamedTuple):
    """How one file that everybody could decode differs from the reference."""

    path: Path
    code: int
    reference_code: int
    # By place: the levels that the reference's bit rises by.
    flipped_bits: dict[int, int]


def describe_reference(path: Path) -> Reference | str:
    """Describe a file as the published definition does."""
    try:
        with Image.open(BytesIO(path.read_bytes())) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except OSError as error:
        return str(error)
    thumbnails = oracles.make_thumbnails(upright, HASH_SIZE)
    features = oracles.describe_thumbnails(thumbnails, HASH_SIZE)
    steps = [b - a for row in thumbnails.dhash for a, b in pairwise(row)]
    return Reference(oracles.bucket_code(features.key), features.dhash, steps)


def describe_ours(path: Path, mode: DecodeMode) -> Described | Cause:
    """Describe a file as the package does."""
    chunk = extract_chunk(photo_task([str(path)], SPECS[mode]))
    cause = chunk.causes[0]
    if cause is not None:
        return cause
    bits = np.unpackbits(chunk.rows["dhash"][0], count=HASH_SIZE**2)
    return Described(int(encode_buckets(chunk.rows, SPECS[mode])[0]), bits.tolist())


def compare(path: Path) -> Compared:
    """Decode a file three times."""
    return Compared(
        path,
        describe_reference(path),
        {mode: describe_ours(path, mode) for mode in MODES},
    )


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.long] if name in LONG else []) for name in FOLDERS
    ],
)
def compared(request: pytest.FixtureRequest) -> Iterator[list[Compared]]:
    """Decode the JPEGs of a folder once with each decoder."""
    folder, reason, step = FOLDERS[request.param]
    if not folder.is_dir():
        pytest.skip(reason)
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg"})
    paths = paths[::step]
    n_workers = os.cpu_count() or 1
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(n_workers) as executor:
        yield list(executor.map(compare, paths))


def list_differences(compared: list[Compared], mode: DecodeMode) -> list[Difference]:
    """Hold one mode against the reference, file by file."""
    differences = []
    for path, reference, ours in compared:
        got = ours[mode]
        if isinstance(reference, str) or isinstance(got, Cause):
            continue
        flipped_bits = {
            place: reference.steps[place]
            for place in range(HASH_SIZE**2)
            if got.dhash[place] != reference.dhash[place]
        }
        differences.append(Difference(path, got.code, reference.code, flipped_bits))
    return differences


@pytest.mark.parametrize("mode", MODES)
def test_buckets_and_bits_agree_with_the_reference(
    compared: list[Compared], mode: DecodeMode
) -> None:
    """Nearly all files are in the reference's bucket, with nearly all of its bits."""
    differences = list_differences(compared, mode)
    moved = [each for each in differences if each.code != each.reference_code]
    flipped = [each for each in differences if each.flipped_bits]
    n_flipped_bits = sum(len(each.flipped_bits) for each in flipped)
    least_buckets, least_bits = LEAST_AGREEMENT[mode]
    assert differences
    assert 1 - len(moved) / len(differences) >= least_buckets, moved
    assert 1 - n_flipped_bits / (len(differences) * HASH_SIZE**2) >= least_bits, flipped


@pytest.mark.parametrize("mode", MODES)
def test_flipped_bits_are_close_calls(compared: list[Compared], mode: DecodeMode) -> None:
    """A bit that differs from the reference's compares neighbours of nearly the same level."""
    for path, _, _, flipped_bits in list_differences(compared, mode):
        assert all(abs(step) <= CLOSE_CALL for step in flipped_bits.values()), path


def test_files_left_out_are_few_and_broken(compared: list[Compared]) -> None:
    """Empty files, and cut ones, which the package uses as far as they go."""
    left_out = [
        each
        for each in compared
        if isinstance(each.reference, str)
        or any(isinstance(side, Cause) for side in each.ours.values())
    ]
    assert len(left_out) <= 0.01 * len(compared), left_out
    for path, reference, ours in left_out:
        assert isinstance(reference, str), path
        causes = {side for side in ours.values() if isinstance(side, Cause)}
        assert causes <= {Cause.EMPTY, Cause.TRUNCATED}, (path, ours)


def test_modes_refuse_the_same_files(compared: list[Compared]) -> None:
    """Whether a file can be used does not hang on the decode mode."""
    for path, _, ours in compared:
        causes = {side if isinstance(side, Cause) else None for side in ours.values()}
        assert len(causes) == 1, path
