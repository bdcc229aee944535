"""Near-duplicates are of one scene, and nothing in them has changed."""

import numpy as np
import pytest

from pools import SPEC, make_rows
from smartdownsample.records import ByteArray
from smartdownsample.sampling.near_duplicates import are_near_duplicates


def compare(a: ByteArray, b: ByteArray) -> bool:
    (found,) = are_near_duplicates(make_rows(a), make_rows(b), SPEC)
    return bool(found)


def make_layout(change: float = 0, n_cells: int = 16) -> ByteArray:
    """Make a layout of 4×4 in which the lightness of some cells has changed."""
    lab = np.full((1, 16, 3), 100, dtype=np.float64)
    lab[:, :n_cells, 0] += change
    return lab.reshape(1, 48).astype(np.uint8)


@pytest.mark.parametrize(
    ("change", "n_cells", "expected"),
    [(0, 16, True), (5, 16, True), (6, 16, False), (8, 1, True), (9, 1, False), (23, 1, False)],
)
def test_the_mean_and_the_largest_change_decide(
    change: float, n_cells: int, *, expected: bool
) -> None:
    """Nine levels in one of sixteen cells are about two in the mean, but no small change."""
    assert compare(make_layout(), make_layout(change, n_cells)) == expected
    assert compare(make_layout(change, n_cells), make_layout()) == expected


def test_a_change_of_colour_counts_as_one_of_light() -> None:
    """All three channels of a cell together."""
    changed = make_layout().copy()
    changed[0, :3] += np.array([5, 5, 5], dtype=np.uint8)
    assert not compare(make_layout(), changed)  # 8.7 levels
    changed[0, :3] -= np.array([1, 1, 1], dtype=np.uint8)
    assert compare(make_layout(), changed)  # 6.9 levels


def test_no_pairs_are_none() -> None:
    """An empty collection is allowed."""
    rows = make_rows(np.zeros((0, 48), dtype=np.uint8))
    assert are_near_duplicates(rows, rows, SPEC).tolist() == []
