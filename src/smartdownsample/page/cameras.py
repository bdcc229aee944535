"""The cameras and the events of the images on the report page."""

from typing import Any

import numpy as np

from ..items import find_cameras, name_found_cameras
from ..records import IntArray, Picks
from .items import escape
from .paths import ShownPaths

_UNKNOWN = -1


def list_cameras(selection: Picks, paths: ShownPaths) -> dict[str, Any]:
    """List the page's columns of cameras, by number and name, and of events; -1 without times.

    Cameras of which no image could be loaded come last.
    """
    cameras = find_cameras(selection.table)
    return {
        "cameras": escape(
            name_found_cameras(selection.table, cameras, paths.images, paths.failures)
        ),
        "camera": cameras.of_items.tolist(),
        "failureCamera": cameras.of_failures.tolist(),
        "event": _list_events(selection).tolist(),
    }


def _list_events(selection: Picks) -> IntArray:
    """List the number of each image's event, shape (n,); -1 where none is known."""
    layout = selection.collection.layout
    events = np.full(len(selection.table), _UNKNOWN)
    if layout.regime == "timed":
        events[layout.order] = layout.events
    return events
