"""What sources name: paths or items of documents, with their labels, kept side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, compress

import numpy as np
import pyarrow as pa

from ..options import Kept
from ..records import BoolArray, IntArray, ItemList, list_some, pack_flags
from .documents import DocumentItems
from .given_images import list_photos
from .join import TurnItems, join_items
from .locations import to_key

# The group of images that were selected before and have no other group.
EARLIER_GROUP = "selected before"


@dataclass(frozen=True)
class NamedImages:
    """The images that sources name, in the order of the sources.

    Attributes
    ----------
    paths : list of str, length n
        As they are to be opened from the working folder; they may repeat.
    labels : list of object, length n, or None
        Each image's group, None where a table does not tell; None without a `Grouping`.
    table : pyarrow.Table or None
        The rows of the table, if the only source is one: of the first images, since images that
        are added have none. Cells of CSV files are text.
    items : ItemList or None
        The images as items, one for each path, if a document is among the sources.
    documents : tuple of DocumentItems
        The documents that were read.
    """

    paths: list[str]
    labels: list[object] | None = None
    table: pa.Table | None = None
    items: ItemList | None = None
    documents: tuple[DocumentItems, ...] = field(default=())

    @classmethod
    def of_document(cls, document: DocumentItems) -> "NamedImages":
        """Name the items of a document."""
        items = document.items
        paths = list_some(items.paths, items.file_of)
        return cls(paths, items=items, documents=(document,))

    def list_items(self) -> ItemList:
        """List the distinct items."""
        return list_photos(self.paths) if self.items is None else self.items

    def take(self, is_taken: BoolArray) -> "NamedImages":
        """Take some of the images, with their labels and rows."""
        labels = None if self.labels is None else list(compress(self.labels, is_taken))
        table = self.table
        if table is not None:
            table = table.filter(pack_flags(is_taken[: len(table)]))
        items = None if self.items is None else self.items.take(np.flatnonzero(is_taken))
        return replace(
            self,
            paths=list(compress(self.paths, is_taken)),
            labels=labels,
            table=table,
            items=items,
        )

    def as_items(self) -> "NamedImages":
        """Name the same images as distinct items."""
        if self.items is not None:
            return self
        items = list_photos(self.paths)
        labels = self.labels
        if labels is not None and items.positions is not None:
            labels = [labels[place] for place in items.positions.tolist()]
        return replace(self, paths=list(items.paths), labels=labels, table=None, items=items)


def join_images(parts: Sequence[NamedImages], turn: TurnItems | None = None) -> NamedImages:
    """Put the images of several sources one after the other.

    Paths may repeat. Where a document is among the sources, each item stays once, where it is
    first; `turn` is for `join_items`.
    """
    if len(parts) == 1:
        return parts[0]
    if any(part.items is not None for part in parts):
        joined = parts[0]
        for part in parts[1:]:
            joined, _ = _append(joined, part, part.labels, turn)
        return joined
    labels = None
    if parts and parts[0].labels is not None:
        labels = list(chain.from_iterable(part.labels or () for part in parts))
    return NamedImages(list(chain.from_iterable(part.paths for part in parts)), labels)


def add_images(
    images: NamedImages, others: NamedImages, turn: TurnItems | None = None
) -> tuple[NamedImages, "list[Kept] | IntArray"]:
    """Append the images that are not there yet; the table stays without rows for them.

    Returns also what `SamplingOptions.keep` needs to keep all of `others`: paths, or, where
    documents name the images, their places. A photo keeps all of its crops. `turn` is for
    `join_items`.
    """
    items = images.items
    if items is not None and items.has_regions and not others.list_items().has_regions:
        kept = set(others.list_items().keys)
        is_kept = np.array([key in kept for key in items.keys], dtype=np.bool_)
        return images, np.flatnonzero(is_kept[items.file_of])
    more = others.labels or [EARLIER_GROUP] * len(others.paths)
    if images.items is not None or others.items is not None:
        joined, places = _append(images, replace(others, labels=more), more, turn)
        return replace(joined, documents=images.documents), places
    named = set(map(to_key, images.paths))
    new = [place for place, path in enumerate(others.paths) if to_key(path) not in named]
    labels = images.labels
    if labels is not None:
        labels = labels + [more[place] for place in new]
    paths = images.paths + [others.paths[place] for place in new]
    return NamedImages(paths, labels, images.table), [*others.paths]


def _append(
    images: NamedImages,
    others: NamedImages,
    labels: list[object] | None,
    turn: TurnItems | None,
) -> tuple[NamedImages, IntArray]:
    """Append the items that are not there yet, and tell the place of each of them."""
    images, others = images.as_items(), replace(others, labels=labels).as_items()
    ours, theirs = images.list_items(), others.list_items()
    joined, places = join_items(ours, theirs, turn)
    n = len(joined)
    joined = replace(joined, positions=np.arange(n), n_given=n, n_added=0)
    is_new = places >= len(ours)
    new = others.take(is_new)
    together = NamedImages(
        images.paths + new.paths,
        None if images.labels is None else images.labels + (new.labels or []),
        items=joined,
        documents=images.documents + others.documents,
    )
    return together, places
