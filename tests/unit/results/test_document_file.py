"""Tests of smartdownsample.results.document_file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from small_surveys import detect, select_all, write_jpeg, write_results
from smartdownsample import Document, OutputError

LEFT, RIGHT = (0.0, 0.25, 0.5, 0.5), (0.5, 0.25, 0.5, 0.5)
Change = Callable[[list[dict[str, Any]]], object]


@pytest.fixture
def survey(tmp_path: Path) -> Document:
    """Read a document of two photos, of which one has two boxes."""
    for seed, name in enumerate(("a.jpg", "b.jpg")):
        write_jpeg(tmp_path / name, seed)
    person = {**detect(*RIGHT, conf=0.6), "category": "2"}
    found = {"a.jpg": [detect(*LEFT), person], "b.jpg": [detect(*LEFT)]}
    file = write_results(tmp_path / "results.json", found)
    content = json.loads(file.read_text())
    content["images"][0].update(max_detection_conf=0.9, datetime="2024:05:01 07:30:12")
    file.write_text(json.dumps(content))
    return Document.read(file, root=tmp_path)


def test_any_part_of_the_same_document_is_replaced(survey: Document, tmp_path: Path) -> None:
    """Also one in which photos have some of their boxes alone, and another highest confidence."""
    target = tmp_path / "part.json"
    index_of_all = select_all(survey)
    survey.write(index_of_all, target)
    whole = target.read_bytes()
    assert whole == (tmp_path / "results.json").read_bytes()
    people = Document.read(tmp_path / "results.json", root=tmp_path, categories=["person"])
    people.write(select_all(people), target, only_selected_boxes=True)
    (photo,) = json.loads(target.read_text())["images"]
    assert (len(photo["detections"]), photo["max_detection_conf"]) == (1, 0.6)
    survey.write(index_of_all, target)
    assert target.read_bytes() == whole


@pytest.mark.parametrize(
    ("change", "n_foreign"),
    [
        (lambda images: images[0].update(note="seen"), 1),
        (lambda images: images[0]["detections"][0].update(conf=0.8), 1),
        (lambda images: images[0]["detections"][0].update(human_verified=True), 1),
        # Each detection of it stands somewhere in the source, but of another photo.
        (lambda images: images[1]["detections"].append(images[0]["detections"][1]), 1),
        (lambda images: images[1].update(datetime=images[0]["datetime"]), 1),
        (lambda images: images[1].update(file="c.jpg"), 2),
        (lambda images: images.append("a note"), 1),
    ],
)
def test_a_part_that_somebody_changed_stays(
    survey: Document, tmp_path: Path, change: Change, n_foreign: int
) -> None:
    """Whatever it says that the document does not is counted."""
    target = tmp_path / "part.json"
    content = json.loads((tmp_path / "results.json").read_text())
    change(content["images"])
    target.write_text(json.dumps(content))
    before = target.read_bytes()
    with pytest.raises(OutputError, match=f"\\({n_foreign} of its parts are not in"):
        survey.write(select_all(survey), target)
    assert target.read_bytes() == before


def test_what_is_said_of_the_whole_counts_as_well(survey: Document, tmp_path: Path) -> None:
    """Such as other names of categories."""
    target = tmp_path / "part.json"
    content = json.loads((tmp_path / "results.json").read_text())
    content["detection_categories"]["1"] = "wildlife"
    target.write_text(json.dumps(content))
    with pytest.raises(OutputError, match="1 of its parts"):
        survey.write(select_all(survey), target)
