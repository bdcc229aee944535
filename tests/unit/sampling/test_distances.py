"""Distances equal scalar ones, and neighbourhoods find most of what is near."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
from pools import N_LAB, SPEC, make_bursts, make_rows, make_scattered_rows, scatter_bytes
from smartdownsample.features.spec import make_spec
from smartdownsample.records import BoolArray, FeatureSpec, IntArray, RowArray
from smartdownsample.sampling.distances import (
    DISTANCE_SCALE,
    FAR,
    compare_all,
    find_nearest_rows,
    measure_distances,
    measure_steps,
)
from smartdownsample.sampling.neighbours import Neighbourhoods

HASH_SIZES = (2, 9, 16, 32)
# More points than are compared all with all.
N_MANY = 2000

# Few different looks, so that there are equals and ties.
small_pools = st.integers(1, 12).flatmap(
    lambda n_looks: st.lists(st.integers(0, n_looks - 1), min_size=1, max_size=24)
)
seeds = st.integers(0, 2**32 - 1)


def find(
    rows: RowArray,
    coordinates: npt.NDArray[np.float64] | None = None,
    seed: int = 0,
    spec: FeatureSpec = SPEC,
) -> Neighbourhoods:
    return Neighbourhoods.find(rows, spec, coordinates, np.random.default_rng(seed))


def make_few_looks(looks: Sequence[int]) -> RowArray:
    """Make rows of numbered looks, neighbouring numbers being 4 levels apart everywhere."""
    levels = np.array(looks, dtype=np.uint8)[:, np.newaxis] * 4
    return make_rows(np.repeat(levels, N_LAB, axis=1))


def compare_each(rows: RowArray, hash_size: int = 8) -> list[list[int]]:
    """Compare all with all, value by value; far from each to itself."""
    lab = rows["lab_layout"].tolist()
    bits = np.unpackbits(rows["dhash"], axis=1)[:, : hash_size**2].tolist()
    points = range(len(rows))
    return [
        [
            oracles.FAR if i == j else oracles.look_distance((lab[i], lab[j]), (bits[i], bits[j]))
            for j in points
        ]
        for i in points
    ]


def compare_many(rows: RowArray) -> npt.NDArray[np.uint16]:
    """Compare all with all, row by row; far from each to itself."""
    distances = np.stack(
        [measure_distances(np.broadcast_to(row, rows.shape), rows, SPEC) for row in rows]
    )
    np.fill_diagonal(distances, FAR)
    return distances


def make_picks(n: int, picks: Sequence[int] | IntArray) -> BoolArray:
    is_pick = np.zeros(n, dtype=np.bool_)
    is_pick[np.asarray(picks, dtype=np.int64)] = True
    return is_pick


def draw_picks(n: int, seed: int) -> BoolArray:
    return np.random.default_rng(seed).random(n) < 0.4


@pytest.mark.parametrize("hash_size", [*HASH_SIZES, 8])
def test_distances_equal_the_scalar_version(hash_size: int) -> None:
    """Colour layout and hash, for every size of hash."""
    spec = make_spec(hash_size, "exact")
    rows = make_scattered_rows(40, 5, spec)
    rows["lab_layout"][20:] //= 16  # near ones as well
    distances = measure_distances(rows[:-1], rows[1:], spec)
    assert distances.dtype == np.uint16
    expected = compare_each(rows, hash_size)
    assert distances.tolist() == [expected[i][i + 1] for i in range(len(rows) - 1)]


def test_one_level_everywhere_is_the_root_of_three() -> None:
    """The mean over the cells is of the sums over L, a and b."""
    rows = make_few_looks([0, 1])
    assert measure_distances(rows[:1], rows[1:], SPEC).tolist() == [
        int(DISTANCE_SCALE * 4 * 3**0.5)
    ]


def test_one_bit_of_the_usual_hash_is_one() -> None:
    """16 bits are as far as 4 levels in one channel of every cell."""
    rows = make_rows(np.zeros((3, N_LAB), dtype=np.uint8))
    rows["dhash"][1, 7] = 1
    rows["dhash"][2, 3:5] = 255
    assert measure_distances(rows[[0, 0]], rows[1:], SPEC).tolist() == [
        DISTANCE_SCALE,
        4 * DISTANCE_SCALE,
    ]


@pytest.mark.parametrize("hash_size", HASH_SIZES)
def test_all_bits_together_weigh_about_the_same_in_every_hash(hash_size: int) -> None:
    """As 64 of 64, which is a distance of 8."""
    spec = make_spec(hash_size, "exact")
    bits = np.repeat(np.array([[0], [1]], dtype=np.uint8), hash_size**2, axis=1)
    rows = make_rows(np.zeros((2, N_LAB), dtype=np.uint8), np.packbits(bits, axis=1), spec)
    distance = int(measure_distances(rows[:1], rows[1:], spec)[0])
    assert distance == pytest.approx(8 * DISTANCE_SCALE, rel=0.03)


@pytest.mark.parametrize("hash_size", [*HASH_SIZES, 8])
def test_the_farthest_pictures_are_nearer_than_far(hash_size: int) -> None:
    """Black and white in every value and bit: exact, in 16 bits, and in blocks as in pairs."""
    spec = make_spec(hash_size, "exact")
    bits = np.repeat(np.array([[0], [1], [0], [1]], dtype=np.uint8), hash_size**2, axis=1)
    lab = np.repeat(np.array([[0], [255], [255], [0]], dtype=np.uint8), N_LAB, axis=1)
    rows = make_rows(lab, np.packbits(bits, axis=1), spec)
    expected = compare_each(rows, hash_size)
    assert max(expected[0][1:]) == expected[0][1] < FAR
    assert measure_distances(rows[[0, 0, 0]], rows[1:], spec).tolist() == expected[0][1:]
    (order,) = find(rows, spec=spec).orders
    assert order.distances[0].tolist() == expected


def test_identical_pictures_have_no_distance() -> None:
    """Only to itself each is far."""
    rows = make_few_looks([7, 7, 7])
    assert measure_distances(rows[:2], rows[1:], SPEC).tolist() == [0, 0]
    (order,) = find(rows).orders
    assert order.distances.tolist() == [[[FAR, 0, 0], [0, FAR, 0], [0, 0, FAR]]]


def test_steps_are_distances_to_the_picture_before() -> None:
    """The first has none."""
    rows = make_scattered_rows(50, 3)
    steps = measure_steps(rows, SPEC)
    assert steps[0] == 0
    assert steps[1:].tolist() == measure_distances(rows[:-1], rows[1:], SPEC).tolist()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_steps_of_few_pictures_are_as_many(n: int) -> None:
    """One for each."""
    steps = measure_steps(make_few_looks([3, 4])[:n], SPEC)
    assert steps.dtype == np.uint16
    assert steps.tolist() == [0, 886][:n]


def test_steps_do_not_depend_on_where_batches_end() -> None:
    """Beyond 2^15 pictures they are computed in several."""
    n = 2**16 + 3
    rows = make_few_looks([0, 1, 2, 3, 4] * (n // 5 + 1))[:n]
    assert (
        measure_steps(rows, SPEC)[1:].tolist()
        == measure_distances(rows[:-1], rows[1:], SPEC).tolist()
    )


@pytest.mark.parametrize("n", [1, 2, 3, 31, 32, 33, 70])
@pytest.mark.parametrize("hash_size", [8, 9])
def test_few_points_are_compared_all_with_all(n: int, hash_size: int) -> None:
    """In one block, exactly, in the order given."""
    spec = make_spec(hash_size, "exact")
    rows = make_scattered_rows(n, n, spec)
    (order,) = find(rows, spec=spec).orders
    assert order.points.tolist() == [list(range(n))]
    assert order.distances.dtype == np.uint16
    assert order.distances[0].tolist() == compare_each(rows, hash_size)


def test_a_thousand_points_are_compared_all_with_all() -> None:
    """The distance to the nearest pick is the true one up to 1,024 points."""
    rows = make_scattered_rows(1024, 9)
    is_pick = draw_picks(1024, 1)
    nearest = find(rows).find_nearest(is_pick)
    assert nearest.tolist() == compare_many(rows)[:, is_pick].min(axis=1).tolist()


def test_no_points_are_no_neighbourhoods() -> None:
    """An empty pool is allowed."""
    nothing = np.zeros(0, dtype=np.bool_)
    near = find(make_few_looks([]))
    assert near.find_nearest(nothing).tolist() == []
    assert near.find_peaks(nothing, np.zeros(0, dtype=np.uint16)).tolist() == []
    assert near.find_repeats(nothing, np.zeros(0, dtype=np.uint16)).tolist() == []


def test_distances_in_blocks_are_the_true_ones() -> None:
    """Many points are compared within blocks of several orders, each of which lists all."""
    rows = make_scattered_rows(1100, 2)
    true = compare_many(rows)
    near = find(rows)
    assert len(near.orders) > 2
    for order in near.orders:
        assert set(order.points.ravel().tolist()) == set(range(1100))
        expected = true[order.points[:, :, np.newaxis], order.points[:, np.newaxis, :]]
        np.testing.assert_array_equal(order.distances, expected)


def test_nearest_among_many_is_never_below_the_true_distance() -> None:
    """It can only be overlooked."""
    rows = make_scattered_rows(N_MANY, 4)
    is_pick = draw_picks(N_MANY, 2)
    nearest = find(rows).find_nearest(is_pick)
    true = compare_many(rows)[:, is_pick].min(axis=1)
    assert (nearest >= true).all()
    assert np.median(nearest / true) < 1.2


@pytest.mark.parametrize("n", [1025, 5000])
def test_near_pairs_are_found_among_many_wherever_they_stand(n: int) -> None:
    """Of pairs of frames of one scene, each pair far apart in order, nearly all are found."""
    n_scenes = n // 2
    scenes = np.arange(n) % n_scenes
    is_pick = make_picks(n, np.arange(n_scenes))
    for seed in range(3):
        nearest = find(make_bursts(scenes), seed=seed).find_nearest(is_pick)
        is_found = nearest[n_scenes : 2 * n_scenes] < 5 * DISTANCE_SCALE
        assert is_found.mean() > 0.95
        # Scenes are much farther apart.
        assert nearest[:n_scenes].min() > 20 * DISTANCE_SCALE


def test_neighbours_in_order_are_found_among_many() -> None:
    """Frames of one burst are compared wherever blocks end."""
    near = find(make_bursts(np.arange(N_MANY) // 4))
    nearest = near.find_nearest(make_picks(N_MANY, range(1, N_MANY, 4)))
    is_other = np.arange(N_MANY) % 4 != 1
    assert nearest[is_other].max() < 5 * DISTANCE_SCALE


def test_many_points_that_look_the_same_are_all_repeats() -> None:
    """Night after night of black frames has no order by looks and breaks nothing."""
    near = find(make_few_looks([7] * N_MANY))
    is_pick = make_picks(N_MANY, range(N_MANY))
    nearest = near.find_nearest(is_pick)
    assert not nearest.any()
    assert near.find_repeats(is_pick, nearest).sum() == N_MANY - 1


def test_one_seed_gives_one_result() -> None:
    """Trees are drawn from the generator and from nothing else."""
    rows = make_scattered_rows(N_MANY, 6)
    first, same, other = find(rows, seed=1), find(rows, seed=1), find(rows, seed=2)
    for a, b in zip(first.orders, same.orders, strict=True):
        np.testing.assert_array_equal(a.points, b.points)
        np.testing.assert_array_equal(a.distances, b.distances)
    assert any(
        (a.points != b.points).any() for a, b in zip(first.orders, other.orders, strict=True)
    )


def test_rows_are_not_changed() -> None:
    """Features belong to the index."""
    rows = make_scattered_rows(1100, 1)
    before = rows.copy()
    near = find(rows, np.arange(1100) / 7)
    near.find_nearest(draw_picks(1100, 1), np.arange(1100) % 3)
    np.testing.assert_array_equal(rows, before)


def test_coordinates_bring_points_nearer_that_stand_near() -> None:
    """By the gap in windows, up to one."""
    rows = make_scattered_rows(6, 8)
    coordinates = np.array([1.0, 1.25, 1.5, 2.0, 7.0, 8.5])
    (order,) = find(rows, coordinates).orders
    plain = compare_each(rows)
    for i in range(6):
        for j in range(6):
            shrunk = int(plain[i][j] * min(abs(coordinates[i] - coordinates[j]), 1))
            assert order.distances[0, i, j] == (FAR if i == j else shrunk)


def test_points_of_the_same_coordinate_have_no_distance() -> None:
    """Whatever they look like."""
    (order,) = find(make_scattered_rows(2, 8), np.array([3.0, 3.0])).orders
    assert order.distances.tolist() == [[[FAR, 0], [0, FAR]]]


def test_coordinates_count_in_every_order_of_many_points() -> None:
    """No block knows a longer distance than the coordinates allow."""
    rows = make_scattered_rows(1100, 3)
    coordinates = np.arange(1100) / 8
    plain, located = find(rows).orders, find(rows, coordinates).orders
    for a, b in zip(plain, located, strict=True):
        gaps = np.abs(
            coordinates[a.points][:, :, np.newaxis] - coordinates[a.points][:, np.newaxis, :]
        )
        is_same = a.points[:, :, np.newaxis] == a.points[:, np.newaxis, :]
        expected = np.where(is_same, FAR, np.floor(a.distances * np.minimum(gaps, 1)))
        np.testing.assert_array_equal(b.distances, expected)


@given(small_pools, seeds)
def test_nearest_repeats_and_peaks_equal_the_scalar_versions(looks: list[int], seed: int) -> None:
    """Also between pictures that look the same."""
    rows = make_few_looks(looks)
    distances, near = compare_each(rows), find(rows)
    is_pick = draw_picks(len(rows), seed)
    nearest = near.find_nearest(is_pick)
    picks = is_pick.tolist()
    assert nearest.tolist() == oracles.find_nearest(distances, picks)
    assert near.find_repeats(is_pick, nearest).tolist() == oracles.find_repeats(distances, picks)
    expected = oracles.find_peaks(distances, (~is_pick).tolist(), nearest.tolist())
    assert near.find_peaks(~is_pick, nearest).tolist() == expected


@given(small_pools, seeds)
def test_kept_picks_are_no_repeats_and_come_before_all_others(looks: list[int], seed: int) -> None:
    """As if they stood first."""
    rows = make_few_looks(looks)
    distances, near = compare_each(rows), find(rows)
    is_pick = draw_picks(len(rows), seed)
    is_kept = is_pick & (np.random.default_rng(seed + 1).random(len(rows)) < 0.5)
    repeats = near.find_repeats(is_pick, near.find_nearest(is_pick), is_kept)
    first = [*np.flatnonzero(is_kept).tolist(), *np.flatnonzero(~is_kept).tolist()]
    moved = [[distances[i][j] for j in first] for i in first]
    expected = np.array(oracles.find_repeats(moved, is_pick[first].tolist()))
    expected[: is_kept.sum()] = False
    assert repeats[first].tolist() == expected.tolist()


@given(small_pools, seeds)
def test_points_of_one_slot_are_left_out(looks: list[int], seed: int) -> None:
    """They are far from one another and as near to all others as they look."""
    rows = make_few_looks(looks)
    slots = np.random.default_rng(seed).integers(0, 5, size=len(rows))
    is_pick = draw_picks(len(rows), seed)
    distances = compare_each(rows)
    for i, slot in enumerate(slots):
        for j in np.flatnonzero(slots == slot):
            distances[i][j] = oracles.FAR
    nearest = find(rows).find_nearest(is_pick, slots)
    assert nearest.tolist() == oracles.find_nearest(distances, is_pick.tolist())


@settings(max_examples=10)
@given(seeds)
def test_slots_are_left_out_of_every_order_and_the_distances_stay(seed: int) -> None:
    """Many points, a few of each slot."""
    rows = make_scattered_rows(1100, 7)
    near = find(rows, seed=seed)
    before = [order.distances.copy() for order in near.orders]
    slots = np.random.default_rng(seed).integers(0, 9, size=len(rows))
    is_pick = draw_picks(len(rows), seed)
    expected = np.full(len(rows), FAR, dtype=np.uint16)
    for order, kept in zip(near.orders, before, strict=True):
        of_point = slots[order.points]
        is_same = of_point[:, :, np.newaxis] == of_point[:, np.newaxis, :]
        is_out = is_same | ~is_pick[order.points][:, :, np.newaxis]
        np.minimum.at(expected, order.points, np.where(is_out, FAR, kept).min(axis=1))
    np.testing.assert_array_equal(near.find_nearest(is_pick, slots), expected)
    for order, kept in zip(near.orders, before, strict=True):
        np.testing.assert_array_equal(order.distances, kept)


def test_without_picks_everything_is_far() -> None:
    """There is no nearest one."""
    assert find(make_few_looks([1, 2, 3])).find_nearest(make_picks(3, [])).tolist() == [FAR] * 3


def test_the_only_pick_is_far_from_picks() -> None:
    """It is none for itself, and no repeat."""
    near = find(make_few_looks([1, 1, 3]))
    is_pick = make_picks(3, [1])
    nearest = near.find_nearest(is_pick)
    assert nearest.tolist() == [0, FAR, nearest[2]]
    assert nearest[2] < FAR
    assert not near.find_repeats(is_pick, nearest).any()


def test_of_two_picks_nearest_to_each_other_the_later_is_the_repeat() -> None:
    """The third is a repeat as well: its nearest is an earlier one."""
    near = find(make_few_looks([0, 9, 10, 30]))
    is_pick = make_picks(4, [1, 2, 3])
    nearest = near.find_nearest(is_pick)
    assert near.find_repeats(is_pick, nearest).tolist() == [False, False, True, True]


def test_peaks_are_the_loneliest_around() -> None:
    """A pick at 0; of the looks at 20, 21 and 22 the last is farthest, 60 stands for itself."""
    near = find(make_few_looks([0, 20, 22, 21, 60]))
    nearest = near.find_nearest(make_picks(5, [0]))
    peaks = near.find_peaks(make_picks(5, [1, 2, 3, 4]), nearest)
    assert peaks.tolist() == [False, False, True, False, True]


def test_a_lonelier_point_within_reach_is_the_only_peak() -> None:
    """40 is nearer to 22 than any pick is."""
    near = find(make_few_looks([0, 20, 22, 21, 40]))
    nearest = near.find_nearest(make_picks(5, [0]))
    peaks = near.find_peaks(make_picks(5, [1, 2, 3, 4]), nearest)
    assert peaks.tolist() == [False, False, False, False, True]


def test_of_equally_lonely_points_the_first_is_the_peak() -> None:
    """Two frames of one look are not two peaks."""
    near = find(make_few_looks([0, 20, 20, 20]))
    nearest = near.find_nearest(make_picks(4, [0]))
    assert near.find_peaks(make_picks(4, [1, 2, 3]), nearest).tolist() == [
        False,
        True,
        False,
        False,
    ]
    assert near.find_peaks(make_picks(4, [2, 3]), nearest).tolist() == [False, False, True, False]


def test_many_points_have_no_more_repeats_and_no_fewer_peaks_than_there_are() -> None:
    """What is overlooked can only hide a mate within the same reach."""
    rows = make_bursts(scatter_bytes(1500, 1, 5)[:, 0].astype(np.int64))
    near, true = find(rows), compare_many(rows)
    is_pick = draw_picks(len(rows), 3)
    nearest = near.find_nearest(is_pick)
    within = true <= nearest[:, np.newaxis]
    is_earlier = np.tri(len(rows), k=-1, dtype=np.bool_)
    is_repeat = is_pick & (within & is_pick & is_earlier).any(axis=1)
    assert not (near.find_repeats(is_pick, nearest) & ~is_repeat).any()
    loneliness = nearest.astype(np.int64) * len(rows) - np.arange(len(rows))
    is_lonelier = loneliness > loneliness[:, np.newaxis]
    is_peak = ~is_pick & ~(within & ~is_pick & is_lonelier).any(axis=1)
    assert not (is_peak & ~near.find_peaks(~is_pick, nearest)).any()


@pytest.mark.parametrize("hash_size", [*HASH_SIZES, 8])
def test_all_are_compared_with_all_others_as_pair_by_pair(hash_size: int) -> None:
    """Exactly, also between black and white."""
    spec = make_spec(hash_size, "exact")
    rows = make_scattered_rows(30, 5, spec)
    rows["lab_layout"][:2] = [[0], [255]]
    rows["dhash"][0] = 0
    rows["dhash"][1] = np.packbits(np.ones(hash_size**2, dtype=np.uint8))
    (distances,) = compare_all(rows[:20], rows[5:], spec)
    assert distances.dtype == np.uint16
    for row, of_row in zip(rows[:20], distances, strict=True):
        expected = measure_distances(np.repeat(row[np.newaxis], 25), rows[5:], spec)
        assert of_row.tolist() == expected.tolist()


def test_all_are_compared_in_batches_of_whole_rows() -> None:
    """In order and without a gap, however many others there are."""
    rows, others = make_scattered_rows(900, 5), make_scattered_rows(10_000, 6)
    start = 0
    for batch in compare_all(rows, others, SPEC):
        for line in (0, len(batch) - 1):
            row = rows[start + line : start + line + 1]
            expected = measure_distances(np.repeat(row, len(others)), others, SPEC)
            np.testing.assert_array_equal(batch[line], expected)
        start += len(batch)
        assert batch.shape[1:] == others.shape
        assert len(batch) < len(rows)
    assert start == len(rows)


@given(small_pools, small_pools)
def test_nearest_rows_equal_the_scalar_version(looks: list[int], others: list[int]) -> None:
    """Of equals the first."""
    nearest, distances = find_nearest_rows(make_few_looks(looks), make_few_looks(others), SPEC)
    gaps = [[abs(look - other) for other in others] for look in looks]
    assert nearest.tolist() == [of_row.index(min(of_row)) for of_row in gaps]
    assert distances.dtype == np.uint16
    assert distances.tolist() == [
        int((128**2 * 3 * (4 * min(of_row)) ** 2) ** 0.5) for of_row in gaps
    ]


@given(small_pools)
def test_nearest_rows_pass_over_their_own_place(looks: list[int]) -> None:
    """Where there is no other, there is no nearest."""
    rows = make_few_looks(looks)
    nearest, distances = find_nearest_rows(rows, rows, SPEC, np.arange(len(rows)))
    each = compare_each(rows)
    assert distances.dtype == np.uint16
    assert distances.tolist() == [min(of_row) for of_row in each]
    if len(rows) == 1:
        assert nearest.tolist() == [-1]
    else:
        assert nearest.tolist() == [of_row.index(min(of_row)) for of_row in each]


def test_nearest_rows_of_no_rows_are_none() -> None:
    """On either side."""
    rows, none = make_few_looks([1, 2]), make_few_looks([])
    assert [found.tolist() for found in find_nearest_rows(none, rows, SPEC)] == [[], []]
    assert [found.tolist() for found in find_nearest_rows(rows, none, SPEC)] == [
        [-1] * 2,
        [FAR] * 2,
    ]


def test_nearest_rows_are_found_in_batches() -> None:
    """Each among all others, but for itself."""
    rows = make_scattered_rows(6_000, 6)
    rows["lab_layout"][1::2] = rows["lab_layout"][::2] ^ 1
    places = np.arange(1_500) * 4
    nearest, _ = find_nearest_rows(rows[places], rows, SPEC, places)
    assert nearest.tolist() == (places + 1).tolist()
