"""Tests of smartdownsample.formats.megadetector."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smartdownsample as sd
from smartdownsample.formats import Annotations, read_document

Reader = Callable[..., Annotations]
FOX = {"category": "1", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]}


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Give a function that reads entries, with other parts of a document by name."""

    def read(entries: object, **parts: Any) -> Annotations:
        document = {
            "info": {"format_version": "1.4"},
            "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
            "images": entries,
            **parts,
        }
        return read_whole({name: part for name, part in document.items() if part is not None})

    def read_whole(document: object) -> Annotations:
        (tmp_path / "x.json").write_text(json.dumps(document))
        found = read_document(str(tmp_path / "x.json"))
        assert found is not None
        return found

    return read


def list_causes(found: Annotations) -> list[str | None]:
    causes: list[str | None] = found.entries["cause"].to_pylist()
    return causes


@pytest.mark.parametrize(
    ("entry", "cause"),
    [
        ({"detections": []}, None),
        ({"detections": [], "failure": None}, None),
        ({"detections": None, "failure": "Failure image access"}, "DETECTOR_FAILED"),
        ({"failure": "Failure image access"}, "DETECTOR_FAILED"),
        ({"detections": None}, "DETECTOR_FAILED"),
        ({"detections": [], "failure": "x"}, "DETECTOR_FAILED"),
        ({}, "DETECTOR_FAILED"),
        ({"detections": [], "frame_rate": 30}, "VIDEO"),
        ({"detections": [], "frames_processed": [0, 1]}, "VIDEO"),
        ({"detections": [], "file": "a.MP4"}, "VIDEO"),
        ({"failure": "no frames", "file": "a.avi"}, "VIDEO"),
        ({"detections": [], "file": "https://example.org/a.jpg"}, "ON_THE_WEB"),
        ({"detections": [], "file": "gs://bucket/a.jpg"}, "ON_THE_WEB"),
        ({"detections": [], "file": "azure://box/a.jpg"}, "ON_THE_WEB"),
        ({"detections": [], "file": "file:/a.jpg"}, "ON_THE_WEB"),
        ({"detections": [], "file": "C:/a.jpg"}, None),
        ({"detections": [], "max_detection_conf": ""}, None),
    ],
)
def test_blank_failed_and_unreadable_photos_are_told_apart(
    read: Reader, entry: dict[str, Any], cause: str | None
) -> None:
    """None of it is a fault of the document."""
    found = read([{"file": "a.jpg", **entry}])
    assert list_causes(found) == [cause]
    assert len(found.boxes) == 0
    assert found.n_faults == 0


def test_a_box_has_its_place_its_names_and_its_confidence(read: Reader) -> None:
    """The label is the best classification, if there is one."""
    other = {**FOX, "category": "2", "conf": 1, "classifications": [["1", 0.8], ["0", 0.1]]}
    found = read(
        [
            {"file": "a.jpg", "detections": [FOX, other], "datetime": "2024:05:01 07:30:12"},
            {"file": "b.jpg", "detections": [FOX], "width": 2048, "height": 1536},
        ],
        classification_categories={"0": "fox", "1": "hiker"},
    )
    assert found.boxes["entry"].to_pylist() == [0, 0, 1]
    assert found.boxes["place"].to_pylist() == [0, 1, 0]
    assert found.boxes["category"].to_pylist() == ["animal", "person", "animal"]
    assert found.boxes["number"].to_pylist() == ["1", "2", "1"]
    assert found.boxes["label"].to_pylist() == [None, "hiker", None]
    assert found.boxes["confidence"].to_pylist() == [0.9, 1.0, 0.9]
    assert found.boxes["is_in_pixels"].to_pylist() == [False] * 3
    assert [found.boxes[name][0].as_py() for name in ("x", "y", "width", "height")] == FOX["bbox"]
    assert found.entries["captured"].to_pylist() == [datetime(2024, 5, 1, 7, 30, 12), None]  # noqa: DTZ001 - a camera's
    assert found.entries["width"].to_pylist() == [None, 2048]
    assert found.entries["height"].to_pylist() == [None, 1536]
    assert (found.format, found.version) == ("MegaDetector", "1.4")


@pytest.mark.parametrize("classifications", [None, [], [["9", 0.9]], [["9", 0.9], ["0", 0.1]]])
def test_without_a_listed_best_classification_there_is_no_label(
    read: Reader, classifications: object
) -> None:
    """The second best is none."""
    found = read(
        [{"file": "a.jpg", "detections": [{**FOX, "classifications": classifications}]}],
        classification_categories={"0": "fox"},
    )
    assert found.boxes["label"].to_pylist() == [None]


def test_a_category_that_is_not_listed_is_no_detection(read: Reader) -> None:
    """It keeps its place among the others; the category "empty" is none as well."""
    found = read(
        [{"file": "a.jpg", "detections": [{**FOX, "category": c} for c in ("7", "0", "12", 12)]}],
        detection_categories={"0": "empty", "12": "animal", "13": "animal"},
    )
    assert found.boxes["place"].to_pylist() == [2, 3]
    assert found.boxes["category"].to_pylist() == ["animal", "animal"]
    assert found.categories == {"0": "empty", "12": "animal", "13": "animal"}


@pytest.mark.parametrize("key", ["human_verified", "is_verified"])
def test_people_verify_a_box_or_all_of_a_photo(read: Reader, key: str) -> None:
    """Where the document says so."""
    found = read(
        [
            {"file": "a.jpg", "detections": [{**FOX, key: True}, {**FOX, key: False}]},
            {"file": "b.jpg", "detections": [FOX], key: True},
        ]
    )
    assert found.boxes["is_verified"].to_pylist() == [True, False, True]


@pytest.mark.parametrize("box", [None, [], [1, 2, 3], [0, 0, "1", 1], "x", [0, 0, 1, None]])
def test_a_box_of_no_four_numbers_is_a_row_and_a_fault(read: Reader, box: object) -> None:
    """All its coordinates are NaN; other boxes are not touched."""
    found = read([{"file": "a.jpg", "detections": [FOX, {**FOX, "bbox": box}, FOX]}])
    x = found.boxes["x"].to_numpy()
    assert np.isnan(x).tolist() == [False, True, False]
    assert np.isnan(found.boxes["height"].to_numpy()).tolist() == [False, True, False]
    assert found.n_faults == 1
    assert found.faults[0].place.startswith("images[0].detections[1].bbox")
    assert found.boxes["confidence"].to_pylist() == [0.9] * 3


def test_categories_may_be_any_digits(read: Reader) -> None:
    """As numbers as well, where they are spelt as JSON spells numbers; however many."""
    keys = ["0", "07", "9" * 18, "9" * 5000, "\u0661"]
    boxes = [{**FOX, "category": key} for key in [*keys, 0, 7, int("9" * 18), 1]]
    names = {"detection_categories": {key: key for key in keys}}
    found = read([{"file": "a.jpg", "detections": boxes}], **names)
    assert found.boxes["category"].to_pylist() == [*keys, "0", "9" * 18]


def test_categories_that_are_null_are_those_of_pytorch_wildlife(tmp_path: Path) -> None:
    """It numbers them from 0, and writes no names unless it is told; a person is no animal."""
    boxes = [{**FOX, "category": key} for key in "012"]
    entries = [{"file": "a.jpg", "max_detection_conf": 0.9, "detections": boxes}]
    path = tmp_path / "x.json"
    path.write_text(
        json.dumps({"info": {"detector": "v6"}, "detection_categories": None, "images": entries})
    )
    found = read_document(str(path))
    assert found is not None
    assert found.boxes["category"].to_pylist() == ["animal", "person", "vehicle"]
    assert found.orientation == "stored"


@pytest.mark.parametrize("conf", ["high", [0.9], True])
def test_a_box_whose_confidence_is_none_is_not_peoples(read: Reader, conf: object) -> None:
    """It is a fault, and counts as little as can be."""
    found = read([{"file": "a.jpg", "detections": [{**FOX, "conf": conf}]}])
    assert (found.boxes["confidence"].to_pylist(), found.n_faults) == ([0.0], 1)


def test_a_box_without_confidence_is_peoples(read: Reader) -> None:
    """Its confidence is null."""
    found = read([{"file": "a.jpg", "detections": [{"category": "1", "bbox": [0, 0, 1, 1]}]}])
    assert found.boxes["confidence"].to_pylist() == [None]


def test_entries_without_a_name_are_faults(read: Reader) -> None:
    """And no rows; what is chosen of the others is what they are."""
    found = read([{"detections": []}, None, {"file": "b.jpg", "detections": [FOX]}, {"file": "c"}])
    assert found.entries["path"].to_pylist() == ["b.jpg", "c"]
    assert [fault.place for fault in found.faults] == ["images[0]", "images[1]"]
    assert json.loads(found.reduce(np.array([0]))[""])["images"] == [
        {"file": "b.jpg", "detections": [FOX]}
    ]


@pytest.mark.parametrize(
    ("version", "spelt", "warns"),
    [
        ("1.0", "1.0", 0),
        (1.3, "1.3", 0),
        ("3.0", "3.0", 0),
        ("1.6", "1.6", 0),
        (None, "", 0),
        ("1.7", "1.7", 1),
        (2.0, "2.0", 1),
        ("1.10", "1.10", 1),
        ("2", "2", 1),
        (2, "2", 1),
        ("9" * 5000, "9" * 5000, 0),
        ("x", "x", 0),
        ({}, "", 0),
    ],
)
def test_a_newer_version_is_read_by_structure_with_a_warning(
    read: Reader, version: object, spelt: str, warns: int
) -> None:
    """Versions are numbers or texts; animl's 3.0 is an old one."""
    with pytest.warns(sd.DocumentWarning, match="newer") if warns else nullcontext():
        found = read([{"file": "a.jpg", "detections": [FOX]}], info={"format_version": version})
    assert found.version == spelt
    assert len(found.boxes) == 1


@pytest.mark.parametrize("info", [{}, None, "x", {"detector_metadata": 5}])
def test_without_information_nothing_is_known(read: Reader, info: object) -> None:
    """It may be empty or missing."""
    found = read([{"file": "a.jpg", "detections": []}], info=info)
    assert (found.version, found.typical_confidence) == ("", None)


def test_what_the_makers_take_as_a_threshold_is_told(read: Reader) -> None:
    """Where the document has it."""
    metadata: dict[str, Any] = {"detector_metadata": {"typical_detection_threshold": 0.8}}
    assert read([], info=metadata).typical_confidence == 0.8
    metadata = {"detector_metadata": {"typical_detection_threshold": "high"}}
    assert read([], info=metadata).typical_confidence is None


@pytest.mark.parametrize(
    ("parts", "orientation"),
    [
        ({}, "megadetector"),
        ({"info": {}, "detection_categories": {"0": "animal"}}, "stored"),
        ({"info": None, "detection_categories": {"0": "animal", "1": "person"}}, "stored"),
        ({"info": {}, "detection_categories": {"1": "animal"}}, "megadetector"),
        ({"detection_categories": {"0": "animal"}}, "megadetector"),
    ],
)
def test_pytorch_wildlife_counts_from_the_stored_picture(
    read: Reader, parts: dict[str, Any], orientation: str
) -> None:
    """It writes no version, a highest confidence, and categories from 0."""
    entry = {"file": "a.jpg", "detections": [], "max_detection_conf": 0.0}
    assert read([entry], **parts).orientation == orientation
    del entry["max_detection_conf"]
    assert read([entry], **parts).orientation == "megadetector"


def test_a_bare_list_is_read_and_written_as_one(tmp_path: Path) -> None:
    """Its categories are the detector's own."""
    entries = [{"file": f"{i}.jpg", "max_detection_conf": 0.9, "detections": [FOX]} for i in "abc"]
    (tmp_path / "x.json").write_text(json.dumps(entries))
    found = read_document(str(tmp_path / "x.json"))
    assert found is not None
    assert found.boxes["category"].to_pylist() == ["animal"] * 3
    assert json.loads(found.reduce(np.array([0, 2]))[""]) == [entries[0], entries[2]]


@pytest.mark.parametrize("images", [None, {}, "x", 5])
def test_without_a_list_of_images_the_document_is_refused(read: Reader, images: object) -> None:
    """Its frame is wrong."""
    with pytest.raises(sd.InvalidParameterError, match=r"'images' of the document .* Got"):
        read(images)


def test_images_alone_are_a_document_even_if_there_are_none(tmp_path: Path) -> None:
    """Nothing says of which format it is, and nothing depends on it."""
    (tmp_path / "x.json").write_text('{"images": []}')
    found = read_document(str(tmp_path / "x.json"))
    assert found is not None
    assert (len(found.entries), found.n_faults) == (0, 0)


def test_times_that_cannot_be_read_are_faults(read: Reader) -> None:
    """They are told with their place, and the photo has no time; an empty one says nothing."""
    times = ["2016:01:02 03:04:05", "Jan 2 2016", "", None]
    found = read([{"file": "a.jpg", "detections": [], "datetime": time} for time in times])
    captured = datetime(2016, 1, 2, 3, 4, 5)  # noqa: DTZ001 - local time of the camera
    assert found.entries["captured"].to_pylist() == [captured, None, None, None]
    assert [fault.place for fault in found.faults] == ["images[1].datetime"]
    assert "'Jan 2 2016'" in found.faults[0].text


def test_boxes_are_named_by_their_place(read: Reader) -> None:
    """Whatever was left out before them: an entry without a file, a box of no category."""
    entries = [{}, {"file": "a.jpg", "detections": [{**FOX, "category": "9"}, FOX]}]
    assert read(entries).name_box(0) == "images[1].detections[1].bbox"


def test_boxes_of_a_bare_list_are_named_by_their_place(tmp_path: Path) -> None:
    """The list has no name."""
    (tmp_path / "x.json").write_text(json.dumps([{"file": "a.jpg", "detections": [FOX]}]))
    found = read_document(str(tmp_path / "x.json"))
    assert found is not None
    assert found.name_box(0) == "[0].detections[0].bbox"
