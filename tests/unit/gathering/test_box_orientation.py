"""Tests of smartdownsample.gathering.box_orientation."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import encode_jpeg, make_exif, make_old
from smartdownsample import Cause, ImageIndex
from smartdownsample.gathering.box_orientation import turn_boxes, turn_upright
from smartdownsample.items import join_items, to_key
from smartdownsample.items.local_files import LocalFiles
from smartdownsample.options import BoxOrientation, ReadingOptions
from smartdownsample.records import (
    FLAG_TURNED,
    WHOLE,
    FeatureTable,
    Float64Array,
    ItemList,
    round_regions,
)

ORIENTATIONS = range(1, 9)
RULES: tuple[BoxOrientation, ...] = ("upright", "stored", "megadetector")
WIDTH, HEIGHT = 320, 240
# Of the stored picture: top left, top right, bottom left, bottom right.
COLOURS = np.array([[[220, 30, 30], [30, 220, 30]], [[30, 30, 220], [220, 220, 30]]], np.uint8)
# Within the top left quarter, and of no quarter of the picture's shape.
BOX = (16 / WIDTH, 24 / HEIGHT, 128 / WIDTH, 64 / HEIGHT)
MIRRORED = {2, 4, 5, 7}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Note each file that is read, and whether only its head."""
    noted: list[tuple[str, bool]] = []
    read = LocalFiles.read

    def note(files: LocalFiles, location: str, *bounds: int, etag: str | None = None) -> object:
        noted.append((Path(location).name, bounds not in {(), (0, None)}))
        return read(files, location, *bounds, etag=etag)

    monkeypatch.setattr(LocalFiles, "read", note)
    return noted


def write(path: Path, orientation: int, before: bytes = b"") -> str:
    """Write a picture of four colours, long ago; `before` goes before all other segments."""
    pixels = COLOURS.repeat(HEIGHT // 2, axis=0).repeat(WIDTH // 2, axis=1)
    data = encode_jpeg(pixels, make_exif({0x0112: orientation}))
    path.write_bytes(data[:2] + before + data[2:])
    make_old(path)
    return str(path)


def list_boxes(paths: list[str], rule: BoxOrientation, *boxes: tuple[float, ...]) -> ItemList:
    """List the same boxes of each file."""
    boxes = boxes or (BOX,)
    n = len(paths) * len(boxes)
    return ItemList(
        paths=paths,
        keys=[to_key(path) for path in paths],
        file_of=np.arange(len(paths)).repeat(len(boxes)),
        frames=np.zeros(n, np.int32),
        regions=round_regions(np.array(boxes * len(paths))),
        positions=np.arange(n),
        n_given=n,
        orientation=rule,
    )


def gather(items: ItemList, cache_dir: Path | None = None) -> FeatureTable:
    """Gather the features of items, in the order of the list."""
    reading = ReadingOptions(decode="exact", cache=cache_dir is not None, cache_dir=cache_dir)
    table = ImageIndex.gather_items(items, reading).table
    return table.take(np.argsort(table.indices))


def colour_of(table: FeatureTable) -> list[int]:
    """Round the mean colour of the first crop to those of the picture."""
    return [220 if level > 125 else 30 for level in table.rows["mean_rgb"][0]]


def see(path: str, orientation: int, rule: BoxOrientation) -> np.ndarray:
    """Open a photo as a detector does that follows a rule."""
    is_turned = {
        "upright": True,
        "stored": False,
        "megadetector": orientation not in MIRRORED,
    }[rule]
    with Image.open(path) as image:
        if not is_turned:
            return np.asarray(image)
        # What undoes each orientation, by Pillow's names.
        undo = {
            2: Image.Transpose.FLIP_LEFT_RIGHT,
            3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_270,
            7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_90,
        }.get(orientation)
        return np.asarray(image if undo is None else image.transpose(undo))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("rule", RULES)
def test_a_crop_shows_what_its_detector_saw(
    tmp_path: Path, orientation: int, rule: BoxOrientation
) -> None:
    """In a picture whose quarters differ; the crop has the shape of its box, turned or not."""
    photo = write(tmp_path / "photo.jpg", orientation)
    seen = see(photo, orientation, rule)
    table = gather(list_boxes([photo], rule))
    height, width, _ = seen.shape
    part = seen[round(0.1 * height) : round(0.3 * height), round(0.05 * width) : round(0.4 * width)]
    assert colour_of(table) == [220 if level > 125 else 30 for level in part.mean(axis=(0, 1))]
    sides = {round(BOX[2] * width), round(BOX[3] * height)}
    assert {int(table.rows["width"][0]), int(table.rows["height"][0])} == sides
    assert bool(table.rows["flags"][0] & FLAG_TURNED) == (orientation != 1)


def test_turning_keeps_regions_exact_and_distinct(tmp_path: Path) -> None:
    """They are keys of the store; turning them back gives those of the document."""
    generator = np.random.default_rng(1)
    corners = np.sort(generator.integers(0, 2**16, (200, 2, 2)), axis=1) / 2**16
    boxes: Float64Array = np.hstack([corners[:, 0], corners[:, 1] - corners[:, 0] + 2**-17])
    for orientation in ORIENTATIONS:
        photo = write(tmp_path / f"{orientation}.jpg", orientation)
        items = list_boxes([photo], "stored", *map(tuple, boxes.tolist()))
        turned = turn_boxes(items, np.arange(1)).regions
        assert len(np.unique(turned, axis=0)) == len(np.unique(items.regions, axis=0))
        assert (np.rint(turned * 2**16) == turned * 2**16).all()
        areas = [
            regions[:, 2:].astype(np.float64).prod(axis=1) for regions in (turned, items.regions)
        ]
        assert np.array_equal(*areas)


@pytest.mark.parametrize(
    ("size", "is_turned"),
    [
        ((WIDTH, HEIGHT), {"upright": True, "stored": True, "megadetector": True}),
        ((HEIGHT, WIDTH), {"upright": False, "stored": False, "megadetector": False}),
        ((WIDTH // 2, HEIGHT // 2), {"upright": False, "stored": True, "megadetector": False}),
        ((0, 0), {"upright": False, "stored": True, "megadetector": False}),
    ],
)
@pytest.mark.parametrize("rule", RULES)
def test_the_size_that_a_document_says_decides_where_it_can(
    tmp_path: Path, size: tuple[int, int], is_turned: dict[str, bool], rule: BoxOrientation
) -> None:
    """The stored or the upright one; of resized copies, or without a size, the rule decides."""
    photo = write(tmp_path / "photo.jpg", 6)
    items = replace(list_boxes([photo], rule), sizes=np.array([size]))
    table = gather(items)
    assert (table.regions[0] != items.regions[0]).any() == is_turned[rule]


def test_a_warm_run_reads_no_file_that_is_stored_upright(
    tmp_path: Path, reads: list[tuple[str, bool]]
) -> None:
    """Of a turned one it reads the head; a cold run reads each head before the photo."""
    photos = [write(tmp_path / "plain.jpg", 1), write(tmp_path / "turned.jpg", 6)]
    items = list_boxes(photos, "stored", BOX, (0.5, 0.5, 0.25, 0.25))
    cold = gather(items, tmp_path / "cache")
    assert sorted(reads) == sorted(
        (Path(each).name, is_head) for each in photos for is_head in (0, 1)
    )
    reads.clear()
    warm = gather(items, tmp_path / "cache")
    assert reads == [("turned.jpg", True)]
    assert (warm.n_extracted, warm.n_known) == (0, 4)
    assert warm.rows.tobytes() == cold.rows.tobytes()
    assert warm.regions.tobytes() == cold.regions.tobytes()


def test_boxes_of_upright_pictures_cost_no_look_into_files(
    tmp_path: Path, reads: list[tuple[str, bool]]
) -> None:
    """Nor do whole photos, whatever the rule."""
    photo = write(tmp_path / "photo.jpg", 6)
    gather(list_boxes([photo], "upright"))
    gather(list_boxes([photo], "stored", WHOLE))
    sized = replace(list_boxes([photo], "upright"), sizes=np.zeros((1, 2), np.int64))
    gather(sized)
    assert reads == [("photo.jpg", False)] * 3


def test_what_is_known_of_the_upright_picture_is_not_taken_for_the_stored_one(
    tmp_path: Path,
) -> None:
    """The same numbers mean another crop there, and the store has rows of both."""
    photo = write(tmp_path / "photo.jpg", 3)
    cache = tmp_path / "cache"
    upright, stored = (gather(list_boxes([photo], rule), cache) for rule in ("upright", "stored"))
    assert colour_of(upright) == COLOURS[1, 1].tolist()
    assert colour_of(stored) == COLOURS[0, 0].tolist()
    assert stored.n_extracted == 1
    again = [gather(list_boxes([photo], rule), cache) for rule in ("upright", "stored")]
    assert [table.n_extracted for table in again] == [0, 0]
    assert [table.rows.tobytes() for table in again] == [
        upright.rows.tobytes(),
        stored.rows.tobytes(),
    ]


def test_a_box_that_is_missing_in_the_upright_picture_may_be_there_in_the_stored_one(
    tmp_path: Path,
) -> None:
    """What the store knows of the former says nothing of the latter."""
    pixels = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    photo = tmp_path / "photo.jpg"
    data = encode_jpeg(pixels, make_exif({0x0112: 3}))
    photo.write_bytes(data[: len(data) // 2])
    make_old(photo)
    reading = ReadingOptions(decode="exact", cache_dir=tmp_path / "cache")
    upright = ImageIndex.gather_items(list_boxes([str(photo)], "upright"), reading)
    assert [cause for _, cause in upright.failures] == [Cause.BOX_MISSING]
    assert len(gather(list_boxes([str(photo)], "stored"), tmp_path / "cache")) == 1


def test_the_rows_of_whole_photos_do_not_tell_of_turning(tmp_path: Path) -> None:
    """They are as they were before there were crops, beside these as well."""
    photo = write(tmp_path / "photo.jpg", 6)
    both = gather(list_boxes([photo], "stored", WHOLE, BOX))
    assert (both.rows["flags"] & FLAG_TURNED).tolist() == [0, FLAG_TURNED]
    whole = ImageIndex.build(photo, decode="exact", cache=False).table
    assert both.rows[:1].tobytes() == whole.rows.tobytes()


def test_a_header_behind_much_else_is_found(tmp_path: Path) -> None:
    """The whole file is read then, as of formats that have their orientation at the end."""
    comment = b"\xff\xfe\xff\xff" + bytes(2**16 - 3)
    photo = write(tmp_path / "photo.jpg", 3, 2 * comment)
    assert colour_of(gather(list_boxes([photo], "stored"))) == COLOURS[0, 0].tolist()
    with Image.open(photo) as image:
        pixels = np.asarray(image)
    exif = b"Exif\0\0" + make_exif({0x0112: 3})
    Image.fromarray(pixels).save(tmp_path / "photo.webp", exif=exif, lossless=True)
    webp = str(make_old(tmp_path / "photo.webp"))
    assert colour_of(gather(list_boxes([webp], "stored"))) == COLOURS[0, 0].tolist()


def test_files_that_cannot_be_read_are_left_to_decoding(tmp_path: Path) -> None:
    """Which says what is wrong, once for each box; the other photos are turned."""
    photo = write(tmp_path / "c.jpg", 3)
    (tmp_path / "a.jpg").touch()
    (tmp_path / "b.jpg").write_text("no image")
    paths = [str(make_old(tmp_path / name)) for name in ("a.jpg", "b.jpg")]
    items = list_boxes([*paths, str(tmp_path / "missing.jpg"), photo], "stored")
    index = ImageIndex.gather_items(items, ReadingOptions(cache=False))
    assert [cause for _, cause in index.failures] == [Cause.EMPTY, Cause.TEXT, Cause.MISSING]
    assert colour_of(index.table) == COLOURS[0, 0].tolist()


def test_boxes_of_documents_of_other_rules_are_each_turned_by_their_own(tmp_path: Path) -> None:
    """What both name is one crop, and numbers that are the same mean two."""
    photos = [write(tmp_path / f"{orientation}.jpg", orientation) for orientation in (1, 3)]
    x, y, width, height = BOX
    opposite = (1 - x - width, 1 - y - height, width, height)
    upright, stored = list_boxes(photos, "upright", BOX, opposite), list_boxes(photos, "stored")
    joined, places = join_items(upright, stored, turn_upright)
    # Of the photo that is turned by 180 degrees, it is the opposite box.
    assert places.tolist() == [0, 3]
    assert len(joined) == 4
    turned = photos[1:]
    alone, _ = join_items(list_boxes(turned, "upright"), list_boxes(turned, "stored"), turn_upright)
    table = gather(alone)
    assert len(table) == 2
    assert colour_of(table) == COLOURS[1, 1].tolist()
    assert colour_of(table.take(np.array([1]))) == COLOURS[0, 0].tolist()
