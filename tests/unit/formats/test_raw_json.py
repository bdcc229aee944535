"""Tests of smartdownsample.formats.raw_json."""

import json
from pathlib import Path

import pytest

from smartdownsample import InvalidParameterError
from smartdownsample.formats.raw_json import (
    Edit,
    RawDocument,
    edit,
    find_entries,
    find_values,
    show,
)

TEXT = b'[1.50,  {"a": ",]"},\n\t"x,y" ,[2, 3]\n]'


def split(text: bytes) -> list[bytes]:
    spans = find_entries(text, 0, len(text))
    return [text[start:stop] for start, stop in zip(*spans, strict=True)]


def test_entries_are_found_as_they_are_spelt() -> None:
    """Whatever stands within and between them."""
    assert split(TEXT) == [b"1.50", b'{"a": ",]"}', b'"x,y"', b"[2, 3]"]
    assert split(b" [ ] "[1:4]) == []


@pytest.mark.parametrize(
    ("kept", "left"),
    [
        ([0, 1, 2, 3], TEXT),
        ([0], b"[1.50\n]"),
        ([2], b'["x,y"\n]'),
        ([3], b"[[2, 3]\n]"),
        ([1, 3], b'[{"a": ",]"} ,[2, 3]\n]'),
        ([0, 2, 3], b'[1.50,\n\t"x,y" ,[2, 3]\n]'),
        ([], b"[\n]"),
    ],
)
def test_what_is_left_keeps_what_stands_before_it(kept: list[int], left: bytes) -> None:
    """White space as well; the first keeps what stood before the first."""
    spans = find_entries(TEXT, 0, len(TEXT))
    assert edit(TEXT, spans.cut_all_but(kept)) == left


def test_edits_come_in_any_order() -> None:
    """What they do not touch stays."""
    assert edit(b"0123456789", [Edit(7, 9), Edit(1, 2, b"xyz")]) == b"0xyz234569"


def test_values_are_found_by_name() -> None:
    """Of two of one name the last counts, as for every reader."""
    text = b'{"a": 1, "b" : [1, 2] ,"a":"x"}'
    spans = find_values(text, ("a", "b", "c"))
    assert {name: text[slice(*span)] for name, span in spans.items()} == {
        "a": b'"x"',
        "b": b"[1, 2]",
    }


@pytest.mark.parametrize("around", ["{}", " {}\n", "\n\t{} \r\n"])
def test_a_document_is_an_object_or_an_array(tmp_path: Path, around: str) -> None:
    """With space around it or not."""
    file = tmp_path / "x.json"
    file.write_text(around.format(json.dumps([{"a": 1}, 5, {"b": 2}])), newline="")
    document = RawDocument.read(str(file))
    assert document.is_array
    assert document.list_keys("") == {"a", "b"}
    assert len(document.split("").starts) == 3
    file.write_text(around.format(json.dumps({"x": [1], "y": "z"})), newline="")
    document = RawDocument.read(str(file))
    assert not document.is_array
    assert (document.get("y"), document.get("none")) == ("z", None)
    assert document.list_keys("y") == set()
    with pytest.raises(InvalidParameterError, match=r"'y' of the document .* Got \"z\""):
        document.split("y")
    with pytest.raises(InvalidParameterError, match="Got none"):
        document.split("images")


def test_a_value_with_a_number_beyond_all_bounds_is_none(tmp_path: Path) -> None:
    """It does not end the run."""
    (tmp_path / "x.json").write_text('{"a": 1e999}')
    assert RawDocument.read(str(tmp_path / "x.json")).get("a") is None


def test_what_is_shown_is_short_and_in_a_line() -> None:
    """However long it is."""
    assert show("a\nb") == r"'a\nb'"
    assert show(b"a\n \x1bb") == r"a \x1bb"
    assert len(show("x" * 10**6)) == 81
