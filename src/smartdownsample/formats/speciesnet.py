"""Predictions of SpeciesNet, both generations, and the lists of photos that it takes.

References
----------
https://github.com/google/cameratrapai#output-format-from-run_model
"""

from array import array
from typing import ClassVar

import msgspec
import numpy as np

from .annotation_tables import NO_BOX, BoxColumns, TextColumn, make_entries, name_causes
from .annotations import FaultLog
from .lenient import read_entries
from .nested_detections import NestedAnnotations, take_object, take_text, warn_of_version
from .raw_json import RawDocument

_NAME = "SpeciesNet"
_NEWEST = "20261015"
_LISTS = ("predictions", "instances")
_ANIMAL, _WHOLE_PHOTO = "1", "0"
_CATEGORIES = {_ANIMAL: "animal", "2": "human", "3": "vehicle"}
_NAMES = list(_CATEGORIES.values())
_NUMBER_OF: dict[str | int, int] = {
    key: i for i, number in enumerate(_CATEGORIES) for key in (number, int(number))
}
# uuid;class;order;family;genus;species;common name
_N_PARTS = 7
_NO_RESULT = "no cv result"


class _Classes(msgspec.Struct, gc=False):
    """What the classifier says, best first."""

    classes: list[str] = []


class _Final(msgspec.Struct, gc=False, rename={"label": "class"}):
    """What is made of it."""

    label: str | None = None


class _Detection(msgspec.Struct, gc=False):
    """A box; what is missing or wrong has the values here."""

    # One that is there and is none does not make a box a person's.
    IF_WRONG: ClassVar[dict[str, object]] = {"conf": 0.0}

    category: str | int = ""
    conf: float | None = None
    bbox: tuple[float, float, float, float] = NO_BOX
    raw_classifications: _Classes | None = None
    processed_classification: _Final | None = None
    human_verified: bool | None = None
    is_verified: bool | None = None


class _Entry(msgspec.Struct, gc=False):
    """A photo."""

    filepath: str
    failures: list[str] | None = None
    detections: list[_Detection] | None = None
    classifications: _Classes | None = None
    prediction: str | None = None
    human_verified: bool | None = None
    is_verified: bool | None = None


class SpeciesNet(NestedAnnotations):
    """Predictions of SpeciesNet."""

    path_key = "filepath"


def is_speciesnet(document: RawDocument) -> bool:
    """Tell predictions by their parts."""
    if document.is_array:
        return False
    keys = [document.list_keys(name) for name in _LISTS if name in document.values]
    return any("filepath" in each for each in keys) or (
        "predictions" in document.values and not keys[0]
    )


def read_speciesnet(document: RawDocument) -> SpeciesNet:
    """Read predictions."""
    name = next(name for name in _LISTS if name in document.values)
    spans = document.split(name)
    version = take_text(take_object(document.get("info")).get("format_version"))
    # A date without separators, so that later ones are larger.
    if version.isdecimal() and len(version) == len(_NEWEST) and version > _NEWEST:
        warn_of_version(document.file, _NAME, version, _NEWEST)
    log, photos = FaultLog(), _Photos()
    for i, entry in enumerate(read_entries(document, name, spans, _Entry, log)):
        if entry is not None:
            photos.add(i, entry)
    paths = photos.paths.pack()
    causes = name_causes(paths, {"DETECTOR_FAILED": photos.failed})
    sizes = array("d", bytes(16 * len(photos.paths)))
    return SpeciesNet(
        file=document.file,
        format=_NAME,
        version=version,
        entries=make_entries(paths, causes, sizes, label=photos.labels),
        boxes=photos.boxes.make_table(list(_CATEGORIES), _NAMES, list(photos.number_of)),
        categories=_CATEGORIES,
        faults=log.first,
        n_faults=log.n,
        orientation="upright",
        typical_confidence=None,
        document=document,
        list_key=name,
        spans=spans,
        rows=np.frombuffer(photos.rows, np.int64),
    )


class _Photos:
    """The columns of photos and boxes, gathered entry by entry."""

    def __init__(self) -> None:
        self.rows, self.boxes = array("q"), BoxColumns()
        self.paths, self.labels = TextColumn(), TextColumn()
        self.failed: list[int] = []
        self.number_of: dict[str, int] = {}
        self._known: dict[str | None, str | None] = {None: None}

    def add(self, number: int, entry: _Entry) -> None:
        """Add an entry, the one of this number in the document."""
        self.rows.append(number)
        self.paths.append(entry.filepath)
        if entry.failures and "DETECTOR" in entry.failures:
            self.failed.append(len(self.paths) - 1)
        label = self._name(entry.prediction or _take_best(entry.classifications))
        for found in entry.detections or ():
            if str(found.category) == _WHOLE_PHOTO:
                label = self._name_box(found) or label
        self.labels.append(label)
        self._add_boxes(entry, label)

    def _add_boxes(self, entry: _Entry, photo_label: str | None) -> None:
        """Add the boxes of a photo; an animal without a label has that of the photo."""
        is_verified = bool(entry.human_verified or entry.is_verified)
        for place, found in enumerate(entry.detections or ()):
            category = _NUMBER_OF.get(found.category, -1)
            if category < 0:
                continue
            label = self._name_box(found)
            if label is None and str(found.category) == _ANIMAL:
                label = photo_label
            number = -1
            if label is not None:
                number = self.number_of.setdefault(label, len(self.number_of))
            is_sure = is_verified or found.human_verified or found.is_verified or False
            row = len(self.paths) - 1
            self.boxes.add(row, place, found.bbox, found.conf, category, number, is_sure)

    def _name_box(self, found: _Detection) -> str | None:
        """Name what a box shows, by its last classification."""
        final = found.processed_classification or _Final()
        return self._name(final.label or _take_best(found.raw_classifications))

    def _name(self, label: str | None) -> str | None:
        """Name a label; there are few of them."""
        if label not in self._known:
            self._known[label] = name_taxon(label or "")
        return self._known[label]


def _take_best(found: _Classes | None) -> str | None:
    """Take the first class."""
    return found.classes[0] if found is not None and found.classes else None


def name_taxon(label: str) -> str | None:
    """Name a label by genus and species, else by the lowest rank it has, else the common name.

    Examples
    --------
    >>> name_taxon("5f1b;mammalia;proboscidea;elephantidae;loxodonta;africana;african elephant")
    'loxodonta africana'
    >>> name_taxon("ba2c;mammalia;carnivora;felidae;;;cat family")
    'felidae'
    >>> name_taxon("f185;;;;;;blank")
    'blank'
    """
    parts = label.split(";")
    if len(parts) != _N_PARTS:
        return label or None
    *ranks, species, common = parts[1:]
    if _NO_RESULT in (species, common):
        return None
    if species and ranks[-1]:
        return f"{ranks[-1]} {species}"
    return next(filter(None, [species, *reversed(ranks), common]), None)
