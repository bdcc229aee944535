"""The cameras and the events of the images on the report page."""

import os
from typing import Any

import numpy as np

from ..arrow import pack_values
from ..collection import Picks
from ..records import IntArray
from ..sampling import number_cameras
from .items import escape
from .paths import ShownPaths

_UNKNOWN = -1


def list_cameras(selection: Picks, paths: ShownPaths) -> dict[str, Any]:
    """List the page's columns of cameras, by number and name, and of events; -1 without times."""
    cameras = number_cameras(selection.table)
    return {
        "cameras": escape(_name_cameras(selection, cameras, paths)),
        "camera": cameras.tolist(),
        "event": _list_events(selection).tolist(),
    }


def _name_cameras(selection: Picks, cameras: IntArray, paths: ShownPaths) -> list[str]:
    """Name cameras as the document does, else by the folder of their images as it is shown."""
    import pyarrow as pa

    _, rows = np.unique(cameras, return_index=True)
    folders = [os.path.dirname(paths.images[row]) or os.curdir for row in rows.tolist()]
    details = selection.table.details
    if details is None:
        return folders
    told = details.select(["deployment", "location"]).take(pack_values(rows, pa.int64()))
    return [
        deployment or location or folder
        for deployment, location, folder in zip(
            told["deployment"].to_pylist(), told["location"].to_pylist(), folders, strict=True
        )
    ]


def _list_events(selection: Picks) -> IntArray:
    """List the number of each image's event, shape (n,); -1 where none is known."""
    layout = selection.collection.layout
    events = np.full(len(selection.table), _UNKNOWN)
    if layout.regime == "timed":
        events[layout.order] = layout.events
    return events
