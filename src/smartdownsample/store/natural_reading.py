"""Rows of all parts of a store in natural order, with a few row groups in memory at a time.

All parts are read at once, each from row group to row group.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DamagedPartError
from ..records import pack_flags, pack_values, unpack
from .natural_merge import merge_naturally
from .part import OpenPart, RowGroup, read_ahead

# Parts that are open at a time; each takes as much memory as its footer.
_OPEN_PARTS = 64

# What is done with a part that cannot be read: the store warns, and puts damaged ones aside.
PassOver: TypeAlias = Callable[[Path, OSError], None]


class _Source(NamedTuple):
    """A row group of one of the parts, which are numbered from the oldest."""

    part: Path
    number: int
    group: RowGroup


class NaturalReader:
    """Reads parts in natural order.

    Parameters
    ----------
    schema : pyarrow.Schema
        Of the store.
    pass_over : callable
        Called with each part that cannot be read, and why; the part is left out from then on,
        unless a `FileNotFoundError` says that it is to be listed and read again.
    """

    def __init__(self, schema: pa.Schema, pass_over: PassOver) -> None:
        self._pass_over = pass_over
        self._open = lru_cache(_OPEN_PARTS)(partial(OpenPart, schema=schema))
        self._left_out: set[Path] = set()

    def read(
        self,
        parts: Sequence[Path],
        may_hold: Callable[[RowGroup], bool],
        take: Callable[[pa.Table], pa.Table],
        items: Sequence[str],
        ages: Sequence[str] = (),
    ) -> Iterator[pa.Table]:
        """Yield what is taken of parts, the oldest first, in natural order: the newest row of each.

        `take` gives rows of a row group that `may_hold` any that are wanted, with ``order_key`` and
        the columns `items`, which tell items apart, and `ages`, by which the newest row is the last
        one; of equal ones that of the later part counts.

        Raises `FileNotFoundError` where another process has merged parts meanwhile, and
        `DamagedPartError` for a part that cannot be read. In both cases all has to be read again.
        """
        readable = [part for part in parts if part not in self._left_out]
        sources = [
            _Source(part, number, group)
            for number, part in enumerate(readable)
            for group in self._list_groups(part)
            if may_hold(group)
        ]
        sources.sort(key=lambda source: source.group.first_order_key)
        taken = (
            (source.group.first_order_key, _add_number(take(rows), source.number))
            for source, rows in self._read_groups(sources)
        )
        for rows in merge_naturally(taken, [*items, *ages, "part"]):
            yield _keep_last(rows, ["order_key", *items])

    def _list_groups(self, part: Path) -> list[RowGroup]:
        """List the row groups of a part."""
        try:
            return self._open(part).list_groups()
        except OSError as error:
            self._leave_out(part, error)

    def _read_groups(self, sources: Sequence[_Source]) -> Iterator[tuple[_Source, pa.Table]]:
        """Read row groups, the next one while the caller works on the last."""
        for source, rows in zip(sources, read_ahead(self._try_to_read, sources), strict=True):
            if isinstance(rows, OSError):
                # Not where it arises, in another thread: warnings name who called in this one.
                self._leave_out(source.part, rows)
            yield source, rows

    def _try_to_read(self, source: _Source) -> pa.Table | OSError:
        """Read a row group, or give the error that this ended with."""
        try:
            return self._open(source.part).read(source.group.number)
        except OSError as error:
            return error

    def _leave_out(self, part: Path, error: OSError) -> NoReturn:
        """Leave a part out from now on, and raise the error that its reading ended with."""
        self._open.cache_clear()  # there may be another file at its place soon
        if not isinstance(error, FileNotFoundError):
            self._pass_over(part, error)
            self._left_out.add(part)
        if isinstance(error, (FileNotFoundError, DamagedPartError)):
            raise error
        raise DamagedPartError(part.name) from error


def _add_number(rows: pa.Table, number: int) -> pa.Table:
    """Add the number of their part to rows."""
    return rows.append_column("part", pack_values(np.full(len(rows), number), pa.int64()))


def _keep_last(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    """Keep the last of the rows that are equal in some columns, which follow one another."""
    n_pairs = max(len(rows) - 1, 0)
    is_same = [
        unpack(pc.equal(rows[name].slice(1), rows[name].slice(0, n_pairs))) for name in names
    ]
    is_repeated = np.logical_and.reduce(is_same)
    if not is_repeated.any():
        return rows
    return rows.filter(pack_flags(np.append(~is_repeated, True)))
