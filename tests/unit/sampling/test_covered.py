"""What selections cover by looks, compared with a slow and obvious version."""

import numpy as np
import pytest

from feature_tables import make_table
from smartdownsample.records import BoolArray
from smartdownsample.sampling import covered, find_alike
from smartdownsample.sampling.distances import measure_distances
from smartdownsample.sampling.near_duplicates import SAME_SCENE


def select(n: int, *selections: list[int]) -> BoolArray:
    """Mark the items of some selections."""
    return np.array([np.isin(np.arange(n), rows) for rows in selections])


def test_items_that_look_like_a_selected_one_are_covered() -> None:
    """By each selection on its own, whatever the others have."""
    table = make_table(60, burst=6, seed=3)
    is_selected = select(60, [0, 7, 30], [7, 41, 59], [])
    is_alike, is_measured = find_alike(table, is_selected)
    assert is_measured.all()
    for marks, found in zip(is_selected, is_alike, strict=True):
        for item in range(60):
            row = table.rows[item : item + 1]
            others = table.rows[marks]
            near = measure_distances(np.repeat(row, len(others)), others, table.spec) < SAME_SCENE
            assert found[item] == near.any()
    assert is_alike[0, :12].all()
    assert not is_alike[2].any()


def test_an_empty_collection_has_nothing_to_cover() -> None:
    """Nor does it fail."""
    is_alike, is_measured = find_alike(make_table(0), np.zeros((2, 0), dtype=np.bool_))
    assert (is_alike.shape, is_measured.shape) == ((2, 0), (0,))


def test_random_items_stand_for_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same ones each time; what was not measured is not covered."""
    table, is_selected = make_table(300, burst=3), select(300, [0, 150], [150])
    exact, _ = find_alike(table, is_selected)
    monkeypatch.setattr(covered, "_MAX_PAIRS", 200)
    monkeypatch.setattr(covered, "_MIN_PROBES", 50)
    is_alike, is_measured = find_alike(table, is_selected)
    assert is_measured.sum() == 100
    assert np.array_equal(is_alike[:, is_measured], exact[:, is_measured])
    assert not is_alike[:, ~is_measured].any()
    again, _ = find_alike(table, is_selected)
    assert np.array_equal(is_alike, again)
