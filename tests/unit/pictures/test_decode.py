"""Tests of smartdownsample.pictures.decode."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pictures import make_exif, make_pixels, write_picture
from smartdownsample.options import MAX_PIXELS
from smartdownsample.pictures.decode import Picture, decode_image
from smartdownsample.pictures.pixels import measure_share
from smartdownsample.records import Cause


def encode(
    format_name: str, seed: int = 1, width: int = 64, height: int = 48, **options: object
) -> bytes:
    """Encode a seeded picture."""
    buffer = io.BytesIO()
    Image.fromarray(make_pixels(seed, width, height)).save(buffer, format_name, **options)
    return buffer.getvalue()


def decode(data: bytes, min_side: int | None = None) -> Picture:
    """Decode what can be decoded."""
    picture = decode_image(data, min_side=min_side)
    assert isinstance(picture, Picture)
    return picture


def claim_png(width: int, height: int, bits: int = 8) -> bytes:
    """Make the head of a PNG with colours and alpha."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, bits, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\x0d" + head + zlib.crc32(head).to_bytes(4, "big")


def claim_tiff(
    width: int, height: int, *, bits: int = 8, tile: int = 0, big: bool = False
) -> bytes:
    """Make the directory of a grey TIFF with as many rows to a strip as it has, or with tiles."""
    fields = {0x0100: width, 0x0101: height, 0x0102: bits, 0x0106: 1}
    fields |= {0x0142: tile, 0x0143: tile} if tile else {}
    if not big:
        return make_exif(fields)
    entries = (struct.pack("<HHQQ", tag, 4, 1, value) for tag, value in fields.items())
    directory = struct.pack("<Q", len(fields)) + b"".join(entries) + bytes(8)
    return b"II+\0" + struct.pack("<HHQ", 8, 0, 16) + directory


_DECODE_IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from smartdownsample.pictures import decode_image

data = Path(sys.argv[1]).read_bytes()
n_pages = int(Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (n_pages * resource.getpagesize() + 40 * 2**20,) * 2)
print(decode_image(data).name)
"""


def claim_jpeg_2000(n_components: int) -> bytes:
    """Make the head of a JPEG 2000 of 257×255 pixels, each a tile of its own, and none of them."""
    size = struct.pack(">H8IH", 0, 257, 255, 0, 0, 1, 1, 0, 0, n_components)
    size += b"\7\1\1" * n_components
    return b"\xff\x4f\xff\x51" + struct.pack(">H", len(size) + 2) + size


class TestDecodeImage:
    """decode_image gives upright RGB pixels, or a cause."""

    @pytest.mark.parametrize("format_name", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
    def test_lossless_formats_give_the_pixels(self, format_name: str) -> None:
        """Channels are in the order R, G, B; the extension plays no part."""
        options = {"lossless": True} if format_name == "WEBP" else {}
        picture = decode(encode(format_name, **options))
        assert np.array_equal(picture.pixels, make_pixels(1))
        assert (picture.width, picture.height) == (64, 48)

    def test_grey_and_palette_pictures_become_rgb(self) -> None:
        """Three channels come out whatever went in."""
        for mode in ("L", "P"):
            source = Image.fromarray(make_pixels(1)).convert(mode)
            buffer = io.BytesIO()
            source.save(buffer, "PNG")
            expected = np.asarray(source.convert("RGB"))
            assert np.array_equal(decode(buffer.getvalue()).pixels, expected)

    def test_jpeg_is_close_to_pillow(self) -> None:
        """Two decoders differ by rounding only."""
        data = encode("JPEG", width=200, height=160, quality=95, subsampling=0)
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        assert abs(decode(data).pixels - expected).max() <= 2

    @pytest.mark.parametrize(
        ("min_side", "side"),
        [(None, 640), (640, 640), (321, 640), (320, 320), (160, 160), (10, 80)],
    )
    def test_a_jpeg_is_reduced_as_far_as_its_short_side_allows(
        self, min_side: int | None, side: int
    ) -> None:
        """The shorter side never falls below `min_side`; the size told is the full one."""
        picture = decode(encode("JPEG", width=960, height=640), min_side)
        assert min(picture.pixels.shape[:2]) == side
        assert (picture.width, picture.height) == (960, 640)

    def test_other_formats_are_not_reduced(self) -> None:
        """Reduction gains nothing for them."""
        picture = decode(encode("PNG", width=640, height=480), 10)
        assert picture.pixels.shape == (480, 640, 3)

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("min_side", [None, 100, 50, 25])
    def test_pictures_are_upright(self, orientation: int, min_side: int | None) -> None:
        """All eight EXIF orientations give the same picture and the same size."""
        upright = Image.fromarray(make_pixels(1, 320, 240))
        # The transposition that undoes each orientation's own.
        undo = {
            2: Image.Transpose.FLIP_LEFT_RIGHT,
            3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270,
        }
        stored = upright.transpose(undo[orientation]) if orientation in undo else upright
        exif = Image.Exif()
        exif[0x0112] = orientation
        buffer = io.BytesIO()
        stored.save(buffer, "JPEG", quality=95, exif=exif)
        picture = decode(buffer.getvalue(), min_side)
        height, width = picture.pixels.shape[:2]
        expected = np.asarray(upright.resize((width, height), Image.Resampling.BOX)).astype(int)
        assert (picture.width, picture.height) == (320, 240)
        assert abs(picture.pixels - expected).mean() < 3

    @pytest.mark.parametrize(
        ("data", "cause"),
        [
            (b"", Cause.EMPTY),
            (b"just text", Cause.TEXT),
            (b"\xff\xd8", Cause.TRUNCATED),
            (b"\xff\xd8\xff", Cause.TRUNCATED),
            (b"\xff\xd8 this is no JPEG \xff\xd9", Cause.UNREADABLE),
            (b"\x89PNG\r\n\x1a\n", Cause.UNREADABLE),
            (encode("JPEG", width=640, height=480)[:700], Cause.TRUNCATED),
            (encode("PNG", width=64, height=48)[:200], Cause.UNREADABLE),
        ],
        ids=[
            "empty",
            "text",
            "two bytes",
            "three bytes",
            "no jpeg",
            "no png",
            "cut jpeg",
            "cut png",
        ],
    )
    def test_what_cannot_be_decoded_has_a_cause(self, data: bytes, cause: Cause) -> None:
        """No error leaves the module."""
        assert decode_image(data) is cause

    def test_a_giant_header_is_refused_before_decoding(self) -> None:
        """A small file that claims a giant size cannot eat the memory."""
        side = int(MAX_PIXELS**0.5) + 1
        jpeg = bytearray(encode("JPEG"))
        at = jpeg.index(b"\xff\xc0") + 5
        jpeg[at : at + 4] = side.to_bytes(2, "big") * 2
        png = bytearray(encode("PNG"))
        png[16:24] = side.to_bytes(4, "big") * 2
        assert decode_image(bytes(jpeg), min_side=90) is Cause.TOO_LARGE
        assert decode_image(bytes(png)) is Cause.TOO_LARGE

    @pytest.mark.parametrize(
        "data",
        [
            claim_tiff(32_000, 32_000, big=True),
            claim_tiff(16_000, 16_000, bits=64),
            claim_tiff(10, 10, tile=2**14),
            claim_png(16_000, 16_000, bits=16),
            b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 10000 +X 10000\n" + bytes(99),
            b"P6 30000 30000 255 ",
            # 9,000 rows in 18 bits, and as many columns.
            b"\xff\x0a" + (2 << 1 | 8_999 << 3 | 1 << 21).to_bytes(30, "little"),
        ],
        ids=["BigTIFF", "deep TIFF", "tiles", "deep PNG", "HDR", "PNM", "JPEG XL"],
    )
    def test_what_takes_too_much_memory_is_refused_before_decoding(self, data: bytes) -> None:
        """Whatever makes it large: pixels, channels, bits, or what the decoder keeps."""
        assert decode_image(data) is Cause.TOO_LARGE

    @pytest.mark.parametrize(("n_components", "is_refused"), [(3, False), (50, True)])
    def test_tiles_that_a_jpeg_2000_claims_take_memory(
        self, n_components: int, *, is_refused: bool
    ) -> None:
        """The decoder has a table for each component of each tile, before it has any data."""
        data = claim_jpeg_2000(n_components)
        assert (decode_image(data) is Cause.TOO_LARGE) == is_refused
        assert decode_image(data, max_pixels=257 * 255) is Cause.TOO_LARGE

    def test_an_animation_of_which_all_frames_would_be_decoded_is_refused(self) -> None:
        """JPEG XL has frames of a few bytes and many pixels."""
        # 2,001 rows in 13 bits, as many columns, and 2 bits before that of the animation.
        fields = 1 << 1 | 2_000 << 3 | 1 << 16 | 1 << 20 | 1 << 26
        animated = b"\xff\x0a" + fields.to_bytes(4, "little") + bytes(34_000)
        still = b"\xff\x0a" + (fields ^ 1 << 26).to_bytes(4, "little") + bytes(34_000)
        assert decode_image(animated) is Cause.TOO_SLOW
        assert decode_image(still) in {Cause.UNREADABLE, Cause.JPEG_XL}

    @pytest.mark.parametrize(
        "data",
        [
            claim_tiff(0, 0),
            claim_tiff(0, 0, big=True),
            b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n+X 10 -Y 10\n" + bytes(999),
            b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99),
            b"\0\0\0\x18ftypavif" + bytes(99),
            b"\0\0\0\x18ftypheic" + bytes(99),
            b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(99),
            b"GIF89a" + bytes(99),
        ],
        ids=["TIFF", "BigTIFF", "HDR", "JPEG XL", "AVIF", "HEIC", "JPEG 2000", "GIF"],
    )
    def test_an_image_without_a_size_is_not_decoded(
        self, data: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is unknown may be anything."""

        def fail(*_: object) -> None:
            raise AssertionError

        monkeypatch.setattr(cv2, "imdecode", fail)
        assert decode_image(data) is Cause.UNREADABLE

    def test_small_pictures_of_all_kinds_are_within_the_memory(self) -> None:
        """A limit of pixels does not refuse them for bits and channels."""
        for dtype, name in ((np.uint16, ".png"), (np.float32, ".tiff"), (np.float32, ".hdr")):
            done, data = cv2.imencode(name, np.ones((48, 64, 3), dtype=dtype))
            assert done
            assert isinstance(decode_image(data.tobytes(), max_pixels=64 * 48), Picture)

    @pytest.mark.parametrize("min_side", [None, 100])
    @pytest.mark.parametrize(("kept", "is_used"), [(0.9, True), (0.5, True), (0.1, False)])
    def test_a_truncated_jpeg_is_used_as_far_as_it_goes(
        self, min_side: int | None, kept: float, *, is_used: bool
    ) -> None:
        """What was decoded is the picture's, the rest is grey; too little is a failure."""
        noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(noise).save(buffer, "JPEG", quality=90)
        whole = buffer.getvalue()
        result = decode_image(whole[: int(kept * len(whole))], min_side=min_side)
        if not is_used:
            assert result is Cause.TRUNCATED
            return
        assert isinstance(result, Picture)
        assert result.is_truncated
        assert (result.width, result.height) == (640, 480)
        n_good = int(0.8 * kept * len(result.pixels))
        assert np.array_equal(result.pixels[:n_good], decode(whole, min_side).pixels[:n_good])
        assert measure_share(result.pixels) == pytest.approx(kept, abs=0.1)

    def test_a_jpeg_without_its_end_marker_is_whole(self) -> None:
        """Some cameras leave it out; nothing is missing from the picture."""
        whole = encode("JPEG", width=640, height=480)
        assert np.array_equal(decode(whole[:-2]).pixels, decode(whole).pixels)

    def test_the_limit_of_pixels_can_be_set(self) -> None:
        """It is checked against the header."""
        for name in ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF", "PPM"):
            data = encode(name)
            assert decode_image(data, max_pixels=64 * 48 - 1) is Cause.TOO_LARGE
            assert isinstance(decode_image(data, max_pixels=64 * 48), Picture)

    def test_transparent_pixels_lie_on_white(self) -> None:
        """As a viewer shows them; half transparent ones are half white."""
        pixels = np.dstack([make_pixels(1), np.zeros((48, 64), dtype=np.uint8)])
        pixels[:24, :, 3], pixels[24:, :32, 3] = 255, 51
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        got = decode(buffer.getvalue()).pixels.astype(int)
        assert np.array_equal(got[:24], make_pixels(1)[:24])
        assert (got[24:, 32:] == 255).all()
        assert np.abs(got[24:, :32] - (0.2 * make_pixels(1)[24:, :32] + 204)).max() <= 1

    def test_sixteen_bits_are_scaled(self) -> None:
        """The whole range becomes the whole range."""
        deep = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16)
        buffer = io.BytesIO()
        Image.fromarray(deep).save(buffer, "PNG")
        got = decode(buffer.getvalue()).pixels.astype(int)
        assert np.abs(got[:, :, 0] - deep / 257).max() <= 0.5

    @pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
    @pytest.mark.parametrize("kept", [1, 0.5])
    @pytest.mark.parametrize("name", ["PNG", "JPEG", "BMP"])
    def test_want_of_memory_is_not_taken_for_damage(
        self, name: str, kept: float, tmp_path: Path
    ) -> None:
        """A good file would be remembered as unreadable, or as truncated."""
        data = encode(name, width=4000, height=4000)
        path = tmp_path / "photo"
        path.write_bytes(data[: int(kept * len(data))])
        done = subprocess.run(
            [sys.executable, "-c", _DECODE_IN_LITTLE_MEMORY, str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "MEMORY\n"

    @pytest.mark.parametrize("code", [-4, -215])
    def test_opencv_may_tell_that_memory_is_short(
        self, code: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Then nothing else has to be tried."""

        def fail(*_: object) -> None:
            error = cv2.error("no")
            error.code = code
            raise error

        monkeypatch.setattr(cv2, "imdecode", fail)
        expected = Cause.MEMORY if code == -4 else Cause.UNREADABLE
        assert decode_image(encode("PNG")) is decode_image(encode("JPEG")) is expected

    def test_input_is_not_changed(self, tmp_path: Path) -> None:
        """Decoding twice gives the same."""
        data = write_picture(tmp_path / "a.jpg", 1).read_bytes()
        first, second = decode(data), decode(data)
        assert np.array_equal(first.pixels, second.pixels)
