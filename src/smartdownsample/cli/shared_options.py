"""Options that several commands have.

Those that stand for a parameter of the library are stored under its name. Their choices and
defaults are those of the library.
"""

import argparse
import math
from collections.abc import Callable
from typing import get_args

from ..options import (
    MAX_CROP_MARGIN,
    MAX_HASH_SIZE,
    MIN_HASH_SIZE,
    RANDOM_SEED,
    BoxOrientation,
    DecodeMode,
    DocumentOptions,
    EngineName,
    ItemKind,
    NestedQuotas,
    OnLoadingError,
    OnTruncated,
    Quotas,
    ReadingOptions,
    SamplingOptions,
    Spread,
)
from .option_values import (
    GROUPING_FORMS,
    integer_from,
    number_to,
    read_amount,
    read_grouping,
)

_SOURCES = (
    "folder, glob or image; list of paths, one per line or NUL-separated (.txt, or - for standard "
    "input); table with a column of paths (.csv, .tsv, .parquet, .json), such as a selection; "
    "detections as MegaDetector, SpeciesNet, COCO or Camtrap DP have them; relative paths in all "
    "of them start at the working folder, or at the document's own folder if they are only there"
)


def add_sources(
    parser: argparse.ArgumentParser,
    more: str = "",
    *,
    takes_documents: bool = True,
    nargs: str = "+",
) -> None:
    """Add the options that name images; `more` ends the help text."""
    parser.add_argument("sources", metavar="SOURCE", nargs=nargs, help=_SOURCES + more)
    group = parser.add_argument_group("sources")
    group.add_argument(
        "--path-column",
        metavar="NAME",
        help="column of paths; by default found by name, such as path, file, file_name or image",
    )
    group.add_argument(
        "--include",
        metavar="GLOB",
        action="append",
        default=[],
        help="use only images that match, as in .gitignore: a file or folder of that name at any "
        "depth (*.JPG, StationB), or, with a slash, from the source on (StationB/2024*)",
    )
    group.add_argument(
        "--exclude", metavar="GLOB", action="append", default=[], help="leave out those that match"
    )
    if takes_documents:
        _add_documents(parser)


def _add_documents(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is taken from documents of detections."""
    group = parser.add_argument_group("detections")
    add = group.add_argument
    add(
        "--root",
        metavar="DIR",
        help="folder that the paths of documents, tables and lists count from; leading folders "
        "that are not there are dropped",
    )
    add(
        "--items",
        choices=get_args(ItemKind),
        help="what to select: crops, where a document has boxes, or the photos",
    )
    add(
        "--min-confidence",
        metavar="SHARE",
        type=number_to(1),
        default=DocumentOptions.min_confidence,
        help="leave out detections below this, unless people verified them (%(default)g)",
    )
    add(
        "--category",
        metavar="NAME",
        dest="categories",
        action="append",
        default=[],
        help="use only detections of this category, by name or number, such as animal",
    )
    add(
        "--box-orientation",
        choices=get_args(BoxOrientation),
        help="the picture that boxes count from: as viewers turn it, as it is stored, or as "
        "MegaDetector turns it; by default what the document's maker takes",
    )
    add(
        "--strict",
        action="store_true",
        help="end at the first entry of a document that is not as it should be",
    )
    add(
        "--crop-margin",
        metavar="SHARE",
        type=number_to(MAX_CROP_MARGIN),
        default=ReadingOptions.crop_margin,
        help="add this share of a box's side to its crop on each side (%(default)g)",
    )
    add("--crop-square", action="store_true", help="make crops square, as far as photos go")


def add_sampling(parser: argparse.ArgumentParser, *, is_nested: bool = False) -> None:
    """Add the options that say how to sample, without those that nested selections do not have."""
    group = parser.add_argument_group("selection")
    group.add_argument(
        "-n",
        "--count",
        metavar="N",
        dest="target_count",
        type=read_amount,
        help="how many images, such as 1000, or what share of the readable ones, such as 10%%",
    )
    group.add_argument(
        "--group-by",
        metavar="RULE",
        dest="grouping",
        type=read_grouping,
        help=f"what makes a group: {GROUPING_FORMS}",
    )
    if not is_nested:
        group.add_argument(
            "--per-group", metavar="N", type=integer_from(1), help="most images of each group"
        )
    group.add_argument(
        "--balance",
        metavar="SHARE",
        type=number_to(1),
        default=SamplingOptions.balance,
        help="how groups share: from 0, in proportion to their sizes, to 1, equally (%(default)g)",
    )
    group.add_argument(
        "--keep",
        metavar="SOURCE",
        action="append",
        default=[],
        help="images selected before, as a folder, list, table, document or lockfile: they "
        "count, and new ones are kept apart from them",
    )
    group.add_argument(
        "--max-per-sequence", metavar="N", type=integer_from(1), help="most images of one sequence"
    )
    add_sequence_gap(group.add_argument)
    group.add_argument(
        "--skip-flat",
        action="store_true",
        help="leave out images that show nothing, as of a covered lens, and say how many",
    )
    group.add_argument(
        "--spread",
        choices=get_args(Spread),
        default=SamplingOptions.spread,
        help="by times, names and looks, or by names or looks alone (%(default)s)",
    )
    group.add_argument(
        "--quotas",
        choices=get_args(NestedQuotas if is_nested else Quotas),
        default=SamplingOptions.quotas,
        help="how buckets of images that look alike share (%(default)s)",
    )
    group.add_argument(
        "--seed",
        metavar="N",
        dest="random_seed",
        type=integer_from(0, math.inf),
        default=RANDOM_SEED,
        help="same seed, same images (%(default)s)",
    )


def add_sequence_gap(add_argument: Callable[..., argparse.Action]) -> None:
    """Add the option that says what a sequence is."""
    add_argument(
        "--sequence-gap",
        metavar="SECONDS",
        dest="sequence_gap_s",
        type=number_to(math.inf),
        default=SamplingOptions.sequence_gap_s,
        help="longest pause between images of one sequence (%(default)g)",
    )


def add_reading(parser: argparse.ArgumentParser, *, is_kept: bool = False) -> None:
    """Add the options that say how images are read, and how much is told of it.

    Where features must be kept (`is_kept`), there is no ``--no-cache``.
    """
    group = parser.add_argument_group("features")
    group.add_argument(
        "--hash-size",
        metavar="BITS",
        type=integer_from(MIN_HASH_SIZE, MAX_HASH_SIZE),
        default=ReadingOptions.hash_size,
        help=f"side of the hash, {MIN_HASH_SIZE} to {MAX_HASH_SIZE} (%(default)s)",
    )
    group.add_argument(
        "--decode",
        choices=get_args(DecodeMode),
        default=ReadingOptions.decode,
        help="decode JPEGs at a reduced size, or in full, or use the cameras' thumbnails where a "
        "few decoded photos of the folder look like theirs (%(default)s)",
    )
    group.add_argument(
        "--n-workers",
        metavar="N",
        type=integer_from(1),
        help="images decoded at a time, by default as many as there are cores, at least 4",
    )
    _add_engine(group.add_argument)
    group.add_argument(
        "--on-error",
        dest="image_loading_errors",
        choices=get_args(OnLoadingError),
        default=ReadingOptions.image_loading_errors,
        help="leave out an image that cannot be loaded, or end (%(default)s)",
    )
    group.add_argument(
        "--truncated",
        choices=get_args(OnTruncated),
        default=ReadingOptions.truncated,
        help="use an image whose file ends too early, leave it out, or end (%(default)s)",
    )
    group.add_argument(
        "--max-pixels",
        metavar="N",
        type=integer_from(1),
        default=ReadingOptions.max_pixels,
        help="leave out images that claim more pixels, or take over 4 bytes for each (%(default)s)",
    )
    add_cache_dir(group.add_argument)
    group.add_argument(
        "--whole-seconds",
        action="store_true",
        help="use kept features of files whose times agree up to the second, for disks that lose "
        "the rest, such as exFAT",
    )
    parser.set_defaults(cache=ReadingOptions.cache)
    if not is_kept:
        group.add_argument(
            "--no-cache",
            dest="cache",
            action="store_false",
            help="neither use nor keep features",
        )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no progress and no summary; warnings remain"
    )


def _add_engine(add_argument: Callable[..., argparse.Action]) -> None:
    """Add the options that name a cluster."""
    add_argument(
        "--engine",
        choices=get_args(EngineName),
        help="have a cluster decode, whose workers have this package and see the images by the "
        "same paths",
    )
    add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="where the cluster is, such as tcp://10.0.0.1:8786 for Dask; by default what its own "
        "configuration says",
    )


def add_cache_dir(add_argument: Callable[..., argparse.Action]) -> None:
    """Add the option that says where features are kept."""
    add_argument(
        "--cache-dir",
        metavar="DIR",
        help="folder of the kept features, also in a bucket; by default SMARTDOWNSAMPLE_CACHE_DIR "
        "or the user's",
    )


def add_printing(add_argument: Callable[..., argparse.Action]) -> None:
    """Add the options that say how paths are printed."""
    add_argument(
        "-0",
        "--null",
        action="store_true",
        help="end paths with NUL, for xargs -0; as they are on disk, also on a terminal",
    )
    add_argument("--relative-to", metavar="DIR", help="write paths relative to this folder")


def add_parents(add_argument: Callable[..., argparse.Action]) -> None:
    """Add the option that has missing folders made."""
    add_argument(
        "--parents", action="store_true", help="make missing folders that outputs are to lie in"
    )


def add_explain(add_argument: Callable[..., argparse.Action], what: str) -> None:
    """Add the option that adds to the table of ``-o`` what tells why images were taken."""
    add_argument("--explain", action="store_true", help=f"add to that file {what}")


def add_page(add_argument: Callable[..., argparse.Action]) -> None:
    """Add the option that says what a page shows."""
    add_argument(
        "--absolute-paths",
        action="store_true",
        help="let the page show where the images lie; by default paths begin with the last folder "
        "that all images have in common",
    )


def add_json(add_argument: Callable[..., argparse.Action], summary: str = "print JSON") -> None:
    """Add the option for programs."""
    add_argument("--json", action="store_true", help=summary)
