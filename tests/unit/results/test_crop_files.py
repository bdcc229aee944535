"""Tests of smartdownsample.results.crop_files."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from small_surveys import HEIGHT, WIDTH, detect, select_all, write_jpeg, write_results
from smartdownsample import Cause, Document, InvalidParameterError, OutputError, Selection
from smartdownsample.results import write_crops

BOXES = ((0.0, 0.25, 0.5, 0.5), (0.5, 0.25, 0.25, 0.5))


@pytest.fixture
def selection(tmp_path: Path) -> Selection:
    """Select all boxes of two photos in folders of their own."""
    names = ("cam_A/IMG_1.JPG", "cam_B/IMG_1.JPG")
    for seed, name in enumerate(names):
        write_jpeg(tmp_path / "photos" / name, seed)
    found = [detect(*BOXES[0]), detect(*BOXES[0], conf=0.1), detect(*BOXES[1])]
    file = write_results(tmp_path / "results.json", dict.fromkeys(names, found))
    return select_all(Document.read(file, root=tmp_path / "photos"))


def list_names(folder: Path) -> list[str]:
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if not name.startswith("."))


def test_crops_are_named_by_their_place_among_all_boxes(
    selection: Selection, tmp_path: Path
) -> None:
    """Those that are not wanted count, so that other thresholds give the same names."""
    written = write_crops(selection, tmp_path / "crops")
    assert (written.n_new, written.n_there, written.failures) == (4, 0, ())
    names = [f"cam_{camera}/IMG_1.crop_00{place}.JPG" for camera in "AB" for place in (0, 2)]
    assert list_names(tmp_path / "crops") == names
    for name, width in zip(names, (WIDTH // 2, WIDTH // 4) * 2, strict=True):
        with Image.open(tmp_path / "crops" / name) as crop:
            assert crop.size == (width, HEIGHT // 2)


def test_crops_show_what_their_boxes_show(selection: Selection, tmp_path: Path) -> None:
    """But for what two JPEGs lose; and no other box of the photo."""
    write_crops(selection, tmp_path / "crops")
    with Image.open(tmp_path / "photos/cam_A/IMG_1.JPG") as photo:
        pixels = np.asarray(photo.convert("RGB"), dtype=np.float64)
    quarter, half = HEIGHT // 4, WIDTH // 2
    parts = {0: pixels[quarter : 3 * quarter, :half], 2: pixels[quarter : 3 * quarter, half:120]}
    for place, part in parts.items():
        with Image.open(tmp_path / f"crops/cam_A/IMG_1.crop_00{place}.JPG") as crop:
            assert np.abs(np.asarray(crop.convert("RGB")) - part).mean() < 3


def test_crops_have_the_times_of_their_photos(tmp_path: Path) -> None:
    """As the document tells them; what has none has no EXIF."""
    times = {"a.jpg": "2024:05:01 07:30:12", "b.jpg": None, "c.jpg": "2024:05:02 08:00:00"}
    for seed, name in enumerate(times):
        write_jpeg(tmp_path / name, seed)
    file = write_results(tmp_path / "results.json", {name: [detect(*BOXES[0])] for name in times})
    content = json.loads(file.read_text())
    for entry in content["images"]:
        entry["datetime"] = times[entry["file"]]
    file.write_text(json.dumps(content))
    write_crops(select_all(Document.read(file)), tmp_path / "crops")
    for name, time in times.items():
        with Image.open(tmp_path / "crops" / name.replace(".", ".crop_000.")) as crop:
            assert crop.getexif().get_ifd(0x8769).get(0x9003) == time


def test_a_second_call_writes_nothing(selection: Selection, tmp_path: Path) -> None:
    """It counts what is there."""
    first = write_crops(selection, tmp_path / "crops")
    (tmp_path / "crops/cam_A/IMG_1.crop_000.JPG").unlink()
    again = write_crops(selection, tmp_path / "crops")
    assert (again.n_new, again.n_there) == (1, 3)
    assert 0 < again.size_bytes < first.size_bytes


def test_a_photo_that_is_gone_costs_its_own_crops_alone(
    selection: Selection, tmp_path: Path
) -> None:
    """They are told one by one, with the cause."""
    gone = tmp_path / "photos/cam_A/IMG_1.JPG"
    gone.unlink()
    written = write_crops(selection, tmp_path / "crops")
    assert written.failures == ((str(gone), Cause.MISSING),) * 2
    assert written.n_new == 2
    assert all(name.startswith("cam_B/") for name in list_names(tmp_path / "crops"))


def test_what_stands_in_the_place_of_a_crop_stays(selection: Selection, tmp_path: Path) -> None:
    """It is not ours, though it has the name."""
    write_crops(selection, tmp_path / "crops")
    taken = tmp_path / "crops/cam_B/IMG_1.crop_002.JPG"
    taken.write_bytes(b"somebody's")
    with pytest.raises(OutputError, match=r"IMG_1\.crop_002\.JPG'. It stays as it is"):
        write_crops(selection, tmp_path / "crops")
    assert taken.read_bytes() == b"somebody's"


def test_after_an_error_no_photo_is_at_work(tmp_path: Path) -> None:
    """A thread that is inside a decoder while Python ends would crash the process."""
    write_jpeg(tmp_path / "photos/a.jpg", 0)
    Image.effect_noise((4000, 3000), 50).save(tmp_path / "photos/b.jpg", progressive=True)
    found = {name: [detect(*BOXES[0])] for name in ("a.jpg", "b.jpg")}
    file = write_results(tmp_path / "results.json", found)
    selection = select_all(Document.read(file, root=tmp_path / "photos"))
    (tmp_path / "crops").mkdir()
    (tmp_path / "crops/a.crop_000.jpg").write_bytes(b"somebody's")
    before = {*threading.enumerate()}
    with pytest.raises(OutputError):
        write_crops(selection, tmp_path / "crops", add=True, n_workers=2)
    assert {*threading.enumerate()} <= before


def test_photos_that_are_no_jpegs_give_jpegs(tmp_path: Path) -> None:
    """Whose names keep the extension of the photo, so that two photos stay apart."""
    write_jpeg(tmp_path / "a.png", 1)
    write_jpeg(tmp_path / "a.jpeg", 2)
    found = {name: [detect(*BOXES[0])] for name in ("a.png", "a.jpeg")}
    chosen = select_all(Document.read(write_results(tmp_path / "results.json", found)))
    write_crops(chosen, tmp_path / "crops")
    assert list_names(tmp_path / "crops") == ["a.crop_000.jpeg", "a.crop_000.png.jpg"]


def test_photos_must_lie_below_the_base(selection: Selection, tmp_path: Path) -> None:
    """By default the deepest folder of all; one above adds its folders."""
    write_crops(selection, tmp_path / "crops", base=tmp_path)
    assert list_names(tmp_path / "crops")[0] == "photos/cam_A/IMG_1.crop_000.JPG"
    with pytest.raises(InvalidParameterError, match="Every image must lie below the base"):
        write_crops(selection, tmp_path / "others", base=tmp_path / "photos/cam_A")
    assert not (tmp_path / "others").exists()
