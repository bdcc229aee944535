"""Tests of smartdownsample.formats.lenient."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from smartdownsample.formats import Fault, FaultLog
from smartdownsample.formats.lenient import read_entries
from smartdownsample.formats.raw_json import RawDocument


class Inner(msgspec.Struct):
    """A part of an entry."""

    n: int = 7


class Outer(msgspec.Struct):
    """An entry."""

    name: str
    share: float | None = None
    inner: list[Inner] | None = None


def read(folder: Path, entries: list[Any] | str) -> tuple[list[Outer | None], FaultLog]:
    text = entries if isinstance(entries, str) else json.dumps(entries)
    (folder / "x.json").write_text(f'{{"images": {text}}}')
    document, log = RawDocument.read(str(folder / "x.json")), FaultLog()
    spans = document.split("images")
    return list(read_entries(document, "images", spans, Outer, log)), log


def test_what_is_wrong_is_left_out_and_told_with_its_place(tmp_path: Path) -> None:
    """The rest of the entry, and all other entries, are read."""
    good: list[Any] = [{"name": str(i)} for i in range(300)]
    wrong = {"name": "w", "share": "x", "inner": [{"n": 1}, {"n": None}, 5], "other": 1}
    records, log = read(tmp_path, [*good, wrong, {}, "z", *good])
    assert [record.name for record in records if record] == [
        *map(str, range(300)),
        "w",
        *map(str, range(300)),
    ]
    assert records[300] == Outer("w", None, [Inner(1), Inner(7), Inner(7)])
    assert records[301:303] == [None, None]
    assert log.n == 5
    assert log.first == (
        Fault("images[300].share", "Expected `float | null`, got `str`: 'x'."),
        Fault("images[300].inner[1].n", "Expected `int`, got `null`: None."),
        Fault("images[300].inner[2]", "Expected an object, got 5."),
        Fault("images[301]", "Expected a field 'name', got {}."),
        Fault("images[302]", "Expected an object, got 'z'."),
    )


@pytest.mark.parametrize("number", ["1e999", "9" * 400, "9" * 5_000, "-" + "9" * 5_000])
def test_numbers_beyond_all_bounds_are_no_end(tmp_path: Path, number: str) -> None:
    """They are infinite, or wrong."""
    records, _ = read(tmp_path, f'[{{"name": "a", "share": {number}, "other": {number}}}]')
    assert records[0] is not None
    assert records[0].name == "a"
    assert records[0].share in {None, float("inf"), float("-inf")}


def test_the_first_hundred_faults_are_kept_and_all_counted(tmp_path: Path) -> None:
    """So that a million do not fill the memory."""
    _, log = read(tmp_path, [5] * 1_000)
    assert log.n == 1_000
    assert len(log.first) == 100
    assert log.first[99].place == "images[99]"
