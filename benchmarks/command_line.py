"""The options that the benchmarks share."""

import argparse
from collections.abc import Sequence
from typing import Any

from kept import ROOT, Kind, find_kept

_SHARED: dict[str, dict[str, Any]] = {
    "--smoke": {"action": "store_true", "help": "run everything once, on little"},
    "--json": {"metavar": "FILE", "help": "keep the figures there"},
    "--keep": {"action": "store_true", "help": "keep the figures in results/, write their pages"},
    "--photos": {"metavar": "DIR", "help": "your own photos in place of the usual ones"},
    "--environments": {"metavar": "DIR", "default": ROOT, "help": "where other samplers are"},
}
_USUAL = ("--smoke", "--json", "--keep")


def make_parser(description: str | None, *shared: str) -> argparse.ArgumentParser:
    """Make a parser of the usual options and of some more that are shared."""
    parser = argparse.ArgumentParser(description=description)
    for name in (*_USUAL, *shared):
        parser.add_argument(name, **_SHARED[name])
    return parser


def parse_options(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None, kind: Kind
) -> argparse.Namespace:
    """Parse a command line, and find where its figures are kept."""
    options = parser.parse_args(arguments)
    if options.keep and (options.smoke or options.json or getattr(options, "photos", None)):
        parser.error("--keep is for whole runs on the usual images. Name a file with --json.")
    if options.keep:
        options.json = find_kept(kind)
    return options
