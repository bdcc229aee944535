"""Tests of crops on the report page and in the grids, with their boxes and labels."""

import io
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from crops import BOXES, index_crops, list_crops, make_details, write_photos
from report_pages import save
from smartdownsample import ImageIndex, Selection, report
from smartdownsample.items.local_files import LocalFiles
from smartdownsample.page.items import find_reasons
from smartdownsample.page.thumbnail_cache import name_thumbnail
from smartdownsample.pictures import load_regions
from smartdownsample.report.thumbnail_grid import draw_thumbnails
from smartdownsample.results import explain_selection

N_PHOTOS = 4
N = N_PHOTOS * len(BOXES)
WHOLE = (0.0, 0.0, 1.0, 1.0)
EVIL = "</script><b>deer"


@pytest.fixture
def selection(tmp_path: Path) -> Selection:
    """Select five of twelve crops of four photos; every third one has no label."""
    photos = write_photos(tmp_path / "photos", N_PHOTOS)
    details = make_details(
        N,
        category=["animal"] * N,
        label=[EVIL, "fox", None] * N_PHOTOS,
        confidence=[0.875, None, 0.5] * N_PHOTOS,
    )
    return index_crops(list_crops(photos, details=details)).sample(5)


def read_picture(jpeg: bytes) -> np.ndarray:
    """Decode a JPEG."""
    return np.asarray(Image.open(io.BytesIO(jpeg)))


def test_only_documents_tell_cameras(selection: Selection, tmp_path: Path) -> None:
    """Those that do not, and other collections, have folders, as the summary says."""
    told = replace(selection.table, details=make_details(N, location=["a", "b"] * (N // 2)))
    plain = replace(selection.table, details=None)
    for table, word, other in (
        (told, "Camera", "Folder"),
        (selection.table, "Folder", "Camera"),
        (plain, "Folder", "Camera"),
    ):
        page = save(tmp_path / "page.html", ImageIndex(table).sample(5))
        assert page.texts.count(word) == 2  # of a filter and a column
        assert f"All {word.lower()}s" in page.texts
        assert f"by {word.lower()}" in page.texts
        assert not any(other.lower() in text.lower() for text in page.texts)


def test_cameras_of_one_name_are_told_apart(selection: Selection, tmp_path: Path) -> None:
    """Such as a place that a document tells, and a folder: a link to either leads there."""
    plain = replace(selection.table, details=None)
    cameras = save(tmp_path / "page.html", ImageIndex(plain).sample(5)).items["cameras"]
    details = make_details(N, location=[cameras[0]] * 2 + [None] * (N - 2))
    told = replace(selection.table, details=details)
    items = save(tmp_path / "page.html", ImageIndex(told).sample(5)).items
    assert len({*items["cameras"]}) == len({*items["camera"]})
    assert {cameras[0], f"{cameras[0]} (2)"} <= {*items["cameras"]}


def test_thumbnails_show_the_crop(selection: Selection, tmp_path: Path) -> None:
    """Each of them, not its photo."""
    page = save(tmp_path / "page.html", selection)
    table = selection.table
    for row in range(N):
        x, y, width, height = table.regions[row].tolist()
        with Image.open(table.paths[row]) as photo:
            box = (x * 320, y * 240, (x + width) * 320, (y + height) * 240)
            expected = np.asarray(photo.convert("RGB").crop(box))
        picture = read_picture(page.thumbnails[str(row)])
        size = (picture.shape[1], picture.shape[0])
        scaled = cv2.resize(expected, size, interpolation=cv2.INTER_AREA)
        assert np.abs(scaled.astype(int) - picture).mean() < 12


def test_each_photo_is_on_the_page_once(selection: Selection, tmp_path: Path) -> None:
    """For the details of its crops, which draw the box into it."""
    page = save(tmp_path / "page.html", selection)
    photos = sorted(name for name in page.thumbnails if name.startswith("p"))
    assert photos == ["p0", "p1", "p2", "p3"]
    for photo in photos:
        assert read_picture(page.thumbnails[photo]).shape == (240, 320, 3)
    items = page.items
    assert items["photo"] == [i // len(BOXES) for i in range(N)]
    assert items["box"] == [list(box) for _ in range(N_PHOTOS) for box in BOXES]
    assert items["label"] == [EVIL, "fox", None] * N_PHOTOS
    assert items["category"] == ["animal"] * N
    assert items["confidence"] == [0.875, None, 0.5] * N_PHOTOS
    assert page.texts[0] == "photos: 5 of 12 crops in 4 photos"


def test_the_page_stays_closed_to_what_documents_say(selection: Selection, tmp_path: Path) -> None:
    """A label is a text and nothing else."""
    save(tmp_path / "page.html", selection)
    text = (tmp_path / "page.html").read_text()
    assert EVIL not in text
    assert len(re.findall("</script>", text)) == 3


def test_a_page_of_photos_has_nothing_of_crops(selection: Selection, tmp_path: Path) -> None:
    """No second pictures, no columns."""
    photos = ImageIndex.build([*dict.fromkeys(selection.table.paths)], cache=False).sample(2)
    page = save(tmp_path / "page.html", photos)
    assert not page.items.keys() & {"photo", "box", "label", "category", "confidence"}
    assert not any(name.startswith("p") for name in page.thumbnails)
    assert page.texts[0] == "photos: 2 of 4 images"


def test_the_nearest_is_the_crop_and_not_the_first_of_its_photo(selection: Selection) -> None:
    """Several have one path."""
    explained = explain_selection(selection)
    reasons = find_reasons(selection, explained)
    nearest = reasons.nearest[selection.rows]
    indices = selection.table.indices[nearest]
    assert indices.tolist() == explained["nearest_index"].to_pylist()


def test_a_photo_is_read_once_for_all_that_is_shown_of_it(
    selection: Selection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not at all for later pages."""
    noted: list[str] = []
    read = LocalFiles.read

    def note(files: LocalFiles, location: str, *bounds: int, etag: str | None = None) -> object:
        noted.append(location)
        return read(files, location, *bounds, etag=etag)

    monkeypatch.setattr(LocalFiles, "read", note)
    first = save(tmp_path / "page.html", selection, cache_dir=tmp_path)
    assert sorted(noted) == sorted({*selection.table.paths})
    noted.clear()
    again = save(tmp_path / "page.html", selection, cache_dir=tmp_path)
    assert not noted
    assert again.thumbnails == first.thumbnails
    report.draw_thumbnails(Figure(), selection)
    assert sorted(noted) == sorted({*selection.table.paths})


def test_the_kept_thumbnail_of_a_crop_is_its_own() -> None:
    """That of a whole photo has the name that it always had."""
    facts = (b"/a.jpg", 1, 2, 160)
    names = {name_thumbnail(*facts, region) for region in (*BOXES, WHOLE)}
    assert len(names) == len(BOXES) + 1
    assert name_thumbnail(*facts) == name_thumbnail(*facts, WHOLE)
    former = "5da527ed0caf4d2590b6c4b9e8c0b5f24a95b45b2ce7030f4495f163d3839d9a"
    assert name_thumbnail(*facts) == former


def test_regions_fit_into_their_frame(selection: Selection) -> None:
    """The whole photo among them as it is alone; nothing of a photo that is gone."""
    path = selection.table.paths[0]
    crop, photo = load_regions(path, [(0.0, 0.0, 0.5, 0.25), WHOLE], 80, 80)
    assert crop is not None
    assert crop.shape == (30, 80, 3)
    (alone,) = load_regions(path, [WHOLE], 80, 80)
    assert photo is not None
    assert alone is not None
    assert np.array_equal(photo, alone)
    assert load_regions("gone.png", [WHOLE, WHOLE], 80, 80) == [None, None]


def test_grids_show_crops(tmp_path: Path) -> None:
    """Each cell what its box holds."""
    pixels = np.zeros((240, 320, 3), dtype=np.uint8)
    pixels[:, :160], pixels[:, 160:] = (255, 0, 0), (0, 0, 255)
    path = tmp_path / "two.png"
    Image.fromarray(pixels).save(path)
    index = index_crops(list_crops([str(path)], [(0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 0.5, 1.0)]))
    figure = Figure()
    draw_thumbnails(figure, index.sample(2))
    colours = {
        tuple(colour)
        for axes in figure.axes
        for colour in np.asarray(axes.images[0].get_array()).reshape(-1, 3).tolist()
    }
    assert {(255, 0, 0), (0, 0, 255)} <= colours
    assert "2 of 2 crops in 1 photo kept" in figure.texts[0].get_text()
