"""The items of a collection that were selected before, from the caller's ``keep``."""

from collections.abc import Collection, Sequence
from typing import cast

import numpy as np

from ..checks import shorten
from ..errors import InvalidParameterError
from ..items import list_selected_before, to_key, to_text
from ..options import Kept, PathLike
from ..records import BoolArray, FeatureTable, IntArray, Region, round_region


def find_kept(
    table: FeatureTable, keep: Collection[Kept] | IntArray, name: str = "keep"
) -> BoolArray:
    """Find the items selected before, shape (n,), first as they are spelt, then by location.

    A path keeps all items of its photo, a pair of path and region one of them; numbers the items of
    these places in the caller's list; a selection also what it was kept apart from. Unreadable
    items are ignored; unknown ones raise `InvalidParameterError` with the `name` of the parameter.
    """
    keep = list_selected_before(keep, name)
    if isinstance(keep, np.ndarray):
        return _find_places(table, keep, name)
    pairs = [_check_pair(each, name) for each in keep if isinstance(each, tuple)]
    paths = [each for each in keep if not isinstance(each, tuple)]
    return _find_paths(table, paths, name) | _find_pairs(table, pairs, name)


def _find_places(table: FeatureTable, places: IntArray, name: str) -> BoolArray:
    """Find items by their place in the caller's list, shape (n,)."""
    n = table.n_given + table.n_added
    unknown = places[(places < 0) | (places >= n)]
    if len(unknown):
        msg = (
            f"An array in the {name!r} parameter must have places of items in the list, from 0 to "
            f"{n - 1:,}. Got {unknown[0]} instead."
        )
        raise InvalidParameterError(msg)
    return np.isin(table.indices, places)


def _check_pair(pair: tuple[object, ...], name: str) -> tuple[str, Region]:
    """Return a pair of a path and a rounded region, or say what is wrong with it."""
    try:
        path, region = pair
        rounded = round_region(cast("Sequence[float]", region))
    except (TypeError, ValueError):
        msg = (
            f"A pair of {name!r} must be a path and its region, (x, y, width, height) in shares of "
            f"the upright photo. Got {shorten(pair)} instead."
        )
        raise InvalidParameterError(msg) from None
    return to_text(cast("PathLike", path), f"The path of a pair of {name!r}"), rounded


def _find_paths(table: FeatureTable, keep: Sequence[PathLike], name: str) -> BoolArray:
    """Find all items of photos, shape (n,)."""
    if not len(keep):
        return np.zeros(len(table), dtype=np.bool_)
    spelt = {to_text(path, f"An element of {name!r}") for path in keep}
    is_kept = np.array([path in spelt for path in table.paths], dtype=np.bool_)
    others = {to_key(path): path for path in spelt.difference(table.paths)}
    if others:
        keys = list(map(to_key, table.paths))
        is_kept |= np.array([key in others for key in keys], dtype=np.bool_)
        known = {*keys, *_list_failed(table)}
        unknown = [path for key, path in others.items() if key not in known]
        if unknown:
            msg = (
                f"The {name!r} parameter must name images of the collection. {len(unknown):,} of "
                f"its {len(spelt):,} are none, first {min(unknown)!r}. "
                f"Build the index of both: ImageIndex.build([*paths, *{name}])."
            )
            raise InvalidParameterError(msg)
    return is_kept


def _find_pairs(table: FeatureTable, pairs: Sequence[tuple[str, Region]], name: str) -> BoolArray:
    """Find items by path and region, shape (n,)."""
    is_kept = np.zeros(len(table), dtype=np.bool_)
    if not pairs:
        return is_kept
    photo_of = _find_photos(table, {path for path, _ in pairs})
    wanted = {(photo_of.get(path), region) for path, region in pairs}
    candidates = np.flatnonzero(np.isin(table.photos, [*photo_of.values()]))
    found = set()
    regions = map(tuple, table.regions[candidates].tolist())
    numbers = table.photos[candidates].tolist()
    for row, item in zip(candidates.tolist(), zip(numbers, regions, strict=True), strict=True):
        if item in wanted:
            is_kept[row] = True
            found.add(item)
    missing = [pair for pair in pairs if (photo_of.get(pair[0]), pair[1]) not in found]
    failed = _list_failed(table) if missing else set()
    unknown = [pair for pair in missing if to_key(pair[0]) not in failed]
    if unknown:
        msg = (
            f"The {name!r} parameter must name items of the collection. {len(unknown):,} of its "
            f"{len(pairs):,} pairs are none, first {min(unknown)!r}. Take paths and regions from "
            "the collection, FeatureTable.paths and FeatureTable.regions."
        )
        raise InvalidParameterError(msg)
    return is_kept


def _find_photos(table: FeatureTable, paths: set[str]) -> dict[str, int]:
    """Find the number of each photo among ``table.photos``; those without items are left out."""
    number_of = dict(zip(table.paths, table.photos.tolist(), strict=True))
    found = {path: number_of[path] for path in paths if path in number_of}
    if len(found) < len(paths):
        number_of_key = {to_key(path): number for path, number in number_of.items()}
        keys = {path: to_key(path) for path in paths - found.keys()}
        found |= {path: number_of_key[key] for path, key in keys.items() if key in number_of_key}
    return found


def _list_failed(table: FeatureTable) -> set[bytes]:
    """List the keys of the photos that failed."""
    return {to_key(failure.path) for failure in table.failures}
