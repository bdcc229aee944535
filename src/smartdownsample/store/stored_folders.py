"""What a store knows of the files below a folder, without touching them.

All parts are read at once, each from row group to row group, so that memory holds a few of them.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DamagedPartError
from ..records import pack_flags, pack_values, unpack
from .natural_merge import merge_naturally
from .part import OpenPart, RowGroup, read_ahead
from .schema import view_bytes
from .store import FeatureStore

_T = TypeVar("_T")

# Parts that are open at a time; each takes as much memory as its footer.
_OPEN_PARTS = 64
# Columns that tell items and their rows apart, in the order in which they are looked at. Of rows of
# one item the last one counts, which was written last or else is in the later part.
_TIES = ("path", "item", "written_ns", "part")


class _Source(NamedTuple):
    """A row group of one of the parts, which are numbered from the oldest."""

    part: Path
    number: int
    group: RowGroup


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
        self._open = lru_cache(_OPEN_PARTS)(partial(OpenPart, schema=store.schema))
        self._left_out: set[Path] = set()

    def read(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield the rows in natural order, with some columns.

        Raises `FileNotFoundError` where another process has merged parts meanwhile, and
        `DamagedPartError`, with a warning, for a part that cannot be read and is left out from then
        on. In both cases all has to be read again.
        """
        parts = [part for part in self._store.list_readable() if part not in self._left_out]
        sources = [
            _Source(part, number, group)
            for number, part in enumerate(parts)
            for group in self._list_groups(part)
        ]
        sources.sort(key=lambda source: source.group.first_order_key)
        needed = {*columns, "path", "frame", "region", "written_ns", "order_key"}
        tables = read_ahead(partial(self._read_group, columns=sorted(needed)), sources)
        smallest = (source.group.first_order_key for source in sources)
        for rows in merge_naturally(zip(smallest, tables, strict=True), _TIES):
            yield _keep_last(rows).select(list(columns))

    def _list_groups(self, part: Path) -> list[RowGroup]:
        """List the row groups of a part that may have rows below the folder."""
        prefix = self._prefix
        after = prefix[:-1] + bytes([prefix[-1] + 1])
        return [
            group
            for group in self._leaving_out(part, OpenPart.list_groups)
            if group.first_path < after and (group.last_path is None or group.last_path >= prefix)
        ]

    def _read_group(self, source: _Source, columns: Sequence[str]) -> pa.Table:
        """Read what a row group has below the folder."""
        rows = self._leaving_out(source.part, partial(OpenPart.read, number=source.group.number))
        rows = rows.filter(pc.starts_with(rows["path"], self._prefix))
        # With the most significant byte first, bytes sort as these numbers do: none is negative.
        kinds = {"frame": ">i4", "region": ">f4"}
        fixed = np.hstack(
            [view_bytes(unpack(rows[name]).astype(kind)) for name, kind in kinds.items()]
        )
        numbers = np.full(len(rows), source.number)
        rows = rows.select(columns)
        rows = rows.append_column("item", pack_values(fixed, pa.binary(fixed.shape[1])))
        return rows.append_column("part", pack_values(numbers, pa.int64()))

    def _leaving_out(self, part: Path, read: Callable[[OpenPart], _T]) -> _T:
        """Read something of a part; leave it out from then on when that fails."""
        try:
            return read(self._open(part))
        except FileNotFoundError:
            raise
        except DamagedPartError as error:
            self._left_out.add(part)
            self._store.set_aside(part, error, "are missing")
            raise
        except OSError as error:
            self._left_out.add(part)
            self._store.warn(
                f"has a part that cannot be read now ({error}); its images are missing", part.parent
            )
            raise DamagedPartError(part.name) from error


def _keep_last(rows: pa.Table) -> pa.Table:
    """Keep the last of the rows of each item, which follow one another."""
    n_pairs = max(len(rows) - 1, 0)
    is_same = [
        unpack(pc.equal(rows[name].slice(1), rows[name].slice(0, n_pairs)))
        for name in ("order_key", "path", "item")
    ]
    is_repeated = np.logical_and.reduce(is_same)
    if not is_repeated.any():
        return rows
    return rows.filter(pack_flags(np.append(~is_repeated, True)))
