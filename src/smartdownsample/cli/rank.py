"""``smartdownsample rank``: paths in an order of which every first N are a good selection."""

import argparse

SUMMARY = "Print paths in an order of which every first N are a good selection"
USAGE = "SOURCE ... [options]"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from .shared_options import add_printing, add_reading, add_sampling, add_sources

    add_sources(parser)
    add_sampling(parser, is_nested=True)
    add_printing(parser.add_argument_group("outputs").add_argument)
    add_reading(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit code."""
    from .inputs import check_picks, collect, count_target, tell_of_documents
    from .printing import print_paths, say

    inputs = collect(options)
    index = inputs.index
    tell_of_documents(options, inputs)
    limit = count_target(options, index)
    ranking = index.draw_ranking(limit, options.random_seed, inputs.sampling)
    check_picks(options, ranking)
    # A photo once, however many of its crops are ranked.
    paths = list(dict.fromkeys(ranking.paths))
    print_paths(paths, is_null_ended=options.null, relative_to=options.relative_to)
    if not options.quiet:
        say(f"Ranked {len(ranking):,} of {index.table.count_items()}")
    return 0
