"""Groups of items, such as cameras or species, and what each of them gives."""

import os
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from ..checks import check_integer
from ..collection import GroupLabels
from ..errors import InvalidParameterError
from ..items import EARLIER_GROUP, name_folder, to_key
from ..options import GroupsLike, PerGroup, SamplingOptions
from ..records import FeatureTable, Float64Array, IntArray, ItemList
from .quotas import share_seats

# What the missing values of Python, NumPy and pandas are as text; strings may say the same.
_MISSING = frozenset(("None", "nan", "NaN", "NaT", "<NA>"))
# Groups that a message lists at most.
_N_LISTED = 5


def label_items(groups: GroupsLike, table: FeatureTable) -> GroupLabels:
    """Find the group of each item of a table.

    Parameters
    ----------
    groups : "parent", mapping or iterable
        ``"parent"`` makes a group of each folder, named as in the paths given. A mapping has the
        label of each path; paths that lead to the same absolute path are the same, others than
        the table's do not matter. An iterable (list, array, pandas or Arrow column) has a label
        for each path of the caller's list, in its order, or for each path that
        `smartdownsample.find_images` gives of the caller's folder or glob; of a path that
        repeats, the first label counts. Labels are anything that has a text: those of the same
        text are one.
    table : FeatureTable
        The items; not changed.

    Returns
    -------
    GroupLabels
        Of the table's rows. Each group has an item at least.

    Raises
    ------
    InvalidParameterError
        When `groups` is nothing of the kind, an item has no label, or there are more or fewer
        labels than paths.
    """
    labels = _list_labels(groups, table.paths, table.indices, table.n_given)
    return _number_labels(labels, table.paths)


def check_groups(options: SamplingOptions, items: ItemList) -> None:
    """Make sure, before any image is opened, that items have groups and that those named exist."""
    if options.groups is None:
        return
    paths = [items.paths[file] for file in items.file_of.tolist()]
    positions = np.arange(len(items)) if items.positions is None else items.positions
    labels = _list_labels(options.groups, paths, positions, items.n_given)
    names = _number_labels(labels, paths).names
    if isinstance(options.per_group, Mapping):
        _check_names(map(str, options.per_group), names)


def _list_labels(
    groups: GroupsLike, paths: list[str], indices: IntArray, n_given: int
) -> list[object]:
    """List the label of each path; those beyond the caller's list were selected before."""
    if isinstance(groups, Mapping):
        return _look_up(groups, paths)
    if isinstance(groups, str) and groups == "parent":
        return [name_folder(path) for path in paths]
    labels = [*_list_given(groups, n_given), EARLIER_GROUP]
    return [labels[min(index, n_given)] for index in indices.tolist()]


def _look_up(groups: Mapping[Any, object], paths: list[str]) -> list[object]:
    """Take the labels of paths from a mapping, first as they are spelt, then by absolute path."""
    label_of = {_spell_key(key): label for key, label in groups.items()}
    others = [path for path in paths if path not in label_of]
    if others:
        label_of_key = {to_key(path): label for path, label in label_of.items()}
        keys = {path: to_key(path) for path in others}
        missing = [path for path, key in keys.items() if key not in label_of_key]
        if missing:
            msg = (
                "The 'groups' parameter must have a label for every image. "
                f"Got none for {len(missing):,} of {len(paths):,} instead, first {missing[0]!r}. "
                "Add their paths, absolute or relative to the working folder."
            )
            raise InvalidParameterError(msg)
        label_of |= {path: label_of_key[key] for path, key in keys.items()}
    return [label_of[path] for path in paths]


def _spell_key(key: object) -> str:
    """Return a key of the mapping as text."""
    path = os.fspath(key) if isinstance(key, (str, os.PathLike)) else None
    if not isinstance(path, str):
        msg = (
            "The 'groups' parameter must have paths for keys, each a str or a pathlib.Path. "
            f"Got {key!r} instead."
        )
        raise InvalidParameterError(msg)
    return path


def _list_given(groups: object, n_given: int) -> list[object]:
    """List labels that are given in the order of the caller's list."""
    for method in ("to_pylist", "tolist"):  # Arrow; NumPy and pandas
        if hasattr(groups, method):
            groups = getattr(groups, method)()
    # A set has no order.
    if isinstance(groups, (str, bytes, AbstractSet)) or not isinstance(groups, Iterable):
        msg = (
            "The 'groups' parameter must be 'parent', a mapping of paths to labels, or a list of "
            f"labels, one for each image. Got {groups!r} instead."
        )
        raise InvalidParameterError(msg)
    labels = list(groups)
    if len(labels) != n_given:
        msg = (
            "The 'groups' parameter must have a label for each of the images given, "
            f"{n_given:,}. Got {len(labels):,} labels instead. Give them in the order of the "
            "paths, or as a mapping of paths to labels."
        )
        raise InvalidParameterError(msg)
    return labels


def _number_labels(labels: list[object], paths: list[str]) -> GroupLabels:
    """Give each distinct text of the labels a number, in natural order."""
    # Imported on first need: most runs have no groups.
    from natsort import natsorted

    texts = [str(label) for label in labels]
    for label, text, path in zip(labels, texts, paths, strict=True):
        if text in _MISSING and not isinstance(label, str):
            msg = (
                "The 'groups' parameter must have a label for every image. "
                f"Got {label!r} for {path!r} instead. Give it one, such as 'unknown'."
            )
            raise InvalidParameterError(msg)
    # Sorted before, so that names that differ in leading zeros have an order as well.
    names = natsorted(sorted(set(texts)))
    id_of = {name: i for i, name in enumerate(names)}
    return GroupLabels(tuple(names), np.fromiter((id_of[text] for text in texts), np.int64))


def allocate_groups(
    sizes: IntArray,
    n_kept: IntArray,
    target_count: int | None,
    per_group: PerGroup | None,
    balance: float,
    names: tuple[str, ...],
) -> IntArray:
    """Share a number of picks among groups.

    Parameters
    ----------
    sizes : ndarray of int64, shape (g,)
        Items of each group, kept ones included, at least 1; not changed.
    n_kept : ndarray of int64, shape (g,)
        Items of each group that were selected before. They count as its picks.
    target_count : int or None
        New picks wanted, at least 0. None, with `per_group` only, is all that it allows.
    per_group : int or mapping of str to int, or None
        Most picks of every group, or of each by its name; groups not named give none.
    balance : float
        From 0, every group one and the rest in proportion to sizes, to 1, as equally as sizes
        allow. Between them, the mean of both claims with this weight.
    names : tuple of str, length g
        Of the groups.

    Returns
    -------
    ndarray of int64, shape (g,)
        New picks of each group. Their sum is `target_count`, or what sizes and `per_group` allow.

    Raises
    ------
    InvalidParameterError
        When `per_group` has a wrong type or value, names a group that does not exist, or is
        missing together with `target_count`.

    Notes
    -----
    A larger target takes no pick from any group. With fewer picks than groups the largest get
    one each.
    """
    # A group may have been given more before.
    limits = sizes if per_group is None else _limit_sizes(sizes, names, per_group)
    limits = np.maximum(limits, n_kept)
    if target_count is None:
        if per_group is None:
            msg = (
                "The 'target_count' parameter must be an integer. Got None instead. "
                "Give it, or say with 'per_group' how many each group may give."
            )
            raise InvalidParameterError(msg)
        return limits - n_kept
    weights = (1 - balance) * _normalise(np.maximum(sizes - 1, 0)) + balance * _normalise(sizes > 1)
    # Groups of the same limit are served from the largest.
    by_size = np.argsort(-sizes, kind="stable")
    picks = np.empty_like(sizes)
    picks[by_size] = share_seats(limits[by_size], target_count, weights[by_size], n_kept[by_size])
    return picks


def _limit_sizes(sizes: IntArray, names: tuple[str, ...], per_group: PerGroup) -> IntArray:
    """Limit the items of each group to what the caller allows, shape (g,)."""
    if isinstance(per_group, Mapping):
        cap_of = {
            str(name): check_integer("per_group", cap, at_least=0)
            for name, cap in per_group.items()
        }
        _check_names(cap_of, names)
        caps = [cap_of.get(name, 0) for name in names]
    else:
        caps = [check_integer("per_group", per_group, at_least=1)] * len(names)
    return np.array([min(pair) for pair in zip(sizes.tolist(), caps, strict=True)], dtype=np.int64)


def _check_names(given: Iterable[str], names: tuple[str, ...]) -> None:
    """Make sure that the groups named are there."""
    unknown = sorted(set(given) - set(names))
    if unknown:
        listed = ", ".join(map(repr, names[:_N_LISTED])) + ", …" * (len(names) > _N_LISTED)
        msg = (
            f"The 'per_group' parameter must name groups that have images: {listed}. "
            f"Got {unknown[0]!r} instead."
        )
        raise InvalidParameterError(msg)


def _normalise(claims: np.ndarray) -> Float64Array:
    """Scale claims so that they sum to 1; no claims stay none."""
    return np.asarray(claims / max(int(claims.sum()), 1), dtype=np.float64)
