"""Images of the sources that a command line names: folders, globs, images, lists and tables.

Lists and tables are documents, see `smartdownsample.formats`. Everything else is a source of
`smartdownsample.find_images`.
"""

import glob
import os
import re
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias, cast

import numpy as np

from ..display import count_noun
from ..errors import ImageLoadingWarning, InvalidParameterError, warn_user
from ..formats import (
    LIST_EXTENSIONS,
    TABLE_EXTENSIONS,
    list_cells,
    list_columns,
    read_list,
    read_table,
    split_list,
)
from ..object_urls import is_remote
from .document_paths import anchor_paths
from .documents import DocumentItems
from .find import IMAGE_EXTENSIONS, describe_empty, find_fixed_folder, list_source
from .groupings import FACTS_OF_PATHS, Fact, Grouping, list_facts, match_paths
from .join import TurnItems
from .locations import to_key, to_keys
from .named_images import NamedImages, join_images
from .patterns import match_patterns
from .shards import Shard

STANDARD_INPUT = "-"
# Stands at the beginning of lockfiles, see `smartdownsample.locks`.
LOCK_MARK = "smartdownsample_lock"
_LOCK_EXTENSIONS = (".lock", ".json")
# A document of any name begins with an object, or a list of them.
_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*[\"}]")
_BEGINNING = 1_000
_MOST_OPENED = 1_000
_OF_LISTS = {*TABLE_EXTENSIONS, *LIST_EXTENSIONS}
# Those of files that are no documents of detections, unless they begin as one.
_USUAL = {*_OF_LISTS, *IMAGE_EXTENSIONS} - {".json"}
# Reads the items of a document; None for any other file or folder.
ReadItems: TypeAlias = Callable[[str], DocumentItems | None]
# Spells a path as patterns and regular expressions are to see it.
Respell: TypeAlias = Callable[[str], str]


def name_images(  # noqa: PLR0913 - what the command has, each with a default
    sources: Sequence[str],
    *,
    path_column: str | None = None,
    root: str | None = None,
    grouping: Grouping | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    read_items: ReadItems | None = None,
    turn: TurnItems | None = None,
    may_be_empty: bool = True,
    respell: Respell = str,
    shard: Shard | None = None,
) -> NamedImages:
    """List the images that sources name, each folder or glob sorted by path.

    A source is a folder, glob, image, list or table, or ``-`` for a list on standard input, or what
    `read_items` takes for a document of detections; `turn` is for `join_items`. Paths of lists and
    tables count from `root`, see `anchor_paths`. `include` and
    `exclude` are patterns, see `match_patterns`: kept are images that match one of `include`, if
    there is any, and none of `exclude`. These, and a `grouping` by the path, see paths as `respell`
    gives them. With a `shard` only its images are listed, which may be none. Raises
    `InvalidParameterError` for sources that do not exist or cannot be read,
    where the patterns leave no image, where `grouping` finds no name or column, and, unless they
    `may_be_empty`, where they name no image at all.
    """
    if len(sources) > _MOST_OPENED:
        # Photos that a shell named one by one: none is opened to see whether it is a document.
        read_items = None
    parts = [_read_source(source, path_column, root, read_items) for source in sources]
    empty = [source for source, part in zip(sources, parts, strict=True) if _is_empty(part)]
    if len(empty) == len(sources) and not may_be_empty:
        raise InvalidParameterError(_describe_empty(empty[0]))
    for source in empty:
        warn_user(_describe_empty(source), ImageLoadingWarning)
    if include or exclude:
        parts = _keep_matching(sources, parts, root, include, exclude, respell)
    if shard is not None:
        parts = _take_shard(sources, parts, root, shard)
    if grouping is not None:
        _check_grouping(parts, grouping)
        parts = [replace(part, labels=_label_images(part, grouping, respell)) for part in parts]
    return join_images(parts, turn)


def _is_empty(part: NamedImages) -> bool:
    """Tell whether a source named no images; of documents, others tell why."""
    return not part.paths and not part.documents


def _describe_empty(source: str) -> str:
    """Say that a source names no images."""
    is_searched = os.path.isdir(source) or glob.has_magic(source) or is_remote(source)
    return describe_empty(source) if is_searched else f"{source!r} names no images."


def leave_out_folder(images: NamedImages, folder: str) -> NamedImages:
    """Leave out the images below a folder, such as copies of a former run. It need not exist."""
    prefix = os.path.join(to_key(folder), b"")
    outside = [not to_key(path).startswith(prefix) for path in images.paths]
    return images.take(np.array(outside, dtype=np.bool_))


def _read_source(
    source: str, path_column: str | None, root: str | None, read_items: ReadItems | None
) -> NamedImages:
    """List the images of one source; a table's come with the table."""
    if source == STANDARD_INPUT:
        if sys.stdin is None:
            msg = "Standard input must be open to be read as a list (-). It is closed."
            raise InvalidParameterError(msg)
        return NamedImages(split_list(sys.stdin.buffer.read()))
    if is_remote(source):
        return _list_remote(source)
    is_pipe = _is_pipe(source)
    extension = os.path.splitext(source)[1].lower()
    is_usual = extension in _USUAL
    if extension in _LOCK_EXTENSIONS and not is_pipe:
        _refuse_lockfile(source)
    may_be = not is_pipe and os.path.exists(source)
    if read_items is not None and may_be and (not is_usual or _begins_with_object(source)):
        document = read_items(source)
        if document is not None:
            return NamedImages.of_document(document)
    if not os.path.isfile(source) and not is_pipe:
        images = NamedImages(sorted(list_source(source)))
    elif extension in TABLE_EXTENSIONS:
        paths, table = read_table(source, path_column)
        images = NamedImages(_anchor_paths(paths, source, root), table=table)
    elif extension in LIST_EXTENSIONS or is_pipe:
        images = NamedImages(_anchor_paths(read_list(source), source, root))
    else:
        images = NamedImages([source])
    return images


def _list_remote(source: str) -> NamedImages:
    """List the images below a URL; lists, tables and documents are no sources there."""
    extension = os.path.splitext(source)[1].lower()
    if extension in {*_OF_LISTS, *_LOCK_EXTENSIONS}:
        msg = (
            f"Lists, tables and documents must be files of this machine. Got {source!r}. Copy it "
            "here and name the copy."
        )
        raise InvalidParameterError(msg)
    return NamedImages(sorted(list_source(source)))


def _refuse_lockfile(source: str) -> None:
    """Refuse a lockfile, which would be taken for an image or a table."""
    try:
        with open(source, "rb") as stream:
            is_lock = f'"{LOCK_MARK}"'.encode() in stream.read(2 * len(LOCK_MARK))
    except OSError:  # a folder, or the next who reads it tells
        return
    if is_lock:
        msg = (
            f"{source!r} is a lockfile, which is no list of images. Write its selection to a file "
            f"and name that: smartdownsample sample --lock {source!r} -o picks.csv. To add to it, "
            "give --update."
        )
        raise InvalidParameterError(msg)


def _begins_with_object(file: str) -> bool:
    """Tell whether a file begins as documents in JSON do, and no list or table of paths does."""
    try:
        with open(file, "rb") as stream:
            return _OBJECT.match(stream.read(_BEGINNING)) is not None
    except OSError:  # a folder, or the next who reads it tells
        return False


def _is_pipe(source: str) -> bool:
    """Tell whether a source is a pipe, such as ``<(find …)`` in a shell."""
    try:
        return stat.S_ISFIFO(os.stat(source).st_mode)
    except (OSError, ValueError):
        return False


def _anchor_paths(paths: list[str], file: str, root: str | None) -> list[str]:
    """Decide what the relative paths of a list or table are relative to.

    The working folder; or the document's folder, if the first relative path exists only there. With
    a `root`, or where paths have backslashes, they are looked for as those of documents are.
    """
    if root is not None or any("\\" in path for path in paths):
        return anchor_paths(paths, file, root).paths
    folder = os.path.dirname(file)
    is_relative = [not os.path.isabs(path) and not is_remote(path) for path in paths]
    first = next((path for path, own in zip(paths, is_relative, strict=True) if own), None)
    if first is None or os.path.lexists(first) or not os.path.lexists(os.path.join(folder, first)):
        return paths
    return [
        os.path.join(folder, path) if own else path
        for path, own in zip(paths, is_relative, strict=True)
    ]


def _check_grouping(parts: Sequence[NamedImages], grouping: Grouping) -> None:
    """Make sure that there is a table, or a document, when groups come from one."""
    needs_document = grouping.rule == "fact" and grouping.text not in FACTS_OF_PATHS
    if needs_document and not any(part.documents for part in parts):
        named = [part.table.column_names for part in parts if part.table is not None]
        advice = (
            f" Where a column does, use column:NAME: {list_columns(named[0])}." if named else ""
        )
        msg = (
            f"Groups by {grouping.text} need a document of detections as a source, such as what "
            "MegaDetector writes. There is none. "
            f"Where folders name them, use parent or regex:PATTERN.{advice}"
        )
        raise InvalidParameterError(msg)
    if grouping.rule == "column" and not any(part.table is not None for part in parts):
        msg = (
            f"Groups by the column {grouping.text!r} need a table of images "
            f"({', '.join(TABLE_EXTENSIONS)}) as a source. There is none."
        )
        raise InvalidParameterError(msg)


def _label_images(images: NamedImages, grouping: Grouping, respell: Respell) -> list[object]:
    """Name the group of each image of one source; None where a table does not tell."""
    if grouping.rule == "regex":
        return match_paths(list(map(respell, images.paths)), grouping.text)
    if grouping.rule == "fact":
        details = None if images.items is None else images.items.details
        return list_facts(images.paths, details, cast("Fact", grouping.text))
    if images.table is None:
        return [None] * len(images.paths)
    return list_cells(images.table, grouping.text)


def _keep_matching(
    sources: Sequence[str],
    parts: Sequence[NamedImages],
    root: str | None,
    include: Sequence[str],
    exclude: Sequence[str],
    respell: Respell,
) -> list[NamedImages]:
    """Keep the images that the patterns allow, see `name_images`; say what matches none."""
    patterns = [*include, *exclude]
    bases = [_find_base(source, part, root) for source, part in zip(sources, parts, strict=True)]
    matches = [
        match_patterns(patterns, list(map(respell, part.paths)), respell(base))
        for part, base in zip(parts, bases, strict=True)
    ]
    n_include = len(include)
    chosen = []
    for part, match in zip(parts, matches, strict=True):
        is_kept = np.ones(len(part.paths), dtype=np.bool_)
        if include:
            is_kept &= match[:n_include].any(axis=0)
        is_kept &= ~match[n_include:].any(axis=0)
        chosen.append(part.take(is_kept))
    n_named = sum(len(part.paths) for part in parts)
    if n_named and not any(part.paths for part in chosen):
        options = " and ".join(["--include"] * bool(include) + ["--exclude"] * bool(exclude))
        msg = (
            f"No image is left of {n_named:,} by {options}. A pattern is a name at any "
            "depth, such as StationB or *.JPG, or a path from the folder that is searched on, such "
            "as StationB/2024/*."
        )
        raise InvalidParameterError(msg)
    is_used = np.any([match.any(axis=1) for match in matches], axis=0)
    for place in np.flatnonzero(~is_used).tolist():
        option = "--include" if place < n_include else "--exclude"
        warn_user(
            f"{option} {patterns[place]!r} matches none of the {count_noun(n_named, 'image')}.",
            ImageLoadingWarning,
        )
    return chosen


def _take_shard(
    sources: Sequence[str], parts: Sequence[NamedImages], root: str | None, shard: Shard
) -> list[NamedImages]:
    """Take the images of a shard, by their paths from their sources on."""
    bases = set()
    for source, part in zip(sources, parts, strict=True):
        bases.add(to_key(_find_base(source, part, root) or os.curdir))
        # Lists and documents may count from the working folder.
        is_listed = not os.path.isdir(source) and not glob.has_magic(source)
        if is_listed and any(not os.path.isabs(path) for path in part.paths[:1]):
            bases.add(to_key(os.curdir))
    return [part.take(shard.hold(to_keys(part.paths), bases)) for part in parts]


def _find_base(source: str, part: NamedImages, root: str | None) -> str:
    """Find the folder that patterns with a slash count from, beside the working folder."""
    if part.documents and part.documents[0].options.root is not None:
        return os.fspath(part.documents[0].options.root)
    if root is not None and os.path.splitext(source)[1].lower() in _OF_LISTS:
        return root
    return source if is_remote(source) else find_fixed_folder(source)
