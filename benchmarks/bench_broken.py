"""Measure what broken files cost: a collection of which 30 % are broken against its good ones.

Every run is a process of its own. Every broken file must be listed once with its cause, and a
second run must open none of them.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median
from typing import TypedDict

import numpy as np

from layout import CROPS_PER_PHOTO, choose_photos, lay_out
from measuring import describe_machine
from scenarios import Collection
from smartdownsample.records import Cause

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Photos to use when none are given: real ones beside the repository, else rendered ones in it.
_PHOTO_FOLDERS = (
    os.path.join(os.path.dirname(_ROOT), "shared", "images", "camtrap"),
    os.path.join(_ROOT, "data_samples", "photos"),
)
_SHARE_BROKEN = 0.3
_SHARE_GOOD = 1 - _SHARE_BROKEN
# Long ago, so that a run remembers what it saw.
_MTIME_NS = 1_700_000_000_123_456_789

# Ways in which files are broken, and what is to be said of them.
_DAMAGES: tuple[tuple[Callable[[bytes], bytes], Cause], ...] = (
    (lambda _: b"", Cause.EMPTY),
    (lambda data: data[:300], Cause.TRUNCATED),
    (lambda data: data[: len(data) // 8], Cause.TRUNCATED),
    (lambda data: data[:2] + bytes(len(data) - 4) + data[-2:], Cause.UNREADABLE),
    (lambda data: bytes(len(data)), Cause.NOT_AN_IMAGE),
    (lambda data: data[len(data) // 2 :], Cause.NOT_AN_IMAGE),
    (lambda _: b"Copied from the card on Monday.\n" * 40, Cause.TEXT),
    (lambda _: b"<!DOCTYPE html><html><body>Log in</body></html>", Cause.WEB_PAGE),
    (lambda data: b"\0\0\0\x18ftypmp42" + data, Cause.VIDEO),
    (lambda data: b"PK\x03\x04" + data, Cause.ARCHIVE),
    (lambda _: b"\x89PNG\r\n\x1a\n", Cause.UNREADABLE),
    (lambda data: _claim_size(data, 65535), Cause.TOO_LARGE),
)

_RUN = """
import json, sys, time, warnings
job = json.load(sys.stdin)
if job["refused"]:
    refused = set(job["refused"])
    def refuse(event, arguments):
        if event == "open" and arguments[0] in refused:
            raise AssertionError(f"opened {arguments[0]}")
    sys.addaudithook(refuse)
warnings.simplefilter("ignore")
import smartdownsample.extract
from smartdownsample import ImageIndex
started = time.perf_counter()
index = ImageIndex.build(job["paths"], cache_dir=job["cache_dir"])
print(json.dumps({
    "call_s": time.perf_counter() - started,
    "n_pictures": len(index),
    "failures": [(failure.path, failure.cause.name) for failure in index.failures],
}))
"""


class Result(TypedDict):
    """What came of a run."""

    call_s: float
    n_pictures: int
    failures: list[tuple[str, str]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its figures.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line.

    Returns
    -------
    int
        The exit code: 1 when a broken file was not listed as it should be, or was opened again.
    """
    options = parse_options(arguments)
    machine = describe_machine()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        good, broken = lay_out_files(options, folder)
        rounds = [measure_round(good, broken) for _ in range(options.rounds)]
    ratios = [mixed["call_s"] / alone["call_s"] for alone, mixed, _ in rounds]
    alone_s, mixed_s, again_s = (
        median(runs[place]["call_s"] for runs in rounds) for place in range(3)
    )
    causes = Counter(cause for _, cause in rounds[0][1]["failures"])
    print(f"{len(good):,} good files alone: {alone_s:.2f} s")
    print(f"with {len(broken):,} broken files among them: {mixed_s:.2f} s")
    print(f"ratio: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    print(f"second run, which may open no broken file: {again_s:.2f} s")
    print(f"causes: {', '.join(f'{count:,} {cause}' for cause, count in causes.most_common())}")
    print(f"machine: {machine}")
    wrong = [text for _, *runs in rounds for run in runs for text in find_faults(run, good, broken)]
    print("\n".join(wrong[:20]) or "every broken file was listed once, with its cause")
    return int(bool(wrong))


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line.

    Parameters
    ----------
    arguments : sequence of str or None
        None takes those of the process.

    Returns
    -------
    argparse.Namespace
        With counts that are smaller in a smoke run.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--photos", metavar="DIR", help="photos to cut the files from")
    add("--n-files", type=int, help="files in the collection (10000)")
    add("--n-different", type=int, help="different files among them (200)")
    add("--rounds", type=int, help="measurements (3)")
    add("--smoke", action="store_true", help="run everything once, on a few files")
    options = parser.parse_args(arguments)
    defaults = (100, 40, 1) if options.smoke else (10_000, 200, 3)
    for name, default in zip(("n_files", "n_different", "rounds"), defaults, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, default)
    options.photos = options.photos or next(filter(os.path.isdir, _PHOTO_FOLDERS), None)
    if options.photos is None:
        parser.error("There are no photos to use. Name a folder with --photos.")
    if not 0 < options.n_different <= options.n_files:
        parser.error("There must be a file at least, and no more different ones than files.")
    return options


def lay_out_files(options: argparse.Namespace, folder: str) -> tuple[list[str], dict[str, Cause]]:
    """Write the collection.

    Parameters
    ----------
    options : argparse.Namespace
        Of the run.
    folder : str
        An existing folder.

    Returns
    -------
    list of str
        Paths of the good files.
    dict of str to Cause
        What is to be said of each broken one.
    """
    n_good = round(options.n_different * _SHARE_GOOD)
    photos = choose_photos(options.photos, math.ceil(n_good / CROPS_PER_PHOTO))
    originals = lay_out(Collection("different", "", "crops", n_good), photos, folder)
    damaged: list[tuple[str, Cause]] = []
    for number in range(options.n_different - n_good):
        damage, cause = _DAMAGES[number % len(_DAMAGES)]
        with open(originals[number % n_good], "rb") as file:
            data = damage(file.read())
        path = os.path.join(folder, f"damaged_{number}")
        with open(path, "wb") as file:
            file.write(data)
        damaged.append((path, cause))
    for path in [*originals, *(path for path, _ in damaged)]:
        os.utime(path, ns=(_MTIME_NS, _MTIME_NS))
    good: list[str] = []
    broken: dict[str, Cause] = {}
    is_broken = np.random.default_rng(42).permutation(options.n_files) >= round(
        options.n_files * _SHARE_GOOD
    )
    os.mkdir(os.path.join(folder, "photos"))
    for number, flag in enumerate(is_broken.tolist()):
        path = os.path.join(folder, "photos", f"IMG_{number:05d}.JPG")
        if flag:
            source, cause = damaged[len(broken) % len(damaged)]
            broken[path] = cause
        else:
            source = originals[len(good) % len(originals)]
            good.append(path)
        os.link(source, path)
    return good, broken


def _claim_size(jpeg: bytes, side: int) -> bytes:
    """Make a baseline JPEG claim another size."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + side.to_bytes(2, "big") * 2 + jpeg[at + 4 :]


def measure_round(good: Sequence[str], broken: dict[str, Cause]) -> tuple[Result, Result, Result]:
    """Run the good files alone, all files, and all files once more.

    Parameters
    ----------
    good : sequence of str
        Paths of the good files.
    broken : dict of str to Cause
        The broken ones.

    Returns
    -------
    tuple of three Result
        In this order.
    """
    everything = sorted([*good, *broken])
    with tempfile.TemporaryDirectory(prefix="bench-cache-") as cache_dir:
        alone = run(good, os.path.join(cache_dir, "alone"))
        both = os.path.join(cache_dir, "both")
        mixed = run(everything, both)
        again = run(everything, both, refused=list(broken))
    return alone, mixed, again


def run(paths: Sequence[str], cache_dir: str, *, refused: Sequence[str] = ()) -> Result:
    """Build an index in a new process.

    Parameters
    ----------
    paths : sequence of str
        Of the files.
    cache_dir : str
        Folder of the store.
    refused : sequence of str
        Files whose opening ends the run with an error.

    Returns
    -------
    Result
        What came of it.
    """
    job = {"paths": list(paths), "cache_dir": cache_dir, "refused": list(refused)}
    started = time.perf_counter()
    process = subprocess.run(
        [sys.executable, "-c", _RUN],
        input=json.dumps(job),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    print(f"{len(paths):,} files: {time.perf_counter() - started:.2f} s in all", file=sys.stderr)
    result: Result = json.loads(process.stdout)
    return result


def find_faults(result: Result, good: Sequence[str], broken: dict[str, Cause]) -> list[str]:
    """Compare what was listed with what is broken.

    Parameters
    ----------
    result : Result
        Of a run over all files.
    good : sequence of str
        Paths of the good files.
    broken : dict of str to Cause
        The broken ones.

    Returns
    -------
    list of str
        What is wrong, for people.
    """
    listed = Counter(path for path, _ in result["failures"])
    faults = [f"listed {count} times: {path}" for path, count in listed.items() if count > 1]
    causes = dict(result["failures"])
    for path in sorted({*broken, *causes}):
        expected = broken[path].name if path in broken else "a picture"
        got = causes.get(path, "a picture")
        if got != expected:
            faults.append(f"{got} instead of {expected}: {path}")
    if result["n_pictures"] != len(good):
        faults.append(f"{result['n_pictures']:,} pictures instead of {len(good):,}")
    return faults


if __name__ == "__main__":
    sys.exit(main())
