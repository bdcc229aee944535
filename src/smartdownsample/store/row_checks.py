"""Rows that come from a file, checked before they are used: those of every part and every pack.

The digests of a part tell damage, not intent: whoever writes a file can write digests that match.
These checks refuse what this package never writes.
"""

import os
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..options import MAX_SIDE
from ..records import are_crops, unpack

# Columns that may be null.
_OPTIONAL = frozenset(("etag", "cause", "captured"))
# The longest texts, in bytes. No system opens longer paths; an order key has a few bytes more for
# each number in the path.
MAX_BYTES = {"path": 2**15, "order_key": 2**17, "etag": 2**10, "cause": 2**6, "decoder": 2**10}
# Sums of the flags that `records` lists: of whole photos, and of crops.
_MAX_FLAGS, _MAX_CROP_FLAGS = 31, 63
# Years that dates in Python have.
_FIRST_TIME = np.datetime64("0001-01-01", "ms")
_LAST_TIME = np.datetime64("9999-12-31T23:59:59.999")


def check_rows(rows: pa.Table) -> None:
    """Raise `ValueError` unless rows, of the store's schema, are such as this package writes.

    Nothing is null that must be there, texts are not too long, numbers are finite and in their
    ranges. Paths are not looked at: a row is found by an equal path only. Nor are causes, of which
    newer releases may have others.
    """
    _check_nulls(rows)
    check_lengths(rows)
    _check_range(rows, "frame", 0, 2**31 - 1)
    _check_range(rows, "size_bytes", 0, 2**63 - 1)
    _check_range(rows, "written_ns", 0, 2**63 - 1)
    _check_range(rows, "mean_rgb", 0, 255)
    _check_range(rows, "flags", 0, _MAX_CROP_FLAGS)
    _check_regions(rows)
    _check_times(rows)
    causes = rows["cause"]
    readable = rows if causes.null_count == len(rows) else rows.filter(pc.is_null(causes))
    for side in ("width", "height"):
        _check_range(readable, side, 1, MAX_SIDE)


def _check_nulls(rows: pa.Table) -> None:
    for name in rows.column_names:
        column = rows[name]
        is_list = pa.types.is_fixed_size_list(column.type)
        n_nulls = 0 if name in _OPTIONAL else column.null_count
        if n_nulls or (is_list and any(chunk.flatten().null_count for chunk in column.chunks)):
            msg = f"the column {name!r} lacks values"
            raise ValueError(msg)


def check_lengths(rows: pa.Table | pa.RecordBatch) -> None:
    """Raise `ValueError` when a text is longer than any that this package writes."""
    for name in MAX_BYTES.keys() & {*rows.schema.names}:
        longest, max_bytes = pc.max(pc.binary_length(rows[name])).as_py() or 0, MAX_BYTES[name]
        if longest > max_bytes:
            msg = f"the column {name!r} has a text of {longest:,} bytes, more than {max_bytes:,}"
            raise ValueError(msg)


def _check_range(rows: pa.Table, name: str, lowest: int, highest: int) -> None:
    values = unpack(rows[name])
    # Not a number is in no range.
    if values.size and not (lowest <= values.min() and values.max() <= highest):
        msg = f"the column {name!r} has values outside of {lowest} to {highest}"
        raise ValueError(msg)


def _check_regions(rows: pa.Table) -> None:
    regions = unpack(rows["region"])
    is_crop = are_crops(regions)
    if (unpack(rows["flags"])[~is_crop] > _MAX_FLAGS).any():
        msg = f"the column 'flags' has values outside of 0 to {_MAX_FLAGS}"
        raise ValueError(msg)
    if not is_crop.any():
        return
    starts, sides = regions[:, :2], regions[:, 2:]
    is_inside = (starts >= 0) & (sides > 0) & (starts + sides <= 1)
    if not (is_inside.all() and (np.rint(regions * 2**16) == regions * 2**16).all()):
        msg = "the column 'region' has values that are no part of a picture"
        raise ValueError(msg)


def _check_times(rows: pa.Table) -> None:
    times = unpack(rows["captured"])
    times = times[~np.isnat(times)]
    if len(times) and not (times.min() >= _FIRST_TIME and times.max() <= _LAST_TIME):
        msg = "the column 'captured' has times that no calendar has"
        raise ValueError(msg)


def check_relative_paths(paths: Iterable[bytes]) -> None:
    """Raise `ValueError` unless all paths lie below whatever folder they are put into."""
    for path in paths:
        is_plain = all(part not in {b"", b".", b".."} for part in path.split(b"/"))
        if not is_plain or b"\0" in path or (os.name == "nt" and (b"\\" in path or b":" in path)):
            msg = f"the path {os.fsdecode(path)!r} is not a plain path below the root"
            raise ValueError(msg)
