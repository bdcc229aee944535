"""Regions of photos as items, through the call that gathers any items."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from pictures import make_exif, make_old, make_pixels, write_photo
from smartdownsample import Cause, ImageIndex, InvalidParameterError
from smartdownsample.items import to_key
from smartdownsample.items.local_files import LocalFiles
from smartdownsample.options import DecodeMode, ReadingOptions
from smartdownsample.records import FLAG_TURNED, IntArray, ItemList, round_regions
from smartdownsample.store import read_pack
from smartdownsample.store.part import read_part, write_part
from smartdownsample.store.store import FeatureStore

WIDTH, HEIGHT = 640, 480
# x, y, width and height in pixels, the whole photo among them.
BOXES = ((32, 48, 320, 240), (0, 0, WIDTH, HEIGHT), (320, 120, 200, 360))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each file that is read."""
    noted: list[str] = []
    read = LocalFiles.read

    def note(files: LocalFiles, location: str, *bounds: int, etag: str | None = None) -> object:
        noted.append(location)
        return read(files, location, *bounds, etag=etag)

    monkeypatch.setattr(LocalFiles, "read", note)
    return noted


def write(path: Path, pixels: np.ndarray, **options: Any) -> str:
    """Write a picture of long ago."""
    Image.fromarray(pixels).save(path, **options)
    make_old(path)
    return str(path)


def list_regions(
    paths: list[str], boxes: tuple[tuple[int, ...], ...], file_of: IntArray | None = None
) -> ItemList:
    """List boxes in pixels as items, by default all of them of the first file."""
    n = len(boxes)
    shares = np.array(boxes) / (WIDTH, HEIGHT, WIDTH, HEIGHT)
    return ItemList(
        paths=paths,
        keys=[to_key(path) for path in paths],
        file_of=np.zeros(n, np.int64) if file_of is None else file_of,
        frames=np.zeros(n, np.int32),
        regions=round_regions(shares),
        positions=np.arange(n),
        n_given=n,
    )


def crop(pixels: np.ndarray, box: tuple[int, ...]) -> np.ndarray:
    """Cut a box out of a picture."""
    left, top, width, height = box
    return pixels[top : top + height, left : left + width]


@pytest.mark.parametrize("decode", ["exact", "fast"])
def test_three_regions_are_three_rows_from_one_decode(
    tmp_path: Path, reads: list[str], decode: DecodeMode
) -> None:
    """Each equal to the row of the same crop cut before; the store knows each by its region."""
    pixels = make_pixels(1, WIDTH, HEIGHT)
    photo = write(tmp_path / "photo.png", pixels)
    crops = [write(tmp_path / f"{i}.png", crop(pixels, box)) for i, box in enumerate(BOXES)]
    reading = ReadingOptions(decode=decode, cache_dir=tmp_path / "cache")
    table = ImageIndex.gather_items(list_regions([photo], BOXES), reading).table
    assert reads == [photo]
    assert (len(table), table.n_extracted, table.n_known) == (3, 1, 0)
    assert table.paths == [photo] * 3
    # In natural order within the photo: by x, y, width and height.
    assert table.indices.tolist() == [1, 0, 2]
    cut = ImageIndex.build(crops, decode=decode, cache=False).table.rows
    assert table.rows.tobytes() == cut[table.indices].tobytes()

    reads.clear()
    again = ImageIndex.gather_items(list_regions([photo], (*BOXES, (8, 8, 64, 64))), reading)
    assert (again.table.n_extracted, again.table.n_known) == (1, 3)
    assert reads == [photo]
    is_former = np.isin(again.table.indices, range(3))
    assert again.table.rows[is_former].tobytes() == table.rows.tobytes()


def test_a_whole_photo_and_its_regions_lie_side_by_side_in_the_store(
    tmp_path: Path, reads: list[str]
) -> None:
    """Whoever has sampled photos has their rows already."""
    photo = write(tmp_path / "photo.jpg", make_pixels(1, WIDTH, HEIGHT))
    reading = ReadingOptions(cache_dir=tmp_path / "cache")
    whole = ImageIndex.build(photo, cache_dir=tmp_path / "cache").table
    mixed = ImageIndex.gather_items(list_regions([photo], BOXES), reading).table
    assert (mixed.n_extracted, mixed.n_known) == (1, 1)
    assert mixed.rows[mixed.indices == 1].tobytes() == whole.rows.tobytes()
    assert len(reads) == 2


def test_regions_are_of_the_upright_picture(tmp_path: Path) -> None:
    """Whichever way the camera was held."""
    pixels = make_pixels(2, WIDTH, HEIGHT)
    exif = b"Exif\0\0" + make_exif({0x0112: 6})
    turned = write(tmp_path / "turned.png", np.rot90(pixels), exif=exif)
    plain = write(tmp_path / "plain.png", pixels)
    reading = ReadingOptions(decode="exact", cache=False)
    rows = [
        ImageIndex.gather_items(list_regions([photo], BOXES), reading).table.rows
        for photo in (turned, plain)
    ]
    assert rows[0]["flags"].tolist() == [0, FLAG_TURNED, FLAG_TURNED]
    rows[0]["flags"] = 0
    assert rows[0].tobytes() == rows[1].tobytes()


def test_small_regions_are_decoded_with_the_pixels_that_they_need(tmp_path: Path) -> None:
    """A reduced decode leaves the smallest region as large as a photo of its own would be left."""
    pixels = make_pixels(3, WIDTH, HEIGHT)
    photo = write(tmp_path / "photo.jpg", pixels, quality=100, subsampling=0)
    cut = write(tmp_path / "cut.png", crop(np.asarray(Image.open(photo)), (64, 64, 128, 112)))
    reading = ReadingOptions(cache=False)
    box = ((64, 64, 128, 112),)
    row = ImageIndex.gather_items(list_regions([photo], box), reading).table.rows[0]
    expected = ImageIndex.build(cut, cache=False).table.rows[0]
    n_flipped = np.unpackbits(row["dhash"] ^ expected["dhash"]).sum()
    assert n_flipped <= 2
    assert (row["width"], row["height"]) == (128, 112)


@pytest.mark.parametrize("decode", ["exact", "fast"])
def test_what_a_region_gives_does_not_depend_on_others(tmp_path: Path, decode: DecodeMode) -> None:
    """A small one needs more pixels than the whole photo, which is decoded as ever."""
    boxes = ((0, 0, WIDTH, HEIGHT), (0, 0, WIDTH // 2, HEIGHT // 2), (64, 64, 40, 48))
    large = Image.fromarray(make_pixels(4, WIDTH, HEIGHT)).resize((3 * WIDTH, 3 * HEIGHT))
    photo = write(tmp_path / "photo.jpg", np.asarray(large), quality=80)
    reading = ReadingOptions(decode=decode, cache=False)
    table = ImageIndex.gather_items(list_regions([photo], boxes), reading).table
    for row, place in zip(table.rows, table.indices.tolist(), strict=True):
        alone = ImageIndex.gather_items(list_regions([photo], (boxes[place],)), reading).table
        assert alone.rows[0].tobytes() == row.tobytes()
    whole = ImageIndex.build(photo, decode=decode, cache=False).table.rows
    assert table.rows[table.indices == 0].tobytes() == whole.tobytes()


def test_previews_are_refused_for_regions(tmp_path: Path, reads: list[str]) -> None:
    """They are too small to cut from; before any file is opened."""
    photo = str(write_photo(tmp_path / "photo.jpg", 1))
    reading = ReadingOptions(decode="preview", cache=False)
    with pytest.raises(InvalidParameterError, match=r"'decode'.*Use 'fast' or 'exact'"):
        ImageIndex.gather_items(list_regions([photo], BOXES), reading)
    assert not reads
    whole = ImageIndex.gather_items(list_regions([photo], BOXES[1:2]), reading).table
    assert len(whole) == 1


@pytest.mark.parametrize("decode", ["exact", "fast"])
def test_margins_and_squares_are_other_features(tmp_path: Path, decode: DecodeMode) -> None:
    """Equal to those of the wider crop cut before, and kept apart from those of the bare box."""
    pixels = make_pixels(1, WIDTH, HEIGHT)
    photo = write(tmp_path / "photo.png", pixels)
    items = list_regions([photo], ((100, 200, 80, 40),))
    cache_dir = tmp_path / "cache"
    wanted: dict[tuple[int, ...], dict[str, Any]] = {
        (100, 200, 80, 40): {},
        (92, 196, 96, 48): {"crop_margin": 0.1},
        (100, 180, 80, 80): {"crop_square": True},
        (92, 172, 96, 96): {"crop_margin": 0.1, "crop_square": True},
    }
    for number, (box, options) in enumerate(wanted.items()):
        reading = ReadingOptions(decode=decode, cache_dir=cache_dir, **options)
        tables = [ImageIndex.gather_items(items, reading).table for _ in range(2)]
        assert [table.n_known for table in tables] == [0, 1]
        cut = write(tmp_path / f"{number}.png", crop(pixels, box))
        expected = ImageIndex.build(cut, decode=decode, cache=False).table.rows
        assert all(table.rows.tobytes() == expected.tobytes() for table in tables)


def test_only_the_first_frame_is_read(tmp_path: Path) -> None:
    """Others would get its features."""
    photo = write(tmp_path / "photo.png", make_pixels(1, WIDTH, HEIGHT))
    items = replace(list_regions([photo], BOXES), frames=np.array([0, 7, 0], dtype=np.int32))
    with pytest.raises(InvalidParameterError, match="Only the first frame"):
        ImageIndex.gather_items(items, ReadingOptions(cache=False))


def test_a_photo_that_was_selected_before_counts_with_all_its_regions(tmp_path: Path) -> None:
    """They are found by its path."""
    photo = write(tmp_path / "photo.png", make_pixels(1, WIDTH, HEIGHT))
    index = ImageIndex.gather_items(list_regions([photo], BOXES), ReadingOptions(cache=False))
    assert len(index.sample(3, keep=[photo])) == 0


@pytest.mark.filterwarnings("ignore::smartdownsample.ImageLoadingWarning")
def test_a_file_that_cannot_be_used_fails_with_all_its_regions(tmp_path: Path) -> None:
    """Missing and broken ones; other files' regions are there, whatever the order of the list."""
    good = write(tmp_path / "b.png", make_pixels(1, WIDTH, HEIGHT))
    broken = tmp_path / "a.png"
    broken.write_text("no image")
    make_old(broken)
    paths = [good, str(broken), str(tmp_path / "c.png")]
    file_of = np.array([2, 0, 1, 0, 1, 2])
    items = list_regions(paths, (*BOXES, *BOXES), file_of)
    index = ImageIndex.gather_items(items, ReadingOptions(cache_dir=tmp_path / "cache"))
    assert index.paths == [good, good]
    assert index.table.indices.tolist() == [1, 3]
    assert [(os.path.basename(path), cause) for path, cause in index.failures] == [
        ("a.png", Cause.TEXT),
        ("a.png", Cause.TEXT),
        ("c.png", Cause.MISSING),
        ("c.png", Cause.MISSING),
    ]


def test_a_pack_carries_regions(tmp_path: Path) -> None:
    """With their photo's path; they are sampled without the photo."""
    photo = write(tmp_path / "photo.png", make_pixels(1, WIDTH, HEIGHT))
    reading = ReadingOptions(cache_dir=tmp_path / "cache")
    table = ImageIndex.gather_items(list_regions([photo], BOXES), reading).table
    store = FeatureStore(table.spec, tmp_path / "cache")
    rows = read_part(store.list_parts()[0], store.schema)
    relative = pa.array([b"photo.png"] * 3, pa.large_binary())
    pack = tmp_path / "pack.parquet"
    write_part(pack, rows.set_column(0, rows.schema.field("path"), relative))
    _, known, items = read_pack(pack, tmp_path)
    assert (len(known), len(items), items.paths) == (3, 3, [photo])
    packed = ImageIndex.from_pack(pack).table
    assert packed.rows.tobytes() == table.rows.tobytes()
    assert packed.regions.tobytes() == table.regions.tobytes()
