"""What formats share that list the detections of a photo in the photo's own entry."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import numpy as np

from ..errors import DocumentWarning, warn_user
from ..records import IntArray, unpack
from .annotations import Annotations
from .raw_json import Edit, RawDocument, Spans, edit, find_entries, find_values

# Names of the lists of entries.
_LISTS = frozenset(("images", "instances", "predictions"))
_DETECTIONS, _HIGHEST = "detections", "max_detection_conf"
# What a number begins with.
_NUMBER = tuple(b"%c" % letter for letter in b"-0123456789")


class _Confidence(msgspec.Struct, gc=False):
    """The confidence of a detection, as it is spelt."""

    conf: msgspec.Raw = msgspec.Raw(b"null")


_READ_VALUES = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_READ_LIST = msgspec.json.Decoder(list[msgspec.Raw]).decode
_READ_CONFIDENCE = msgspec.json.Decoder(_Confidence).decode


@dataclass(frozen=True, eq=False)
class NestedAnnotations(Annotations):
    """A document of entries that each have a photo and a list of its detections.

    Attributes
    ----------
    path_key : str
        Key of an entry's path.
    document : RawDocument
        The document.
    list_key : str
        Key of the list of entries; empty where the document is that list.
    spans : Spans
        Where the entries lie in it.
    rows : ndarray of int64
        The number of the entry that each row of ``entries`` is about.
    """

    path_key: ClassVar[str]

    document: RawDocument
    list_key: str
    spans: Spans
    rows: IntArray

    def spell_parts(self) -> Iterator[bytes]:
        """Yield the values of each entry and each detection, see `Annotations.spell_parts`."""
        yield from self.document.spell_others(_LISTS)
        content = self.document.content
        for start, stop in zip(*self.spans, strict=True):
            entry = content[start:stop]
            if not entry.startswith(b"{"):
                yield entry
                continue
            values = _READ_VALUES(entry)
            name = bytes(values.get(self.path_key, b""))
            for key, value in values.items():
                if key == _DETECTIONS and bytes(value).startswith(b"["):
                    for found in _READ_LIST(value):
                        yield b"\0".join((name, key.encode(), bytes(found)))
                elif key != _HIGHEST:
                    yield b"\0".join((name, key.encode(), bytes(value)))

    def count_foreign(self, other: Annotations) -> int:
        """Count the pieces of another document, see `Annotations.count_foreign`."""
        # Most parts have whole entries alone; to compare these takes a fifth of the time.
        if isinstance(other, NestedAnnotations):
            known = set(self.spell_entries())
            if all(entry in known for entry in other.spell_entries()):
                return 0
        return super().count_foreign(other)

    def spell_entries(self) -> Iterator[bytes]:
        """Yield each entry as a whole, and everything beside them."""
        yield from self.document.spell_others(_LISTS)
        content = self.document.content
        for start, stop in zip(*self.spans, strict=True):
            yield content[start:stop]

    def name_box(self, row: int) -> str:
        """Name the coordinates of a box, see `Annotations.name_box`."""
        entry, place = (self.boxes[name][row].as_py() for name in ("entry", "place"))
        return f"{self.list_key}[{self.rows[entry]}].{_DETECTIONS}[{place}].bbox"

    def reduce(self, entries: IntArray, boxes: IntArray | None = None) -> dict[str, bytes]:
        """Make the same document with some of its photos alone, see `Annotations.reduce`.

        What stays is kept byte by byte. With ``boxes``, other detections are left out, and the
        highest confidence of a photo, if there is one, becomes that of the detections that stay.
        """
        if boxes is None and len(entries) == len(self.entries):
            return {"": self.document.content}
        edits = list(self.spans.cut_all_but(self.rows[entries].tolist()))
        if boxes is not None:
            edits.extend(self._cut_detections(entries, boxes))
        return {"": self.document.edit(edits)}

    def _cut_detections(self, entries: IntArray, boxes: IntArray) -> Iterator[Edit]:
        """Replace the entries of which some detections go."""
        owners, places = (unpack(self.boxes[name])[boxes] for name in ("entry", "place"))
        listed = places.tolist()
        firsts = np.searchsorted(owners, entries, side="left").tolist()
        lasts = np.searchsorted(owners, entries, side="right").tolist()
        for row, first, last in zip(self.rows[entries].tolist(), firsts, lasts, strict=True):
            start, stop = self.spans.starts[row], self.spans.stops[row]
            entry = self.document.content[start:stop]
            reduced = reduce_detections(entry, listed[first:last])
            if reduced is not entry:
                yield Edit(start, stop, reduced)


def reduce_detections(entry: bytes, places: list[int]) -> bytes:
    """Leave the detections at some places of an entry; the same object if these are all."""
    values = find_values(entry, (_DETECTIONS, _HIGHEST))
    start, stop = values.get(_DETECTIONS, (0, 0))
    if start == stop or entry[start : start + 1] != b"[":
        return entry
    spans = find_entries(entry, start, stop)
    if len(places) == len(spans.starts):
        return entry
    edits = list(spans.cut_all_but(places))
    start, stop = values.get(_HIGHEST, (0, 0))
    if start < stop and entry[start : start + 1] in _NUMBER:
        kept = [entry[spans.starts[place] : spans.stops[place]] for place in places]
        edits.append(Edit(start, stop, _find_highest(kept)))
    return edit(entry, edits)


def _find_highest(detections: list[bytes]) -> bytes:
    """Find the highest confidence of detections, as it is spelt; 0.0 without any."""
    spelt = [bytes(memoryview(found.conf)) for found in map(_READ_CONFIDENCE, detections)]
    return max((text for text in spelt if text[:1] in _NUMBER), key=float, default=b"0.0")


def take_text(value: object) -> str:
    """Spell a version; empty for what is none."""
    is_plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return str(value) if is_plain else ""


def take_object(value: object) -> dict[str, Any]:
    """Take an object of a document; empty for anything else."""
    return value if isinstance(value, dict) else {}


def warn_of_version(file: str, name: str, version: str, newest: str) -> None:
    """Say that a version is newer than those that are known."""
    msg = (
        f"The document {file!r} is of {name} version {version!r}, which is newer than {newest}. "
        "It is read as that; compare the summary with what you expect."
    )
    warn_user(msg, DocumentWarning)
