"""Tests of smartdownsample.items.shards."""

import os
import unicodedata
from collections import Counter

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from smartdownsample.items import Shard

NAMES = [b"site_%d/cam_%d/IMG_%04d.JPG" % (i // 500, i // 100, i) for i in range(4_000)]
COUNT = 16


def below(root: bytes, names: list[bytes]) -> list[bytes]:
    return [os.path.join(root, name) for name in names]


def number(keys: list[bytes], bases: set[bytes], count: int, *, folders: bool = False) -> list[int]:
    """Tell the shard of each file; it is in exactly one."""
    shards = [Shard(i + 1, count, folders) for i in range(count)]
    held = np.array([shard.hold(keys, bases) for shard in shards])
    assert (held.sum(axis=0) == 1).all()
    return [int(place) for place in held.argmax(axis=0)]


def test_every_image_is_in_one_shard_and_all_are_of_a_size() -> None:
    """Within what chance allows: a sixteenth of 4,000 is 250, and four deviations are 61."""
    counts = Counter(number(below(b"/photos", NAMES), {b"/photos"}, COUNT))
    assert set(counts) == set(range(COUNT))
    assert max(abs(count - 250) for count in counts.values()) <= 61


def test_shards_are_the_same_below_another_root_and_in_another_order() -> None:
    """On another machine, and when files were added."""
    expected = number(below(b"/photos", NAMES), {b"/photos"}, COUNT)
    order = np.random.default_rng(1).permutation(len(NAMES))
    shuffled = [NAMES[i] for i in order] + [b"new.jpg"]
    found = number(below(b"/mnt/disk 2/x", shuffled), {b"/mnt/disk 2/x"}, COUNT)
    assert found[:-1] == [expected[i] for i in order]


def test_shards_never_change() -> None:
    """Machines of other releases take part."""
    assert number(below(b"/photos", NAMES[:12]), {b"/photos"}, 5) == list(map(int, "142312433403"))


def test_a_folder_can_stay_whole() -> None:
    """Where previews are trusted folder by folder."""
    shard_of: dict[bytes, set[int]] = {}
    for key, shard in zip(
        NAMES, number(below(b"/p", NAMES), {b"/p"}, 7, folders=True), strict=True
    ):
        shard_of.setdefault(os.path.dirname(key), set()).add(shard)
    assert all(len(shards) == 1 for shards in shard_of.values())
    assert len(set.union(*shard_of.values())) > 1


def test_paths_count_from_the_innermost_source() -> None:
    """Whatever other sources there are above it; without one the whole path counts."""
    keys = below(b"/photos/a", NAMES[:200])
    alone = number(keys, {b"/photos/a"}, COUNT)
    assert number(keys, {b"/", b"/photos", b"/photos/a", b"/photos/b"}, COUNT) == alone
    assert number(keys, {b"/photos"}, COUNT) != alone
    whole = number(keys, set(), COUNT)
    assert whole == number(keys, {b"/elsewhere"}, COUNT) == number(keys, {b"/"}, COUNT)


def test_accents_count_the_same_however_they_are_spelt() -> None:
    """As one character, or, as macOS has them, as two; names of no encoding are told apart."""
    name = "Forêt de Compiègne/é.jpg"
    spellings = [os.fsencode(unicodedata.normalize(form, name)) for form in ("NFC", "NFD")]
    assert spellings[0] != spellings[1]
    one, other = number(below(b"/p", spellings), {b"/p"}, 10_000 // 100)
    assert one == other
    assert len(set(number(below(b"/p", [b"\xff", b"\xfe", b"\xfd"]), {b"/p"}, 50))) > 1


@given(
    st.lists(st.binary(min_size=1, max_size=12).map(lambda name: name.replace(b"\0", b"/"))),
    st.integers(1, 9),
    st.booleans(),
)
def test_any_name_is_in_one_shard(names: list[bytes], count: int, folders: bool) -> None:  # noqa: FBT001 - drawn
    """Also those that are no Unicode."""
    keys = [os.path.normpath(b"/p/" + name) for name in names]
    if keys:
        number(keys, {b"/p"}, count, folders=folders)


@pytest.mark.parametrize("folders", [False, True])
def test_of_nothing_nothing_is_held(*, folders: bool) -> None:
    """As an empty array."""
    assert Shard(1, 3, folders).hold([], {b"/p"}).shape == (0,)
