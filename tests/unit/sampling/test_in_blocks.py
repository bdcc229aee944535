"""Sums and selections are the same to the last bit, however many places are looked at at a time."""

from typing import Any

import numpy as np
import pytest

from feature_tables import make_table
from smartdownsample import ImageIndex
from smartdownsample.sampling import in_blocks
from smartdownsample.sampling.in_blocks import count_by, find_nth, sum_by


@pytest.fixture(params=[1, 7, 100, 1000])
def _small_blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at few places at a time."""
    monkeypatch.setattr(in_blocks, "_BLOCK", request.param)


@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize("n_keys", [1, 2, 50])
def test_sums_are_those_of_bincount(n_keys: int) -> None:
    """Of weights of any size, whose sum depends on the order."""
    rng = np.random.default_rng(n_keys)
    keys = rng.integers(0, n_keys, 500).astype(np.int32)
    weights = rng.random(500) ** 8 * 10.0 ** rng.integers(-8, 8, 500)
    where = rng.random(500) < 0.3
    assert sum_by(keys, weights, n_keys).tolist() == np.bincount(keys, weights, n_keys).tolist()
    assert count_by(keys, n_keys).tolist() == np.bincount(keys, minlength=n_keys).tolist()
    counted = np.bincount(keys[where], minlength=n_keys)
    assert count_by(keys, n_keys, where).tolist() == counted.tolist()
    marked = np.flatnonzero(where)
    numbers = np.arange(0, len(marked), 3)
    assert find_nth(where, numbers).tolist() == marked[numbers].tolist()
    assert sum_by(keys[:0], weights[:0], n_keys).tolist() == [0.0] * n_keys


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"spread": "order"},
        {"spread": "visual"},
        {"quotas": "equal"},
        {"groups": "parent", "balance": 0.5},
        {"max_per_sequence": 2},
        {"keep": np.arange(0, 400, 31)},
    ],
    ids=str,
)
@pytest.mark.parametrize("regime", ["timed", "untimed"])
def test_selections_do_not_depend_on_blocks(
    options: dict[str, Any], regime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do rankings."""
    table = make_table(400, seed=3)
    table.rows["width"], table.rows["height"] = 4000, 3000
    if regime == "untimed":
        table.rows["captured"] = np.datetime64("NaT", "ms")
    rows = []
    for block in (1 << 19, 13):
        monkeypatch.setattr(in_blocks, "_BLOCK", block)
        index = ImageIndex(table)
        counts = (4, 40, 150)
        picked = [index.sample(count, **options).rows.tolist() for count in counts]
        rows.append([*picked, index.rank(30, **options).rows.tolist()])
    assert rows[0] == rows[1]
