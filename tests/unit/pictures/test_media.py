"""Tests of smartdownsample.pictures.media."""

import io
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pictures import (
    NO_SHARED_IMAGES,
    SHARED_IMAGES,
    make_box,
    make_exif,
    make_media,
    make_pixels,
    make_sequence_header,
)
from smartdownsample.pictures.bits import MAX_PARTS
from smartdownsample.pictures.decode import Picture, decode_image
from smartdownsample.pictures.media import read_media
from smartdownsample.records import Cause

AVIF_FOLDER = SHARED_IMAGES / "odd" / "python-pillow+Pillow" / "Tests" / "images" / "avif"
TAKEN = np.datetime64("2019-06-22T16:50:53.046")
EXIF_ITEM = struct.pack(">I", 6) + b"Exif\0\0"
EXIF_ITEM += make_exif({0x0112: 6}, {0x9003: b"2019:06:22 16:50:53\0", 0x9291: b"046\0"})


def encode(name: str, width: int = 70, height: int = 50, **options: object) -> bytes:
    """Encode a picture, or skip where Pillow was built without its format."""
    if name == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    Image.init()
    if name not in Image.SAVE:
        pytest.skip(f"Pillow was built without {name}")
    buffer = io.BytesIO()
    Image.fromarray(make_pixels(1, width, height)).save(buffer, name, **options)
    return buffer.getvalue()


def encode_sequence() -> bytes:
    """Encode a sequence of two pictures of 70×50 pixels."""
    return encode("AVIF", save_all=True, append_images=[Image.fromarray(make_pixels(2, 70, 50))])


def claim_size(data: bytes, width: int, height: int) -> bytes:
    """Make all boxes of a media file tell another size; its pictures stay as they are."""
    data = re.sub(rb"(?<=ispe.{4}).{8}", struct.pack(">II", width, height), data, flags=re.DOTALL)
    entry, size = rb"(?<=av01\0{6}.{18}).{4}", struct.pack(">HH", width, height)
    return re.sub(entry, size, data, flags=re.DOTALL)


def make_extent(width: int, height: int) -> bytes:
    """Make a property that says a size."""
    return make_box(b"ispe", struct.pack(">III", 0, width, height))


def test_the_largest_of_several_sizes_counts() -> None:
    """Thumbnails and tiles have theirs too."""
    sizes = b"".join(make_extent(*size) for size in ((160, 120), (4000, 3000), (512, 512)))
    small = make_sequence_header(512, 512)
    assert read_media(make_media((b"av01", small), boxes=sizes))[:2] == (4000, 3000)
    items = (b"av01", small), (b"av01", make_sequence_header(5000, 4000)), (b"av01", small)
    assert read_media(make_media(*items, boxes=sizes))[:2] == (5000, 4000)


@pytest.mark.parametrize(("kind", "at"), [(b"grid", 4), (b"iovl", 10)])
def test_an_image_that_is_made_of_others_has_a_size_of_its_own(kind: bytes, at: int) -> None:
    """In 16 bits or 32."""
    tile = (b"av01", make_sequence_header(512, 512))
    short = bytes(at) + struct.pack(">HH", 4000, 3000)
    long = b"\0\1" + bytes(at - 2) + struct.pack(">II", 4000, 3000)
    for data in (short, long):
        assert read_media(make_media(tile, (kind, data)))[:2] == (4000, 3000)


def test_the_description_may_be_behind_the_pictures() -> None:
    """However long these are."""
    data = make_media((b"av01", make_sequence_header(4000, 3000)))
    kind, meta = data[:20], data[20 : data.index(b"mdat") - 4]
    at = len(kind) + 8 + 2**17
    # The place of the item, after its number, the reference and the number of its parts.
    place = meta.index(b"iloc") + 4 + 6 + 2 + 6
    meta = meta[:place] + struct.pack(">I", at) + meta[place + 4 :]
    pictures = make_box(b"mdat", bytes(2**17) + make_sequence_header(4000, 3000))
    assert read_media(kind + pictures + meta)[:2] == (4000, 3000)


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (lambda: encode("AVIF"), (70, 50)),
        (encode_sequence, (70, 50)),
        (lambda: encode("HEIF", 202, 122), (202, 122)),
        (lambda: encode("HEIF", 200, 120, chroma=444), (200, 120)),
        (lambda: encode("HEIF", 200, 120, chroma=422), (200, 120)),
    ],
    ids=["AVIF", "sequence", "HEIC", "HEIC 4:4:4", "HEIC 4:2:2"],
)
def test_an_image_is_as_large_as_its_data_says(
    make: Callable[[], bytes], size: tuple[int, int]
) -> None:
    """Boxes that understate it would let the decoder take any memory."""
    data = make()
    lying = claim_size(data, 16, 16)
    assert lying != data
    assert read_media(data)[:2] == read_media(lying)[:2] == size
    assert read_media(claim_size(data, 7000, 16))[:2] == (7000, 16)


def test_an_image_that_is_larger_than_it_says_is_not_decoded() -> None:
    """A few bytes could take gigabytes."""
    items = (b"av01", make_sequence_header(12_000, 12_000))
    assert decode_image(make_media(items, boxes=make_extent(16, 16))) is Cause.TOO_LARGE


@pytest.mark.parametrize("kind", [3, 6])
def test_a_picture_of_many_frames_is_not_decoded(kind: int) -> None:
    """The decoder would make all of them, of a few bytes each, and show one."""
    header, frame = make_sequence_header(4000, 3000), bytes((kind << 3 | 2, 20)) + bytes(20)
    for n_frames, is_refused in ((8, False), (9, True)):
        items = (b"av01", header + frame), (b"av01", header + frame * n_frames)
        assert (decode_image(make_media(*items)) is Cause.TOO_SLOW) == is_refused
    small = (b"av01", make_sequence_header(100, 100) + frame * 9)
    assert decode_image(make_media(small)) is Cause.UNREADABLE


@pytest.mark.parametrize("damage", [b"iloc", b"iinf", b"av01"])
def test_an_image_whose_data_tells_no_size_has_none(damage: bytes) -> None:
    """What its boxes say is not enough."""
    data = encode("AVIF")
    at = data.index(damage)
    # Without the box that leads to the data, and what is for decoders beside it.
    hidden = (data[:at] + b"free" + data[at + 4 :]).replace(b"av1C", b"free")
    assert read_media(hidden)[:2] == (0, 0)
    assert decode_image(hidden) is Cause.UNREADABLE


def test_a_file_of_too_many_boxes_or_units_has_no_size() -> None:
    """So that it does not take minutes; a real one has a few hundred."""
    header, nothing = make_sequence_header(4000, 3000), bytes((15 << 3 | 2, 0))
    for n_parts, size in ((10_000, (4000, 3000)), (MAX_PARTS, (0, 0))):
        assert read_media(make_media((b"av01", header + nothing * n_parts)))[:2] == size
        boxes = make_box(b"free", b"") * n_parts
        assert read_media(make_media((b"av01", header), boxes=boxes))[:2] == size
        data = make_media((b"av01", header), more_items=make_box(b"free", b"") * n_parts)
        assert read_media(data)[:2] == size
        for name in (b"av1C", b"hvcC"):
            boxes = make_box(b"ipco", make_box(name, b"") * n_parts)
            assert read_media(make_media((b"av01", header), boxes=boxes))[:2] == size


def test_a_table_may_claim_to_have_any_number_of_items() -> None:
    """Also such as take no bytes."""
    data = bytearray(make_media((b"av01", make_sequence_header(4000, 3000)), version=2))
    at = data.index(b"iloc") + 4
    data[at + 4 : at + 10] = b"\0\0" + b"\xff" * 4
    assert read_media(bytes(data))[:2] == (0, 0)


@pytest.mark.parametrize("table", [b"stsd", b"stsz", b"stco"])
def test_a_sequence_without_a_table_has_no_size(table: bytes) -> None:
    """Where its first picture is cannot be told then, or not how it is coded."""
    data = encode_sequence()
    assert table in data
    assert read_media(data.replace(table, b"free"))[:2] == (0, 0)


@pytest.mark.parametrize("n_more", [0, 50])
def test_parts_of_the_data_are_put_together(n_more: int) -> None:
    """A header may be cut anywhere. That is done once, however often an item is listed."""
    header = make_sequence_header(4000, 3000) + bytes((15 << 3 | 2, 100)) + bytes(100)
    entry = make_box(b"infe", struct.pack(">IHH4sx", 2 << 24, 300, 0, b"av01"))
    data = make_media((b"av01", header), more_items=entry * n_more)
    at = data.index(b"iloc") + 4 + 6 + 2 + 4
    place = int.from_bytes(data[at + 2 : at + 6], "big") + 16
    parts = struct.pack(">HIIII", 2, place, 4, place + 4, len(header) - 4)
    longer = data[:at] + parts + data[at + 10 :]
    # Two boxes are 8 bytes longer, and two more make up for it.
    for name, more in ((b"meta", 16), (b"iloc", 8)):
        start = longer.index(name) - 4
        length = int.from_bytes(longer[start : start + 4], "big") + more
        longer = longer[:start] + struct.pack(">I", length) + longer[start + 4 :]
    end = longer.index(b"mdat") - 4
    longer = longer[:end] + make_box(b"free", b"") + longer[end:]
    assert read_media(longer)[:2] == (4000, 3000)


@pytest.mark.skipif(not AVIF_FOLDER.is_dir(), reason=NO_SHARED_IMAGES)
@pytest.mark.parametrize("path", sorted(AVIF_FOLDER.glob("*.avif")), ids=lambda path: path.stem)
def test_real_files_have_the_size_of_their_pictures(path: Path) -> None:
    """They are from several encoders."""
    data = path.read_bytes()
    picture = decode_image(data)
    assert isinstance(picture, Picture)
    width, height, orientation = read_media(data)[:3]
    turned = (height, width) if orientation >= 5 else (width, height)
    assert (picture.width, picture.height) == turned


def test_depth_and_transparency_of_an_avif_are_seen() -> None:
    """They decide how much memory its decoder takes."""
    Image.init()
    if "AVIF" not in Image.SAVE:
        pytest.skip("Pillow was built without AVIF")
    plain = encode("AVIF")
    buffer = io.BytesIO()
    transparent = Image.fromarray(make_pixels(1))
    transparent.putalpha(100)
    transparent.save(buffer, "AVIF")
    assert read_media(plain)[4:6] == (False, False)
    assert read_media(buffer.getvalue())[4:6] == (True, False)
    at = plain.index(b"av1C") + 6
    assert read_media(plain[:at] + bytes((plain[at] | 0x40,)) + plain[at + 1 :]).is_deep


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("base", [0, 20])
def test_all_versions_of_the_table_of_items_are_read(version: int, base: int) -> None:
    """Encoders differ in what they write; numbers of items are of 2 or 4 bytes."""
    items = (b"av01", make_sequence_header(70, 50)), (b"Exif", EXIF_ITEM)
    told = read_media(make_media(*items, version=version, base=base))
    assert told[:4] == (70, 50, 1, TAKEN)


@pytest.mark.parametrize("cut", [b"infe", b"iloc", b"Exif\0\0II"])
def test_a_media_file_without_a_piece_has_no_capture_time(cut: bytes) -> None:
    """Its list of items, its table of places or the data itself."""
    data = make_media((b"Exif", EXIF_ITEM))
    assert read_media(data).captured == TAKEN
    assert read_media(data.replace(cut, b"free".ljust(len(cut), b"\0"))).captured is None


@given(st.binary(max_size=80), st.integers(0, 400))
def test_any_bytes_have_an_answer(junk: bytes, at: int) -> None:
    """What cannot be read is unknown."""
    items = (b"av01", make_sequence_header(70, 50)), (b"Exif", EXIF_ITEM)
    whole = make_media(*items, boxes=make_extent(7, 5))
    assert min(read_media(whole[:at] + junk + whole[at + len(junk) :])[:2]) >= 0
