"""Tests of smartdownsample.results.explain_selection."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pools import SPEC, make_bursts, make_rows, make_scattered_rows
from smartdownsample import Selection
from smartdownsample.records import Collection, GroupLabels, RowArray
from smartdownsample.results import explain_selection
from smartdownsample.sampling import lay_out
from smartdownsample.sampling.buckets import encode_buckets
from smartdownsample.sampling.distances import DISTANCE_SCALE, measure_distances
from whole_photos import photo_table

SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("index", pa.int64()),
        ("bucket", pa.string()),
        ("group", pa.string()),
        ("captured", pa.timestamp("ms")),
        ("width", pa.uint32()),
        ("height", pa.uint32()),
        ("n_represented", pa.int64()),
        ("quality", pa.string()),
        ("bucket_bits", pa.string()),
        ("rank", pa.int64()),
        ("nearest_path", pa.string()),
        ("distance", pa.float32()),
        ("reason", pa.string()),
    ]
)


def make_selection(
    rows: RowArray,
    selected: Sequence[int],
    earlier: Sequence[int] = (),
    labels: GroupLabels | None = None,
    paths: list[str] | None = None,
) -> Selection:
    """Make a selection of a collection whose list was given backwards."""
    n = len(rows)
    paths = paths or [f"camera/{row}.jpg" for row in range(n)]
    table = photo_table(SPEC, paths, rows, indices=np.arange(n)[::-1].copy())
    return Selection(
        Collection(table, encode_buckets(rows, SPEC), lay_out(table)),
        np.array(selected, dtype=np.int64),
        len(selected),
        7,
        labels,
        np.array(earlier, dtype=np.int64),
    )


def explain(selection: Selection, random_seed: int = 42) -> dict[str, list[Any]]:
    table = explain_selection(selection, random_seed)
    assert table.schema == SCHEMA
    table.validate(full=True)
    columns: dict[str, list[Any]] = table.to_pydict()
    return columns


def test_capture_times_are_given_where_they_are_known() -> None:
    """Others are null."""
    rows = make_scattered_rows(3, 1)
    rows["captured"] = np.array(["2023-05-01T12:00:00.250", "NaT", "1969-12-31T23:59:59"], "M8[ms]")
    assert explain(make_selection(rows, [0, 1, 2]))["captured"] == [
        datetime(2023, 5, 1, 12, 0, 0, 250_000),  # noqa: DTZ001 # the camera's clock has no zone
        None,
        datetime(1969, 12, 31, 23, 59, 59),  # noqa: DTZ001
    ]


def test_ranks_count_from_zero_and_the_seed_decides() -> None:
    """Each rank is given once."""
    selection = make_selection(make_scattered_rows(100, 1), range(0, 100, 2))
    ranks = [explain(selection, seed)["rank"] for seed in (1, 1, 2)]
    assert sorted(ranks[0]) == list(range(50))
    assert ranks[0] == ranks[1] != ranks[2]


def test_the_first_ranks_are_of_different_scenes() -> None:
    """Of eight scenes with eight selected frames each, as good as all are among the first twelve.

    What is not selected does not matter.
    """
    scenes = np.arange(512) // 64
    selection = make_selection(make_bursts(scenes), range(0, 512, 8))
    ranks = np.array(explain(selection)["rank"])
    assert len(set(scenes[selection.rows[ranks < 12]].tolist())) >= 7


@pytest.mark.parametrize("earlier", [[], [1, 50, 299]])
def test_the_nearest_other_item_is_the_true_one(earlier: list[int]) -> None:
    """Compared with measuring all pairs one by one; those selected before count as well."""
    rows = make_bursts(np.arange(300) // 5)
    selected = [row for row in range(0, 300, 2) if row not in earlier]
    selection = make_selection(rows, selected, earlier)
    columns = explain(selection)
    found = set()
    for row, path, level in zip(
        selected, columns["nearest_path"], columns["distance"], strict=True
    ):
        others = np.array([other for other in [*selected, *earlier] if other != row])
        own = np.repeat(rows[row : row + 1], len(others))
        distances = measure_distances(own, rows[others], SPEC)
        nearest = int(path.removeprefix("camera/").removesuffix(".jpg"))
        assert nearest in others[distances == distances.min()]
        assert level == distances.min() / DISTANCE_SCALE
        found.add(nearest)
    assert bool(found & set(earlier)) == bool(earlier), "the rows do not test it"


def test_an_item_that_looks_the_same_is_the_nearest_not_the_item_itself() -> None:
    """At a distance of nothing."""
    rows = make_rows(np.full((3, 48), 9, dtype=np.uint8))
    columns = explain(make_selection(rows, [0, 1, 2]))
    assert columns["nearest_path"] == ["camera/1.jpg", "camera/0.jpg", "camera/0.jpg"]
    assert columns["distance"] == [0, 0, 0]


@pytest.mark.parametrize("selected", [[], [4]])
def test_where_there_is_no_other_item_none_is_the_nearest(selected: list[int]) -> None:
    """An empty selection has a table as well, of the same columns."""
    columns = explain(make_selection(make_scattered_rows(9, 1), selected))
    assert columns["rank"] == list(range(len(selected)))
    assert columns["nearest_path"] == columns["distance"] == [None] * len(selected)


def test_a_single_item_may_have_one_that_was_selected_before() -> None:
    """The only other item is the nearest."""
    columns = explain(make_selection(make_scattered_rows(9, 1), [4], earlier=[8]))
    assert columns["nearest_path"] == ["camera/8.jpg"]


def test_paths_may_be_no_unicode() -> None:
    """Their bytes are escaped; the index still tells which file is meant."""
    paths = ["ä.jpg", "\udcff.jpg"]
    columns = explain(make_selection(make_scattered_rows(2, 1), [0, 1], paths=paths))
    assert columns["path"] == ["ä.jpg", "\\udcff.jpg"]
    assert columns["nearest_path"] == ["\\udcff.jpg", "ä.jpg"]


def test_pandas_is_not_imported() -> None:
    """It takes longer than the table does."""
    folders = [__file__.rpartition("/unit/")[0], __file__.rpartition("/")[0]]
    script = (
        f"import sys; sys.path[:0] = {folders}\n"
        "from test_explain import explain_selection, make_scattered_rows, make_selection\n"
        "explain_selection(make_selection(make_scattered_rows(9, 1), [1, 2]))\n"
        "sys.exit('pandas' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_selection_is_not_changed() -> None:
    """Nor is its collection."""
    rows = make_scattered_rows(40, 1)
    before = rows.copy()
    selection = make_selection(rows, range(0, 40, 3), earlier=[1])
    explain_selection(selection)
    assert rows.tobytes() == before.tobytes()
    assert selection.rows.tolist() == list(range(0, 40, 3))
