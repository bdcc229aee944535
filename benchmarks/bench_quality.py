"""Judge selections: this package's, the published one's and plain ones, on the same collections.

What is judged is explained in docs/selection.md. The published package and the classifiers are
left out where their environments are missing. The former default's figures are kept; another
version makes them anew, on its path: PYTHONPATH=OTHER/src bench_quality.py --as-former.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import fmean, stdev

import numpy as np

from collection_files import link_or_copy
from command_line import make_parser, parse_options
from judging import Judge, measure_overlap
from kept import Record, find_kept, load, save, trim
from measuring import find_python, run_peer, say
from pages.selection import DEFAULT, FACILITIES, FORMER, RANDOM, REFERENCE, STRIDE_IN_TIME
from peers.job import Job
from probing import Probe
from runs import REFERENCE_ENVIRONMENT, Run
from samplers import MOST_COMPARED, SAMPLERS, has_times
from selection_lines import check_lines
from smartdownsample import ImageIndex
from smartdownsample.records import IntArray, pack_paths
from truths import Truth, gather_truths
from write_pages import finish

_SHARES = (0.05, 0.15, 0.5)
# So many picks for each occupied bucket, too.
_PER_BUCKET = 2
_SEEDS, _SMOKE_SEEDS = 5, 2
# Random picks are what all others are compared with, and cost nothing.
_RANDOM_REPEATS = 5
# Of the published package: its default.
_N_WORKERS = 4
_SCRAMBLING_SEED = 42
# Orders of a collection, beside the one that it has.
_SCRAMBLED, _TIMED = "scrambled", "scrambled, times kept"

# For each sampler and seed rows of the index for each number of picks.
Picked = Mapping[str, Sequence[Sequence[IntArray]]]


@dataclass(frozen=True)
class Collection:
    """A collection in one order."""

    truth: Truth
    index: ImageIndex  # what samplers see
    judge: Judge  # what they do not
    probe: Probe | None
    places: IntArray  # for each row of the index its place in the judge's natural order
    order: str = ""  # what was done to the natural order

    @property
    def title(self) -> str:
        """Collection and order."""
        return ", ".join(filter(None, (self.truth.name, self.order)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark, print its tables, and keep its figures when asked to."""
    parser = make_parser(__doc__, "--photos", "--environments")
    parser.add_argument(
        "--as-former", action="store_true", help="only keep the default's figures as the former's"
    )
    options = parse_options(parser, arguments, "selection")
    cells: list[Record] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for truth in gather_truths(options, os.path.join(folder, "made")):
            collection = open_collection(truth, options)
            scrambled = scramble(collection, os.path.join(folder, truth.name))
            for ordered in (collection, *scrambled):
                cells += judge_samplers(ordered, options)
    if options.as_former:
        cells = [{**cell, "sampler": FORMER} for cell in cells if cell["sampler"] == DEFAULT]
        save(find_kept("former"), {"cells": cells})
        return
    cells = add_former(cells, load(find_kept("former")).get("cells", []))
    record = {
        "is_smoke": options.smoke,
        "is_rounded": False,  # figures only as exact as the page shows them make no picture
        "cells": cells,
        "lines": check_lines(cells),
    }
    finish("selection", record, options)


def open_collection(truth: Truth, options: argparse.Namespace) -> Collection:
    """Read a collection's features, and describe its readable photos for the judge."""
    index = ImageIndex.build(list(truth.groups), cache=False)
    judge = Judge.look_at(index.paths, [truth.groups[path] for path in index.paths])
    probe = None
    if truth.probe_counts:
        # A smoke run goes without networks.
        stand_in = judge.points if options.smoke else None
        probe = Probe.look_at(truth, index.paths, options.environments, stand_in)
    return Collection(truth, index, judge, probe, np.arange(len(index)))


def scramble(collection: Collection, folder: str) -> Iterator[Collection]:
    """Give photos random names in one folder: without their capture times, and with them.

    Samplers that read the files themselves take no notice of capture times.
    """
    os.mkdir(folder)
    places = np.random.default_rng(_SCRAMBLING_SEED).permutation(len(collection.index))
    table = collection.index.table.take(places)
    # Numbers with leading zeros: their natural order is the one drawn.
    extensions = [os.path.splitext(path)[1] for path in table.paths]
    paths = [os.path.join(folder, f"{row:07d}{each}") for row, each in enumerate(extensions)]
    for path, name in zip(table.paths, paths, strict=True):
        link_or_copy(path, name)
    timed = replace(table, paths=pack_paths(paths))
    rows = table.rows.copy()
    rows["captured"] = np.datetime64("NaT", "ms")
    untimed = replace(timed, rows=rows)
    yield replace(collection, index=ImageIndex(untimed), places=places, order=_SCRAMBLED)
    if has_times(timed):
        yield replace(collection, index=ImageIndex(timed), places=places, order=_TIMED)


def judge_samplers(collection: Collection, options: argparse.Namespace) -> list[Record]:
    """Let all samplers pick from a collection, and judge what they pick."""
    counts = _list_counts(collection)
    picked = _pick(collection, counts, options)
    cells = []
    for number, count in enumerate(counts):
        picks = {name: [each[number] for each in of_name] for name, of_name in picked.items()}
        judged = {name: _judge(collection, of_seeds, count) for name, of_seeds in picks.items()}
        for sampler, figures in judged.items():
            means = {name: fmean(values) for name, values in figures.items()}
            n_returned = fmean(map(len, picks[sampler]))
            assert sampler == REFERENCE or n_returned == count
            for name in ("mean", "worst"):
                means[name] /= fmean(judged[RANDOM][name])
            cell = {
                "collection": collection.truth.name,
                "is_aside": collection.truth.is_aside,  # whether no choice was made by it
                "order": collection.order,  # what was done to names and times, if anything
                "n_images": len(collection.index),
                "n_groups": int(collection.judge.groups.max()) + 1,
                "n_buckets": _count_buckets(collection),  # that are occupied
                "target_count": count,
                "sampler": sampler,
                # Means over the seeds, see `Judge.judge` and `Probe.measure`; distances in ratio
                # to random picks.
                **{name: trim(mean) for name, mean in means.items()},
                # Standard deviations over the seeds.
                **{
                    f"{name}_sd": trim(stdev(figures[name]) if len(figures[name]) > 1 else 0)
                    for name in ("groups", "accuracy")
                    if name in figures
                },
                "in_common": trim(measure_overlap(picks[sampler])),  # share that two seeds agree on
            }
            cells.append(cell)
    return cells


def _list_counts(collection: Collection) -> list[int]:
    """List the numbers of picks: by buckets, by groups, as shares, and for classifiers."""
    n = len(collection.index)
    counts = {_PER_BUCKET * _count_buckets(collection), int(collection.judge.groups.max()) + 1}
    counts |= {round(n * share) for share in _SHARES}
    if collection.probe is not None:
        counts |= set(collection.truth.probe_counts)
    return sorted(count for count in counts if 1 < count < n)


def _count_buckets(collection: Collection) -> int:
    """Count the buckets that have images."""
    return len(np.unique(collection.index.codes))


def _judge(
    collection: Collection, picks_of_seeds: Sequence[IntArray], count: int
) -> dict[str, list[float]]:
    """Judge a sampler's selections: of each figure the values of all seeds."""
    figures: dict[str, list[float]] = {}
    for picks in picks_of_seeds:
        places = collection.places[picks]
        judged = collection.judge.judge(places)
        if collection.probe is not None and count in collection.truth.probe_counts:
            judged |= collection.probe.measure(places)
        for name, figure in judged.items():
            figures.setdefault(name, []).append(figure)
    return figures


def _pick(collection: Collection, counts: Sequence[int], options: argparse.Namespace) -> Picked:
    """Let all samplers pick."""
    picked: dict[str, list[list[IntArray]]] = {}
    for name, sampler in SAMPLERS.items():
        if options.as_former and name not in (DEFAULT, RANDOM):
            continue
        if name == STRIDE_IN_TIME and not has_times(collection.index.table):
            continue
        if name == FACILITIES and len(collection.index) > MOST_COMPARED:
            say(f"{collection.title}: {len(collection.index):,} photos are too many for {name}")
            continue
        n_seeds = _SMOKE_SEEDS if options.smoke else _SEEDS
        # The seed has no say in facility location.
        n_seeds *= {RANDOM: _RANDOM_REPEATS, FACILITIES: 0}.get(name, 1)
        started = time.perf_counter()
        picked[name] = [sampler(collection.index, counts, seed) for seed in range(max(1, n_seeds))]
        say(f"{collection.title}: {name} {time.perf_counter() - started:.1f} s")
    python = find_python(options.environments, REFERENCE_ENVIRONMENT)
    if not os.path.exists(python):
        say(f"{collection.title}: {REFERENCE} left out, there is no {REFERENCE_ENVIRONMENT}")
    elif not options.as_former:
        started = time.perf_counter()
        # Its seed has no say in what it picks.
        paths = tuple(collection.index.paths)
        picked[REFERENCE] = [[_run_reference(paths, count, python) for count in counts]]
        say(f"{collection.title}: {REFERENCE} {time.perf_counter() - started:.1f} s")
    return picked


@lru_cache(maxsize=32)
def _run_reference(paths: tuple[str, ...], count: int, python: str) -> IntArray:
    """Let the published package pick: rows of the index, some of them repeatedly."""
    job = Job(
        paths=list(paths),
        target_count=count,
        n_workers=_N_WORKERS,
        random_seed=42,
        cache_dir="",
        wants_picks=True,
    )
    result = run_peer(Run(REFERENCE, "reference"), python, job).result
    row_of = {path: row for row, path in enumerate(paths)}
    return np.array([row_of[path] for path in result["picks"]])


def add_former(cells: Sequence[Record], former: Sequence[Record]) -> list[Record]:
    """Add the former default's cells after the default's, where the same was asked of it."""
    asked = ("collection", "order", "n_images", "n_groups", "n_buckets", "target_count")
    kept = {tuple(cell[name] for name in asked): cell for cell in former}
    added = []
    for cell in cells:
        added.append(cell)
        found = kept.get(tuple(cell[name] for name in asked))
        if cell["sampler"] == DEFAULT and found is not None:
            added.append(found)
    return added


if __name__ == "__main__":
    main()
