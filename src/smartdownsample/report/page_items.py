"""What the report page knows of every image: columns, packed to be written into the page."""

import base64
import json
import os
import zlib
from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..arrow import pack_texts
from ..collection import Picks
from ..records import ByteArray, IntArray
from ..sampling import DISTANCE_SCALE, NEAR_DUPLICATE, find_nearest_rows

if TYPE_CHECKING:
    import pyarrow as pa

# Pairs of images compared at most, in two or three seconds.
_MAX_PAIRS = 1 << 28
_UNKNOWN = -1


class State(IntEnum):
    """What became of an image; the page's script has the same numbers."""

    EXCLUDED = 0
    KEPT = 1
    EARLIER = 2


class Reasons(NamedTuple):
    """Why images were kept or excluded; -1 where something is not known.

    Attributes
    ----------
    ranks : ndarray of int64, shape (n,)
        Places of kept images in the order in which they would be taken, from 0.
    nearest : ndarray of int64, shape (n,)
        Row of the kept image that looks most like this one, other than itself.
    distances : ndarray of float64, shape (n,)
        How far apart the two look, in levels of 8-bit Lab.
    """

    ranks: IntArray
    nearest: IntArray
    distances: np.ndarray


def find_states(selection: Picks) -> ByteArray:
    """Tell what became of each image.

    Parameters
    ----------
    selection : Picks
        Not changed.

    Returns
    -------
    ndarray of uint8, shape (n,)
        Values of `State`.
    """
    states = selection.is_kept.astype(np.uint8) * np.uint8(State.KEPT)
    states[selection.earlier_rows] = State.EARLIER
    return states


def find_reasons(selection: Picks, explained: "pa.Table | None", shown_rows: IntArray) -> Reasons:
    """Find out why images were kept or excluded.

    Parameters
    ----------
    selection : Picks
        Not changed.
    explained : pyarrow.Table or None
        From `smartdownsample.explain.explain_selection`, of this selection. None leaves the kept
        images unexplained.
    shown_rows : ndarray of int64
        Rows of the excluded images that are explained in any case; the others only when there
        are few enough pairs to compare.

    Returns
    -------
    Reasons
        Of all images of the table.
    """
    n = len(selection.table)
    reasons = Reasons(np.full(n, _UNKNOWN), np.full(n, _UNKNOWN), np.full(n, -1.0))
    if explained is not None:
        _explain_kept(selection, explained, reasons)
    _explain_excluded(selection, shown_rows, reasons)
    return reasons


def _explain_kept(selection: Picks, explained: "pa.Table", reasons: Reasons) -> None:
    """Fill in what is known of the kept images."""
    row_of = {path: row for row, path in enumerate(_show_texts(selection.table.paths))}
    nearest = explained["nearest_path"].to_pylist()
    reasons.ranks[selection.rows] = explained["rank"].to_numpy()
    reasons.nearest[selection.rows] = [row_of.get(path, _UNKNOWN) for path in nearest]
    reasons.distances[selection.rows] = explained["distance"].fill_null(-1).to_numpy()


def _explain_excluded(selection: Picks, shown_rows: IntArray, reasons: Reasons) -> None:
    """Fill in the kept image that looks most like each excluded one."""
    table, kept_rows = selection.table, selection.rows
    rows = np.flatnonzero(find_states(selection) == State.EXCLUDED)
    if len(rows) * len(kept_rows) > _MAX_PAIRS:
        rows = shown_rows
    nearest, distances = find_nearest_rows(table.rows[rows], table.rows[kept_rows], table.spec)
    if len(kept_rows):
        reasons.nearest[rows] = kept_rows[nearest]
        reasons.distances[rows] = distances / DISTANCE_SCALE


def pack_items(selection: Picks, reasons: Reasons) -> str:
    """Pack what is known of all images, for the page's script.

    Parameters
    ----------
    selection : Picks
        Not changed.
    reasons : Reasons
        From `find_reasons`.

    Returns
    -------
    str
        Base64 of compressed JSON: an object of lists with a value for each image, and of the
        names that these values number. Nothing in it can be taken for markup.
    """
    table = selection.table
    folders, places, names = _split_paths(_show_texts(table.paths))
    codes = [bucket.code for bucket in selection.buckets]
    numbers = np.zeros(256, dtype=np.int64)
    numbers[codes] = np.arange(len(codes))
    causes = list(dict.fromkeys(failure.cause.value for failure in table.failures))
    levels = np.rint(table.rows["mean_rgb"]).astype(np.int64)
    packed = {
        "folders": folders,
        "folder": places,
        "name": names,
        "state": find_states(selection).tolist(),
        "bucket": numbers[selection.codes].tolist(),
        "groups": [] if selection.labels is None else _show_texts(selection.labels.names),
        "group": [] if selection.labels is None else selection.labels.ids.tolist(),
        "captured": _list_times(table.rows["captured"]),
        "width": table.rows["width"].tolist(),
        "height": table.rows["height"].tolist(),
        "colour": (levels << (16, 8, 0)).sum(axis=1).tolist(),
        "rank": reasons.ranks.tolist(),
        "nearest": reasons.nearest.tolist(),
        "distance": reasons.distances.round(1).tolist(),
        "nearDuplicate": NEAR_DUPLICATE / DISTANCE_SCALE,
        "causes": causes,
        "failurePath": _show_texts([failure.path for failure in table.failures]),
        "failureCause": [causes.index(failure.cause.value) for failure in table.failures],
    }
    text = json.dumps(packed, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode())).decode()


def _show_texts(texts: Sequence[str]) -> list[str]:
    """Escape bytes of paths and names that are no Unicode."""
    shown: list[str] = pack_texts(texts).to_pylist()
    return shown


def _split_paths(paths: Sequence[str]) -> tuple[list[str], list[int], list[str]]:
    """Split paths into distinct folders, the number of each path's folder, and names."""
    names = [os.path.basename(path) for path in paths]
    numbers: dict[str, int] = {}
    places = [
        numbers.setdefault(path[: len(path) - len(name)], len(numbers))
        for path, name in zip(paths, names, strict=True)
    ]
    return list(numbers), places, names


def _list_times(captured: np.ndarray) -> list[int | None]:
    """List times in seconds since 1970; None where they are not known."""
    seconds = captured.astype("datetime64[s]").astype(np.int64).tolist()
    is_known = ~np.isnat(captured)
    return [second if known else None for second, known in zip(seconds, is_known, strict=True)]
