"""The table of features of a collection."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..display import count_noun
from .arrays import Float32Array, FrameArray, IntArray, RowArray
from .failures import Failure
from .feature_spec import FLAG_PREVIEW, FLAG_TRUNCATED, FeatureSpec
from .mapped_columns import take_field, take_rows
from .packed_paths import PackedPaths
from .regions import Region, are_crops

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False, repr=False)
class FeatureTable:
    """The readable items of a collection in natural order, with their features.

    Attributes
    ----------
    spec : FeatureSpec
        What the features are.
    paths : PackedPaths, length n
        As the caller gave them: a sequence of strings, which are made when they are looked at.
    frames, regions
        Of the items, as in the `ItemList`.
    indices : ndarray of int64, shape (n,)
        Where each item stands in the caller's list, or in the list that
        `smartdownsample.find_images` gives of the caller's folder or glob.
    rows : structured ndarray, shape (n,)
        The feature matrix, see `FeatureSpec.row_dtype`.
    failures : tuple of Failure
        The items that could not be used, in natural order.
    n_given : int
        Length of the caller's list.
    n_extracted : int
        How many files were read for this table.
    n_known : int
        How many items were known to the store.
    n_added : int
        How many items are not of the caller's list.
    repeats : ndarray of int64, shape (r, 2), or None
        As in the `ItemList`.
    details : pyarrow.Table or None
        What a document says of each item: n rows, see `smartdownsample.items.DETAILS`.
    n_not_items : int
        How many of the failures are of what a document names and is no item.
    """

    spec: FeatureSpec
    paths: PackedPaths
    frames: FrameArray
    regions: Float32Array
    indices: IntArray
    rows: RowArray
    failures: tuple[Failure, ...]
    n_given: int
    n_extracted: int
    n_known: int
    n_added: int = 0
    details: "pa.Table | None" = None
    n_not_items: int = 0
    repeats: IntArray | None = None

    def __repr__(self) -> str:
        """Show the counts."""
        return f"<FeatureTable of {self.count_items()}, {len(self.failures):,} unreadable>"

    def __len__(self) -> int:
        """Count the readable items."""
        return len(self.paths)

    def take(self, rows: IntArray) -> "FeatureTable":
        """Make the table of some rows alone, as if they had been given."""
        return FeatureTable(
            self.spec,
            self.paths.take(rows),
            self.frames[rows],
            self.regions[rows],
            self.indices[rows],
            take_rows(self.rows, rows),
            (),
            len(rows),
            self.n_extracted,
            self.n_known,
            details=None if self.details is None else self.details.take(rows),
        )

    @cached_property
    def has_regions(self) -> bool:
        """Whether any item is not a whole photo."""
        return bool(are_crops(self.regions).any())

    @cached_property
    def photos(self) -> IntArray:
        """Number of the photo that each item is in, shape (n,), in order of first appearance."""
        if not self.has_regions:
            return np.arange(len(self))
        number_of: dict[str, int] = {}
        numbers = (number_of.setdefault(path, len(number_of)) for path in self.paths)
        return np.fromiter(numbers, np.int64, len(self))

    @property
    def n_files(self) -> int:
        """Count the photos that items are in."""
        return int(self.photos.max(initial=-1)) + 1

    @property
    def noun(self) -> str:
        """What people call an item: a "crop" where there are regions, else an "image"."""
        return "crop" if self.has_regions else "image"

    def count_items(self) -> str:
        """Say how many items there are, and in how many photos where that is not the same."""
        where = f" in {count_noun(self.n_files, 'photo')}" if self.has_regions else ""
        return f"{count_noun(len(self), self.noun)}{where}"

    def pair_items(self, indices: IntArray) -> list[tuple[str, Region]]:
        """List path and region of the items at some places of the caller's list.

        Items that could not be used are left out. The pairs are elements for ``keep``.
        """
        return self._pair_rows(np.flatnonzero(np.isin(self.indices, indices)))

    def name_items(self, rows: IntArray) -> "list[str] | list[tuple[str, Region]]":
        """Name the items of some rows: paths, or, where there are crops, pairs with the region."""
        if self.has_regions:
            return self._pair_rows(rows)
        return self.paths.list_some(rows)

    def _pair_rows(self, rows: IntArray) -> list[tuple[str, Region]]:
        """List path and region of some rows."""
        regions = self.regions[rows].tolist()
        paths = self.paths.list_some(rows)
        return [
            (path, (x, y, width, height))
            for path, (x, y, width, height) in zip(paths, regions, strict=True)
        ]

    @property
    def n_truncated(self) -> int:
        """Count the readable items whose file ends too early; the rest of the picture is grey."""
        return int((take_field(self.rows, "flags") & FLAG_TRUNCATED != 0).sum())

    @property
    def n_previews(self) -> int:
        """Count the readable items whose features are those of the preview in their file."""
        return int((take_field(self.rows, "flags") & FLAG_PREVIEW != 0).sum())

    @property
    def n_duplicates(self) -> int:
        """Count the items of the caller's list that repeat."""
        n_listed = self.n_given + self.n_added + self.n_not_items
        return n_listed - len(self.paths) - len(self.failures)
