"""Files damaged in seeded ways: decoding one may fail, and may do nothing worse.

Each input depends on the seed and its number only. They are decoded in a process of its own that
says which input it is at, so that a crash or a hang is put down to an input as well.
"""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import zlib
from collections import Counter
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fault_counts import IMAGES, TRIED
from pictures import encode_jpeg, make_exif, make_pixels
from smartdownsample.features.spec import choose_min_side, make_spec
from smartdownsample.pictures.decode import Picture, decode_image
from smartdownsample.pictures.previews import find_preview
from smartdownsample.records import Cause

if sys.platform != "win32":
    import resource

SEED = 1
# A busy machine is no hang.
LONGEST_S = 20
MOST_BYTES = 3 * 2**30
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
PNG_START = b"\x89PNG\r\n\x1a\n"


def make_sources() -> list[bytes]:
    """Make small files in all formats that Pillow can write, plain ones and less plain ones."""
    Image.init()
    for module in ("pillow_heif", "pillow_jxl"):
        with contextlib.suppress(ImportError):
            plugin = importlib.import_module(module)
            if module == "pillow_heif":
                plugin.register_heif_opener()
    colour = Image.fromarray(make_pixels(1, 40, 30))
    deep = Image.fromarray(make_pixels(2, 40, 30)[:, :, 0].astype(np.uint16) * 257)
    pair = {"save_all": True, "append_images": [colour.rotate(180)]}
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9003] = "2019:06:22 16:50:53"
    wanted: list[tuple[str, Image.Image, dict[str, Any]]] = [
        ("JPEG", colour, {"exif": exif}),
        ("JPEG", colour, {"progressive": True, "restart_marker_blocks": 2}),
        ("JPEG", colour.convert("CMYK"), {}),
        ("JPEG", colour.convert("L"), {}),
        ("PNG", colour, {"exif": exif}),
        ("PNG", colour.convert("RGBA"), pair),
        ("PNG", colour.convert("P"), {}),
        ("PNG", deep, {}),
        ("WEBP", colour.convert("RGBA"), {"lossless": True, "exif": exif}),
        ("WEBP", colour, pair),
        ("TIFF", colour, {"compression": "tiff_lzw"}),
        ("TIFF", colour, {"compression": "jpeg"}),
        ("TIFF", colour.convert("RGBA"), pair),
        ("TIFF", deep, {}),
        ("GIF", colour, pair),
        ("BMP", colour, {}),
        ("BMP", colour.convert("P"), {}),
        ("AVIF", colour, {"exif": exif}),
        ("JPEG2000", colour, {}),
        ("PPM", colour, {}),
        ("HEIF", colour, {"exif": exif}),
        ("HEIF", colour.convert("RGBA"), pair),
        ("JXL", colour, {"exif": exif.tobytes()}),
        ("JXL", colour.convert("RGBA"), {"lossless": True}),
    ]
    thumbnail = encode_jpeg(make_pixels(1, 160, 120))
    sources = [encode_jpeg(make_pixels(1, 640, 480), make_exif(thumbnail=thumbnail))]
    for kind, picture, options in wanted:
        if kind in Image.SAVE:
            file = BytesIO()
            picture.save(file, kind, **options)
            sources.append(file.getvalue())
    return sources


def make_input(sources: list[bytes], seed: int, number: int) -> bytes:
    """Damage a file once or several times."""
    generator = np.random.default_rng((seed, number))
    data = sources[generator.integers(len(sources))]
    for _ in range(min(int(generator.geometric(0.5)), 4)):
        data = damage(data, sources[generator.integers(len(sources))], generator)
    # Half of the PNGs keep their checksums true, else nothing behind them is ever reached.
    return mend_png(data) if generator.random() < 0.5 else data


def damage(data: bytes, other: bytes, generator: np.random.Generator) -> bytes:
    """Flip, insert, leave out, cut, write an extreme number, or go on as another file."""

    def draw_place(content: bytes = data) -> int:
        # Half of the time near the start, where the fields are.
        reach = min(len(content), 512) if generator.random() < 0.5 else len(content)
        return int(generator.integers(reach + 1))

    place, length = draw_place(), int(2 ** (12 * generator.random()))
    value = EXTREMES[generator.integers(len(EXTREMES))]
    width = int(generator.choice([n for n in (1, 2, 4) if value < 256**n]))
    written = value.to_bytes(width, "big" if generator.random() < 0.5 else "little")
    repeated = data[place : place + length]
    flipped = bytearray(data + b"\0")
    for _ in range(int(generator.integers(1, 17))):
        flipped[draw_place()] ^= int(generator.integers(1, 256))
    return (
        bytes(flipped[:-1]),
        data[:place] + (repeated if length % 2 else generator.bytes(length)) + data[place:],
        data[:place] + data[place + length :],
        data[:place],
        data[:place] + written + data[place + width :],
        data[:place] + other[draw_place(other) :],
    )[generator.integers(6)]


def mend_png(data: bytes) -> bytes:
    """Make the checksums of a PNG's chunks true; other files stay as they are."""
    mended, at = bytearray(data), len(PNG_START)
    while data.startswith(PNG_START) and at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        mended[end : end + 4] = zlib.crc32(mended[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(mended)


def judge(data: bytes, min_side: int | None) -> str:
    """Decode an input and look for its preview: what comes of it, or what is WRONG with that."""
    result, preview = decode_image(data, min_side=min_side), find_preview(data, min_side)
    for picture in (result, preview):
        if isinstance(picture, Picture):
            # RGB of 8 bits with pixels in it, else those who use it would trip.
            shape, kind = picture.pixels.shape, picture.pixels.dtype
            sides = (picture.width, picture.height)
            if kind != np.uint8 or shape[2:] != (3,) or min(*shape, *sides) < 1:
                return f"WRONG: {kind} {shape} of {sides}"
    return "picture" if isinstance(result, Picture) else Cause(result).name


def work(seed: int, n_inputs: int, longest_s: float) -> None:
    """Judge inputs one after the other; say which before, and what comes of it after."""
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_AS, (2 * MOST_BYTES, resource.RLIM_INFINITY))
    sources, fast = make_sources(), choose_min_side(make_spec(8, "fast"))
    for number in range(n_inputs):
        data = make_input(sources, seed, number)
        sys.stdout.write(f"{number} ")
        sys.stdout.flush()
        if sys.platform != "win32":
            # The signal ends the process, whatever it is at.
            signal.setitimer(signal.ITIMER_REAL, longest_s)
        sys.stdout.write(f"{judge(data, fast if number % 2 else None)}\n")
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_REAL, 0)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            assert peak * (1 if sys.platform == "darwin" else 1024) < MOST_BYTES, "WRONG: memory"


def run(n_inputs: int, longest_s: float = LONGEST_S) -> tuple[Counter[str], list[str]]:
    """Judge inputs in a new process: how often each thing comes of them, and what is wrong."""
    done = subprocess.run(
        [sys.executable, __file__, str(SEED), str(n_inputs), str(longest_s)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    findings = [line for line in lines if "WRONG" in line]
    if done.returncode:
        findings.append(f"{lines[-1]}: exit code {done.returncode}, {done.stderr[-2000:]}")
    return Counter(line.partition(" ")[2] for line in lines), findings


@pytest.mark.parametrize("n_inputs", [500, pytest.param(TRIED[IMAGES], marks=pytest.mark.long)])
def test_damaged_files_do_no_worse_than_to_fail(n_inputs: int) -> None:
    """No crash, no hang, no exception, no picture without a size, no memory beyond the limit.

    Some are still pictures, and others fail in several ways, so that more than headers is reached.
    """
    outcomes, findings = run(n_inputs)
    assert findings == [], f"To make one again: make_input(make_sources(), {SEED}, NUMBER)"
    assert sum(outcomes.values()) == n_inputs
    assert outcomes["picture"] > n_inputs // 8
    assert {"TRUNCATED", "UNREADABLE", "NOT_AN_IMAGE"} <= outcomes.keys()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no timer that ends a process")
def test_what_does_worse_is_put_down_to_its_input() -> None:
    """Of an input that takes longer than the time allowed, the number and the signal are named."""
    _, (finding,) = run(4, longest_s=1e-5)
    assert finding.startswith(f"0 : exit code -{signal.SIGALRM.value}")


if __name__ == "__main__":
    work(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
