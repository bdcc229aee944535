"""Entries of JSON documents as typed records; what does not fit is noted and left out."""

import json
import typing
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from .annotations import FaultLog
from .raw_json import RawDocument, Spans, show

Record = TypeVar("Record", bound=msgspec.Struct)

# Entries that are read in one go: more are no faster.
_N_AT_ONCE = 256
# Python refuses to read longer integers (https://docs.python.org/3/library/stdtypes.html#int-max-str-digits).
_MOST_DIGITS = 4_000


def read_entries(
    document: RawDocument, name: str, spans: Spans, kind: type[Record], log: FaultLog
) -> Iterator[Record | None]:
    """Yield each entry of an array as a record; None for one that lacks what it needs."""
    decode_all = msgspec.json.Decoder(list[kind]).decode  # type: ignore[valid-type] # at run time
    view = memoryview(document.content)
    for first in range(0, len(spans.starts), _N_AT_ONCE):
        last = min(first + _N_AT_ONCE, len(spans.starts)) - 1
        text = b"".join((b"[", view[spans.starts[first] : spans.stops[last]], b"]"))
        try:
            yield from decode_all(text)
        except msgspec.DecodeError:
            for i in range(first, last + 1):
                entry = view[spans.starts[i] : spans.stops[i]]
                yield _read_entry(entry, kind, f"{name}[{i}]", log)


def _read_entry(entry: memoryview, kind: type[Record], place: str, log: FaultLog) -> Record | None:
    """Read an entry, whatever is wrong with it."""
    try:
        return msgspec.json.decode(entry, type=kind)
    except msgspec.DecodeError:
        # Unlike msgspec, it reads numbers of any size.
        value = json.loads(bytes(entry), parse_int=_parse_integer)
        return _mend(value, kind, place, log)


def _parse_integer(digits: str) -> float:
    """Read an integer, one that is too long for Python as a float."""
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


def _mend(value: object, kind: type[Record], place: str, log: FaultLog) -> Record | None:
    """Make a record of what fits; None without what it needs."""
    fields = msgspec.structs.fields(kind)
    if not isinstance(value, dict):
        log.note(place, f"Expected an object, got {show(value)}.")
        return None if any(field.required for field in fields) else kind()
    fitting: dict[str, Any] = {}
    if_wrong: dict[str, object] = getattr(kind, "IF_WRONG", {})
    for field in fields:
        if field.encode_name in value:
            item, where = value[field.encode_name], f"{place}.{field.encode_name}"
            inner = _find_record(field.type)
            if inner is not None and isinstance(item, list):
                fitting[field.name] = [
                    _mend(each, inner, f"{where}[{i}]", log) for i, each in enumerate(item)
                ]
                continue
            try:
                fitting[field.name] = msgspec.convert(item, field.type)
            # msgspec before 0.22 has the last for numbers beyond all bounds.
            except (msgspec.ValidationError, OverflowError, SystemError) as error:
                text, _, inside = str(error).partition(" - at `$")
                log.note(f"{where}{inside.rstrip('`')}", f"{text}: {show(item)}.")
                if field.name in if_wrong:
                    fitting[field.name] = if_wrong[field.name]
        elif field.required:
            log.note(place, f"Expected a field {field.encode_name!r}, got {show(value)}.")
    is_complete = all(field.name in fitting for field in fields if field.required)
    return kind(**fitting) if is_complete else None


def _find_record(kind: object) -> type[msgspec.Struct] | None:
    """Find the record of which a field holds a list."""
    for choice in (kind, *typing.get_args(kind)):
        if typing.get_origin(choice) is list:
            inner = typing.get_args(choice)[0]
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                return inner
    return None
