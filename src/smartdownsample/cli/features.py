"""``smartdownsample features``: decode now, sample later."""

import argparse

from ..display import count_noun

SUMMARY = "Decode images and keep their features for later runs"
USAGE = "SOURCE ... [options]"
EXAMPLES = (
    "features photos",
    "features photos --decode preview --cache-dir features",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from .shared_options import add_reading, add_sources

    add_sources(parser)
    add_reading(parser, is_kept=True)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit code."""
    import time

    from ..gathering import count_previews, describe_previews
    from .inputs import collect, tell_of_documents
    from .printing import say

    started = time.perf_counter()
    inputs = collect(options)
    table = inputs.index.table
    seconds = time.perf_counter() - started
    tell_of_documents(options, inputs)
    if not options.quiet:
        read, known = ("photo", "crops ") if table.has_regions else ("image", "")
        rate = f" in {seconds:,.1f} s, {table.n_extracted / seconds:,.0f} a second"
        say(
            f"Read {count_noun(table.n_extracted, read)}{rate if table.n_extracted else ''}; "
            f"{table.n_known:,} {known}known before, {len(table.failures):,} could not be loaded"
        )
        if options.decode == "preview":
            for line in describe_previews(count_previews(table)):
                say(f"  {line}")
    return 0
