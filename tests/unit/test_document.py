"""Tests of smartdownsample.document."""

import json
from pathlib import Path

import pytest

from small_surveys import detect, select_all, write_jpeg, write_results
from smartdownsample import Document, InvalidParameterError

BOXES = ((0.0, 0.25, 0.5, 0.5), (0.5, 0.25, 0.5, 0.5))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Write results of two photos: one with two boxes, one of which is unsure."""
    for seed, name in enumerate(("a.jpg", "b.jpg")):
        write_jpeg(tmp_path / "photos" / name, seed)
    person = {**detect(*BOXES[1], conf=0.3), "category": "2"}
    found = {"a.jpg": [detect(*BOXES[0]), person], "b.jpg": []}
    return write_results(tmp_path / "results.json", found)


def test_items_are_what_the_options_say(results: Path) -> None:
    """Crops where there are boxes, else photos; by confidence and by category."""
    root = results.parent / "photos"
    counts = [
        (Document.read(results, root=root), 2, "2 crops in 1 file"),
        (Document.read(results, root=root, items="photos"), 2, "2 photos in 2 files"),
        (Document.read(str(results), root=str(root), min_confidence=0.5), 1, "1 crop in 1 file"),
        (Document.read(results, root=root, categories=["2"]), 1, "1 crop in 1 file"),
    ]
    for document, n, text in counts:
        assert len(document.items) == n
        assert repr(document) == f"<Document of MegaDetector: {text}>"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"items": "boxes"}, "items"),
        ({"root": "nowhere"}, r"'root' parameter must be a folder that is there.*Got 'nowhere'"),
        ({"min_confidence": 1.5}, "min_confidence"),
        ({"categories": ["wolf"]}, r"animal, person\. Got 'wolf'"),
        ({"categories": "animal"}, "categories"),
        ({"box_orientation": "left"}, "box_orientation"),
    ],
)
def test_wrong_options_are_named(results: Path, options: dict[str, object], told: str) -> None:
    """With what there is to choose from."""
    with pytest.raises(InvalidParameterError, match=told):
        Document.read(results, **options)  # type: ignore[arg-type] # on purpose


def test_faults_are_told_or_end_the_call(results: Path) -> None:
    """As the caller likes it."""
    content = json.loads(results.read_text())
    content["images"].append({"detections": []})
    results.write_text(json.dumps(content))
    (fault,) = Document.read(results).faults
    assert fault.place == "images[2]"
    with pytest.raises(InvalidParameterError, match=r"images\[2\]: Expected a field 'file'"):
        Document.read(results, strict=True)


def test_a_package_cannot_be_made_of_results(results: Path, tmp_path: Path) -> None:
    """Camtrap DP needs what others lack."""
    document = Document.read(results, root=results.parent / "photos")
    with pytest.raises(InvalidParameterError, match="coordinates that MegaDetector"):
        document.write(select_all(document), tmp_path / "x.json", to="camtrap-dp")
    assert not (tmp_path / "x.json").exists()
