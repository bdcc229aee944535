"""What a document says of photos and of the boxes in them, the same for all formats."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, NamedTuple

import pyarrow as pa

from ..options import BoxOrientation
from ..records import IntArray

# A row for each photo that a document names, in its order. ``path`` as it is spelt; ``cause`` is
# the name of a `Cause` where the photo cannot be used, whatever is on disk; ``label`` is said of
# the whole photo; ``captured`` is local time of the camera; ``width`` and ``height`` are of the
# picture that the boxes count from, in pixels. All but ``path`` may be null.
ENTRIES = pa.schema(
    [
        ("path", pa.string()),
        ("cause", pa.string()),
        ("label", pa.string()),
        ("location", pa.string()),
        ("deployment", pa.string()),
        ("sequence", pa.string()),
        ("captured", pa.timestamp("ms")),
        ("width", pa.int64()),
        ("height", pa.int64()),
    ]
)
# A row for each box, in the document's order. ``entry`` is the row of its photo, and ``place`` its
# number, from 0, among all boxes that the document lists for that photo. Coordinates are shares of
# the picture, or pixels where ``is_in_pixels``, since the document does not tell the picture's
# size; all four are NaN where the document has no four finite numbers. ``confidence`` is null where
# there is none: people drew the box. ``category`` is the detector's, by name, ``number`` the key of
# this name in `Annotations.categories`, and ``label`` the species or what the best classification
# says, null without one.
BOXES = pa.schema(
    [
        ("entry", pa.int64()),
        ("place", pa.int64()),
        ("x", pa.float64()),
        ("y", pa.float64()),
        ("width", pa.float64()),
        ("height", pa.float64()),
        ("is_in_pixels", pa.bool_()),
        ("confidence", pa.float64()),
        ("category", pa.string()),
        ("number", pa.string()),
        ("label", pa.string()),
        ("is_verified", pa.bool_()),
    ]
)

# Faults that are told; the others are counted.
_MOST_FAULTS = 100


class Fault(NamedTuple):
    """Something in a document that cannot be used and does not matter for the rest of it.

    Attributes
    ----------
    place : str
        Where it stands, such as ``images[1234].detections[2].bbox`` or ``media.csv, row 17``.
    text : str
        What was expected there and what was found: whole sentences.
    """

    place: str
    text: str


class FaultLog:
    """The faults of a document: how many, and the first hundred.

    Parameters
    ----------
    first : iterable of Fault
        The first hundred of those that are known already.
    n : int
        How many these are.

    Attributes
    ----------
    n : int
        How many there are.
    """

    def __init__(self, first: Iterable[Fault] = (), n: int = 0) -> None:
        self._first = list(first)
        self.n = n

    @property
    def first(self) -> tuple[Fault, ...]:
        """The first hundred."""
        return tuple(self._first)

    def note(self, place: str, text: str) -> None:
        """Note a fault."""
        self.note_all(1, [Fault(place, text)])

    def note_all(self, n: int, faults: Iterable[Fault]) -> None:
        """Note faults of which there are n; those beyond the first hundred are not described."""
        self._first.extend(islice(faults, max(0, _MOST_FAULTS - len(self._first))))
        self.n += n


@dataclass(frozen=True, eq=False)
class Annotations(ABC):
    """A document, as read: what it says, and what it takes to write a part of it.

    Each format has a class of its own. ``entries`` and ``boxes`` have the columns of `ENTRIES` and
    `BOXES`.

    Attributes
    ----------
    file : str
        The document, as the caller spelt it.
    format : str
        Name of the format, such as "MegaDetector".
    version : str
        As the document spells it; empty where it says none.
    entries, boxes : pyarrow.Table
        Photos, and boxes in them.
    categories : dict of str to str
        Names of the detector's categories by their number, or whatever the document numbers them
        by.
    faults : tuple of Fault
        The first hundred faults.
    n_faults : int
        How many there are.
    orientation : {"upright", "stored", "megadetector"}
        The picture that boxes count from, unless the sizes of entries say otherwise.
    typical_confidence : float or None
        What the detector's makers take, where the document says it.
    """

    file: str
    format: str
    version: str
    entries: pa.Table
    boxes: pa.Table
    categories: dict[str, str]
    faults: tuple[Fault, ...]
    n_faults: int
    orientation: BoxOrientation
    typical_confidence: float | None

    # Whether the document is a folder of files.
    is_folder: ClassVar[bool] = False

    @abstractmethod
    def spell_parts(self) -> Iterator[bytes]:
        """Yield what the document says, piece by piece, each with what it is about.

        A document whose pieces are all among those of another one says nothing that the other does
        not. Detections are pieces of their own, since photos may keep some of them alone.
        """

    def count_foreign(self, other: "Annotations") -> int:
        """Count the pieces of another document of the format that this one does not have."""
        known = set(self.spell_parts())
        return sum(part not in known for part in other.spell_parts())

    @abstractmethod
    def name_box(self, row: int) -> str:
        """Name where a row of ``boxes`` stands in the document, see `Fault`."""

    @abstractmethod
    def reduce(self, entries: IntArray, boxes: IntArray | None = None) -> dict[str, bytes]:
        """Make the same document with some of its photos alone.

        Parameters
        ----------
        entries : ndarray of int64
            Rows of ``entries`` that stay, ascending.
        boxes : ndarray of int64, optional
            Rows of ``boxes`` that stay, ascending; by default all of these photos, and what the
            document lists beside boxes.

        Returns
        -------
        dict of str to bytes
            Content by the name of the file, relative to the document's folder. A document that is
            one file has the name "".
        """
