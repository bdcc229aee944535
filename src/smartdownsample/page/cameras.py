"""The cameras and the events of the images on the report page."""

from typing import Any

import numpy as np

from ..items import name_cameras, number_camera_folders, number_cameras
from ..records import IntArray, Picks, pack_values
from .items import escape
from .paths import ShownPaths

_UNKNOWN = -1


def list_cameras(selection: Picks, paths: ShownPaths) -> dict[str, Any]:
    """List the page's columns of cameras, by number and name, and of events; -1 without times.

    Cameras of which no image could be loaded come last.
    """
    cameras = number_cameras(selection.table)
    names = _list_names(selection, cameras, paths)
    failed, more = _find_failed(selection, cameras, paths)
    return {
        "cameras": escape([*names, *more]),
        "camera": cameras.tolist(),
        "failureCamera": failed,
        "event": _list_events(selection).tolist(),
    }


def _find_failed(
    selection: Picks, cameras: IntArray, paths: ShownPaths
) -> tuple[list[int], list[str]]:
    """Find the camera of each failure by its folder, and the names of those that have no images.

    -1 where a folder has images of several cameras.
    """
    n = len(cameras)
    given = [*selection.table.paths, *(failure.path for failure in selection.failures)]
    folders = number_camera_folders(given).tolist()
    camera_of: dict[int, int] = {}
    for folder, camera in zip(folders[:n], cameras.tolist(), strict=True):
        if camera_of.setdefault(folder, camera) != camera:
            camera_of[folder] = _UNKNOWN
    names: list[str] = []
    n_cameras = int(cameras.max(initial=-1)) + 1
    for folder, path in zip(folders[n:], paths.failures, strict=True):
        if folder not in camera_of:
            camera_of[folder] = n_cameras + len(names)
            names.extend(name_cameras([path], None))
    return [camera_of[folder] for folder in folders[n:]], names


def _list_names(selection: Picks, cameras: IntArray, paths: ShownPaths) -> list[str]:
    """Name cameras as the document does, else by the folder of their images as it is shown."""
    import pyarrow as pa

    _, rows = np.unique(cameras, return_index=True)
    details = selection.table.details
    told = None if details is None else details.take(pack_values(rows, pa.int64()))
    return name_cameras([paths.images[row] for row in rows.tolist()], told)


def _list_events(selection: Picks) -> IntArray:
    """List the number of each image's event, shape (n,); -1 where none is known."""
    layout = selection.collection.layout
    events = np.full(len(selection.table), _UNKNOWN)
    if layout.regime == "timed":
        events[layout.order] = layout.events
    return events
