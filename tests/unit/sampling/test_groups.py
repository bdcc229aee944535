"""Groups are found from folders, mappings and lists of labels."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pictures import write_collection
from smartdownsample import (
    FeatureTable,
    ImageIndex,
    InvalidParameterError,
    LabelWarning,
    sample_diverse,
)
from smartdownsample.features.spec import make_spec
from smartdownsample.options import GroupsLike, SamplingOptions
from smartdownsample.sampling.groups import check_names, label_items
from whole_photos import photo_table

SPEC = make_spec(8, "fast")
PATHS = ["a/x/1.jpg", "a/x/2.jpg", "b/x/1.jpg", "3.jpg"]
LABELS = ["fox", "deer", "fox", "owl"]


def make_table(
    paths: Sequence[str], indices: Sequence[int] | None = None, n_given: int | None = None
) -> FeatureTable:
    return photo_table(
        SPEC,
        list(paths),
        np.zeros(len(paths), dtype=SPEC.row_dtype),
        indices=np.array(range(len(paths)) if indices is None else indices, dtype=np.int64),
        n_given=n_given,
    )


def list_labels(groups: GroupsLike, table: FeatureTable) -> list[str]:
    names, ids = label_items(groups, table)
    return [names[i] for i in ids.tolist()]


def test_an_image_that_is_given_with_two_labels_is_warned_of(collection: list[str]) -> None:
    """The first counts; with one label twice nothing is said."""
    given = [*collection, *collection[:3]]
    index = ImageIndex.build(given, cache=False)
    labels = ["fox"] * len(collection)
    with pytest.warns(
        LabelWarning, match=rf"2 images of {len(index)} were given several .*first '"
    ):
        selection = index.sample(5, groups=[*labels, "fox", "hare", "owl"])
    assert [group.name for group in selection.groups] == ["fox"]
    index.sample(5, groups=[*labels, "fox", "fox", "fox"])


class TestLabelItems:
    """label_items finds the group of each item."""

    def test_parent_is_the_folder_as_it_was_given(self) -> None:
        """Folders of one name in different places differ; no folder is the working folder."""
        assert list_labels("parent", make_table(PATHS)) == ["a/x", "a/x", "b/x", "."]

    def test_a_mapping_has_labels_by_path(self) -> None:
        """Other paths in it do not matter."""
        groups = dict(zip([*PATHS, "other.jpg"], [*LABELS, "hare"], strict=True))
        names, ids = label_items(groups, make_table(PATHS))
        assert names == ("deer", "fox", "owl")
        assert ids.tolist() == [1, 0, 1, 2]

    @pytest.mark.parametrize("spell", [Path, os.path.abspath, lambda path: f"./z/../{path}"])
    def test_a_mapping_may_spell_paths_in_another_way(self, spell: Callable[[str], Any]) -> None:
        """The absolute path counts."""
        groups = {spell(path): label for path, label in zip(PATHS, LABELS, strict=True)}
        assert list_labels(groups, make_table(PATHS)) == LABELS

    def test_a_mapping_that_lacks_paths_is_an_error(self) -> None:
        """It says how many there are, and the first."""
        groups = {PATHS[0]: "fox", os.path.abspath(PATHS[2]): "fox"}
        with pytest.raises(InvalidParameterError, match=r"none for 2 of 4 instead, first 'a/x/2\."):
            label_items(groups, make_table(PATHS))

    @pytest.mark.parametrize("key", [7, b"a/x/1.jpg", None])
    def test_a_key_that_is_no_path_is_an_error(self, key: object) -> None:
        """Even when all paths are there."""
        groups: dict[Any, str] = {**dict.fromkeys(PATHS, "fox"), key: "fox"}
        with pytest.raises(InvalidParameterError, match="must have paths for keys"):
            label_items(groups, make_table(PATHS))

    @pytest.mark.parametrize("spell", [str, Path])
    def test_a_series_with_paths_for_index_is_a_mapping(self, spell: Callable[[str], Any]) -> None:
        """Whatever its order; with numbers it is a list."""
        paths = [spell(path) for path in PATHS]
        series = pd.Series(LABELS[::-1], index=paths[::-1])
        assert list_labels(series, make_table(PATHS)) == LABELS
        assert list_labels(series.reset_index(drop=True), make_table(PATHS)) == LABELS[::-1]
        options = SamplingOptions(groups=series, per_group=pd.Series({"fox": 2, "owl": 1}))
        assert options.groups == dict(zip(paths, LABELS, strict=True))
        assert options.per_group == {"fox": 2, "owl": 1}

    def test_labels_are_in_the_order_of_the_callers_list(self) -> None:
        """Rows are in natural order; unreadable and repeated paths have labels as well."""
        table = make_table(PATHS, indices=[5, 0, 4, 2], n_given=6)
        labels = ["deer", None, "owl", "hare", "fox", "fox"]
        assert list_labels(labels, table) == LABELS

    @pytest.mark.parametrize(
        "make",
        [
            tuple,
            iter,
            np.array,
            lambda labels: np.array(labels, dtype=object),
            lambda labels: pd.Series(labels, index=[2, 3, 5, 8]),
            lambda labels: pd.Series(labels, dtype="category"),
            pd.Index,
            pa.array,
            lambda labels: pa.chunked_array([labels[:1], labels[1:]]),
            lambda labels: pa.array(labels).dictionary_encode(),
        ],
    )
    def test_labels_may_be_any_column(self, make: Callable[[list[str]], GroupsLike]) -> None:
        """Their places count, not an index of their own."""
        assert list_labels(make(LABELS), make_table(PATHS)) == LABELS

    def test_labels_of_one_text_are_one_group(self) -> None:
        """Whatever their types."""
        names, ids = label_items([1, "1", np.int64(1), 2], make_table(PATHS))
        assert names == ("1", "2")
        assert ids.tolist() == [0, 0, 0, 1]

    def test_names_are_in_natural_order(self) -> None:
        """Numbers count as numbers; of names that differ in leading zeros only, the text counts."""
        labels = ["cam_10", "cam_2", "cam_02", "cam_002", "cam_0002", "10", "9"]
        table = make_table([f"{i}.jpg" for i in range(7)])
        expected = ("9", "10", "cam_0002", "cam_002", "cam_02", "cam_2", "cam_10")
        assert label_items(labels, table).names == expected
        assert label_items(labels[::-1], table).names == expected

    @pytest.mark.parametrize("label", [None, np.nan, np.float32("nan"), pd.NA, pd.NaT])
    def test_a_missing_label_is_an_error(self, label: object) -> None:
        """It says which image has none."""
        groups = ["fox", "fox", label, "owl"]
        with pytest.raises(InvalidParameterError, match=r"Got none for 1 of 4 .*'b/x/1\.jpg'"):
            label_items(groups, make_table(PATHS))
        with pytest.raises(InvalidParameterError, match=r"Got none for 1 of 4 .*'b/x/1\.jpg'"):
            label_items(dict(zip(PATHS, groups, strict=True)), make_table(PATHS))

    def test_texts_may_say_that_there_is_nothing(self) -> None:
        """A string is a label, whatever it says."""
        labels = ["None", "nan", "", "<NA>"]
        assert list_labels(labels, make_table(PATHS)) == labels

    @pytest.mark.parametrize("n_labels", [0, 5, 7])
    def test_too_many_or_too_few_labels_are_an_error(self, n_labels: int) -> None:
        """It gives both numbers; the caller's list counts, not the readable images."""
        table = make_table(PATHS, n_given=6)
        with pytest.raises(InvalidParameterError, match=rf"given, 6\. Got {n_labels} labels"):
            label_items(["fox"] * n_labels, table)

    @pytest.mark.parametrize("groups", ["folder", b"parent", 3, None, set(PATHS), np.array(3)])
    def test_what_is_no_labels_is_an_error(self, groups: Any) -> None:
        """A set has no order."""
        with pytest.raises(InvalidParameterError, match="must be 'parent', 'regex:'"):
            label_items(groups, make_table(PATHS))

    @pytest.mark.parametrize("groups", ["parent", {}, []])
    def test_no_items_have_no_groups(self, groups: GroupsLike) -> None:
        """An empty collection is allowed."""
        names, ids = label_items(groups, make_table([]))
        assert names == ()
        assert ids.dtype == np.int64
        assert ids.shape == (0,)


class TestCheckNames:
    """Groups that have a cap of their own are there."""

    @pytest.mark.parametrize(
        "groups", [LABELS, np.array(LABELS), dict(zip(PATHS, LABELS, strict=True))]
    )
    def test_an_unknown_name_is_an_error(self, groups: GroupsLike) -> None:
        """It lists some of the names there are, in natural order."""
        check_names(SamplingOptions(groups=groups, per_group={"owl": 1}), PATHS, 4)
        options = SamplingOptions(groups=groups, per_group={"wolf": 1})
        with pytest.raises(InvalidParameterError, match=r"'fox', 'owl'\. Got 'wolf'"):
            check_names(options, PATHS, 4)

    def test_folders_are_named_as_in_the_paths(self) -> None:
        """However many there are, a few are listed."""
        paths = [f"cam_{i}/1.jpg" for i in range(12)]
        check_names(SamplingOptions(groups="parent", per_group={"cam_11": 1}), paths, 12)
        options = SamplingOptions(groups="parent", per_group={"11": 1})
        with pytest.raises(InvalidParameterError, match=r"'cam_3', 'cam_4', …\. Got '11' instead"):
            check_names(options, paths, 12)

    def test_without_images_there_are_no_groups(self) -> None:
        """The message says so."""
        options = SamplingOptions(groups="parent", per_group={"fox": 1})
        with pytest.raises(InvalidParameterError, match=r"there are none\. Got 'fox'"):
            check_names(options, [], 0)


def test_labels_that_are_all_missing_say_what_to_do(tmp_path: Path) -> None:
    """As of the column of a table without groups."""
    paths = write_collection(tmp_path, 4)
    index = ImageIndex.build(paths, cache=False)
    frame = pd.DataFrame({"path": paths, "group": [None] * 4})
    with pytest.raises(InvalidParameterError, match=r"Got none for all .*Leave 'groups' out") as e:
        index.sample(2, groups=frame["group"])
    assert "fillna" in str(e.value)
    some = pd.Series(["a", None, "b", float("nan")])
    with pytest.raises(InvalidParameterError, match="Got none for 2 of 4 instead"):
        index.sample(2, groups=some)


def test_a_series_goes_by_the_index_of_the_frame_that_gave_the_paths(tmp_path: Path) -> None:
    """As pandas does, whether the frame is filtered, shuffled or sorted, and the labels again."""
    paths = write_collection(tmp_path, 8)
    frame = pd.DataFrame({"path": paths, "group": [*"abababab"]})
    part = frame[frame.index % 3 > 0].iloc[[3, 0, 4, 2, 1]]
    by_path = part.set_index("path")["group"]
    for given in (part, part["path"], part.sort_index()):
        index = ImageIndex.build(given, cache=False)
        expected = index.sample(3, groups=by_path, balance=1)
        for labels in (part["group"], part["group"].sort_index(), part.sort_values("group").group):
            assert index.sample(3, groups=labels, balance=1) == expected
            assert index.rank(3, groups=labels) == index.rank(3, groups=by_path)
            sampled = sample_diverse(
                given, 3, groups=labels, balance=1, cache=False, show_summary=False
            )
            assert sampled == expected.paths


def test_a_series_of_another_index_counts_by_its_order_unless_that_was_changed(
    tmp_path: Path,
) -> None:
    """Nothing tells whether labels that were sorted are still those of the images."""
    paths = write_collection(tmp_path, 6)
    index = ImageIndex.build(paths, cache=False)
    labels = pd.Series([*"ababab"], index=[3, 4, 6, 8, 9, 11])
    expected = index.sample(3, groups=[*"ababab"], balance=1)
    assert index.sample(3, groups=labels, balance=1) == expected
    changed = labels.sort_values()
    with pytest.raises(InvalidParameterError, match="index is not ascending"):
        index.sample(3, groups=changed, balance=1)
    assert len(index.sample(3, groups=changed.to_numpy(), balance=1)) == 3
    frame = pd.DataFrame({"path": paths})
    with pytest.raises(InvalidParameterError, match="index is not ascending"):
        ImageIndex.build(frame, cache=False).sample(3, groups=changed)
