"""Picks that may not change by accident.

`picks.json` holds the rows that are picked from two computed collections, laid out in each way,
one of them large enough for its candidates to be compared in blocks. A changed pick is a changed
result for every user with a fixed seed. If it is meant, remove the file, write it anew with
``PYTHONPATH=tests python tests/golden/test_pick_goldens.py``, read what changed, and say so in
the changelog.

Collections are computed from whole numbers, and picked rows are whole numbers, so that the
goldens are the same on every machine.
"""

import json
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import pytest

from pools import make_bursts, make_pool, pick, scatter_bytes
from smartdownsample.records import Regime
from smartdownsample.sampling.pool import Pool

GOLDENS = Path(__file__).with_name("picks.json")
SEEDS = (0, 42)
# Of five strata in two groups.
N_STRATA = 5


class Case(NamedTuple):
    """What is picked: from how many items how many, how and with which seed."""

    n: int
    target_count: int
    regime: Regime
    seed: int
    is_kept: bool

    @property
    def name(self) -> str:
        """The name of the case in the file."""
        kept = ", kept" if self.is_kept else ""
        return f"{self.target_count} of {self.n}, {self.regime}, seed {self.seed}{kept}"


# Three points for each of 400 picks are more than are compared all with all.
CASES = [
    Case(n, target_count, regime, seed, is_kept)
    for (n, target_count), regime, seed, is_kept in product(
        ((300, 24), (4000, 400)), get_args(Regime), SEEDS, (False, True)
    )
]


def make_golden_pool(n: int, regime: Regime, *, is_kept: bool) -> Pool:
    """Compute bursts of different length, some scenes coming back, in buckets of two groups."""
    numbers = scatter_bytes(n, 1, 1)[:, 0].astype(np.int64)
    visits = np.cumsum(numbers < 40)
    scenes = np.where(visits % 3 == 0, visits % 17, visits)
    groups = (np.arange(n) >= n * 2 // 3).astype(np.int64)
    strata = np.where(groups == 0, visits % 7 % 3, 3 + (visits % 11 == 0))
    rows = make_bursts(scenes, seed=2)
    ms = visits * 90_000 + np.arange(n)
    rows["captured"] = np.datetime64("2024-05-01", "ms") + ms.astype("timedelta64[ms]")
    kept = np.arange(5, n, 37) if is_kept else np.zeros(0, dtype=np.int64)
    return make_pool(rows, strata, kept, groups=groups, regime=regime)


def pick_case(case: Case) -> list[int]:
    """Pick as many as the case asks for, two thirds of the first group."""
    pool = make_golden_pool(case.n, case.regime, is_kept=case.is_kept)
    n_first = case.target_count * 2 // 3
    counts = [n_first, case.target_count - n_first]
    return pick(pool, counts, case.seed, is_represented=[True] * N_STRATA)


def read_goldens() -> dict[str, list[int]]:
    goldens: dict[str, list[int]] = json.loads(GOLDENS.read_text(encoding="utf-8"))
    return goldens


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_picks_are_those_of_the_seed(case: Case) -> None:
    """The same collection, target and seed give the same selection in every release."""
    assert pick_case(case) == read_goldens()[case.name]


def test_goldens_are_of_these_cases() -> None:
    """None is left over, all are as many as asked for, and none two are alike."""
    goldens = read_goldens()
    assert list(goldens) == [case.name for case in CASES]
    assert [len(set(goldens[case.name])) for case in CASES] == [case.target_count for case in CASES]
    assert len({tuple(rows) for rows in goldens.values()}) == len(CASES)


def test_golden_collections_are_of_many_looks_and_buckets() -> None:
    """Every bucket has items and kept ones; a part of the items looks like others."""
    for n in (300, 4000):
        pool = make_golden_pool(n, "ordered", is_kept=True)
        assert np.bincount(pool.strata).min() > 0
        assert np.bincount(pool.strata[pool.is_kept]).min() > 0
        assert len(np.unique(pool.rows["lab_layout"], axis=0)) > n // 2


def list_lines() -> Iterator[str]:
    """List the lines of the file, one for each case."""
    for case in CASES:
        yield f" {json.dumps(case.name)}: {json.dumps(pick_case(case))}"


def write_goldens() -> None:
    """Write the goldens; refuse to replace any."""
    with GOLDENS.open("x", encoding="utf-8") as file:
        file.write("{\n" + ",\n".join(list_lines()) + "\n}\n")
    sys.stdout.write(f"Wrote {GOLDENS}. Read it before you commit it.\n")


if __name__ == "__main__":
    write_goldens()
