"""Judge selections: this package's, the published one's and plain ones, on the same collections.

What is judged is explained in docs/selection.md. The published package is left out where its
environment is missing.
"""

import argparse
import csv
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from bursts import BurstCollection, render_bursts
from collection_files import REAL_PHOTOS, SHARED_IMAGES, link_or_copy
from command_line import make_parser, parse_options
from judging import Figures, Judge, measure_overlap
from kept import Record, trim
from measuring import find_python, run_peer, say
from pages.selection import FACILITIES, RANDOM, REFERENCE
from peers.job import Job
from runs import REFERENCE_ENVIRONMENT, Run
from samplers import MOST_COMPARED, SAMPLERS
from selection_lines import check_lines
from smartdownsample import ImageIndex, find_images
from smartdownsample.records import IntArray
from write_pages import finish

_GROCERIES = os.path.join(SHARED_IMAGES, "groups", "marcusklasson+GroceryStoreDataset")

_SHARES = (0.01, 0.05, 0.15, 0.5)
# Fewer picks than that say little.
_FEWEST_PICKS, _FEWEST_SMOKE_PICKS = 15, 5
_SEEDS, _SMOKE_SEEDS = 5, 2
# Random picks are what all others are compared with, and cost nothing.
_RANDOM_REPEATS = 5
# Of the published package: its default.
_N_WORKERS = 4
_SCRAMBLING_SEED = 42


@dataclass(frozen=True)
class Collection:
    """A collection in one order."""

    name: str
    index: ImageIndex  # what samplers see
    judge: Judge  # what they do not
    places: IntArray  # for each row of the index its place in the judge's natural order
    is_scrambled: bool = False  # whether names and order mean nothing


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark, print its tables, and keep its figures when asked to."""
    parser = make_parser(__doc__, "--photos", "--environments")
    options = parse_options(parser, arguments, "selection")
    cells: list[Record] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name, truth in gather_truths(options, os.path.join(folder, "rendered")):
            collection = open_collection(name, truth)
            for ordered in (collection, scramble(collection, os.path.join(folder, name))):
                cells += judge_samplers(ordered, options)
    record = {
        "is_smoke": options.smoke,
        "is_rounded": False,  # figures only as exact as the page shows them make no picture
        "cells": cells,
        "lines": check_lines(cells),
    }
    finish("selection", record, options)


def gather_truths(
    options: argparse.Namespace, rendered: str
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Find or render the collections: their names, and the true group of each photo.

    Of photos of one's own, parent folders are the groups; a smoke run needs none but rendered ones.
    Real photos are left out where there are none.
    """
    if options.photos:
        yield "folder", _label_by_folder(options.photos)
        return
    if options.smoke:
        yield "bursts", render_bursts(BurstCollection("bursts", 10, (1, 5), (80, 60)), rendered)
        return
    for collection in (
        BurstCollection("bursts", 3000, (1, 10)),
        BurstCollection("long bursts", 1500, (20, 60)),
    ):
        yield collection.name, render_bursts(collection, os.path.join(rendered, collection.name))
    truth_path = os.path.join(REAL_PHOTOS[1], "TRUTH.csv")
    if os.path.exists(truth_path):
        with open(truth_path, newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        group_of = {each["path"]: f"{each['camera']} {each['sequence']}" for each in lines}
        yield (
            "camera traps",
            {os.path.join(SHARED_IMAGES, path): group_of[path] for path in group_of},
        )
    if os.path.isdir(_GROCERIES):
        yield "groceries", _label_by_folder(_GROCERIES)


def _label_by_folder(folder: str) -> dict[str, str]:
    """Take parent folders as groups."""
    return {path: os.path.dirname(path) for path in find_images(folder)}


def open_collection(name: str, truth: Mapping[str, str]) -> Collection:
    """Read a collection's features, and describe its readable photos for the judge."""
    index = ImageIndex.build(list(truth), cache=False)
    judge = Judge.look_at(index.paths, [truth[path] for path in index.paths])
    return Collection(name, index, judge, np.arange(len(index)))


def scramble(collection: Collection, folder: str) -> Collection:
    """Give photos random names in a new folder, so that nothing but their looks can help."""
    os.mkdir(folder)
    rng = np.random.default_rng(_SCRAMBLING_SEED)
    place_of = {}
    for place, path in enumerate(collection.index.paths):
        name = rng.bytes(8).hex() + os.path.splitext(path)[1]
        link_or_copy(path, os.path.join(folder, name))
        place_of[os.path.join(folder, name)] = place
    index = ImageIndex.build(list(place_of), cache=False)
    places = np.array([place_of[path] for path in index.paths])
    return Collection(collection.name, index, collection.judge, places, is_scrambled=True)


def judge_samplers(collection: Collection, options: argparse.Namespace) -> list[Record]:
    """Let all samplers pick from a collection, and judge what they pick."""
    n = len(collection.index)
    fewest = _FEWEST_SMOKE_PICKS if options.smoke else _FEWEST_PICKS
    shares = [share for share in _SHARES if round(n * share) >= fewest]
    counts = [round(n * share) for share in shares]
    picked = _pick(collection, counts, options)
    cells = []
    for number, (share, count) in enumerate(zip(shares, counts, strict=True)):
        picks = {name: [each[number] for each in of_name] for name, of_name in picked.items()}
        means = {name: _judge(collection, of_seeds) for name, of_seeds in picks.items()}
        for sampler, figures in means.items():
            assert sampler == REFERENCE or figures.n_returned == count
            cell = {
                "collection": collection.name,
                "is_scrambled": collection.is_scrambled,  # whether names and order meant nothing
                "n_images": n,
                "n_groups": int(collection.judge.groups.max()) + 1,
                "share": share,  # of the collection that was to be picked
                "target_count": count,  # the same as a number
                "sampler": sampler,
                "n_different": trim(figures.n_different),  # means over the seeds, see `Figures`
                "groups": trim(figures.groups),
                "near": trim(figures.near),
                # In ratio to random picks.
                "mean": trim(figures.mean / means[RANDOM].mean),
                "worst": trim(figures.worst / means[RANDOM].worst),
                "in_common": trim(measure_overlap(picks[sampler])),  # share that two seeds agree on
            }
            cells.append(cell)
    return cells


def _judge(collection: Collection, picks_of_seeds: Sequence[IntArray]) -> Figures:
    """Judge a sampler's selections with several seeds; means."""
    judged = [collection.judge.judge(collection.places[picks]) for picks in picks_of_seeds]
    return Figures(*(fmean(figures) for figures in zip(*judged, strict=True)))


def _pick(
    collection: Collection, counts: Sequence[int], options: argparse.Namespace
) -> dict[str, list[list[IntArray]]]:
    """Let all samplers pick: for each seed rows of the index for each number of picks."""
    n = len(collection.index)
    picked: dict[str, list[list[IntArray]]] = {}
    for name, sampler in SAMPLERS.items():
        if name == FACILITIES and n > MOST_COMPARED:
            say(f"{collection.name}: {n:,} photos are too many for {name}")
            continue
        n_seeds = _SMOKE_SEEDS if options.smoke else _SEEDS
        n_seeds *= _RANDOM_REPEATS if name == RANDOM else 1
        started = time.perf_counter()
        picked[name] = [sampler(collection.index, counts, seed) for seed in range(n_seeds)]
        say(f"{collection.name}: {name} {time.perf_counter() - started:.1f} s")
    python = find_python(options.environments, REFERENCE_ENVIRONMENT)
    if os.path.exists(python):
        # Its seed has no say in what it picks.
        picked[REFERENCE] = [[_run_reference(collection, count, python) for count in counts]]
    else:
        say(f"{collection.name}: {REFERENCE} left out, there is no {REFERENCE_ENVIRONMENT}")
    return picked


def _run_reference(collection: Collection, count: int, python: str) -> IntArray:
    """Let the published package pick: rows of the index, some of them repeatedly."""
    job = Job(
        paths=collection.index.paths,
        target_count=count,
        n_workers=_N_WORKERS,
        random_seed=42,
        cache_dir="",
        wants_picks=True,
    )
    result = run_peer(Run(REFERENCE, "reference"), python, job).result
    row_of = {path: row for row, path in enumerate(collection.index.paths)}
    return np.array([row_of[path] for path in result["picks"]])


if __name__ == "__main__":
    main()
