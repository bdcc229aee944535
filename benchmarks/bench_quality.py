"""Judge selections: this package's, the published one's and plain ones, on the same collections.

What is judged is explained in docs/selection.md. The published package is run when
``--reference`` names a Python that has it.
"""

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from bursts import BurstCollection, render_bursts
from judging import Judge, measure_overlap
from layout import link_or_copy
from measuring import Peer, describe_machine, run_peer
from peers.job import Job
from results import (
    REFERENCE,
    Cell,
    format_aims,
    format_cells,
    load_cells,
    name_collection,
    save_plot,
    write_document,
)
from samplers import FACILITIES, MOST_COMPARED, RANDOM, SAMPLERS
from smartdownsample import ImageIndex, find_images
from smartdownsample.records import IntArray

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_SHARED_IMAGES = os.path.join(os.path.dirname(_ROOT), "shared", "images")
_CAMTRAP = "camtrap"
_GROCERIES = os.path.join("groups", "marcusklasson+GroceryStoreDataset")
_DOCUMENT = os.path.join(_ROOT, "docs", "selection.md")
_PLOT = os.path.join(_ROOT, "docs", "images", "selection.png")

SHARES = (0.01, 0.05, 0.15, 0.5)
# Fewer picks than that say little.
_FEWEST_PICKS = 15
# Random picks are what all others are compared with, and cost nothing.
_RANDOM_REPEATS = 5
_SCRAMBLING_SEED = 42


@dataclass(frozen=True)
class Collection:
    """A collection in one order.

    Attributes
    ----------
    name : str
        In the results.
    index : ImageIndex
        What samplers see.
    judge : Judge
        What they do not.
    places : ndarray of int64, shape (n,)
        For each row of the index its place in the judge's natural order.
    is_scrambled : bool
        Whether names and order mean nothing.
    """

    name: str
    index: ImageIndex
    judge: Judge
    places: IntArray
    is_scrambled: bool = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark, print its tables and keep its figures.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line.
    """
    options = parse_options(arguments)
    cells = load_cells(options.again) if options.again else measure(options)
    print(format_cells(cells), format_aims(cells), sep="\n")
    if options.json:
        record = {"machine": describe_machine(), "cells": [asdict(cell) for cell in cells]}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)
    if options.document:
        write_document(_DOCUMENT, cells)
        save_plot(_PLOT, cells)


def measure(options: argparse.Namespace) -> list[Cell]:
    """Judge all samplers on all collections, names as they are and scrambled.

    Parameters
    ----------
    options : argparse.Namespace
        Of the run.

    Returns
    -------
    list of Cell
        Collection by collection.
    """
    cells: list[Cell] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        rendered = options.rendered or os.path.join(folder, "rendered")
        for name, truth in gather_truths(options, rendered):
            collection = open_collection(name, truth)
            flat = os.path.join(folder, f"{name}-scrambled")
            for ordered in (collection, scramble(collection, flat)):
                cells += judge_samplers(ordered, options)
    return cells


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line.

    Parameters
    ----------
    arguments : sequence of str or None
        None takes those of the process.

    Returns
    -------
    argparse.Namespace
        With smaller counts in a smoke run.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--reference", metavar="PYTHON", help="interpreter with smartdownsample 1.8.4 installed")
    add("--images", metavar="DIR", help="real photos whose groups are known (../shared/images)")
    add("--folder", metavar="DIR", help="your own photos alone; parent folders are the groups")
    add("--rendered", metavar="DIR", help="keep the rendered photos there, and use them again")
    add("--seeds", type=int, help="selections of each sampler (5)")
    add("--n-workers", type=int, default=4, help="of the published package (4, its default)")
    add("--smoke", action="store_true", help="run everything on a few rendered photos")
    add("--json", metavar="FILE", help="keep every figure there")
    add("--again", metavar="FILE", help="measure nothing, show what --json has kept there")
    add("--document", action="store_true", help="write the tables and the plot into docs/")
    options = parser.parse_args(arguments)
    options.seeds = options.seeds or (2 if options.smoke else 5)
    if options.seeds < 1:
        parser.error("There must be at least one seed.")
    if not options.smoke:
        options.images = options.images or _SHARED_IMAGES
    return options


def gather_truths(
    options: argparse.Namespace, rendered: str
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Find or render the collections.

    Parameters
    ----------
    options : argparse.Namespace
        Of the run.
    rendered : str
        Folder for rendered photos.

    Yields
    ------
    name : str
        Of the collection.
    truth : mapping of str to str
        Of each photo's path its true group.
    """
    if options.folder:
        yield "folder", _label_by_folder(options.folder)
        return
    sizes = (60, 40) if options.smoke else (3000, 1500)
    for name, n_frames, lengths in zip(
        ("bursts", "long bursts"), sizes, ((1, 10), (20, 60)), strict=True
    ):
        collection = BurstCollection(name, n_frames, lengths)
        yield name, render_bursts(collection, os.path.join(rendered, name))
    if not options.images:
        return
    truth_path = os.path.join(options.images, _CAMTRAP, "TRUTH.csv")
    if os.path.exists(truth_path):
        with open(truth_path, newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        yield (
            "camera traps",
            {
                os.path.join(options.images, line["path"]): f"{line['camera']} {line['sequence']}"
                for line in lines
            },
        )
    else:
        print(f"Skipped: there are no camera-trap photos below {options.images}.", file=sys.stderr)
    groceries = os.path.join(options.images, _GROCERIES)
    if os.path.isdir(groceries):
        yield "groceries", _label_by_folder(groceries)
    else:
        print(f"Skipped: there are no groceries below {options.images}.", file=sys.stderr)


def _label_by_folder(folder: str) -> dict[str, str]:
    """Take parent folders as groups."""
    return {path: os.path.dirname(path) for path in find_images(folder)}


def open_collection(name: str, truth: Mapping[str, str]) -> Collection:
    """Read a collection's features, and describe it for the judge.

    Parameters
    ----------
    name : str
        Of the collection.
    truth : mapping of str to str
        Of each photo's path its true group.

    Returns
    -------
    Collection
        Of the readable photos, names as they are.
    """
    index = ImageIndex.build(list(truth), cache=False)
    judge = Judge.look_at(index.paths, [truth[path] for path in index.paths])
    return Collection(name, index, judge, np.arange(len(index)))


def scramble(collection: Collection, folder: str) -> Collection:
    """Give photos random names in one folder, so that nothing but their looks can help.

    Parameters
    ----------
    collection : Collection
        With meaningful names.
    folder : str
        Where to link the files; must not exist.

    Returns
    -------
    Collection
        The same photos in random order.
    """
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


def judge_samplers(collection: Collection, options: argparse.Namespace) -> list[Cell]:
    """Let all samplers pick from a collection, and judge what they pick.

    Parameters
    ----------
    collection : Collection
        To pick from.
    options : argparse.Namespace
        Of the run.

    Returns
    -------
    list of Cell
        One for each sampler and number of picks.
    """
    n = len(collection.index)
    title = name_collection(collection.name, is_scrambled=collection.is_scrambled)
    shares = [share for share in SHARES if round(n * share) >= _FEWEST_PICKS]
    for share in set(SHARES) - set(shares):
        print(f"{title}: {share:.0%} of {n:,} are too few picks to judge", file=sys.stderr)
    counts = [round(n * share) for share in shares]
    picked: dict[str, list[list[IntArray]]] = {}
    for name, sampler in SAMPLERS.items():
        if name == FACILITIES and n > MOST_COMPARED:
            print(f"{title}: {n:,} photos are too many for {name}", file=sys.stderr)
            continue
        n_seeds = options.seeds * (_RANDOM_REPEATS if name == RANDOM else 1)
        started = time.perf_counter()
        picked[name] = [sampler(collection.index, counts, seed) for seed in range(n_seeds)]
        print(f"{title}: {name} {time.perf_counter() - started:.1f} s", file=sys.stderr)
    if options.reference:
        # Its seed has no say in what it picks.
        picked[REFERENCE] = [[run_reference(collection, count, options) for count in counts]]
    else:
        print(f"{title}: without --reference the published package is left out", file=sys.stderr)
    return [
        Cell(
            collection=collection.name,
            is_scrambled=collection.is_scrambled,
            n_images=n,
            n_groups=collection.judge.n_groups,
            share=share,
            target_count=counts[number],
            sampler=name,
            overlap=measure_overlap([of_seed[number] for of_seed in of_sampler]),
            runs=[
                collection.judge.judge(collection.places[of_seed[number]]) for of_seed in of_sampler
            ],
        )
        for number, share in enumerate(shares)
        for name, of_sampler in picked.items()
    ]


def run_reference(collection: Collection, count: int, options: argparse.Namespace) -> IntArray:
    """Let the published package pick, in its own environment.

    Parameters
    ----------
    collection : Collection
        To pick from.
    count : int
        How many.
    options : argparse.Namespace
        Of the run.

    Returns
    -------
    ndarray of int64, shape (k,)
        Rows of the index, some of them repeatedly.
    """
    job = Job(
        paths=collection.index.paths,
        target_count=count,
        n_workers=options.n_workers,
        random_seed=42,
        cache_dir="",
        wants_picks=True,
    )
    # Not resolved: a virtual environment's interpreter is known by its link's place.
    result = run_peer(Peer("reference", os.path.abspath(options.reference)), job).result
    row_of = {path: row for row, path in enumerate(collection.index.paths)}
    return np.array([row_of[path] for path in result["picks"]])


if __name__ == "__main__":
    main()
