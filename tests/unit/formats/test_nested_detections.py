"""Tests of smartdownsample.formats.nested_detections."""

import json
from pathlib import Path

import numpy as np
import pytest

from smartdownsample.formats import Annotations, read_document
from smartdownsample.formats.nested_detections import reduce_detections

TEXT = b"""{"images" : [
  {"file": "a.jpg", "max_detection_conf":0.90, "detections": [
     {"category": "1", "conf": 0.50, "bbox": [0, 0, 0.10, 1]},
     {"category": "1", "conf": 9e-1, "bbox": [0, 0, 0.20, 1], "mine": "x"}
  ], "mine": 1e2},
  {"file": "b.jpg", "detections": null, "failure": "x"},
  {"detections": []} ,{"file": "c.jpg", "detections": [],"max_detection_conf":""}
 ],
 "mine": [1.0],
 "detection_categories": {"1": "animal"}
}
"""


@pytest.fixture
def document(tmp_path: Path) -> Annotations:
    """Read a document in which an entry has no name."""
    (tmp_path / "x.json").write_bytes(TEXT)
    found = read_document(str(tmp_path / "x.json"))
    assert found is not None
    return found


def test_all_entries_are_the_document(document: Annotations) -> None:
    """Byte by byte, with all white space."""
    assert document.reduce(np.arange(3))[""] == TEXT


def test_what_stays_keeps_its_bytes_and_its_order(document: Annotations) -> None:
    """With everything beside the entries."""
    first, last = TEXT.index(b',\n  {"file": "b.jpg"'), TEXT.index(b"\n ],\n")
    assert document.reduce(np.array([0]))[""] == TEXT[:first] + TEXT[last:]
    start = TEXT.index(b'{"file": "a.jpg"')
    stop = TEXT.index(b'{"file": "c.jpg"')
    assert document.reduce(np.array([2]))[""] == TEXT[:start] + TEXT[stop:]
    assert json.loads(document.reduce(np.array([], np.int64))[""])["images"] == []


def test_only_selected_boxes_stay_and_the_highest_confidence_follows(
    document: Annotations,
) -> None:
    """As it is spelt; an entry that keeps all of its boxes is not touched."""
    reduced = document.reduce(np.arange(3), np.array([0]))[""]
    assert (
        b'"max_detection_conf":0.50, "detections": [\n     {"category": "1", "conf": 0.50'
        in reduced
    )
    assert b"9e-1" not in reduced
    assert b'{"file": "c.jpg", "detections": [],"max_detection_conf":""}' in reduced
    reduced = document.reduce(np.array([0, 1]), np.array([1]))[""]
    assert (
        b'"max_detection_conf":9e-1, "detections": [\n     {"category": "1", "conf": 9e-1'
        in reduced
    )
    assert document.reduce(np.array([0]), np.array([0, 1])) == document.reduce(np.array([0]))
    reduced = document.reduce(np.array([0]), np.array([], np.int64))[""]
    assert b'"max_detection_conf":0.0, "detections": [\n     \n  ]' in reduced


def test_detections_without_a_category_go_with_those_not_selected() -> None:
    """The places are those among all that the entry lists."""
    entry = b'{"detections": [{"category": "7"}, {"category": "1", "conf": null}, 5]}'
    assert reduce_detections(entry, [1]) == b'{"detections": [{"category": "1", "conf": null}]}'
    assert reduce_detections(entry, [0, 1, 2]) is entry
    assert reduce_detections(b'{"detections": 5}', []) == b'{"detections": 5}'


def test_the_highest_of_several_confidences_is_that_of_the_photo() -> None:
    """Numbers are compared, not texts; it keeps the spelling it has."""
    boxes = ", ".join(f'{{"conf": {conf}}}' for conf in ("0.30", "9.5e-2", "0.99"))
    entry = f'{{"max_detection_conf": 0.99, "detections": [{boxes}]}}'.encode()
    assert reduce_detections(entry, [0, 1]).startswith(b'{"max_detection_conf": 0.30, ')
    assert reduce_detections(entry, [1]).startswith(b'{"max_detection_conf": 9.5e-2, ')
