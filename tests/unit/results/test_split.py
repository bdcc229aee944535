"""Tests of smartdownsample.results.split."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest

from pools import make_scattered_rows
from smartdownsample import InvalidParameterError, Selection
from smartdownsample.features.spec import make_spec
from smartdownsample.records import BoolArray, Collection, GroupLabels, IntArray, RowArray
from smartdownsample.results.split import Split, find_near_duplicates, split_groups, split_selection
from smartdownsample.sampling.distances import DISTANCE_SCALE, measure_distances
from smartdownsample.sampling.layout import lay_out_by
from whole_photos import photo_table

SPEC = make_spec(8, "fast")
LIMIT = 6 * DISTANCE_SCALE


def split(sizes: Sequence[int], share: float, seed: int = 0) -> tuple[BoolArray, list[int]]:
    """Split shuffled items of groups of such sizes; give the groups for validation as well."""
    groups = np.random.default_rng(1).permutation(np.repeat(np.arange(len(sizes)), sizes))
    is_validation = split_groups(groups, share, np.random.default_rng(seed))
    return is_validation, np.unique(groups[is_validation]).tolist()


class TestSplitGroups:
    """split_groups chooses whole groups for validation."""

    @pytest.mark.parametrize("seed", range(10))
    def test_groups_stay_whole(self, seed: int) -> None:
        """All items of a group are on one side."""
        sizes = [3, 17, 8, 40, 1, 1, 9]
        is_validation, groups = split(sizes, 0.3, seed)
        assert is_validation.sum() == sum(sizes[group] for group in groups)

    def test_the_share_is_met_as_well_as_any_groups_can(self) -> None:
        """Compared with all ways to split a dozen groups."""
        rng = np.random.default_rng(2)
        for seed in range(20):
            sizes = rng.integers(1, 100, 12).tolist()
            for share in (0.1, 0.2, 0.5):
                goal = share * sum(sizes)
                errors = [
                    abs(sum(some) - goal)
                    for n_groups in range(1, 12)
                    for some in combinations(sizes, n_groups)
                ]
                is_validation, _ = split(sizes, share, seed)
                assert abs(is_validation.sum() - goal) <= min(errors) + 3

    @pytest.mark.parametrize("share", [0.05, 0.2, 0.75])
    def test_many_groups_meet_the_share_exactly(self, share: float) -> None:
        """To the item."""
        sizes = np.random.default_rng(3).integers(1, 500, 400).tolist()
        is_validation, _ = split(sizes, share)
        assert abs(is_validation.sum() - share * sum(sizes)) < 1

    @pytest.mark.parametrize("seed", range(10))
    def test_a_group_that_is_most_of_all_is_for_training(self, seed: int) -> None:
        """Validation gets the others as far as they go."""
        assert split([1000, 10, 10, 10], 0.2, seed)[1] == [1, 2, 3]

    @pytest.mark.parametrize("share", [0, 0.01, 0.2, 0.5, 0.99, 1])
    @pytest.mark.parametrize("sizes", [[1, 1], [1, 100], [50, 50], [7, 7, 7]])
    def test_either_side_has_a_group(self, sizes: list[int], share: float) -> None:
        """Whatever the share asks for."""
        for seed in range(10):
            assert 0 < len(split(sizes, share, seed)[1]) < len(sizes)

    def test_the_seed_decides_which_groups_are_taken(self) -> None:
        """The same seed takes the same."""
        sizes = [10] * 20
        chosen = {tuple(split(sizes, 0.2, seed)[1]) for seed in range(30)}
        assert len(chosen) > 25
        assert split(sizes, 0.2, 7)[1] == split(sizes, 0.2, 7)[1]

    def test_numbers_of_groups_may_be_any(self) -> None:
        """Groups without selected items leave gaps."""
        groups = np.array([900, -5, 900, 70])
        is_validation = split_groups(groups, 0.5, np.random.default_rng(0))
        assert is_validation.sum() == 2
        assert is_validation[0] == is_validation[2]

    @pytest.mark.parametrize("sizes", [[], [5]])
    def test_fewer_than_two_groups_are_an_error(self, sizes: list[int]) -> None:
        """Nothing could be on the other side."""
        with pytest.raises(InvalidParameterError, match=rf"two groups.* Got {len(sizes)} instead"):
            split(sizes, 0.2)


def make_rows(n: int, n_scenes: int, seed: int = 0) -> RowArray:
    """Make rows of a few scenes, each with little changes."""
    rng = np.random.default_rng(seed)
    scenes = rng.integers(0, n_scenes, n)
    rows = np.zeros(n, dtype=SPEC.row_dtype)
    rows["lab_layout"] = rng.integers(20, 200, (n_scenes, 48))[scenes] + rng.integers(0, 6, (n, 48))
    flips = rng.integers(0, 256, (n, 8)) & rng.integers(0, 256, (n, 8)) & rng.integers(0, 256)
    rows["dhash"] = rng.integers(0, 256, (n_scenes, 8))[scenes] ^ flips
    return rows


class TestFindNearDuplicates:
    """find_near_duplicates finds validation items that look like a training item."""

    # Of the last, one batch does not hold all pairs.
    @pytest.mark.parametrize("n", [2, 50, 1500])
    def test_each_validation_item_is_compared_with_all_training_items(self, n: int) -> None:
        """Compared with measuring all pairs one by one."""
        rows = make_rows(n, n_scenes=n)
        is_validation = np.random.default_rng(4).random(n) < 0.3
        is_validation[:2] = [True, False]
        training = np.flatnonzero(~is_validation)
        expected = []
        for row in np.flatnonzero(is_validation).tolist():
            own = np.repeat(rows[row : row + 1], len(training))
            distances = measure_distances(own, rows[training], SPEC)
            if distances.min() < LIMIT:
                nearest = int(training[distances.argmin()])
                expected.append([row, nearest, int(distances.min())])
        pairs, distances = find_near_duplicates(rows, SPEC, is_validation, LIMIT)
        assert np.column_stack([pairs, distances]).tolist() == expected
        assert n == 2 or 0 < len(pairs) < is_validation.sum(), "the rows do not test both"

    @pytest.mark.parametrize(("limit", "n_found"), [(LIMIT, 0), (LIMIT + 1, 1)])
    def test_the_limit_itself_is_not_near(self, limit: int, n_found: int) -> None:
        """Colours 6 levels apart in one channel are 6 apart."""
        rows = np.zeros(2, dtype=SPEC.row_dtype)
        rows["lab_layout"][1, ::3] = 6
        pairs, distances = find_near_duplicates(rows, SPEC, np.array([False, True]), limit)
        assert pairs.tolist() == [[1, 0]] * n_found
        assert distances.tolist() == [LIMIT] * n_found

    def test_what_moves_counts_as_well(self) -> None:
        """Pictures of one colour whose hashes differ in all 64 bits are 8 apart."""
        rows = np.zeros(2, dtype=SPEC.row_dtype)
        rows["dhash"][1] = 255
        is_validation = np.array([False, True])
        assert len(find_near_duplicates(rows, SPEC, is_validation, LIMIT)[0]) == 0
        assert len(find_near_duplicates(rows, SPEC, is_validation, 9 * DISTANCE_SCALE)[0]) == 1

    @pytest.mark.parametrize("side", [True, False])
    @pytest.mark.parametrize("n", [0, 3])
    def test_an_empty_side_has_no_duplicates(self, n: int, *, side: bool) -> None:
        """No items at all are allowed."""
        rows = np.zeros(n, dtype=SPEC.row_dtype)
        pairs, distances = find_near_duplicates(rows, SPEC, np.full(n, side), LIMIT)
        assert pairs.shape == (0, 2)
        assert distances.shape == (0,)


def split_items(
    rows: RowArray, groups: IntArray, selected: IntArray, share: float = 0.3, seed: int = 0
) -> Split[Selection]:
    """Split a selection of items of numbered groups."""
    n = len(rows)
    paths = [f"{group}/{row}.jpg" for row, group in enumerate(groups.tolist())]
    table = photo_table(SPEC, paths, rows)
    collection = Collection(table, np.zeros(n, dtype=np.uint8), lay_out_by(rows, "ordered"))
    selection = Selection(collection, selected, len(selected), 7)
    labels = GroupLabels(tuple(map(str, range(groups.max() + 1))), groups)
    return split_selection(selection, labels, share, seed)


class TestSplitSelection:
    """split_selection splits a selection in two selections."""

    def test_every_selected_item_is_on_one_side(self) -> None:
        """In natural order, and no group on both."""
        groups = np.arange(200) // 10
        selected = np.arange(0, 200, 3)
        split = split_items(make_rows(200, 200), groups, selected)
        sides = split.train, split.validation
        assert sorted([*split.train.rows, *split.validation.rows]) == selected.tolist()
        for side in sides:
            assert (np.diff(side.rows) > 0).all()
            assert side.target_count == len(side.paths) == len(side.rows)
        assert not {*groups[sides[0].rows]} & {*groups[sides[1].rows]}
        assert abs(len(split.validation) - 0.3 * len(selected)) <= 2

    def test_sides_know_their_groups(self) -> None:
        """Those that the split is by."""
        split = split_items(make_rows(40, 40), np.arange(40) // 10, np.arange(0, 40, 2), share=0.25)
        assert [group.n_kept for group in split.train.groups].count(5) == 3
        assert [group.n_kept for group in split.validation.groups].count(5) == 1

    def test_near_duplicates_between_the_sides_are_listed(self) -> None:
        """With paths and distance; those within a side, or not selected, are not."""
        rows = make_scattered_rows(40, 1)
        groups = np.arange(40) // 10
        rows[[10, 20, 30, 1]] = rows[0]
        rows["lab_layout"][10, 0] += 4  # the root of the mean over the cells, of squares: 1
        selected = np.delete(np.arange(40), [5, 20, 30])
        # By the group for validation.
        expected = {
            0: [("0/0.jpg", "1/10.jpg", 1.0), ("0/1.jpg", "1/10.jpg", 1.0)],
            1: [("1/10.jpg", "0/0.jpg", 1.0)],
        }
        for seed in range(10):
            split = split_items(rows, groups, selected, share=0.25, seed=seed)
            (group,) = set(groups[split.validation.rows].tolist())
            assert list(split.near_duplicates) == expected.get(group, [])

    def test_the_seed_decides(self) -> None:
        """The same seed splits in the same way."""
        rows, groups = make_rows(100, 100), np.arange(100) // 5
        rows_of_seeds = [
            split_items(rows, groups, np.arange(100), seed=seed).validation.rows.tolist()
            for seed in (1, 1, 2)
        ]
        assert rows_of_seeds[0] == rows_of_seeds[1] != rows_of_seeds[2]

    def test_it_shows_its_counts(self) -> None:
        """Of both sides and of what they share."""
        rows = np.zeros(4, dtype=SPEC.row_dtype)
        split = split_items(rows, np.array([0, 0, 1, 1]), np.arange(4), share=0.5)
        assert repr(split) == (
            "<Split of 2 images for training and 2 for validation, 2 near-duplicates between them>"
        )
