"""Groups of items, such as cameras or species, from the caller's ``groups``."""

import os
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from ..checks import shorten
from ..display import count_noun, suggest
from ..errors import InvalidParameterError, LabelWarning, warn_user
from ..items import EARLIER_GROUP, Fact, Grouping, label_paths, name_folder, to_key
from ..options import GroupsLike, SamplingOptions, map_series
from ..records import FeatureTable, GroupLabels, IntArray, ItemList, list_some

if TYPE_CHECKING:
    import pyarrow as pa

# Most group names that a message lists.
_N_LISTED = 5
# Texts of the missing values of Python, NumPy and pandas. A string may have the same text.
_MISSING = frozenset(("None", "nan", "NaN", "NaT", "<NA>"))


def label_items(groups: GroupsLike, table: FeatureTable) -> GroupLabels:
    """Find the group of each row of a table; every group has at least one.

    ``"parent"`` makes a group of each folder, named as in the paths given; ``"regex:…"`` of what a
    regular expression finds in each path; ``"species"`` and the like of what a document says, see
    `smartdownsample.items.Grouping`. A mapping, or a pandas Series indexed by paths, has the
    label of each path, however it is spelt; paths that are not in the table do not matter. Any
    other iterable (list, array, pandas or Arrow column) has a label for each path of the caller's
    list, in its order; of a path that repeats, the first label counts. Labels of the same text
    are one group. Raises `InvalidParameterError` where labels are missing or too many.
    """
    groups = map_series(groups)
    if table.repeats is not None and not isinstance(groups, (Mapping, str)):
        groups = _list_given(groups, table.n_given)
        _warn_of_conflicts(groups, table)
    paths = list(table.paths)
    labels = _list_labels(groups, paths, table.indices, table.n_given, table.details)
    return _number_labels(labels, paths)


def _warn_of_conflicts(labels: list[object], table: FeatureTable) -> None:
    """Warn of images that were given again with another label."""
    repeats = [] if table.repeats is None else table.repeats.tolist()
    places = {first for place, first in repeats if str(labels[place]) != str(labels[first])}
    rows = np.flatnonzero(np.isin(table.indices, list(places)))
    if len(rows):
        warn_user(
            f"{count_noun(len(rows), 'image')} of {len(table):,} were given several times, with "
            f"different labels in 'groups', first {table.paths[int(rows[0])]!r}. The first label "
            "of each counts. Give each image once, or labels that join those of each.",
            LabelWarning,
        )


def check_groups(options: SamplingOptions, items: ItemList) -> None:
    """Check before any image is opened that all items have labels and `per_group` names groups."""
    if options.groups is None:
        return
    paths = list_some(items.paths, items.file_of)
    positions = np.arange(len(items)) if items.positions is None else items.positions
    labels = _list_labels(options.groups, paths, positions, items.n_given, items.details)
    check_names(options, paths, items.n_given, _number_labels(labels, paths))


def check_names(
    options: SamplingOptions,
    paths: Iterable[str],
    n_given: int,
    labels: GroupLabels | None = None,
) -> None:
    """Check that all groups of ``per_group`` are there, if only with images that are unreadable.

    Those that a rule makes are there with `labels` of readable images.
    """
    if not isinstance(options.per_group, Mapping):
        return
    names: Iterable[object]
    if isinstance(options.groups, Mapping):
        names = options.groups.values()
    elif isinstance(options.groups, str):
        if labels is None or options.groups == "parent":
            names = map(name_folder, paths)
        else:
            names = labels.names
    else:
        names = _list_given(options.groups, n_given)
    known = set(map(str, names))
    unknown = sorted(options.per_group.keys() - known - {EARLIER_GROUP})
    if unknown:
        from natsort import natsorted

        listed = ", ".join(map(repr, natsorted(known)[:_N_LISTED])) or "there are none"
        msg = (
            f"The 'per_group' parameter must name groups that have images: {listed}"
            f"{', …' * (len(known) > _N_LISTED)}. Got {shorten(unknown[0])} instead."
            f"{suggest(unknown[0], known)}"
        )
        raise InvalidParameterError(msg)


def _list_labels(
    groups: GroupsLike,
    paths: list[str],
    indices: IntArray,
    n_given: int,
    details: "pa.Table | None",
) -> list[object]:
    """List the label of each path; items beyond the caller's list get `EARLIER_GROUP`."""
    if isinstance(groups, Mapping):
        return _look_up(groups, paths)
    if isinstance(groups, str) and groups == "parent":
        return [name_folder(path) for path in paths]
    grouping = Grouping.read(groups) if isinstance(groups, str) else None
    if grouping is not None:
        return label_paths(paths, details, grouping)
    labels = [*_list_given(groups, n_given), EARLIER_GROUP]
    return [labels[min(index, n_given)] for index in indices.tolist()]


def _look_up(groups: Mapping[Any, object], paths: list[str]) -> list[object]:
    """Look labels up in a mapping: first by the path as it is spelt, then by its absolute path."""
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
            f"Got {shorten(key)} instead."
        )
        raise InvalidParameterError(msg)
    return path


def _list_given(groups: object, n_given: int) -> list[object]:
    """List the labels of an iterable, one for each path of the caller's list."""
    for method in ("to_pylist", "tolist"):  # Arrow; NumPy and pandas
        if hasattr(groups, method):
            groups = getattr(groups, method)()
    # Sets are refused: they have no order.
    if isinstance(groups, (str, bytes, AbstractSet)) or not isinstance(groups, Iterable):
        msg = (
            "The 'groups' parameter must be 'parent', 'regex:' and a pattern, what a document says "
            "such as 'species', a mapping of paths to labels, or a list of labels, one for each "
            f"image. Got {shorten(groups)} instead."
            f"{_advise_on_text(groups) if isinstance(groups, str) else ''}"
        )
        raise InvalidParameterError(msg)
    labels = list(groups)
    if len(labels) != n_given:
        msg = (
            "The 'groups' parameter must have a label for each of the images given, "
            f"{n_given:,}. Got {count_noun(len(labels), 'label')} instead. Give them in the "
            "order in which the paths were given, or as a mapping of paths to labels: those of "
            "index.paths, which are in natural order, as dict(zip(index.paths, labels))."
        )
        raise InvalidParameterError(msg)
    return labels


def _advise_on_text(text: str) -> str:
    """Say what was probably meant by a text that is no rule: one mistyped, or a column."""
    meant = suggest(text, ["parent", *get_args(Fact)])
    return meant or f" Of a data frame, give the column itself, such as frame[{text!r}]."


def _number_labels(labels: list[object], paths: list[str]) -> GroupLabels:
    """Give the distinct texts of the labels numbers in natural order."""
    # Most runs have no groups and need not wait for this import.
    from natsort import natsorted

    texts = [str(label) for label in labels]
    missing = [
        place
        for place, (label, text) in enumerate(zip(labels, texts, strict=True))
        if text in _MISSING and not isinstance(label, str)
    ]
    if missing:
        first = missing[0]
        how_many = "all" if len(missing) == len(labels) else f"{len(missing):,} of {len(labels):,}"
        msg = (
            "The 'groups' parameter must have a label for every image. "
            f"Got none for {how_many} instead ({labels[first]!r}), first {paths[first]!r}. Leave "
            "'groups' out to sample without groups, or give these a label, such as by "
            "fillna('unknown') in pandas."
        )
        raise InvalidParameterError(msg)
    # Natural order ties names that differ only in leading zeros; sorting first orders those too.
    names = natsorted(sorted(set(texts)))
    id_of = {name: i for i, name in enumerate(names)}
    return GroupLabels(tuple(names), np.fromiter((id_of[text] for text in texts), np.int64))
