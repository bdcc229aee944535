"""Sequences are found by time or looks, and thinned without losing a bucket."""

from collections.abc import Sequence

import numpy as np
import pytest

from smartdownsample.features.spec import make_spec
from smartdownsample.records import BoolArray, IntArray, RowArray
from smartdownsample.sampling.distances import DISTANCE_SCALE
from smartdownsample.sampling.near_duplicates import SAME_SCENE
from smartdownsample.sampling.sequences import find_sequences, thin_sequences

SPEC = make_spec(8, "fast")
START = np.datetime64("2023-05-01T12:00:00", "ms")


def make_rows(seconds: Sequence[float | None], levels: Sequence[float] | None = None) -> RowArray:
    """Make rows captured so many seconds after the start; levels are distances in looks."""
    rows = np.zeros(len(seconds), dtype=SPEC.row_dtype)
    for row, second in enumerate(seconds):
        time = (
            np.datetime64("NaT", "ms")
            if second is None
            else START + np.timedelta64(round(second * 1000), "ms")
        )
        rows["captured"][row] = time
    if levels is not None:
        rows["lab_layout"] = np.array(levels, dtype=np.uint8)[:, np.newaxis]
        # A level in each of the three channels of a cell is √3 apart; one channel will do.
        rows["lab_layout"][:, np.arange(48) % 3 > 0] = 0
    return rows


def find(rows: RowArray, folders: Sequence[int] | None = None, gap_s: float = 60) -> list[int]:
    numbers = np.zeros(len(rows)) if folders is None else np.array(folders)
    sequences = find_sequences(rows, SPEC, numbers.astype(np.int64), gap_s)
    return [int(sequence) for sequence in sequences]


class TestFindSequences:
    """find_sequences finds frames taken in quick succession."""

    def test_a_longer_gap_ends_a_sequence(self) -> None:
        """A gap of just the given length does not, nor does the length of the whole."""
        rows = make_rows([0, 60, 120, 180.001, 181])
        assert find(rows) == [0, 0, 0, 1, 1]
        assert find(rows, gap_s=60.001) == find(rows, gap_s=np.inf) == [0] * 5
        assert find(rows, gap_s=0.5) == [0, 1, 2, 3, 4]

    def test_frames_follow_one_another_by_time(self) -> None:
        """Whatever their names say; sequences are numbered by their first rows."""
        assert find(make_rows([1000, 0, 1010, 10, 500])) == [0, 1, 0, 1, 2]

    def test_looks_do_not_matter_where_times_are_known(self) -> None:
        """An animal that walks through is one sequence."""
        assert find(make_rows([0, 1], levels=[0, 200])) == [0, 0]
        assert find(make_rows([0, 100], levels=[0, 0])) == [0, 1]

    def test_folders_have_sequences_of_their_own(self) -> None:
        """Cameras that fire at once do not share one, even when their rows take turns."""
        assert find(make_rows([0, 0, 1, 1]), folders=[1, 0, 1, 0]) == [0, 1, 0, 1]

    def test_frames_of_one_moment_are_one_sequence(self) -> None:
        """Clocks count whole seconds, bursts do not."""
        assert find(make_rows([5, 5, 5]), gap_s=0) == [0, 0, 0]

    def test_without_times_near_duplicates_in_a_row_are_a_sequence(self) -> None:
        """Each looks nearer to the one before than the limit."""
        limit = SAME_SCENE // DISTANCE_SCALE
        levels = [0, limit - 1, 2 * limit - 2, 3 * limit - 2, 0]
        assert find(make_rows([None] * 5, levels)) == [0, 0, 0, 1, 2]

    def test_without_times_folders_have_sequences_of_their_own(self) -> None:
        """The one before is that of the folder."""
        rows = make_rows([None] * 4, levels=[0, 100, 0, 100])
        assert find(rows, folders=[0, 1, 0, 1]) == [0, 1, 0, 1]
        assert find(make_rows([None] * 2), folders=[0, 1]) == [0, 1]

    def test_a_frame_with_time_parts_frames_without(self) -> None:
        """Nor does it share a sequence with them, however alike they look."""
        assert find(make_rows([None, None, 0, None, 1, None])) == [0, 0, 1, 2, 1, 3]

    @pytest.mark.parametrize("n", [0, 1])
    def test_few_frames_have_few_sequences(self, n: int) -> None:
        """An empty collection is allowed."""
        assert find(make_rows([None] * n)) == list(range(n))

    def test_many_frames_equal_the_scalar_version(self) -> None:
        """Random folders, times and looks."""
        rng = np.random.default_rng(0)
        for _ in range(50):
            n = int(rng.integers(2, 60))
            seconds = [float(s) if s < 400 else None for s in rng.integers(0, 600, n)]
            levels = [int(level) for level in rng.integers(0, 12, n)]
            folders = [int(folder) for folder in rng.integers(0, 4, n)]
            rows = make_rows(seconds, levels)
            expected = find_one_by_one(seconds, levels, folders, gap_s=10)
            assert find(rows, folders, gap_s=10) == expected


def find_one_by_one(
    seconds: Sequence[float | None], levels: Sequence[int], folders: Sequence[int], gap_s: float
) -> list[int]:
    sequence_of: dict[int, int] = {}
    for folder in set(folders):
        rows = [row for row, other in enumerate(folders) if other == folder]
        for last, row in zip([None, *rows[:-1]], rows, strict=True):
            if seconds[row] is None:
                is_joined = (
                    last is not None
                    and seconds[last] is None
                    and abs(levels[row] - levels[last]) * DISTANCE_SCALE < SAME_SCENE
                )
                sequence_of[row] = sequence_of[last] if last is not None and is_joined else row
        timed = sorted((second, row) for row in rows if (second := seconds[row]) is not None)
        for i, (second, row) in enumerate(timed):
            is_joined = i > 0 and second - timed[i - 1][0] <= gap_s
            sequence_of[row] = sequence_of[timed[i - 1][1]] if is_joined else row
    number_of: dict[int, int] = {}
    for row in range(len(folders)):
        number_of.setdefault(sequence_of[row], len(number_of))
    return [number_of[sequence_of[row]] for row in range(len(folders))]


def thin(
    sequences: Sequence[int] | IntArray,
    codes: Sequence[int] | IntArray,
    max_per_sequence: int,
    kept: Sequence[int] = (),
    seed: int = 0,
) -> BoolArray:
    is_kept = np.zeros(len(sequences), dtype=np.bool_)
    is_kept[list(kept)] = True
    return thin_sequences(
        np.array(sequences, dtype=np.int64),
        [np.array(codes, dtype=np.uint8)],
        max_per_sequence,
        is_kept,
        np.random.default_rng(seed),
    )


def count_remaining(remains: BoolArray, sequences: Sequence[int]) -> list[int]:
    return [int(count) for count in np.bincount(np.array(sequences)[remains])]


class TestThinSequences:
    """thin_sequences leaves a few frames of each sequence."""

    def test_no_sequence_has_more_than_the_limit(self) -> None:
        """And all of it when it has fewer."""
        sequences = [0] * 5 + [1] * 2 + [2] * 3
        assert count_remaining(thin(sequences, [0] * 10, 3), sequences) == [3, 2, 3]
        assert count_remaining(thin(sequences, [0] * 10, 1), sequences) == [1, 1, 1]

    def test_kept_frames_remain_and_count(self) -> None:
        """Sequences that reach the limit with them give nothing new."""
        sequences = [0] * 4 + [1] * 4 + [2] * 4
        remains = thin(sequences, [0] * 12, 2, kept=[1, 4, 5, 7])
        assert remains[[1, 4, 5, 7]].all()
        assert count_remaining(remains, sequences) == [2, 3, 2]

    def test_the_seed_decides_which_frames_remain(self) -> None:
        """Each has the same chance, and the same seed chooses the same."""
        counts = np.zeros(6)
        for seed in range(600):
            remains = thin([0] * 6, [0] * 6, 2, seed=seed)
            counts += remains
            assert np.array_equal(remains, thin([0] * 6, [0] * 6, 2, seed=seed))
        assert counts.min() > 150
        assert counts.max() < 250

    @pytest.mark.parametrize("seed", range(20))
    def test_a_bucket_that_would_be_lost_gets_a_frame_back(self, seed: int) -> None:
        """In exchange for another of its sequence, so that none grows."""
        sequences = [0] * 50 + [1] * 50
        codes = [0] * 47 + [1, 2, 3] + [0] * 49 + [4]
        remains = thin(sequences, codes, 4, seed=seed)
        assert count_remaining(remains, sequences) == [4, 4]
        assert set(np.array(codes)[remains]) == {0, 1, 2, 3, 4}

    @pytest.mark.parametrize("seed", range(20))
    def test_no_bucket_is_lost_for_another(self, seed: int) -> None:
        """Three buckets do not fit into two places, two do."""
        remains = thin([0] * 30, [0] * 10 + [1] * 10 + [2] * 10, 2, seed=seed)
        assert remains.sum() == 2
        assert len({0, 1, 2} & set(np.repeat([0, 1, 2], 10)[remains])) == 2

    @pytest.mark.parametrize("seed", range(20))
    def test_kept_frames_are_never_exchanged(self, seed: int) -> None:
        """Their buckets need no other frame."""
        remains = thin([0] * 20, [0] * 19 + [1], 3, kept=[2, 4], seed=seed)
        assert np.flatnonzero(remains).tolist() == [2, 4, 19]

    def test_no_frames_are_no_trouble(self) -> None:
        """An empty collection is allowed."""
        assert thin([], [], 2).shape == (0,)

    def test_limits_hold_at_random(self) -> None:
        """As many remain of each sequence as the limit and its kept frames ask for."""
        rng = np.random.default_rng(1)
        for seed in range(50):
            n = int(rng.integers(1, 200))
            sequences = rng.integers(0, 20, n)
            codes = rng.integers(0, 30, n)
            kept = np.flatnonzero(rng.random(n) < 0.1)
            limit = int(rng.integers(1, 5))
            remains = thin(sequences, codes, limit, kept=kept.tolist(), seed=seed)
            sizes = np.bincount(sequences, minlength=20)
            n_kept = np.bincount(sequences[kept], minlength=20)
            expected = np.maximum(np.minimum(sizes, limit), n_kept)
            assert remains[kept].all()
            assert np.array_equal(np.bincount(sequences[remains], minlength=20), expected)
