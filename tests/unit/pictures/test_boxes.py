"""Tests of smartdownsample.pictures.boxes."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pictures import make_pixels
from smartdownsample.pictures.bits import MAX_PARTS
from smartdownsample.pictures.boxes import find_boxes, read_jxl, walk_boxes
from smartdownsample.pictures.jpeg_2000 import read_j2k, read_jp2

JXL_MARK = b"\0\0\0\x0cJXL \r\n\x87\n"


def encode(name: str, width: int = 70, height: int = 50, **options: object) -> bytes:
    """Encode a picture."""
    buffer = io.BytesIO()
    Image.fromarray(make_pixels(1, width, height)).save(buffer, name, **options)
    return buffer.getvalue()


def make_box(name: bytes, content: bytes, *, is_long: bool = False) -> bytes:
    """Put content into a box."""
    if is_long:
        return struct.pack(">I4sQ", 1, name, len(content) + 16) + content
    return struct.pack(">I4s", len(content) + 8, name) + content


def pack_bits(*fields: tuple[int, int]) -> bytes:
    """Pack values of so many bits each, from the lowest bit on, behind the mark of a JPEG XL."""
    packed, at = 0, 0
    for value, n_bits in fields:
        packed |= value << at
        at += n_bits
    return b"\xff\x0a" + packed.to_bytes(16, "little")


def test_boxes_have_one_of_three_lengths() -> None:
    """In four bytes, in eight, or up to the end of the file."""
    data = make_box(b"abcd", b"12") + make_box(b"efgh", b"345", is_long=True)
    data += b"\0\0\0\0ijkl" + b"6"
    assert [(name, data[start:end]) for name, start, end in walk_boxes(data)] == [
        (b"abcd", b"12"),
        (b"efgh", b"345"),
        (b"ijkl", b"6"),
    ]


@pytest.mark.parametrize(
    ("stream", "size"),
    [
        (pack_bits((1, 1), (5, 5), (0, 3), (8, 5)), (72, 48)),
        (pack_bits((1, 1), (5, 5), (1, 3)), (48, 48)),
        (pack_bits((0, 1), (0, 2), (49, 9), (0, 3), (0, 2), (69, 9)), (70, 50)),
        (pack_bits((0, 1), (1, 2), (2999, 13), (3, 3)), (4000, 3000)),
        (pack_bits((0, 1), (2, 2), (99_999, 18), (7, 3)), (200_000, 100_000)),
        (pack_bits((0, 1), (3, 2), (2**30 - 1, 30), (0, 3), (3, 2), (0, 30)), (1, 2**30)),
    ],
)
def test_a_jpeg_xl_says_its_size_in_few_bits(stream: bytes, size: tuple[int, int]) -> None:
    """Of a bare codestream, of one in a box, and of one that is cut into boxes."""
    kind = make_box(b"ftyp", b"jxl \0\0\0\0jxl ")
    assert read_jxl(stream)[:2] == size
    assert read_jxl(JXL_MARK + kind + make_box(b"jxlc", stream))[:2] == size
    parts = make_box(b"jxlp", b"\0\0\0\0" + stream[:3]) + make_box(b"Exif", b"\0\0\0\0MM")
    parts += make_box(b"jxlp", b"\x80\0\0\1" + stream[3:])
    assert read_jxl(JXL_MARK + kind + parts)[:2] == size


@pytest.mark.parametrize(("width", "height"), [(70, 50), (64, 64), (400, 300), (2, 1500), (8, 256)])
def test_sizes_of_real_jpeg_xls_are_read(width: int, height: int) -> None:
    """As the encoder writes them."""
    pytest.importorskip("pillow_jxl")
    assert read_jxl(encode("JXL", width, height, effort=1)) == (width, height, False)


def test_behind_too_many_boxes_none_is_found() -> None:
    """So that a file of nothing but boxes does not take minutes; a real one has a few dozen."""
    jp2, jxl, box = encode("JPEG2000"), pack_bits((1, 1), (5, 5), (1, 3)), make_box(b"free", b"")
    at = jp2.index(b"jp2c") - 4
    for n_boxes, is_found in ((10_000, True), (MAX_PARTS, False)):
        assert any(read_jp2(jp2[:at] + box * n_boxes + jp2[at:])) == is_found
        assert any(read_jxl(JXL_MARK + box * n_boxes + make_box(b"jxlc", jxl))) == is_found


SMALL = ((1, 1), (5, 5), (1, 3))


@pytest.mark.parametrize(
    ("fields", "is_animated"),
    [
        (((1, 1),), False),  # all fields have their defaults
        (((0, 1), (0, 1)), False),  # no more fields than usual
        (((0, 1), (1, 1), (5, 3), (0, 1), (0, 1), (0, 1)), False),
        (((0, 1), (1, 1), (5, 3), (0, 1), (0, 1), (1, 1)), True),
        (((0, 1), (1, 1), (5, 3), (0, 1), (1, 1), (0, 1)), True),  # a preview
        (((0, 1), (1, 1), (5, 3), (1, 1), *SMALL, (0, 1), (1, 1)), True),
        (((0, 1), (1, 1), (5, 3), (1, 1), *SMALL, (0, 1), (0, 1)), False),
    ],
)
def test_a_jpeg_xl_tells_that_it_is_animated(
    fields: tuple[tuple[int, int], ...], *, is_animated: bool
) -> None:
    """Behind its size, and that at which it is to be shown."""
    assert read_jxl(pack_bits(*SMALL, *fields)) == (48, 48, is_animated)


def test_boxes_in_one_another_are_found_by_their_names() -> None:
    """All of them, in their order; what a description has before its boxes is skipped."""
    inner = make_box(b"iprp", make_box(b"ipco", b"12") + make_box(b"ipma", b"34"))
    data = make_box(b"ftyp", b"avif") + make_box(b"meta", bytes(4) + inner + make_box(b"iprp", b""))
    data += make_box(b"moov", make_box(b"trak", b"5") + make_box(b"trak", b"6"))
    for path, contents in (
        ((b"meta", b"iprp", b"ipco"), [b"12"]),
        ((b"meta", b"iprp", b"ipma"), [b"34"]),
        ((b"moov", b"trak"), [b"5", b"6"]),
        ((b"moov", b"iprp"), []),
    ):
        assert [data[start:end] for start, end in find_boxes(data, *path)] == contents


@given(st.binary(max_size=80), st.integers(0, 200))
def test_any_bytes_have_an_answer(junk: bytes, at: int) -> None:
    """What cannot be read is unknown."""
    whole = make_box(b"ftyp", b"jp2 ") + encode("JPEG2000")
    data = whole[:at] + junk + whole[at + len(junk) :]
    for size in (read_jp2(data)[:2], read_j2k(data)[:2], read_jxl(data)[:2]):
        assert min(size) >= 0
