"""Rows of many groups in natural order."""

from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pytest

from smartdownsample.store import natural_merge
from smartdownsample.store.natural_merge import merge_naturally


def merge(groups: Sequence[Sequence[tuple[bytes, int]]]) -> list[tuple[bytes, int]]:
    """Merge groups of keys and ties; no key is in two of the tables that come out."""
    tables = [
        pa.table(
            {
                "order_key": pa.array([key for key, _ in group], pa.large_binary()),
                "tie": pa.array([tie for _, tie in group], pa.int64()),
            }
        )
        for group in groups
    ]
    smallest = [min(key for key, _ in group) for group in groups]
    ordered = sorted(zip(smallest, tables, strict=True), key=itemgetter(0))
    merged = list(merge_naturally(ordered, ["tie"]))
    for before, after in pairwise(merged):
        assert before["order_key"][-1].as_py() < after["order_key"][0].as_py()
    return [
        (key, tie)
        for table in merged
        for key, tie in zip(table["order_key"].to_pylist(), table["tie"].to_pylist(), strict=True)
    ]


@pytest.mark.parametrize("n_sorted", [1, 7, 1 << 17])
@pytest.mark.parametrize("seed", range(5))
def test_rows_come_as_if_all_were_sorted(
    seed: int, n_sorted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However groups overlap, and with repeated keys."""
    monkeypatch.setattr(natural_merge, "_SORTED_ROWS", n_sorted)
    rng = np.random.default_rng(seed)
    groups = []
    for _ in range(30):
        start, n = int(rng.integers(500)), int(rng.integers(1, 20))
        keys = start + rng.integers(0, int(rng.integers(1, 200)), n)
        groups.append([(b"%04d" % key, int(rng.integers(10**6))) for key in keys])
    assert merge(groups) == sorted(row for group in groups for row in group)


def test_nothing_comes_of_nothing() -> None:
    """Without groups there are no tables."""
    assert merge([]) == []
