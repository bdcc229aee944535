"""Tests of smartdownsample.sampling.cameras."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from feature_tables import make_table
from smartdownsample.items import DETAILS
from smartdownsample.records import FeatureTable
from smartdownsample.sampling import lay_out
from smartdownsample.sampling.cameras import number_cameras

PATHS = ["b/1.jpg", "b/2.jpg", "a/3.jpg", "a/4.jpg"]


def make(**told: list[str | None]) -> FeatureTable:
    rows = [{name: values[i] for name, values in told.items()} for i in range(len(PATHS))]
    return replace(
        make_table(len(PATHS)), paths=PATHS, details=pa.Table.from_pylist(rows, schema=DETAILS)
    )


def test_folders_are_cameras_where_nothing_else_is_known() -> None:
    """In order of first appearance."""
    assert number_cameras(replace(make_table(4), paths=PATHS)).tolist() == [0, 0, 1, 1]
    assert number_cameras(make()).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("told", "cameras"),
    [
        ({"location": ["x", "y", "x", "y"]}, [0, 1, 0, 1]),
        ({"location": ["x", None, "x", None]}, [0, 1, 0, 2]),
        ({"deployment": ["d", "d", "e", "d"], "location": ["x", "y", "x", "y"]}, [0, 0, 1, 0]),
        ({"deployment": [None, "d", "d", None], "location": ["x"] * 4}, [0, 1, 1, 0]),
    ],
)
def test_a_document_tells_cameras_by_deployment_or_location(
    told: dict[str, list[str | None]], cameras: list[int]
) -> None:
    """A deployment is one camera at one place; a location may have had several."""
    assert number_cameras(make(**told)).tolist() == cameras


def test_events_of_two_cameras_of_one_folder_are_apart() -> None:
    """Frames of both that were taken at once are no event."""
    n = 40
    table = make_table(n)
    looks = np.where(np.arange(n) % 2, 200, 20)
    table.rows["lab_layout"][:] = looks[:, np.newaxis]
    table.rows["captured"] = np.datetime64("2024-05-01T00:00:00", "ms") + (
        np.arange(n) // 8 * 600_000
    ).astype("timedelta64[ms]")
    rows = [{"location": "xy"[i % 2]} for i in range(n)]
    told = replace(table, details=pa.Table.from_pylist(rows, schema=DETAILS))
    layout = lay_out(told)
    assert (layout.regime, layout.n_events) == ("timed", 10)
