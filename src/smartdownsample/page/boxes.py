"""What the report page knows of crops beyond what it knows of any image."""

from typing import Any

import numpy as np
import pyarrow as pa

from ..arrow import pack_values
from ..records import FeatureTable, IntArray

# Digits of shares behind the point: a hundredth of a percent is below a pixel of most photos.
_N_DIGITS = 4
_DETAILS = ("category", "label", "confidence")


def list_boxes(table: FeatureTable) -> dict[str, Any]:
    """List the page's columns of crops, and of what a document says; none for whole photos."""
    packed: dict[str, Any] = {}
    if table.has_regions:
        packed["photo"] = table.photos.tolist()
        packed["box"] = table.regions.astype(np.float64).round(_N_DIGITS).tolist()
    if table.details is not None:
        for name in _DETAILS:
            packed[name] = table.details[name].to_pylist()
    return packed


def name_items(table: FeatureTable, rows: IntArray, paths: list[str]) -> list[str]:
    """Name items by the path that is shown, and by what a document says is in them."""
    names = [paths[row] for row in rows.tolist()]
    if table.details is None:
        return names
    taken = table.details.select(_DETAILS).take(pack_values(rows, pa.int64()))
    told = zip(*(column.to_pylist() for column in taken.columns), strict=True)
    return [", ".join([name, *_describe(*each)]) for name, each in zip(names, told, strict=True)]


def _describe(category: str | None, label: str | None, confidence: float | None) -> list[str]:
    """Say what is in a crop, and how sure that is."""
    words = [label or category or "", "" if confidence is None else f"{confidence:.2f}"]
    text = " ".join(filter(None, words))
    return [text] if text else []
