"""``smartdownsample rank``: paths in an order of which every first N are a good selection."""

import argparse

from .collection import choose_parameters, collect, count_target
from .printing import print_paths, say


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
    ranking = index.rank(count_target(options, index), **choose_parameters(options, collection))
    print_paths(ranking.paths, is_null_ended=options.null, relative_to=options.relative_to)
    if not options.quiet:
        say(f"Ranked {len(ranking):,} of {len(index):,} images")
    return 0
