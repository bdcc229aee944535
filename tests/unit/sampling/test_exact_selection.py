"""Selections heed kept items, groups and sequences."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from feature_tables import make_table, scenes_of
from smartdownsample import Cause, Failure, ImageIndex, InvalidParameterError
from smartdownsample.options import SamplingOptions
from whole_photos import photo_table


class TestOptions:
    """SamplingOptions refuses what cannot be meant."""

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"spread": "even"}, "'spread' parameter must be 'joint' or 'order' or 'visual'"),
            ({"quotas": "fair"}, "'quotas' parameter must be 'proportional' or 'equal' or"),
            ({"balance": 1.5, "groups": "parent"}, "'balance' parameter must be a number, from 0"),
            ({"balance": True, "groups": "parent"}, "'balance' parameter must be a number"),
            ({"sequence_gap_s": -1}, "'sequence_gap_s' parameter must be a number, at least 0"),
            ({"max_per_sequence": 0}, "'max_per_sequence' parameter must be an integer of at"),
            ({"per_group": 3}, "'per_group' parameter needs 'groups'"),
            ({"balance": 0.5}, "'balance' parameter needs 'groups'"),
            ({"keep": "a.jpg"}, "'keep' parameter must be a list of paths, .* Got 'a.jpg' instead"),
            ({"keep": ["a"], "quotas": "two-phase"}, "'keep' parameter cannot be combined with"),
        ],
    )
    def test_a_wrong_value_is_named(self, options: Mapping[str, Any], message: str) -> None:
        """With what was expected and what was given."""
        with pytest.raises(InvalidParameterError, match=message):
            SamplingOptions(**options)

    def test_a_count_is_left_out_only_where_groups_have_counts(self) -> None:
        """Nothing else says how many."""
        index = ImageIndex(make_table(30))
        with pytest.raises(InvalidParameterError, match="'target_count' parameter must be an int"):
            index.sample(groups="parent")
        with pytest.raises(InvalidParameterError, match="'balance' parameter shares"):
            index.sample(groups="parent", per_group=2, balance=0.5)
        assert len(index.sample(groups="parent", per_group=2)) == 6


class TestKeep:
    """Images selected before count, are not selected again and are kept apart from."""

    def test_bursts_that_have_one_get_no_second(self) -> None:
        """As long as other bursts have none."""
        index = ImageIndex(make_table(200))
        earlier = index.sample(20, random_seed=1)
        later = index.sample(15, random_seed=2, keep=earlier.paths)
        assert len(later) == 15
        assert not set(later.paths) & set(earlier.paths)
        assert later.earlier_rows.tolist() == earlier.rows.tolist()
        scenes = scenes_of(np.concatenate([earlier.rows, later.rows]))
        assert len(np.unique(scenes)) >= 33

    def test_they_count_as_picks_of_their_buckets(self) -> None:
        """Together the buckets have what one selection of that size would give them."""
        index = ImageIndex(make_table(300, burst=1))
        bucket = max(index.sample(0).buckets, key=lambda count: count.size)
        keep = [index.paths[row] for row in np.flatnonzero(index.codes == bucket.code)[:2]]
        both = index.sample(60, keep=keep)
        whole = index.sample(62)
        kept = np.bincount(index.codes[both.earlier_rows], minlength=256)
        for earlier, fresh in zip(both.buckets, whole.buckets, strict=True):
            assert earlier.code == fresh.code
            assert abs(earlier.n_kept + kept[earlier.code] - fresh.n_kept) <= 1

    def test_they_are_found_however_they_are_spelt(self) -> None:
        """Paths that lead to one file are one."""
        index = ImageIndex(make_table(20))
        selection = index.sample(20, keep=["./cam_0/../cam_0/IMG_00003.JPG", "cam_0/IMG_00003.JPG"])
        assert selection.earlier_rows.tolist() == [3]
        assert len(selection) == 19

    def test_one_that_is_no_part_of_the_collection_is_an_error(self) -> None:
        """It says how to take it in."""
        index = ImageIndex(make_table(20))
        with pytest.raises(
            InvalidParameterError,
            match=r"1 of its 2 are none, first '.*other.jpg'. Build the index of both",
        ):
            index.sample(5, keep=["other.jpg", index.paths[0]])
        with pytest.raises(InvalidParameterError, match="An element of 'keep' must be a str"):
            index.sample(5, keep=[3.5])  # type: ignore[list-item] # that is the mistake

    def test_one_that_cannot_be_read_any_more_does_not_matter(self) -> None:
        """It is among the failures already."""
        table = make_table(20)
        failures = (Failure("gone.jpg", Cause.MISSING),)
        index = ImageIndex(photo_table(table.spec, table.paths, table.rows, failures, n_given=21))
        assert len(index.sample(5, keep=["gone.jpg"])) == 5


class TestGroups:
    """Groups share the picks."""

    def test_a_cap_limits_every_group(self) -> None:
        """A group with fewer gives all it has."""
        labels = ["common"] * 90 + ["rare"] * 7 + ["few"] * 3
        selection = ImageIndex(make_table(100)).sample(groups=labels, per_group=5)
        assert [(group.name, group.size, group.n_kept) for group in selection.groups] == [
            ("common", 90, 5),
            ("few", 3, 3),
            ("rare", 7, 5),
        ]
        assert selection.target_count == len(selection) == 13

    def test_balance_goes_from_as_they_are_to_equal(self) -> None:
        """Between them it is a mixture; groups that are too small give all they have."""
        index = ImageIndex(make_table(100))
        labels = ["a"] * 80 + ["b"] * 17 + ["c"] * 3
        kept = [
            [group.n_kept for group in index.sample(30, groups=labels, balance=balance).groups]
            for balance in (0, 0.5, 1)
        ]
        assert [sum(counts) for counts in kept] == [30, 30, 30]
        assert kept[0] == [23, 5, 2]
        assert kept[2] in ([14, 13, 3], [13, 14, 3])
        assert kept[0][0] > kept[1][0] > kept[2][0]

    def test_counts_can_differ_from_group_to_group(self) -> None:
        """What is not named gives nothing."""
        labels = ["a"] * 50 + ["b"] * 30 + ["c"] * 20
        selection = ImageIndex(make_table(100)).sample(groups=labels, per_group={"a": 2, "c": 9})
        assert [group.n_kept for group in selection.groups] == [2, 0, 9]

    def test_kept_images_count_towards_a_cap(self) -> None:
        """Every class is filled up to its cap."""
        index = ImageIndex(make_table(60))
        labels = ["a"] * 30 + ["b"] * 30
        keep = index.paths[:4]
        selection = index.sample(groups=labels, per_group=6, keep=keep)
        assert [group.n_kept for group in selection.groups] == [2, 6]


# They ask for more images than there are sequences.
@pytest.mark.filterwarnings("ignore::smartdownsample.ShortfallWarning")
class TestSequences:
    """Sequences are limited."""

    @pytest.mark.parametrize("limit", [1, 2])
    @pytest.mark.parametrize("spread", ["joint", "order", "visual"])
    def test_no_sequence_gives_more_than_its_limit(self, limit: int, spread: Any) -> None:
        """And the selection is as large as that allows."""
        index = ImageIndex(make_table(100))
        selection = index.sample(1000, max_per_sequence=limit, spread=spread)
        assert np.bincount(scenes_of(selection.rows)).tolist() == [limit] * 20

    def test_kept_images_count_towards_the_limit(self) -> None:
        """A sequence that has one already gives none."""
        index = ImageIndex(make_table(100))
        selection = index.sample(1000, max_per_sequence=1, keep=index.paths[:25])
        assert np.bincount(scenes_of(selection.rows), minlength=20).tolist() == [0] * 5 + [1] * 15

    def test_groups_keep_their_places_in_sequences(self) -> None:
        """A rare label among common frames is not lost, and groups that give nothing take none."""
        index = ImageIndex(make_table(100))
        labels = ["common"] * 100
        for row in (5, 40, 80):
            labels[row] = "rare"
        for seed in range(5):
            capped = index.sample(
                groups=labels, per_group={"rare": 3}, max_per_sequence=1, random_seed=seed
            )
            assert capped.rows.tolist() == [5, 40, 80]
            balanced = index.sample(
                15, groups=labels, balance=1.0, max_per_sequence=1, random_seed=seed
            )
            assert [group.n_kept > 0 for group in balanced.groups] == [True, True]

    def test_the_gap_says_what_a_sequence_is(self) -> None:
        """Bursts of the table are an hour apart, and its folders are never joined."""
        index = ImageIndex(make_table(90))
        assert len(index.sample(90, max_per_sequence=1, sequence_gap_s=4000)) == 3
        assert len(index.sample(90, max_per_sequence=1, sequence_gap_s=1)) == 90


def test_the_published_rule_is_at_hand() -> None:
    """Near-equal quotas and even steps, without repetitions."""
    index = ImageIndex(make_table(400, burst=1))
    selection = index.sample(100, quotas="two-phase", spread="order")
    n_buckets = len(selection.buckets)
    for bucket in selection.buckets:
        assert bucket.n_kept >= min(bucket.size, 100 // n_buckets)


def test_sampling_leaves_the_collection_as_it_is() -> None:
    """Nothing that is passed in is changed."""
    index = ImageIndex(make_table(200))
    before = index.table.rows.tobytes(), index.codes.tobytes()
    index.sample(50, groups="parent", keep=index.paths[:5], max_per_sequence=2)
    index.rank(50)
    assert (index.table.rows.tobytes(), index.codes.tobytes()) == before
