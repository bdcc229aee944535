"""What the report page knows of crops beyond what it knows of any image."""

from typing import Any

import numpy as np

from ..records import FeatureTable

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
