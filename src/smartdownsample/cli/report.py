"""``smartdownsample report``: a page about a selection."""

import argparse

# Importing typing takes a tenth of the time in which help is to appear.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..items import NamedImages
    from ..records import Picks

SUMMARY = "Select images and write a page about them, or compare two selections"
USAGE = """SOURCE ... -n N FILE.html [options]
       %(prog)s [SOURCE ...] SELECTION SELECTION FILE.html [options]"""
EXAMPLES = (
    "report photos -n 50 --keep labelled.csv page.html",
    "report first.json second.json compared.html",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from .shared_options import add_page, add_parents, add_reading, add_sampling, add_sources

    add_sources(
        parser,
        "; and, at last, the page to write (.html). Without -n, two selections stand before it, as "
        "sample -o wrote them: they are compared, in the collection that the other sources name",
    )
    add_sampling(parser)
    add = parser.add_argument_group("outputs").add_argument
    add_page(add)
    add_parents(add)
    add_reading(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit code."""
    from ..page import save_report
    from .printing import say

    is_compared = options.target_count is None and options.per_group is None
    picks, lines = _compare(options) if is_compared else _select(options)
    save_report(
        picks, options.page, absolute_paths=options.absolute_paths, arguments=options.arguments
    )
    if not options.quiet:
        say(*lines)
    return 0


def _select(options: argparse.Namespace) -> "tuple[Picks, list[str]]":
    """Select images; also gives what is to be said of them."""
    from ..report import describe_skipped
    from .inputs import collect, draw_selection, tell_of_documents

    inputs = collect(options, _check_page)
    tell_of_documents(options, inputs)
    selection = draw_selection(options, inputs)
    written = f"Wrote {options.page}: {len(selection):,} of {selection.table.count_items()}"
    return selection, [written, *describe_skipped(selection)]


def _compare(options: argparse.Namespace) -> "tuple[Picks, list[str]]":
    """Compare two selections; also gives what is to be said of them."""
    from .compared import compare
    from .inputs import tell_of_documents

    inputs, compared = compare(options, _check_page)
    tell_of_documents(options, inputs)
    return compared, [*compared.describe(), f"Wrote {options.page}"]


def _check_page(options: argparse.Namespace, _: "NamedImages", read: list[str]) -> None:
    """Make sure that the page can be written, before there is anything to write."""
    from ..page import PAGE
    from ..writing import check_output

    check_output(options.page, PAGE, read)
