"""Tests of smartdownsample.results.inspection."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from feature_tables import BURST_S, make_table
from pictures import SHARED_IMAGES
from smartdownsample import Failure, ImageIndex, inspect_index
from smartdownsample.features import tell_infrared
from smartdownsample.items import DETAILS
from smartdownsample.records import FLAG_TRUNCATED, Cause, pack_paths

TRUTHS = [SHARED_IMAGES / "camtrap" / name for name in ("TRUTH.csv", "TRUTH_bursts.csv")]


def test_the_figures_are_those_of_what_was_made() -> None:
    """Sequences of five, two seconds apart, that look alike; in three folders."""
    index = ImageIndex(make_table(60))
    found = inspect_index(index)
    assert list(found.cameras) == ["cam_0", "cam_1", "cam_2"]
    for figures in found.cameras.values():
        assert (figures.n_images, figures.n_sequences, figures.longest_sequence) == (20, 4, 5)
    total = found.total
    assert (total.n_images, total.n_sequences, total.longest_sequence) == (60, 12, 5)
    assert total.n_near_duplicates == 48
    assert total.n_captured == 60
    assert (total.first_captured, total.last_captured) == (
        "2024-01-01T00:00:00",
        "2024-01-01T11:00:08",
    )
    assert found.sizes == {"0x0": 60}


def test_the_gap_says_what_a_sequence_is() -> None:
    """With a pause of hours allowed each folder is one."""
    found = inspect_index(ImageIndex(make_table(60)), sequence_gap_s=2 * BURST_S)
    assert found.total.n_sequences == 3
    assert found.total.longest_sequence == 20


def test_sums_of_folders_are_those_of_all() -> None:
    """Every image is in one folder."""
    found = inspect_index(ImageIndex(make_table(100, seed=3)))
    for name in ("n_images", "n_infrared", "n_near_duplicates", "n_sequences", "n_captured"):
        of_folders = [getattr(figures, name) for figures in found.cameras.values()]
        assert sum(of_folders) == getattr(found.total, name)


def test_cameras_of_one_name_have_one_line() -> None:
    """As where a document tells the location of some images, and others are in such a folder."""
    rows = [{"location": name} for name in ("a", "a", "b", None, None)]
    table = replace(
        make_table(5),
        paths=pack_paths(["x/1.jpg", "y/2.jpg", "y/3.jpg", "a/4.jpg", "a/5.jpg"]),
        details=pa.Table.from_pylist(rows, schema=DETAILS),
        failures=(Failure("a/6.jpg", Cause.EMPTY),),
    )
    cameras = inspect_index(ImageIndex(table)).cameras
    counts = {name: (figures.n_images, figures.n_failed) for name, figures in cameras.items()}
    assert counts == {"a": (4, 1), "b": (1, 0)}


def test_images_without_colour_are_infrared() -> None:
    """Whatever their light; of one tint all over as well."""
    table = make_table(8)
    lab = table.rows["lab_layout"].reshape(8, 16, 3)
    lab[:] = [120, 128, 128]
    lab[:, ::2, 0] = 30
    assert inspect_index(ImageIndex(table)).total.n_infrared == 8
    lab[:2, :, 1:] += np.array([20, 7], dtype=np.uint8)  # violet, as some cameras take them
    assert inspect_index(ImageIndex(table)).total.n_infrared == 8
    lab[4:, ::4, 2] += np.uint8(30)  # a few leaves that are green
    assert inspect_index(ImageIndex(table)).total.n_infrared == 4


def test_photos_taken_at_night_are_told_from_those_of_the_day() -> None:
    """All of 510 real ones."""
    lines = [line for path in TRUTHS if path.exists() for line in read_truth(path)]
    if not lines:
        pytest.skip("there are no photos in ../shared/images")
    index = ImageIndex.build([path for path, _ in lines], cache=False)
    night = {path for path, is_infrared in lines if is_infrared}
    told = {index.paths[row] for row in np.flatnonzero(tell_infrared(index.table.rows))}
    assert len(lines) > 200
    assert told == night


def read_truth(path: Path) -> list[tuple[str, bool]]:
    """Read the paths of photos and whether they are infrared."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = [*csv.DictReader(file)]
    return [(str(SHARED_IMAGES / each["path"]), each["infrared"] == "1") for each in lines]


def test_what_is_wrong_is_counted() -> None:
    """Failures by cause, the most frequent first; truncated and repeated images."""
    table = make_table(4)
    table.rows["flags"][:2] = FLAG_TRUNCATED
    causes = (Cause.EMPTY, Cause.TEXT, Cause.TEXT)
    failures = tuple(Failure(f"{i}.jpg", cause) for i, cause in enumerate(causes))
    found = inspect_index(ImageIndex(replace(table, failures=failures, n_given=10)))
    assert list(found.failures.items()) == [(Cause.TEXT.value, 2), (Cause.EMPTY.value, 1)]
    assert (found.n_truncated, found.n_duplicates) == (2, 3)


def test_sizes_are_counted() -> None:
    """The most frequent first."""
    table = make_table(3)
    table.rows["width"], table.rows["height"] = [640, 2048, 2048], [480, 1536, 1536]
    assert list(inspect_index(ImageIndex(table)).sizes.items()) == [
        ("2048x1536", 2),
        ("640x480", 1),
    ]


@pytest.mark.parametrize("n", [0, 1])
def test_next_to_nothing_has_figures(n: int) -> None:
    """An only image looks like none before it; none have no times."""
    table = make_table(n)
    table.rows["captured"] = np.datetime64("NaT", "ms")
    total = inspect_index(ImageIndex(table)).total
    assert (total.n_images, total.n_sequences, total.n_near_duplicates) == (n, n, 0)
    assert (total.n_captured, total.first_captured, total.last_captured) == (0, None, None)
