"""Tests of smartdownsample.items.cameras."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from feature_tables import make_table
from smartdownsample.items import DETAILS
from smartdownsample.items.cameras import (
    call_camera,
    find_cameras,
    name_camera_folder,
    name_cameras,
    name_found_cameras,
    number_cameras,
)
from smartdownsample.items.groupings import list_facts
from smartdownsample.records import Cause, Failure, FeatureTable, pack_paths
from smartdownsample.sampling import lay_out

PATHS = ["b/1.jpg", "b/2.jpg", "a/3.jpg", "a/4.jpg"]


def make(**told: list[str | None]) -> FeatureTable:
    rows = [{name: values[i] for name, values in told.items()} for i in range(len(PATHS))]
    return replace(
        make_table(len(PATHS)),
        paths=pack_paths(PATHS),
        details=pa.Table.from_pylist(rows, schema=DETAILS),
    )


def test_folders_are_cameras_where_nothing_else_is_known() -> None:
    """In order of first appearance."""
    assert number_cameras(replace(make_table(4), paths=pack_paths(PATHS))).tolist() == [0, 0, 1, 1]
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


@pytest.mark.parametrize(
    ("path", "camera"),
    [
        ("site/cam_1/a.jpg", "site/cam_1"),
        ("site/cam_1/100RECNX/a.jpg", "site/cam_1"),
        ("cam/101EK113/a.jpg", "cam"),
        ("cam/100_BTCF/x/a.jpg", "cam/x"),
        ("cam/DCIM/100MEDIA/a.jpg", "cam/DCIM"),
        ("cam/100DSCIM/a.jpg", "cam"),
        ("cam/100RECNX_old/a.jpg", "cam/100RECNX_old"),
        ("100RECNX/a.jpg", "."),
        ("a.jpg", "."),
    ],
)
def test_overflow_folders_are_no_part_of_a_camera(path: str, camera: str) -> None:
    """Cameras make one when another is full."""
    assert name_camera_folder(path) == camera


def test_the_folders_of_a_full_card_are_one_camera() -> None:
    """However they are spelt; the numbers are in order of first appearance."""
    paths = ["b/101RECNX/1.jpg", "a/1.jpg", "./b/100RECNX/1.jpg", "b/c/1.jpg", "b/2.jpg"]
    table = replace(make_table(5), paths=pack_paths(paths))
    assert number_cameras(table).tolist() == [0, 1, 0, 2, 0]
    assert number_cameras(replace(make_table(0), paths=pack_paths([]))).tolist() == []


def test_failures_are_of_the_camera_of_their_folder() -> None:
    """Of none where a document tells several there; where nothing else is, of one more."""
    failed = ["b/x.jpg", "a/x.jpg", "c/100EK113/x.jpg", "c/y.jpg"]
    failures = tuple(Failure(path, Cause.EMPTY) for path in failed)
    told = replace(make(location=["x", "y", "z", "z"]), failures=failures)
    cameras = find_cameras(told)
    assert cameras.of_items.tolist() == [0, 1, 2, 2]
    assert cameras.of_failures.tolist() == [-1, 2, 3, 3]
    assert (len(cameras), cameras.n_readable) == (4, 3)
    assert name_found_cameras(told, cameras, PATHS, failed) == ["x", "y", "z", "c"]
    assert [call_camera(each) for each in (told, make(), make_table(1))] == [
        *("camera", "folder", "folder"),
    ]
    cameras = find_cameras(replace(told, details=None))
    assert (cameras.of_items.tolist(), cameras.of_failures.tolist()) == ([0, 0, 1, 1], [0, 1, 2, 2])


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ({"location": ["x", "y", None, ""]}, ["x", "y", "a", "a"]),
        ({"deployment": ["d", None, "e", None], "location": ["x", "y", "x", None]}, [*"dyea"]),
    ],
)
def test_names_follow_the_same_rule(told: dict[str, list[str | None]], names: list[str]) -> None:
    """Deployment, location, folder; `groups="camera"` is by these names."""
    table = make(**told)
    assert name_cameras(PATHS, table.details) == names
    assert name_cameras(PATHS, None) == ["b", "b", "a", "a"]
    assert list_facts(PATHS, table.details, "camera") == names


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
