"""Images of the sources that a command line names: folders, globs, images, lists and tables.

Lists and tables are documents, see `smartdownsample.formats`. Everything else is a source of
`smartdownsample.find_images`.
"""

import fnmatch
import os
import re
import stat
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, compress
from typing import Literal, NamedTuple

import numpy as np

from ..arrow import pack_flags
from ..errors import InvalidParameterError
from ..formats import (
    LIST_EXTENSIONS,
    TABLE_EXTENSIONS,
    list_cells,
    read_list,
    read_table,
    split_list,
)
from ..records import NamedImages
from .find import list_source
from .locations import to_key

STANDARD_INPUT = "-"
# The group of images that were selected before and have no other group.
EARLIER_GROUP = "selected before"


class Grouping(NamedTuple):
    """How to name the group of an image.

    Attributes
    ----------
    rule : {"regex", "column"}
        Whether to take the name from the path or from a table.
    text : str
        A regular expression, whose first group (or whole match) is the name; or a column.
    """

    rule: Literal["regex", "column"]
    text: str


def name_images(
    sources: Sequence[str],
    *,
    path_column: str | None = None,
    grouping: Grouping | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> NamedImages:
    """List the images that sources name, each folder or glob sorted by path.

    A source is a folder, glob, image, list or table, or ``-`` for a list on standard input.
    `include` and `exclude` are shell patterns: kept are images that match one of `include`, if
    there is any, and none of `exclude`. A pattern with a slash is for the whole path, where ``*``
    matches slashes too; any other pattern is for the name. Raises `InvalidParameterError` for
    sources that do not exist or cannot be read, and where `grouping` finds no name or column.
    """
    parts = [_read_source(source, path_column) for source in sources]
    if include or exclude:
        parts = [_keep_matching(part, include, exclude) for part in parts]
    images = NamedImages(
        paths=list(chain.from_iterable(part.paths for part in parts)),
        table=parts[0].table if len(parts) == 1 else None,
    )
    if grouping is not None:
        _check_grouping(parts, grouping)
        labels = list(chain.from_iterable(_label_images(part, grouping) for part in parts))
        images = replace(images, labels=labels)
    return images


def add_images(images: NamedImages, others: NamedImages) -> NamedImages:
    """Append the images that are not there yet; the table stays without rows for them."""
    named = set(map(to_key, images.paths))
    new = [place for place, path in enumerate(others.paths) if to_key(path) not in named]
    labels = images.labels
    if labels is not None:
        more = others.labels or [EARLIER_GROUP] * len(others.paths)
        labels = labels + [more[place] for place in new]
    paths = images.paths + [others.paths[place] for place in new]
    return NamedImages(paths, labels, images.table)


def leave_out_folder(images: NamedImages, folder: str) -> NamedImages:
    """Leave out the images below a folder, such as copies of a former run. It need not exist."""
    prefix = os.path.join(to_key(folder), b"")
    return _take(images, [not to_key(path).startswith(prefix) for path in images.paths])


def _read_source(source: str, path_column: str | None) -> NamedImages:
    """List the images of one source; a table's come with the table."""
    if source == STANDARD_INPUT:
        if sys.stdin is None:
            msg = "Standard input must be open to be read as a list (-). It is closed."
            raise InvalidParameterError(msg)
        return NamedImages(split_list(sys.stdin.buffer.read()))
    is_pipe = _is_pipe(source)
    if not os.path.isfile(source) and not is_pipe:
        return NamedImages(sorted(list_source(source)))
    extension = os.path.splitext(source)[1].lower()
    if extension in TABLE_EXTENSIONS:
        paths, table = read_table(source, path_column)
        return NamedImages(_anchor_paths(paths, source), table=table)
    if extension in LIST_EXTENSIONS or is_pipe:
        return NamedImages(_anchor_paths(read_list(source), source))
    return NamedImages([source])


def _is_pipe(source: str) -> bool:
    """Tell whether a source is a pipe, such as ``<(find …)`` in a shell."""
    try:
        return stat.S_ISFIFO(os.stat(source).st_mode)
    except (OSError, ValueError):
        return False


def _anchor_paths(paths: list[str], file: str) -> list[str]:
    """Decide what the relative paths of a document are relative to.

    The working folder; or the document's folder, if the first relative path exists only there.
    """
    folder = os.path.dirname(file)
    first = next((path for path in paths if not os.path.isabs(path)), None)
    if first is None or os.path.lexists(first) or not os.path.lexists(os.path.join(folder, first)):
        return paths
    return [os.path.join(folder, path) for path in paths]


def _check_grouping(parts: Sequence[NamedImages], grouping: Grouping) -> None:
    """Make sure that there is a table when groups come from a column."""
    if grouping.rule == "column" and not any(part.table is not None for part in parts):
        msg = (
            f"Groups by the column {grouping.text!r} need a table of images "
            f"({', '.join(TABLE_EXTENSIONS)}) as a source. There is none."
        )
        raise InvalidParameterError(msg)


def _label_images(images: NamedImages, grouping: Grouping) -> list[object]:
    """Name the group of each image of one source; None where a table does not tell."""
    if grouping.rule == "regex":
        return _match_paths(images.paths, grouping.text)
    if images.table is None:
        return [None] * len(images.paths)
    return list_cells(images.table, grouping.text)


def _match_paths(paths: list[str], pattern: str) -> list[object]:
    """Name groups by the part of each path that a regular expression matches."""
    expression = re.compile(pattern)
    found = [expression.search(path) for path in paths]
    missing = [path for path, match in zip(paths, found, strict=True) if match is None]
    if missing:
        msg = (
            f"The regular expression {pattern!r} must match every path, to name its group. "
            f"{len(missing):,} of {len(paths):,} do not match, first {missing[0]!r}. "
            "Let it match them as well, or leave them out with --exclude."
        )
        raise InvalidParameterError(msg)
    place = 1 if expression.groups else 0
    return [match[place] for match in found if match is not None]


def _keep_matching(
    images: NamedImages, include: Sequence[str], exclude: Sequence[str]
) -> NamedImages:
    """Keep the images that the patterns allow, see `name_images`."""
    wanted = [re.compile(fnmatch.translate(pattern)) for pattern in include]
    unwanted = [re.compile(fnmatch.translate(pattern)) for pattern in exclude]
    is_kept = [
        (not wanted or _matches_any(path, wanted)) and not _matches_any(path, unwanted)
        for path in images.paths
    ]
    return _take(images, is_kept)


def _matches_any(path: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    name = os.path.basename(path)
    return any(pattern.match(path if "/" in pattern.pattern else name) for pattern in patterns)


def _take(images: NamedImages, is_taken: list[bool]) -> NamedImages:
    """Keep some of the images, with their labels and rows."""
    paths = list(compress(images.paths, is_taken))
    labels = None if images.labels is None else list(compress(images.labels, is_taken))
    table = images.table
    if table is not None:
        table = table.filter(pack_flags(np.array(is_taken[: len(table)], dtype=np.bool_)))
    return NamedImages(paths, labels, table)
