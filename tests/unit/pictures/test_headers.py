"""Tests of smartdownsample.pictures.headers."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pictures import encode_jpeg, make_exif, make_pixels
from smartdownsample.pictures.headers import Header, read_header, read_jpeg_with_exif
from smartdownsample.records import Cause

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


def test_exif_data_of_a_jpeg_ends_with_its_segment() -> None:
    """What stands behind is not of it, whatever it claims."""
    exif = make_exif({0x0112: 6}, thumbnail=b"small picture")
    header, found = read_jpeg_with_exif(encode_jpeg(make_pixels(1, 70, 50), exif))
    assert header[:4] == ("JPEG", 70, 50, 6)
    assert found == exif
    assert read_jpeg_with_exif(encode_jpeg(make_pixels(1, 70, 50)))[1] == b""


def test_jpegs_that_start_alike_are_told_apart() -> None:
    """Wherever the frame header lies, its size counts, and what stands before it as well."""
    jpeg = encode_jpeg(make_pixels(1, 70, 50))
    other = encode_jpeg(make_pixels(1, 60, 40), make_exif({0x0112: 6}))
    for n_bytes in range(400):
        comment = b"\xff\xfe" + (n_bytes + 2).to_bytes(2, "big") + bytes(n_bytes)
        assert read_header(jpeg[:2] + comment + jpeg[2:])[:4] == ("JPEG", 70, 50, 1)
        assert read_header(jpeg[:2] + comment + other[2:])[:4] == ("JPEG", 60, 40, 6)


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


TAKEN = np.datetime64("2019-06-22T16:50:53.046")
EXIF = make_exif({0x0112: 6}, {0x9003: b"2019:06:22 16:50:53\0", 0x9291: b"046\0"})


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_capture_time_is_read_where_formats_keep_it(name: str) -> None:
    """Each of them has EXIF data in another place."""
    if name == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    Image.init()
    if name not in Image.SAVE:
        pytest.skip(f"Pillow was built without {name}")
    header = read_header(encode(name, exif=b"Exif\0\0" + EXIF))
    assert isinstance(header, Header)
    assert header.captured == TAKEN
    plain = read_header(encode(name))
    assert isinstance(plain, Header)
    assert plain.captured is None


def test_exif_data_of_a_webp_may_begin_like_that_of_a_jpeg() -> None:
    """Some encoders copy it with the mark of a JPEG's segment."""
    webp = encode("WEBP", exif=EXIF)
    content = b"Exif\0\0" + EXIF
    marked = webp[: webp.index(b"EXIF")] + b"EXIF" + struct.pack("<I", len(content)) + content
    for data in (webp, marked):
        assert read_header(data) == Header("WebP", 70, 50, 6, TAKEN)


def test_a_tiff_has_capture_time_and_size_in_the_same_directory() -> None:
    """It is laid out as EXIF data is."""
    tiff = make_exif({0x0100: 70, 0x0101: 50}, {0x9003: b"2019:06:22 16:50:53\0"})
    taken = np.datetime64("2019-06-22T16:50:53.000")
    assert read_header(tiff) == Header("TIFF", 70, 50, captured=taken)


def test_the_first_exif_data_of_a_jpeg_that_says_something_counts() -> None:
    """Editors add segments, some of them empty."""
    segments = b"".join(
        b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif
        for exif in (b"", EXIF, make_exif({0x0112: 3}))
    )
    header = read_header(b"\xff\xd8" + segments + encode("JPEG")[2:])
    assert header == Header("JPEG", 70, 50, 6, TAKEN)


def make_media(version: int, base: int, *, number: int = 300, method: int = 0) -> bytes:
    """Make the head of an AVIF with an item of EXIF data in a table of a version of iloc."""
    short = version < 2
    infe = b"infe" + (b"\2\0\0\0" if short else b"\3\0\0\0")
    infe += struct.pack(">HH" if short else ">IH", number, 0) + b"Exif\0"

    def locate(place: int) -> bytes:
        table = b"iloc" + bytes((version, 0, 0, 0, 0x44, 0x40 if base else 0x00))
        table += struct.pack(">H" if short else ">I", 2)
        for item, at in ((1, 7), (number, place - base)):
            table += struct.pack(">H" if short else ">I", item)
            table += (struct.pack(">H", method) if version else b"") + bytes(2)
            table += struct.pack(">I", base) if base else b""
            table += struct.pack(">HII", 1, at, 4 + 6 + len(EXIF))
        return table

    start = b"\0\0\0\x18ftypavif" + bytes(12) + infe
    place = len(start) + len(locate(base))
    return start + locate(place) + struct.pack(">I", 6) + b"Exif\0\0" + EXIF


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("base", [0, 20])
def test_all_versions_of_the_table_of_items_are_read(version: int, base: int) -> None:
    """Encoders differ in what they write; numbers of items are of 2 or 4 bytes."""
    header = read_header(make_media(version, base))
    assert isinstance(header, Header)
    assert header.captured == TAKEN


@pytest.mark.parametrize("cut", [b"infe", b"iloc", b"Exif\0\0"])
def test_a_media_file_without_a_piece_has_no_capture_time(cut: bytes) -> None:
    """Its list of items, its table of places or the data itself."""
    header = read_header(make_media(1, 0).replace(cut, b"free"))
    assert isinstance(header, Header)
    assert header.captured is None


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


DAMAGED = [
    *(encode(name, exif=b"Exif\0\0" + EXIF) for name in ("JPEG", "PNG", "WEBP")),
    *(make_media(version, 20) for version in range(3)),
    make_exif({0x0100: 70, 0x0101: 50}, {0x9003: b"2019:06:22 16:50:53\0"}),
]


@given(st.sampled_from(DAMAGED), st.integers(0, 300), st.binary(max_size=12))
def test_no_damage_to_exif_data_makes_it_fail(data: bytes, at: int, junk: bytes) -> None:
    """Wherever it is kept, and whatever lengths and places it claims then."""
    assert isinstance(read_header(data[:at] + junk + data[at + len(junk) :]), (Header, Cause))


@given(st.binary(max_size=64))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    """Also the shortest."""
    assert isinstance(read_header(data), (Header, Cause))
