"""``smartdownsample inspect``: what is in a collection."""

import argparse
import os

from ..checks import is_url
from ..display import count_noun

# Importing typing takes a tenth of the time in which help is to appear.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..gathering import PreviewCounts
    from ..results import Figures, Inspection

SUMMARY = "Tell what is in a collection"
USAGE = "SOURCE ... [options]"
EXAMPLES = (
    "inspect photos",
    "inspect photos --exclude StationB --json",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from .shared_options import add_json, add_reading, add_sequence_gap, add_sources

    add_sources(parser)
    add_sequence_gap(parser.add_argument)
    add_reading(parser)
    add_json(parser.add_argument)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit code."""
    import dataclasses

    from ..api import inspect_index
    from ..report import describe_document, summarize_document, tabulate_document
    from ..results import describe_sizes
    from .inputs import collect
    from .printing import print_json, tell

    inputs = collect(options)
    index = inputs.index
    found = inspect_index(index, sequence_gap_s=options.sequence_gap_s)
    coverage = index.measure_coverage()
    if options.json:
        # A number, or null where none is clear.
        suggested = {"suggested_count": coverage.suggested_count or None}
        needed = {"needed": [each._asdict() for each in coverage.needed]}
        previews = {"previews": found.previews._asdict()}
        documents = list(map(summarize_document, inputs.images.documents))
        failed = {"failed": [{"path": path, "cause": cause.value} for path, cause in found.failed]}
        told = {**dataclasses.asdict(found), **failed, **previews, **suggested, **needed}
        print_json({**told, **({"documents": documents} if documents else {})})
        return 0
    total = found.total
    for document in inputs.images.documents:
        tell(*describe_document(document))
        tell(*tabulate_document(document))
    tell(
        f"{count_noun(total.n_images, index.table.noun)} "
        f"{'of' if found.place == 'camera' else 'in'} {count_noun(len(found.cameras), found.place)}"
    )
    if found.n_duplicates:
        tell(f"{count_noun(found.n_duplicates, 'path')} named an image again")
    if found.n_truncated:
        tell(f"{count_noun(found.n_truncated, 'truncated image')}")
    for cause, count in found.failures.items():
        tell(f"{count:,} could not be loaded: {cause}")
    if options.decode == "preview":
        _print_previews(found.previews)
    _print_quality(found)
    tell(f"Sizes: {describe_sizes(found.sizes)}")
    tell(f"How many to select: {coverage.describe()}")
    for each in coverage.needed:
        tell(f"  {each.describe()}")
    for camera, figures in found.cameras.items():
        if figures.clock:
            tell(f"Clock of {camera}: {'; '.join(figures.clock)}")
    tell("")
    _print_cameras(found)
    return 0


def _print_quality(found: "Inspection") -> None:
    """Tell what is wrong with images, and of how many that is unknown."""
    from ..report import describe_unknown_quality
    from .printing import tell

    for word, counted in found.quality.items():
        verb = "looks" if counted.n_images == 1 else "look"
        tell(f"{counted.n_images:,} {verb} {word}, first {counted.first_path}")
    if found.n_quality_unknown:
        tell(describe_unknown_quality(found.n_quality_unknown))


def _print_previews(counts: "PreviewCounts") -> None:
    """Tell what came of previews, and which folders were decoded instead."""
    from ..gathering import describe_previews
    from .printing import tell

    for line in describe_previews(counts):
        tell(line)
    for folder in counts.refused_folders:
        tell(f"  {folder}")


def _print_cameras(found: "Inspection") -> None:
    """Print a table with a row for each camera; what is wrong has a column where it occurs."""
    from .printing import tell

    total = _count_faults(found.total)
    words = [word for word, count in total.items() if count]
    heads = "".join(f" {word:>{_width(word)}}" for word in words)
    common = find_common([*found.cameras]) if found.place == "folder" else ""
    below = f" below {common}" if common else ""
    tell(
        f"{'images':>9} {'infrared':>8} {'near-duplicates':>15} {'sequences':>9} "
        f"{'longest':>7}{heads}  {'first':19}  {'last':19}  {found.place}{below}"
    )
    for camera, figures in found.cameras.items():
        shown = os.path.relpath(camera, common) if common else camera
        tell(f"{_format_figures(figures, words)}  {shown}")
    tell(f"{_format_figures(found.total, words)}  all")


def find_common(folders: list[str]) -> str:
    """Find the folder that all are below, which is named once; empty where there is none."""
    # Of the two slashes of URLs, paths have one.
    if len(folders) <= 1 or any(map(is_url, folders)):
        return ""
    try:
        common = os.path.commonpath(folders)
    except ValueError:  # relative ones and absolute ones, or two drives of Windows
        return ""
    return "" if common in {os.curdir, os.sep} else common


def _count_faults(figures: "Figures") -> dict[str, int]:
    """Count the images that something is wrong with, by the heading of a column."""
    from ..sampling import QUALITY_WORDS

    return {
        "failed": figures.n_failed,
        "truncated": figures.n_truncated,
        **{word: figures.quality.get(word, 0) for word in QUALITY_WORDS},
        "no time": figures.n_images - figures.n_captured,
    }


def _width(word: str) -> int:
    return max(len(word), 7)


def _format_figures(figures: "Figures", words: list[str]) -> str:
    """Lay out the figures of a line."""
    n = figures.n_images
    infrared, repeated = (
        count / max(n, 1) for count in (figures.n_infrared, figures.n_near_duplicates)
    )
    counts = _count_faults(figures)
    faults = "".join(f" {counts[word]:{_width(word)},}" for word in words)
    return (
        f"{n:9,} {infrared:8.0%} {repeated:15.0%} "
        f"{figures.n_sequences:9,} {figures.longest_sequence:7,}{faults}  "
        f"{figures.first_captured or '':19}  {figures.last_captured or '':19}"
    )
