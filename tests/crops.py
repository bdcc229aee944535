"""Crops as items, for tests of what takes items."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from pictures import make_old, make_pixels
from smartdownsample import ImageIndex
from smartdownsample.items import to_keys
from smartdownsample.options import ReadingOptions
from smartdownsample.records import ItemList, round_regions

WIDTH, HEIGHT = 320, 240
# x, y, width and height in shares, in natural order: exact, and two alike but for one number.
BOXES = ((0.0, 0.25, 0.5, 0.5), (0.25, 0.125, 0.5, 0.75), (0.25, 0.125, 0.5, 0.8125))
DETAILS = pa.schema(
    [
        *((name, pa.string()) for name in ("category", "label", "location")),
        *((name, pa.string()) for name in ("deployment", "sequence")),
        ("confidence", pa.float64()),
        ("captured", pa.timestamp("ms")),
    ]
)


def write_photos(folder: Path, n: int) -> list[str]:
    """Write photos in two folders, in natural order."""
    paths = []
    for i in range(n):
        path = folder / f"cam_{2 * i // n}" / f"IMG_{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make_pixels(i, WIDTH, HEIGHT)).save(path)
        make_old(path)
        paths.append(str(path))
    return paths


def list_crops(
    paths: Sequence[str],
    boxes: Sequence[Sequence[float]] = BOXES,
    details: pa.Table | None = None,
    **others: object,
) -> ItemList:
    """List the same boxes in each photo, photo by photo."""
    n = len(paths) * len(boxes)
    return ItemList(
        paths=list(paths),
        keys=to_keys(list(paths)),
        file_of=np.repeat(np.arange(len(paths)), len(boxes)),
        frames=np.zeros(n, np.int32),
        regions=round_regions(np.tile(np.array(boxes), (len(paths), 1))),
        positions=np.arange(n),
        n_given=n,
        details=details,
        **others,  # type: ignore[arg-type] # fields of the record
    )


def make_details(n: int, **columns: Sequence[object]) -> pa.Table:
    """Make what a document says of n items; null where nothing is given."""
    arrays = [
        pa.array(columns[name], kind) if name in columns else pa.nulls(n, kind)
        for name, kind in zip(DETAILS.names, DETAILS.types, strict=True)
    ]
    return pa.table(arrays, schema=DETAILS)


def index_crops(items: ItemList) -> ImageIndex:
    """Gather the features of crops."""
    return ImageIndex.gather_items(items, ReadingOptions(cache=False, decode="exact"))
