"""The thumbnail grids: the first images of each bucket, with the kept ones marked."""

from typing import TYPE_CHECKING

import numpy as np

from ..collection import BucketCount, Picks
from ..items import to_key
from ..records import ByteArray, IntArray
from ..sampling import name_bucket
from .chart import KEPT_COLOUR, TEXT_COLOUR
from .pictures import load_all, load_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of a 4:3 photo with its frame and the gap to the next.
_CELL_WIDTH, _CELL_HEIGHT = 84, 64
_FRAME_PIXELS = 3
_GAP_PIXELS = 2
_PICTURE_PIXELS = tuple(
    side - 2 * (_FRAME_PIXELS + _GAP_PIXELS) for side in (_CELL_WIDTH, _CELL_HEIGHT)
)
_PANELS_PER_ROW = 4
_RESOLUTION = 100  # pixels per inch
_TITLE_INCHES = 0.5
_GAP_INCHES = 0.2
_HEAD_INCHES = 0.6
_PAPER_LEVEL = 255
# Excluded images are faded towards the paper, so that the kept ones stand out.
_EXCLUDED_OPACITY = 0.55
_FRAME_COLOUR = tuple(bytes.fromhex(KEPT_COLOUR[1:]))


def draw_thumbnails(
    figure: "Figure", selection: Picks, *, n_rows: int = 10, n_columns: int = 10
) -> None:
    """Draw a panel for each bucket, the largest first, with its first images in natural order.

    Kept images have a coloured frame, excluded ones are faded. The images are read again, at
    a reduced size; what cannot be read any more is left blank.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        An empty figure; its size is set to fit the panels.
    selection : Picks
        What to draw.
    n_rows, n_columns : int
        Size of a panel in thumbnails.
    """
    buckets = selection.buckets
    shown = [
        np.flatnonzero(selection.codes == bucket.code)[: n_rows * n_columns] for bucket in buckets
    ]
    pictures = _load_thumbnails(selection, shown)
    mosaics = [_compose(rows, selection, pictures, n_columns) for rows in shown]
    layout = [
        list(range(start, min(start + _PANELS_PER_ROW, len(buckets))))
        for start in range(0, len(buckets), _PANELS_PER_ROW)
    ]
    panel = n_columns * _CELL_WIDTH / _RESOLUTION
    heights = [
        max(len(mosaics[i]) for i in row) / _RESOLUTION + _TITLE_INCHES + _GAP_INCHES
        for row in layout
    ]
    n_across = min(_PANELS_PER_ROW, max(len(buckets), 1))
    width = n_across * (panel + _GAP_INCHES) + _GAP_INCHES
    height = sum(heights) + _HEAD_INCHES
    figure.set_dpi(_RESOLUTION)
    figure.set_size_inches(width, height)
    figure.text(
        _GAP_INCHES / width,
        1 - 0.3 / height,
        f"{len(selection):,} of {len(selection.table):,} images kept. "
        "Framed: kept. Faded: excluded.",
        fontsize=13,
        color=TEXT_COLOUR,
        va="center",
    )
    top = height - _HEAD_INCHES
    for row, row_height in zip(layout, heights, strict=True):
        for column, i in enumerate(row):
            left = _GAP_INCHES + column * (panel + _GAP_INCHES)
            high = len(mosaics[i]) / _RESOLUTION
            bottom = top - _TITLE_INCHES - high
            axes = figure.add_axes((left / width, bottom / height, panel / width, high / height))
            # One pixel of the mosaic is one pixel of the figure.
            axes.imshow(mosaics[i], interpolation="nearest", aspect="auto")
            axes.set_axis_off()
            _add_title(axes, buckets[i], len(shown[i]))
        top -= row_height


def _add_title(axes: "Axes", bucket: BucketCount, n_shown: int) -> None:
    shown = "" if n_shown == bucket.size else f", first {n_shown:,} shown"
    axes.set_title(
        f"{name_bucket(bucket.code)}\nkept {bucket.n_kept:,} of {bucket.size:,}{shown}",
        loc="left",
        fontsize=9,
        color=TEXT_COLOUR,
    )


def _load_thumbnails(selection: Picks, shown: list[IntArray]) -> dict[int, ByteArray]:
    """Decode the images of some rows, in parallel; leave out what cannot be read."""
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *shown]).tolist()
    paths = selection.table.paths
    cells = load_all(_load_cell, [to_key(paths[row]) for row in rows])
    return {row: cell for row, cell in zip(rows, cells, strict=True) if cell is not None}


def _load_cell(path: str) -> ByteArray | None:
    """Read an image so that it fits into its cell; None if it cannot be read."""
    return load_picture(path, *_PICTURE_PIXELS)


def _compose(
    rows: IntArray, selection: Picks, pictures: dict[int, ByteArray], n_columns: int
) -> ByteArray:
    """Compose the thumbnails of one bucket into a picture, shape (h, w, 3)."""
    n_rows = -(-len(rows) // n_columns)
    shape = (n_rows * _CELL_HEIGHT, n_columns * _CELL_WIDTH, 3)
    mosaic = np.full(shape, _PAPER_LEVEL, dtype=np.uint8)
    for place, row in enumerate(rows.tolist()):
        if row not in pictures:
            continue
        picture = pictures[row]
        height, width = picture.shape[:2]
        top = place // n_columns * _CELL_HEIGHT + (_CELL_HEIGHT - height) // 2
        left = place % n_columns * _CELL_WIDTH + (_CELL_WIDTH - width) // 2
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
