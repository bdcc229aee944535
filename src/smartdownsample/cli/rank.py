"""``smartdownsample rank``: images in an order of which every first N are a good selection."""

import argparse

# Importing typing takes a tenth of the time in which help is to appear.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..items import NamedImages

SUMMARY = "Print paths in an order of which every first N are a good selection"
USAGE = "SOURCE ... [options]"
EXAMPLES = (
    "rank photos -q | head -n 100",
    "rank photos -n 1000 --explain -o ranking.csv",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from .option_values import file_called
    from .shared_options import (
        add_explain,
        add_parents,
        add_printing,
        add_reading,
        add_sampling,
        add_sources,
    )

    add_sources(parser)
    add_sampling(parser, is_nested=True)
    add = parser.add_argument_group("outputs").add_argument
    add(
        "-o",
        "--output",
        metavar="FILE",
        type=file_called(".txt", ".csv", ".json", ".parquet"),
        help="write the images in this order to a .txt, .csv, .json or .parquet file",
    )
    add_explain(add, "which other ranked image looks nearest to each")
    add_printing(add)
    add_parents(add)
    add_reading(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit code."""
    from ..report import describe_skipped
    from ..results import write_selection
    from .inputs import check_picks, collect, count_target, tell_of_documents
    from .printing import print_paths, say
    from .tables import describe

    inputs = collect(options, _check_output)
    index = inputs.index
    tell_of_documents(options, inputs)
    limit = count_target(options, index)
    ranking = index.draw_ranking(limit, options.random_seed, inputs.sampling)
    check_picks(options, ranking)
    if options.output is None:
        # A photo once, however many of its crops are ranked.
        paths = list(dict.fromkeys(ranking.paths))
        print_paths(paths, is_null_ended=options.null, relative_to=options.relative_to)
    else:
        table = describe(options, ranking, inputs.images.table)
        write_selection(ranking, options.output, relative_to=options.relative_to, table=table)
    if not options.quiet:
        say(f"Ranked {len(ranking):,} of {index.table.count_items()}", *describe_skipped(ranking))
    return 0


def _check_output(options: argparse.Namespace, images: "NamedImages", read: list[str]) -> None:
    """Make sure that the file can be written, before there is anything to write."""
    from ..results import selection_kind
    from ..writing import check_output
    from .tables import take_columns

    if options.output is not None:
        columns = () if images.table is None else take_columns(options, images.table).column_names
        kind = selection_kind(columns, images.paths, options.relative_to)
        check_output(options.output, kind, read)
