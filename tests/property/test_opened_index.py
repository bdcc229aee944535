"""A selection from what a store knows, read in a stream, is that from the same rows in memory."""

import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feature_tables import SPEC, make_table
from smartdownsample import ImageIndex, ShortfallWarning
from smartdownsample.items import encode_order_key
from smartdownsample.records import (
    Cause,
    Failure,
    FeatureBatch,
    FeatureTable,
    mapped_columns,
    packed_paths,
    whole_photos,
)
from smartdownsample.sampling import buckets, distances, layout
from smartdownsample.store import FeatureStore, natural_merge, part
from smartdownsample.store import make_table as make_rows
from whole_photos import photo_table

# More images are asked for than groups and sequences may give.
pytestmark = pytest.mark.filterwarnings("ignore::smartdownsample.ShortfallWarning")

ROOT = "/photos of all"
N_MOST = 80


@pytest.fixture(autouse=True, scope="module")
def _in_small_blocks() -> Iterator[None]:
    """Take few rows at a time, so that all borders are met."""
    with pytest.MonkeyPatch.context() as patch:
        # Costs half of the time, and shows only after a power cut.
        patch.setattr(os, "fsync", lambda _descriptor: None)
        patch.setattr(natural_merge, "_SORTED_ROWS", 7)
        patch.setattr(part, "_ROW_GROUP_ROWS", 5)
        patch.setattr(mapped_columns, "_BLOCK", 11)
        patch.setattr(packed_paths, "_BLOCK", 3)
        for module in (buckets, distances, layout):
            patch.setattr(module, "_BATCH_ROWS", 13)
        yield


def name_files(n: int, rng: np.random.Generator) -> list[str]:
    """Name files so that natural order is not that of bytes, in folders within one another."""
    folders = ["", "b/", "b/10/", "b/9/", "a/cam_2/", "a/cam_10/"]
    numbers = rng.permutation(3 * n)[:n].tolist()
    return [
        f"{ROOT}/{folders[int(rng.integers(len(folders)))]}IMG_{'0' * int(rng.integers(2))}{number}"
        for number in numbers
    ]


def store_rows(
    cache_dir: Path, table: FeatureTable, causes: Sequence[Cause | None], rng: np.random.Generator
) -> None:
    """Store rows of a table in a few parts, and before them rows that do not count any more."""
    n = len(table)
    store = FeatureStore(SPEC, cache_dir)
    old = rng.permutation(n)[: n // 3]
    others = np.array_split(rng.permutation(n), int(rng.integers(1, 5)))
    for number, places in enumerate([old, *others]):
        if not len(places):
            continue
        keys = [table.paths[place].encode() for place in places.tolist()]
        rows = table.rows[places].copy()
        if number == 0:
            rows["dhash"] ^= 255
        frames, regions = whole_photos(len(places))
        batch = FeatureBatch(
            items=places,
            keys=keys,
            order_keys=list(map(encode_order_key, keys)),
            frames=frames,
            regions=regions,
            mtime_ns=places,
            size_bytes=places,
            rows=rows,
            causes=[causes[place] if number else None for place in places.tolist()],
            is_lasting=np.ones(len(places), dtype=np.bool_),
        )
        store.add_rows(make_rows([batch], store.schema))


def make_collection(n: int, seed: int, *, is_timed: bool) -> tuple[FeatureTable, Any]:
    """Make a table of all rows in natural order, and the cause of each that failed."""
    rng = np.random.default_rng(seed)
    made = make_table(n, seed=seed, burst=int(rng.integers(1, 9)))
    rows = made.rows
    rows["width"], rows["height"] = 4000, 3000
    if not is_timed:
        rows["captured"] = np.datetime64("NaT", "ms")
    names = name_files(n, rng)
    if rng.random() < 0.5:  # else looks have nothing to do with names
        names.sort(key=lambda name: (encode_order_key(name.encode()), name.encode()))
    causes = [Cause.EMPTY if failed else None for failed in (rng.random(n) < 0.1).tolist()]
    return photo_table(SPEC, names, rows), causes


def in_memory(table: FeatureTable, causes: Sequence[Cause | None]) -> FeatureTable:
    """Put rows in natural order, and leave out those that failed."""
    names = list(table.paths)
    keys = [name.encode() for name in names]
    order = sorted(range(len(keys)), key=lambda row: (encode_order_key(keys[row]), keys[row]))
    good = [row for row in order if causes[row] is None]
    failures = (Failure(names[row], cause) for row in order if (cause := causes[row]) is not None)
    places = [place for place, row in enumerate(order) if causes[row] is None]
    return photo_table(
        SPEC,
        [names[row] for row in good],
        table.rows[good],
        tuple(failures),
        indices=np.array(places, dtype=np.int64),
        n_given=len(names),
    )


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    n=st.integers(1, N_MOST),
    seed=st.integers(0, 2**32),
    regime=st.sampled_from(["timed", "untimed"]),
    count=st.integers(0, N_MOST),
    options=st.fixed_dictionaries(
        {},
        optional={
            "spread": st.sampled_from(["joint", "order", "visual"]),
            "quotas": st.sampled_from(["proportional", "equal", "two-phase"]),
            "max_per_sequence": st.integers(1, 4),
            "skip_flat": st.booleans(),
        },
    ),
    balance=st.sampled_from([None, 0.0, 0.5, 1.0]),
    n_kept=st.integers(0, 5),
)
def test_a_streamed_selection_is_that_in_memory(
    n: int,
    seed: int,
    regime: str,
    count: int,
    options: dict[str, Any],
    balance: float | None,
    n_kept: int,
) -> None:
    """For any collection, options and seed; and so are paths, failures and rankings."""
    table, causes = make_collection(n, seed, is_timed=regime == "timed")
    expected = ImageIndex(in_memory(table, causes))
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", ShortfallWarning)
        store_rows(Path(folder), table, causes, np.random.default_rng(seed))
        opened = ImageIndex.open(folder, ROOT)
        assert opened.paths == expected.paths
        assert opened.failures == expected.failures
        assert opened.table.rows.tobytes() == expected.table.rows.tobytes()
        assert opened.table.indices.tolist() == expected.table.indices.tolist()
        assert opened.codes.tolist() == expected.codes.tolist()
        if not len(expected):
            return
        keep = expected.paths[:: len(expected) // n_kept + 1] if n_kept else ()
        options = options | {"keep": keep}
        if balance is not None:
            options |= {"groups": "parent", "balance": balance}
        if keep and options.get("quotas") == "two-phase":
            options.pop("quotas")
        one = opened.sample(count, random_seed=seed, **options)
        other = expected.sample(count, random_seed=seed, **options)
        assert one.rows.tolist() == other.rows.tolist()
        assert one.paths == other.paths
        assert one.indices.tolist() == other.indices.tolist()
        if options.get("quotas") != "two-phase":
            ranked = [
                index.rank(count, random_seed=seed, **options).paths for index in (opened, expected)
            ]
            assert ranked[0] == ranked[1]
        del opened, one
