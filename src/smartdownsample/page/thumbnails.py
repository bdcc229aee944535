"""The thumbnails of the report page: the choice of images, and their JPEGs as data URIs."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..collection import Picks
from ..items import stat_files, to_key
from ..records import WHOLE, IntArray, Region
from .items import ItemState, find_states

_MAX_SHOWN = 1_500
# Kept images of one bucket at most, and excluded ones likewise.
_MAX_OF_A_KIND = 12
# Length of a thumbnail's longer side, in pixels.
_SIDE_PIXELS = 160
# Size of all JPEGs together, in bytes. As text in the page they take a third more.
_MAX_BYTES = 8_000_000
# JPEG qualities, the best first. Pages full of noise or of grass at night need the lower ones.
_QUALITIES = (70, 50, 30)


class ShownRows(NamedTuple):
    """The images of one bucket that are shown.

    Attributes
    ----------
    kept, excluded : ndarray of int64
        Rows of the table, ascending, spread evenly over those of the bucket.
    n_excluded : int
        How many images of the bucket are excluded. Those selected before do not count.
    """

    kept: IntArray
    excluded: IntArray
    n_excluded: int


def choose_shown(selection: Picks) -> list[ShownRows]:
    """Choose images of each of ``selection.buckets``, 1,500 in all at most."""
    states = find_states(selection)
    buckets = selection.buckets
    limit = min(_MAX_OF_A_KIND, _MAX_SHOWN // max(2 * len(buckets), 1))
    shown = []
    for bucket in buckets:
        rows = np.flatnonzero(selection.codes == bucket.code)
        kept, excluded = (
            rows[states[rows] == state] for state in (ItemState.KEPT, ItemState.EXCLUDED)
        )
        shown.append(ShownRows(_thin(kept, limit), _thin(excluded, limit), len(excluded)))
    return shown


def _thin(rows: IntArray, limit: int) -> IntArray:
    """Take at most `limit` rows, in even steps."""
    n = min(limit, len(rows))
    return rows[np.arange(n) * len(rows) // max(n, 1)]


class Thumbnails(NamedTuple):
    """Thumbnails as data URIs of JPEGs; what cannot be read is left out.

    Attributes
    ----------
    items : dict of int to str
        By row of the table.
    photos : dict of int to str
        The whole photos of crops, by their numbers in ``FeatureTable.photos``.
    """

    items: dict[int, str]
    photos: dict[int, str]


def load_thumbnails(
    selection: Picks, shown: Iterable[ShownRows], cache_dir: Path | None
) -> Thumbnails:
    """Make the thumbnails of items that are shown, and of the photos that shown crops are in.

    Pictures are decoded at a reduced size, in parallel, unless `cache_dir` has their thumbnails.
    The thumbnails that cameras embed would be quicker, but still show what was there before a
    photo was cropped or people in it were made unrecognisable.
    """
    from ..pictures import list_regions
    from .thumbnail_cache import name_thumbnail, read_thumbnails, write_thumbnails

    table = selection.table
    rows = [int(row) for of_bucket in shown for row in (*of_bucket.kept, *of_bucket.excluded)]
    regions = list_regions(table, rows)
    # One row of each photo that a crop is in.
    row_of_photo = {
        int(table.photos[row]): row
        for row, region in zip(rows, regions, strict=True)
        if region != WHOLE
    }
    keys = [to_key(table.paths[row]) for row in (*rows, *row_of_photo.values())]
    regions += [WHOLE] * len(row_of_photo)
    stats = stat_files(keys)
    names = [
        name_thumbnail(key, int(mtime_ns), int(size_bytes), _SIDE_PIXELS, region)
        for key, mtime_ns, size_bytes, region in zip(
            keys, stats.mtime_ns, stats.size_bytes, regions, strict=True
        )
    ]
    jpegs = read_thumbnails(cache_dir, names, _SIDE_PIXELS)
    wanted = {
        name: (key, region)
        for file, (name, key, region) in enumerate(zip(names, keys, regions, strict=True))
        if name not in jpegs and file not in stats.causes
    }
    made = _make_thumbnails(wanted)
    write_thumbnails(cache_dir, made)
    jpegs |= made
    there = {place: jpegs[name] for place, name in enumerate(names) if name in jpegs}
    sources = dict(zip(there, fit_thumbnails([*there.values()]), strict=True))
    return Thumbnails(
        {row: sources[place] for place, row in enumerate(rows) if place in sources},
        {
            photo: sources[place]
            for place, photo in enumerate(row_of_photo, len(rows))
            if place in sources
        },
    )


def _make_thumbnails(wanted: Mapping[str, tuple[bytes, Region]]) -> dict[str, bytes]:
    """Make JPEGs by name, of keys and regions by name; leave out what cannot be read."""
    from ..pictures import load_all

    names_of: dict[bytes, list[str]] = {}
    for name, (key, _) in wanted.items():
        names_of.setdefault(key, []).append(name)
    files = [(key, [wanted[name][1] for name in names]) for key, names in names_of.items()]
    jpegs = chain.from_iterable(load_all(_make_thumbnails_of, files))
    names = chain.from_iterable(names_of.values())
    return {name: jpeg for name, jpeg in zip(names, jpegs, strict=True) if jpeg is not None}


def _make_thumbnails_of(path: str, regions: list[Region]) -> list[bytes | None]:
    from ..pictures import encode_jpeg, load_regions

    return [
        None if picture is None else encode_jpeg(picture[:, :, ::-1], _QUALITIES[0])
        for picture in load_regions(path, regions, _SIDE_PIXELS, _SIDE_PIXELS)
    ]


def fit_thumbnails(jpegs: Sequence[bytes]) -> list[str]:
    """Turn JPEGs of the best quality into data URIs, at the best quality with which all fit."""
    from ..pictures import encode_again

    fitting = list(jpegs)
    for quality in _QUALITIES[1:]:
        if sum(map(len, fitting)) <= _MAX_BYTES:
            break
        fitting = [encode_again(jpeg, quality) for jpeg in jpegs]
    return [f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" for jpeg in fitting]
