"""MegaDetector's results, as its batch processing, Timelapse, AddaxAI and others write them.

References
----------
https://lila.science/megadetector-output-format
"""

import re
from array import array
from typing import Any, ClassVar

import msgspec
import numpy as np

from ..options import BoxOrientation
from .annotation_tables import (
    NO_BOX,
    BoxColumns,
    TextColumn,
    make_entries,
    name_causes,
    read_local_times,
)
from .annotations import FaultLog
from .lenient import read_entries
from .nested_detections import NestedAnnotations, take_object, take_text, warn_of_version
from .raw_json import RawDocument

_NAME = "MegaDetector"
_NEWEST = (1, 6)
# animl writes this one; it is 1.3.
_OF_ANIML = "3.0"
# The detector's own, where a document has none: lists of entries alone, of 2019.
_CATEGORIES = {"1": "animal", "2": "person", "3": "vehicle"}
# Those of PyTorch-Wildlife, which writes null unless it is told them.
_CATEGORIES_FROM_0 = {"0": "animal", "1": "person", "2": "vehicle"}
# What only results have, beside the name of a file.
_RESULTS = {"detections", "max_detection_conf", "failure"}
# What COCO has beside images.
_OF_COCO = {"annotations", "categories"}
_EMPTY = "empty"
# Of so few digits, since Python reads no integers of thousands.
_VERSION = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?")
_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}")


class _Detection(msgspec.Struct, gc=False):
    """A box; what is missing or wrong has the values here."""

    # One that is there and is none does not make a box a person's.
    IF_WRONG: ClassVar[dict[str, object]] = {"conf": 0.0}

    category: str | int = ""
    conf: float | None = None
    bbox: tuple[float, float, float, float] = NO_BOX
    classifications: list[tuple[str | int, float]] | None = None
    human_verified: bool | None = None
    is_verified: bool | None = None


class _Entry(msgspec.Struct, gc=False):
    """A photo, or a video."""

    file: str
    detections: list[_Detection] | None = None
    failure: Any = None
    datetime: str | None = None
    width: float | None = None
    height: float | None = None
    frame_rate: Any = None
    frames_processed: Any = None
    human_verified: bool | None = None
    is_verified: bool | None = None


class MegaDetector(NestedAnnotations):
    """Results in MegaDetector's format, or a bare list of their entries."""

    path_key = "file"


def is_megadetector(document: RawDocument) -> bool:
    """Tell MegaDetector's results by their parts."""
    if document.is_array:
        keys = document.list_keys("")
        return "file" in keys and not _RESULTS.isdisjoint(keys)
    if "detection_categories" in document.values:
        return True
    if "images" not in document.values or not _OF_COCO.isdisjoint(document.values):
        return False
    keys = document.list_keys("images")
    # Without photos it might be of any format, and all agree on what it says.
    return "file" in keys or (not keys and document.get("images") == [])


def read_megadetector(document: RawDocument) -> MegaDetector:
    """Read results."""
    name = "" if document.is_array else "images"
    spans = document.split(name)
    info = take_object(document.get("info"))
    version = take_text(info.get("format_version"))
    found = _VERSION.fullmatch(version)
    numbers = tuple(map(int, found.groups("0"))) if found is not None else ()
    if numbers > _NEWEST and version != _OF_ANIML:
        warn_of_version(document.file, _NAME, version, "1.6")
    categories = _choose_categories(document, version)
    log = FaultLog()
    photos = _Photos(categories, _name_categories(document, "classification_categories"))
    for i, entry in enumerate(read_entries(document, name, spans, _Entry, log)):
        if entry is not None:
            photos.add(i, entry)
    paths = photos.paths.pack()
    captured = read_local_times(
        photos.times, log, lambda row: f"{name}[{photos.rows[row]}].datetime"
    )
    causes = name_causes(paths, {"VIDEO": photos.videos, "DETECTOR_FAILED": photos.failed})
    return MegaDetector(
        file=document.file,
        format=_NAME,
        version=version,
        entries=make_entries(paths, causes, photos.sizes, captured),
        boxes=photos.boxes.make_table(list(categories), photos.category_names, photos.label_names),
        categories=categories,
        faults=log.first,
        n_faults=log.n,
        orientation=_find_orientation(document, name, version, categories),
        typical_confidence=_find_confidence(info),
        document=document,
        list_key=name,
        spans=spans,
        rows=np.frombuffer(photos.rows, np.int64),
    )


def _name_categories(document: RawDocument, name: str) -> dict[str, str]:
    """Read the names of categories by their number."""
    listed = take_object(document.get(name))
    return {number: text for number, text in listed.items() if isinstance(text, str)}


def _choose_categories(document: RawDocument, version: str) -> dict[str, str]:
    """Read the names of the detector's categories, or choose those of the tool that wrote none."""
    named = _name_categories(document, "detection_categories")
    is_null = "detection_categories" in document.values and not named
    return named or (_CATEGORIES_FROM_0 if is_null and not version else _CATEGORIES)


class _Photos:
    """The columns of photos and boxes, gathered entry by entry."""

    def __init__(self, categories: dict[str, str], labels: dict[str, str]) -> None:
        self.category_names, self.category_of = _number(categories)
        self.label_names, self.label_of = _number(labels)
        self.rows, self.sizes, self.boxes = array("q"), array("d"), BoxColumns()
        self.paths, self.times = TextColumn(), TextColumn()
        self.failed: list[int] = []
        self.videos: list[int] = []

    def add(self, number: int, entry: _Entry) -> None:
        """Add an entry, the one of this number in the document."""
        row = len(self.rows)
        self.rows.append(number)
        self.paths.append(entry.file)
        self.times.append(entry.datetime or None)
        self.sizes.append(entry.width or 0)
        self.sizes.append(entry.height or 0)
        detections = entry.detections
        if entry.frame_rate is not None or entry.frames_processed is not None:
            self.videos.append(row)
        if detections is None or entry.failure is not None:
            self.failed.append(row)
        if detections:
            is_verified = bool(entry.human_verified or entry.is_verified)
            self._add_boxes(row, detections, is_verified=is_verified)

    def _add_boxes(self, row: int, detections: list[_Detection], *, is_verified: bool) -> None:
        """Add the detections of a photo, but those of no category."""
        find, find_label, add = self.category_of.get, self.label_of.get, self.boxes.add
        for place, found in enumerate(detections):
            category = find(found.category, -1)
            if category >= 0:
                best = found.classifications
                label = find_label(best[0][0], -1) if best else -1
                is_sure = is_verified or found.human_verified or found.is_verified or False
                add(row, place, found.bbox, found.conf, category, label, is_sure)


def _number(names: dict[str, str]) -> tuple[list[str], dict[str | int, int]]:
    """List the names of categories, and number them by key, also where it is no text.

    The category "empty" is none: whoever writes it says that there is nothing.
    """
    number_of: dict[str | int, int] = {}
    for number, (key, name) in enumerate(names.items()):
        if name.casefold() != _EMPTY:
            number_of[key] = number
            if _INTEGER.fullmatch(key):
                number_of[int(key)] = number
    return list(names.values()), number_of


def _find_orientation(
    document: RawDocument, name: str, version: str, categories: dict[str, str]
) -> BoxOrientation:
    """Find the picture that boxes count from: PyTorch-Wildlife's is the stored one."""
    is_other = not version and "0" in categories
    if is_other and "max_detection_conf" in document.list_keys(name):
        return "stored"
    return "megadetector"


def _find_confidence(info: dict[str, Any]) -> float | None:
    """Find what the detector's makers take as a threshold."""
    value = take_object(info.get("detector_metadata")).get("typical_detection_threshold")
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    return None
