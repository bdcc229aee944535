"""Tests of smartdownsample.headers."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pictures import make_pixels
from smartdownsample.headers import Header, read_header
from smartdownsample.model import Cause

FORMATS = {
    "JPEG": "JPEG",
    "PNG": "PNG",
    "GIF": "GIF",
    "BMP": "BMP",
    "TIFF": "TIFF",
    "WEBP": "WebP",
    "PPM": "PNM",
    "JPEG2000": "JPEG 2000",
}


def encode(name: str, **options: object) -> bytes:
    """Encode a picture of 70×50 pixels."""
    buffer = io.BytesIO()
    Image.fromarray(make_pixels(1, 70, 50)).save(buffer, name, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("name", "expected"), FORMATS.items())
def test_format_and_size_come_from_the_content(name: str, expected: str) -> None:
    """Whatever the file is called."""
    header = read_header(encode(name))
    assert isinstance(header, Header)
    assert header[:4] == (expected, 70, 50, 1)


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": Image.Exif().tobytes()}])
def test_all_kinds_of_webp_have_their_size(options: dict[str, object]) -> None:
    """Lossy, lossless and extended files say it in different places."""
    assert read_header(encode("WEBP", **options))[:3] == ("WebP", 70, 50)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_orientation_is_read_where_it_is_ours_to_apply(name: str, orientation: int) -> None:
    """The decoder of TIFF applies it itself."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    header = read_header(encode(name, exif=exif))
    assert isinstance(header, Header)
    assert header.orientation == orientation


def test_a_nonsensical_orientation_is_none() -> None:
    """Some cameras write 0."""
    exif = Image.Exif()
    exif[0x0112] = 0
    assert read_header(encode("JPEG", exif=exif))[3] == 1


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"some notes of the field trip\n", Cause.TEXT),
        ("Füchse, Rehe\n".encode(), Cause.TEXT),
        (b"\n\n<!DOCTYPE html><html>Not found</html>", Cause.WEB_PAGE),
        (b"<html>", Cause.WEB_PAGE),
        (b"<?xml version='1.0'?><svg/>", Cause.TEXT),
        (b"%PDF-1.7 ...", Cause.DOCUMENT),
        (b"PK\x03\x04....", Cause.ARCHIVE),
        (b"\x00\x00\x00\x18ftypmp42....", Cause.VIDEO),
        (b"RIFF\x00\x00\x00\x00AVI LIST", Cause.VIDEO),
        (b"\x00\x00\x00\x18ftypcrx ....", Cause.RAW_PHOTO),
        (b"FUJIFILMCCD-RAW 0201", Cause.RAW_PHOTO),
        (b"P5 no size", Cause.TEXT),
        (bytes(512), Cause.NOT_AN_IMAGE),
        (bytes(range(256)), Cause.NOT_AN_IMAGE),
    ],
)
def test_what_is_no_image_is_named(data: bytes, cause: Cause) -> None:
    """By its first bytes."""
    assert read_header(data) is cause


@given(st.binary(max_size=200), st.sampled_from(list(FORMATS)), st.integers(0, 60))
def test_no_content_makes_it_fail(tail: bytes, name: str, kept: int) -> None:
    """What cannot be read is unknown, and sizes are never negative in effect."""
    header = read_header(encode(name)[:kept] + tail)
    assert isinstance(header, (Header, Cause))


@given(st.binary(max_size=64))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    """Also the shortest."""
    assert isinstance(read_header(data), (Header, Cause))
