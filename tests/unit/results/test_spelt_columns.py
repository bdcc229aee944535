"""Tests of smartdownsample.results.spelt_columns."""

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from pictures import write_collection
from smartdownsample.cli import main
from smartdownsample.cli.printing import print_json
from smartdownsample.results.spelt_columns import encode_json, list_records, spell_texts

LATE = 1 << 38  # seconds: in the year 10,680
NEVER = (1 << 63) - 1


def count(kind: pa.DataType, number: int) -> pa.Array:
    """Make a value of a time that is so many units from its beginning."""
    width = pa.int32() if kind.bit_width == 32 else pa.int64()
    return pa.array([number], width).view(kind)


def strict_loads(text: str | bytes) -> object:
    """Parse JSON without what Python knows beyond it."""

    def refuse(name: str) -> None:
        msg = f"{name} is no JSON"
        raise ValueError(msg)

    return json.loads(text, parse_constant=refuse)


VALUES = [
    (pa.array([datetime(2024, 1, 2, 3)], pa.timestamp("ms")), "2024-01-02T03:00:00.000"),  # noqa: DTZ001 - a camera's
    (count(pa.timestamp("s"), LATE), "10680-07-14T06:09:04"),
    (count(pa.timestamp("s"), -LATE), "-6741-06-19T17:50:56"),
    (count(pa.timestamp("s", "UTC"), LATE), "10680-07-14T06:09:04Z"),
    (count(pa.timestamp("s", "Not/A_Zone"), 0), "1970-01-01T00:00:00Z"),
    (count(pa.timestamp("ms"), NEVER), f"<value out of range: {NEVER}>"),
    (count(pa.timestamp("s"), LATE).dictionary_encode(), "10680-07-14T06:09:04"),
    (pa.array([date(2024, 1, 2)]), "2024-01-02"),
    (count(pa.date32(), 1 << 30), f"<value out of range: {1 << 30}>"),
    (pa.array([time(3, 4)], pa.time32("s")), "03:04:00"),
    (count(pa.time64("us"), NEVER), f"<value out of range: {NEVER}>"),
    (pa.array([timedelta(seconds=1.5)], pa.duration("ms")), "1500 ms"),
    (count(pa.duration("s"), NEVER), f"{NEVER} s"),
    (pa.array([b"caf\xc3\xa9"]), "café"),
    (pa.array([b"caf\xe9"]), r"caf\udce9"),
    (pa.array([b"caf\xe9"], pa.binary(4)), r"caf\udce9"),
    (pa.array([b"caf\xe9"], pa.binary_view()), r"caf\udce9"),
    (pa.array([b"caf\xe9"]).dictionary_encode(), r"caf\udce9"),
    (pa.array(["a"], pa.string_view()), "a"),
    (pa.RunEndEncodedArray.from_arrays([1], ["a"]), "a"),
]
NESTED = [
    (pa.array([[b"caf\xe9"]]), [r"caf\udce9"]),
    (pa.array([{"a": 1, "b": None}]), {"a": 1, "b": None}),
    (
        pa.StructArray.from_arrays([count(pa.timestamp("s"), LATE), pa.array(["b"])], ["a", "b"]),
        {"a": "10680-07-14T06:09:04", "b": "b"},
    ),
    (pa.StructArray.from_arrays([pa.array([1]), pa.nulls(1)], ["a", "a"]), [["a", 1], ["a", None]]),
    (
        pa.array([[LATE, None]]).cast(pa.list_(pa.timestamp("s"))),
        ["10680-07-14T06:09:04", None],
    ),
]


def name(value: object) -> str:
    return str(value.type) if isinstance(value, pa.Array) else ""


@pytest.mark.parametrize(("column", "text"), VALUES, ids=name)
def test_values_are_spelt_as_texts(column: pa.Array, text: str) -> None:
    """In CSV files as in JSON files, also those that Python has no value for."""
    table = pa.table({"x": pa.chunked_array([column, pa.nulls(1, column.type)])})
    assert spell_texts(table)["x"].to_pylist() == [text, None]
    assert json.loads(encode_json(list_records(table))) == [{"x": text}, {"x": None}]


@pytest.mark.parametrize(("column", "value"), NESTED, ids=name)
def test_lists_are_spelt_as_json(column: pa.Array, value: object) -> None:
    """Down to what Python has no value for."""
    table = pa.table({"x": pa.chunked_array([column, pa.nulls(1, column.type)])})
    texts = spell_texts(table)["x"].to_pylist()
    assert (json.loads(texts[0]), texts[1]) == (value, None)
    assert json.loads(encode_json(list_records(table))) == [{"x": value}, {"x": None}]


@pytest.mark.parametrize("value", [1.5, 7, True, "text", None])
def test_other_values_stay(value: object) -> None:
    """Numbers remain numbers."""
    table = pa.table({"x": [value]})
    assert spell_texts(table).equals(table)
    assert list_records(table) == [{"x": value}]


def test_json_has_no_numbers_but_those_of_json() -> None:
    """Strict parsers refuse NaN and infinities, wherever they are."""
    values = [1.5, float("nan"), float("inf"), float("-inf")]
    column = pa.array(values)
    table = pa.table(
        {"x": column, "few": column.cast(pa.float32()), "in": [[value] for value in values]}
    )
    records = strict_loads(encode_json(list_records(table)))
    spelt = [1.5, None, "Infinity", "-Infinity"]
    assert records == [{"x": value, "few": value, "in": [value]} for value in spelt]
    texts = spell_texts(table)["in"].to_pylist()
    assert [strict_loads(text) for text in texts] == [[value] for value in spelt]


def test_the_command_prints_no_other_numbers_either(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs read them."""
    print_json({"a": (float("nan"), {"b": float("-inf")}), "c": 1})
    assert strict_loads(capsys.readouterr().out) == {"a": [None, {"b": "-Infinity"}], "c": 1}


def test_numbers_have_few_digits() -> None:
    """A float32 as many as it takes, a decimal as many as it has."""
    table = pa.table({"x": pa.array([0.1], pa.float32()), "y": [Decimal("1.10")]})
    assert list_records(spell_texts(table))[0] == {"x": 0.1, "y": Decimal("1.10")}
    assert json.loads(encode_json(list_records(table))) == [{"x": 0.1, "y": "1.10"}]


def can_store(column: pa.Array) -> bool:
    """Tell whether this release of pyarrow writes such a column into a Parquet file."""
    try:
        pq.write_table(pa.table({"x": column}), pa.BufferOutputStream())
    except pa.ArrowNotImplementedError:
        return False
    return True


@pytest.mark.parametrize("extension", [".csv", ".json", ".parquet"])
def test_columns_of_a_source_are_written_whatever_they_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extension: str
) -> None:
    """Of all types that Parquet has, they end no run after all decoding."""
    monkeypatch.chdir(tmp_path)
    paths = write_collection(tmp_path / "photos", 1)
    others = ("run_end", "a: int64, a", "time64")
    kept = [
        column
        for column, _ in VALUES + NESTED
        if can_store(column) and not any(text in name(column) for text in others)
    ]
    source = pa.table([pa.array(paths), *kept], names=["path", *map(str, range(len(kept)))])
    pq.write_table(source, "table.parquet")
    line = ["sample", "table.parquet", "-n", "1", "-q", "-o", f"picks{extension}"]
    assert main(line) == main(line) == 0
