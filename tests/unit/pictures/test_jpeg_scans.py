"""Tests of smartdownsample.pictures.jpeg_scans."""

import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pictures import encode_jpeg, make_exif, make_pixels
from smartdownsample.pictures.bits import MAX_PARTS
from smartdownsample.pictures.decode import Picture, decode_image
from smartdownsample.pictures.jpeg_scans import MAX_SCANS, Scans, read_scans
from smartdownsample.records import Cause

SCAN = b"\xff\xda"
END = b"\xff\xd9"


def encode(mode: str = "RGB", side: int = 64, **options: Any) -> bytes:
    """Encode a picture as a JPEG."""
    buffer = io.BytesIO()
    picture = Image.fromarray(make_pixels(1, side, side)).convert(mode)
    picture.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def add_scans(jpeg: bytes, n_scans: int) -> bytes:
    """Repeat the last scan of a progressive JPEG until it has so many."""
    last = jpeg[jpeg.rindex(SCAN) : -2]
    return jpeg[:-2] + last * (n_scans - jpeg.count(SCAN)) + END


def split_scans(side: int, n_scans: int) -> bytes:
    """Lay out a baseline JPEG whose scans have one component of three each, without any data."""
    components = b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    frame = struct.pack(">HBHHB", 17, 8, side, side, 3) + components
    scans = (
        SCAN + struct.pack(">HB", 8, 1) + bytes((1 + i % 3, 0, 0, 63, 0)) for i in range(n_scans)
    )
    return b"\xff\xd8\xff\xc0" + frame + b"".join(scans) + END


def test_scans_behind_too_many_segments_are_too_many() -> None:
    """They are not looked for, and may be any number."""
    jpeg, comment = encode(progressive=True), b"\xff\xfe\0\2"
    at = jpeg.index(SCAN)
    assert read_scans(jpeg[:at] + comment * 10_000 + jpeg[at:]) == read_scans(jpeg)
    assert read_scans(jpeg[:at] + comment * MAX_PARTS + jpeg[at:]).n_scans > MAX_SCANS


def test_a_plain_jpeg_has_one_scan_and_keeps_nothing() -> None:
    """It is decoded row by row."""
    for mode in ("RGB", "L", "CMYK"):
        assert read_scans(encode(mode)) == Scans(1, 0)


@pytest.mark.parametrize(
    ("mode", "options", "n_samples"),
    [
        ("RGB", {"subsampling": "4:2:0"}, 1.5),
        ("RGB", {"subsampling": "4:2:2"}, 2),
        ("RGB", {"subsampling": "4:4:4"}, 3),
        ("L", {}, 1),
        ("CMYK", {}, 4),
    ],
)
def test_a_progressive_jpeg_keeps_two_bytes_for_each_sample(
    mode: str, options: dict[str, Any], n_samples: float
) -> None:
    """Of the picture, filled up to whole blocks."""
    whole = read_scans(encode(mode, progressive=True, **options))
    assert whole.n_scans in range(6, 19)
    assert whole.kept_bytes == 2 * n_samples * 64 * 64
    assert read_scans(encode(mode, side=57, progressive=True, **options)) == whole


def test_components_in_scans_of_their_own_are_kept_as_well() -> None:
    """As the decoder does though the JPEG is not progressive."""
    assert read_scans(split_scans(64, 3)) == Scans(3, 2 * 3 * 64 * 64)


def test_only_scans_of_the_picture_itself_count() -> None:
    """Not those of its thumbnail, of a second picture, or in a video behind it."""
    pictures = encode(progressive=True), encode(progressive=True)
    exif = make_exif(thumbnail=pictures[0])
    photo = encode(progressive=True, exif=b"Exif\0\0" + exif)
    assert photo.count(SCAN) == 20
    assert read_scans(photo + pictures[1] + SCAN * 1000).n_scans == 10


def test_data_that_looks_like_markers_is_none() -> None:
    """Bytes FF in data are followed by 00, and restart markers have no segment."""
    jpeg = encode(progressive=True, restart_marker_blocks=1)
    assert b"\xff\xd0" in jpeg
    assert read_scans(jpeg) == read_scans(encode(progressive=True))
    assert read_scans(add_scans(jpeg, 90)).n_scans == 90


def test_counting_stops_where_it_is_too_much() -> None:
    """One more than the limit."""
    assert read_scans(add_scans(encode(progressive=True), 5000)).n_scans == MAX_SCANS + 1


@pytest.mark.parametrize("min_side", [None, 90])
@pytest.mark.parametrize("make", ["progressive", "split"])
def test_many_scans_of_a_large_picture_take_too_long(make: str, min_side: int | None) -> None:
    """Whether it is progressive or not, and however far it is reduced."""
    if make == "split":
        data = split_scans(3000, 2000)
    else:
        data = add_scans(encode(side=3000, progressive=True), 2000)
    assert decode_image(data, min_side=min_side) is Cause.TOO_SLOW


def test_scans_as_programs_write_them_are_decoded() -> None:
    """Also some more than usual, and many of a small picture."""
    usual = encode(side=3000, progressive=True)
    for data in (usual, add_scans(usual, MAX_SCANS)):
        assert isinstance(decode_image(data, min_side=90), Picture)
    assert isinstance(decode_image(add_scans(encode(progressive=True), 500)), Picture)


def test_what_the_decoder_keeps_counts_against_the_memory() -> None:
    """Of the same size, the plain JPEG is allowed and the progressive one is not."""
    side = 3000
    options: dict[str, Any] = {"subsampling": "4:4:4", "quality": 10}
    plain, progressive = (encode(side=side, progressive=p, **options) for p in (False, True))
    # Reduced to an eighth, six bytes are kept for each pixel, but four are allowed, or 64 MiB.
    tiled = [claim_height(jpeg, 4 * side) for jpeg in (plain, progressive)]
    causes = [decode_image(data, min_side=90, max_pixels=4 * side**2) for data in tiled]
    assert isinstance(causes[0], (Picture, Cause))
    assert causes[0] is not Cause.TOO_LARGE
    assert causes[1] is Cause.TOO_LARGE


def claim_height(jpeg: bytes, height: int) -> bytes:
    """Make a JPEG claim another height."""
    at = max(jpeg.find(mark) for mark in (b"\xff\xc0\x00\x11", b"\xff\xc2\x00\x11"))
    return jpeg[: at + 5] + struct.pack(">H", height) + jpeg[at + 7 :]


@given(st.integers(0, 700), st.binary(max_size=8))
def test_no_damage_makes_it_fail(at: int, junk: bytes) -> None:
    """Whatever lengths and numbers are claimed then."""
    data = encode_jpeg(make_pixels(1, 16, 16), make_exif())
    for jpeg in (data, encode(side=16, progressive=True)):
        n_scans, kept_bytes = read_scans(jpeg[:at] + junk + jpeg[at + len(junk) :])
        assert n_scans >= 0
        assert kept_bytes >= 0
