"""Known and new features together, in natural order."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from smartdownsample.features.spec import make_spec
from smartdownsample.gathering import ordered_features
from smartdownsample.gathering.ordered_features import order_features
from smartdownsample.items import encode_order_key
from smartdownsample.records import Cause, FeatureBatch, FileStats, IntArray
from smartdownsample.store import FeatureStore, KnownFeatures, make_table
from whole_photos import list_photos, photo_batch

SPEC = make_spec(8, "fast")
# In natural order. Each number is there with and without a leading zero: order keys are equal.
KEYS = [b"/%d/IMG_%s%d.JPG" % (i // 40, b"0" * (i % 2 == 0), i // 2 + 1) for i in range(240)]


def make_batch(numbers: IntArray, places: IntArray, unreadable: set[int]) -> FeatureBatch:
    """Make a batch of some of the keys, whose widths are their numbers plus one."""
    rows = np.zeros(len(numbers), dtype=SPEC.row_dtype)
    rows["width"], rows["height"] = numbers + 1, 1
    keys = [KEYS[number] for number in numbers.tolist()]
    batch = photo_batch(
        keys,
        rows=rows,
        mtime_ns=np.full(len(numbers), 10),
        size_bytes=np.full(len(numbers), 100),
        causes=[Cause.EMPTY if number in unreadable else None for number in numbers.tolist()],
        is_lasting=np.ones(len(numbers), dtype=np.bool_),
    )
    return replace(batch, items=places, order_keys=list(map(encode_order_key, keys)))


@pytest.mark.parametrize("n_known", [0, 1, 30, 120, 239, 240])
def test_any_split_gives_the_same(
    n_known: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever are known; items that cannot be used are in their places, too."""
    monkeypatch.setattr(ordered_features, "_BLOCK", 7)
    rng = np.random.default_rng(n_known)
    given = rng.permutation(len(KEYS))  # the number of each item
    unreadable = set(rng.choice(len(KEYS), 20, replace=False).tolist())
    items = list_photos([KEYS[number] for number in given.tolist()])
    order = rng.permutation(len(KEYS))
    known_items, new_items = order[:n_known], order[n_known:]
    with FeatureStore(SPEC, tmp_path) as store:
        if n_known:
            store.append(make_batch(given[known_items], known_items, unreadable))
    stats = FileStats(np.full(len(KEYS), 10), np.full(len(KEYS), 100), {})
    known = FeatureStore(SPEC, tmp_path).look_up_rows(items, stats)
    assert known.misses.tolist() == sorted(new_items.tolist())
    batch = make_batch(given[new_items], new_items, unreadable)
    new = KnownFeatures(make_table([batch], store.schema), new_items, known.misses)
    ordered = order_features(SPEC, known, new if len(new_items) else None, items)
    in_order = np.argsort(given).tolist()
    readable = [item for item in in_order if given[item] not in unreadable]
    assert ordered.everything.tolist() == in_order
    assert ordered.items.tolist() == readable
    assert ordered.rows["width"].tolist() == (given[readable] + 1).tolist()
    failed = [item for item in in_order if given[item] in unreadable]
    assert ordered.causes == [(item, Cause.EMPTY) for item in failed]
    assert ordered.ranks[in_order].tolist() == list(range(len(KEYS)))


def test_keys_are_in_natural_order() -> None:
    """As the test above takes for granted."""
    assert sorted(KEYS, key=lambda key: (encode_order_key(key), key)) == KEYS
    assert len({encode_order_key(key) for key in KEYS}) == len(KEYS) // 2
