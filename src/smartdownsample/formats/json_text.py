"""JSON files as text that msgspec takes: UTF-8, and nothing that JSON lacks."""

import json
import re
from typing import NoReturn, TypeVar

import msgspec

from ..display import to_line
from ..errors import DocumentWarning, InvalidParameterError, warn_user

Parsed = TypeVar("Parsed")

# What a file is shows here; more of it is read only if it is a document.
HEAD_BYTES = 1 << 16
# Texts are matched to pass over what they hold; one that nothing closes reaches to the end.
_ODD_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|NaN|-?Infinity', re.DOTALL)
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.",
    re.DOTALL,
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE_LENGTH = len(rb"\ud800")
_PLACE = re.compile(r"(.*) \(byte (\d+)\)")
# A fault as near to the end of a text that was cut may come of the cut: in an escape of two parts,
# a number or a word.
_CUT_BYTES = 16
_LETTER_BYTES = 4
_CHECKED_BYTES = 1 << 20


def read_head(file: str) -> bytes:
    """Read the beginning of a JSON file, as `read_text` does.

    Raises
    ------
    InvalidParameterError
        When the file cannot be read, or is no JSON as far as its first 64 KB tell.
    """
    head = _read(file, HEAD_BYTES)
    is_whole = len(head) < HEAD_BYTES
    text = mend_text(recode_text(file, head if is_whole else _cut_letter(head)))
    parse(file, text, msgspec.Raw, is_whole=is_whole)
    return text


def _cut_letter(head: bytes) -> bytes:
    """Cut bytes at the end of which a letter may lack some of its own."""
    if not json.detect_encoding(head[:4]).startswith("utf-8"):
        return head[: len(head) // 4 * 4 - 4]
    for n_bytes in range(1, _LETTER_BYTES + 1):
        if head[-n_bytes] & 0xC0 != 0x80:  # noqa: PLR2004 - 10xxxxxx is within a letter
            return head[:-n_bytes]
    return head


def read_text(file: str) -> tuple[bytes, bool]:
    """Read a file as JSON that msgspec takes, as far as that can be had, and tell if it was mended.

    What Python's `json` writes and reads beyond JSON is replaced: NaN and infinities by null, half
    surrogate pairs by U+FFFD. So are other encodings, by UTF-8 without a byte order mark. All else
    is kept byte by byte.
    """
    data = _read(file, -1)
    mended = mend_text(recode_text(file, data))
    return mended, mended is not data


def warn_of_mending(file: str) -> None:
    """Say what may have been replaced."""
    msg = (
        f"The document {file!r} is not the JSON that other programs read: it has NaN, "
        "Infinity, half surrogate pairs, a byte order mark or an encoding other than UTF-8. "
        "It is read all the same, and what is made of it is valid, with null for NaN."
    )
    warn_user(msg, DocumentWarning)


def _read(file: str, n_bytes: int) -> bytes:
    """Read the beginning of a file; -1: all of it."""
    try:
        with open(file, "rb") as stream:
            return stream.read(n_bytes)
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "it needs too much memory"
        msg = f"The document {file!r} cannot be read: {reason}. Name a JSON file."
        raise InvalidParameterError(msg) from error


def recode_text(file: str, data: bytes) -> bytes:
    """Make a text UTF-8 without a byte order mark; the same object if it is."""
    # As `json.loads` does: a byte order mark, or the zeros among the first four bytes, tell.
    encoding = json.detect_encoding(data[:4])
    if encoding == "utf-8" and _is_utf8(data):
        return data
    try:
        return data.decode(encoding, "surrogatepass").encode(errors="replace")
    except UnicodeDecodeError as error:
        what = f"not {error.encoding.upper()} (byte 0x{data[error.start]:02x})"
        _refuse(file, data, error.start, what)


def mend_text(data: bytes) -> bytes:
    """Replace what msgspec does not take and `json` does; the same object if there is nothing."""
    if b"NaN" in data or b"Infinity" in data or _SURROGATE.search(data):
        mended = _ODD_TOKENS.sub(_mend_token, data)
        return data if mended == data else mended
    return data


def _is_utf8(data: bytes) -> bool:
    """Tell whether bytes are UTF-8, without a text of all of them."""
    if data.isascii():
        return True
    view, start = memoryview(data), 0
    while start < len(view):
        stop = min(start + _CHECKED_BYTES, len(view))
        # A letter begins at a byte that is no continuation, 10xxxxxx.
        while stop < len(view) and view[stop] & 0xC0 == 0x80:  # noqa: PLR2004 - the bits above
            stop += 1
        try:
            str(view[start:stop], "utf-8")
        except UnicodeDecodeError:
            return False
        start = stop
    return True


def _mend_token(found: re.Match[bytes]) -> bytes:
    """Replace a number that JSON lacks; keep a text, but for half surrogate pairs."""
    token = found[0]
    if not token.startswith(b'"'):
        return b"null"
    return _ESCAPES.sub(_mend_escape, token) if b"\\u" in token else token


def _mend_escape(found: re.Match[bytes]) -> bytes:
    """Replace half a surrogate pair."""
    return rb"\ufffd" if len(found[0]) == _LONE_LENGTH else found[0]


def parse(file: str, data: bytes, kind: type[Parsed], *, is_whole: bool = True) -> Parsed | None:
    """Parse JSON as a type of raw values; None for a beginning that may become JSON.

    Raises
    ------
    InvalidParameterError
        When it is no JSON, or nested too deeply.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except RecursionError as error:
        msg = (
            f"The document {file!r} must be nested like those of detectors, a few levels deep. "
            "It has too many levels to be read. Name another file."
        )
        raise InvalidParameterError(msg) from error
    except msgspec.DecodeError as error:
        found = _PLACE.fullmatch(str(error))
        # Without a place the text ended too early.
        place = len(data) if found is None else int(found[2])
        if not is_whole and place >= len(data) - _CUT_BYTES:
            return None
        what = "the end of the file, too early" if found is None else found[1]
        _refuse(file, data, place, what.removeprefix("JSON is malformed: "))


def _refuse(file: str, data: bytes, place: int, what: str) -> NoReturn:
    """Raise an error that names the line and the column of a byte."""
    line = data.count(b"\n", 0, place) + 1
    column = place - data.rfind(b"\n", 0, place)
    msg = (
        f"The document {file!r} must be whole JSON. "
        f"Line {line:,}, column {column:,}: {to_line(what)}. "
        "Name a JSON file, or write this one again with the program that made it."
    )
    raise InvalidParameterError(msg)
