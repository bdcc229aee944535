"""The items of a call: which regions of which files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..options import BoxOrientation
from .arrays import Float32Array, FrameArray, IntArray
from .arrow import sort_bytes
from .failures import Failure
from .packed_paths import PackedKeys, list_some, pack_keys
from .regions import Region, are_crops, whole_photos

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class ItemList:
    """The distinct items of a call, in the order in which the caller named them first.

    An item is a file, a frame of it and a region of that frame. A whole photo is frame 0 and the
    region `WHOLE`. Everything that is done with files is done once for each file.

    Attributes
    ----------
    paths : sequence of str, length f
        Each file's path as the caller gave it; packed where there may be millions.
    keys : sequence of bytes, length f
        Each file's absolute path as the file system knows it; distinct.
    file_of : ndarray of int64, shape (n,)
        The file that each item is in.
    frames : ndarray of int32, shape (n,)
        Number of the frame, from 0.
    regions : ndarray of float32, shape (n, 4)
        x, y, width and height as shares of the upright picture, multiples of 2**-16.
    positions : ndarray of int64, shape (n,), or None
        Where the item stands in the caller's list; None when a folder or glob was given.
    n_given : int
        Length of the caller's list; larger than n when items repeat.
    n_added : int
        Items at the end that are not of the caller's list.
    repeats : ndarray of int64, shape (r, 2), or None
        Places in the caller's list that repeat an item, each with the place that counts.
    details : pyarrow.Table or None
        What a document says of each item: n rows, see `smartdownsample.items.DETAILS`.
    failures : tuple of Failure
        What a document names and is no item.
    orientation : {"upright", "stored", "megadetector"}
        The picture that the regions count from until they are turned.
    sizes : ndarray of int64, shape (f, 2), or None
        Width and height of the picture that the regions of each file count from, as the document
        says; 0 where it does not. They decide about the orientation where they can.
    """

    paths: Sequence[str]
    keys: Sequence[bytes]
    file_of: IntArray
    frames: FrameArray
    regions: Float32Array
    positions: IntArray | None
    n_given: int
    n_added: int = 0
    details: "pa.Table | None" = None
    failures: tuple[Failure, ...] = ()
    orientation: BoxOrientation = "upright"
    sizes: IntArray | None = None
    repeats: IntArray | None = None

    @classmethod
    def of_photos(
        cls,
        paths: Sequence[str],
        keys: Sequence[bytes],
        positions: IntArray | None,
        n_given: int,
        n_added: int = 0,
        repeats: IntArray | None = None,
    ) -> "ItemList":
        """List whole photos, each a file of its own."""
        n = len(keys)
        photos = whole_photos(n)
        return cls(paths, keys, np.arange(n), *photos, positions, n_given, n_added, repeats=repeats)

    def __len__(self) -> int:
        """Count the items."""
        return len(self.file_of)

    @cached_property
    def has_regions(self) -> bool:
        """Whether any item is not a whole photo."""
        return bool(are_crops(self.regions).any())

    def name_items(self) -> "list[str] | list[tuple[str, Region]]":
        """Name the items: paths, or, where there are crops, pairs with the region."""
        paths = [self.paths[file] for file in self.file_of.tolist()]
        if not self.has_regions:
            return paths
        regions = [(x, y, width, height) for x, y, width, height in self.regions.tolist()]
        return list(zip(paths, regions, strict=True))

    @cached_property
    def packed_keys(self) -> PackedKeys:
        """The keys, packed."""
        return pack_keys(self.keys)

    @cached_property
    def order(self) -> IntArray:
        """The items sorted by key, frame and region, shape (n,)."""
        order = sort_bytes(self.packed_keys.pack())
        if np.array_equal(self.file_of, np.arange(len(self.keys))):
            return order
        ranks = np.empty_like(order)
        ranks[order] = np.arange(len(order))
        return np.lexsort((*self.regions.T[::-1], self.frames, ranks[self.file_of]))

    @cached_property
    def ranks(self) -> IntArray:
        """The place of each item in that order, shape (n,)."""
        ranks = np.empty(len(self), dtype=np.int64)
        ranks[self.order] = np.arange(len(self))
        return ranks

    def take(self, items: IntArray) -> "ItemList":
        """Make the list of some items alone, in the given order, as if these had been given."""
        is_used = np.zeros(len(self.keys), dtype=np.bool_)
        is_used[self.file_of[items]] = True
        files = np.flatnonzero(is_used)
        new_file = np.cumsum(is_used) - 1
        return replace(
            self,
            paths=list_some(self.paths, files),
            keys=list_some(self.keys, files),
            sizes=None if self.sizes is None else self.sizes[files],
            file_of=new_file[self.file_of[items]],
            frames=self.frames[items],
            regions=self.regions[items],
            positions=np.arange(len(items)),
            n_given=len(items),
            n_added=0,
            repeats=None,
            details=None if self.details is None else self.details.take(items),
        )

    def name(self, item: int) -> str:
        """Return the path of an item's file as the caller gave it."""
        return self.paths[int(self.file_of[item])]
