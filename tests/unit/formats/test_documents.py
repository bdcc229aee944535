"""Tests of smartdownsample.formats.documents."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import smartdownsample as sd
from pictures import NO_SHARED_IMAGES, SHARED_IMAGES
from smartdownsample.formats import looks_like_document, read_document

FORMATS = SHARED_IMAGES / "formats"
# Every JSON document there is of detections, or of photos for a detector.
FOUND = {
    "SensingClues+hva-camtrap/python/megadetector_V3/megadetector_results.json": "MegaDetector",
    "StewartWILDlab+mdtools/tests/test_images/test_folder_output.json": "MegaDetector",
    "StewartWILDlab+mdtools/tests/test_images/test_folder_output_coco.json": "COCO",
    "bencevans+camtrap-detector/src-tauri/tests/fixtures/ena.md.4.1.0.json": "MegaDetector",
    "conservationtechlab+animl-py/tests/GroundTruth/md/md_gt.json": "MegaDetector",
    "drivendataorg+zamba/tests/assets/images/ena24_small/coco_annotations.json": "COCO",
    "drivendataorg+zamba/tests/assets/images/ena24_small/md_annotations.json": "MegaDetector",
    "drivendataorg+zamba/tests/assets/images/megadetector_output.json": "MegaDetector",
    "dwheelerau+camera-trap-tools/testing/dir_test.json": "MegaDetector",
    "google+cameratrapai/test_data/instances.json": "SpeciesNet",
    "google+cameratrapai/test_data/instances_with_errors.json": "SpeciesNet",
}
LABEL_STUDIO = "StewartWILDlab+mdtools/tests/test_images/test_folder_output_ls.json"


@pytest.mark.parametrize("name", FOUND)
def test_real_documents_come_out_as_they_are(name: str) -> None:
    """All of their entries are the same bytes, and any of them are those entries."""
    if not FORMATS.is_dir():
        pytest.skip(NO_SHARED_IMAGES)
    document = read_document(str(FORMATS / name))
    assert document is not None
    assert document.format == FOUND[name]
    assert document.n_faults == 0
    n = len(document.entries)
    assert document.reduce(np.arange(n))[""] == (FORMATS / name).read_bytes()
    rows = np.arange(0, n, 3)
    reduced = json.loads(document.reduce(rows)[""])
    whole = json.loads((FORMATS / name).read_bytes())
    key = {"COCO": "images", "SpeciesNet": "instances"}.get(document.format, "images")
    entries, kept = (each if isinstance(each, list) else each[key] for each in (whole, reduced))
    assert kept == [entries[row] for row in rows]


def test_other_json_among_the_real_files_is_none_of_these() -> None:
    """Descriptors and schemas are left to those who read them."""
    if not FORMATS.is_dir():
        pytest.skip(NO_SHARED_IMAGES)
    names = {path.relative_to(FORMATS).as_posix() for path in FORMATS.rglob("*.json")}
    # Those of Camtrap DP are read, or refused, by its own reader.
    of_camtrap_dp = {name for name in names if name.endswith(("package.json", "profile.json"))}
    others = names - {*FOUND, LABEL_STUDIO} - of_camtrap_dp
    assert len(others) >= 9
    assert [read_document(str(FORMATS / name)) for name in others] == [None] * len(others)
    with pytest.raises(sd.InvalidParameterError, match="Label Studio"):
        read_document(str(FORMATS / LABEL_STUDIO))


@pytest.mark.parametrize(
    ("content", "tool"),
    [
        ([{"data": {"image": "a.jpg"}, "predictions": []}], "Label Studio"),
        ([{"id": 1, "data": {"image": "a.jpg"}, "annotations": []}], "Label Studio"),
        ({"annotations": [{"img_id": "a.jpg", "bbox": [[0, 0, 1, 1]]}]}, "PyTorch-Wildlife"),
        ({"categories": [], "annotations": [{"img_id": "a.jpg"}]}, "PyTorch-Wildlife"),
        ({"samples": [{"filepath": "a.jpg"}]}, "FiftyOne"),
        ([{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.9}], "COCO's results"),
        ('<?xml version="1.0"?>\n<annotations>\n<version>1.1</version>', "CVAT"),
        ("<annotations><version>1.1</version>", "CVAT"),
    ],
)
def test_what_other_tools_write_is_refused_with_advice(
    tmp_path: Path, content: object, tool: str
) -> None:
    """In one sentence that says what to have them write instead."""
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(sd.InvalidParameterError, match=f"is of {tool}. .* (export|write)"):
        read_document(str(tmp_path / "x.json"))


def test_a_folder_of_fiftyone_is_refused_and_others_are_none(tmp_path: Path) -> None:
    """It is known by the files in it."""
    assert read_document(str(tmp_path)) is None
    (tmp_path / "samples.json").write_text("{}")
    assert read_document(str(tmp_path)) is None
    (tmp_path / "metadata.json").write_text("{}")
    with pytest.raises(sd.InvalidParameterError, match="FiftyOne"):
        read_document(str(tmp_path))


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        5,
        "text",
        ["a.jpg"],
        [{"path": "a.jpg", "group": "fox"}],
        [{"file": "a.jpg", "species": "fox"}],
        [{"image_id": 1, "file_name": "a.jpg", "bbox": [1, 2, 3, 4]}],
        {"paths": ["a.jpg"]},
        {"images": ["a.jpg", "b.jpg"]},
        {"info": {"anything": 1}},
        {"predictions": [{"x": 1}]},
        {"samples": 5},
    ],
)
def test_other_json_is_no_document(tmp_path: Path, content: object) -> None:
    """Such as the list of records that this package writes."""
    (tmp_path / "x.json").write_text(json.dumps(content))
    assert read_document(str(tmp_path / "x.json")) is None


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    """The content does."""
    (tmp_path / "results.csv").write_text('{"images": [{"file": "a.jpg", "detections": []}]}')
    assert read_document(str(tmp_path / "results.csv")) is not None


def test_a_document_may_begin_with_much_else(tmp_path: Path) -> None:
    """Of which the first 64 KB have nothing but one name."""
    names = {str(i): "x" * 100 for i in range(3_000)}
    document = {"classification_categories": names, "images": [{"file": "a.jpg"}]}
    (tmp_path / "x.json").write_text(json.dumps(document))
    found = read_document(str(tmp_path / "x.json"))
    assert found is not None
    assert found.format == "MegaDetector"


def test_reading_does_not_import_pandas(tmp_path: Path) -> None:
    """It takes longer than a warm run."""
    image = {"id": 1, "file_name": "a.jpg", "datetime": "2024-05-01 07:30:12"}
    document = {"images": [image], "annotations": [{"image_id": 1, "bbox": [1, 1, 1, 1]}]}
    (tmp_path / "x.json").write_text(json.dumps(document))
    code = (
        "import sys; from smartdownsample.formats import read_document; "
        f"read_document({str(tmp_path / 'x.json')!r}); sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("content", "name", "is_like"),
    [
        (b"{", "x", True),
        (b" \n[1]", "x.dat", True),
        (b"\xef\xbb\xbf{}", "x", True),
        ('{"images": []}'.encode("utf-16"), "x", True),
        (b"", "x.json", True),
        (b"\xff\xd8\xff\xe0", "IMG_1", False),
        (b"notes", "x", False),
        (b"", "x", False),
        (b"<annotations>", "x", True),
        (b"<svg>", "x", False),
    ],
)
def test_what_begins_as_a_document_does_is_looked_at(
    tmp_path: Path, content: bytes, name: str, *, is_like: bool
) -> None:
    """All else is an image, whatever its name; a file called JSON is meant to be one."""
    (tmp_path / name).write_bytes(content)
    assert looks_like_document(str(tmp_path / name)) is is_like


def test_folders_of_photos_are_no_documents(tmp_path: Path) -> None:
    """Nor is what is not there."""
    assert not looks_like_document(str(tmp_path))
    assert not looks_like_document(str(tmp_path / "gone.json"))
    assert not looks_like_document(str(tmp_path / "a\0b"))


def test_a_folder_of_photos_needs_no_format(tmp_path: Path) -> None:
    """Importing what documents need takes longer than a run on few photos that are known."""
    (tmp_path / "a.jpg").touch()
    code = (
        "import sys; from smartdownsample.formats import read_document; "
        f"found = read_document({str(tmp_path)!r}); "
        "sys.exit(found is not None or 'msgspec' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
