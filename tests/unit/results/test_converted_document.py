"""Tests of smartdownsample.results.converted_document."""

import json
from pathlib import Path
from typing import Any

import pytest

from small_surveys import HEIGHT, WIDTH, detect, select_all, write_jpeg, write_results
from smartdownsample import Document, OutputError

LEFT, RIGHT = (0.0, 0.25, 0.5, 0.5), (0.5, 0.25, 0.5, 0.5)


def convert(document: Document, target: Path, to: Any, **options: Any) -> Any:
    document.write(select_all(document), target, to=to, **options)
    return json.loads(target.read_text(encoding="utf-8"))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Write results of two photos: one with two boxes, one of a classified animal."""
    for seed, name in enumerate(("a.jpg", "b.jpg")):
        write_jpeg(tmp_path / name, seed)
    fox = detect(*LEFT, conf=0.7, classifications=[["7", 0.9], ["8", 0.1]])
    people = {"category": "2", "conf": 0.9, "bbox": list(RIGHT)}
    return write_results(
        tmp_path / "results.json",
        {"a.jpg": [detect(*LEFT, conf=0.95), people], "b.jpg": [fox]},
        classification_categories={"7": "fox", "8": "cat"},
    )


def test_coco_has_pixels_labels_and_scores(results: Path, tmp_path: Path) -> None:
    """Ids count from 1, and a category is what a box shows: the species, else what it is."""
    made = convert(Document.read(results), tmp_path / "coco.json", "coco")
    size = {"width": WIDTH, "height": HEIGHT}
    assert made["images"] == [
        {"id": 1, "file_name": "a.jpg", **size},
        {"id": 2, "file_name": "b.jpg", **size},
    ]
    assert made["categories"] == [
        {"id": 1, "name": "animal"},
        {"id": 2, "name": "person"},
        {"id": 3, "name": "fox"},
    ]
    left, right = [0.0, 30.0, 80.0, 60.0], [80.0, 30.0, 80.0, 60.0]
    told = [(1, 1, left, 0.95), (1, 2, right, 0.9), (2, 3, left, 0.7)]
    assert made["annotations"] == [
        {
            "id": number,
            "image_id": image,
            "category_id": category,
            "bbox": box,
            "area": 4800.0,
            "iscrowd": 0,
            "score": score,
        }
        for number, (image, category, box, score) in enumerate(told, start=1)
    ]


def test_photos_keep_all_boxes_or_those_that_are_selected(tmp_path: Path) -> None:
    """All: also those below the threshold of the items."""
    write_jpeg(tmp_path / "a.jpg", 1)
    found = {"a.jpg": [detect(*LEFT, conf=0.95), detect(*RIGHT, conf=0.01)], "b.jpg": []}
    sure = Document.read(write_results(tmp_path / "results.json", found), min_confidence=0.92)
    made = convert(sure, tmp_path / "coco.json", "coco")
    assert [each["score"] for each in made["annotations"]] == [0.95, 0.01]
    made = convert(sure, tmp_path / "coco.json", "coco", only_selected_boxes=True)
    assert [each["score"] for each in made["annotations"]] == [0.95]
    assert len(made["images"]) == 1


def test_what_people_drew_becomes_results(tmp_path: Path) -> None:
    """With a confidence of 1, and time and place of the photo where the format has them."""
    write_jpeg(tmp_path / "a.jpg", 1)
    image = {"id": "x", "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}
    image |= {"datetime": "2024-05-01 07:30:12", "location": "waterhole"}
    content = {
        "images": [image],
        "annotations": [{"id": 5, "image_id": "x", "category_id": 9, "bbox": [40, 30, 80, 45]}],
        "categories": [{"id": 9, "name": "fox"}],
    }
    (tmp_path / "coco.json").write_text(json.dumps(content))
    made = convert(Document.read(tmp_path / "coco.json"), tmp_path / "made.json", "megadetector")
    assert made["detection_categories"] == {"1": "fox"}
    assert "classification_categories" not in made
    box = {"category": "1", "conf": 1.0, "bbox": [0.25, 0.25, 0.5, 0.375]}
    told = {"file": "a.jpg", "detections": [box], "datetime": "2024:05:01 07:30:12"}
    assert made["images"] == [told]


def test_numbers_stay_as_they_are_spelt(tmp_path: Path) -> None:
    """Though items have them rounded; what reaches over the edge is cut."""
    write_jpeg(tmp_path / "a.jpg", 1)
    found = {"a.jpg": [detect(0.1, 0.2, 0.3, 0.4), detect(-0.1, 0.0, 0.5, 0.5)]}
    document = Document.read(write_results(tmp_path / "results.json", found))
    made = convert(document, tmp_path / "made.json", "megadetector")
    boxes = [each["bbox"] for each in made["images"][0]["detections"]]
    assert boxes[0] == [0.1, 0.2, 0.3, 0.4]
    assert boxes[1] == pytest.approx([0.0, 0.0, 0.4, 0.5], abs=2**-16)


def test_coco_has_place_and_sequence(tmp_path: Path) -> None:
    """In the fields of COCO Camera Traps; a photo of which neither is told has neither."""
    for seed, name in enumerate(("a.jpg", "b.jpg")):
        write_jpeg(tmp_path / name, seed)
    told = {"location": "waterhole", "seq_id": "s1", "datetime": "2024-05-01 07:30:12"}
    images = [{"id": 1, "file_name": "a.jpg", **told}, {"id": 2, "file_name": "b.jpg"}]
    content = {"images": images, "annotations": [], "categories": []}
    (tmp_path / "source.json").write_text(json.dumps(content))
    made = convert(Document.read(tmp_path / "source.json"), tmp_path / "made.json", "coco")
    size = {"width": WIDTH, "height": HEIGHT}
    assert made["images"] == [{**image, **size} for image in images]


def test_classes_become_classifications(results: Path, tmp_path: Path) -> None:
    """With the confidence of the detection, since there is one number for both."""
    made = convert(Document.read(results), tmp_path / "made.json", "megadetector")
    assert made["detection_categories"] == {"1": "animal", "2": "person"}
    assert made["classification_categories"] == {"0": "fox"}
    (fox,) = made["images"][1]["detections"]
    assert fox == {"category": "1", "conf": 0.7, "bbox": [*LEFT], "classifications": [["0", 0.7]]}
    assert Document.read(tmp_path / "made.json", root=tmp_path).items.details is not None


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [(2, [80.0, 30.0, 80.0, 60.0]), (6, [0.0, 40.0, 60.0, 80.0])],
)
def test_boxes_count_from_what_the_format_says(
    tmp_path: Path, orientation: int, upright: list[float]
) -> None:
    """COCO from the upright picture; MegaDetector leaves mirrored ones as they are stored."""
    write_jpeg(tmp_path / "a.jpg", 1, orientation)
    results = write_results(tmp_path / "results.json", {"a.jpg": [detect(*LEFT)]})
    document = Document.read(results)
    made = convert(document, tmp_path / "coco.json", "coco")
    assert made["annotations"][0]["bbox"] == upright
    made = convert(document, tmp_path / "again.json", "megadetector")
    assert made["images"][0]["detections"][0]["bbox"] == [*LEFT]


def test_boxes_without_a_category_get_one(tmp_path: Path) -> None:
    """Both formats need its name."""
    write_jpeg(tmp_path / "a.jpg", 1)
    image = {"id": 1, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}
    content = {"images": [image], "annotations": [{"image_id": 1, "bbox": [40, 30, 80, 45]}]}
    (tmp_path / "coco.json").write_text(json.dumps(content))
    document = Document.read(tmp_path / "coco.json")
    made = convert(document, tmp_path / "made.json", "coco")
    assert made["categories"] == [{"id": 1, "name": "unlabelled"}]
    made = convert(document, tmp_path / "results.json", "megadetector")
    assert made["detection_categories"] == {"1": "unlabelled"}
    assert "classification_categories" not in made


def test_a_photo_that_is_gone_has_no_size(results: Path, tmp_path: Path) -> None:
    """COCO needs it."""
    document = Document.read(results)
    selection = select_all(document)
    (tmp_path / "b.jpg").unlink()
    with pytest.raises(OutputError, match=r"b\.jpg' has none any more \(File not found\)"):
        document.write(selection, tmp_path / "coco.json", to="coco")
    assert not (tmp_path / "coco.json").exists()
