"""Tests of smartdownsample.formats.coco."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smartdownsample as sd
from smartdownsample.formats import read_document
from smartdownsample.formats.coco import Coco

Reader = Callable[..., Coco]
NAMES = [{"id": 0, "name": "empty"}, {"id": 1, "name": "deer"}, {"id": 2, "name": "fox"}]
IMAGE = {"id": 1, "file_name": "a.jpg", "width": 200, "height": 100}


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Give a function that reads images and annotations, with other parts by name."""

    def read(images: object, annotations: object = None, **parts: Any) -> Coco:
        document = {"images": images, "annotations": annotations, "categories": NAMES, **parts}
        kept = {name: part for name, part in document.items() if part is not None}
        (tmp_path / "x.json").write_text(json.dumps(kept))
        found = read_document(str(tmp_path / "x.json"))
        assert isinstance(found, Coco)
        return found

    return read


def list_boxes(found: Coco) -> list[list[float]]:
    columns = [found.boxes[name].to_pylist() for name in ("x", "y", "width", "height")]
    return list(map(list, zip(*columns, strict=True)))


def test_pixels_become_shares_where_the_size_is_known(read: Reader) -> None:
    """Else they stay pixels, and say so; shares stay shares."""
    images = [IMAGE, {"id": 2, "file_name": "b.jpg", "width": 0, "height": 100}]
    found = read(
        images,
        [
            {"image_id": 1, "category_id": 1, "bbox": [20, 10, 100, 50]},
            {"image_id": 2, "category_id": 1, "bbox": [20, 10, 100, 50]},
            {"image_id": 2, "category_id": 1, "bbox_relative": [0.1, 0.2, 0.3, 0.4]},
            {"image_id": 1, "category_id": 1, "bbox": [5, 5, 5, 5], "bbox_relative": [0, 0, 1, 1]},
        ],
    )
    assert list_boxes(found) == [
        [0.1, 0.1, 0.5, 0.5],
        [20, 10, 100, 50],
        [0.1, 0.2, 0.3, 0.4],
        [0, 0, 1, 1],
    ]
    assert found.boxes["is_in_pixels"].to_pylist() == [False, True, False, False]
    assert found.entries["width"].to_pylist() == [200, None]
    assert found.orientation == "upright"


def test_a_box_has_its_place_among_those_of_its_photo(read: Reader) -> None:
    """Crowds, empty ones and boxes of other photos do not change it."""
    box = {"category_id": 1, "bbox": [1, 1, 5, 5]}
    found = read(
        [IMAGE, {"id": 2, "file_name": "b.jpg"}],
        [
            {**box, "image_id": 1, "iscrowd": 1},
            {**box, "image_id": 2, "score": 0.5},
            {**box, "image_id": 1, "category_id": 0},
            {**box, "image_id": 1, "confidence": 0.25, "is_verified": True},
            {"category_id": 2, "image_id": 1},
            {**box, "image_id": 1, "iscrowd": 0, "conf": 1},
        ],
    )
    assert found.boxes["entry"].to_pylist() == [1, 0, 0]
    assert found.boxes["place"].to_pylist() == [0, 2, 3]
    assert found.boxes["confidence"].to_pylist() == [0.5, 0.25, 1.0]
    assert found.boxes["category"].to_pylist() == ["deer"] * 3
    assert found.boxes["number"].to_pylist() == ["1"] * 3
    assert found.boxes["label"].to_pylist() == ["deer"] * 3
    assert found.boxes["is_verified"].to_pylist() == [False, True, False]
    assert found.n_faults == 0


@pytest.mark.parametrize("none", [{}, {"bbox": None}, {"bbox": []}, {"bbox_relative": None}])
def test_an_annotation_without_a_box_labels_its_photo(read: Reader, none: dict[str, Any]) -> None:
    """By its category, "empty" means a blank one; the first one counts."""
    found = read(
        [IMAGE, {"id": 2, "file_name": "b.jpg"}, {"id": 3, "file_name": "c.jpg"}],
        [
            {"image_id": 2, "category_id": 0, **none},
            {"image_id": 1, "category_id": 2, **none},
            {"image_id": 1, "category_id": 1, **none},
        ],
    )
    assert found.entries["label"].to_pylist() == ["fox", "blank", None]
    assert len(found.boxes) == 0


def test_a_photo_has_its_place_its_sequence_and_its_time(read: Reader) -> None:
    """Places are texts or numbers; a time may stand in COCO's own field."""
    found = read(
        [
            {**IMAGE, "location": 7, "seq_id": "s1", "datetime": "2019-03-01 04:05:06"},
            {"id": 2, "file_name": "b.jpg", "location": "A1", "seq_id": 12},
            {"id": 3, "file_name": "c.jpg", "date_captured": "2013-11-14 17:02:52", "location": ""},
        ]
    )
    assert found.entries["location"].to_pylist() == ["7", "A1", None]
    assert found.entries["sequence"].to_pylist() == ["s1", "12", None]
    times = [datetime(2019, 3, 1, 4, 5, 6), None, datetime(2013, 11, 14, 17, 2, 52)]  # noqa: DTZ001 - a camera's
    assert found.entries["captured"].to_pylist() == times


def test_zero_is_no_time(read: Reader) -> None:
    """CVAT writes it where it knows none."""
    found = read([{"id": 1, "file_name": "a.jpg", "date_captured": 0}])
    assert found.entries["captured"].to_pylist() == [None]
    assert found.n_faults == 0


def test_what_cannot_be_opened_is_told(read: Reader) -> None:
    """Corrupt ones, videos, and what is on the web."""
    found = read(
        [
            {"id": 1, "file_name": "a.jpg", "corrupt": True},
            {"id": 2, "file_name": "a.mov"},
            {"id": 3, "file_name": "http://x/a.jpg", "corrupt": False},
        ]
    )
    assert found.entries["cause"].to_pylist() == ["CORRUPT", "VIDEO", "ON_THE_WEB"]


def test_numbers_and_texts_are_different_ids(read: Reader) -> None:
    """1 is not "1"; a reference that leads nowhere is a fault."""
    box = {"bbox": [1, 1, 5, 5]}
    found = read(
        [IMAGE, {"id": "1", "file_name": "b.jpg"}],
        [
            {**box, "image_id": "1", "category_id": 1},
            {**box, "image_id": 1, "category_id": "1"},
            {**box, "image_id": 9, "category_id": 1},
            {**box, "category_id": 1},
        ],
    )
    assert found.boxes["entry"].to_pylist() == [1, 0]
    assert found.boxes["category"].to_pylist() == ["deer", None]
    assert found.boxes["number"].to_pylist() == ["1", None]
    assert [fault.place for fault in found.faults] == [
        "annotations[1].category_id",
        "annotations[2].image_id",
        "annotations[3].image_id",
    ]
    assert found.faults[1].text == "Expected the id of an image, got 9."


@pytest.mark.parametrize("box", [[1, 2, 3], [1, 2, 3, 4, 5], "x", [1, 2, 3, "4"], {"x": 1}])
def test_a_box_of_no_four_numbers_is_a_row_and_a_fault(read: Reader, box: object) -> None:
    """All its coordinates are NaN, and it labels no photo."""
    found = read([IMAGE], [{"image_id": 1, "category_id": 1, "bbox": box}])
    assert np.isnan(list_boxes(found)).all()
    assert found.n_faults == 1
    assert found.faults[0].place.startswith("annotations[0].bbox")
    assert found.entries["label"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"images": [IMAGE, {"id": 2, "file_name": "b"}, IMAGE]}, r"images\[2\].id"),
        ({"images": [IMAGE], "categories": [NAMES[1], NAMES[1]]}, r"categories\[1\].id"),
        ({"images": None, "annotations": [{"image_id": 1}]}, "'images'"),
        ({"images": {}}, "'images'"),
        ({"images": [], "annotations": 5}, "'annotations'"),
    ],
)
def test_a_wrong_frame_is_refused(read: Reader, parts: dict[str, Any], place: str) -> None:
    """No list of images, or an id twice, which does not tell what is meant."""
    with pytest.raises(sd.InvalidParameterError, match=place):
        read(**{"images": [], **parts})


def test_annotations_follow_their_photos(read: Reader) -> None:
    """In their order; those of no photo leave no trace once something is left out."""
    images = [{"id": i, "file_name": f"{i}.jpg"} for i in range(4)]
    notes = [
        {"id": i, "image_id": owner, "category_id": 1, "bbox": [i, 1, 2, 2]}
        for i, owner in enumerate([3, 0, 9, 1, 3, 0])
    ]
    found = read(images, notes, licenses=[{"id": 5}])
    kept = json.loads(found.reduce(np.array([0, 3]))[""])
    assert kept == {
        "images": [images[0], images[3]],
        "annotations": [notes[0], notes[1], notes[4], notes[5]],
        "categories": NAMES,
        "licenses": [{"id": 5}],
    }
    assert json.loads(found.reduce(np.array([], np.int64))[""])["annotations"] == []


def test_with_selected_boxes_only_labels_of_photos_stay(read: Reader) -> None:
    """Other boxes go, crowds among them."""
    notes = [
        {"id": 0, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2]},
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 1, 2, 2], "iscrowd": 1},
        {"id": 2, "image_id": 1, "category_id": 2},
        {"id": 3, "image_id": 1, "category_id": 1, "bbox": [3, 1, 2, 2]},
    ]
    found = read([IMAGE], notes)
    kept = json.loads(found.reduce(np.array([0]), np.array([1]))[""])
    assert kept["annotations"] == notes[2:]


@pytest.mark.parametrize("side", [0, -5, 0.5, 1e300, None])
def test_a_side_that_no_photo_has_is_unknown(read: Reader, side: float | None) -> None:
    """Its boxes stay pixels."""
    found = read(
        [{**IMAGE, "width": side}], [{"image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2]}]
    )
    assert found.entries["width"].to_pylist() == [None]
    assert found.boxes["is_in_pixels"].to_pylist() == [True]


def test_times_that_cannot_be_read_are_faults(read: Reader) -> None:
    """They are told with their image, and counted."""
    images = [
        {"id": 1, "file_name": "a.jpg", "datetime": "2016-01-02 03:04:05"},
        {"id": 2, "file_name": "b.jpg", "date_captured": "Jan 2 2016"},
    ]
    found = read(images=images, annotations=[], categories=[])
    assert found.n_faults == 1
    assert found.faults[0].place == "images[1]"
    assert "'Jan 2 2016'" in found.faults[0].text


def test_boxes_are_named_by_their_annotation(read: Reader) -> None:
    """Labels of photos are annotations, too."""
    image = {"id": 1, "file_name": "a.jpg", "width": 10, "height": 10}
    notes = [{"image_id": 1, "category_id": 1}, {"image_id": 1, "category_id": 1, "bbox": [1] * 4}]
    found = read([image], notes, categories=[{"id": 1, "name": "fox"}])
    assert found.name_box(0) == "annotations[1]"
