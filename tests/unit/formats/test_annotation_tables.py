"""Tests of smartdownsample.formats.annotation_tables."""

from array import array
from datetime import datetime

import numpy as np

from smartdownsample.formats import BOXES, ENTRIES, FaultLog
from smartdownsample.formats.annotation_tables import (
    BoxColumns,
    TextColumn,
    make_entries,
    name_causes,
    read_local_times,
    take_texts,
)


def gather(texts: list[str | None]) -> TextColumn:
    column = TextColumn()
    for text in texts:
        column.append(text)
    return column


def test_many_texts_are_packed_in_their_order() -> None:
    """Nulls among them."""
    texts = [None if i % 7 == 0 else f"ä{i}" for i in range(150_000)]
    column = gather(texts)
    assert len(column) == len(texts)
    assert column.pack().to_pylist() == texts


def test_columns_that_a_format_lacks_are_null() -> None:
    """The tables always have the same columns."""
    paths = gather(["a.jpg", "b.jpg"]).pack()
    causes = name_causes(paths, {})
    table = make_entries(paths, causes, array("d", [3, 4, 0, 4.0]), label=gather([None, "fox"]))
    assert table.schema == ENTRIES
    assert table["label"].to_pylist() == [None, "fox"]
    assert table["width"].to_pylist() == [3, None]
    assert table["captured"].to_pylist() == [None, None]
    empty = gather([]).pack()
    assert len(make_entries(empty, name_causes(empty, {}), array("d"))) == 0
    assert BoxColumns().make_table([], [], []).schema == BOXES


def test_times_are_the_cameras_own() -> None:
    """An offset to UTC changes nothing; what is no time is null, and a fault."""
    log = FaultLog()
    times = gather(["2024-05-01T07:30:12+02:00", None, "soon"])
    captured = read_local_times(times, log, "images[{}]".format)
    assert [fault.place for fault in log.first] == ["images[2]"]
    assert captured.to_pylist() == [datetime(2024, 5, 1, 7, 30, 12), None, None]  # noqa: DTZ001 - a camera's


def test_the_first_of_two_causes_counts() -> None:
    """What a photo is comes before what its document says of it."""
    paths = gather(
        ["a.mp4", "s3://b/a.mp4", "HTTP://x/a.jpg", "a.jpg", "b.jpg", "mp4", "abfs:/a"]
    ).pack()
    causes = name_causes(paths, {"CORRUPT": [0, 2, 3], "DETECTOR_FAILED": [3, 4]})
    assert causes.to_pylist() == [
        *("VIDEO", "VIDEO", "ON_THE_WEB", "CORRUPT", "DETECTOR_FAILED"),
        *(None, "ON_THE_WEB"),
    ]


def test_boxes_with_an_infinite_number_are_nan_altogether() -> None:
    """The others are not touched."""
    columns = BoxColumns()
    columns.add(0, 1, (0.0, 0.25, 0.5, float("inf")), 0.5, 1, -1, False)
    columns.add(1, 0, (0.0, 0.25, 0.5, 1.0), None, -1, 0, True)
    table = columns.make_table(["1", "2"], ["animal", "person"], ["fox"])
    assert table["number"].to_pylist() == ["2", None]
    assert np.isnan([table[name][0].as_py() for name in ("x", "y", "width", "height")]).all()
    assert table.slice(1).to_pylist() == [
        {"entry": 1, "place": 0, "x": 0.0, "y": 0.25, "width": 0.5, "height": 1.0}
        | {"is_in_pixels": False, "confidence": None, "category": None, "number": None}
        | {"label": "fox", "is_verified": True}
    ]
    assert table["category"].to_pylist() == ["person", None]


def test_texts_are_taken_by_number() -> None:
    """None of them is null."""
    assert take_texts(["a", "b"], np.array([1, -1, 0])).to_pylist() == ["b", None, "a"]
    assert take_texts([], np.array([-1])).to_pylist() == [None]
