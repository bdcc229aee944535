"""Tests of smartdownsample.results.manifest."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from feature_tables import make_table
from pictures import make_old, write_collection
from smartdownsample import (
    Cause,
    Failure,
    ImageIndex,
    ImageLoadingWarning,
    InvalidParameterError,
    Selection,
)
from smartdownsample.records import FLAG_TRUNCATED
from smartdownsample.results import describe_run, write_manifest
from smartdownsample.sampling import describe_bucket, name_buckets

FAILURES = (
    Failure(os.fsdecode(b"caf\xe9.jpg"), Cause.EMPTY),
    Failure("lost.jpg", Cause.MISSING),
    Failure("void.jpg", Cause.EMPTY),
)


@pytest.fixture
def selection() -> Selection:
    """Select some of a collection in which everything occurs that is counted."""
    table = replace(make_table(40), failures=FAILURES, n_given=45)
    table.rows["flags"][:4] = FLAG_TRUNCATED
    index = ImageIndex(table)
    return index.sample(12, groups="parent", keep=table.paths[10:13], random_seed=3)


def read_back(selection: Selection, parameters: Mapping[str, object]) -> object:
    """Describe the parameters of a run, by way of JSON."""
    return json.loads(json.dumps(describe_run(selection, parameters)["parameters"]))


class TestDescribeRun:
    """describe_run says what was asked for and what came of it."""

    def test_the_counts_add_up(self, selection: Selection) -> None:
        """Of the collection as a whole, and of its buckets and groups."""
        run = describe_run(selection, {})
        assert run["counts"] == {
            "given": 45,
            "readable": 40,
            "failed": 3,
            "duplicates": 2,
            "truncated": 4,
            "wanted": 12,
            "selected": 12,
            "selected_earlier": 3,
        }
        for parts in (run["buckets"], run["groups"]):
            assert sum(part["size"] for part in parts) == 40
            assert sum(part["selected"] for part in parts) == 12
            assert len({part["name"] for part in parts}) == len(parts) > 1
        names = name_buckets(selection.table.rows, selection.codes)
        assert [(part["name"], part["bits"]) for part in run["buckets"]] == [
            (names[bucket.code], describe_bucket(bucket.code)) for bucket in selection.buckets
        ]

    def test_failures_are_listed_and_counted_by_cause(self, selection: Selection) -> None:
        """In natural order, the commonest cause first, and without bytes that break JSON."""
        run = describe_run(selection, {})
        assert run["causes"] == {"File is empty": 2, "File not found": 1}
        assert run["failures"] == [
            {"path": r"caf\udce9.jpg", "cause": "File is empty"},
            {"path": "lost.jpg", "cause": "File not found"},
            {"path": "void.jpg", "cause": "File is empty"},
        ]

    def test_what_decides_about_a_selection_is_named(self, selection: Selection) -> None:
        """The seed, the features, and the versions of what computed them."""
        run = describe_run(selection, {})
        assert run["random_seed"] == 3
        assert run["features"] == selection.table.spec.fingerprint
        layout = selection.collection.layout
        assert run["layout"] == {"regime": layout.regime, "events": layout.n_events}
        assert run["versions"]["numpy"] == version("numpy")
        assert run["versions"]["smartdownsample"] == version("smartdownsample")
        assert "opencv" in run["versions"]["decoders"]
        assert set(run["versions"]) == {
            *("smartdownsample", "python", "numpy", "pyarrow", "decoders"),
        }

    def test_parameters_of_every_kind_are_described(self, selection: Selection) -> None:
        """By values that JSON has; sets in an order that does not change from run to run."""
        given = {
            "target_count": np.int64(12),
            "paths": [Path("a") / "b.jpg", FAILURES[0].path],
            "keep": frozenset({"c.jpg", "a.jpg", "b.jpg"}),
            "per_group": {"cam 1": 2, 3: None},
            "balance": np.float32(0.5),
            "labels": np.array(["x", "y"]),
            "sequence_gap_s": math.inf,
            "cache": True,
        }
        assert read_back(selection, given) == {
            "target_count": 12,
            "paths": [os.path.join("a", "b.jpg"), r"caf\udce9.jpg"],
            "keep": ["a.jpg", "b.jpg", "c.jpg"],
            "per_group": {"cam 1": 2, "3": None},
            "balance": 0.5,
            "labels": ["x", "y"],
            "sequence_gap_s": "inf",
            "cache": True,
        }

    @pytest.mark.parametrize("value", [b"bytes", object(), iter(["once"]), [len]])
    def test_what_json_cannot_hold_is_refused(self, selection: Selection, value: object) -> None:
        """The message names the parameter; an iterator would be empty by now."""
        with pytest.raises(InvalidParameterError, match="The 'groups' parameter cannot be written"):
            describe_run(selection, {"groups": value})


class TestWriteManifest:
    """write_manifest puts the description into a file."""

    def test_the_same_call_gives_the_same_bytes(self, tmp_path: Path) -> None:
        """Cold or warm, wherever the file lies."""
        write_collection(tmp_path / "photos", 20)
        make_old(tmp_path / "photos" / "site_1" / "IMG_3.jpg").write_text("no image")
        manifests = [tmp_path / "cold.json", tmp_path / "elsewhere" / "warm.json"]
        for manifest in manifests:
            with pytest.warns(ImageLoadingWarning):
                index = ImageIndex.build(tmp_path / "photos")
            write_manifest(index.sample(5), manifest, {"paths": tmp_path / "photos"})
        cold, warm = (manifest.read_bytes() for manifest in manifests)
        assert cold == warm
        assert json.loads(cold)["counts"]["failed"] == 1

    def test_it_is_for_people_too(self, selection: Selection, tmp_path: Path) -> None:
        """Short lines, accents spelt, and a line feed at the end."""
        write_manifest(selection, tmp_path / "run.json", {"groups": "Zoë"})
        text = (tmp_path / "run.json").read_text(encoding="utf-8")
        assert '\n    "groups": "Zoë"\n' in text
        assert text.endswith("}\n")
