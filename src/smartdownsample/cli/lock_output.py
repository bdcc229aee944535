"""From the options of a command to a lockfile of what it selected."""

import argparse
from dataclasses import fields
from typing import Any

from ..display import count_noun
from ..items import NamedImages
from ..locks import LockRequest, list_unsaid, write_lock
from ..options import ReadingOptions
from ..records import Picks
from .inputs import list_parameters
from .printing import say

# Stands elsewhere in a lockfile than among the options.
_ELSEWHERE = ("sources", "keep", "target_count", "random_seed")


def lock_selection(options: argparse.Namespace, selection: Picks, images: NamedImages) -> None:
    """Write the lockfile of a first round."""
    asked = list_asked(options)
    request = LockRequest(
        options.sources,
        options.keep,
        {name: value for name, value in asked.items() if name not in _ELSEWHERE},
        {document.annotations.file for document in images.documents},
        list_placed(options),
    )
    wanted = None if options.target_count is None else selection.target_count
    content = write_lock(selection, request, options.lock, wanted, show_progress=not options.quiet)
    if not options.quiet:
        say(f"Locked {count_noun(len(content.picks), 'pick')} in {options.lock}")
    say(*list_unsaid(content, options.lock))


def list_placed(options: argparse.Namespace) -> list[str]:
    """List the folders where this run and former ones placed images."""
    placed = [options.copy_to, options.link_to, options.crops_to, *getattr(options, "left_out", [])]
    return [folder for folder in placed if folder is not None]


def list_asked(options: argparse.Namespace) -> dict[str, Any]:
    """List all that decides about a selection."""
    crops = [entry.name for entry in fields(ReadingOptions) if entry.name.startswith("crop_")]
    return {**list_parameters(options), **{name: getattr(options, name) for name in crops}}
