"""Folders of items."""

import os
from collections.abc import Sequence

import numpy as np

from ..records import IntArray
from .locations import to_key


def name_folder(path: str) -> str:
    """Name the folder of a path as the caller spelt it."""
    return os.path.dirname(path) or os.curdir


def number_folders(paths: Sequence[str]) -> IntArray:
    """Give each path the number of its folder, shape (n,), in order of first appearance.

    Different spellings of one folder get one number.
    """
    folders = [name_folder(path) for path in paths]
    key_of = {folder: to_key(folder) for folder in set(folders)}
    id_of: dict[bytes, int] = {}
    ids = (id_of.setdefault(key_of[folder], len(id_of)) for folder in folders)
    return np.fromiter(ids, np.int64, len(folders))


def split_folders(keys: Sequence[bytes]) -> list[IntArray]:
    """List the places of each folder's keys, sorted by name whatever their order in `keys`."""
    places_of: dict[bytes, list[int]] = {}
    for place in sorted(range(len(keys)), key=keys.__getitem__):
        places_of.setdefault(os.path.dirname(keys[place]), []).append(place)
    return [np.array(places, dtype=np.int64) for places in places_of.values()]
