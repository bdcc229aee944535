"""A document of detections written as another format: COCO, or MegaDetector's."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..errors import InvalidParameterError, OutputError
from ..formats import dump_json
from ..gathering import measure_photo, turn_boxes, turn_upright
from ..items import UNLABELLED, DocumentItems, list_document_items
from ..options import DocumentOptions, TargetFormat, WrittenFormat
from ..records import Cause, Float64Array, IntArray, ItemList, unpack
from ..writing import OutputKind, starts_with

_NAMES: dict[TargetFormat, str] = {"coco": "COCO", "megadetector": "MegaDetector"}
# What our documents begin with: only these are replaced.
_MADE_BY = "selected by smartdownsample"
_START = '{{\n "info": {{\n  "description": "{name}, ' + _MADE_BY
TARGET_KINDS = {
    target: OutputKind(
        f"a document of {name}",
        (".json",),
        starts_with(_START.format(name=name).encode()),
    )
    for target, name in _NAMES.items()
}
_MEGADETECTOR_VERSION = "1.4"
# Regions are rounded to this.
_STEP = 2.0**-16
# Decimals of coordinates: of pixels, and of shares.
_PIXEL_DECIMALS, _SHARE_DECIMALS = 2, 6


def choose_target(document: DocumentItems, to: WrittenFormat | None) -> TargetFormat | None:
    """Choose the format to convert a document to; None where its own is to be written.

    Raises `InvalidParameterError` for Camtrap DP from another format.
    """
    if to != "camtrap-dp":
        return to
    if document.annotations.is_folder:
        return None
    msg = (
        "Camtrap DP can be written from Camtrap DP alone, since it needs deployments and "
        f"coordinates that {document.annotations.format} does not have. Write 'coco' or "
        "'megadetector', or the document's own format."
    )
    raise InvalidParameterError(msg)


class _Photo(NamedTuple):
    """A selected photo: what the document says of it, and of its boxes, upright, in shares."""

    path: str
    location: str
    facts: dict[str, Any]
    boxes: list[dict[str, Any]]


def convert_document(
    document: DocumentItems, entries: IntArray, boxes: IntArray | None, target: TargetFormat
) -> bytes:
    """Spell some entries of a document, with their boxes or some of these, as another format.

    Paths stay as the document spells them, boxes count from the upright picture. COCO gets the
    label of each box for its category. MegaDetector gets the detector's category, and the label,
    where it is another, as the one classification, with the confidence of the detection; boxes
    that people drew have a confidence of 1. Raises `OutputError` when COCO needs the size of a
    photo that is gone.
    """
    photos = _list_photos(document, entries, boxes, target)
    info = {"description": f"{_NAMES[target]}, {_MADE_BY}"}
    data = dump_json(_SPELLERS[target](photos, info), indent=1, ensure_ascii=False) + "\n"
    return data.encode(errors="backslashreplace")


def _list_photos(
    document: DocumentItems, entries: IntArray, boxes: IntArray | None, target: TargetFormat
) -> list[_Photo]:
    """List photos with all boxes that can be used, or with some of them."""
    options = DocumentOptions(
        root=document.options.root,
        items="crops",
        min_confidence=0.0,
        box_orientation=document.options.box_orientation,
    )
    items = list_document_items(document.annotations, options, measure_photo).items
    assert items.details is not None  # for mypy: documents tell details
    chosen = np.isin(unpack(items.details["entry"]), entries)
    if boxes is not None:
        chosen &= np.isin(unpack(items.details["box"]), boxes)
    items = items.take(np.flatnonzero(chosen))
    turned = _turn_items(items, target)
    assert turned.details is not None  # as above
    of_entry: dict[int, list[dict[str, Any]]] = {entry: [] for entry in entries.tolist()}
    regions = _choose_regions(document, items, turned)
    for fact, region in zip(turned.details.to_pylist(), regions.tolist(), strict=True):
        names = {name: fact[name] or UNLABELLED for name in ("category", "label")}
        of_entry[fact["entry"]].append({**fact, **names, "region": region})
    rows = document.annotations.entries.take(entries).to_pylist()
    return [
        _Photo(row["path"], document.paths[entry], row, of_entry[entry])
        for entry, row in zip(entries.tolist(), rows, strict=True)
    ]


def _turn_items(items: ItemList, target: TargetFormat) -> ItemList:
    """Let boxes count from the picture that the format says."""
    items = turn_upright(items)
    if target == "megadetector":
        # Mirrored pictures are left as they are stored: to turn them twice is to leave them.
        files = np.arange(len(items.keys))
        items = turn_boxes(replace(items, orientation="megadetector"), files)
    return items


def _choose_regions(document: DocumentItems, items: ItemList, turned: ItemList) -> Float64Array:
    """Choose the regions to write, shape (n, 4): as spelt where they are neither turned nor cut."""
    assert items.details is not None  # as above
    own = document.annotations.boxes.take(items.details["box"])
    names = ("x", "y", "width", "height")
    spelt = np.stack([unpack(own[name]) for name in names], axis=1).reshape(-1, 4)
    regions = turned.regions.astype(np.float64)
    is_same = (turned.regions == items.regions) & (np.abs(spelt - regions) <= _STEP)
    return np.where(is_same.all(axis=1, keepdims=True), spelt, regions)


def _spell_coco(photos: list[_Photo], info: dict[str, Any]) -> dict[str, Any]:
    """Make a COCO document, with the fields that COCO Camera Traps adds."""
    category_of: dict[str, int] = {}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, photo in enumerate(photos, start=1):
        width, height = _measure(photo)
        image = {"id": number, "file_name": photo.path, "width": width, "height": height}
        names = {"location": "location", "sequence": "seq_id"}
        image |= {new: photo.facts[old] for old, new in names.items() if photo.facts[old]}
        if photo.facts["captured"] is not None:
            image["datetime"] = photo.facts["captured"].isoformat(" ", "seconds")
        images.append(image)
        for box in photo.boxes:
            x, y, w, h = box["region"]
            pixels = [x * width, y * height, w * width, h * height]
            bbox = [round(pixel, _PIXEL_DECIMALS) for pixel in pixels]
            annotation = {
                "id": len(annotations) + 1,
                "image_id": number,
                "category_id": category_of.setdefault(box["label"], len(category_of) + 1),
                "bbox": bbox,
                "area": round(pixels[2] * pixels[3], _PIXEL_DECIMALS),
                "iscrowd": 0,
            }
            if box["confidence"] is not None:
                annotation["score"] = box["confidence"]
            annotations.append(annotation)
    categories = [{"id": number, "name": name} for name, number in category_of.items()]
    return {"info": info, "images": images, "annotations": annotations, "categories": categories}


def _measure(photo: _Photo) -> tuple[int, int]:
    """Tell the size of a photo, which COCO needs."""
    size = measure_photo(photo.location)
    if isinstance(size, Cause):
        msg = (
            f"COCO needs the size of each photo, and {photo.location!r} has none any more "
            f"({size.value}). Put it back, or run the command again."
        )
        raise OutputError(msg)
    return size


def _spell_megadetector(photos: list[_Photo], info: dict[str, Any]) -> dict[str, Any]:
    """Make a document of MegaDetector's batch format.

    https://github.com/agentmorris/MegaDetector/tree/main/megadetector/api/batch_processing#batch-processing-api-output-format
    """
    category_of: dict[str, str] = {}
    label_of: dict[str, str] = {}
    images = []
    for photo in photos:
        detections = []
        for box in photo.boxes:
            conf = 1.0 if box["confidence"] is None else box["confidence"]
            detection = {
                "category": category_of.setdefault(box["category"], str(len(category_of) + 1)),
                "conf": conf,
                "bbox": [round(share, _SHARE_DECIMALS) for share in box["region"]],
            }
            if box["label"] != box["category"]:
                label = label_of.setdefault(box["label"], str(len(label_of)))
                detection["classifications"] = [[label, conf]]
            detections.append(detection)
        image: dict[str, Any] = {"file": photo.path, "detections": detections}
        if photo.facts["captured"] is not None:
            image["datetime"] = photo.facts["captured"].strftime("%Y:%m:%d %H:%M:%S")
        images.append(image)
    made = {"info": {**info, "format_version": _MEGADETECTOR_VERSION, "detector": "unknown"}}
    made["detection_categories"] = {number: name for name, number in category_of.items()}
    if label_of:
        made["classification_categories"] = {number: name for name, number in label_of.items()}
    return {**made, "images": images}


_SPELLERS: dict[TargetFormat, Callable[[list[_Photo], dict[str, Any]], dict[str, Any]]] = {
    "coco": _spell_coco,
    "megadetector": _spell_megadetector,
}
