"""Two selections that are compared, and the collection that they are of."""

import argparse
import os
from collections.abc import Sequence

import numpy as np

from ..errors import InvalidParameterError
from ..formats import list_cells
from ..gathering import turn_upright
from ..items import NamedImages, add_images, to_key
from ..options import Kept
from ..page import ComparedPicks, compare_selections
from ..records import REGION_COLUMNS, IntArray
from ..results import find_base
from ..sampling import find_kept, label_items
from .earlier import list_roots, name_originals, read_earlier
from .inputs import CheckOutputs, Inputs, gather_named, make_reader, name_all


def compare(
    options: argparse.Namespace, check_outputs: CheckOutputs
) -> tuple[Inputs, ComparedPicks]:
    """Compare the last two sources of a command in the collection that the others name.

    Without others, the collection is the folder that all picks have in common, or, where there is
    none, the picks.
    """
    *sources, first, second = options.sources
    roots = list_roots(options, sources)
    read = [_read_selection(options, file, roots) for file in (first, second)]
    folder = None if sources else _find_folder(read)
    is_of_picks = not sources and folder is None
    options.sources = sources or ([first, second] if folder is None else [folder])
    images, _ = name_all(options)
    kept: list[Sequence[Kept] | IntArray] = []
    for file, named in zip((first, second), read, strict=True):
        boxes = _list_boxes(named)
        is_of_crops = boxes or (named.items is not None and not named.documents)
        if is_of_crops and not images.documents:
            msg = (
                f"The selection {file!r} is of crops. Name the document that they were selected "
                "from before both selections."
            )
            raise InvalidParameterError(msg)
        if boxes:
            kept.append(boxes)
        else:
            images, own = add_images(images, name_originals(named, images), turn_upright)
            kept.append(own)
    inputs = gather_named(options, images, [], check_outputs)
    table = inputs.index.table
    groups = inputs.sampling.groups
    compared = compare_selections(
        inputs.index.collection,
        [np.flatnonzero(find_kept(table, each)) for each in kept],
        _name(first, second),
        labels=None if groups is None else label_items(groups, table),
        scope=table.count_items() + (", those that either selection has" if is_of_picks else ""),
        folder=folder or "",
    )
    return inputs, compared


def _read_selection(options: argparse.Namespace, file: str, roots: Sequence[str]) -> NamedImages:
    """Read the images of a selection."""
    if not os.path.isfile(file):
        msg = (
            f"Without -n, the last two sources must be selections in files, to be compared. Got "
            f"{file!r} instead. Name two files, such as a.json b.json, or say how many images to "
            "select with -n."
        )
        raise InvalidParameterError(msg)
    return read_earlier(file, roots, options.path_column, make_reader(options))


def _list_boxes(images: NamedImages) -> list[Kept]:
    """List the crops of a table as paths and regions; none where it is of whole photos."""
    table = images.table
    if table is None or not {*REGION_COLUMNS} <= {*table.column_names}:
        return []
    regions = zip(*(list_cells(table, name) for name in REGION_COLUMNS), strict=True)
    return list(zip(images.paths, regions, strict=True))


def _find_folder(selections: Sequence[NamedImages]) -> str | None:
    """Find the folder that all picks have in common; None for crops, and where there is no such.

    The root, and folders that the user's own lies in, are not of one collection.
    """
    paths = [path for images in selections for path in images.paths]
    is_of_photos = all(images.items is None for images in selections)
    if not paths or not is_of_photos or any(map(_list_boxes, selections)):
        return None
    try:
        folder = os.fsdecode(find_base(list(map(to_key, paths))))
        is_above = os.path.commonpath([folder, os.path.expanduser("~")]) == folder
    except (InvalidParameterError, ValueError):  # on two drives
        return None
    if is_above or not os.path.isdir(folder):
        return None
    return folder if any(map(os.path.isabs, paths)) else os.path.relpath(folder)


def _name(first: str, second: str) -> tuple[str, str]:
    """Name two selections by their files, as briefly as tells them apart."""
    parts = [os.path.abspath(file).split(os.sep) for file in (first, second)]
    stems = [os.path.splitext(own[-1])[0] for own in parts]
    if stems[0] != stems[1]:
        return stems[0], stems[1]
    n = next((n for n in range(1, max(map(len, parts))) if parts[0][-n:] != parts[1][-n:]), 1)
    return "/".join(parts[0][-n:]), "/".join(parts[1][-n:])
