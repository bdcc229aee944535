"""The thumbnails of the report page: which images are shown, and what they look like."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..collection import Picks
from ..items import stat_files, to_key
from ..records import ByteArray, IntArray
from .kept_thumbnails import keep_thumbnails, name_thumbnail, read_thumbnails
from .page_items import State, find_states
from .pictures import load_all, load_picture

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


def choose_shown(selection: Picks) -> list[Shown]:
    """Choose the images whose thumbnails are shown.

    Parameters
    ----------
    selection : Picks
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


def load_thumbnails(
    selection: Picks, shown: Iterable[Shown], cache_dir: Path | None
) -> dict[int, str]:
    """Read the images that are shown, as thumbnails to be written into a page.

    Parameters
    ----------
    selection : Picks
        Not changed.
    shown : iterable of Shown
        Which images.
    cache_dir : Path or None
        Where thumbnails are kept for later pages; None keeps none.

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
    rows = [int(row) for of_bucket in shown for row in (*of_bucket.kept, *of_bucket.excluded)]
    keys = [to_key(selection.table.paths[row]) for row in rows]
    stats = stat_files(keys)
    names = [
        name_thumbnail(key, int(mtime_ns), int(size_bytes), _SIDE_PIXELS)
        for key, mtime_ns, size_bytes in zip(keys, stats.mtime_ns, stats.size_bytes, strict=True)
    ]
    jpegs = read_thumbnails(cache_dir, names)
    key_of = {
        name: key
        for item, (name, key) in enumerate(zip(names, keys, strict=True))
        if name not in jpegs and item not in stats.causes
    }
    made = _make_thumbnails(key_of)
    keep_thumbnails(cache_dir, made)
    jpegs |= made
    there = {row: jpegs[name] for row, name in zip(rows, names, strict=True) if name in jpegs}
    return dict(zip(there, fit_thumbnails([*there.values()]), strict=True))


def _make_thumbnails(key_of: Mapping[str, bytes]) -> dict[str, bytes]:
    """Make the thumbnails of files, JPEGs by name; leave out what cannot be read."""
    jpegs = load_all(make_thumbnail, [*key_of.values()])
    return {name: jpeg for name, jpeg in zip(key_of, jpegs, strict=True) if jpeg is not None}


def make_thumbnail(path: str) -> bytes | None:
    """Make the thumbnail of a file.

    Parameters
    ----------
    path : str
        Absolute path.

    Returns
    -------
    bytes or None
        A JPEG; None if the file cannot be read.
    """
    picture = load_picture(path, _SIDE_PIXELS, _SIDE_PIXELS)
    return None if picture is None else encode_jpeg(picture[:, :, ::-1], _QUALITIES[0])


def fit_thumbnails(jpegs: Sequence[bytes]) -> list[str]:
    """Write thumbnails as text, at the best quality with which all of them fit.

    Parameters
    ----------
    jpegs : sequence of bytes
        Of the best quality.

    Returns
    -------
    list of str
        Data URIs, in the same order.
    """
    import cv2

    fitting = list(jpegs)
    for quality in _QUALITIES[1:]:
        if sum(map(len, fitting)) <= _MAX_BYTES:
            break
        pictures = (cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in jpegs)
        fitting = [encode_jpeg(np.asarray(picture), quality) for picture in pictures]
    return [f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" for jpeg in fitting]


def encode_jpeg(pixels: ByteArray, quality: int) -> bytes:
    """Encode a picture as a JPEG.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        Blue, green, red.
    quality : int
        Up to 100.

    Returns
    -------
    bytes
        The file.
    """
    import cv2

    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels), options)
    return data.tobytes()
