"""``smartdownsample report``: a page about a selection."""

import argparse

from .. import report
from .collection import choose_parameters, collect, count_target
from .printing import say


def run(options: argparse.Namespace) -> int:
    """Run the command.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command.

    Returns
    -------
    int
        Exit code.
    """
    collection = collect(options)
    index = collection.index
    parameters = choose_parameters(options, collection)
    selection = index.sample(count_target(options, index), **parameters)
    report.save_report(selection, options.page, cache=options.cache, cache_dir=options.cache_dir)
    if not options.quiet:
        say(f"Wrote {options.page}: {len(selection):,} of {len(index):,} images")
    return 0
