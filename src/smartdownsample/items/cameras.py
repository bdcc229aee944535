"""Cameras: what took the items, as a document or else their folders tell.

A camera is the deployment where a document tells it, else the location, else the folder without
those that cameras make when one is full.
"""

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..records import FeatureTable, IntArray, number_texts
from .folders import name_folder, number_folders
from .locations import to_key

if TYPE_CHECKING:
    import pyarrow as pa

# Columns of a document that tell a camera; the first that says anything counts.
_TOLD = ("deployment", "location")
# Folders that cameras make when one is full, as MegaDetector lists them
# (megadetector/utils/ct_utils.py).
_OVERFLOW = re.compile(r"\d+RECNX|\d+EK\d+|\d+_BTCF|\d+MEDIA|\d+DSCIM", re.IGNORECASE)


def name_camera_folder(path: str) -> str:
    """Name the folder of a path without the folders that cameras make when one is full."""
    parts = name_folder(path).split("/")
    return "/".join(part for part in parts if not _OVERFLOW.fullmatch(part)) or os.curdir


def name_cameras(paths: Sequence[str], details: "pa.Table | None") -> list[str]:
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
