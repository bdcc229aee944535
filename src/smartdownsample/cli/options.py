"""Options that several commands have.

Those that stand for a parameter of the library are stored under its name, with its default.
"""

import argparse
import math
from collections.abc import Callable

from .values import GROUPING_FORMS, integer, number, read_amount, read_grouping

_SOURCES = (
    "folder, glob or image; list of paths (.txt, or - for standard input; separated by line ends "
    "or NUL); table with a column of paths (.csv, .tsv, .parquet)"
)


def add_sources(parser: argparse.ArgumentParser, more: str = "") -> None:
    """Add the options that name images.

    Parameters
    ----------
    parser : ArgumentParser
        Of a command.
    more : str
        For the end of the help text.
    """
    parser.add_argument("sources", metavar="SOURCE", nargs="+", help=_SOURCES + more)
    group = parser.add_argument_group("sources")
    group.add_argument(
        "--path-column",
        metavar="NAME",
        help="column of paths, by default path, file, filepath, filename or image",
    )
    group.add_argument(
        "--include",
        metavar="GLOB",
        action="append",
        default=[],
        help="use only images whose name matches, or whose path does if there is a slash",
    )
    group.add_argument(
        "--exclude", metavar="GLOB", action="append", default=[], help="leave out those that match"
    )


def add_sampling(parser: argparse.ArgumentParser, *, is_nested: bool = False) -> None:
    """Add the options that say how to sample.

    Parameters
    ----------
    parser : ArgumentParser
        Of a command.
    is_nested : bool
        Whether to leave out what does not go with nested selections.
    """
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
            "--per-group", metavar="N", type=integer(1), help="most images of each group"
        )
    group.add_argument(
        "--balance",
        metavar="SHARE",
        type=number(1),
        default=0.0,
        help="how groups share: from 0, in proportion to their sizes, to 1, equally (%(default)g)",
    )
    group.add_argument(
        "--keep",
        metavar="SOURCE",
        action="append",
        default=[],
        help="images selected before: they count, and new ones are kept apart from them",
    )
    group.add_argument(
        "--max-per-sequence", metavar="N", type=integer(1), help="most images of one sequence"
    )
    add_sequence_gap(group.add_argument)
    group.add_argument(
        "--spread",
        choices=("joint", "order", "visual"),
        default="joint",
        help="spread over natural order and looks, or over one of them (%(default)s)",
    )
    group.add_argument(
        "--quotas",
        choices=("proportional", "equal") if is_nested else ("proportional", "equal", "two-phase"),
        default="proportional",
        help="how buckets of images that look alike share (%(default)s)",
    )
    group.add_argument(
        "--seed",
        metavar="N",
        dest="random_seed",
        type=integer(0),
        default=42,
        help="same seed, same images (%(default)s)",
    )


def add_sequence_gap(add_argument: Callable[..., argparse.Action]) -> None:
    """Add the option that says what a sequence is.

    Parameters
    ----------
    add_argument : callable
        Of a parser or a group of its options.
    """
    add_argument(
        "--sequence-gap",
        metavar="SECONDS",
        dest="sequence_gap_s",
        type=number(math.inf),
        default=60.0,
        help="longest pause between images of one sequence (%(default)g)",
    )


def add_features(parser: argparse.ArgumentParser, *, is_kept: bool = False) -> None:
    """Add the options that say how images are read, and how much is told of it.

    Parameters
    ----------
    parser : ArgumentParser
        Of a command.
    is_kept : bool
        Whether features must be kept.
    """
    group = add_spec(parser)
    group.add_argument(
        "--n-workers",
        metavar="N",
        type=integer(1),
        help="images decoded at a time, by default as many as there are cores, at least 4",
    )
    group.add_argument(
        "--on-error",
        dest="image_loading_errors",
        choices=("skip", "raise"),
        default="skip",
        help="leave out an image that cannot be loaded, or end (%(default)s)",
    )
    add_cache_dir(group.add_argument)
    parser.set_defaults(cache=True)
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


def add_spec(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options that say what features are.

    Parameters
    ----------
    parser : ArgumentParser
        Of a command.

    Returns
    -------
    argparse._ArgumentGroup
        For more options on features.
    """
    group = parser.add_argument_group("features")
    group.add_argument(
        "--hash-size",
        metavar="BITS",
        type=integer(2, 32),
        default=8,
        help="side of the hash, 2 to 32 (%(default)s)",
    )
    group.add_argument(
        "--decode",
        choices=("fast", "exact", "preview"),
        default="fast",
        help="decode JPEGs at a reduced size, or in full, or use the cameras' thumbnails where a "
        "few decoded photos of the folder look like theirs (%(default)s)",
    )
    return group


def add_cache_dir(add_argument: Callable[..., argparse.Action]) -> None:
    """Add the option that says where features are kept.

    Parameters
    ----------
    add_argument : callable
        Of a parser or a group of its options.
    """
    add_argument(
        "--cache-dir",
        metavar="DIR",
        help="folder of the kept features, by default SMARTDOWNSAMPLE_CACHE_DIR or the user's",
    )


def add_printing(add_argument: Callable[..., argparse.Action]) -> None:
    """Add the options that say how paths are printed.

    Parameters
    ----------
    add_argument : callable
        Of a parser or a group of its options.
    """
    add_argument("-0", "--null", action="store_true", help="end paths with NUL, for xargs -0")
    add_argument("--relative-to", metavar="DIR", help="write paths relative to this folder")


def add_json(add_argument: Callable[..., argparse.Action], summary: str = "print JSON") -> None:
    """Add the option for programs.

    Parameters
    ----------
    add_argument : callable
        Of a parser or a group of its options.
    summary : str
        What it does.
    """
    add_argument("--json", action="store_true", help=summary)
