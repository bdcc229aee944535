"""Thousands of damaged files of all formats, as benchmarks/fuzz_decode.py makes them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pictures import REPOSITORY, make_pixels, write_photo

FUZZ = REPOSITORY / "benchmarks" / "fuzz_decode.py"
COUNT = 6000


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Write small files in all formats that Pillow can write, plain ones and less plain ones."""
    Image.init()
    folder = tmp_path / "sources"
    folder.mkdir()
    colour = Image.fromarray(make_pixels(1, 40, 30))
    deep = Image.fromarray(make_pixels(2, 40, 30)[:, :, 0].astype(np.uint16) * 257)
    pair = {"save_all": True, "append_images": [colour.rotate(180)]}
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9003] = "2019:06:22 16:50:53"
    wanted: list[tuple[str, Image.Image, dict[str, Any]]] = [
        ("jpg", colour, {"exif": exif}),
        ("jpg", colour, {"progressive": True, "restart_marker_blocks": 2}),
        ("jpg", colour.convert("CMYK"), {}),
        ("jpg", colour.convert("L"), {}),
        ("png", colour, {"exif": exif}),
        ("png", colour.convert("RGBA"), pair),
        ("png", colour.convert("P"), {}),
        ("png", deep, {}),
        ("webp", colour.convert("RGBA"), {"lossless": True, "exif": exif}),
        ("webp", colour, pair),
        ("tif", colour, {"compression": "tiff_lzw"}),
        ("tif", colour, {"compression": "jpeg"}),
        ("tif", colour.convert("RGBA"), pair),
        ("tif", deep, {}),
        ("gif", colour, pair),
        ("bmp", colour, {}),
        ("bmp", colour.convert("P"), {}),
        ("avif", colour, {"exif": exif}),
        ("jp2", colour, {}),
        ("ppm", colour, {}),
    ]
    for number, (extension, picture, options) in enumerate(wanted):
        if Image.registered_extensions().get(f".{extension}") in Image.SAVE:
            picture.save(folder / f"{number:02d}.{extension}", **options)
    write_photo(folder / "preview.jpg", 1)
    return folder


def test_damaged_files_do_no_worse_than_to_fail(sources: Path, tmp_path: Path) -> None:
    """No crash, no hang, no exception, no picture without a size, no memory beyond the limit."""
    done = subprocess.run(
        [
            sys.executable,
            str(FUZZ),
            f"--count={COUNT}",
            "--seed=1",
            "--timeout=20",  # a busy machine is no hang
            f"--keep={tmp_path / 'kept'}",
            f"--sources={sources}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{COUNT:,} inputs")
    assert "\n0 finding(s)" in done.stdout
    assert list((tmp_path / "kept").iterdir()) == []


def test_what_does_worse_is_put_down_to_its_input(sources: Path, tmp_path: Path) -> None:
    """Inputs that take longer than the time allowed are counted, kept, and not the end of it."""
    done = subprocess.run(
        [
            sys.executable,
            str(FUZZ),
            "--count=4",
            "--jobs=1",
            "--timeout=-1",  # no input is quick enough, if the watch looks in time
            f"--keep={tmp_path / 'kept'}",
            f"--sources={sources}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.stdout.startswith("4 inputs")
    n_kept = len(list((tmp_path / "kept").iterdir()))
    assert f"\n{n_kept} finding(s)" in done.stdout
    assert done.returncode == int(n_kept > 0)
