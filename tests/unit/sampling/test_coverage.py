"""Coverage is measured on a ranking, and its knee is about one item of each scene."""

import numpy as np
import numpy.typing as npt
import pytest

from pools import N_LAB, SPEC, make_bursts, make_rows, make_scattered_rows, scatter_bytes
from smartdownsample.options import SamplingOptions
from smartdownsample.records import Collection, IntArray, RowArray
from smartdownsample.sampling.buckets import encode_buckets
from smartdownsample.sampling.coverage import Coverage, find_knee, measure_coverage, measure_depth
from smartdownsample.sampling.distances import DISTANCE_SCALE, measure_distances
from smartdownsample.sampling.layout import lay_out
from smartdownsample.sampling.near_duplicates import SAME_SCENE
from smartdownsample.sampling.nested_ranking import draw_ranking
from whole_photos import photo_table


def make_collection(rows: RowArray) -> Collection:
    n = len(rows)
    table = photo_table(SPEC, [f"{row}.jpg" for row in range(n)], rows)
    return Collection(table, encode_buckets(rows, SPEC), lay_out(table))


def measure(rows: RowArray, limit: int | None = None, random_seed: int = 42) -> Coverage:
    return measure_coverage(make_collection(rows), limit, random_seed)


def place_scenes(kind: str, n_scenes: int, n: int, seed: int) -> IntArray:
    """Place the scenes of n pictures one after the other, at random, or in unequal lengths."""
    rng = np.random.default_rng(seed)
    scenes = np.arange(n) * n_scenes // n
    if kind == "unequal":
        # At least a tenth of the mean each, and up to five times as much.
        weights = rng.exponential(size=n_scenes) + 0.1
        cuts = np.cumsum(weights / weights.sum()) * (n - 1)
        scenes = np.searchsorted(cuts, np.arange(n))
    return rng.permutation(scenes) if kind == "shuffled" else scenes


class TestMeasureCoverage:
    """measure_coverage tells how well selections cover a collection as they grow."""

    def test_values_are_those_of_the_ranking(self) -> None:
        """Compared with measuring each item's distance to each of the first N, one by one."""
        rows = make_rows(scatter_bytes(120, N_LAB, 1) % 16)  # about as far apart as duplicates
        ranked = draw_ranking(make_collection(rows), 50, 42, SamplingOptions()).rows
        coverage = measure(rows, limit=50)
        for count, mean, share in zip(
            coverage.counts, coverage.mean_distances, coverage.covered_shares, strict=True
        ):
            nearest = [
                int(measure_distances(np.repeat(row, count), rows[ranked[:count]], SPEC).min())
                for row in rows.reshape(-1, 1)
            ]
            assert mean == pytest.approx(np.mean(nearest) / DISTANCE_SCALE)
            assert share == pytest.approx(np.mean(np.array(nearest) < SAME_SCENE))

    @pytest.mark.parametrize(
        ("n", "limit", "last"),
        [(300, None, 300), (300, 70, 70), (300, 500, 300), (12_000, None, 10_000), (1, None, 1)],
    )
    def test_counts_grow_from_one_to_the_limit(self, n: int, limit: int | None, last: int) -> None:
        """In about equal ratios, some 30 at most; a suggested one is among them."""
        coverage = measure(make_bursts(np.arange(n) // 10), limit)
        counts = coverage.counts
        assert (counts[0], counts[-1]) == (1, last)
        assert (np.diff(counts) > 0).all()
        assert len(counts) <= 31
        assert coverage.suggested_count in {0, *counts.tolist()}
        large = counts[counts > 20]
        assert (large[1:] / large[:-1] < 1.5).all()

    # Of the second, not all pairs are compared at once.
    @pytest.mark.parametrize("n", [500, 5000])
    def test_more_never_cover_less(self, n: int) -> None:
        """Distances fall and shares rise, to nothing and all."""
        coverage = measure(make_scattered_rows(n, 3))
        assert (np.diff(coverage.mean_distances) <= 0).all()
        assert (np.diff(coverage.covered_shares) >= 0).all()
        assert coverage.mean_distances[-1] == 0
        assert coverage.covered_shares[-1] == 1

    @pytest.mark.parametrize(
        ("kind", "n_scenes", "n"),
        [
            ("even", 6, 300),
            pytest.param("even", 20, 3000, marks=pytest.mark.long),
            ("even", 60, 600),
            pytest.param("even", 60, 6000, marks=pytest.mark.long),
            pytest.param("even", 400, 4000, marks=pytest.mark.long),
            ("unequal", 20, 2000),
            pytest.param("unequal", 100, 4000, marks=pytest.mark.long),
            pytest.param("shuffled", 20, 2000, marks=pytest.mark.long),
            ("shuffled", 100, 1000),
        ],
    )
    def test_about_one_item_of_each_scene_is_suggested(
        self, kind: str, n_scenes: int, n: int
    ) -> None:
        """From 0.8 to 1.5 of the scenes, in the middle of several collections."""
        suggested = [
            measure(make_bursts(place_scenes(kind, n_scenes, n, seed), seed * 2)).suggested_count
            for seed in range(3)
        ]
        assert 0.8 <= np.median(suggested) / n_scenes <= 1.5

    def test_a_collection_without_repetition_has_no_clear_number(self) -> None:
        """However near to one another, nothing stands for anything else."""
        coverage = measure(make_scattered_rows(400, 5))
        assert coverage.suggested_count == 0
        assert coverage.describe() == (
            "no clear number, since each image more adds about as much as the one before"
        )

    def test_more_scenes_than_the_limit_have_no_clear_number(self) -> None:
        """The curve has not flattened by then."""
        coverage = measure(make_bursts(np.arange(3000) // 4), limit=100)
        assert coverage.suggested_count == 0
        assert "the 100 that were ranked cover too little" in coverage.describe()
        assert [each.by_looks for each in coverage.needed] == [None] * 3

    def test_looks_that_pass_over_events_suggest_nothing(self) -> None:
        """A quiet camera: hundreds of events that look alike but for two things."""
        rows = make_bursts(np.arange(1200) // 600)
        hours = np.arange(1200) // 3
        ms = hours * 3_600_000 + np.arange(1200) % 3 * 1000
        rows["captured"] = np.datetime64("2024-05-01", "ms") + ms.astype("timedelta64[ms]")
        coverage = measure(rows)
        assert coverage.suggested_count == 0
        assert coverage.reason.endswith("of the events")

    def test_counts_for_shares_are_the_first_that_reach_them(self) -> None:
        """By looks and by events: a hundred bursts of six frames."""
        rows = make_bursts(np.arange(600) // 6)
        ms = np.arange(600) // 6 * 3_600_000 + np.arange(600) % 6 * 1000
        rows["captured"] = np.datetime64("2024-05-01", "ms") + ms.astype("timedelta64[ms]")
        needed = measure(rows).needed
        assert [each.share for each in needed] == [0.8, 0.9, 0.95]
        assert [each.by_events for each in needed] == [80, 90, 95]
        for each in needed:
            assert each.by_looks is not None
            assert 100 * each.share <= each.by_looks <= 115 * each.share

    def test_without_times_nothing_is_said_of_events(self) -> None:
        """Names tell of none."""
        needed = measure(make_bursts(np.arange(600) // 6)).needed
        assert [each.by_events for each in needed] == [None] * 3

    def test_pictures_that_are_all_the_same_suggest_one(self) -> None:
        """It covers all of them."""
        coverage = measure(make_rows(np.full((50, 48), 7, dtype=np.uint8)))
        assert coverage.suggested_count == 1
        assert (coverage.covered_shares == 1).all()

    def test_an_empty_collection_has_no_coverage(self) -> None:
        """And nothing is suggested."""
        coverage = measure(make_scattered_rows(0, 1))
        assert len(coverage.counts) == len(coverage.mean_distances) == 0
        assert coverage.suggested_count == 0
        assert coverage.describe() == "no clear number, since there are no images"

    def test_a_sample_stands_for_a_large_collection(self) -> None:
        """The share covered by a twentieth of 12,000 unlike pictures is right to within 0.02."""
        coverage = measure(make_scattered_rows(12_000, 4), limit=600)
        assert coverage.covered_shares[-1] == pytest.approx(600 / 12_000, abs=0.02)

    def test_the_seed_decides(self) -> None:
        """The same seed gives the same curve."""
        rows = make_scattered_rows(300, 2)
        first, same, other = (measure(rows, random_seed=seed) for seed in (1, 1, 2))
        assert first.mean_distances.tobytes() == same.mean_distances.tobytes()
        assert first.mean_distances.tobytes() != other.mean_distances.tobytes()

    def test_what_is_shown_is_the_suggestion(self) -> None:
        """In one line."""
        coverage = Coverage(
            np.array([1, 1200, 3000]),
            np.array([9.0, 2.0, 1.0]),
            np.array([0.1, 0.95, 1.0]),
            (),
            1200,
        )
        text = "1,200 suggested, 95% of the collection look like one of them"
        assert coverage.describe() == text
        assert repr(coverage) == f"<Coverage by up to 3,000 images: {text}>"


class TestMeasureDepth:
    """measure_depth tells whether a knee stands out."""

    def test_a_straight_curve_has_none(self) -> None:
        """One that falls at once and then stays is as deep as can be."""
        assert measure_depth(np.linspace(1, 0, 50)) == pytest.approx(0, abs=1e-12)
        assert measure_depth(np.array([5.0] + [1.0] * 999)) == pytest.approx(1 - 1 / 999)
        assert measure_depth(np.array([3.0, 3.0])) == 1

    def test_the_unit_is_the_fall(self) -> None:
        """Whatever the height of the curve."""
        curve = np.array([1.0, 0.4, 0.2, 0.1, 0.0])
        assert measure_depth(curve) == pytest.approx(0.35)
        assert measure_depth(30 * curve + 7) == pytest.approx(0.35)


class TestFindKnee:
    """find_knee finds where a falling curve flattens."""

    def test_a_curve_that_falls_and_then_stays_has_its_knee_there(self) -> None:
        """Whatever its height and length."""
        for n_before, n_after in ((5, 5), (30, 70), (30, 3000)):
            curve = np.concatenate([np.linspace(9, 4, n_before), np.full(n_after, 4.0)])
            assert find_knee(curve) == find_knee(100 * curve) == n_before

    def test_the_knee_is_farthest_below_the_line_over_the_logarithm(self) -> None:
        """Steps from 1 to 2, 4 and 8 are equal: half of the fall at 2 of 8 is below a third."""
        # The line is at 1, 2/3, 1/3 and 0.
        curve = np.array([1.0, 0.5, 0.45, 0.4, 0.3, 0.2, 0.1, 0.0])
        lines = [1 - np.log2(count) / 3 for count in range(1, 9)]
        depths = [line - value for line, value in zip(lines, curve, strict=True)]
        assert find_knee(curve) == depths.index(max(depths)) + 1 == 2

    @pytest.mark.parametrize(
        ("curve", "knee"),
        [
            ([], 0),
            ([3.0], 1),
            ([3.0, 3.0, 3.0], 1),
            ([3.0, 0.0], 2),
            ([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3], 8),
        ],
    )
    def test_curves_without_a_knee(self, curve: list[float], knee: int) -> None:
        """A constant one needs no more than the first; one that falls to the end needs all."""
        values: npt.NDArray[np.float64] = np.array(curve, dtype=np.float64)
        assert find_knee(values) == knee
