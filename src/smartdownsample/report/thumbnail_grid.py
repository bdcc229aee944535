"""The thumbnail grids: the first images of each bucket, with the kept ones marked."""

import os
from itertools import accumulate, chain
from operator import sub
from typing import TYPE_CHECKING

import numpy as np

from ..items import to_key
from ..records import BucketCount, ByteArray, IntArray, Picks, Region
from ..sampling import name_buckets
from .distribution_chart import KEPT_COLOUR, TEXT_COLOUR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Pixels of a 4:3 photo with its frame and the gap to the next.
_CELL_WIDTH, _CELL_HEIGHT = 84, 64
_FRAME_PIXELS = 3
_GAP_PIXELS = 2
_PICTURE_PIXELS = tuple(
    side - 2 * (_FRAME_PIXELS + _GAP_PIXELS) for side in (_CELL_WIDTH, _CELL_HEIGHT)
)
# Images of a panel: rows at most, and columns.
_MOST_ROWS, _N_COLUMNS = 10, 10
_PANELS_PER_ROW = 4
_RESOLUTION = 100  # pixels per inch
_TITLE_INCHES = 0.5
_GAP_INCHES = 0.2
_HEAD_INCHES = 0.6
_PAPER_LEVEL = 255
# Excluded images are faded towards the paper, so that the kept ones stand out.
_EXCLUDED_OPACITY = 0.55
_FRAME_COLOUR = tuple(bytes.fromhex(KEPT_COLOUR[1:]))


def draw_thumbnails(figure: "Figure", selection: Picks) -> None:
    """Draw a panel for each bucket, the largest first, with its first images in natural order.

    Kept images have a coloured frame, excluded ones are faded. Images are read again, at a reduced
    size; those that cannot be read any more are left blank. A panel has 10 by 10 images at most.
    The figure is empty before; its size is set to fit the panels.
    """
    buckets = selection.buckets
    shown = [
        np.flatnonzero(selection.codes == bucket.code)[: _MOST_ROWS * _N_COLUMNS]
        for bucket in buckets
    ]
    names = name_buckets(selection.table.rows, selection.codes)
    pictures = _load_cells(selection, shown)
    mosaics = [_compose(rows, selection, pictures) for rows in shown]
    panel_width = _N_COLUMNS * _CELL_WIDTH / _RESOLUTION
    size, boxes = _lay_out(panel_width, [len(mosaic) / _RESOLUTION for mosaic in mosaics])
    width, height = size
    figure.set_dpi(_RESOLUTION)
    figure.set_size_inches(width, height)
    figure.text(
        _GAP_INCHES / width,
        1 - 0.3 / height,
        f"{len(selection):,} of {selection.table.count_items()} kept. "
        "Framed: kept. Faded: excluded.",
        fontsize=13,
        color=TEXT_COLOUR,
        va="center",
    )
    for bucket, rows, mosaic, box in zip(buckets, shown, mosaics, boxes, strict=True):
        axes = figure.add_axes(box)
        # One pixel of the mosaic is one pixel of the figure, unless that is shown smaller.
        axes.imshow(mosaic, interpolation="antialiased", aspect="auto")
        axes.set_axis_off()
        _add_title(axes, names[bucket.code], bucket, len(rows))


def _lay_out(
    panel_width: float, heights: list[float]
) -> tuple[tuple[float, float], list[tuple[float, float, float, float]]]:
    """Arrange panels of one width and of such heights, in inches, in rows below the heading.

    Returns the size of the figure in inches, and the left, bottom, width and height of each panel
    as shares of it.
    """
    row_heights = [
        max(heights[start : start + _PANELS_PER_ROW]) + _TITLE_INCHES + _GAP_INCHES
        for start in range(0, len(heights), _PANELS_PER_ROW)
    ]
    n_across = min(_PANELS_PER_ROW, max(len(heights), 1))
    width = n_across * (panel_width + _GAP_INCHES) + _GAP_INCHES
    height = sum(row_heights) + _HEAD_INCHES
    tops = [*accumulate(row_heights, sub, initial=height - _HEAD_INCHES)]
    boxes = []
    for i, panel_height in enumerate(heights):
        row, column = divmod(i, _PANELS_PER_ROW)
        left = _GAP_INCHES + column * (panel_width + _GAP_INCHES)
        bottom = tops[row] - _TITLE_INCHES - panel_height
        boxes.append((left / width, bottom / height, panel_width / width, panel_height / height))
    return (width, height), boxes


def _add_title(axes: "Axes", name: str, bucket: BucketCount, n_shown: int) -> None:
    shown = "" if n_shown == bucket.size else f", first {n_shown:,} shown"
    axes.set_title(
        f"{name}\nkept {bucket.n_kept:,} of {bucket.size:,}{shown}",
        loc="left",
        fontsize=9,
        color=TEXT_COLOUR,
    )


def _load_cells(selection: Picks, shown: list[IntArray]) -> dict[int, ByteArray]:
    """Read images at the size of their cells, by row; leave out what cannot be read."""
    from ..pictures import decode_all, list_regions

    table = selection.table
    rows_of: dict[bytes, list[int]] = {}
    for row in np.concatenate([np.zeros(0, dtype=np.int64), *shown]).tolist():
        rows_of.setdefault(to_key(table.paths[row]), []).append(row)
    paths = map(os.fsdecode, rows_of)
    regions = (list_regions(table, rows) for rows in rows_of.values())
    cells = chain.from_iterable(decode_all(_load_cells_of, paths, regions))
    rows = chain.from_iterable(rows_of.values())
    return {row: cell for row, cell in zip(rows, cells, strict=True) if cell is not None}


def _load_cells_of(path: str, regions: list[Region]) -> list[ByteArray | None]:
    from ..pictures import load_regions

    return load_regions(path, regions, *_PICTURE_PIXELS)


def _compose(rows: IntArray, selection: Picks, pictures: dict[int, ByteArray]) -> ByteArray:
    """Compose the thumbnails of one bucket into a picture, shape (h, w, 3)."""
    n_rows = -(-len(rows) // _N_COLUMNS)
    shape = (n_rows * _CELL_HEIGHT, _N_COLUMNS * _CELL_WIDTH, 3)
    mosaic = np.full(shape, _PAPER_LEVEL, dtype=np.uint8)
    for cell, row in enumerate(rows.tolist()):
        if row not in pictures:
            continue
        picture = pictures[row]
        height, width = picture.shape[:2]
        top = cell // _N_COLUMNS * _CELL_HEIGHT + (_CELL_HEIGHT - height) // 2
        left = cell % _N_COLUMNS * _CELL_WIDTH + (_CELL_WIDTH - width) // 2
        if selection.is_kept[row]:
            mosaic[
                top - _FRAME_PIXELS : top + height + _FRAME_PIXELS,
                left - _FRAME_PIXELS : left + width + _FRAME_PIXELS,
            ] = _FRAME_COLOUR
        else:
            faded = _EXCLUDED_OPACITY * picture + (1 - _EXCLUDED_OPACITY) * _PAPER_LEVEL
            picture = faded.astype(np.uint8)
        mosaic[top : top + height, left : left + width] = picture
    return mosaic
