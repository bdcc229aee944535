"""The thumbnails of the report page: which images are shown, and what they look like."""

import base64
import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..model import ByteArray, IntArray, Selection
from ..paths import to_key
from .page_items import State, find_states
from .pictures import load_picture

# Most images shown on a page, and most kept and most excluded ones of a bucket.
_MAX_SHOWN = 1_500
_MAX_OF_A_KIND = 12
# Length of a thumbnail's longer side, in pixels.
_SIDE_PIXELS = 160
# Size of all JPEGs together, in bytes. As text in the page they take a third more.
_MAX_BYTES = 8_000_000
# JPEG qualities, the best first; of noise and grass at night only the lower ones fit.
_QUALITIES = (70, 50, 30)


class Shown(NamedTuple):
    """The images of one bucket that are shown, ascending.

    Attributes
    ----------
    kept, excluded : ndarray of int64
        Rows of the table, spread evenly over those of the bucket.
    n_excluded : int
        How many excluded ones the bucket has. Images selected before are not excluded.
    """

    kept: IntArray
    excluded: IntArray
    n_excluded: int


def choose_shown(selection: Selection) -> list[Shown]:
    """Choose the images whose thumbnails are shown.

    Parameters
    ----------
    selection : Selection
        Not changed.

    Returns
    -------
    list of Shown
        For each of ``selection.buckets``; some of each, and 1,500 in all at most.
    """
    states = find_states(selection)
    buckets = selection.buckets
    limit = min(_MAX_OF_A_KIND, _MAX_SHOWN // max(2 * len(buckets), 1))
    shown = []
    for bucket in buckets:
        rows = np.flatnonzero(selection.codes == bucket.code)
        kept, excluded = (rows[states[rows] == state] for state in (State.KEPT, State.EXCLUDED))
        shown.append(Shown(_thin(kept, limit), _thin(excluded, limit), len(excluded)))
    return shown


def _thin(rows: IntArray, limit: int) -> IntArray:
    """Take at most `limit` rows, in even steps."""
    n = min(limit, len(rows))
    return rows[np.arange(n) * len(rows) // max(n, 1)]


def load_thumbnails(selection: Selection, shown: Iterable[Shown]) -> dict[int, str]:
    """Read the images that are shown, as thumbnails to be written into a page.

    Parameters
    ----------
    selection : Selection
        Not changed.
    shown : iterable of Shown
        Which images.

    Returns
    -------
    dict of int to str
        Data URI of a JPEG by row of the table. Images that cannot be read any more are left out.

    Notes
    -----
    Pictures are decoded at a reduced size, in parallel. The thumbnails that cameras embed would be
    quicker, but are those of the camera: where people were made unrecognisable or a photo was
    cut to size, they still show what was there.
    """
    import joblib

    from ..extract import count_workers
    from ..process import decoding_process

    rows = [row for of_bucket in shown for row in (*of_bucket.kept, *of_bucket.excluded)]
    paths = [os.fsdecode(to_key(selection.table.paths[row])) for row in rows]
    run = joblib.Parallel(n_jobs=count_workers(None), prefer="threads")
    with decoding_process():
        pictures = run(
            joblib.delayed(load_picture)(path, _SIDE_PIXELS, _SIDE_PIXELS) for path in paths
        )
    loaded = {
        int(row): picture
        for row, picture in zip(rows, pictures, strict=True)
        if picture is not None
    }
    return dict(zip(loaded, encode_thumbnails([*loaded.values()]), strict=True))


def encode_thumbnails(pictures: Sequence[ByteArray]) -> list[str]:
    """Encode thumbnails as JPEGs, at the best quality with which all of them fit.

    Parameters
    ----------
    pictures : sequence of ndarray of uint8, shape (h, w, 3)
        RGB.

    Returns
    -------
    list of str
        Data URIs, in the same order.
    """
    encoded: list[bytes] = []
    for quality in _QUALITIES:
        encoded = [_encode_jpeg(picture, quality) for picture in pictures]
        if sum(map(len, encoded)) <= _MAX_BYTES:
            break
    return [f"data:image/jpeg;base64,{base64.b64encode(data).decode()}" for data in encoded]


def _encode_jpeg(pixels: ByteArray, quality: int) -> bytes:
    """Encode a picture of RGB, shape (h, w, 3), as a JPEG."""
    import cv2

    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    return data.tobytes()
