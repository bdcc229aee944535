"""What was measured of the feature store: figures, tables, and their places in the documents."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import NamedTuple

from records import write_json
from tables import align_table, read_section, replace_section

KEPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "results", "store.json")
FOLDER_FILES = 1000
# A folder is read in milliseconds; as many readings make one measurement.
FOLDER_READS = 10
FOLDER_MEASUREMENTS = 5


class Target(NamedTuple):
    """What a figure should be at most, and its unit."""

    at_most: float
    unit: str


FLOOR = Target(2, "x")
SCALE = Target(12, "x")
FOLDER = Target(2, "x")
MEMORY = Target(600, "bytes")
SIZE = Target(120, "bytes")


@dataclass(frozen=True)
class Measurement:
    """One timing.

    Parameters
    ----------
    name : str
        What was done.
    collection : str
        Name of the collection.
    n_images : int
        How many images it was done with.
    round : int
        From 1.
    seconds, cpu_s : float
        By the clock, and of the processor in all threads.
    """

    name: str
    collection: str
    n_images: int
    round: int
    seconds: float
    cpu_s: float


class Growth(NamedTuple):
    """What one run does to a large store that adds a few images to it.

    Attributes
    ----------
    n_rows : int
        Images added.
    append_s, merge_s : float
        Seconds for writing them, and for merging parts.
    bytes_added, bytes_merged : int
        Written in each.
    n_parts : int
        Parts of the store afterwards.
    """

    n_rows: int
    append_s: float
    merge_s: float
    bytes_added: int
    bytes_merged: int
    n_parts: int


@dataclass(frozen=True)
class StoreRecord:
    """Everything that was measured.

    Parameters
    ----------
    machine : str
        What it ran on.
    versions : dict of str to str
        Of Python and packages.
    is_smoke : bool
        Whether it was a trial on a few images.
    n_rounds : int
        Of all timings.
    n_images : list of int
        Of the small, the medium and the large store.
    path_bytes : int
        Length of a path, mean.
    memory_bytes : dict of str to float, or None
        See `bench_store.measure_memory`.
    row_bytes : dict of str to float
        See `bench_store.measure_sizes`.
    growth : list of Growth
        Of the large store.
    measurements : list of Measurement
        All timings.
    """

    machine: str
    versions: dict[str, str]
    is_smoke: bool
    n_rounds: int
    n_images: list[int]
    path_bytes: int
    memory_bytes: dict[str, float] | None
    row_bytes: dict[str, float]
    growth: list[Growth]
    measurements: list[Measurement]


def load_record(path: str) -> StoreRecord:
    """Load what an earlier run has kept.

    Parameters
    ----------
    path : str
        A file written by `save_record`.

    Returns
    -------
    StoreRecord
        As it was.
    """
    with open(path, encoding="utf-8") as file:
        kept = json.load(file)
    kept["growth"] = [Growth(**each) for each in kept["growth"]]
    kept["measurements"] = [Measurement(**each) for each in kept["measurements"]]
    return StoreRecord(**kept)


def save_record(path: str, record: StoreRecord) -> None:
    """Keep a record, one measurement a line.

    Parameters
    ----------
    path : str
        Of the file; its folder is made when missing.
    record : StoreRecord
        What to keep.
    """
    kept = {**asdict(record), "growth": [run._asdict() for run in record.growth]}
    write_json(path, kept)


def write_document(path: str, record: StoreRecord) -> None:
    """Write the tables into their place in a document.

    Parameters
    ----------
    path : str
        The document.
    record : StoreRecord
        What was measured.
    """
    replace_section(path, "figures", format_record(record))


def check_document(path: str, record: StoreRecord) -> str | None:
    """Compare a document with what is kept.

    Parameters
    ----------
    path : str
        The document.
    record : StoreRecord
        What was measured.

    Returns
    -------
    str or None
        What is wrong, if so.
    """
    if read_section(path, "figures") == format_record(record).strip():
        return None
    return f"{path}: its figures are not those of {KEPT}. Use --again with --document."


def format_record(record: StoreRecord) -> str:
    """Say what was measured and tabulate it.

    Parameters
    ----------
    record : StoreRecord
        All figures.

    Returns
    -------
    str
        Markdown.
    """
    figures = choose_figures(record.measurements, record.memory_bytes, record.row_bytes)
    return "\n\n".join(
        (
            introduce(record),
            format_figures(figures),
            format_timings(record.measurements),
            format_growth(record.growth, record.n_images[-1]),
            format_environment(record),
        )
    )


def compare(
    measurements: Sequence[Measurement], ours: tuple[str, str], other: tuple[str, str]
) -> list[float]:
    """Divide one measurement by another of the same round.

    Parameters
    ----------
    measurements : sequence of Measurement
        All of them.
    ours, other : (str, str)
        What was done, and with which collection.

    Returns
    -------
    list of float
        Ratios of seconds, one for each round.
    """
    seconds: dict[tuple[str, str], list[float]] = {ours: [], other: []}
    for measurement in measurements:
        of_round = seconds.get((measurement.name, measurement.collection))
        if of_round is not None:
            of_round.append(measurement.seconds)
    return [one / two for one, two in zip(seconds[ours], seconds[other], strict=True)]


def choose_figures(
    measurements: Sequence[Measurement],
    memory: dict[str, float] | None,
    sizes: dict[str, float],
) -> list[tuple[str, Target, Sequence[float]]]:
    """Choose what has a target.

    Parameters
    ----------
    measurements : sequence of Measurement
        All of them.
    memory : dict of str to float, or None
        See `bench_store.measure_memory`.
    sizes : dict of str to float
        See `bench_store.measure_sizes`.

    Returns
    -------
    list of (str, Target, sequence of float)
        What of, the target, and the figure of each round.
    """
    figures: list[tuple[str, Target, Sequence[float]]] = []
    for name in ("medium", "large"):
        for what in ("look-up", "build"):
            ratios = compare(measurements, (what, name), ("floor", name))
            figures.append((f"{name}: {what} / floor", FLOOR, ratios))
    for what in ("look-up", "build"):
        ratios = compare(measurements, (what, "large"), (what, "medium"))
        figures.append((f"{what}: large / medium", SCALE, ratios))
    ratios = compare(measurements, ("folder", "large"), ("folder", "small"))
    figures.append(("folder: beside large / beside small", FOLDER, ratios))
    if memory is not None:
        figures.append(("memory for each image, peak", MEMORY, [memory["peak"]]))
    figures += [(f"store for each image, {name}", SIZE, [size]) for name, size in sizes.items()]
    return figures


def format_figures(figures: Sequence[tuple[str, Target, Sequence[float]]]) -> str:
    """Tabulate figures that have a target.

    Parameters
    ----------
    figures : sequence of (str, Target, sequence of float)
        What of, the target, and the figure of each round.

    Returns
    -------
    str
        A Markdown table.
    """
    body = []
    for what, target, values in figures:
        digits = ".1f" if target.unit == "bytes" else ".2f"
        unit = "x" if target.unit == "x" else f" {target.unit}"
        body.append(
            (
                what,
                f"{median(values):{digits}}{unit}",
                f"{min(values):{digits}} to {max(values):{digits}}" if len(values) > 1 else "",
                f"{target.at_most:g}{unit}",
                "yes" if median(values) <= target.at_most else "no",
            )
        )
    return align_table(("figure", "median", "range", "target", "met"), body)


def format_timings(measurements: Sequence[Measurement]) -> str:
    """Tabulate the medians of what was timed.

    Parameters
    ----------
    measurements : sequence of Measurement
        All of them.

    Returns
    -------
    str
        A Markdown table.
    """
    runs: dict[tuple[str, int, str], list[Measurement]] = {}
    for measurement in measurements:
        key = (measurement.collection, measurement.n_images, measurement.name)
        runs.setdefault(key, []).append(measurement)
    body = []
    for (collection, n_images, name), of_kind in runs.items():
        seconds = median(run.seconds for run in of_kind)
        cpu_s = median(run.cpu_s for run in of_kind)
        body.append(
            (
                f"{collection}: {name}",
                f"{n_images:,}",
                f"{seconds:.3f}",
                f"{cpu_s:.3f}",
                f"{seconds / n_images * 1e6:.2f}",
            )
        )
    return align_table(("timing", "images", "s", "cpu s", "µs/image"), body)


def format_growth(grown: Sequence[Growth], n_images: int) -> str:
    """Tell what it costs to add to a large store.

    Parameters
    ----------
    grown : sequence of Growth
        The additions.
    n_images : int
        Of the store before.

    Returns
    -------
    str
        A paragraph.
    """
    added = sum(run.bytes_added for run in grown)
    merges = [run for run in grown if run.bytes_merged]
    merged = sum(run.bytes_merged for run in merges)
    longest = max(run.merge_s for run in grown)
    return (
        f"{len(grown)} additions of {grown[0].n_rows:,} rows to a store of "
        f"{n_images:,}: {median(run.append_s for run in grown):.3f} s each, and "
        f"{len(merges)} of them merged parts, in at most {longest:.2f} s;\n"
        f"{added / 1e6:,.2f} MB were added and {merged / 1e6:,.2f} MB written again "
        f"({merged / added:.2f} bytes for each one added); "
        f"{max(run.n_parts for run in grown)} parts at most."
    )


def introduce(record: StoreRecord) -> str:
    """Say what was measured.

    Parameters
    ----------
    record : StoreRecord
        All figures.

    Returns
    -------
    str
        A few lines.
    """
    small, medium, large = record.n_images
    lines = [
        f"Stores of {small:,}, {medium:,} and {large:,} images,",
        f"paths of {record.path_bytes} bytes; {record.n_rounds} round(s), in turn; every file's",
        "entry and every part is in memory.",
    ]
    if record.is_smoke:
        lines.append("A smoke run: the times mean nothing.")
    return "\n".join(lines)


def format_environment(record: StoreRecord) -> str:
    """Name machine and versions, and explain the names.

    Parameters
    ----------
    record : StoreRecord
        All figures.

    Returns
    -------
    str
        A few lines.
    """
    versions = ", ".join(f"{name} {number}" for name, number in record.versions.items())
    return "\n".join(
        [
            "floor: os.stat of each file and pyarrow reading all parts; listing: of the distinct",
            "absolute paths; look-up: stat, read, verify, join and natural order; build: all of",
            f"ImageIndex.build (listing, look-up, buckets); folder: {FOLDER_READS} look-ups of a",
            f"folder of {FOLDER_FILES:,}. Memory is that of ImageIndex.build without the caller's",
            "list of paths. Ratios are of neighbours in one round; cpu counts all threads.\n",
            f"- machine: {record.machine}",
            f"- {versions}",
        ]
    )
