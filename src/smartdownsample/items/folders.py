"""The folder that an item lies in."""

import os
from collections.abc import Sequence

import numpy as np

from ..records import IntArray
from .locations import to_key


def name_folder(path: str) -> str:
    """Name the folder of a path as the caller spelt it."""
    return os.path.dirname(path) or os.curdir


def number_folders(paths: Sequence[str]) -> IntArray:
    """Number the folder of each path, shape (n,), by its first path.

    Spellings of one absolute path are one folder.
    """
    folders = [name_folder(path) for path in paths]
    key_of = {folder: to_key(folder) for folder in set(folders)}
    id_of: dict[bytes, int] = {}
    ids = (id_of.setdefault(key_of[folder], len(id_of)) for folder in folders)
    return np.fromiter(ids, np.int64, len(folders))


def split_folders(keys: Sequence[bytes]) -> list[IntArray]:
    """List the places of the keys of each folder, in the order of their names.

    The order given does not matter.
    """
    places_of: dict[bytes, list[int]] = {}
    for place in sorted(range(len(keys)), key=keys.__getitem__):
        places_of.setdefault(os.path.dirname(keys[place]), []).append(place)
    return [np.array(places, dtype=np.int64) for places in places_of.values()]
