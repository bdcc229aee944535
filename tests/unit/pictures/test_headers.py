"""Tests of smartdownsample.pictures.headers."""

import io
import struct
import sys
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pictures import encode_jpeg, make_exif, make_media, make_pixels
from smartdownsample.pictures.bits import MAX_PARTS
from smartdownsample.pictures.decode import Picture, decode_image
from smartdownsample.pictures.headers import Header, read_header, read_jpeg_with_exif, simplify_png
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


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 30}, {"comment": b"x"}])
@given(
    changes=st.dictionaries(st.integers(0, 400), st.integers(0, 255), max_size=3),
    end=st.integers(2),
)
def test_plain_jpegs_are_read_at_once_as_segment_by_segment(
    options: dict[str, object], changes: dict[int, int], end: int
) -> None:
    """Also where bytes differ or the end is missing."""
    jpeg = bytearray(encode("JPEG", **options))
    for place, byte in changes.items():
        if place > 1:
            jpeg[place] = byte
    data = bytes(jpeg[:end])
    assert read_header(data) == read_jpeg_with_exif(data)[0]


def count_calls(function: Callable[[], object]) -> int:
    """Count the calls of functions, and how often generators go on, while a function runs."""
    n_calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal n_calls
        n_calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return n_calls


def test_fill_bytes_of_a_jpeg_are_skipped_at_once() -> None:
    """Not one by one: a file may consist of them."""
    jpeg = encode_jpeg(make_pixels(1, 70, 50))
    filled = jpeg[:2] + b"\xff" * 100_000 + jpeg[2:]
    assert read_header(filled)[:3] == ("JPEG", 70, 50)
    assert count_calls(lambda: read_header(filled)) < 1000


def test_a_jpeg_of_too_many_segments_has_no_size() -> None:
    """Behind so many, none is looked for; a real one has a few dozen."""
    jpeg, comment = encode_jpeg(make_pixels(1, 70, 50)), b"\xff\xfe\0\2"
    assert read_header(jpeg[:2] + comment * 10_000 + jpeg[2:])[:3] == ("JPEG", 70, 50)
    assert read_header(jpeg[:2] + comment * MAX_PARTS + jpeg[2:])[:3] == ("JPEG", 0, 0)


def test_a_webp_of_too_many_chunks_has_no_size() -> None:
    """Or no capture time, where the size comes before them."""
    webp, chunk = encode("WEBP", exif=EXIF), b"free\0\0\0\0"
    at = webp.index(b"EXIF")
    assert read_header(webp[:12] + chunk * 10_000 + webp[12:]) == read_header(webp)
    assert read_header(webp[:12] + chunk * MAX_PARTS + webp[12:])[:3] == ("WebP", 0, 0)
    late = read_header(webp[:at] + chunk * MAX_PARTS + webp[at:])
    assert late[:5] == ("WebP", 70, 50, 1, None)


def test_a_png_of_too_many_chunks_is_not_decoded() -> None:
    """It is not known to be whole then, without which the decoder is in danger."""
    png = encode("PNG", exif=EXIF)
    chunk = b"\0\0\0\0frEe" + zlib.crc32(b"frEe").to_bytes(4, "big")
    for n_chunks, is_read in ((10_000, True), (MAX_PARTS, False)):
        result = decode_image(png[:33] + chunk * n_chunks + png[33:])
        assert isinstance(result, Picture) == is_read


@pytest.mark.parametrize("name", ["PNG", "WEBP"])
def test_the_first_exif_data_counts(name: str) -> None:
    """The others are not read, however many there are."""
    data = encode(name, exif=EXIF)
    other = make_exif({0x0112: 3})
    if name == "PNG":
        data = data[:-12] + struct.pack(">I", len(other)) + b"eXIf" + other + bytes(4) + data[-12:]
    else:
        data += b"EXIF" + struct.pack("<I", len(other)) + other
    assert read_header(data)[3:5] == (6, TAKEN)


def test_few_of_the_exif_data_of_a_jpeg_are_read() -> None:
    """As many as say nothing, up to a limit."""
    said = b"\xff\xe1" + struct.pack(">H", len(EXIF) + 8) + b"Exif\0\0" + EXIF
    jpeg, empty = encode("JPEG"), b"\xff\xe1\0\x08Exif\0\0"
    assert read_header(jpeg[:2] + empty * 9 + said + jpeg[2:])[3] == 6
    assert read_header(jpeg[:2] + empty * 10 + said + jpeg[2:])[3] == 1


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
        assert read_header(data)[:5] == ("WebP", 70, 50, 6, TAKEN)


def test_a_tiff_has_capture_time_and_size_in_the_same_directory() -> None:
    """It is laid out as EXIF data is."""
    tiff = make_exif({0x0100: 70, 0x0101: 50}, {0x9003: b"2019:06:22 16:50:53\0"})
    taken = np.datetime64("2019-06-22T16:50:53.000")
    assert read_header(tiff)[:5] == ("TIFF", 70, 50, 1, taken)


def make_big_tiff(fields: dict[int, int | bytes], order: str = "<") -> bytes:
    """Lay out the directory of a BigTIFF: numbers are LONG8, texts are behind the directory."""
    texts_at = 16 + 8 + 20 * len(fields) + 8
    table, texts = struct.pack(order + "Q", len(fields)), b""
    for tag, value in sorted(fields.items()):
        if isinstance(value, int):
            table += struct.pack(order + "HHQQ", tag, 16, 1, value)
        else:
            table += struct.pack(order + "HHQQ", tag, 2, len(value), texts_at + len(texts))
            texts += value
    mark = {"<": b"II+\0", ">": b"MM\0+"}[order]
    return mark + struct.pack(order + "HHQ", 8, 0, 16) + table + bytes(8) + texts


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_big_tiff_has_its_size_and_capture_time(order: str) -> None:
    """Its places and numbers are twice as long."""
    fields: dict[int, int | bytes] = {0x0100: 70, 0x0101: 50, 0x9003: b"2019:06:22 16:50:53\0"}
    header = read_header(make_big_tiff(fields, order))
    assert header[:5] == ("TIFF", 70, 50, 1, np.datetime64("2019-06-22T16:50:53.000"))
    assert read_header(encode("TIFF", big_tiff=True))[:3] == ("TIFF", 70, 50)


def test_tiles_larger_than_the_picture_count() -> None:
    """The decoder makes room for them, however small the picture is."""
    small = read_header(make_exif({0x0100: 10, 0x0101: 10, 0x0116: 1}))
    assert isinstance(small, Header)
    assert small.bytes_per_pixel < 5
    large = read_header(make_exif({0x0100: 10, 0x0101: 10, 0x0142: 2**14, 0x0143: 2**14}))
    assert isinstance(large, Header)
    assert large.bytes_per_pixel * 100 > 2**30


# Types of fields: letter of struct, and number. The others are texts, fractions and floats.
INTEGERS = {"B": 1, "H": 3, "I": 4, "b": 6, "h": 8, "i": 9, "Q": 16, "q": 17}


def make_typed_tiff(kind: int, letter: str, tag: int, value: float) -> bytes:
    """Lay out the directory of a BigTIFF of 70×50 pixels with one more field of a type."""
    fields: dict[int, int | bytes] = {0x0100: 70, 0x0101: 50, tag: 0}
    tiff = bytearray(make_big_tiff(fields))
    at = tiff.index(struct.pack("<HHQ", tag, 16, 1))
    tiff[at + 2 : at + 20] = struct.pack("<HQ", kind, 1) + struct.pack(f"<{letter}", value).ljust(8)
    return bytes(tiff)


@pytest.mark.parametrize("letter", INTEGERS)
def test_integers_of_a_tiff_may_have_any_type(letter: str) -> None:
    """The decoder takes them all: size, tiles, samples, bits."""
    kind = INTEGERS[letter]
    assert read_header(make_typed_tiff(kind, letter, 0x0100, 120))[:3] == ("TIFF", 120, 50)
    assert read_header(make_typed_tiff(kind, letter, 0x0101, 120))[:3] == ("TIFF", 70, 120)
    plain = read_header(make_big_tiff({0x0100: 70, 0x0101: 50}))
    assert isinstance(plain, Header)
    for tag in (0x0102, 0x0115, 0x0142, 0x0143):
        larger = read_header(make_typed_tiff(kind, letter, tag, 120))
        assert isinstance(larger, Header)
        assert larger.bytes_per_pixel > plain.bytes_per_pixel


@pytest.mark.parametrize("tag", [0x0100, 0x0101, 0x0102, 0x0115, 0x0116, 0x0142, 0x0143])
@pytest.mark.parametrize(
    ("kind", "letter", "value"), [(11, "f", 1e4), (12, "d", 1e4), (99, "Q", 9), (6, "b", -1)]
)
def test_a_tiff_has_no_size_where_a_number_cannot_be_read(
    tag: int, kind: int, letter: str, value: float
) -> None:
    """What the decoder makes of it is unknown."""
    assert read_header(make_typed_tiff(kind, letter, tag, value))[:3] == ("TIFF", 0, 0)


def test_tiles_count_behind_many_other_fields() -> None:
    """As many as the decoder reads."""
    tiff = make_exif({0x0100: 10, 0x0101: 10, 0x0142: 2**14, 0x0143: 2**14})
    others = struct.pack("<HHII", 0x9999, 4, 1, 0) * 4092
    header = read_header(tiff[:8] + struct.pack("<H", 4096) + others + tiff[10:])
    assert isinstance(header, Header)
    assert header.bytes_per_pixel * 100 > 2**30


def encode_array(pixels: np.ndarray, name: str) -> bytes:
    """Encode pixels of any type as OpenCV does."""
    done, data = cv2.imencode(name, pixels)
    assert done
    return data.tobytes()


@pytest.mark.parametrize(
    ("n_channels", "dtype", "name", "n_bytes"),
    [
        (1, np.uint8, ".png", 1),
        (3, np.uint8, ".png", 3),
        (4, np.uint8, ".png", 4),
        (1, np.uint16, ".png", 2),
        (3, np.uint16, ".png", 6),
        (4, np.uint16, ".png", 8),
        (3, np.float32, ".hdr", 15),
        (3, np.uint8, ".jp2", 18),
        (1, np.uint8, ".jp2", 6),
    ],
)
def test_bytes_a_pixel_are_those_of_the_decoder(
    n_channels: int, dtype: type, name: str, n_bytes: int
) -> None:
    """Channels times bytes, and what the decoder keeps beside them."""
    header = read_header(encode_array(np.ones((50, 70, n_channels), dtype=dtype), name))
    assert isinstance(header, Header)
    assert (header.width, header.height, header.bytes_per_pixel) == (70, 50, n_bytes)


def test_bytes_a_pixel_of_a_tiff_follow_its_samples() -> None:
    """Floats take four times as much, and a single strip is kept beside the picture."""
    for dtype, n_bytes in ((np.uint8, 4), (np.uint16, 6), (np.float32, 12), (np.float64, 24)):
        header = read_header(encode_array(np.ones((500, 70, 3), dtype=dtype), ".tif"))
        assert isinstance(header, Header)
        assert n_bytes <= header.bytes_per_pixel <= 3 * n_bytes


def test_a_transparent_colour_makes_a_channel_more() -> None:
    """Of a palette too."""
    palette = Image.fromarray(make_pixels(1, 70, 50)).convert("P")
    for options, n_bytes in (({}, 3), ({"transparency": 3}, 4)):
        buffer = io.BytesIO()
        palette.save(buffer, "PNG", **options)
        header = read_header(buffer.getvalue())
        assert isinstance(header, Header)
        assert header.bytes_per_pixel == n_bytes


@pytest.mark.parametrize(
    "text",
    [
        b"P6 123 456 255\n",
        b"P6\n123\t456\r\n255\n",
        b"P6#a comment\n123 #another\n#and one\n456\n# 1 2 3\n255\n",
        b"P5 123 456 65535 ",
        b"P1 123 456 1 0 1",
        b"P4 123 456\n\xff",
        b"P6\n# " + b"x" * 2000 + b"\n123 456 255\n",
    ],
)
def test_the_size_of_a_pnm_is_read_as_the_decoder_reads_it(text: bytes) -> None:
    """Words are divided by white space, comments end with their line."""
    assert read_header(text)[:3] == ("PNM", 123, 456)


@pytest.mark.parametrize(
    "text",
    [
        b"P6123 456 255\n",
        b"P6 123x456 255\n",
        b"P6 123 456x255\n",
        b"P6 123#456\n789 255\n",
        b"P6 -123 456 255\n",
        b"P6 1234567890123 456 255\n",
        b"P6 123 456\n",
        b"P6 # 123 456 255",
        b"P6 " + b"#\n" * 5000 + b"123 456 255\n",
    ],
)
def test_what_no_grammar_allows_is_no_pnm(text: bytes) -> None:
    """The decoder would read other numbers than ours."""
    assert read_header(text + b"\xff" * 9) in {Cause.NOT_AN_IMAGE, Cause.TEXT}


def make_hdr(resolution: bytes, lines: bytes = b"FORMAT=32-bit_rle_rgbe\n") -> bytes:
    """Lay out the head of a Radiance HDR."""
    return b"#?RADIANCE\n" + lines + b"\n" + resolution + b"\n" + bytes(99)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (make_hdr(b"-Y 456 +X 123"), (123, 456)),
        (make_hdr(b"-Y 456 +X 123", b"# made by hand\nFORMAT=32-bit_rle_rgbe\n"), (123, 456)),
        (make_hdr(b"+X 123 -Y 456"), (0, 0)),
        (make_hdr(b"-Y -456 +X 123"), (0, 0)),
        (make_hdr(b"-Y 4 +X 1", b"#" + b"x" * 126 + b"\n\n-Y 9 +X 9\n"), (0, 0)),
        (b"#?RADIANCE\n", (0, 0)),
    ],
)
def test_the_size_of_an_hdr_is_in_its_resolution_line(data: bytes, size: tuple[int, int]) -> None:
    """Other orders of the axes are unknown, as to the decoder."""
    assert read_header(data)[:3] == ("HDR", *size)


def test_the_first_exif_data_of_a_jpeg_that_says_something_counts() -> None:
    """Editors add segments, some of them empty."""
    segments = b"".join(
        b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif
        for exif in (b"", EXIF, make_exif({0x0112: 3}))
    )
    header = read_header(b"\xff\xd8" + segments + encode("JPEG")[2:])
    assert header == Header("JPEG", 70, 50, 6, TAKEN)


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
    *(make_media((b"Exif", b"\0\0\0\0" + EXIF), version=version) for version in range(3)),
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


def test_texts_of_a_png_do_not_reach_the_decoder() -> None:
    """It unpacks each: a thousand of 8 MB, which take a few KB, would take most of a minute."""
    data = encode_array(np.ones((5, 7, 3), dtype=np.uint8), ".png")
    with_texts = data[:33]
    for name in (b"zTXt", b"iTXt"):
        content = name + b"k\0\0" + zlib.compress(bytes(1000))
        crc = zlib.crc32(content)
        with_texts += struct.pack(">I", len(content) - 4) + content + struct.pack(">I", crc)
    assert simplify_png(with_texts + data[33:]) == data
