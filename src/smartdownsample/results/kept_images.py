"""What callers of the library give as ``keep``, as items of the collection that is sampled."""

import os
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from ..gathering import turn_upright
from ..items import list_selected_before
from ..options import Kept, SamplingOptions
from ..records import FeatureTable, ItemList
from .originals import find_originals


def resolve_keep(options: SamplingOptions, collection: FeatureTable | ItemList) -> SamplingOptions:
    """Return options whose ``keep`` names items of the collection that is sampled.

    A document is given for its crops, or for its photos where the collection has no crops. Copies
    of photos, and links to them, count as the photos they were made from, see `find_originals`.
    Both are as in the command.
    """
    if not len(options.keep):
        return options
    items = getattr(options.keep, "items", None)
    if isinstance(items, ItemList):
        return replace(options, keep=_name_items(items, are_crops=collection.has_regions))
    named = list_selected_before(options.keep, "keep")
    if isinstance(named, np.ndarray):
        return options
    among = collection.paths
    given = set(among)
    lost = [place for place, each in enumerate(named) if _is_text(each) and each not in given]
    if not lost:
        return options
    found = list(named)
    texts = [os.fspath(named[place]) for place in lost]  # type: ignore[arg-type] # paths alone
    for place, path in zip(lost, find_originals(texts, among), strict=True):
        found[place] = path
    return replace(options, keep=found)


def _is_text(each: Kept) -> bool:
    """Tell whether an element is a path; what is none is refused where it is looked up."""
    return isinstance(each, (str, os.PathLike))


def _name_items(items: ItemList, *, are_crops: bool) -> Collection[Kept]:
    """Name the crops of a document by path and upright region, or its photos."""
    if not (are_crops and items.has_regions):
        return list(items.paths)
    return turn_upright(items).name_items()
