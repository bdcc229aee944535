"""Files of all formats, odd ones and broken ones, against what docs/formats.md says of them."""

import csv
import importlib.util
import io
import json
import os
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from pictures import NO_SHARED_IMAGES, REPOSITORY, SHARED_IMAGES, make_old, make_pixels
from smartdownsample import ImageIndex
from smartdownsample.features.spec import choose_min_side, make_spec
from smartdownsample.items.storage import MAX_FILE_BYTES
from smartdownsample.options import MAX_PIXELS, MAX_SIDE
from smartdownsample.pictures.decode import Picture, decode_image
from smartdownsample.records import Cause

ODD = SHARED_IMAGES / "odd"
FORMATS = (REPOSITORY / "docs" / "formats.md").read_text(encoding="utf-8")
# Some builds of OpenCV lack these.
WITHOUT = tuple(end for end in (".gif", ".avif") if not cv2.haveImageWriter(f"a{end}"))

DESCRIBE = """
import json, sys, warnings
if sys.platform == "linux":
    import resource
    # Of these, Arrow reserves one for its own arrays, before it uses any.
    resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
from smartdownsample import ImageIndex, ImageLoadingWarning
warnings.simplefilter("error")
warnings.simplefilter("ignore", ImageLoadingWarning)
index = ImageIndex.build(
    json.load(sys.stdin), decode=sys.argv[1], cache=False, show_progress=False
)
pictures = {
    path: [int(row["width"]), int(row["height"])]
    for path, row in zip(index.paths, index.table.rows)
}
failures = [(failure.path, failure.cause.name) for failure in index.failures]
print(json.dumps({"pictures": pictures, "failures": failures}))
"""


def read_table(first_column: str) -> dict[str, str]:
    """Read the first two columns of the table of docs/formats.md that starts with a word."""
    table = re.search(rf"^\| {first_column} \|.*\n\|[-|]+\n((?:\|.*\n)+)", FORMATS, re.MULTILINE)
    assert table is not None
    rows = [line.strip("|").split("|") for line in table[1].splitlines()]
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0].strip().strip("`"): row[1].strip() for row in rows}


@pytest.fixture(scope="module", params=["exact", "fast"])
def described(request: pytest.FixtureRequest) -> tuple[list[str], dict[str, Any]]:
    """Describe every odd file in a process of its own; see that it ends well and says nothing."""
    if not ODD.is_dir():
        pytest.skip(NO_SHARED_IMAGES)
    paths = sorted(str(path) for path in ODD.rglob("*") if path.is_file())
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBE, request.param],
        input=json.dumps(paths),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return paths, json.loads(done.stdout)


def test_every_odd_file_gives_features_or_a_named_cause(
    described: tuple[list[str], dict[str, Any]],
) -> None:
    """Exactly one of the two, in little memory, without a word of the decoders."""
    paths, result = described
    failed = dict(result["failures"])
    assert len(failed) == len(result["failures"])
    assert set(failed.values()) <= set(Cause.__members__)
    assert sorted([*result["pictures"], *failed]) == paths


def test_every_picture_has_a_size(described: tuple[list[str], dict[str, Any]]) -> None:
    """Whatever the decoder can find in a file, the header's reader found before."""
    _, result = described
    assert [path for path, size in result["pictures"].items() if not min(size)] == []


def test_what_pillow_opens_is_opened_but_for_the_documented_exceptions(
    described: tuple[list[str], dict[str, Any]],
) -> None:
    """Every exception is documented, and nothing that is read is called an exception."""
    _, result = described
    with open(ODD / "VERDICTS.csv", encoding="utf-8", newline="") as file:
        opened = {row["path"] for row in csv.DictReader(file) if row["pillow"] == "ok"}
    failed = {Path(path).relative_to(SHARED_IMAGES).as_posix() for path, _ in result["failures"]}
    exceptions = {f"odd/{path}" for path in read_table("file")}
    assert all((SHARED_IMAGES / path).exists() for path in exceptions)
    is_read = {path for path in opened if not path.endswith(WITHOUT)} if WITHOUT else opened
    assert is_read & failed == exceptions & is_read


# --------------------------------------------------------------------- orientation

# The transposition that undoes each orientation's own.
UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def assert_alike(index: ImageIndex) -> None:
    """See that all images of an index are in one bucket and have one size and about one hash."""
    rows = index.table.rows
    assert len(index) == 8
    assert index.failures == ()
    assert len(set(index.codes.tolist())) == 1
    assert len(set(zip(rows["width"].tolist(), rows["height"].tolist(), strict=True))) == 1
    different = np.unpackbits(rows["dhash"] ^ rows["dhash"][0], axis=1).sum(axis=1)
    assert different.max() <= 2


@pytest.mark.parametrize("decode", ["exact", "fast"])
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_all_orientations_look_the_same(tmp_path: Path, name: str, decode: Any) -> None:
    """However a camera was held, its picture is the same."""
    Image.init()
    if name not in Image.SAVE or f".{name.lower()}" in WITHOUT:
        pytest.skip(f"Pillow or OpenCV was built without {name}")
    upright = Image.fromarray(make_pixels(1, 640, 480))
    for orientation in range(1, 9):
        undo = UNDO.get(orientation)
        stored = upright if undo is None else upright.transpose(undo)
        exif = Image.Exif()
        exif[0x0112] = orientation
        options: dict[str, Any] = {
            "PNG": {"compress_level": 1},
            "TIFF": {},
            "AVIF": {"quality": 95, "speed": 10},
        }.get(name, {"quality": 95})
        path = tmp_path / f"{orientation}.{name.lower()}"
        stored.save(path, name, exif=exif, **options)
    index = ImageIndex.build(tmp_path, decode=decode, cache=False)
    assert_alike(index)
    assert (index.table.rows["width"] == 640).all()


@pytest.mark.skipif(not ODD.is_dir(), reason=NO_SHARED_IMAGES)
@pytest.mark.parametrize("decode", ["exact", "fast"])
def test_all_orientations_of_real_files_look_the_same(decode: Any) -> None:
    """They were turned and saved again by somebody else's tools."""
    folder = ODD / "recurser+exif-orientation-examples"
    paths = [folder / f"Landscape_{orientation}.jpg" for orientation in range(1, 9)]
    assert_alike(ImageIndex.build(paths, decode=decode, cache=False))


# ------------------------------------------------------------------------- formats


def save(name: str, mode: str = "RGB", **options: Any) -> bytes:
    """Write a picture with Pillow."""
    picture = Image.fromarray(make_pixels(1)).convert(mode)
    buffer = io.BytesIO()
    picture.save(buffer, name, **options)
    return buffer.getvalue()


def save_all(name: str) -> bytes:
    """Write a picture and its negative into one file with Pillow."""
    negative = Image.fromarray(255 - make_pixels(1))
    return save(name, save_all=True, append_images=[negative])


def save_array(name: str, dtype: type) -> bytes:
    """Write a grey picture of other numbers than bytes with Pillow."""
    grey = make_pixels(1)[:, :, 0].astype(np.float64)
    scaled = grey * 257 if dtype is np.uint16 else grey / 255
    buffer = io.BytesIO()
    Image.fromarray(scaled.astype(dtype)).save(buffer, name)
    return buffer.getvalue()


def save_lab() -> bytes:
    buffer = io.BytesIO()
    Image.frombytes("LAB", (64, 48), make_pixels(1).tobytes()).save(buffer, "TIFF")
    return buffer.getvalue()


def make_tiff(bits: int = 8, *, is_tiled: bool = False) -> bytes:
    """Lay out a grey TIFF of 64×48 pixels (TIFF 6.0), in one strip or in tiles."""
    n_bytes = 64 * 48 * bits // 8
    fields = {256: 64, 257: 48, 258: bits, 259: 1, 262: 1, 277: 1}
    # Tiles of 64×48 are allowed: both are multiples of 16.
    fields |= {322: 64, 323: 48, 324: 0, 325: n_bytes} if is_tiled else {273: 0, 279: n_bytes}
    start = 8 + 2 + 12 * len(fields) + 4
    fields[324 if is_tiled else 273] = start
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, fields[tag]) for tag in sorted(fields))
    directory = struct.pack("<H", len(fields)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(range(256)) * (n_bytes // 256)


def make_run_length_bmp() -> bytes:
    """Lay out a BMP of 64×48 pixels whose rows are runs of one colour."""
    palette = bytes(value for level in range(256) for value in (level, level, level, 0))
    rows = b"".join(bytes((64, 5 * row, 0, 0)) for row in range(48)) + b"\0\1"
    start = 14 + 40 + len(palette)
    header = struct.pack("<2sIII", b"BM", start + len(rows), 0, start)
    info = struct.pack("<IiiHHIIIIII", 40, 64, 48, 1, 8, 1, len(rows), 0, 0, 256, 0)
    return header + info + palette + rows


def make_interlaced_png() -> bytes:
    """Interlace a PNG of one pixel, which is the same but for the header."""
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1), "red").save(buffer, "PNG")
    png = bytearray(buffer.getvalue())
    png[28] = 1
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    return bytes(png)


def make_12_bit_jpeg() -> bytes:
    """Claim 12 bits in an extended JPEG."""
    jpeg = bytearray(save("JPEG"))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 1], jpeg[at + 4] = 0xC1, 12
    return bytes(jpeg)


def make_hdr() -> bytes:
    done, buffer = cv2.imencode(".hdr", make_pixels(1).astype(np.float32) / 255)
    assert done
    return buffer.tobytes()


def read_arithmetic() -> bytes:
    """Read a JPEG that hardly anybody can write."""
    if not ODD.is_dir():
        pytest.skip(NO_SHARED_IMAGES)
    folder = ODD / "libjpeg-turbo+seed-corpora/afl-testcases/jpeg/full/images"
    return (folder / "id:002730,src:002059,op:flip4,pos:165.jpg").read_bytes()


MAKERS: dict[str, Callable[[], bytes]] = {
    "JPEG, baseline": lambda: save("JPEG"),
    "JPEG, progressive": lambda: save("JPEG", progressive=True),
    "JPEG, grey": lambda: save("JPEG", "L"),
    "JPEG, CMYK": lambda: save("JPEG", "CMYK"),
    "JPEG, 4:4:4": lambda: save("JPEG", subsampling="4:4:4"),
    "JPEG, 4:2:2": lambda: save("JPEG", subsampling="4:2:2"),
    "JPEG, 4:2:0": lambda: save("JPEG", subsampling="4:2:0"),
    "JPEG, 4:1:1": lambda: save("JPEG", subsampling="4:1:1"),
    "JPEG, restart markers": lambda: save("JPEG", restart_marker_blocks=4),
    "JPEG, trailing padding": lambda: save("JPEG") + bytes(1000),
    "JPEG, several pictures (MPO)": lambda: save_all("MPO"),
    "JPEG, arithmetic coding": read_arithmetic,
    "JPEG, 12 bits": make_12_bit_jpeg,
    "PNG, 1 bit": lambda: save("PNG", "1"),
    "PNG, 8 bits": lambda: save("PNG"),
    "PNG, 16 bits": lambda: save_array("PNG", np.uint16),
    "PNG, palette": lambda: save("PNG", "P", bits=4),
    "PNG, grey with alpha": lambda: save("PNG", "LA"),
    "PNG, colour with alpha": lambda: save("PNG", "RGBA"),
    "PNG, interlaced": make_interlaced_png,
    "PNG, animated (APNG)": lambda: save_all("PNG"),
    "TIFF, strips": make_tiff,
    "TIFF, tiles": lambda: make_tiff(is_tiled=True),
    "TIFF, more than 4 GB possible (BigTIFF)": lambda: save("TIFF", big_tiff=True),
    "TIFF, LZW": lambda: save("TIFF", compression="tiff_lzw"),
    "TIFF, deflate": lambda: save("TIFF", compression="tiff_adobe_deflate"),
    "TIFF, PackBits": lambda: save("TIFF", compression="packbits"),
    "TIFF, JPEG": lambda: save("TIFF", compression="jpeg"),
    "TIFF, LZMA": lambda: save("TIFF", compression="lzma"),
    "TIFF, Zstandard": lambda: save("TIFF", compression="zstd"),
    "TIFF, black and white (fax)": lambda: save("TIFF", "1", compression="group4"),
    "TIFF, palette": lambda: save("TIFF", "P"),
    "TIFF, 16 bits": lambda: save_array("TIFF", np.uint16),
    "TIFF, grey of 2 bits": lambda: make_tiff(2),
    "TIFF, grey of 4 bits": lambda: make_tiff(4),
    "TIFF, floating point": lambda: save_array("TIFF", np.float32),
    "TIFF, with alpha": lambda: save("TIFF", "RGBA"),
    "TIFF, CMYK": lambda: save("TIFF", "CMYK"),
    "TIFF, Lab": save_lab,
    "TIFF, several pages": lambda: save_all("TIFF"),
    "WebP, lossy": lambda: save("WEBP"),
    "WebP, lossless": lambda: save("WEBP", lossless=True),
    "WebP, with alpha": lambda: save("WEBP", "RGBA"),
    "WebP, animated": lambda: save_all("WEBP"),
    "AVIF": lambda: save("AVIF"),
    "GIF": lambda: save("GIF"),
    "GIF, animated": lambda: save_all("GIF"),
    "BMP, 1 bit": lambda: save("BMP", "1"),
    "BMP, palette": lambda: save("BMP", "P"),
    "BMP, 24 bits": lambda: save("BMP"),
    "BMP, 32 bits": lambda: save("BMP", "RGBA"),
    "BMP, run-length coded": make_run_length_bmp,
    "JPEG 2000": lambda: save("JPEG2000"),
    "JPEG 2000, bare codestream": lambda: save("JPEG2000", no_jp2=True),
    "PNM, black and white (PBM)": lambda: save("PPM", "1"),
    "PNM, grey (PGM)": lambda: save("PPM", "L"),
    "PNM, colour (PPM)": lambda: save("PPM"),
    "HDR (Radiance)": make_hdr,
    "HEIC": lambda: b"\0\0\0\x18ftypheic" + bytes(16),
    "JPEG XL": lambda: b"\xff\x0a" + bytes(16),
    "raw photo, Canon (CR3)": lambda: b"\0\0\0\x18ftypcrx " + bytes(16),
    "raw photo, Fujifilm (RAF)": lambda: b"FUJIFILMCCD-RAW 0201" + bytes(16),
    "raw photo, Olympus (ORF)": lambda: b"IIRO\x08\0\0\0" + bytes(16),
    "raw photo, Panasonic (RW2)": lambda: b"IIU\0\x18\0\0\0" + bytes(16),
    "text": lambda: b"This is no picture.\n",
    "web page": lambda: b"<!DOCTYPE html><html><body>Log in</body></html>",
    "video": lambda: b"\0\0\0\x18ftypisom" + bytes(16),
    "PDF": lambda: save("PDF"),
    "archive (ZIP, gzip, 7z, RAR)": lambda: b"PK\x03\x04" + bytes(16),
    "icons, TGA, PCX, DDS, QOI, PFM": lambda: save("ICO"),
    "empty file": bytes,
}
# The module that makes a picture of what is a failure without it.
PLUGINS = {"HEIC": "pillow_heif", "JPEG XL": "pillow_jxl"}


def make(name: str) -> bytes:
    """Make a file of a format, or skip where Pillow or OpenCV was built without it."""
    if f".{name.partition(',')[0].lower()}" in WITHOUT:
        pytest.skip(f"OpenCV was built without {name}")
    plugin = PLUGINS.get(name)
    if plugin is not None and importlib.util.find_spec(plugin) is not None:
        pytest.skip(f"{plugin} is installed")
    try:
        return MAKERS[name]()
    except (KeyError, OSError) as error:
        pytest.skip(f"Pillow was built without {name}: {error}")


def test_every_documented_format_is_tested() -> None:
    """The table and the files made here are the same, row by row."""
    assert list(MAKERS) == list(read_table("format"))


@pytest.mark.parametrize("name", MAKERS)
def test_a_format_gives_what_is_documented(name: str) -> None:
    """A picture or the named cause, in both modes."""
    data, outcome = make(name), read_table("format")[name]
    for min_side in (None, choose_min_side(make_spec(8, "fast"))):
        result = decode_image(data, min_side=min_side)
        assert outcome == ("picture" if isinstance(result, Picture) else result.name)


@pytest.mark.parametrize("name", [name for name in MAKERS if "anim" in name or "several" in name])
def test_of_several_pictures_the_first_is_taken(name: str) -> None:
    """Not the second one, which is its negative."""
    picture = decode_image(make(name))
    assert isinstance(picture, Picture)
    assert np.abs(picture.pixels.astype(int) - make_pixels(1)).mean() < 20


def test_the_documented_causes_are_all_there_are() -> None:
    """With the text that people see, in the order of the code."""
    assert read_table("cause") == {cause.name: cause.value for cause in Cause}


def test_the_documented_limits_are_those_of_the_code() -> None:
    """The figures of the guards."""
    assert f"{MAX_PIXELS:,}" in FORMATS
    assert f"`MAX_SIDE` ({MAX_SIDE:,})" in FORMATS
    assert MAX_FILE_BYTES == 2**30
    assert "`MAX_FILE_BYTES` (1 GiB)" in FORMATS


# -------------------------------------------------------------------------- guards


def make_transparent_png(side: int) -> bytes:
    """Make a PNG of few bytes and many transparent pixels."""
    packed = zlib.compressobj(1)
    pixels = b"".join(packed.compress(bytes(1 + 4 * side)) for _ in range(side)) + packed.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + zlib.crc32(kind + content).to_bytes(4, "big")
        for kind, content in chunks
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the memory is limited on Linux only")
@pytest.mark.parametrize("mode", ["fast", pytest.param("exact", marks=pytest.mark.long)])
def test_files_that_want_the_memory_do_not_get_it(tmp_path: Path, mode: str) -> None:
    """Small files that claim much are pictures or failures, and the run goes on."""
    hostile = {
        "chunk.png": save("PNG")[:-12] + b"\xf0\0\0\0IDAT",
        "empty.jpg": claim_size(save("JPEG"), 13000)[:400],
        "padded.jpg": b"\xff\xd8" + bytes(9) + claim_size(save("JPEG"), 65500)[2:],
        "wide.png": make_transparent_png(8000),
    }
    for name, data in hostile.items():
        (tmp_path / name).write_bytes(data)
        make_old(tmp_path / name)
    (tmp_path / "good.jpg").write_bytes(save("JPEG"))
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBE, mode],
        input=json.dumps([os.fspath(path) for path in sorted(tmp_path.iterdir())]),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    result = json.loads(done.stdout)
    causes = {Path(path).name: cause for path, cause in result["failures"]}
    assert causes == {
        "chunk.png": "UNREADABLE",
        "empty.jpg": "TRUNCATED",
        "padded.jpg": "TOO_LARGE",
    }


def claim_size(jpeg: bytes, side: int) -> bytes:
    """Make a JPEG claim another size."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + side.to_bytes(2, "big") * 2 + jpeg[at + 4 :]


@pytest.mark.parametrize("position", [0, 1, 2, 3])
def test_an_animation_with_damaged_pixels_does_not_crash(tmp_path: Path, position: int) -> None:
    """Its checksums are true, so that the decoder reaches the damage."""
    damaged = bytearray(save_all("PNG"))
    at = damaged.index(b"fdAT" if position % 2 else b"IDAT")
    length = int.from_bytes(damaged[at - 4 : at], "big")
    place = at + (length // 2 if position < 2 else length)
    damaged[place] ^= 0xFF
    damaged[at + 4 + length : at + 8 + length] = zlib.crc32(damaged[at : at + 4 + length]).to_bytes(
        4, "big"
    )
    path = tmp_path / "a.png"
    path.write_bytes(damaged)
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBE, "fast"],
        input=json.dumps([os.fspath(path)]),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
