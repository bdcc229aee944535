"""A selection as a table: one row for each selected item."""

import pyarrow as pa

from .buckets import name_bucket
from .columns import pack_texts, pack_values
from .model import Selection


def tabulate_selection(selection: Selection) -> pa.Table:
    """Put what is known of each selected item into a table.

    Parameters
    ----------
    selection : Selection
        Not changed.

    Returns
    -------
    pyarrow.Table
        A row for each selected item, in natural order:

        - ``path``: string, as the caller gave it; bytes that are no Unicode are escaped.
        - ``index``: int64, place in the caller's list.
        - ``bucket``: string, see `smartdownsample.buckets.name_bucket`.
        - ``group``: string, null without groups.
        - ``captured``: timestamp in ms, local time of the camera; null where it is not known.
        - ``width``, ``height``: uint32, of the upright picture, in pixels.

    Examples
    --------
    >>> tabulate_selection(selection).to_pandas()  # doctest: +SKIP
    """
    rows = selection.table.rows[selection.rows]
    return pa.table(
        {
            "path": pack_texts(selection.paths),
            "index": pack_values(selection.indices, pa.int64()),
            "bucket": pack_texts(_name_buckets(selection)),
            "group": pack_texts(_name_groups(selection)),
            "captured": pack_values(rows["captured"], pa.timestamp("ms")),
            "width": pack_values(rows["width"], pa.uint32()),
            "height": pack_values(rows["height"], pa.uint32()),
        }
    )


def _name_buckets(selection: Selection) -> list[str]:
    """Name the bucket of each selected item, length k."""
    codes = selection.codes[selection.rows].tolist()
    name_of = {code: name_bucket(code) for code in set(codes)}
    return [name_of[code] for code in codes]


def _name_groups(selection: Selection) -> list[str | None]:
    """Name the group of each selected item, length k."""
    if selection.labels is None:
        return [None] * len(selection)
    names, ids = selection.labels
    return [names[group] for group in ids[selection.rows].tolist()]
