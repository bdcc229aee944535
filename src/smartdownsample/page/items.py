"""What the report page knows of every image, as columns packed into the page."""

import base64
import json
import os
import zlib
from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..records import ByteArray, FeatureTable, Float64Array, IntArray, Picks, pack_texts
from ..sampling import (
    DISTANCE_SCALE,
    SAME_SCENE,
    describe_bucket,
    find_nearest_rows,
    find_representatives,
    is_near_duplicate,
    measure_distances,
    name_buckets,
)
from .links import link_folders
from .paths import ShownPaths

if TYPE_CHECKING:
    import pyarrow as pa

# Pairs of images that are compared at most, which takes two or three seconds.
_MAX_PAIRS = 1 << 28
_UNKNOWN = -1


class ItemState(IntEnum):
    """What became of an image; the page's script has the same numbers."""

    EXCLUDED = 0
    KEPT = 1
    EARLIER = 2


class Reasons(NamedTuple):
    """Why images were kept or excluded; -1 where it is not known.

    Attributes
    ----------
    ranks : ndarray of int64, shape (n,)
        Position of each kept image in the order of rank, from 0.
    nearest : ndarray of int64, shape (n,)
        Of a kept image, the row of the other one, kept or selected before, that looks most like
        it; of an excluded image, the row of the one that stands for it.
    distances : ndarray of float64, shape (n,)
        How far apart the two look, in levels of 8-bit Lab.
    representatives : ndarray of int64, shape (n,)
        Row of the image that stands for each, see `find_representatives`.
    sentences : list of str, length n
        What each kept image is a pick of; empty for others.
    """

    ranks: IntArray
    nearest: IntArray
    distances: Float64Array
    representatives: IntArray
    sentences: list[str]


def find_states(selection: Picks) -> ByteArray:
    """Return the `ItemState` of each image, uint8, shape (n,)."""
    states = selection.is_kept.astype(np.uint8) * np.uint8(ItemState.KEPT)
    states[selection.earlier_rows] = ItemState.EARLIER
    return states


def find_reasons(selection: Picks, explained: "pa.Table | None") -> Reasons:
    """Find out why images were kept or excluded.

    Without `explained`, the table of `smartdownsample.results.explain_selection`, kept images stay
    unexplained.
    """
    n = len(selection.table)
    reasons = Reasons(
        np.full(n, _UNKNOWN),
        np.full(n, _UNKNOWN),
        np.full(n, -1.0),
        find_representatives(selection),
        [""] * n,
    )
    if explained is not None:
        _explain_kept(selection, explained, reasons)
    _explain_excluded(selection, reasons)
    return reasons


def _explain_kept(selection: Picks, explained: "pa.Table", reasons: Reasons) -> None:
    table = selection.table
    # Crops of one photo have one path.
    own: list[object] = table.indices.tolist() if table.has_regions else [*escape(table.paths)]
    row_of = {place: row for row, place in enumerate(own)}
    nearest = explained["nearest_index" if table.has_regions else "nearest_path"].to_pylist()
    reasons.ranks[selection.rows] = explained["rank"].to_numpy()
    reasons.nearest[selection.rows] = [row_of.get(place, _UNKNOWN) for place in nearest]
    reasons.distances[selection.rows] = explained["distance"].fill_null(-1).to_numpy()
    for row, sentence in zip(selection.rows.tolist(), explained["reason"].to_pylist(), strict=True):
        reasons.sentences[row] = sentence


def _explain_excluded(selection: Picks, reasons: Reasons) -> None:
    table, others = selection.table, reasons.representatives
    rows = np.flatnonzero((others >= 0) & (find_states(selection) == ItemState.EXCLUDED))
    distances = measure_distances(table.rows[rows], table.rows[others[rows]], table.spec)
    reasons.nearest[rows] = others[rows]
    reasons.distances[rows] = distances / DISTANCE_SCALE


def pack_items(*sections: dict[str, Any]) -> str:
    """Pack the columns of all sections for the page's script.

    Returns base64 of compressed JSON, which nothing can take for markup: an object of lists with a
    value for each image, and of lists of the names that these values number.
    """
    columns = {name: column for section in sections for name, column in section.items()}
    text = json.dumps(columns, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode())).decode()


def list_columns(
    selection: Picks, reasons: Reasons, paths: ShownPaths, page_path: str
) -> dict[str, Any]:
    """List what is known of all images, under the names of `paths`, as columns for the page."""
    table = selection.table
    folders, folder_numbers, names = _split_paths(escape(paths.images))
    codes = [bucket.code for bucket in selection.buckets]
    bucket_names = name_buckets(table.rows, selection.codes)
    bucket_of_code = np.zeros(256, dtype=np.int64)
    bucket_of_code[codes] = np.arange(len(codes))
    causes = list(dict.fromkeys(failure.cause.value for failure in table.failures))
    levels = np.rint(table.rows["mean_rgb"]).astype(np.int64)
    return {
        "folders": folders,
        "links": _list_links(table, folders, folder_numbers, page_path),
        "folder": folder_numbers,
        "name": names,
        "state": find_states(selection).tolist(),
        "buckets": [bucket_names[code][:1].upper() + bucket_names[code][1:] for code in codes],
        "bucketBits": [describe_bucket(code) for code in codes],
        "bucket": bucket_of_code[selection.codes].tolist(),
        "groups": escape(paths.groups),
        "group": [] if selection.labels is None else selection.labels.ids.tolist(),
        "captured": _list_times(table.rows["captured"]),
        "width": table.rows["width"].tolist(),
        "height": table.rows["height"].tolist(),
        "colour": (levels << (16, 8, 0)).sum(axis=1).tolist(),
        "rank": reasons.ranks.tolist(),
        "reason": reasons.sentences,
        "nearest": reasons.nearest.tolist(),
        "distance": reasons.distances.round(1).tolist(),
        "isCovered": _list_covered(selection, reasons),
        "isNearDuplicate": _list_near_duplicates(table, reasons),
        "causes": causes,
        "failurePath": escape(paths.failures),
        "failureCause": [causes.index(failure.cause.value) for failure in table.failures],
    }


def _list_covered(selection: Picks, reasons: Reasons) -> list[int]:
    """Tell of each image whether it is a pick, selected before, or looks like one: 1 or 0.

    In large selections from large collections, images are compared with the pick that stands for
    them alone.
    """
    table = selection.table
    distances = np.where(reasons.representatives < 0, np.inf, reasons.distances)
    chosen = np.concatenate([selection.rows, selection.earlier_rows])
    if 0 < len(chosen) * len(table) <= _MAX_PAIRS:
        nearest = find_nearest_rows(table.rows, table.rows[chosen], table.spec)[1]
        distances = nearest / DISTANCE_SCALE
    is_covered = distances < SAME_SCENE / DISTANCE_SCALE
    is_covered[chosen] = True
    return [int(covered) for covered in is_covered]


def _list_near_duplicates(table: FeatureTable, reasons: Reasons) -> list[int]:
    """Tell of each image whether the one that looks most like it is a near-duplicate: 1 or 0."""
    is_near = np.zeros(len(table), dtype=np.int64)
    known = np.flatnonzero(reasons.nearest >= 0)
    others = table.rows[reasons.nearest[known]]
    distances = np.rint(reasons.distances[known] * DISTANCE_SCALE).astype(np.uint16)
    is_near[known] = is_near_duplicate(table.rows[known], others, distances)
    return is_near.tolist()


def escape(texts: Sequence[str]) -> list[str]:
    """Escape bytes that are not valid Unicode."""
    escaped: list[str] = pack_texts(texts).to_pylist()
    return escaped


def _split_paths(paths: Sequence[str]) -> tuple[list[str], list[int], list[str]]:
    """Split paths into distinct folders, the number of each path's folder, and file names."""
    names = [os.path.basename(path) for path in paths]
    numbers: dict[str, int] = {}
    folder_numbers = [
        numbers.setdefault(path[: len(path) - len(name)], len(numbers))
        for path, name in zip(paths, names, strict=True)
    ]
    return list(numbers), folder_numbers, names


def _list_links(
    table: FeatureTable, folders: list[str], folder_numbers: list[int], page_path: str
) -> list[str | None]:
    """List the beginning of the link to the images of each folder; None where there is none."""
    actual: dict[int, set[str]] = {}
    for path, number in zip(table.paths, folder_numbers, strict=True):
        actual.setdefault(number, set()).add(os.path.dirname(path))
    # Different folders can be called the same.
    folder_of = {number: some.pop() for number, some in actual.items() if len(some) == 1}
    links = link_folders({folder_of[number]: folders[number] for number in folder_of}, page_path)
    return [links.get(folder_of.get(number, "")) for number in range(len(folders))]


def _list_times(captured: np.ndarray) -> list[int | None]:
    """List times in seconds since 1970; None where unknown."""
    seconds = captured.astype("datetime64[s]").astype(np.int64).tolist()
    is_known = ~np.isnat(captured)
    return [second if known else None for second, known in zip(seconds, is_known, strict=True)]
