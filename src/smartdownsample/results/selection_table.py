"""A selection as a table with a row for each selected item."""

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from ..options import RANDOM_SEED, SamplingOptions
from ..records import (
    REGION_COLUMNS,
    Collection,
    DistanceArray,
    IntArray,
    Picks,
    pack_texts,
    pack_values,
)
from ..sampling import (
    DISTANCE_SCALE,
    FAR,
    count_represented,
    describe_bucket,
    draw_ranking,
    find_nearest_rows,
    lay_out,
    name_buckets,
    name_quality,
)
from .pick_reasons import name_reasons

# Names of the columns of a selection, and of those that `explain_selection` adds.
COLUMNS = (
    "path",
    "index",
    "bucket",
    "group",
    "captured",
    "width",
    "height",
    "n_represented",
    "quality",
    "bucket_bits",
)
EXPLAINED_COLUMNS = ("rank", "nearest_path", "distance", "reason")
# Those of a selection of crops, those of items that a document names, and what
# `explain_selection` adds of crops.
DETAIL_COLUMNS = ("category", "label", "confidence")
EXPLAINED_REGION_COLUMNS = ("nearest_index",)
# What `name_source_columns` makes of a name.
_SOURCE_COLUMN = re.compile(r"source_(.*?)(_\d+)?", re.DOTALL)


def tabulate_selection(selection: Picks) -> pa.Table:
    """Make a table of what is known of each selected item, in natural order.

    - ``path``: string, as the caller gave it; bytes that are not valid Unicode are escaped.
    - ``index``: int64, position in the caller's list.
    - ``bucket``: string, as the summary and the page name it, see
      `smartdownsample.sampling.name_buckets`.
    - ``group``: string, null without groups.
    - ``captured``: timestamp in ms, local time of the camera; null where unknown.
    - ``width``, ``height``: uint32, of the upright picture, in pixels.
    - ``n_represented``: int64, images that this one stands for, itself included, see
      `smartdownsample.Selection.representatives`.
    - ``quality``: string, what is wrong with the image, such as "blurred" or "dark, flat"; "ok"
      where nothing seems to be, null where that is unknown.
    - ``bucket_bits``: string, the bucket spelt by its bits, the same for any collection, see
      `smartdownsample.sampling.describe_bucket`.

    Where items are crops, ``width`` and ``height`` are theirs, and there are also:

    - ``x``, ``y``, ``box_width``, ``box_height``: float64, shares of the upright photo.

    Where a document names the items, there are also:

    - ``category``, ``label``: string; ``confidence``: float64; null where it tells none.
    """
    rows = selection.table.rows[selection.rows]
    codes = selection.codes[selection.rows].tolist()
    names = name_buckets(selection.table.rows, selection.codes)
    bits = {code: describe_bucket(code) for code in set(codes)}
    return pa.table(
        {
            "path": pack_texts(selection.paths),
            "index": pack_values(selection.indices, pa.int64()),
            "bucket": pack_texts([names[code] for code in codes]),
            "group": pack_texts(_name_groups(selection)),
            "captured": pack_values(rows["captured"], pa.timestamp("ms")),
            "width": pack_values(rows["width"], pa.uint32()),
            "height": pack_values(rows["height"], pa.uint32()),
            "n_represented": pack_values(count_represented(selection), pa.int64()),
            "quality": pack_texts(name_quality(rows)),
            "bucket_bits": pack_texts([bits[code] for code in codes]),
            **_list_regions(selection),
            **_list_details(selection),
        }
    )


def _list_regions(selection: Picks) -> dict[str, pa.Array]:
    """List the regions of selected crops by column; no columns where there are none."""
    if not selection.table.has_regions:
        return {}
    shares = selection.table.regions[selection.rows].astype(np.float64)
    columns = zip(REGION_COLUMNS, shares.T, strict=True)
    return {name: pack_values(values, pa.float64()) for name, values in columns}


def _list_details(selection: Picks) -> dict[str, pa.ChunkedArray]:
    """List what a document says of the selected items by column; no columns without one."""
    details = selection.table.details
    if details is None:
        return {}
    taken = details.select(DETAIL_COLUMNS).take(pack_values(selection.rows, pa.int64()))
    return dict(zip(DETAIL_COLUMNS, taken.columns, strict=True))


def _name_groups(selection: Picks) -> list[str | None]:
    if selection.labels is None:
        return [None] * len(selection)
    names, ids = selection.labels
    return [names[group] for group in ids[selection.rows].tolist()]


def explain_selection(selection: Picks, random_seed: int | None = RANDOM_SEED) -> pa.Table:
    """Extend the table of `tabulate_selection` by columns that tell why each item was taken.

    - ``rank``: int64 from 0; the first N in this order are a good selection of the selected items.
    - ``nearest_path``: string, the other item that looks most like this one, among the selected
      ones and those selected before; null when there is no other.
    - ``distance``: float32, how far apart the two look, in levels of 8-bit Lab; null likewise.
    - ``nearest_index``: int64, the ``index`` of that other item, where items are crops, of which
      several have one path; null likewise.
    - ``reason``: string, what the item is a pick of, such as "the only pick of event 28".

    All pairs of selected items are compared: the time grows with the square of their number.
    """
    explained = _explain(selection, _rank_items(selection, random_seed))
    return explained.append_column("reason", pack_texts(name_reasons(selection)))


def tabulate_ranking(ranking: Picks, *, is_explained: bool = False) -> pa.Table:
    """Make the table of `tabulate_selection` in the order of rank, with a column ``rank``.

    On request with the other columns of `explain_selection` but ``reason``, whose time grows
    with the square of the number of ranked items.
    """
    ranks = np.arange(len(ranking))
    if is_explained:
        return _explain(ranking, ranks)
    return tabulate_selection(ranking).append_column("rank", pack_values(ranks, pa.int64()))


def _explain(selection: Picks, ranks: IntArray) -> pa.Table:
    """Extend a table by ranks and by what looks most like each item, see `explain_selection`."""
    table = selection.table
    nearest, distances = _find_nearest(selection)
    paths = [None if row < 0 else table.paths[row] for row in nearest.tolist()]
    levels = (distances / DISTANCE_SCALE).astype(np.float32)
    explained = (
        tabulate_selection(selection)
        .append_column("rank", pack_values(ranks, pa.int64()))
        .append_column("nearest_path", pack_texts(paths))
        .append_column("distance", pack_values(levels, pa.float32(), distances < FAR))
    )
    if table.has_regions:
        is_known = nearest >= 0
        indices = np.where(is_known, table.indices[nearest], 0)
        column = pack_values(indices, pa.int64(), is_known)
        explained = explained.append_column("nearest_index", column)
    return explained


def _rank_items(selection: Picks, random_seed: int | None) -> IntArray:
    """Rank the selected items as a collection of their own, shape (k,)."""
    selected = selection.table.take(selection.rows)
    collection = Collection(selected, selection.codes[selection.rows], lay_out(selected))
    ranked = draw_ranking(collection, None, random_seed, SamplingOptions()).rows
    ranks = np.empty(len(ranked), dtype=np.int64)
    ranks[ranked] = np.arange(len(ranked))
    return ranks


def _find_nearest(selection: Picks) -> tuple[IntArray, DistanceArray]:
    """Find the row of the item that each selected one looks most like, -1 where there is none.

    Their distances come with them.
    """
    table, rows = selection.table, selection.rows
    others = np.concatenate([rows, selection.earlier_rows])
    own = np.arange(len(rows))
    nearest, distances = find_nearest_rows(table.rows[rows], table.rows[others], table.spec, own)
    return np.where(nearest < 0, -1, others[nearest]) if len(others) else nearest, distances


def name_source_columns(columns: Iterable[str]) -> list[str]:
    """Name the columns of a table that named the images, apart from ours and from each other.

    ``index`` becomes ``source_index``, and ``source_index_2`` where there is one already, such as
    in a selection from a selection.
    """
    taken = {*COLUMNS, *EXPLAINED_COLUMNS}
    n_named: Counter[str] = Counter()
    names = []
    for column in columns:
        name, found = column, _SOURCE_COLUMN.fullmatch(column)
        stem = column if found is None else found[1]
        while name in taken:
            n_named[stem] += 1
            end = f"_{n_named[stem]}" if n_named[stem] > 1 else ""
            name = f"source_{stem}{end}"
        taken.add(name)
        names.append(name)
    return names
