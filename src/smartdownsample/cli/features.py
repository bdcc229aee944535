"""``smartdownsample features``: decode now, sample later."""

import argparse
import time

from ..provenance import count_previews, describe_previews
from .collection import collect
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
    started = time.perf_counter()
    table = collect(options).index.table
    seconds = time.perf_counter() - started
    if not options.quiet:
        rate = f" in {seconds:,.1f} s, {table.n_extracted / seconds:,.0f} a second"
        say(
            f"Read {table.n_extracted:,} images{rate if table.n_extracted else ''}; "
            f"{table.n_known:,} were known, {len(table.failures):,} could not be loaded"
        )
        if options.decode == "preview":
            for line in describe_previews(count_previews(table)):
                say(f"  {line}")
    return 0
