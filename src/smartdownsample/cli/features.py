"""``smartdownsample features``: decode now, sample later."""

import argparse

from ..display import count_noun

SUMMARY = "Decode images and keep their features for later runs"
USAGE = "SOURCE ... [options]"
EXAMPLES = (
    "features photos",
    "features photos --shard 3/16 --cache-dir features",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from .shards import add_shard
    from .shared_options import add_reading, add_sources

    add_sources(parser)
    add_reading(parser, is_kept=True)
    add_shard(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit code."""
    import dataclasses
    import time

    from ..gathering import count_previews, describe_previews
    from .inputs import gather_named, name_all, tell_of_documents
    from .printing import say

    started = time.perf_counter()
    shard, which = options.shard, ""
    options.must_keep = True
    if shard is not None:
        # Many runs write to the store, and all would want to merge its parts.
        options.merges_parts = False
        # Previews are trusted folder by folder.
        options.shard = dataclasses.replace(shard, whole_folders=options.decode == "preview")
        which = f"Shard {shard.number:,} of {shard.count:,}: "
    images, kept = name_all(options)
    if shard is not None and not images.paths:
        if not options.quiet:
            say(f"{which}none of the images is in it")
        return 0
    inputs = gather_named(options, images, kept)
    table = inputs.index.table
    seconds = time.perf_counter() - started
    tell_of_documents(options, inputs)
    if not options.quiet:
        read, known = ("photo", "crops ") if table.has_regions else ("image", "")
        rate = f" in {seconds:,.1f} s, {table.n_extracted / seconds:,.0f} a second"
        say(
            f"{which}Read {count_noun(table.n_extracted, read)}"
            f"{rate if table.n_extracted else ''}; "
            f"{table.n_known:,} {known}known before, {len(table.failures):,} could not be loaded"
        )
        if options.decode == "preview":
            for line in describe_previews(count_previews(table)):
                say(f"  {line}")
    return 0
