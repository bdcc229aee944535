"""Picked items as a collection, and as a table: what selections and rankings have in common."""

import operator
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, SupportsIndex, TypeAlias, overload

from ..errors import MissingExtraError
from ..items import to_key
from ..options import PathLike
from ..records import Picks, Region, round_region
from .selection_file import write_selection

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# A photo by its path, or a crop of it: an element for ``keep``.
Item: TypeAlias = str | tuple[str, Region]


class PickedItems(Picks, ABC):
    """Picked items as a collection: paths, or, in a collection of crops, pairs of path and region.

    Regions are x, y, width and height in shares of the upright photo. What it holds may be given as
    ``keep``, and so may it itself. Two are equal where they hold the same in the same order.
    """

    @overload
    def __getitem__(self, place: SupportsIndex) -> Item: ...

    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...

    def __getitem__(self, place: SupportsIndex | slice) -> Item | list[Item]:
        """Return the item at a place, or the list of those of a slice."""
        if isinstance(place, slice):
            return list(map(self._name_item, self.rows[place].tolist()))
        return self._name_item(int(self.rows[operator.index(place)]))

    def __iter__(self) -> Iterator[Item]:
        """Go through the items in the order in which they are here."""
        return map(self._name_item, self.rows.tolist())

    def __eq__(self, other: object) -> bool:
        """Tell whether both are of one kind and hold the same items in the same order."""
        if not isinstance(other, PickedItems) or type(other) is not type(self):
            return NotImplemented
        if len(other) != len(self):
            return False
        is_of_one = other.table is self.table
        return bool((other.rows == self.rows).all()) if is_of_one else [*other] == [*self]

    def __hash__(self) -> int:
        """Hash what is compared."""
        return hash(tuple(self))

    def __contains__(self, item: object) -> bool:
        """Tell whether a photo, however its path is spelt, or a pair of path and region is here."""
        path, region = item if isinstance(item, tuple) and len(item) == len("pr") else (item, None)
        try:
            key = to_key(os.fspath(path))
            return (None if region is None else round_region(region)) in self._regions_of[key]
        except (KeyError, TypeError, ValueError):
            return False

    def _name_item(self, row: int) -> Item:
        """Name a row of the table."""
        path = self.table.paths[row]
        return (path, self._take_region(row)) if self.table.has_regions else path

    def _take_region(self, row: int) -> Region:
        """Return the region of a row of the table."""
        x, y, width, height = self.table.regions[row].tolist()
        return x, y, width, height

    @cached_property
    def _regions_of(self) -> dict[bytes, set[Region | None]]:
        """The picked regions of each photo, by its key; None stands for any."""
        regions_of: dict[bytes, set[Region | None]] = {}
        for row in self.rows.tolist():
            found = regions_of.setdefault(to_key(self.table.paths[row]), {None})
            found.add(self._take_region(row))
        return regions_of

    @abstractmethod
    def to_arrow(self) -> "pa.Table":
        """Hand over a table with a row for each item."""

    def to_pandas(self) -> "pd.DataFrame":
        """Hand over the table of `to_arrow` to pandas, which must be installed.

        Returns
        -------
        pandas.DataFrame
            With the same columns.

        Raises
        ------
        MissingExtraError
            When pandas is not installed.
        """
        if find_spec("pandas") is None:
            msg = (
                "A data frame needs pandas, which is not installed. Install it with: pip install "
                "pandas. Or call to_arrow(), which needs no more."
            )
            raise MissingExtraError(msg)
        return self.to_arrow().to_pandas()

    def save(self, destination: PathLike) -> None:
        """Write the items to a file, in the order in which they are here.

        Parameters
        ----------
        destination : path
            Its extension decides the format: ``.txt`` (paths), or the table of `to_arrow` as
            ``.csv``, ``.json`` or ``.parquet``. Missing folders are made.

        Raises
        ------
        InvalidParameterError
            When the extension is another one.
        OutputError
            When the file cannot be written.
        """
        write_selection(self, destination, table=self.to_arrow())
