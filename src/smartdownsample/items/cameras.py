"""Cameras: what took the items, as a document or else their folders tell.

A camera is the deployment where a document tells it, else the location, else the folder without
those that cameras make when one is full.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from ..records import FeatureTable, IntArray, number_texts, pack_values
from .folders import name_folder, number_folders
from .locations import to_key

# Columns of a document that tell a camera; the first that says anything counts.
_TOLD = ("deployment", "location")
# Folders that cameras make when one is full, as MegaDetector lists them
# (megadetector/utils/ct_utils.py).
_OVERFLOW = re.compile(r"\d+RECNX|\d+EK\d+|\d+_BTCF|\d+MEDIA|\d+DSCIM", re.IGNORECASE)


@dataclass(frozen=True)
class Cameras:
    """The cameras of a collection, numbered; those of which no image could be loaded come last.

    Attributes
    ----------
    of_items : ndarray of int64, shape (n,)
        The camera of each item, see `number_cameras`.
    of_failures : ndarray of int64, shape (f,)
        That of each failure, as its folder tells it; -1 where that has items of several cameras.
    """

    of_items: IntArray
    of_failures: IntArray

    @property
    def n_readable(self) -> int:
        """Count the cameras that have items."""
        return int(self.of_items.max(initial=-1)) + 1

    def __len__(self) -> int:
        """Count the cameras."""
        return max(self.n_readable, int(self.of_failures.max(initial=-1)) + 1)


def find_cameras(table: FeatureTable) -> Cameras:
    """Find the cameras of a collection: of its items, and of what could not be loaded."""
    n, failed = len(table), [failure.path for failure in table.failures]
    if not failed:
        return Cameras(number_cameras(table), np.zeros(0, dtype=np.int64))
    folders = number_camera_folders([*table.paths, *failed])
    if table.details is None:
        return Cameras(folders[:n], folders[n:])
    cameras = number_cameras(table)
    lowest = np.full(folders.max() + 1, n)
    highest = np.full(folders.max() + 1, -1)
    np.minimum.at(lowest, folders[:n], cameras)
    np.maximum.at(highest, folders[:n], cameras)
    of_folder = np.where(lowest == highest, highest, -1)
    is_new = highest < 0
    of_folder[is_new] = cameras.max(initial=-1) + 1 + np.arange(is_new.sum())
    return Cameras(cameras, of_folder[folders[n:]])


def name_found_cameras(
    table: FeatureTable, cameras: Cameras, paths: Sequence[str], failed: Sequence[str]
) -> list[str]:
    """Name each camera; by `paths` of the items, and of what failed, as they are to be shown."""
    _, rows = np.unique(cameras.of_items, return_index=True)
    told = None if table.details is None else table.details.take(pack_values(rows, pa.int64()))
    names = name_cameras([paths[row] for row in rows.tolist()], told)
    numbers, places = np.unique(cameras.of_failures, return_index=True)
    new = places[numbers >= cameras.n_readable].tolist()
    return [*names, *(name_camera_folder(failed[place]) for place in new)]


def call_camera(table: FeatureTable) -> Literal["camera", "folder"]:
    """Say what cameras are called: folders may be of species as well, where no document tells."""
    told = [] if table.details is None else [table.details[name] for name in _TOLD]
    return "camera" if any((number_texts(each) >= 0).any() for each in told) else "folder"


def name_camera_folder(path: str) -> str:
    """Name the folder of a path without the folders that cameras make when one is full."""
    parts = name_folder(path).split("/")
    return "/".join(part for part in parts if not _OVERFLOW.fullmatch(part)) or os.curdir


def name_cameras(paths: Sequence[str], details: pa.Table | None) -> list[str]:
    """Name the camera of each path; `details` has a row for each, see `DETAILS`."""
    folders = [name_camera_folder(path) for path in paths]
    if details is None:
        return folders
    told = zip(*(details[name].to_pylist() for name in _TOLD), strict=True)
    return [
        next((name for name in names if name), folder)
        for names, folder in zip(told, folders, strict=True)
    ]


def number_cameras(table: FeatureTable) -> IntArray:
    """Give each item the number of its camera, int64, shape (n,), in order of first appearance."""
    folders = number_camera_folders(table.paths)
    if table.details is None:
        return folders
    cameras = np.full(len(table), -1)
    n_so_far = 0
    for told in (*(number_texts(table.details[name]) for name in _TOLD), folders):
        is_new = (cameras < 0) & (told >= 0)
        cameras[is_new] = n_so_far + told[is_new]
        n_so_far += int(told.max(initial=-1)) + 1
    _, firsts, inverse = np.unique(cameras, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(firsts))[inverse]


def number_camera_folders(paths: Sequence[str]) -> IntArray:
    """Give each path the number of its camera as folders tell it, see `name_camera_folder`."""
    folders = number_folders(paths)
    # Numbers of folders come in order of first appearance.
    before = np.maximum.accumulate(np.concatenate([[-1], folders]))[:-1]
    firsts = np.flatnonzero(folders > before)
    id_of: dict[bytes, int] = {}
    keys = [to_key(name_camera_folder(paths[first])) for first in firsts.tolist()]
    cameras = np.array([id_of.setdefault(key, len(id_of)) for key in keys], dtype=np.int64)
    return cameras[folders]
