"""COCO and COCO Camera Traps: photos, annotations and categories in lists of their own.

References
----------
https://cocodataset.org/#format-data
https://github.com/agentmorris/MegaDetector/blob/main/megadetector/data_management/README.md
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np
import pyarrow as pa

from ..records import BoolArray, IntArray
from .annotation_tables import (
    NO_BOX,
    BoxColumns,
    TextColumn,
    count_pixels,
    make_entries,
    name_causes,
    read_local_times,
)
from .annotations import Annotations, FaultLog
from .lenient import read_entries
from .raw_json import RawDocument, Spans, show

_NAME = "COCO"
# The category of photos without animals, and what their label is called.
_EMPTY, _BLANK = "empty", "blank"
_Id = str | int
_NONE = Spans(array("q"), array("q"))


class _Category(msgspec.Struct, gc=False):
    """A category."""

    id: _Id
    name: str


class _Image(msgspec.Struct, gc=False):
    """A photo."""

    id: _Id
    file_name: str
    width: float | None = None
    height: float | None = None
    location: str | int | float | None = None
    seq_id: str | int | float | None = None
    datetime: str | None = None
    date_captured: str | Literal[0] | None = None  # CVAT and others write 0 for none
    corrupt: bool | None = None
    is_verified: bool | None = None


class _Annotation(msgspec.Struct, gc=False):
    """A box, or a label of the photo."""

    # A box that is there and is none is no label, and a confidence that is none is not a person's.
    IF_WRONG: ClassVar[dict[str, object]] = {
        **{name: [*NO_BOX] for name in ("bbox", "bbox_relative")},
        **dict.fromkeys(("score", "confidence", "conf"), 0.0),
    }

    image_id: _Id | None = None
    category_id: _Id | None = None
    bbox: list[float] | None = None
    bbox_relative: list[float] | None = None
    score: float | None = None
    confidence: float | None = None
    conf: float | None = None
    iscrowd: int | bool | None = None
    human_verified: bool | None = None
    is_verified: bool | None = None


@dataclass(frozen=True, eq=False)
class Coco(Annotations):
    """A document in the format of COCO or COCO Camera Traps.

    Attributes
    ----------
    document : RawDocument
        The document.
    images, annotations : Spans
        Where their entries lie in it.
    image_of_row : ndarray of int64
        The image that each row of ``entries`` is about.
    row_of_annotation : ndarray of int64
        The row of ``entries`` that each annotation is about; -1 for none.
    has_box : ndarray of bool
        Whether each annotation is a box.
    annotation_of_box : ndarray of int64
        The annotation that each row of ``boxes`` is.
    """

    document: RawDocument
    images: Spans
    annotations: Spans
    image_of_row: IntArray
    row_of_annotation: IntArray
    has_box: BoolArray
    annotation_of_box: IntArray

    def spell_parts(self) -> Iterator[bytes]:
        """Yield each image and each annotation, see `Annotations.spell_parts`."""
        content = self.document.content
        yield from self.document.spell_others({"images", "annotations"})
        for name, spans in ((b"images", self.images), (b"annotations", self.annotations)):
            for start, stop in zip(*spans, strict=True):
                yield name + b"\0" + content[start:stop]

    def name_box(self, row: int) -> str:
        """Name the annotation that is a box, see `Annotations.name_box`."""
        return f"annotations[{self.annotation_of_box[row]}]"

    def reduce(self, entries: IntArray, boxes: IntArray | None = None) -> dict[str, bytes]:
        """Make the same document with some of its photos alone, see `Annotations.reduce`.

        What stays is kept byte by byte; annotations follow their photos. With ``boxes``, other
        boxes are left out, and labels of photos stay.
        """
        if boxes is None and len(entries) == len(self.entries):
            return {"": self.document.content}
        stays = np.zeros(len(self.entries) + 1, dtype=np.bool_)  # the last is for those of none
        stays[entries] = True
        is_kept = stays[self.row_of_annotation]
        if boxes is not None:
            is_selected = np.zeros(len(is_kept), dtype=np.bool_)
            is_selected[self.annotation_of_box[boxes]] = True
            is_kept &= is_selected | ~self.has_box
        edits = [
            *self.images.cut_all_but(self.image_of_row[entries].tolist()),
            *self.annotations.cut_all_but(np.flatnonzero(is_kept).tolist()),
        ]
        return {"": self.document.edit(edits)}


def is_coco(document: RawDocument) -> bool:
    """Tell COCO by its parts."""
    if "images" not in document.values:
        # Without images it is refused, unless others write such annotations.
        return "image_id" in document.list_keys("annotations")
    has_lists = not {"annotations", "categories"}.isdisjoint(document.values)
    return has_lists or "file_name" in document.list_keys("images")


def read_coco(document: RawDocument) -> Coco:
    """Read photos, annotations and categories."""
    log = FaultLog()
    images = document.split("images")
    photos = _Photos(document)
    for i, image in enumerate(read_entries(document, "images", images, _Image, log)):
        if image is not None:
            photos.add(i, image)
    annotations = document.split("annotations") if "annotations" in document.values else _NONE
    notes = _Notes(_read_categories(document, log), photos.row_of, log)
    for i, note in enumerate(read_entries(document, "annotations", annotations, _Annotation, log)):
        notes.add(i, note or _Annotation())
    paths = photos.paths.pack()
    labels = TextColumn()
    for row in range(len(paths)):
        labels.append(notes.label_of.get(row))
    entries = make_entries(
        paths,
        name_causes(paths, {"CORRUPT": photos.corrupt}),
        photos.sizes,
        read_local_times(photos.times, log, photos.name_time),
        label=labels,
        location=photos.locations,
        sequence=photos.sequences,
    )
    return Coco(
        file=document.file,
        format=_NAME,
        version="",  # of the data set, not of the format
        entries=entries,
        boxes=notes.make_table(photos.sizes),
        categories={str(key): name for key, name in notes.names.items()},
        faults=log.first,
        n_faults=log.n,
        orientation="upright",
        typical_confidence=None,
        document=document,
        images=images,
        annotations=annotations,
        image_of_row=np.frombuffer(photos.images, np.int64),
        row_of_annotation=np.frombuffer(notes.rows, np.int64),
        has_box=np.frombuffer(notes.has_box, np.bool_),
        annotation_of_box=np.frombuffer(notes.numbers, np.int64),
    )


def _read_categories(document: RawDocument, log: FaultLog) -> dict[_Id, str]:
    """Read the names of categories by their numbers, which are never mixed with texts."""
    names: dict[_Id, str] = {}
    if "categories" in document.values:
        spans = document.split("categories")
        for i, category in enumerate(read_entries(document, "categories", spans, _Category, log)):
            if category is not None:
                _check_new(document, category.id, names, f"categories[{i}].id")
                names[category.id] = category.name
    return names


def _check_new(document: RawDocument, key: _Id, known: dict[_Id, Any], place: str) -> None:
    """Refuse a document that has an id twice, since it does not tell which is meant."""
    if key in known:
        document.refuse(place, f"must be an id of its own. Got {show(key)} again")


class _Photos:
    """The columns of photos, gathered one by one."""

    def __init__(self, document: RawDocument) -> None:
        self.document = document
        self.row_of: dict[_Id, int] = {}
        self.images, self.sizes = array("q"), array("d")
        self.paths, self.times = TextColumn(), TextColumn()
        self.locations, self.sequences = TextColumn(), TextColumn()
        self.corrupt: list[int] = []

    def add(self, number: int, image: _Image) -> None:
        """Add an image, the one of this number in the document."""
        _check_new(self.document, image.id, self.row_of, f"images[{number}].id")
        row = self.row_of[image.id] = len(self.paths)
        self.images.append(number)
        self.paths.append(image.file_name)
        self.sizes.extend((image.width or 0, image.height or 0))
        self.locations.append(_spell(image.location))
        self.sequences.append(_spell(image.seq_id))
        self.times.append(image.datetime or image.date_captured or None)
        if image.corrupt:
            self.corrupt.append(row)

    def name_time(self, row: int) -> str:
        """Name the image whose time is in a row; it may stand in one of two fields."""
        return f"images[{self.images[row]}]"


def _spell(value: str | float | None) -> str | None:
    """Spell a name that may be a number; an empty one is none."""
    return None if value is None or value == "" else str(value)


class _Notes:
    """What annotations say, gathered one by one."""

    def __init__(self, names: dict[_Id, str], row_of: dict[_Id, int], log: FaultLog) -> None:
        self.names, self.row_of, self.log = names, row_of, log
        self.texts = list(names.values())
        self.number_of = {key: number for number, key in enumerate(names)}
        self.label_of: dict[int, str] = {}
        self.boxes = BoxColumns()
        self.n_boxes_of = array("q", bytes(8 * len(row_of)))
        self.rows, self.numbers = array("q"), array("q")
        self.has_box, self.is_relative = bytearray(), bytearray()

    def add(self, number: int, note: _Annotation) -> None:
        """Add the annotation of this number in the document."""
        row = self.row_of.get(note.image_id, -1) if note.image_id is not None else -1
        box = note.bbox_relative or note.bbox
        self.rows.append(row)
        self.has_box.append(bool(box))
        category = self.number_of.get(note.category_id, -1) if note.category_id is not None else -1
        place = f"annotations[{number}]"
        if row < 0:
            text = f"Expected the id of an image, got {show(note.image_id)}."
            self.log.note(f"{place}.image_id", text)
            return
        if category < 0:
            text = f"Expected the id of a category, got {show(note.category_id)}."
            self.log.note(f"{place}.category_id", text)
        if not box:
            if category >= 0:
                text = self.texts[category]
                is_nothing = text.casefold() == _EMPTY
                self.label_of.setdefault(row, _BLANK if is_nothing else text)
            return
        listed = self.n_boxes_of[row]
        self.n_boxes_of[row] += 1
        is_nothing = category >= 0 and self.texts[category].casefold() == _EMPTY
        if not note.iscrowd and not is_nothing:
            self.numbers.append(number)
            self.is_relative.append(bool(note.bbox_relative))
            spelt = (note.score, note.confidence, note.conf)
            confidence = next((each for each in spelt if each is not None), None)
            is_verified = note.human_verified or note.is_verified or False
            shares = _check_box(box, place, self.log)
            self.boxes.add(row, listed, shares, confidence, category, category, is_verified)

    def make_table(self, sizes: "array[float]") -> pa.Table:
        """Make the table of boxes, of pixels those whose photo has no size."""
        rows = self.boxes.view_numbers()[0]
        size = count_pixels(sizes)[rows]
        is_relative = np.frombuffer(self.is_relative, np.bool_)
        is_sized = (size > 0).all(axis=1) & ~is_relative
        pixels = np.frombuffer(self.boxes.coordinates, np.float64).reshape(-1, 4)
        shares = pixels / np.where(is_sized[:, np.newaxis], np.tile(size, 2), 1.0)
        self.boxes.coordinates = array("d", shares.tobytes())
        numbers = list(map(str, self.names))
        return self.boxes.make_table(numbers, self.texts, self.texts, ~is_sized & ~is_relative)


def _check_box(box: list[float], place: str, log: FaultLog) -> Sequence[float]:
    """Return the numbers of a box, NaN if they are not four."""
    if len(box) == len(NO_BOX):
        return box
    log.note(f"{place}.bbox", f"Expected four numbers, got {show(box)}.")
    return NO_BOX
