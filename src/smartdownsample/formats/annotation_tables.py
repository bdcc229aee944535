"""Columns of what documents say, gathered value by value, as the tables of `Annotations`."""

from array import array
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..checks import URL_START
from ..records import BoolArray, IntArray, pack_flags, pack_texts, pack_values, unpack
from .annotations import BOXES, ENTRIES, Fault, FaultLog
from .raw_json import show
from .times import TIME, parse_times

_CHUNK = 1 << 16
# More pixels than any photo has.
_LONGEST_SIDE = 2**31
_NONE = float("nan")
NO_BOX = (_NONE,) * 4
# MegaDetector's list, and what cameras and phones write beside it.
_VIDEO = r"(?i)\.(mp4|avi|mpeg|mpg|mov|mkv|flv|m4v|wmv|webm|3gp|mts)$"


class TextColumn:
    """Texts, gathered one by one and packed a good many at a time, which takes less memory."""

    def __init__(self) -> None:
        self._chunks: list[pa.Array] = []
        self._texts: list[str | None] = []

    def __len__(self) -> int:
        """Count the texts."""
        return len(self._chunks) * _CHUNK + len(self._texts)

    def append(self, text: str | None) -> None:
        """Add a text, or None for null."""
        self._texts.append(text)
        if len(self._texts) == _CHUNK:
            self._chunks.append(pack_texts(self._texts))
            self._texts = []

    def pack(self) -> pa.ChunkedArray:
        """Pack the texts into a column."""
        return pa.chunked_array([*self._chunks, pack_texts(self._texts)])


def name_causes(paths: pa.ChunkedArray, marked: Mapping[str, Sequence[int]]) -> pa.Array:
    """Name why a photo cannot be used, whatever is on disk.

    Parameters
    ----------
    paths : pyarrow.ChunkedArray of string
        A path for each photo.
    marked : mapping of str to sequence of int
        Rows of photos by the cause that their document tells; of two, the first counts.
    """
    names = ["VIDEO", "ON_THE_WEB", *marked]
    causes = np.full(len(paths), -1)
    for number, rows in reversed(list(enumerate(marked.values(), start=2))):
        causes[np.asarray(rows, dtype=np.int64)] = number
    causes[unpack(pc.match_substring_regex(paths, URL_START))] = 1
    causes[unpack(pc.match_substring_regex(paths, _VIDEO))] = 0
    return take_texts(names, causes)


def make_entries(
    paths: pa.ChunkedArray,
    causes: pa.Array,
    sizes: "array[float]",
    captured: pa.ChunkedArray | None = None,
    **texts: TextColumn,
) -> pa.Table:
    """Make the table of photos.

    Parameters
    ----------
    paths, causes : pyarrow.ChunkedArray, pyarrow.StringArray
        Of n photos.
    sizes : array of float
        Width and height of each, in turn; 0 where it is not known.
    captured : pyarrow.ChunkedArray of timestamp, optional
        Capture time of each, see `read_local_times`.
    **texts : TextColumn
        Other columns.
    """
    n = len(paths)
    widths, heights = count_pixels(sizes).T
    columns = {
        "path": paths,
        "cause": causes,
        "captured": captured,
        "width": pack_values(widths, pa.int64(), widths > 0),
        "height": pack_values(heights, pa.int64(), heights > 0),
        **{name: column.pack() for name, column in texts.items()},
    }
    empty = pack_values(np.zeros(n, np.int64), pa.int64(), np.zeros(n, np.bool_))
    return pa.table(
        [
            empty.cast(field.type) if columns.get(field.name) is None else columns[field.name]
            for field in ENTRIES
        ],
        schema=ENTRIES,
    )


def read_local_times(
    times: TextColumn, log: FaultLog, name_place: Callable[[int], str]
) -> pa.ChunkedArray:
    """Read times of the camera's clock; null where there is none.

    Parameters
    ----------
    times : TextColumn
        As they are spelt.
    log : FaultLog
        Is told which are no times.
    name_place : callable
        Names where the time of a row stands.
    """
    kind = pa.timestamp("ms")
    read: list[pa.Array] = []
    start = 0
    for chunk in times.pack().chunks:
        found = parse_times(chunk)
        read.append(pack_values(found.local, kind))
        wrong = np.flatnonzero(found.is_wrong).tolist()
        faults = (
            Fault(name_place(start + row), f"Expected {TIME}, got {show(chunk[row].as_py())}.")
            for row in wrong
        )
        log.note_all(len(wrong), faults)
        start += len(chunk)
    return pa.chunked_array(read, kind)


def count_pixels(sizes: "array[float]") -> IntArray:
    """Make sizes, of n photos in turn, an array of shape (n, 2); 0 for what no side can be."""
    sides = np.frombuffer(sizes, np.float64).reshape(-1, 2)
    return np.where((sides >= 1) & (sides <= _LONGEST_SIDE), sides, 0).astype(np.int64)


class BoxColumns:
    """The columns of boxes, gathered box by box."""

    def __init__(self) -> None:
        self.numbers, self.coordinates = array("q"), array("d")
        self.confidences, self.verified = array("d"), bytearray()

    def add(
        self,
        entry: int,
        place: int,
        box: Sequence[float],
        confidence: float | None,
        category: int,
        label: int,
        is_verified: bool,  # noqa: FBT001 - as above
    ) -> None:
        """Add a box; -1 is no category or label."""
        self.numbers.extend((entry, place, category, label))
        self.coordinates.extend(box)
        self.confidences.append(_NONE if confidence is None else confidence)
        self.verified.append(is_verified)

    def make_table(
        self,
        numbers: Sequence[str],
        names: Sequence[str],
        labels: Sequence[str],
        is_in_pixels: BoolArray | None = None,
    ) -> pa.Table:
        """Make the table of boxes.

        Parameters
        ----------
        numbers, names : sequence of str
            Categories, as the document numbers and names them, in the order in which `add` does.
        labels : sequence of str
            The texts that the numbers of labels mean; -1 means none, of categories, too.
        is_in_pixels : ndarray of bool, shape (n,), optional
            Whether the coordinates are pixels; by default they are shares.
        """
        n = len(self.verified)
        entries, places, categories, label_numbers = self.view_numbers()
        boxes = np.frombuffer(self.coordinates, np.float64).reshape(n, 4)
        boxes[~np.isfinite(boxes).all(axis=1)] = np.nan
        confidences = np.frombuffer(self.confidences, np.float64)
        is_in_pixels = np.zeros(n, np.bool_) if is_in_pixels is None else is_in_pixels
        columns = [
            pack_values(entries, pa.int64()),
            pack_values(places, pa.int64()),
            *(pack_values(column, pa.float64()) for column in boxes.T),
            pack_flags(is_in_pixels),
            pack_values(confidences, pa.float64(), ~np.isnan(confidences)),
            take_texts(names, categories),
            take_texts(numbers, categories),
            take_texts(labels, label_numbers),
            pack_flags(np.frombuffer(self.verified, np.bool_)),
        ]
        return pa.table(columns, schema=BOXES)

    def view_numbers(self) -> IntArray:
        """View entries, places, categories and labels, shape (4, n)."""
        return np.frombuffer(self.numbers, np.int64).reshape(-1, 4).T


def take_texts(texts: Sequence[str], numbers: IntArray) -> pa.Array:
    """Take the text of each number, null for -1."""
    return pack_texts(texts).take(pack_values(numbers, pa.int64(), numbers >= 0))
