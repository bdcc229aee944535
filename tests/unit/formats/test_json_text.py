"""Tests of smartdownsample.formats.json_text."""

import json
from pathlib import Path

import numpy as np
import pytest

import smartdownsample as sd
from smartdownsample.formats import read_document
from smartdownsample.formats.json_text import HEAD_BYTES, mend_text, read_head, read_text

ENTRY = b'{"file": "a.jpg", "detections": [], "note": %b}'


@pytest.mark.parametrize(
    ("odd", "mended"),
    [
        (b"[NaN, 1]", b"[null, 1]"),
        (b'{"a": -Infinity, "b": Infinity}', b'{"a": null, "b": null}'),
        (rb'["NaN", "a\"Infinity", NaN]', rb'["NaN", "a\"Infinity", null]'),
        (rb'["\ud83d\ude00 \ud800 \\ud800"]', rb'["\ud83d\ude00 \ufffd \\ud800"]'),
        (rb'["\uDC00\uD800x"]', rb'["\ufffd\ufffdx"]'),
    ],
)
def test_only_what_json_lacks_is_replaced(odd: bytes, mended: bytes) -> None:
    """Texts that look like it stay, and so does what is written around it."""
    assert mend_text(odd) == mended


@pytest.mark.parametrize("odd", [b"[1.50, 2]", rb'["\ud83d\ude00"]', rb'"\\ud800"', b'"NaN'])
def test_valid_json_is_not_copied(odd: bytes) -> None:
    """It is the same object."""
    assert mend_text(odd) is odd


@pytest.mark.parametrize(
    "data",
    [
        (b"[" + ENTRY + b"]") % b"NaN",
        (b"[" + ENTRY + b"]") % rb'"\ud800"',
        b"\xef\xbb\xbf" + (b"[" + ENTRY + b"]") % b"1",
        json.dumps([{"file": "a.jpg", "detections": []}]).encode("utf-16"),
        json.dumps([{"file": "a.jpg", "detections": []}]).encode("utf-32-be"),
        (b"[" + ENTRY + b"]") % b'"\xed\xa0\x80"',
    ],
    ids=["NaN", "half a pair", "byte order mark", "UTF-16", "UTF-32", "half a pair in UTF-8"],
)
def test_what_only_python_reads_is_read_with_one_warning(tmp_path: Path, data: bytes) -> None:
    """And written as valid JSON in UTF-8."""
    file = tmp_path / "x.json"
    file.write_bytes(data)
    with pytest.warns(sd.DocumentWarning, match="not the JSON that other programs read") as caught:
        document = read_document(str(file))
    assert len(caught) == 1
    assert document is not None
    assert document.entries["path"].to_pylist() == ["a.jpg"]
    written = document.reduce(np.arange(1))[""].decode()
    assert json.loads(written, parse_constant=pytest.fail)[0]["file"] == "a.jpg"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"images": [\n{"file": "a.jpg",,}]}', "Line 2, column 18"),
        (b'{"images": [\n {"file": "a.jpg"}', "Line 2, column 19: the end of the file, too early"),
        (b'{"images": ["\xff"]}', r"not UTF-8 \(byte 0xff\)"),
        (b'{"images": []} x', "trailing characters"),
        (b"PNG", "Line 1, column 1"),
        (b"", "Line 1, column 1: the end of the file, too early"),
    ],
)
def test_what_is_no_json_is_refused_with_the_place(tmp_path: Path, data: bytes, found: str) -> None:
    """Line and column, as editors count them."""
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(sd.InvalidParameterError, match=found):
        read_document(str(tmp_path / "x.json"))


@pytest.mark.parametrize("opening", [b"[", b'{"images": [', b'{"images":', b'{"info": [[{"a":'])
def test_deep_nesting_is_an_error_and_no_crash(tmp_path: Path, opening: bytes) -> None:
    """Of 100,000 levels, closed or not."""
    for closing in (b"", b"]" * 100_000):
        (tmp_path / "x.json").write_bytes(opening + b"[" * 100_000 + closing)
        with pytest.raises(sd.InvalidParameterError, match="too many levels"):
            read_document(str(tmp_path / "x.json"))


@pytest.mark.parametrize("letter", [b"x", b"9 ", b"[1]"])
def test_a_large_file_that_is_no_document_is_not_read(tmp_path: Path, letter: bytes) -> None:
    """Its first 64 KB are enough: the rest of these 2 GB is a hole."""
    file = tmp_path / "x.json"
    with file.open("wb") as stream:
        stream.write(letter * HEAD_BYTES)
        stream.truncate(2**31)
    with pytest.raises(sd.InvalidParameterError, match="must be whole JSON"):
        read_document(str(file))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
@pytest.mark.parametrize("shift", range(0, 40, 3))
@pytest.mark.filterwarnings("ignore::smartdownsample.DocumentWarning")
def test_the_first_64_kb_may_end_anywhere(tmp_path: Path, encoding: str, shift: int) -> None:
    """Within a letter, an escape or a word that JSON lacks."""
    note = "äé\\ud83d\\ude00\\ud800\U0001f43e"
    entry = f'{{"file": "a.jpg", "detections": [], "n": "{note}", "b": NaN, "c": -Infinity}}'
    text = "[" + " " * shift + ",\n".join([entry.replace("\\\\", "\\")] * 2_000) + "]"
    (tmp_path / "x.json").write_bytes(text.encode(encoding))
    document = read_document(str(tmp_path / "x.json"))
    assert document is not None
    assert len(document.entries) == 2_000


@pytest.mark.parametrize(
    "text",
    [b"-0.5e-10", b"1.0", b"true", b"null", b"12", rb'"\u00e4\n\ud83d\ude00"', "ä€😀".encode()],
)
def test_the_first_64_kb_may_end_in_any_value(tmp_path: Path, text: bytes) -> None:
    """At each of its bytes."""
    value = text if text[0] < 0x80 else b'"' + text + b'"'
    opening = b'[{"file": "a.jpg", "detections": [], "values": ['
    for n_before in range(len(value) + 2):
        space = b" " * (HEAD_BYTES - len(opening) - n_before)
        (tmp_path / "x.json").write_bytes(opening + space + value + b"]}]")
        assert read_document(str(tmp_path / "x.json")) is not None


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(sd.InvalidParameterError, match="No such file"):
        read_document(str(tmp_path / "x.json"))
    for read in (read_head, read_text):
        with pytest.raises(sd.InvalidParameterError, match="No such file"):
            read(str(tmp_path / "x.json"))
