"""From the options of a command to a lockfile of what it selected."""

import argparse
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from ..display import count_noun
from ..errors import InvalidParameterError
from ..formats import LIST_EXTENSIONS, TABLE_EXTENSIONS
from ..items import DocumentItems, NamedImages, find_fixed_folder, list_items, to_key
from ..locks import (
    WITHOUT_ROOT,
    LockContent,
    LockedSource,
    are_relative,
    choose_root,
    digest_file,
    make_content,
    refuse_locking,
    save_content,
    spell_nearby,
    spell_place,
)
from ..options import ReadingOptions
from ..records import Picks
from .inputs import list_parameters
from .printing import say

# More images than these, named one by one, are not repeated in a lockfile.
_MOST_NAMED = 100
# Stands elsewhere in a lockfile than among the options.
_ELSEWHERE = ("sources", "keep", "target_count", "random_seed")
# Folders below the root whose images do not count, since they were placed there.
LEFT_OUT = "left_out"
# How the root was reached from the working folder, which patterns of paths may count from.
ROOT_AS_CALLED = "root_as_called"


def write_lock(options: argparse.Namespace, selection: Picks, images: NamedImages) -> None:
    """Write the lockfile of a first round."""
    refuse_locking(selection.paths)
    folder = os.path.dirname(to_key(options.lock))
    root = _choose_root(options, selection, images)
    begun = LockContent(
        features=selection.table.spec.fingerprint,
        root=spell_nearby(root, folder, is_relative=are_relative(selection)),
        sources=_spell_sources(options.sources, images.documents, root, folder),
        keep=_spell_sources(options.keep, (), root, folder),
        options=_list_options(options, root),
    )
    wanted = None if options.target_count is None else selection.target_count
    content = make_content(selection, root, begun, wanted, show_progress=not options.quiet)
    save_content(content, options.lock, selection)
    if not options.quiet:
        say(f"Locked {count_noun(len(content.picks), 'pick')} in {options.lock}")
    if content.root is None:
        say(f"{options.lock} {WITHOUT_ROOT}: name it with --root when you use the lockfile.")


def _choose_root(options: argparse.Namespace, selection: Picks, images: NamedImages) -> bytes:
    """Choose the folder that paths count from: of all sources, or of all images in documents."""
    if options.root is not None:
        root = to_key(options.root)
        if all(to_key(path).startswith(os.path.join(root, b"")) for path in selection.paths):
            return root
    named = {document.annotations.file for document in images.documents}
    places = [_find_fixed(source) for source in options.sources if source not in named]
    if named or None in places:
        return choose_root(selection)
    return os.path.commonpath([to_key(place) for place in places if place is not None])


def _find_fixed(source: str) -> str | None:
    """Find the folder that a folder, glob or image stays in; None for lists and tables."""
    if os.path.isdir(source):
        return source
    if _is_document(source):
        return None
    return find_fixed_folder(source) or os.curdir


def _is_document(source: str) -> bool:
    extension = os.path.splitext(source)[1].lower()
    return source == "-" or extension in {*TABLE_EXTENSIONS, *LIST_EXTENSIONS, ".json", ".lock"}


def _spell_sources(
    sources: Sequence[str], documents: Sequence[DocumentItems], root: bytes, folder: bytes
) -> list[LockedSource] | None:
    """Spell sources for a lockfile in a folder; None where one cannot be repeated."""
    named = {document.annotations.file for document in documents}
    if len(sources) > _MOST_NAMED and all(map(os.path.isfile, sources)):
        # A shell put them in the place of a pattern.
        is_all = {*map(to_key, sources)} == {*list_items(os.fsdecode(root)).keys}
        return [LockedSource(images=".")] if is_all else None
    spelt = [_spell_source(source, named, root, folder) for source in sources]
    known = [source for source in spelt if source is not None]
    return known if len(known) == len(spelt) else None


def _spell_source(
    source: str, named: Collection[str], root: bytes, folder: bytes
) -> LockedSource | None:
    """Spell a source: images below the root, or anything else from the lockfile's folder on."""
    key = to_key(source)
    is_list = source in named or (_is_document(source) and not os.path.isdir(source))
    below = None if is_list else spell_place(key, root)
    if below is not None:
        return LockedSource(images=below)
    place = spell_nearby(key, folder, is_relative=not os.path.isabs(source))
    if place is None or source == "-" or not os.path.exists(source):
        return None
    return LockedSource(document=place, sha256=digest_file(source))


def _list_options(options: argparse.Namespace, root: bytes) -> dict[str, Any]:
    """List what was asked for; a root of documents is told from that of the lockfile on."""
    told = {name: value for name, value in list_asked(options).items() if name not in _ELSEWHERE}
    told["root"] = None if options.root is None else spell_place(to_key(options.root), root)
    told[LEFT_OUT] = list_left_out(options, root)
    if options.include or options.exclude or (options.grouping or "").startswith("regex:"):
        as_called = spell_place(root, to_key(os.curdir))
        for name in ("include", "exclude"):
            told[name] = [_spell_pattern(each, root, as_called, name) for each in told[name]]
        # Patterns from the disk's root on then count from the root of the images.
        is_absolute = [*told["include"], *told["exclude"]] != [*options.include, *options.exclude]
        told[ROOT_AS_CALLED] = as_called or (os.curdir if is_absolute else None)
    return told


def _spell_pattern(pattern: str, root: bytes, as_called: str | None, name: str) -> str:
    """Spell a pattern that counts from the root of the disk such that it serves elsewhere."""
    folder = os.fsdecode(root)
    start = os.path.join(folder, "")
    if pattern.startswith(start) and pattern != start:
        is_below = as_called not in {None, os.curdir}
        escaped = re.sub(r"([*?\[\\])", r"\\\1", f"/{as_called}") if is_below else ""
        return f"{escaped}/{pattern.removeprefix(start)}"
    first = folder.split("/")[:2]
    if pattern.count("/") > 1 and first[-1] and pattern.split("/")[:2] == first:
        msg = (
            f"--{name} {pattern!r} counts from the root of the disk, so that it would match "
            "nothing on another machine, and is not below the folder of the images. No lockfile "
            "was written. Give it from the folder that is searched on, such as StationB/2024*."
        )
        raise InvalidParameterError(msg)
    return pattern


def list_left_out(options: argparse.Namespace, root: bytes) -> list[str]:
    """List the folders below the root where this run and former ones placed images."""
    placed = [options.copy_to, options.link_to, options.crops_to, *getattr(options, LEFT_OUT, [])]
    places = [spell_place(to_key(folder), root) for folder in placed if folder is not None]
    return sorted({place for place in places if place is not None})


def list_asked(options: argparse.Namespace) -> dict[str, Any]:
    """List all that decides about a selection."""
    crops = [entry.name for entry in fields(ReadingOptions) if entry.name.startswith("crop_")]
    return {**list_parameters(options), **{name: getattr(options, name) for name in crops}}
