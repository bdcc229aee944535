"""Cameras: what took the items, as a document or else their folders tell."""

import numpy as np

from ..arrow import number_texts
from ..items import number_folders
from ..records import FeatureTable, IntArray


def number_cameras(table: FeatureTable) -> IntArray:
    """Give each item the number of its camera, int64, shape (n,), in order of first appearance.

    That is the deployment where a document tells it, else the location, else the folder.
    """
    folders = number_folders(table.paths)
    if table.details is None:
        return folders
    cameras = np.full(len(table), -1)
    n_so_far = 0
    for told in (
        number_texts(table.details["deployment"]),
        number_texts(table.details["location"]),
        folders,
    ):
        is_new = (cameras < 0) & (told >= 0)
        cameras[is_new] = n_so_far + told[is_new]
        n_so_far += int(told.max(initial=-1)) + 1
    _, firsts, inverse = np.unique(cameras, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(firsts))[inverse]
