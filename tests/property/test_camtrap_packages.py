"""What holds for any Camtrap DP package: it is read, and written as it was."""

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from camtrap_packages import (
    COLUMNS,
    make_package,
    media_rows,
    observation_rows,
    packages,
    write_package,
)
from smartdownsample.formats.camtrap_dp import CamtrapDp, read_camtrap_dp


def read(files: dict[str, bytes]) -> CamtrapDp:
    with tempfile.TemporaryDirectory() as folder:
        return read_camtrap_dp(write_package(Path(folder), files))


def reduce(files: dict[str, bytes], entries: list[int]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        package = read_camtrap_dp(write_package(Path(folder), files))
        return package.reduce(np.array(entries, np.int64))


def list_cells(data: bytes) -> list[list[str]]:
    lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    return [row for row in lines if row]


def describe(package: CamtrapDp) -> tuple[Any, Any]:
    """Tell entries and boxes, whatever their order."""
    paths = package.entries["path"].to_pylist()
    boxes = package.boxes.to_pylist()
    for box in boxes:
        box["entry"] = paths[box["entry"]]
        del box["place"]
    return sorted(map(repr, package.entries.to_pylist())), sorted(map(repr, boxes))


@given(packages())
def test_all_media_make_the_same_package(files: dict[str, bytes]) -> None:
    """Byte by byte, however it is spelt."""
    package = read(files)
    assert reduce(files, list(range(len(package.entries)))) == files


@given(packages(), st.data())
def test_some_media_make_rows_of_the_same_cells(files: dict[str, bytes], data: Any) -> None:
    """Their own rows, and observations of them; what is read of these is the same."""
    package = read(files)
    n = len(package.entries)
    chosen = sorted(data.draw(st.sets(st.integers(0, n - 1))) if n else [])
    reduced = reduce(files, chosen)
    cells = list_cells(files["media.csv"])
    assert list_cells(reduced["media.csv"]) == [cells[0], *(cells[row + 1] for row in chosen)]
    observations = list_cells(files["observations.csv"])
    assert [row for row in observations if row in list_cells(reduced["observations.csv"])] == (
        list_cells(reduced["observations.csv"])
    )
    part = read(reduced)
    assert part.entries.equals(package.entries.take(np.array(chosen, np.int64)))
    assert reduce(reduced, list(range(len(chosen)))) == reduced
    before, after = (
        json.loads(version["datapackage.json"])["resources"] for version in (files, reduced)
    )
    for old, new in zip(before, after, strict=True):
        is_same = reduced[old["path"]] == files[old["path"]]
        kept = old if is_same else {k: v for k, v in old.items() if k not in {"bytes", "hash"}}
        assert new == kept


@given(media_rows(), observation_rows(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    media: list[dict[str, str]], observations: list[dict[str, str]], random: Any
) -> None:
    """The same photos and boxes are read."""
    expected = describe(read(make_package(media, observations)))
    random.shuffle(media)
    random.shuffle(observations)
    assert describe(read(make_package(media, observations))) == expected


@given(observation_rows())
def test_boxes_are_those_of_the_standard(observations: list[dict[str, str]]) -> None:
    """As a scalar reading of the same rows tells."""
    media = [{"mediaID": f"m{i}", "filePath": f"{i}.jpg"} for i in range(7)]
    nothing = {"", "NA", "nan"}
    expected = [
        int(row["mediaID"][1:])
        for row in observations
        if row["observationLevel"] != "event"
        and row["mediaID"] in {medium["mediaID"] for medium in media}
        and nothing.isdisjoint(row[name] for name in COLUMNS["observations"] if "bbox" in name)
    ]
    assert read(make_package(media, observations)).boxes["entry"].to_pylist() == expected
