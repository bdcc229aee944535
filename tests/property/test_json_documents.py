"""JSON documents of any kind come out as they went in, whole or in part."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import json_documents
from smartdownsample import InvalidParameterError
from smartdownsample.formats import Annotations, read_document
from smartdownsample.formats.json_text import mend_text, recode_text

SEEDS = st.integers(0, 2**32)
# Values of JSON as Python has it, with what is odd in it.
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.sampled_from(["NaN", 'x"\\ud800', "\ud800", "\\"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
# What fields of entries may be, right or wrong.
ODD = VALUES | st.sampled_from(
    [[0, 0, 1, 1], [{}], [{"bbox": [1]}], [[["1", 0.5]]], 10**400, -1, "", "1", 1]
)
FIELDS = st.sampled_from(
    [
        *("file", "detections", "failure", "category", "conf", "bbox", "classifications"),
        *("width", "datetime", "frame_rate", "id", "file_name", "image_id", "category_id"),
        *("iscrowd", "name", "filepath", "failures", "prediction"),
    ]
)
LISTS = st.lists(st.dictionaries(FIELDS, ODD, max_size=5) | ODD, max_size=4) | ODD
TOPS = st.sampled_from(
    [
        *("info", "images", "annotations", "categories", "detection_categories"),
        *("classification_categories", "predictions", "instances"),
    ]
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents") / "x.json"


def read(file: Path, content: bytes) -> Annotations:
    file.write_bytes(content)
    found = read_document(str(file))
    assert found is not None
    return found


def list_rows(found: Annotations, row: int) -> dict[str, Any]:
    """List what is said of a photo and of its boxes."""
    boxes = [box for box in found.boxes.to_pylist() if box.pop("entry") == row]
    return {**found.entries.slice(row, 1).to_pylist()[0], "boxes": boxes}


@pytest.mark.parametrize("name", json_documents.MAKERS)
@given(n=st.integers(1, 12), seed=SEEDS)
def test_all_entries_are_the_document(file: Path, name: str, n: int, seed: int) -> None:
    """Reading and writing is the identity; selecting all boxes of all photos is as well."""
    content = json_documents.MAKERS[name](n, seed)
    found = read(file, content)
    assert found.format == name
    assert len(found.entries) == n
    assert found.n_faults == 0
    assert found.reduce(np.arange(n))[""] == content


@pytest.mark.parametrize("name", json_documents.MAKERS)
@given(n=st.integers(1, 12), seed=SEEDS, data=st.data())
def test_a_part_has_exactly_its_entries(
    file: Path, name: str, n: int, seed: int, data: st.DataObject
) -> None:
    """In their order, with all of their boxes, and nothing else changes."""
    found = read(file, json_documents.MAKERS[name](n, seed))
    rows = sorted(data.draw(st.sets(st.integers(0, n - 1), min_size=1)))
    reduced = found.reduce(np.array(rows))[""]
    again = read(file, reduced)
    assert [list_rows(again, i) for i in range(len(again.entries))] == [
        list_rows(found, row) for row in rows
    ]
    assert (again.format, again.version, again.categories) == (
        found.format,
        found.version,
        found.categories,
    )
    assert again.reduce(np.arange(len(rows)))[""] == reduced


@pytest.mark.parametrize("name", json_documents.MAKERS)
@given(n=st.integers(1, 8), seed=SEEDS, data=st.data())
def test_selected_boxes_alone_stay(
    file: Path, name: str, n: int, seed: int, data: st.DataObject
) -> None:
    """Each with all that is said of it, but for its place."""
    found = read(file, json_documents.MAKERS[name](n, seed))
    if not len(found.boxes):
        return
    boxes = np.array(sorted(data.draw(st.sets(st.integers(0, len(found.boxes) - 1), min_size=1))))
    owners = found.boxes["entry"].to_numpy()
    rows = np.unique(owners[boxes])
    again = read(file, found.reduce(rows, boxes)[""])
    kept = found.boxes.take(boxes).drop_columns(["entry", "place"])
    assert again.boxes.drop_columns(["entry", "place"]).to_pylist() == kept.to_pylist()
    assert np.array_equal(rows[again.boxes["entry"].to_numpy()], owners[boxes])


@pytest.mark.parametrize("name", json_documents.MAKERS)
@given(n=st.integers(1, 12), seed=SEEDS, shuffler=st.randoms(use_true_random=False))
def test_shuffled_entries_say_the_same(
    file: Path, name: str, n: int, seed: int, shuffler: Any
) -> None:
    """In another order."""
    content = json_documents.MAKERS[name](n, seed)
    document = json.loads(content)
    found = read(file, content)
    entries = (
        document
        if isinstance(document, list)
        else document[next(key for key in ("images", "predictions") if key in document)]
    )
    shuffler.shuffle(entries)
    again = read(file, json.dumps(document).encode())
    said = [list_rows(found, row) for row in range(n)]
    said_again = [list_rows(again, row) for row in range(n)]
    assert sorted(said, key=lambda each: each["path"]) == sorted(
        said_again, key=lambda each: each["path"]
    )


@given(value=VALUES, encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_what_python_reads_is_mended_to_valid_json(value: object, encoding: str) -> None:
    """Only what JSON lacks changes."""
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only)
        data = text.encode(encoding, "surrogatepass")
        mended = json.loads(mend_text(recode_text("x.json", data)), parse_constant=pytest.fail)
        try:
            text.encode()
            is_sound = "\\ud" not in text and "NaN" not in text and "Infinity" not in text
        except UnicodeEncodeError:
            is_sound = False
        assert not is_sound or mended == value


@pytest.mark.filterwarnings("ignore::smartdownsample.DocumentWarning")
@given(content=st.dictionaries(TOPS, LISTS) | LISTS)
def test_no_document_crashes(file: Path, content: object) -> None:
    """Whatever is in it: it is read, refused with a message, or none of these formats."""
    file.write_bytes(json.dumps(content).encode())
    try:
        found = read_document(str(file))
    except InvalidParameterError:
        return
    if found is not None:
        assert len(found.faults) == min(found.n_faults, 100)
        for rows in (np.arange(len(found.entries)), np.arange(0, len(found.entries), 2)):
            json.loads(found.reduce(rows)[""], parse_constant=pytest.fail)
