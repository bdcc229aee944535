"""Small pictures for tests, made on the spot."""

import os
import struct
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from smartdownsample.features.exact_thumbnails import make_thumbnails
from smartdownsample.features.thumbnails import Thumbnails

REPOSITORY = Path(__file__).resolve().parents[1]
DATA_SAMPLES = REPOSITORY / "data_samples"
SHARED_IMAGES = REPOSITORY.parent / "shared" / "images"
# A file that was written just now may change without a trace and is not remembered.
LONG_AGO_NS = 1_700_000_000_123_456_789
NO_SHARED_IMAGES = "the folder of real photos is not beside the repository"


def make_pixels(seed: int, width: int = 64, height: int = 48) -> npt.NDArray[np.uint8]:
    """Make a smooth, seeded picture, shape (height, width, 3), whose look depends on the seed."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    if seed % 3 == 0:  # an infrared night
        coarse[:] = coarse.mean(axis=2, keepdims=True)
    picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(picture)


def make_single_thumbnails(pixels: npt.NDArray[np.uint8], hash_size: int) -> Thumbnails:
    """Make the thumbnails of one picture, without the axis of pictures."""
    return take_thumbnails(make_thumbnails([pixels], hash_size), 0)


def take_thumbnails(thumbnails: Thumbnails, place: int) -> Thumbnails:
    """Take those of one picture out of a stack."""
    return Thumbnails(thumbnails.dhash[place], thumbnails.ahash[place], thumbnails.cells[place])


def are_equal(thumbnails: Thumbnails, others: Iterable[npt.ArrayLike]) -> bool:
    """Compare all values."""
    arrays = map(np.asarray, thumbnails)
    return all(np.array_equal(ours, theirs) for ours, theirs in zip(arrays, others, strict=True))


def write_picture(path: Path, seed: int, width: int = 64, height: int = 48) -> Path:
    """Write a seeded picture, long ago; the extension decides the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = (
        {"compress_level": 1} if path.suffix == ".png" else {}
    )  # the others cost seconds
    Image.fromarray(make_pixels(seed, width, height)).save(path, **options)
    return make_old(path, seed)


def make_old(path: Path, seed: int = 0) -> Path:
    """Set a file's modification time to a moment long ago that depends on the seed."""
    mtime_ns = LONG_AGO_NS + seed * 1000
    os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


def make_exif(
    first: Mapping[int, bytes | int] | None = None,
    photo: Mapping[int, bytes | int] | None = None,
    *,
    order: str = "<",
    thumbnail: bytes = b"",
) -> bytes:
    """Make EXIF data, laid out as a TIFF, of the fields of its two directories by their tags.

    Texts are written as they are, numbers as LONG; without `photo` there is one directory only.
    A thumbnail has a directory behind all that, and follows it.
    """
    first = dict(first or {})
    photo_at = 8 + 2 + 12 * (len(first) + (photo is not None)) + 4
    if photo is not None:
        first[0x8769] = photo_at
    texts_at = photo_at + 2 + 12 * len(photo or {}) + 4
    all_fields = [*first.values(), *(photo or {}).values()]
    long_texts = [text for text in all_fields if isinstance(text, bytes) and len(text) > 4]
    thumbnail_at = texts_at + sum(map(len, long_texts))
    tables, texts = b"", b""
    for fields, next_at in ((first, thumbnail_at if thumbnail else 0), (photo or {}, 0)):
        tables += struct.pack(order + "H", len(fields))
        for tag, value in sorted(fields.items()):
            if isinstance(value, int):
                tables += struct.pack(order + "HHII", tag, 4, 1, value)
            elif len(value) <= 4:
                tables += struct.pack(order + "HHI4s", tag, 2, len(value), value)
            else:
                tables += struct.pack(order + "HHII", tag, 2, len(value), texts_at + len(texts))
                texts += value
        tables += struct.pack(order + "I", next_at)
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    data = mark + struct.pack(order + "I", 8) + tables + texts
    if thumbnail:
        data += struct.pack(order + "H", 2)
        data += struct.pack(order + "HHII", 0x0201, 4, 1, thumbnail_at + 2 + 24 + 4)
        data += struct.pack(order + "HHII", 0x0202, 4, 1, len(thumbnail))
        data += struct.pack(order + "I", 0) + thumbnail
    return data


def encode_jpeg(pixels: npt.NDArray[np.uint8], exif: bytes = b"") -> bytes:
    """Encode a picture as a JPEG, with EXIF data if there is any."""
    file = BytesIO()
    options = {"exif": b"Exif\0\0" + exif} if exif else {}
    Image.fromarray(pixels).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


def shrink(pixels: npt.NDArray[np.uint8], width: int, height: int) -> npt.NDArray[np.uint8]:
    """Shrink a picture, as cameras do for their thumbnails."""
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


def write_photo(
    path: Path,
    seed: int,
    thumbnail: npt.NDArray[np.uint8] | None = None,
    *,
    has_thumbnail: bool = True,
) -> Path:
    """Write a seeded photo of 640×480, long ago, with the thumbnail given or its own."""
    pixels = make_pixels(seed, 640, 480)
    if thumbnail is None:
        thumbnail = shrink(pixels, 160, 120)
    exif = make_exif(thumbnail=encode_jpeg(thumbnail)) if has_thumbnail else b""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_jpeg(pixels, exif))
    return make_old(path, seed)


def write_collection(folder: Path, n: int) -> list[str]:
    """Write n pictures in folders of cameras; return their paths in natural order."""
    return [
        str(write_picture(folder / f"site_{i // 20 + 1}" / f"IMG_{i % 20 + 1}.jpg", i))
        for i in range(n)
    ]


def make_box(name: bytes, content: bytes) -> bytes:
    """Put content into a box."""
    return struct.pack(">I4s", len(content) + 8, name) + content


def make_sequence_header(width: int, height: int) -> bytes:
    """Make the unit of AV1 data that tells a size, as of a still picture."""
    # Profile 0, still, reduced, level; 16 bits for each side.
    bits = f"00011{0:05b}{15:04b}{15:04b}{width - 1:016b}{height - 1:016b}"
    content = int(bits.ljust(56, "0"), 2).to_bytes(7, "big")
    return bytes((1 << 3 | 2, len(content))) + content


def make_media(
    *items: tuple[bytes, bytes],
    version: int = 0,
    base: int = 0,
    boxes: bytes = b"",
    more_items: bytes = b"",
) -> bytes:
    """Make an AVIF of items, each a kind and its data, with a table of places of a version."""
    numbers = [300 + i for i in range(len(items))]
    short = version < 2
    infes = b"".join(
        make_box(
            b"infe",
            bytes((2 if short else 3, 0, 0, 0))
            + struct.pack(">HH4sx" if short else ">IH4sx", number, 0, kind),
        )
        for number, (kind, _) in zip(numbers, items, strict=True)
    )
    iinf = make_box(b"iinf", bytes(4) + struct.pack(">H", len(items)) + infes + more_items)

    def locate(place: int) -> bytes:
        table = bytes((version, 0, 0, 0, 0x44, 0x40 if base else 0x00))
        table += struct.pack(">H" if short else ">I", len(items))
        for number, (_, data) in zip(numbers, items, strict=True):
            table += struct.pack(">H" if short else ">I", number)
            table += bytes(2 if version else 0) + bytes(2)
            table += struct.pack(">I", base) if base else b""
            table += struct.pack(">HII", 1, place - base, len(data))
            place += len(data)
        return make_box(b"iloc", table)

    def describe(place: int) -> bytes:
        meta = make_box(b"meta", bytes(4) + boxes + iinf + locate(place))
        return make_box(b"ftyp", b"avif" + bytes(8)) + meta

    start = describe(base) + b"\0\0\0\0mdat"
    return describe(len(start)) + b"\0\0\0\0mdat" + b"".join(data for _, data in items)
