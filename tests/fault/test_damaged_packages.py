"""Camtrap DP packages damaged in seeded ways: they are read, or refused with an error of ours.

Each input depends on its number only.
"""

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from camtrap_packages import (
    make_box,
    make_descriptor,
    make_event,
    make_medium,
    make_observation,
    make_package,
    write_package,
)
from fault_counts import PACKAGES, TRIED
from smartdownsample import InvalidParameterError
from smartdownsample.formats.camtrap_dp import is_camtrap_dp, read_camtrap_dp

N_SHORT = 400
# Bytes that mean something in CSV, JSON or times, and others.
MEANINGFUL = b"\0\n\r,;\"'{}[]:\\-+TZ09.e/ \xff\xef\xbb\xbf\x80\x1f\x8b"


def make_whole() -> dict[str, bytes]:
    """Make a package with something of everything."""
    descriptor = make_descriptor()
    for resource in descriptor["resources"]:
        resource |= {"bytes": 5, "hash": "x", "dialect": {"delimiter": ",", "quoteChar": '"'}}
    media = [make_medium(number, exifData='{"a": "b\n"}') for number in range(8)]
    observations = [
        *(make_observation(number, number, **make_box()) for number in range(8)),
        *(make_event(8 + number, number, number + 2, eventID="e") for number in range(5)),
    ]
    return make_package(media, observations, descriptor)


def damage(data: bytes, generator: np.random.Generator) -> bytes:
    """Cut, leave out, insert, repeat, flip or replace bytes."""
    place = int(generator.integers(len(data)))
    length = int(2 ** (7 * generator.random()))
    flipped = bytearray(data)
    flipped[place] ^= 1 << int(generator.integers(8))
    other = bytes(generator.choice(np.frombuffer(MEANINGFUL, np.uint8), min(length, 5)))
    piece = data[place : place + length]
    return [
        data[:place],
        data[:place] + data[place + length :],
        data[:place] + other + data[place:],
        data[:place] + piece + data[place:],
        bytes(flipped),
        data[:place] + other + data[place + len(other) :],
    ][int(generator.integers(6))]


def check(folder: Path, number: int) -> str:
    """Read a damaged package and write a part of it; return what came of it."""
    generator = np.random.default_rng(number)
    files = make_whole()
    for _ in range(int(generator.integers(1, 4))):
        name = str(generator.choice(sorted(files)))
        files[name] = damage(files[name] or b"\0", generator)
    path = write_package(folder, files)
    is_camtrap_dp(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a version that is not known
        try:
            package = read_camtrap_dp(path)
        except InvalidParameterError:
            return "refused"
    package.entries.validate(full=True)
    package.boxes.validate(full=True)
    n = len(package.entries)
    entries = np.flatnonzero(generator.random(n) < 0.5)
    boxes = np.flatnonzero(np.isin(package.boxes["entry"].to_numpy(), entries))
    package.reduce(entries, boxes)
    package.reduce(np.arange(n))
    return "read"


@pytest.mark.parametrize("n", [N_SHORT, pytest.param(TRIED[PACKAGES], marks=pytest.mark.long)])
def test_damaged_packages_are_read_or_refused(tmp_path: Path, n: int) -> None:
    """No exception of a library, whatever is damaged."""
    outcomes = Counter(check(tmp_path, number) for number in range(n))
    assert min(outcomes["read"], outcomes["refused"]) > n // 10, outcomes


def test_the_whole_package_is_read(tmp_path: Path) -> None:
    """What is damaged is in order before."""
    package = read_camtrap_dp(write_package(tmp_path, make_whole()))
    assert (len(package.entries), len(package.boxes), package.n_faults) == (8, 8, 0)
