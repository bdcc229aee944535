"""JSON documents whose entries stay the bytes they are, so that a part can be written as it was."""

import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

import msgspec
import numpy as np

from ..display import to_line
from ..errors import InvalidParameterError
from .json_text import parse, read_text, warn_of_mending

_SPACE = b" \t\n\r"
_START = re.compile(rb"[" + _SPACE + rb"]*(.)")
_GAP = re.compile(rb"[" + _SPACE + rb",]*")
_MOST_LETTERS = 80
# Entries of a list that show what it is.
_N_SHOWN = 10
# The name of the value of an outermost array.
_ALL = ""


class Edit(NamedTuple):
    """New bytes for those from ``start`` to ``stop``."""

    start: int
    stop: int
    new: bytes = b""


class Spans(NamedTuple):
    """Where the entries of an array lie in a text, as arrays of 64-bit integers."""

    starts: "array[int]"
    stops: "array[int]"

    def cut_all_but(self, kept: Sequence[int]) -> Iterator[Edit]:
        """Leave out entries, and with each what stands before it or, at the front, behind it.

        Parameters
        ----------
        kept : sequence of int
            Numbers of the entries that stay, ascending.
        """
        starts, stops = self
        if not kept:
            if starts:
                yield Edit(starts[0], stops[-1])
            return
        if kept[0] > 0:
            yield Edit(starts[0], starts[kept[0]])
        last = kept[0]
        for number in kept[1:]:
            if number > last + 1:
                yield Edit(stops[last], stops[number - 1])
            last = number
        if last < len(starts) - 1:
            yield Edit(stops[last], stops[-1])


@dataclass(frozen=True, eq=False)
class RawDocument:
    """A JSON document: an object of which the values are found but not read, or an array.

    Attributes
    ----------
    file : str
        As the caller spelt it.
    content : bytes
        All of it.
    values : dict of str to (int, int)
        Where the object's values begin and end; an array is the value of "".
    """

    file: str
    content: bytes
    values: dict[str, tuple[int, int]]
    _found: dict[str, Spans | None] = field(default_factory=dict)

    @classmethod
    def read(cls, file: str) -> "RawDocument":
        """Read a document of which the outermost is an object or array."""
        content, is_mended = read_text(file)
        found = _START.match(content)
        if found is not None and found[1] == b"[":
            entries = parse(file, content, list[msgspec.Raw]) or []
            spans = _locate(content, found.end(), entries)
            document = cls(file, content, {_ALL: _find_array(content)}, {_ALL: spans})
        else:
            raws = parse(file, content, dict[str, msgspec.Raw]) or {}
            document = cls(file, content, _find_values(content, raws, raws))
        if is_mended:
            warn_of_mending(file)
        return document

    @property
    def is_array(self) -> bool:
        """Whether the outermost is no object."""
        return _START.match(self.content)[1] == b"["  # type: ignore[index] # as above

    def get(self, name: str) -> object:
        """Read one of the values; None if there is none, or it has numbers beyond all bounds."""
        if name not in self.values:
            return None
        start, stop = self.values[name]
        try:
            return msgspec.json.decode(memoryview(self.content)[start:stop])
        except msgspec.DecodeError:
            return None

    def spell_others(self, names: Collection[str]) -> Iterator[bytes]:
        """Yield all values but those of some names, each with its name."""
        for name, (start, stop) in self.values.items():
            if name and name not in names:
                yield name.encode(errors="surrogatepass") + b"\0" + self.content[start:stop]

    def split(self, name: str) -> Spans:
        """Find the entries of a value that must be an array."""
        spans = self._find(name)
        if spans is None:
            start, stop = self.values.get(name, (0, 0))
            got = show(self.content[start : min(stop, start + _MOST_LETTERS)])
            self.refuse(name, f"must be a list of entries. Got {got or 'none'}")
        return spans

    def list_keys(self, name: str) -> set[str]:
        """List what the first ten entries of an array have; none where it is no array."""
        spans = self._find(name)
        found: set[str] = set()
        for start, stop in zip(spans.starts[:_N_SHOWN], spans.stops, strict=False) if spans else ():
            if self.content[start : start + 1] == b"{":
                entry = memoryview(self.content)[start:stop]
                found.update(msgspec.json.decode(entry, type=dict[str, msgspec.Raw]))
        return found

    def _find(self, name: str) -> Spans | None:
        """Find the entries of a value, once; None where it is no array."""
        if name not in self._found:
            start, stop = self.values.get(name, (0, 0))
            is_array = start < stop and self.content[start : start + 1] == b"["
            self._found[name] = find_entries(self.content, start, stop) if is_array else None
        return self._found[name]

    def edit(self, edits: Iterable[Edit]) -> bytes:
        """Make another text of the content; edits come in any order and touch nothing twice."""
        return edit(self.content, edits)

    def refuse(self, place: str, text: str) -> NoReturn:
        """Raise the error of a document that cannot be used as a whole."""
        what = f"{place!r} of the document {self.file!r}" if place else f"Document {self.file!r}"
        msg = f"{what} {text}. Write it again with the program that made it."
        raise InvalidParameterError(msg)


def find_values(text: bytes, names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Find values of the object that a text is: where each of these names begins and ends."""
    return _find_values(text, msgspec.json.decode(text, type=dict[str, msgspec.Raw]), names)


def _find_values(
    text: bytes, raws: dict[str, msgspec.Raw], names: Iterable[str]
) -> dict[str, tuple[int, int]]:
    """Find values that were read from a text."""
    base = _address(text)
    starts = {name: _address(raws[name]) - base for name in names if name in raws}
    return {name: (start, start + len(raws[name])) for name, start in starts.items()}


def _address(buffer: object) -> int:
    """Tell where bytes lie in memory; msgspec's raw values are views of what was read."""
    view: np.ndarray = np.frombuffer(buffer, np.uint8)  # type: ignore[call-overload] # a buffer
    return int(view.__array_interface__["data"][0])


def _find_array(text: bytes) -> tuple[int, int]:
    """Find the array that a text is, without the space around it."""
    stop = len(text)
    while text[stop - 1] in _SPACE:
        stop -= 1
    return _START.match(text).start(1), stop  # type: ignore[union-attr] # it is an array


def find_entries(text: bytes, start: int, stop: int) -> Spans:
    """Find the entries of the array that lies from ``start`` to ``stop`` in a text."""
    entries = msgspec.json.decode(memoryview(text)[start:stop], type=list[msgspec.Raw])
    return _locate(text, start + 1, entries)


def _locate(text: bytes, place: int, entries: list[msgspec.Raw]) -> Spans:
    """Find where entries lie that follow each other from a place on."""
    starts, stops = array("q"), array("q")
    find = _GAP.match
    for length in map(len, entries):
        place = find(text, place).end()  # type: ignore[union-attr] # it matches anything
        starts.append(place)
        place += length
        stops.append(place)
    return Spans(starts, stops)


def edit(text: bytes, edits: Iterable[Edit]) -> bytes:
    """Make another text of one; edits come in any order and touch nothing twice."""
    view, place = memoryview(text), 0
    pieces: list[bytes | memoryview] = []
    for start, stop, new in sorted(edits):
        pieces += [view[place:start], new]
        place = stop
    return b"".join([*pieces, view[place:]])


def show(value: object) -> str:
    """Show what was found in a document, shortened, in a line."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else repr(value)
    text = to_line(" ".join(text[: 2 * _MOST_LETTERS].split()))
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"
