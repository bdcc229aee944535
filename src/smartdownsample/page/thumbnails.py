"""The thumbnails of the report page: the choice of images, and JPEGs that fit into its bytes."""

import base64
import os
from collections.abc import Mapping
from itertools import accumulate, chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..items import stat_files, to_key
from ..records import WHOLE, IntArray, Picks, Region

# Images that have a thumbnail, and how many of them are picks, at most. Making them takes a minute.
_MAX_SHOWN = 4_000
_MAX_PICKS = 3_000
# Length of a thumbnail's longer side, in pixels, and the JPEG quality.
_SIDE_PIXELS = 320
_QUALITY = 75


class _Plan(NamedTuple):
    """How thumbnails are made smaller: sides of those of picks and of others, and the quality."""

    pick_side: int
    other_side: int
    quality: int


# The best first. The pages of thousands of picks, of noise or of grass at night need the last ones.
_PLANS = (
    _Plan(_SIDE_PIXELS, 240, 65),
    _Plan(_SIDE_PIXELS, 160, 60),
    _Plan(240, 144, 55),
    _Plan(160, 112, 50),
    _Plan(112, 80, 45),
    _Plan(80, 64, 35),
)
# Thumbnails that tell how much smaller a plan makes all of them, and how sure that is.
_N_PROBES = 64
_CAUTION = 1.05


class ShownRows(NamedTuple):
    """The images that have a thumbnail, the most wanted first.

    Attributes
    ----------
    picks : ndarray of int64
        Rows of picks, ascending, spread evenly over all of them.
    others : ndarray of int64
        Rows of images that are not picked, spread evenly over those that each pick stands for.
    """

    picks: IntArray
    others: IntArray


def choose_shown(selection: Picks, representatives: IntArray) -> ShownRows:
    """Choose the images that have a thumbnail: 4,000 in all at most, half of that for crops.

    `representatives` are those of `smartdownsample.sampling.find_representatives`.
    """
    # The photos of crops are shown as well.
    most = _MAX_SHOWN // 2 if selection.table.has_regions else _MAX_SHOWN
    picks = _thin(np.sort(selection.rows), min(_MAX_PICKS, most))
    rows = np.flatnonzero(~selection.is_kept)
    groups = representatives[rows]
    order = np.argsort(groups, kind="stable")
    sizes = np.unique(groups, return_counts=True)[1]
    n_free = most - len(picks)
    of_each = max(n_free // max(len(sizes), 1), 1)
    some = [_thin(own, of_each) for own in np.split(rows[order], np.cumsum(sizes)[:-1])]
    return ShownRows(picks, _thin(np.concatenate([rows[:0], *some]), n_free))


def _thin(rows: IntArray, limit: int) -> IntArray:
    """Take at most `limit` rows, in even steps."""
    n = min(limit, len(rows))
    return rows[np.arange(n) * len(rows) // max(n, 1)]


class Thumbnails(NamedTuple):
    """Thumbnails as JPEGs, the most wanted first; of what cannot be read any more, no bytes.

    Attributes
    ----------
    picks : dict of int to bytes
        By row of the table.
    others : dict of int to bytes
        Of images that are not picked.
    photos : dict of int to bytes
        The whole photos of crops, by their numbers in ``FeatureTable.photos``.
    """

    picks: dict[int, bytes]
    others: dict[int, bytes]
    photos: dict[int, bytes]


def load_thumbnails(selection: Picks, shown: ShownRows, cache_dir: Path | None) -> Thumbnails:
    """Make the thumbnails of items that are shown, and of the photos that shown crops are in.

    Pictures are decoded at a reduced size, in parallel, unless `cache_dir` has their thumbnails.
    The thumbnails that cameras embed would be quicker, but still show what was there before a
    photo was cropped or people in it were made unrecognisable.
    """
    from ..pictures import list_regions
    from .thumbnail_cache import name_thumbnail, read_thumbnails, write_thumbnails

    table = selection.table
    rows = [*shown.picks.tolist(), *shown.others.tolist()]
    regions = list_regions(table, rows)
    # One row of each photo that a crop is in.
    row_of_photo: dict[int, int] = {}
    for row, region in zip(rows, regions, strict=True):
        if region != WHOLE:
            row_of_photo.setdefault(int(table.photos[row]), row)
    keys = [to_key(table.paths[row]) for row in (*rows, *row_of_photo.values())]
    regions += [WHOLE] * len(row_of_photo)
    stats = stat_files(keys)
    # Objects of one time and size may differ in their etags.
    contents = [f"\0{etag}".encode() if etag else b"" for etag in stats.etags or [None] * len(keys)]
    names = [
        name_thumbnail(key + content, int(mtime_ns), int(size_bytes), _SIDE_PIXELS, region)
        for key, content, mtime_ns, size_bytes, region in zip(
            keys, contents, stats.mtime_ns, stats.size_bytes, regions, strict=True
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
    found = [jpegs.get(name, b"") for name in names]
    n_picks, n_rows = len(shown.picks), len(rows)
    return Thumbnails(
        dict(zip(rows[:n_picks], found[:n_picks], strict=True)),
        dict(zip(rows[n_picks:], found[n_picks:n_rows], strict=True)),
        dict(zip(row_of_photo, found[n_rows:], strict=True)),
    )


def _make_thumbnails(wanted: Mapping[str, tuple[bytes, Region]]) -> dict[str, bytes]:
    """Make JPEGs by name, of keys and regions by name; leave out what cannot be read."""
    from ..pictures import decode_all

    names_of: dict[bytes, list[str]] = {}
    for name, (key, _) in wanted.items():
        names_of.setdefault(key, []).append(name)
    paths = map(os.fsdecode, names_of)
    regions = ([wanted[name][1] for name in names] for names in names_of.values())
    jpegs = chain.from_iterable(decode_all(_make_thumbnails_of, paths, regions))
    names = chain.from_iterable(names_of.values())
    return {name: jpeg for name, jpeg in zip(names, jpegs, strict=True) if jpeg is not None}


def _make_thumbnails_of(path: str, regions: list[Region]) -> list[bytes | None]:
    from ..pictures import encode_jpeg, load_regions

    return [
        None if picture is None else encode_jpeg(picture[:, :, ::-1], _QUALITY)
        for picture in load_regions(path, regions, _SIDE_PIXELS, _SIDE_PIXELS)
    ]


def fit_thumbnails(thumbnails: Thumbnails, max_bytes: int) -> Thumbnails:
    """Make thumbnails smaller, by the first plan with which all of them fit into so many bytes.

    Where even the last plan does not do, the least wanted are left out: of others and of photos
    first.
    """
    jpegs = [jpeg for some in thumbnails for jpeg in some.values()]
    if sum(map(len, jpegs)) > max_bytes:
        thumbnails = _shrink(thumbnails, _choose_plan(thumbnails, max_bytes))
    sizes = [len(jpeg) for some in thumbnails for jpeg in some.values()]
    n_fitting = sum(total <= max_bytes for total in accumulate(sizes))
    fitting = []
    for some in thumbnails:
        fitting.append(dict([*some.items()][:n_fitting]))
        n_fitting = max(n_fitting - len(some), 0)
    return Thumbnails(*fitting)


def _choose_plan(thumbnails: Thumbnails, max_bytes: int) -> _Plan:
    """Choose the first plan with which thumbnails fit, going by some of them."""
    probes = Thumbnails(*(_probe(some) for some in thumbnails))
    for plan in _PLANS[:-1]:
        shrunk = _shrink(probes, plan)
        size = sum(
            sum(map(len, few.values())) / len(few) * len(some)
            for some, few in zip(thumbnails, shrunk, strict=True)
            if few
        )
        if size * _CAUTION <= max_bytes:
            return plan
    return _PLANS[-1]


def _probe(some: dict[int, bytes]) -> dict[int, bytes]:
    return dict([*some.items()][:: len(some) // _N_PROBES + 1])


def _shrink(thumbnails: Thumbnails, plan: _Plan) -> Thumbnails:
    from ..pictures import encode_again

    sides = (plan.pick_side, plan.other_side, plan.other_side)
    return Thumbnails(
        *(
            {number: encode_again(jpeg, plan.quality, side) for number, jpeg in some.items()}
            for some, side in zip(thumbnails, sides, strict=True)
        )
    )


def pack_thumbnails(thumbnails: Thumbnails) -> str:
    """Pack thumbnails for the script: a line for each, ``ROW`` or ``pPHOTO`` and base64."""
    named = chain(
        ((str(row), jpeg) for row, jpeg in (thumbnails.picks | thumbnails.others).items()),
        ((f"p{photo}", jpeg) for photo, jpeg in thumbnails.photos.items()),
    )
    return "\n".join(f"{name} {base64.b64encode(jpeg).decode()}" for name, jpeg in named)
