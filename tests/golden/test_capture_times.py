"""Capture times of real photos: those that Pillow reads, and those that are known otherwise."""

import csv
import warnings
from pathlib import Path

import pytest
from PIL import Image

import oracles
from pictures import NO_SHARED_IMAGES, SHARED_IMAGES
from smartdownsample import ImageIndex
from smartdownsample.pictures.headers import Header, read_header

pytestmark = pytest.mark.skipif(not SHARED_IMAGES.is_dir(), reason=NO_SHARED_IMAGES)

# Its EXIF data is in a compressed text, as ImageMagick wrote it before PNG had a chunk for it.
IN_A_TEXT = "progressive-missing-dc.png"


@pytest.mark.parametrize("folder", ["camtrap", "groups", "odd"])
def test_the_time_of_every_file_is_the_one_that_pillow_reads(folder: str) -> None:
    """Of each file that Pillow can open, also where there is none."""
    differing = []
    for path in sorted((SHARED_IMAGES / folder).rglob("*.*")):
        header = read_header(path.read_bytes()) if path.is_file() else None
        if not isinstance(header, Header):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's, of damaged files
                expected = oracles.capture_time(path)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            continue
        found = None if header.captured is None else header.captured.item()
        if found != expected:
            differing.append((path.name, found))
    assert differing == ([(IN_A_TEXT, None)] if folder == "odd" else [])


def test_the_times_of_a_survey_are_those_that_are_known(cache_dir: Path) -> None:
    """From the files at first, from the store then, to the second."""
    with (SHARED_IMAGES / "camtrap" / "TRUTH.csv").open(encoding="utf-8", newline="") as file:
        known = {str(SHARED_IMAGES / row["path"]): row["datetime"] for row in csv.DictReader(file)}
    assert len(known) == 210
    for n_extracted in (210, 0):
        table = ImageIndex.build(list(known), cache_dir=cache_dir).table
        assert table.n_extracted == n_extracted
        times = [f"{time:%Y:%m:%d %H:%M:%S}" for time in table.rows["captured"].tolist()]
        assert dict(zip(table.paths, times, strict=True)) == known
