"""What a store knows of the files below a folder, without touching them."""

import os
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..records import pack_values, unpack
from .natural_reading import NaturalReader
from .part import RowGroup
from .schema import view_bytes
from .store import FeatureStore

# Columns that tell items apart, in the order in which they are looked at.
_ITEMS = ("path", "item")


class StoredFolder:
    """The newest rows of all items below a folder.

    Parameters
    ----------
    store : FeatureStore
        Whose parts are read.
    folder : bytes
        The folder's key.
    """

    def __init__(self, store: FeatureStore, folder: bytes) -> None:
        self._store = store
        self._prefix = os.path.join(folder, b"")
        self._reader = NaturalReader(
            store.schema, partial(store.pass_over, what_follows="are missing")
        )

    def read(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield the rows in natural order, with some columns.

        Raises `FileNotFoundError` where another process has merged parts meanwhile, and
        `DamagedPartError`, with a warning, for a part that cannot be read and is left out from then
        on. In both cases all has to be read again.
        """
        needed = {*columns, "path", "written_ns", "order_key"}
        take = partial(self._take, columns=sorted(needed))
        parts = self._store.list_readable()
        for rows in self._reader.read(parts, self._may_hold, take, _ITEMS, ["written_ns"]):
            yield rows.select(list(columns))

    def _may_hold(self, group: RowGroup) -> bool:
        """Tell whether a row group may have rows below the folder."""
        prefix = self._prefix
        after = prefix[:-1] + bytes([prefix[-1] + 1])
        return group.first_path < after and (group.last_path is None or group.last_path >= prefix)

    def _take(self, rows: pa.Table, columns: Sequence[str]) -> pa.Table:
        """Take what a row group has below the folder."""
        rows = rows.filter(pc.starts_with(rows["path"], self._prefix))
        # With the most significant byte first, bytes sort as these numbers do: none is negative.
        kinds = {"frame": ">i4", "region": ">f4"}
        fixed = np.hstack(
            [view_bytes(unpack(rows[name]).astype(kind)) for name, kind in kinds.items()]
        )
        items = pack_values(fixed, pa.binary(fixed.shape[1]))
        return rows.select(columns).append_column("item", items)
