"""Tests of smartdownsample.pictures.jpeg_2000."""

import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pictures import make_pixels
from smartdownsample.pictures import Picture, decode_image
from smartdownsample.pictures.bits import MAX_PARTS
from smartdownsample.pictures.jpeg_2000 import Codestream, read_j2k, read_jp2
from smartdownsample.records import Cause


def encode(**options: object) -> bytes:
    """Encode a picture of 70×50 pixels."""
    buffer = io.BytesIO()
    Image.fromarray(make_pixels(1, 70, 50)).save(buffer, "JPEG2000", **options)
    return buffer.getvalue()


def make_box(name: bytes, content: bytes) -> bytes:
    """Put content into a box."""
    return struct.pack(">I4s", len(content) + 8, name) + content


def make_segment(marker: int, content: bytes) -> bytes:
    """Put content into a segment of a codestream."""
    return struct.pack(">HH", marker, len(content) + 2) + content


def make_style(style: bytes, n_layers: int = 1) -> bytes:
    """Make the coding style of all components: flags, and what follows the layers."""
    return make_segment(0xFF52, style[:1] + struct.pack(">BHB", 0, n_layers, 0) + style[2:])


def make_j2k(side: int, main: bytes, tile: bytes = b"", n_components: int = 3) -> bytes:
    """Make a codestream of an empty tile, with segments in its header and in that of the tile."""
    size = struct.pack(">H8IH", 0, side, side, 0, 0, side, side, 0, 0, n_components)
    head = b"\xff\x4f" + make_segment(0xFF51, size + b"\7\1\1" * n_components) + main
    head += make_segment(0xFF5C, b"\x40\x40")
    start = make_segment(0xFF90, struct.pack(">HIBB", 0, len(tile) + 30, 0, 1))
    return head + start + tile + b"\xff\x93" + bytes(16) + b"\xff\xd9"


def test_a_jpeg_2000_is_as_large_as_its_codestream() -> None:
    """The header's box may say what it likes, the decoder does not look at it."""
    data = encode()
    at = data.index(b"ihdr") + 4
    lying = data[:at] + struct.pack(">II", 1, 1) + data[at + 8 :]
    assert read_jp2(data)[:4] == read_jp2(lying)[:4] == (70, 50, 3, 1)
    assert read_j2k(encode(no_jp2=True))[:4] == (70, 50, 3, 1)
    assert read_jp2(data[: data.index(b"jp2c") - 4]) == Codestream()


def test_tiles_of_a_jpeg_2000_are_counted() -> None:
    """Those that are begun count as well; the grid may begin before the picture."""
    options: dict[str, Any] = {"no_jp2": True, "tile_size": (32, 16)}
    assert read_j2k(encode(**options)).n_tiles == 3 * 4
    shifted = encode(**options, offset=(30, 0), tile_offset=(28, 0))
    assert read_j2k(shifted)[:4] == (70, 50, 3, 3 * 4)
    data = encode(no_jp2=True)
    for side, n_tiles in ((1, 70 * 50), (0, 70 * 50)):
        assert read_j2k(data[:24] + struct.pack(">II", side, side) + data[32:]).n_tiles == n_tiles


def test_columns_of_a_palette_are_components_of_a_jpeg_2000() -> None:
    """The decoder has all of them at once, and the indices."""
    data = encode()
    at = data.index(b"jp2h") - 4
    end = at + int.from_bytes(data[at : at + 4], "big")
    palette = make_box(b"pclr", struct.pack(">HB", 4, 250) + bytes(250) + bytes(4 * 250))
    with_palette = data[:at] + make_box(b"jp2h", data[at + 8 : end] + palette) + data[end:]
    assert read_jp2(with_palette)[:4] == (70, 50, 3 + 250, 1)


PLAIN = make_style(b"\0\0\0\4\4\0\1")
TINY = make_style(b"\1\0\0\4\4\0\1\0")


@pytest.mark.parametrize(
    ("main", "tile", "n_blocks"),
    [
        (PLAIN, b"", 17**2),
        (TINY, b"", 1002**2),
        (make_style(b"\0\0\0\0\0\0\1"), b"", 252**2),  # blocks of 4×4
        (make_style(b"\1\0\1\4\4\0\1\x11\x11"), b"", 252**2 + 3 * 502**2),
        (PLAIN + make_segment(0xFF53, b"\0\1\0\4\4\0\1\0"), b"", 1002**2),
        (make_segment(0xFF64, b"\0\1text") + TINY, b"", 1002**2),
        (b"\xff\x30\0\0\0\x09" + TINY, b"", 1002**2),  # behind what the decoder skips
        (PLAIN, TINY, 1002**2),
        (make_segment(0xFF64, b"\0\1" + TINY) + PLAIN, b"", 17**2),  # in a comment
    ],
    ids=["usual", "precincts", "blocks", "levels", "component", "comment", "unknown", "tile", "no"],
)
def test_code_blocks_of_a_jpeg_2000_are_counted(main: bytes, tile: bytes, n_blocks: int) -> None:
    """Cut by the worst style there is, wherever it stands; at the edges there may be two more."""
    stream = read_j2k(make_j2k(1000, main, tile))
    # A mark for each layer, precinct and resolution.
    assert stream.block_bytes // 600 >= n_blocks
    assert stream.block_bytes // 604 <= n_blocks
    boxed = b"\0\0\0\x0cjP  \r\n\x87\n" + make_box(b"jp2c", make_j2k(1000, main, tile))
    assert read_jp2(boxed) == stream


def test_a_jpeg_2000_of_many_code_blocks_is_not_decoded() -> None:
    """152 bytes would take two gigabytes; real ones are cut into blocks of 32 or 64 pixels."""
    assert decode_image(make_j2k(1000, TINY)) is Cause.TOO_LARGE
    layers = make_style(b"\1\0\5\4\4\0\1" + b"\x66" * 6, n_layers=65535)
    assert decode_image(make_j2k(1000, layers)) is Cause.TOO_LARGE
    assert isinstance(decode_image(make_j2k(1000, PLAIN, n_components=1)), Picture)


def test_a_jpeg_2000_of_too_many_headers_has_no_size() -> None:
    """Parts of tiles may follow one another without data, or lead back to where they began."""
    head = make_j2k(1000, PLAIN)[:-32]
    for n_bytes, n_parts, is_known in ((14, 1000, True), (14, MAX_PARTS, False), (2, 1, False)):
        part = make_segment(0xFF90, struct.pack(">HIBB", 0, n_bytes, 0, 1)) + b"\xff\x93"
        assert any(read_j2k(head + part * n_parts + b"\xff\xd9")) == is_known
    unknown = b"\xff\x30" * MAX_PARTS
    assert read_j2k(make_j2k(1000, unknown + PLAIN)) == Codestream()


@given(st.binary(max_size=80), st.integers(0, 200))
def test_any_bytes_have_an_answer(junk: bytes, at: int) -> None:
    """What cannot be read is unknown."""
    for whole in (encode(), encode(no_jp2=True)):
        data = whole[:at] + junk + whole[at + len(junk) :]
        for stream in (read_jp2(data), read_j2k(data)):
            assert min(stream) >= 0
