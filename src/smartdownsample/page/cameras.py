"""The cameras and the events of the images on the report page."""

from collections.abc import Sequence
from itertools import chain, count
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
    names = name_found_cameras(selection.table, cameras, paths.images, paths.failures)
    return {
        "cameras": _tell_apart(escape(names)),
        "camera": cameras.of_items.tolist(),
        "failureCamera": cameras.of_failures.tolist(),
        "event": _list_events(selection).tolist(),
    }


def _tell_apart(names: Sequence[str]) -> list[str]:
    """Give each camera a name of its own: links to the page and its menus tell them by names."""
    told: dict[str, None] = {}
    for name in names:
        numbered = (f"{name} ({number})" for number in count(2))
        told[next(each for each in chain([name], numbered) if each not in told)] = None
    return list(told)


def _list_events(selection: Picks) -> IntArray:
    """List the number of each image's event, shape (n,); -1 where none is known."""
    layout = selection.collection.layout
    events = np.full(len(selection.table), _UNKNOWN)
    if layout.regime == "timed":
        events[layout.order] = layout.events
    return events
