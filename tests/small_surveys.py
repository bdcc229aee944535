"""A few small photos with a detector's document of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pictures import encode_jpeg, make_exif, make_old, make_pixels
from smartdownsample import Document, ImageIndex, Selection

WIDTH, HEIGHT = 160, 120
CATEGORIES = {"1": "animal", "2": "person"}


def write_jpeg(path: Path, seed: int, orientation: int | None = None) -> Path:
    """Write a photo, which EXIF says to turn if an orientation is given."""
    exif = b"" if orientation is None else make_exif({0x0112: orientation})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_jpeg(make_pixels(seed, WIDTH, HEIGHT), exif))
    return make_old(path, seed)


def detect(*box: float, conf: float = 0.9, **others: Any) -> dict[str, Any]:
    """Make a detection."""
    return {"category": "1", "conf": conf, "bbox": list(box), **others}


def write_results(
    file: Path, detections_of: Mapping[str, Sequence[Mapping[str, Any]]], **others: Any
) -> Path:
    """Write MegaDetector's results: detections by the name of the photo."""
    images = [{"file": name, "detections": found} for name, found in detections_of.items()]
    content = {
        "info": {"format_version": "1.4"},
        "detection_categories": CATEGORIES,
        **others,
        "images": images,
    }
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return file


def select_all(document: Document) -> Selection:
    """Select all items that can be used."""
    index = ImageIndex.build(document, cache=False, show_progress=False)
    return index.sample(len(index))
