"""Tests of smartdownsample.locks.lock_file."""

import hashlib
import json
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample import InvalidParameterError, Lock
from smartdownsample.locks.lock_content import lock_folders
from smartdownsample.locks.lock_file import (
    LockContent,
    LockedPick,
    LockedRound,
    LockedSource,
    decode_lock,
    encode_lock,
    read_lock,
    sort_picks,
)

DIGEST = hashlib.sha256(b"").hexdigest()
NAMES = ["b/IMG_10.JPG", "b/IMG_2.JPG", "a.jpg", os.fsdecode(b"caf\xe9/\xff.jpg"), "naïve/東.jpg"]
ODD = ['a"b.jpg', "a\\b.jpg", "a\nb.jpg", "a\u2028b.jpg", "a\x85b\x7f.jpg", "\u202egpj.a", " .jpg"]


def make_content(names: list[str]) -> LockContent:
    """Make what a lockfile says of images of these names, the last of which is a crop."""
    picks = [LockedPick(name, 3, 10**18 + 7, DIGEST, 1) for name in names]
    if picks:
        picks[-1] = replace(picks[-1], region=(0.25, 0.5, 2**-16, 0.5), round=2)
    n = max(len(names) - 1, 0)
    rounds = [
        LockedRound(n, None, 2**80, n, 0, DIGEST, {"python": "3.10", "decoders": "a, b"}),
        LockedRound(len(names) - n, 1, None, 9, 1, DIGEST, {}),
    ]
    return LockContent(
        features="hash8-fast-v4",
        root="../photos",
        sources=[LockedSource(images="."), LockedSource(document="a.json", sha256=DIGEST)],
        keep=[],
        options={"spread": "joint", "balance": 0.5, "per_group": None, "exclude": ["a", "b"]},
        rounds=rounds,
        folders=lock_folders(dict.fromkeys(names, 5)),
        picks=sort_picks(picks),
    )


def forge(content: LockContent, **changes: Any) -> bytes:
    """Encode a lockfile with changed values, and with the checksum that fits."""
    return encode_lock(replace(content, **changes))


@pytest.mark.parametrize("names", [[], NAMES, ODD])
def test_a_lockfile_comes_back(names: list[str]) -> None:
    """With all that stands in it; the same content gives the same bytes."""
    content = make_content(names)
    data = encode_lock(content)
    assert decode_lock(data) == content
    assert encode_lock(decode_lock(data)) == data


@given(
    st.sets(
        st.binary(min_size=1, max_size=9).filter(lambda name: not {*b"/\0"} & {*name}), max_size=9
    )
)
def test_names_of_any_bytes_come_back(names: set[bytes]) -> None:
    """As they are on disk."""
    kept = sorted(os.fsdecode(name) for name in names - {b".", b".."})
    content = make_content(kept)
    found = decode_lock(encode_lock(content))
    assert {os.fsencode(pick.path) for pick in found.picks} == set(map(os.fsencode, kept))


def test_a_pick_takes_a_line_and_picks_are_in_the_order_of_bytes() -> None:
    """So that a difference of two versions shows which came and went, whatever the names."""
    content = make_content([*NAMES, *ODD])
    data = encode_lock(content)
    text = data.decode("utf-8")
    lines = text.splitlines()  # by every character that ends a line for anybody
    assert sum('"mtime_ns"' in line for line in lines) == len(content.picks)
    assert lines == text.split("\n")[:-1]
    assert "naïve/東.jpg" in text
    fewer = replace(content, picks=content.picks[1:])
    changed = {*lines} ^ {*encode_lock(fewer).decode().splitlines()}
    assert len(changed) == 3  # the line of the pick, and the checksum before and after
    keys = [os.fsencode(pick.path) for pick in content.picks]
    assert keys == sorted(keys)


def test_any_reader_of_json_can_read_it() -> None:
    """Objects with names; crops have a region, photos none."""
    told = json.loads(encode_lock(make_content(NAMES)))
    assert told["smartdownsample_lock"] == 1
    assert next(pick for pick in told["picks"] if "region" in pick)["round"] == 2
    assert told["picks"][0] == {
        "path": "a.jpg",
        "size_bytes": 3,
        "mtime_ns": 10**18 + 7,
        "sha256": DIGEST,
        "round": 1,
    }


def test_the_checksum_is_of_all_bytes_before_its_line() -> None:
    """As the page on the format says."""
    data = encode_lock(make_content(NAMES))
    body, _, last = data.partition(b'  "checksum": ')
    assert last == f'"{hashlib.sha256(body).hexdigest()}"\n}}\n'.encode()


def test_any_flipped_byte_and_any_cut_is_told() -> None:
    """As a change, never as an error of a library."""
    data = encode_lock(make_content([*NAMES, *ODD]))
    chosen = random.Random(5)
    for _ in range(3000):
        damaged = bytearray(data)
        kind = chosen.randrange(4)
        place = chosen.randrange(len(data))
        if kind == 0:
            damaged[place] ^= 1 << chosen.randrange(8)
        elif kind == 1:
            del damaged[place:]
        elif kind == 2:
            del damaged[place : place + chosen.randrange(1, 40)]
        else:
            more = [b'"', b"[" * 50, b"[" * 99_999, b"\xff", b"null", b"1e999", b"-"]
            damaged[place:place] = chosen.choice(more)
        if damaged == data:
            continue
        with pytest.raises(ValueError, match=r"no lockfile|was changed|is of version"):
            decode_lock(bytes(damaged))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"picks": [LockedPick("../a.jpg", 1, 1, DIGEST, 1)]}, "below the root"),
        ({"picks": [LockedPick("/etc/passwd", 1, 1, DIGEST, 1)]}, "below the root"),
        ({"picks": [LockedPick("a//b.jpg", 1, 1, DIGEST, 1)]}, "below the root"),
        ({"picks": [LockedPick("a\0.jpg", 1, 1, DIGEST, 1)]}, "below the root"),
        ({"picks": [LockedPick("\ud800", 1, 1, DIGEST, 1)]}, "was changed|below|encode"),
        ({"picks": [LockedPick("a.jpg", 1, 1, "abc", 1)]}, "wrong digest"),
        ({"picks": [LockedPick("a.jpg", 1, 1, DIGEST, 3)]}, "wrong digest"),
        ({"picks": [LockedPick("a.jpg", 1, 1, DIGEST, 1, (0, 0, 2.0, 1))]}, "region|was changed"),
        ({"picks": [LockedPick("a.jpg", 1, 1, DIGEST, 1)] * 2}, "twice"),
        ({"picks": []}, "other picks"),
        ({"rounds": [], "picks": []}, "no round"),
        ({"features": "hash8-slow-v4"}, "unknown features"),
        ({"sources": [LockedSource(images="../x")]}, "below the root"),
        ({"root": "/data"}, "absolute"),
        ({"sources": [LockedSource(document="/etc/passwd")]}, "absolute"),
        ({"sources": [LockedSource()]}, "source"),
    ],
)
def test_what_is_never_written_is_refused(changes: dict[str, Any], expected: str) -> None:
    """Above all paths that lead elsewhere, since images there would be copied."""
    with pytest.raises(ValueError, match=expected):
        decode_lock(forge(make_content(NAMES), **changes))


def test_other_versions_and_other_files_are_told_apart(tmp_path: Path) -> None:
    """The message says what the file is, and what to do."""
    data = encode_lock(make_content(NAMES))
    for changed, expected in (
        (data.replace(b'_lock": 1', b'_lock": 2'), "is of version 2"),
        (b'{"a": 1}', "is no lockfile"),
        (b"", "is no lockfile"),
        (b"\xef\xbb\xbf" + data, "is no lockfile"),
        (data.replace(b"\n", b"\r\n").replace(b"a.jpg", b"b.jpg"), "Restore it"),
    ):
        (tmp_path / "a.lock").write_bytes(changed)
        with pytest.raises(InvalidParameterError, match=expected):
            read_lock(tmp_path / "a.lock")
    with pytest.raises(InvalidParameterError, match="cannot be read"):
        Lock.read(tmp_path)
    with pytest.raises(InvalidParameterError, match="cannot be read"):
        Lock.read(tmp_path / "absent.lock")
