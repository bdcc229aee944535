"""Groups share picks by size, balance and caps, and the sum is exact."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from smartdownsample import InvalidParameterError
from smartdownsample.options import PerGroup
from smartdownsample.records import IntArray
from smartdownsample.sampling.quotas import allocate_groups, allocate_quotas


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

    def test_without_target_and_cap_there_is_nothing_to_go_by(self) -> None:
        """It says what may be given."""
        with pytest.raises(InvalidParameterError, match="'target_count' parameter must be"):
            allocate([3, 3], None)
