"""Boxes that do not count from the upright picture, turned so that they do.

Detectors differ in what they see of a photo that its EXIF orientation turns. The store knows crops
by their place in the upright picture, so boxes are turned before their features are looked up. Few
photos are turned, and reading the heads of all would cost more than a run that knows everything:
the store tells of most crops that their photos are as they are stored.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..options import BoxOrientation
from ..records import (
    FLAG_TURNED,
    Cause,
    FileStats,
    IntArray,
    ItemList,
    are_crops,
    round_regions,
)
from ..store import FeatureStore, KnownRows
from .photo_sizes import read_photo_header

if TYPE_CHECKING:
    from ..pictures import Header

# Files that are read at a time: disks and networks keep one waiting, not processors.
_N_READERS = 8
# Files that a thread reads at a time: handing them out one by one takes as long as reading them.
_BLOCK = 64
# MegaDetector turns photos as their EXIF orientation says, except for mirrored ones (`load_image`
# in https://github.com/agentmorris/MegaDetector, ``visualization/visualization_utils.py``).
_MIRRORED = frozenset((2, 4, 5, 7))


def look_up_upright(
    store: FeatureStore,
    items: ItemList,
    stats: FileStats,
    retried: Sequence[Cause],
) -> tuple[ItemList, KnownRows]:
    """Look items up with their boxes turned; gives the items with these boxes, too.

    Files are read only where the store does not know whether they are turned, or knows that they
    are.
    """
    known = store.look_up_rows(items, stats, retried)
    if items.orientation == "upright" and items.sizes is None:
        return items, known
    turned = turn_boxes(items, _find_doubtful(items, known))
    if turned is items:
        return items, known
    turned = replace(turned, orientation="upright", sizes=None)
    return turned, store.look_up_rows(turned, stats, retried)


def _find_doubtful(items: ItemList, known: KnownRows) -> IntArray:
    """Find the files whose boxes may have to be turned."""
    is_doubtful = np.zeros(len(items), dtype=np.bool_)
    is_doubtful[known.misses] = True
    # Rows without features have no flags; of their causes, only this one depends on the box.
    missing = [item for item, cause in known.causes.items() if cause is Cause.BOX_MISSING]
    is_doubtful[missing] = True
    is_doubtful[known.readable[known.rows["flags"] & FLAG_TURNED != 0]] = True
    # Whole photos look the same however they are turned.
    is_doubtful &= are_crops(items.regions)
    if items.orientation == "upright" and items.sizes is not None:
        has_size = np.asarray(items.sizes.all(axis=1))
        is_doubtful &= has_size[items.file_of]
    return np.unique(items.file_of[is_doubtful])


def turn_upright(items: ItemList) -> ItemList:
    """Turn all boxes so that they count from the upright picture.

    The head of each photo with boxes is read, unless they count from that picture anyway.
    """
    if items.orientation == "upright" and items.sizes is None:
        return items
    files = np.unique(items.file_of[are_crops(items.regions)])
    return replace(turn_boxes(items, files), orientation="upright", sizes=None)


def turn_boxes(items: ItemList, files: IntArray) -> ItemList:
    """Turn the boxes of some files that count from the stored picture.

    Gives the same list where there is none. Files that cannot be read are left alone: decoding
    tells why.

    Parameters
    ----------
    items : ItemList
        The items, whose regions are as their document has them.
    files : ndarray of int64
        Places of the files to read, distinct.

    Returns
    -------
    ItemList
        The items in the same order, their regions in shares of the upright picture as far as these
        files go.
    """
    if not len(files):
        return items
    # Imported here, since importing the decoder takes longer than a run that knows all.
    from ..pictures import turn_regions_upright

    blocks = np.array_split(files, -(-len(files) // _BLOCK))
    with ThreadPoolExecutor(_N_READERS) as pool:
        turns = list(pool.map(lambda block: _choose_turns(items, block), blocks))
    orientations = np.ones(len(items.keys), dtype=np.int64)
    orientations[files] = np.concatenate(turns)
    of_items = orientations[items.file_of]
    if (of_items == 1).all():
        return items
    regions = items.regions.astype(np.float64)
    for orientation in range(2, 9):
        own = np.flatnonzero(of_items == orientation)
        regions[own] = turn_regions_upright(regions[own], orientation)
    return replace(items, regions=round_regions(regions))


def _choose_turns(items: ItemList, files: IntArray) -> list[int]:
    """Choose by which EXIF orientation the boxes of each file are to be turned; 1 is not at all."""
    turns = []
    for file in files.tolist():
        header = _read_header(os.fsdecode(items.keys[file]))
        is_turned = header is not None and _is_to_turn(header, items, file)
        turns.append(header.orientation if header is not None and is_turned else 1)
    return turns


def _read_header(location: str) -> "Header | None":
    """Read the header of a photo that is not stored upright; None of any other file."""
    header = read_photo_header(location)
    # No decoder of HEIC gives a picture that is not upright.
    if isinstance(header, Cause) or header.orientation == 1 or header.format == "HEIC":
        return None
    return header


def _is_to_turn(header: "Header", items: ItemList, file: int) -> bool:
    """Tell whether the boxes of a turned file count from the stored picture."""
    if items.sizes is not None:
        size = tuple(items.sizes[file].tolist())
        is_stored, is_upright = size == (header.width, header.height), size == header.upright_size
        if is_stored != is_upright:
            return is_stored
    return counts_from_stored(items.orientation, header.orientation)


def counts_from_stored(rule: BoxOrientation, orientation: int) -> bool:
    """Tell whether boxes count from the stored picture, by an EXIF orientation of 1 to 8."""
    return rule == "stored" or (rule == "megadetector" and orientation in _MIRRORED)
