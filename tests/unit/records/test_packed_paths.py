"""Paths in one array look like the lists that they stand in for."""

import copy
import os
import pickle

import numpy as np
import pytest

from smartdownsample.items.locations import pack_locations, to_key
from smartdownsample.records import PackedKeys, list_some, pack_keys, pack_paths

ODD = ["", "a", "naïve 東.jpg", os.fsdecode(b"caf\xe9"), "\udcc3\udca9", "a\0b", "x" * 5000]


@pytest.mark.parametrize("repeats", [1, 1000])
def test_strings_come_back_as_they_were(repeats: int) -> None:
    """Also those that have no form in bytes of their own, and empty ones."""
    names = ODD * repeats
    packed = pack_paths(names)
    assert list(packed) == names
    assert packed == names
    assert packed != names[1:]
    assert [packed[i] for i in range(-len(ODD), len(ODD))] == [
        names[i] for i in range(-len(ODD), len(ODD))
    ]
    assert packed[2:5] == names[2:5]
    assert packed[::-1] == names[::-1]
    with pytest.raises(IndexError, match="none at"):
        packed[len(names)]


def test_some_are_taken_in_any_order() -> None:
    """And again from what was taken."""
    keys = [b"c", b"", b"abc", b"\xff"]
    packed = pack_keys(keys)
    taken = packed.take(np.array([3, 0, 0, 2]))
    assert taken == [b"\xff", b"c", b"c", b"abc"]
    assert taken.take(np.array([3, 1])) == [b"abc", b"c"]
    assert taken.pack().to_pylist() == [*taken]
    assert list_some(taken, np.array([2, 0])) == list_some([*taken], np.array([2, 0]))
    assert PackedKeys(packed.pack().slice(1, 2)) == keys[1:3]
    assert list_some(packed, np.zeros(0, dtype=np.int64)) == []


@pytest.mark.parametrize(
    "paths",
    [
        [],
        ["/a/b.jpg", "/a/ü.jpg"],
        ["/a//b.jpg", "/c"],
        ["a.jpg", "/b"],
        [os.fsdecode(b"/caf\xe9")],
        [f"/a/{i}.jpg" for i in range(20_000)],
    ],
)
def test_paths_and_keys_are_those_of_single_paths(paths: list[str]) -> None:
    """Whether or not they share their bytes."""
    spelt, keys = pack_locations(paths)
    assert spelt == paths
    assert keys == [to_key(path) for path in paths]


def test_they_are_pickled_and_copied_with_what_was_taken() -> None:
    """As for other processes; no more than what was taken goes along."""
    taken = pack_paths(ODD * 1000).take(np.array([2, 0, 2]))
    pickled = pickle.dumps(taken)
    unpickled = pickle.loads(pickled)  # noqa: S301 - made above
    assert unpickled == copy.deepcopy(taken) == [ODD[2], ODD[0], ODD[2]]
    assert len(pickled) < 1000
