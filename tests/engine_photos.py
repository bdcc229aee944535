"""What engines have to agree about: many photos, some of them broken."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from killing_workers import NAME
from pictures import make_old, write_photo
from smartdownsample import Cause, FeatureTable, ImageIndex, ImageLoadingWarning
from smartdownsample.options import DecodeMode

N_PHOTOS = 1200
_N_DIFFERENT = 40
_N_IN_FOLDER = 300
# Every so many photos one is broken, in each of these ways in turn.
_BREAK_EVERY = 25
_BROKEN = (b"", b"no image", b"\xff\xd8\xff\xe0 cut", b"<html><body>", b"\x89PNG\r\n\x1a\n")


@dataclass(frozen=True)
class Outcome:
    """All that a run says of photos."""

    paths: list[str]
    rows: bytes
    failures: tuple[tuple[str, Cause], ...]
    selected: list[str]


def write_photos(folder: Path) -> Path:
    """Write `N_PHOTOS` small photos with thumbnails, in folders, some of them broken."""
    contents = []
    for seed in range(_N_DIFFERENT):
        path = write_photo(folder / "first.jpg", seed)
        contents.append(path.read_bytes())
        path.unlink()
    for i in range(N_PHOTOS):
        path = folder / f"camera_{i // _N_IN_FOLDER}" / f"IMG_{i:04d}.jpg"
        path.parent.mkdir(exist_ok=True)
        turn, place = divmod(i, _BREAK_EVERY)
        content = contents[i % _N_DIFFERENT]
        is_cut = turn % (len(_BROKEN) + 1) == len(_BROKEN)
        broken = content[: len(content) // 2] if is_cut else _BROKEN[turn % (len(_BROKEN) + 1) - 1]
        path.write_bytes(broken if place == _BREAK_EVERY - 1 else content)
        make_old(path, i)
    return folder


def write_killer(folder: Path) -> str:
    """Write the photo that ends workers in the midst of the others."""
    return str(write_photo(folder / "camera_1" / NAME, 77))


def build(folder: Path, decode: DecodeMode = "fast", cache_dir: Path | None = None) -> ImageIndex:
    """Build the index of photos, without a store by default."""
    with pytest.warns(ImageLoadingWarning):
        return ImageIndex.build(
            folder, decode=decode, cache=cache_dir is not None, cache_dir=cache_dir
        )


def look(index: ImageIndex) -> Outcome:
    """Take all that an index says, and a selection of it."""
    table: FeatureTable = index.table
    return Outcome(
        list(index.paths),
        table.rows.tobytes(),
        tuple((failure.path, failure.cause) for failure in index.failures),
        list(index.sample(100).paths),
    )
