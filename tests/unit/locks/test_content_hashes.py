"""Tests of smartdownsample.locks.content_hashes."""

import hashlib
import os
from pathlib import Path

import pytest

from pictures import LONG_AGO_NS, make_old
from smartdownsample.locks.content_hashes import ContentHash, digest_file, hash_files
from smartdownsample.records import Cause


def test_digests_are_those_of_other_tools_in_order(tmp_path: Path) -> None:
    """Of empty files, and of files larger than what is read at a time."""
    contents = [b"", b"a", os.urandom(3 * 2**20 + 5), b"b"]
    keys = []
    for number, data in enumerate(contents):
        path = tmp_path / str(number)
        path.write_bytes(data)
        keys.append(os.fsencode(make_old(path)))
    expected = [
        ContentHash(hashlib.sha256(data).hexdigest(), len(data), LONG_AGO_NS) for data in contents
    ]
    assert list(hash_files(keys)) == expected
    assert digest_file(str(tmp_path / "1")) == expected[1].sha256


@pytest.mark.skipif(os.name != "posix", reason="pipes with names are POSIX's")
def test_what_cannot_be_read_has_a_cause_and_is_not_waited_for(tmp_path: Path) -> None:
    """A folder, nothing, a pipe, a name that no file has."""
    os.mkfifo(tmp_path / "pipe")
    names = (tmp_path, tmp_path / "absent", tmp_path / "pipe")
    found = list(hash_files([*map(os.fsencode, names), b"a\0b"]))
    assert all(isinstance(cause, Cause) for cause in found)
    assert found[1] is found[3] is Cause.MISSING
    assert digest_file(str(tmp_path)) is None
