"""The options of each command."""

from collections.abc import Callable

from .grammar import Commands, Parser
from .options import (
    add_cache_dir,
    add_features,
    add_json,
    add_printing,
    add_sampling,
    add_sequence_gap,
    add_sources,
)
from .values import file_called


def _fill_sample(parser: Parser) -> None:
    """Add the options of ``sample``."""
    add_sources(parser)
    add_sampling(parser)
    outputs = parser.add_argument_group("outputs")
    add = outputs.add_argument
    add(
        "-o",
        "--output",
        metavar="FILE",
        type=file_called(".txt", ".csv", ".json", ".parquet"),
        help="write the selection to this .txt, .csv, .json or .parquet file",
    )
    add(
        "--explain",
        action="store_true",
        help="add to that file the rank of each image, and which other selected one looks nearest",
    )
    add_printing(add)
    add("--copy-to", metavar="DIR", help="copy the selected images to this folder")
    add("--link-to", metavar="DIR", help="link to the selected images from this folder")
    add(
        "--link-type",
        choices=("hard", "symbolic", "reflink"),
        default="symbolic",
        help="of what kind links are (%(default)s)",
    )
    add("--manifest", metavar="FILE", help="write down how the selection came about (.json)")
    add("--report", metavar="FILE", help="write a page about the selection (.html)")
    add("--distribution", metavar="FILE", help="draw the sizes of the buckets (.png)")
    add("--thumbnails", metavar="FILE", help="draw the first images of each bucket (.png)")
    add_features(parser)
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="only tell how many images would be decoded, from where, and for about how long",
    )
    add_json(parser.add_argument, "print JSON: the selection, or what --dry-run tells")


def _fill_rank(parser: Parser) -> None:
    """Add the options of ``rank``."""
    add_sources(parser)
    add_sampling(parser, is_nested=True)
    add_printing(parser.add_argument_group("outputs").add_argument)
    add_features(parser)


def _fill_report(parser: Parser) -> None:
    """Add the options of ``report``."""
    add_sources(parser, "; and, at last, the page to write (.html)")
    add_sampling(parser)
    add_features(parser)


def _fill_inspect(parser: Parser) -> None:
    """Add the options of ``inspect``."""
    add_sources(parser)
    add_sequence_gap(parser.add_argument)
    add_features(parser)
    add_json(parser.add_argument)


def _fill_features(parser: Parser) -> None:
    """Add the options of ``features``."""
    add_sources(parser)
    add_features(parser, is_kept=True)


def _fill_cache(parser: Parser) -> None:
    """Add the actions of ``cache`` and their options."""
    actions = Commands(parser, "action")
    care = [
        actions.add("info", "Tell what is kept"),
        actions.add("verify", "Check every byte of what is kept, and change nothing"),
        actions.add("prune", "Forget images whose files are gone"),
        actions.add("clear", "Forget everything"),
    ]
    for action in care:
        add_json(action.add_argument)
    export = actions.add(
        "export",
        "Write the features of images to a file, to be used elsewhere",
        "FILE SOURCE ... --root DIR [options]",
    )
    imports = actions.add("import", "Keep the features of such a file", "FILE --root DIR [options]")
    export.add_argument("pack", metavar="FILE", help="the file to write, by custom .parquet")
    imports.add_argument("pack", metavar="FILE", help="the file to read")
    add_sources(export)
    add_features(export, is_kept=True)
    export.add_argument("--root", metavar="DIR", required=True, help="folder of all these images")
    imports.add_argument("--root", metavar="DIR", required=True, help="folder of the images here")
    for action in (*care, imports):
        add_cache_dir(action.add_argument)


FILLERS: dict[str, Callable[[Parser], None]] = {
    "sample": _fill_sample,
    "rank": _fill_rank,
    "report": _fill_report,
    "inspect": _fill_inspect,
    "features": _fill_features,
    "cache": _fill_cache,
}
