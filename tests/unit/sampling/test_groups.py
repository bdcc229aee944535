"""Tests of smartdownsample.groups."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from smartdownsample import FeatureTable, InvalidParameterError
from smartdownsample.features.spec import make_spec
from smartdownsample.options import GroupsLike, PerGroup
from smartdownsample.records import IntArray
from smartdownsample.sampling.groups import allocate_groups, label_items
from smartdownsample.sampling.quotas import allocate_quotas
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
            lambda labels: pd.Series(labels, index=[3, 2, 1, 0]),
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
        with pytest.raises(InvalidParameterError, match=r"Got .* for 'b/x/1\.jpg' instead"):
            label_items(groups, make_table(PATHS))
        with pytest.raises(InvalidParameterError, match=r"Got .* for 'b/x/1\.jpg' instead"):
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
        with pytest.raises(InvalidParameterError, match="must be 'parent', a mapping"):
            label_items(groups, make_table(PATHS))

    @pytest.mark.parametrize("groups", ["parent", {}, []])
    def test_no_items_have_no_groups(self, groups: GroupsLike) -> None:
        """An empty collection is allowed."""
        names, ids = label_items(groups, make_table([]))
        assert names == ()
        assert ids.dtype == np.int64
        assert ids.shape == (0,)


def allocate(
    sizes: Sequence[int],
    target_count: int | None,
    *,
    n_kept: Sequence[int] | None = None,
    per_group: PerGroup | None = None,
    balance: float = 0,
) -> list[int]:
    kept = np.zeros(len(sizes), dtype=np.int64) if n_kept is None else to_ints(n_kept)
    names = tuple("abcdefgh"[: len(sizes)])
    picks = allocate_groups(to_ints(sizes), kept, target_count, per_group, balance, names)
    return [int(n_picks) for n_picks in picks]


def to_ints(values: Sequence[int]) -> IntArray:
    return np.array(values, dtype=np.int64)


class TestAllocateGroups:
    """allocate_groups shares picks among groups."""

    @pytest.mark.parametrize(("balance", "quotas"), [(0, "proportional"), (1, "equal")])
    def test_both_ends_of_the_balance_share_as_buckets_do(
        self, balance: float, quotas: Any
    ) -> None:
        """In proportion to sizes, or as equally as they allow."""
        sizes = to_ints([129, 97, 41, 7, 2, 1])  # without ties
        for target_count in range(int(sizes.sum()) + 2):
            expected = allocate_quotas(sizes, target_count, quotas).tolist()
            assert allocate(sizes.tolist(), target_count, balance=balance) == expected

    def test_the_balance_mixes_both_claims(self) -> None:
        """After one each, 100 picks over claims of 0.9 and 0.1, mixed with halves.

        A group that has no more to give has no claim.
        """
        assert allocate([901, 101], 102, balance=0.5) == [71, 31]
        assert allocate([901, 101], 102, balance=0.25) == [81, 21]
        assert allocate([901, 101, 1], 103, balance=0.5) == [71, 31, 1]

    def test_a_small_group_gives_all_it_has(self) -> None:
        """The others share what it cannot give."""
        assert allocate([3, 50, 50], 33, balance=1) == [3, 15, 15]

    def test_no_group_gives_more_than_the_cap(self) -> None:
        """Nor more than it has."""
        assert allocate([2, 10, 100], None, per_group=5) == [2, 5, 5]

    def test_kept_items_count_towards_the_cap(self) -> None:
        """A group that has more already keeps them and gives nothing."""
        assert allocate([10, 10, 10], None, n_kept=[0, 3, 8], per_group=5) == [5, 2, 0]
        assert allocate([10, 10, 10], 4, n_kept=[0, 3, 8], per_group=5) == [4, 0, 0]

    def test_kept_items_count_as_picks(self) -> None:
        """Groups come to what they would have had, all picked at once."""
        assert allocate([50, 50], 10, n_kept=[8, 2]) == [2, 8]

    def test_caps_may_be_given_by_name(self) -> None:
        """Groups without one give nothing."""
        assert allocate([10, 10, 10], None, per_group={"c": 4, "a": 20}) == [10, 0, 4]
        assert allocate([10, 10, 10], None, per_group={"c": 0}) == [0, 0, 0]

    def test_names_of_caps_are_texts_as_labels_are(self) -> None:
        """A label of 7 is the group "7"."""
        caps: Mapping[Any, int] = {7: 2}
        sizes, n_kept = to_ints([5, 5]), to_ints([0, 0])
        assert allocate_groups(sizes, n_kept, None, caps, 0, ("7", "8")).tolist() == [2, 0]

    def test_a_target_is_shared_within_the_caps(self) -> None:
        """What a capped group cannot give the others do."""
        assert allocate([10, 10, 100], 14, per_group=6) == [4, 4, 6]
        assert allocate([10, 10, 100], 30, per_group=6) == [6, 6, 6]

    @pytest.mark.parametrize("per_group", [None, 3])
    def test_fewer_picks_than_groups_go_to_the_largest(self, per_group: int | None) -> None:
        """One each, also when caps make them alike."""
        assert allocate([5, 9, 6, 7], 2, per_group=per_group) == [0, 1, 0, 1]

    @pytest.mark.parametrize("balance", [0, 0.3, 1])
    @pytest.mark.parametrize("per_group", [None, 6, {"a": 1, "d": 9, "h": 100}])
    def test_sums_are_exact_and_no_larger_target_takes_a_pick(
        self, balance: float, per_group: PerGroup | None
    ) -> None:
        """As far as sizes and caps go."""
        sizes, n_kept = [40, 1, 7, 25, 7, 90, 1, 12], [3, 0, 7, 0, 1, 2, 1, 0]
        limits = [size - kept for size, kept in zip(sizes, n_kept, strict=True)]
        if per_group is not None:
            limits = allocate(sizes, None, n_kept=n_kept, per_group=per_group)
        before = [0] * len(sizes)
        for target_count in range(sum(limits) + 3):
            picks = allocate(
                sizes, target_count, n_kept=n_kept, per_group=per_group, balance=balance
            )
            assert sum(picks) == min(target_count, sum(limits))
            assert all(map(int.__le__, before, picks))
            assert all(map(int.__le__, picks, limits))
            before = picks

    def test_sizes_are_not_changed(self) -> None:
        """The result is an array of its own."""
        sizes, n_kept = to_ints([3, 1, 2]), to_ints([0, 1, 0])
        for per_group in (None, 2):
            picks = allocate_groups(sizes, n_kept, 9, per_group, 0, ("a", "b", "c"))
            picks += 1
        assert sizes.tolist() == [3, 1, 2]
        assert n_kept.tolist() == [0, 1, 0]

    @pytest.mark.parametrize("per_group", [None, 2, {}])
    def test_no_groups_give_nothing(self, per_group: PerGroup | None) -> None:
        """An empty collection is allowed."""
        assert allocate([], 5, per_group=per_group) == []

    def test_an_unknown_name_is_an_error(self) -> None:
        """It lists some of the names there are."""
        with pytest.raises(InvalidParameterError, match=r"images: 'a', 'b'\. Got 'fox' instead"):
            allocate([3, 3], 2, per_group={"a": 1, "fox": 2})
        with pytest.raises(InvalidParameterError, match=r"'a', 'b', 'c', 'd', 'e', …\. Got 'z'"):
            allocate([3] * 8, 2, per_group={"z": 2})

    @pytest.mark.parametrize("per_group", [0, -1, 2.5, "3", {"a": -1}, {"a": None}])
    def test_a_cap_that_is_no_count_is_an_error(self, per_group: Any) -> None:
        """A cap of 0 for a single group is one."""
        with pytest.raises(InvalidParameterError, match="'per_group' parameter must be an integer"):
            allocate([3, 3], 2, per_group=per_group)

    def test_without_target_and_cap_there_is_nothing_to_go_by(self) -> None:
        """It says what may be given."""
        with pytest.raises(InvalidParameterError, match="'target_count' parameter must be"):
            allocate([3, 3], None)
