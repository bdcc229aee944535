"""Tests of smartdownsample.formats.speciesnet."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import smartdownsample as sd
from smartdownsample.formats import read_document
from smartdownsample.formats.speciesnet import SpeciesNet, name_taxon

Reader = Callable[..., SpeciesNet]
BOX = {"category": "1", "label": "animal", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]}
ELEPHANT = "5f1b;mammalia;proboscidea;elephantidae;loxodonta;africana;african elephant"
CAT = "ba2c;mammalia;carnivora;felidae;;;cat family"
BLANK = "f185;;;;;;blank"


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Give a function that reads predictions, with other parts of a document by name."""

    def read(predictions: object, **parts: Any) -> SpeciesNet:
        (tmp_path / "x.json").write_text(json.dumps({"predictions": predictions, **parts}))
        found = read_document(str(tmp_path / "x.json"))
        assert isinstance(found, SpeciesNet)
        return found

    return read


def test_the_newer_generation_labels_each_box(read: Reader) -> None:
    """By what is made of its classifications, else by the best of them."""
    final = {"class": CAT, "score": 0.8, "source": "classifier"}
    raw = {"classes": [ELEPHANT, BLANK], "scores": [0.7, 0.1]}
    found = read(
        [
            {
                "filepath": "a.jpg",
                "detections": [
                    {**BOX, "raw_classifications": raw, "processed_classification": final},
                    {**BOX, "raw_classifications": raw},
                    {**BOX, "category": "2", "label": "human"},
                ],
                "model_version": "4.0.3a",
            }
        ],
        info={"format_version": "20261015"},
    )
    assert found.boxes["label"].to_pylist() == ["felidae", "loxodonta africana", None]
    assert found.boxes["category"].to_pylist() == ["animal", "animal", "human"]
    assert found.boxes["number"].to_pylist() == ["1", "1", "2"]
    assert found.entries["label"].to_pylist() == [None]
    assert (found.format, found.version, found.orientation) == ("SpeciesNet", "20261015", "upright")


def test_the_older_generation_labels_the_photo_and_its_animals(read: Reader) -> None:
    """By the prediction, else by the best classification."""
    classes = {"classes": [CAT], "scores": [0.9]}
    boxes = [BOX, {**BOX, "category": "2", "label": "human"}]
    found = read(
        [
            {"filepath": "a.jpg", "classifications": classes, "prediction": ELEPHANT}
            | {"detections": boxes},
            {"filepath": "b.jpg", "classifications": classes},
            {"filepath": "c.jpg", "detections": [BOX]},
        ]
    )
    assert found.entries["label"].to_pylist() == ["loxodonta africana", "felidae", None]
    assert found.boxes["label"].to_pylist() == ["loxodonta africana", None, None]
    assert found.boxes["entry"].to_pylist() == [0, 0, 2]
    assert found.entries["cause"].to_pylist() == [None] * 3


def test_the_whole_photo_is_no_crop_and_labels_it(read: Reader) -> None:
    """Its animals have this label too."""
    whole = {"category": "0", "label": "whole_image_classification", "conf": 1.0}
    whole |= {"bbox": [0, 0, 1, 1], "processed_classification": {"class": ELEPHANT}}
    found = read([{"filepath": "a.jpg", "detections": [whole, BOX]}])
    assert found.boxes["place"].to_pylist() == [1]
    assert found.boxes["label"].to_pylist() == ["loxodonta africana"]
    assert found.entries["label"].to_pylist() == ["loxodonta africana"]


@pytest.mark.parametrize(
    ("failures", "cause"),
    [
        (["DETECTOR"], "DETECTOR_FAILED"),
        (["CLASSIFIER", "DETECTOR"], "DETECTOR_FAILED"),
        (["CLASSIFIER"], None),
        (["GEOLOCATION"], None),
        ([], None),
        (None, None),
    ],
)
def test_only_the_detector_can_fail(
    read: Reader, failures: list[str] | None, cause: str | None
) -> None:
    """Without a classification a photo still has its boxes."""
    found = read([{"filepath": "a.jpg", "failures": failures}])
    assert found.entries["cause"].to_pylist() == [cause]
    assert found.n_faults == 0


def test_lists_of_photos_are_read_too(tmp_path: Path) -> None:
    """What SpeciesNet takes names photos without boxes."""
    (tmp_path / "x.json").write_text('{"instances": [{"filepath": "a.jpg", "country": "KEN"}]}')
    found = read_document(str(tmp_path / "x.json"))
    assert isinstance(found, SpeciesNet)
    assert found.entries["path"].to_pylist() == ["a.jpg"]


@pytest.mark.parametrize("version", ["20270101", 20270101])
def test_a_newer_version_is_read_with_a_warning(read: Reader, version: object) -> None:
    """By its structure."""
    with pytest.warns(sd.DocumentWarning, match="20270101"):
        found = read([{"filepath": "a.jpg"}], info={"format_version": version})
    assert len(found.entries) == 1


@pytest.mark.parametrize(
    ("label", "name"),
    [
        (ELEPHANT, "loxodonta africana"),
        ("x;mammalia;proboscidea;elephantidae;loxodonta;;elephant", "loxodonta"),
        (CAT, "felidae"),
        ("x;mammalia;carnivora;;;;carnivore", "carnivora"),
        ("x;aves;;;;;bird", "aves"),
        (BLANK, "blank"),
        ("f2ef;" + ";".join(["no cv result"] * 6), None),
        ("fox", "fox"),
        (";;;;;;", None),
        ("", None),
    ],
)
def test_a_label_is_named_by_its_lowest_rank(label: str, name: str | None) -> None:
    """Genus and species, else the lowest there is, else the common name."""
    assert name_taxon(label) == name
