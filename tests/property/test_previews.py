"""What holds for previews in whatever order, by whatever number of workers."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pictures import encode_jpeg, make_exif, make_pixels, shrink, write_photo
from smartdownsample import ImageIndex
from smartdownsample.gathering.preview_trust import count_previews
from smartdownsample.pictures.decode import decode_image
from smartdownsample.pictures.previews import find_preview
from smartdownsample.records import ByteArray

PIXELS = make_pixels(1, 320, 240)
PHOTO = encode_jpeg(
    PIXELS,
    make_exif(
        {0x0112: 6},
        {0x9003: b"2019:06:22 16:50:53\0"},
        thumbnail=encode_jpeg(shrink(PIXELS, 160, 120)),
    ),
)


@pytest.fixture(scope="module")
def photos() -> Iterator[list[str]]:
    """Write a folder that is trusted, one that is stale and one that has no thumbnails."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        paths = []
        for i in range(14):
            stale: ByteArray = shrink(make_pixels(i + 1, 640, 480), 160, 120)
            paths += [
                write_photo(folder / "good" / f"{i}.jpg", i),
                write_photo(folder / "stale" / f"{i}.jpg", i + 20, stale),
                write_photo(folder / "none" / f"{i}.jpg", i + 40, has_thumbnail=False),
            ]
        yield list(map(str, paths))


@settings(max_examples=12)
@given(st.randoms(use_true_random=False), st.integers(1, 9))
def test_order_and_workers_change_nothing(photos: list[str], random: Random, n: int) -> None:
    """Which photos check a folder is decided by names; rows, counts and selections are the same."""
    shuffled = list(photos)
    random.shuffle(shuffled)
    index = ImageIndex.build(shuffled, decode="preview", cache=False, n_workers=n)
    other = ImageIndex.build(photos, decode="preview", cache=False, n_workers=1)
    assert index.paths == other.paths
    assert index.table.rows.tobytes() == other.table.rows.tobytes()
    assert count_previews(index.table) == count_previews(other.table)
    assert count_previews(index.table)[:2] == (9, 33)
    assert index.sample(10).paths == other.sample(10).paths


@given(
    st.lists(st.tuples(st.integers(0, 700), st.binary(min_size=1, max_size=4)), max_size=6),
    st.integers(0, len(PHOTO)),
)
def test_hostile_beginnings_give_a_sensible_preview_or_none(
    changes: list[tuple[int, bytes]], end: int
) -> None:
    """Whatever the EXIF data claims; nothing is raised."""
    data = bytearray(PHOTO)
    for at, junk in changes:
        data[at : at + len(junk)] = junk
    for head in (bytes(data), bytes(data[:end])):
        preview = find_preview(head)
        if preview is not None:
            assert preview.pixels.dtype == np.uint8
            assert min(preview.pixels.shape[:2]) >= 64
            assert min(preview.width, preview.height) > 0


def test_the_photo_that_is_damaged_has_a_preview() -> None:
    """Or the test before this one says nothing."""
    assert find_preview(PHOTO) is not None
    assert not isinstance(decode_image(PHOTO), str)
