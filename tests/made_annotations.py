"""Documents of detections made in memory."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from smartdownsample.formats import BOXES, ENTRIES, Annotations
from smartdownsample.records import Cause, IntArray


class MadeAnnotations(Annotations):
    """A document that can be read but not written."""

    def spell_parts(self) -> Iterator[bytes]:
        """Yield nothing: there is no file."""
        yield from ()

    def name_box(self, row: int) -> str:
        """Name a box by its row."""
        return f"boxes[{row}]"

    def reduce(self, entries: IntArray, boxes: IntArray | None = None) -> dict[str, bytes]:
        """Give an empty file."""
        del entries, boxes
        return {"": b""}


def make_annotations(
    entries: Sequence[Mapping[str, Any]],
    boxes: Sequence[Mapping[str, Any]] = (),
    **fields: Any,
) -> MadeAnnotations:
    """Make a document of photos and boxes; columns that are not given are empty."""
    usual = {
        "place": 0,
        "x": 0.25,
        "y": 0.25,
        "width": 0.5,
        "height": 0.5,
        "is_in_pixels": False,
        "confidence": 0.9,
        "category": "animal",
        "is_verified": False,
    }
    given = {
        "file": "results.json",
        "format": "MegaDetector",
        "version": "1.4",
        "categories": {"1": "animal", "2": "person"},
        "faults": (),
        "n_faults": 0,
        "orientation": "upright",
        "typical_confidence": None,
        **fields,
    }
    number_of = {name: number for number, name in given["categories"].items()}
    rows: list[dict[str, Any]] = [{**usual, **box} for box in boxes]
    for row in rows:
        row.setdefault("number", number_of.get(row["category"]))
    return MadeAnnotations(
        entries=pa.Table.from_pylist([dict(entry) for entry in entries], schema=ENTRIES),
        boxes=pa.Table.from_pylist(rows, schema=BOXES),
        **given,
    )


def refuse_to_measure(path: str) -> tuple[int, int] | Cause:
    """Stand in for the measuring of photos where none is to be measured."""
    raise AssertionError(path)
