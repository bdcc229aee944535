"""The figures of docs/feature-store.md, made of results/store.json."""

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from kept import Record
from pages.markdown import Sections, format_range, tabulate

FOLDER_FILES = 1000
# A folder is read in milliseconds; as many readings make one measurement.
FOLDER_READS = 10
# Targets: at most so many times the floor, and so much of ten times as many images.
_MOST_FLOORS, _MOST_GROWTH, _MOST_FOLDERS = 2, 12, 2
_MOST_MEMORY, _MOST_ROOM = 600, 120


def make_sections(record: Record) -> Sections:
    """Make what stands between the marks of the document."""
    parts = (
        _introduce(record),
        _tabulate_targets(record),
        _tabulate_timings(record["measurements"]),
        _describe_growth(record["growth"], record["n_images"][-1]),
        _explain(record),
    )
    return {("docs/feature-store.md", "figures"): "\n\n".join(parts)}


def _introduce(record: Record) -> str:
    """Say what was measured."""
    small, medium, large = record["n_images"]
    return (
        f"Stores of {small:,}, {medium:,} and {large:,} images,\n"
        f"paths of {record['path_bytes']} bytes; {record['n_rounds']} round(s), in turn; "
        "every file's\nentry and every part is in memory."
    )


def _divide(
    timings: Sequence[Record], ours: tuple[str, str], other: tuple[str, str]
) -> list[float]:
    """Divide the seconds of one thing done with a collection by another's, of the same round."""
    pairs = [
        [each["seconds"] for each in timings if (each["name"], each["collection"]) == wanted]
        for wanted in (ours, other)
    ]
    return [one / two for one, two in zip(*pairs, strict=True)]


class Target(NamedTuple):
    """What a figure should be at most, and what it is in each round."""

    title: str
    at_most: float
    unit: str
    figures: Sequence[float]


def _list_targets(record: Record) -> Iterator[Target]:
    """List what has a target."""
    timings = record["measurements"]
    for size in ("medium", "large"):
        for what in ("look-up", "build"):
            ratios = _divide(timings, (what, size), ("floor", size))
            yield Target(f"{size}: {what} / floor", _MOST_FLOORS, "x", ratios)
    for what in ("look-up", "build"):
        ratios = _divide(timings, (what, "large"), (what, "medium"))
        yield Target(f"{what}: large / medium", _MOST_GROWTH, "x", ratios)
    ratios = _divide(timings, ("folder", "large"), ("folder", "small"))
    yield Target("folder: beside large / beside small", _MOST_FOLDERS, "x", ratios)
    if record["memory_bytes"] is not None:
        peak = record["memory_bytes"]["peak"]
        yield Target("memory for each image, peak", _MOST_MEMORY, " bytes", [peak])
    for name, size_bytes in record["row_bytes"].items():
        yield Target(f"store for each image, {name}", _MOST_ROOM, " bytes", [size_bytes])


def _tabulate_targets(record: Record) -> str:
    """Tabulate the figures that have a target."""

    def write(target: Target) -> Callable[[float], str]:
        return "{:.2f}".format if target.unit == "x" else "{:.1f}".format

    return tabulate(
        _list_targets(record),
        ("figure", lambda each: each.title),
        ("median", lambda each: f"{write(each)(median(each.figures))}{each.unit}"),
        ("range", lambda each: format_range(each.figures, write(each))),
        ("target", lambda each: f"{each.at_most:g}{each.unit}"),
        ("met", lambda each: "yes" if median(each.figures) <= each.at_most else "no"),
    )


def _tabulate_timings(timings: Sequence[Record]) -> str:
    """Tabulate the medians of what was timed."""
    of_kind: dict[tuple[str, int], list[Record]] = {}
    for each in timings:
        title = f"{each['collection']}: {each['name']}"
        of_kind.setdefault((title, each["n_images"]), []).append(each)
    medians = [
        (*kind, median(each["seconds"] for each in same), median(each["cpu_s"] for each in same))
        for kind, same in of_kind.items()
    ]
    return tabulate(
        medians,
        ("timing", lambda each: each[0]),
        ("images", lambda each: f"{each[1]:,}"),
        ("s", lambda each: f"{each[2]:.3f}"),
        ("cpu s", lambda each: f"{each[3]:.3f}"),
        ("µs/image", lambda each: f"{each[2] / each[1] * 1e6:.2f}"),
    )


def _describe_growth(grown: Sequence[Record], n_images: int) -> str:
    """Tell what it costs to add to a large store."""
    added = sum(run["bytes_added"] for run in grown)
    merges = [run for run in grown if run["bytes_merged"]]
    merged = sum(run["bytes_merged"] for run in merges)
    longest = max(run["merge_s"] for run in grown)
    return (
        f"{len(grown)} additions of {grown[0]['n_rows']:,} rows to a store of "
        f"{n_images:,}: {median(run['append_s'] for run in grown):.3f} s each, and "
        f"{len(merges)} of them merged parts, in at most {longest:.2f} s;\n"
        f"{added / 1e6:,.2f} MB were added and {merged / 1e6:,.2f} MB written again "
        f"({merged / added:.2f} bytes for each one added); "
        f"{max(run['n_parts'] for run in grown)} parts at most."
    )


def _explain(record: Record) -> str:
    """Explain what was timed, and name machine and versions."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    return (
        "floor: os.stat of each file and pyarrow reading all parts; listing: of the distinct\n"
        "absolute paths; look-up: stat, read, verify, join and natural order; build: all of\n"
        f"ImageIndex.build (listing, look-up, buckets); folder: {FOLDER_READS} look-ups of a\n"
        f"folder of {FOLDER_FILES:,}. Memory is that of ImageIndex.build without the caller's\n"
        "list of paths. Ratios are of neighbours in one round; cpu counts all threads.\n\n"
        f"- machine: {record['machine']}\n- {versions}"
    )
