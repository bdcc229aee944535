"""Tests of smartdownsample.formats.path_lists."""

import os
from pathlib import Path

import pytest

from smartdownsample.formats import read_list, split_list


@pytest.mark.parametrize(
    "data",
    [
        b"cam_1/a.jpg\ncam_2/c.jpg\n",
        b"cam_1/a.jpg\r\n\r\ncam_2/c.jpg",
        b"\xef\xbb\xbfcam_1/a.jpg\ncam_2/c.jpg\n",
        b"cam_1/a.jpg\0cam_2/c.jpg\0",
        "cam_1/a.jpg\r\ncam_2/c.jpg\r\n".encode("utf-16"),
    ],
    ids=["lines", "Windows", "byte order mark", "NUL", "PowerShell"],
)
def test_lists_of_all_systems_are_read(tmp_path: Path, data: bytes) -> None:
    """From a file and from its content."""
    (tmp_path / "list.txt").write_bytes(data)
    assert read_list(str(tmp_path / "list.txt")) == ["cam_1/a.jpg", "cam_2/c.jpg"]
    assert split_list(data) == ["cam_1/a.jpg", "cam_2/c.jpg"]


def test_names_with_line_breaks_and_no_unicode_come_through() -> None:
    """Byte for byte, where NUL separates them."""
    odd = [b"a\nb.jpg", b"caf\xe9.jpg"]
    assert [os.fsencode(path) for path in split_list(b"\0".join(odd))] == odd
