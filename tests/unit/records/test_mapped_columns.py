"""Columns that lie in files, looked at a few rows at a time."""

from pathlib import Path

import numpy as np
import pytest

from smartdownsample.records import ColumnFile, PackedPaths, encode_path, take_field, take_rows
from smartdownsample.records import mapped_columns as module
from smartdownsample.records.mapped_columns import split_scattered

N = 1000
DTYPE = np.dtype([("a", np.uint8, (3,)), ("b", np.int64)])


def map_values(values: np.ndarray, folder: Path) -> np.ndarray:
    """Write values to a file, and map it."""
    file = ColumnFile(values.dtype, folder)
    file.append(values)
    mapped = file.map()
    file.close()
    return mapped


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small arrays be split."""
    monkeypatch.setattr(module, "_BLOCK", 50)
    monkeypatch.setattr(module, "_SCATTERED", 7)


@pytest.mark.parametrize("n", [0, 1, 3, 400])
@pytest.mark.parametrize("is_sorted", [True, False])
def test_what_is_taken_is_the_same_as_of_any_array(
    n: int, tmp_path: Path, *, is_sorted: bool
) -> None:
    """In any order, also when places repeat."""
    rng = np.random.default_rng(n)
    values = np.zeros(N, dtype=DTYPE)
    values["a"], values["b"] = rng.integers(0, 256, (N, 3)), np.arange(N)
    mapped = map_values(values, tmp_path)
    places = rng.integers(N, size=n)
    if is_sorted:
        places.sort()
    np.testing.assert_array_equal(take_rows(mapped, places), values[places])
    np.testing.assert_array_equal(take_field(mapped, "b"), values["b"])


@pytest.mark.parametrize("is_sorted", [True, False])
def test_paths_are_taken_likewise(tmp_path: Path, *, is_sorted: bool) -> None:
    """In any order."""
    names = [f"/data/ü{i}.jpg" for i in range(N)]
    encoded = list(map(encode_path, names))
    letters = map_values(np.frombuffer(b"".join(encoded), np.uint8), tmp_path)
    ends = map_values(np.cumsum([0, *map(len, encoded)]), tmp_path)
    paths = PackedPaths.of_columns(letters, ends)
    places = np.random.default_rng(0).integers(N, size=300)
    if is_sorted:
        places.sort()
    assert paths.list_some(places) == [names[place] for place in places]
    assert list(paths) == names
    assert paths.pack(np.arange(20, 90)).to_pylist() == encoded[20:90]


@pytest.mark.parametrize(("step", "n_most"), [(1, 50), (3, 17), (20, 7), (100, 7)])
def test_stretches_are_short_where_places_are_far_apart(step: int, n_most: int) -> None:
    """Around each place the system brings much more than is looked at."""
    places = np.arange(0, N, step)
    stretches = list(split_scattered(places))
    assert [place for some in stretches for place in places[some].tolist()] == places.tolist()
    assert {some.stop - some.start for some in stretches[:-1]} == {n_most}


def test_places_in_no_order_are_always_far_apart() -> None:
    """Whatever they are."""
    stretches = list(split_scattered(np.array([3, 2] * 10)))
    assert [some.stop - some.start for some in stretches] == [7, 7, 7]
