"""Tests of smartdownsample.report.document_summary."""

from pathlib import Path
from typing import Any

from made_annotations import make_annotations, refuse_to_measure
from pictures import write_picture
from smartdownsample.formats import Annotations, Fault
from smartdownsample.items import DocumentItems, list_document_items
from smartdownsample.options import DocumentOptions
from smartdownsample.report import describe_document, tabulate_document

ENTRIES: list[dict[str, Any]] = [
    {"path": "a.png"},
    {"path": "b.png"},
    {"path": "c.png", "cause": "VIDEO"},
]
BOXES: list[dict[str, Any]] = [
    {"entry": 0, "x": 0.1},
    {"entry": 0, "x": 0.1},
    {"entry": 0, "x": 0.2, "confidence": 0.1},
    {"entry": 1, "confidence": None, "category": "person", "label": "ranger"},
    {"entry": 1, "x": 0.4, "confidence": 1.0, "category": None},
    {"entry": 1, "width": 0.0},
]


def take(annotations: Annotations, folder: Path, **options: object) -> DocumentItems:
    choices = DocumentOptions(root=str(folder), **options)  # type: ignore[arg-type] # as above
    return list_document_items(annotations, choices, refuse_to_measure)


def test_a_summary_counts_what_is_wanted_and_what_is_amiss(tmp_path: Path) -> None:
    """Line by line, with the first of each."""
    for seed, name in enumerate(("a.png", "d.png", "e.png")):
        write_picture(tmp_path / name, seed)
    fault = Fault("images[3]", "Expected an object,\ngot 5.")
    document = take(
        make_annotations(ENTRIES, BOXES, faults=(fault,), n_faults=1, typical_confidence=0.8),
        tmp_path,
    )
    assert list(describe_document(document)) == [
        "MegaDetector 1.4, results.json: 6 boxes in 3 photos",
        "  wanted: 3 crops in 2 photos, of confidence 0.2 or more, or verified",
        "  its detector's makers take 0.8 (typical_detection_threshold)",
        "  named again, and counted once: 1",
        f"  named and not there: 2 photos, first {tmp_path / 'b.png'}",
        f"  there and not named: 2 photos, first {tmp_path / 'd.png'}",
        r"  1 faulty entry, first images[3]: Expected an object,\ngot 5.",
    ]


def test_a_summary_is_silent_on_what_is_as_expected(tmp_path: Path) -> None:
    """Photos as items need no boxes; a threshold that is the makers' own is not told again."""
    for seed, name in enumerate(("a.png", "b.png")):
        write_picture(tmp_path / name, seed)
    document = take(
        make_annotations(ENTRIES[:2], BOXES[:1], version="", typical_confidence=0.8),
        tmp_path,
        items="photos",
        min_confidence=0.8,
    )
    assert list(describe_document(document)) == [
        "MegaDetector, results.json: 1 box in 2 photos",
        "  wanted: 2 photos, named by their boxes of confidence 0.8 or more, or verified",
    ]


def test_boxes_are_counted_by_category_and_confidence(tmp_path: Path) -> None:
    """Every box once, those of people apart; then labels, the most frequent first."""
    document = take(make_annotations(ENTRIES, BOXES), tmp_path)
    lines = list(tabulate_document(document))
    assert lines[1].split() == [
        *("boxes", "of", "category", "0–0.1", "0.1–0.2", "0.2–0.4", "0.4–0.6", "0.6–0.8"),
        *("0.8–0.9", "0.9–1", "none"),
    ]
    assert [line.split() for line in lines[2:5]] == [
        ["animal", *"01000030"],
        ["person", *"00000001"],
        ["unlabelled", *"00000010"],
    ]
    assert lines[5:7] == ["", "  crops by label"]
    labels = {line.split(maxsplit=1)[1] for line in lines[7:10]}
    assert labels == {"animal", "ranger", "unlabelled"}
    assert [line.split(maxsplit=1) for line in lines[10:]] == [
        ["1", "not usable: Not an image but a video"],
        ["1", "not usable: Box has no area"],
    ]


def test_many_labels_are_cut(tmp_path: Path) -> None:
    """There may be one for each photo."""
    entries = [{"path": f"{i}.png", "label": f"animal {i:02}"} for i in range(33)]
    lines = list(tabulate_document(take(make_annotations(entries), tmp_path)))
    assert lines[1] == "  photos by label"
    assert [line.split(maxsplit=1)[1] for line in lines[2:32]] == [
        f"animal {i:02}" for i in range(30)
    ]
    assert lines[32] == "  and 3 more labels"
