"""What the command understands.

Commands import what their options and their work need when these are asked for, so that help
appears at once.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from ..checks import expand_home
from ..display import suggest
from . import cache, features, inspect, rank, report, sample, verify
from .about import CompletionAction, VersionAction
from .base_parser import PROGRAM, Commands, Parser, show_examples

# Each tells its summary, usage and two examples, adds its options to a parser, and runs.
COMMANDS = {
    "sample": sample,
    "verify": verify,
    "rank": rank,
    "report": report,
    "inspect": inspect,
    "features": features,
    "cache": cache,
}
# Options that name a file to write.
OUTPUT_FILES = (
    *("output", "lock", "update", "manifest", "report", "page", "distribution", "thumbnails"),
    "pack",
)
# Options that name files or folders, where ``~`` is the user's home, also behind an equals sign.
_PLACES = (
    *("sources", "keep", "root", "cache_dir", "relative_to", "copy_to", "link_to", "crops_to"),
    *("file", *OUTPUT_FILES),
)
_PAGE_EXTENSIONS = (".html", ".htm")


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse a command line, by default that of the process, or end it with a message.

    The name of the command is stored under ``command``.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    called = arguments[0] if arguments else ""
    options, rest = make_parser(called).parse_known_args(arguments)
    fail = options.parser.error
    # argparse looks for sources in one place only; those after an option are as good.
    unknown = [text for text in rest if text.startswith("-") and text != "-"]
    if unknown or (rest and "sources" not in options):
        first = [*unknown, *rest][0]
        known = options.parser._option_string_actions  # noqa: SLF001 - argparse has no other way
        fail(f"unknown argument {first!r}.{suggest(first.partition('=')[0], known)}".rstrip("."))
    if rest:
        options.sources += rest
    if [*getattr(options, "sources", []), *getattr(options, "keep", [])].count("-") > 1:
        fail("standard input (-) can be read once only")
    if options.command == "report":
        *options.sources, options.page = options.sources
        if not options.sources or not options.page.lower().endswith(_PAGE_EXTENSIONS):
            fail(f"name the page to write after the sources, such as page.html, not {options.page}")
    if options.command == "sample":
        _check_lock(options)
    if "grouping" in options:
        _check_sampling(options)
    _expand_homes(options)
    if "sources" in options:
        _check_outputs(options)
    return options


def _expand_homes(options: argparse.Namespace) -> None:
    """Replace ``~`` by the user's home, where a place is named."""
    for name in _PLACES:
        place = getattr(options, name, None)
        if isinstance(place, str):
            setattr(options, name, expand_home(place))
        elif place:
            setattr(options, name, list(map(expand_home, place)))


def _check_lock(options: argparse.Namespace) -> None:
    """Make sure that images come from sources or from a lockfile, and not from both."""
    fail = options.parser.error
    options.is_locked = not options.sources
    if options.update is not None:
        if options.sources or options.lock is not None:
            fail("--update takes all but -n from its lockfile: leave out sources and --lock")
        if options.target_count is None:
            fail("say how many images --update is to add with -n, such as -n +500")
    elif options.is_locked:
        if options.lock is None:
            fail("an argument is required: SOURCE, such as a folder of images")
        if options.target_count is not None:
            fail(
                "--lock without sources repeats what the file selected: leave out -n, name sources "
                "to write the file, or add to it with --update"
            )
    if options.is_locked and options.dry_run:
        fail("--dry-run needs sources, and a lockfile has its own: leave it out")


def _check_sampling(options: argparse.Namespace) -> None:
    """Make sure that sampling options go together."""
    fail = options.parser.error
    is_nested = options.command == "rank"
    per_group = None if is_nested else options.per_group
    if options.grouping is None and (per_group or options.balance):
        name = "--per-group" if per_group else "--balance"
        fail(f"{name} needs --group-by, which says what makes a group")
    is_locked = getattr(options, "is_locked", False)
    if options.target_count is None and not is_nested and not is_locked:
        if not per_group and options.command == "report" and len(options.sources) > 1:
            _check_compared(options)
        elif not per_group:
            more = (
                "; or name two selections to compare; of a lockfile, sample --lock makes a --report"
                if options.command == "report"
                else ""
            )
            fail(f"say how many images with -n, or how many of each group with --per-group{more}")
        if options.balance:
            fail("--balance shares the images of -n among groups: give -n as well")
    if options.command == "sample" and options.absolute_paths and options.report is None:
        fail("--absolute-paths needs --report, the page that shows them")
    if getattr(options, "explain", False) and options.output is None:
        fail("--explain needs -o, the file whose table it adds to")
    if options.command == "sample":
        _check_folders(options)
    if options.keep and options.quotas == "two-phase":
        fail("--quotas two-phase, the published rule, knows of no earlier images: leave out --keep")


def _check_folders(options: argparse.Namespace) -> None:
    """Make sure that options about outputs have the output that they are about."""
    fail = options.parser.error
    if options.add and not (options.copy_to or options.link_to or options.crops_to):
        fail("--add adds images to the folder of --copy-to, --link-to or --crops-to: name it")
    if options.flat and not (options.copy_to or options.link_to):
        fail("--flat places all images in the folder of --copy-to or --link-to: name it")
    if options.output is None:
        for name in ("output_format", "only_selected_boxes", "target_format"):
            if getattr(options, name):
                option = {"output_format": "--format", "target_format": "--to"}.get(name)
                fail(f"{option or '--only-selected-boxes'} needs -o, the file that it is about")
    if options.target_format and options.output_format:
        fail("--to is for documents and --format records for tables: leave one of them out")
    if options.only_selected_boxes and options.output_format:
        fail(
            "--only-selected-boxes is for documents and --format records for tables, which have "
            "no other boxes: leave one of them out"
        )


def _check_compared(options: argparse.Namespace) -> None:
    """Make sure that nothing is said about selecting where selections are compared."""
    for name, value in (
        ("--keep", options.keep),
        ("--balance", options.balance),
        ("--max-per-sequence", options.max_per_sequence),
    ):
        if value:
            options.parser.error(f"{name} is about selecting: say how many images with -n")


def _check_outputs(options: argparse.Namespace) -> None:
    """Make sure that no file is written twice, nor over one that is read, whatever its names."""
    written = [path for path in (getattr(options, name, None) for name in OUTPUT_FILES) if path]
    sources = [*options.sources, *getattr(options, "keep", [])] if written else []
    read = {mark for source in sources for mark in (os.path.abspath(source), _stat_file(source))}
    places: set[object] = set()
    for path in written:
        own = {os.path.abspath(path), os.path.realpath(path), _stat_file(path)} - {None}
        if own & places:
            options.parser.error(f"two outputs are one file, {path!r}: give each one of its own")
        if own & read:
            options.parser.error(f"{path!r} is read: give the output another name")
        places |= own


def _stat_file(path: str) -> tuple[int, int] | None:
    """Tell which file a path, or - for standard input, leads to; None when there is none."""
    try:
        status = os.stat(0 if path == "-" else path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def make_parser(called: str | None = None) -> Parser:
    """Make the parser of all commands.

    Only the command `called` is given its options, which saves the time of making those of the
    others; by default all are.
    """
    parser = Parser(
        prog=PROGRAM,
        description="Pick exactly N visually diverse images out of a large, redundant collection.",
        epilog=show_examples("inspect photos", "sample photos -n 200 --copy-to to_label")
        + f"""

help for a command:
  {PROGRAM} sample --help

completion by Tab, once and for all:
  {PROGRAM} --print-completion bash > ~/.local/share/bash-completion/completions/{PROGRAM}
  {PROGRAM} --print-completion fish > ~/.config/fish/completions/{PROGRAM}.fish
  {PROGRAM} --print-completion zsh > "${{fpath[1]}}/_{PROGRAM}\"""",
    )
    parser.add_argument("-V", "--version", action=VersionAction, help="show the versions in use")
    parser.add_argument(
        "--print-completion",
        action=CompletionAction,
        const=make_parser,
        metavar="SHELL",
        help="print what bash, zsh or fish needs to complete this command",
    )
    commands = Commands(parser, "command")
    for name, command in COMMANDS.items():
        added = commands.add(name, command.SUMMARY, command.USAGE, command.EXAMPLES)
        if called in {None, name}:
            command.add_options(added)
            added.take_negative_values()
    return parser
