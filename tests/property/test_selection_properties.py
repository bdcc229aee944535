"""What holds for every collection, whatever its pictures, buckets, target and seed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Literal, get_args

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import Image

import oracles
from pictures import are_equal, make_single_thumbnails
from pools import make_bursts, make_pool, make_scattered_rows, pick
from smartdownsample.features.columns import compute_features
from smartdownsample.features.exact_thumbnails import make_thumbnails
from smartdownsample.features.spec import make_spec
from smartdownsample.records import ByteArray, IntArray, Regime, RowArray
from smartdownsample.sampling.buckets import encode_buckets
from smartdownsample.sampling.pool import Pool

PoolAndCounts = tuple[Pool, IntArray]
# Whether looks count.
Looks = Literal[True, False]

regimes = st.sampled_from(get_args(Regime))
looks = st.sampled_from(get_args(Looks))
seeds = st.integers(0, 2**64 - 1)
hash_sizes = st.sampled_from([2, 3, 4, 7, 8, 16])
levels = st.integers(0, 255)
pictures = st_numpy.arrays(
    np.uint8,
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)),
    elements=levels,
)
chunks = st.lists(pictures, min_size=1, max_size=5)


@st.composite
def draw_pools(draw: st.DrawFn) -> PoolAndCounts:
    """Draw a pool of a few strata, each with a count that it can give; some items are kept."""
    n_strata = draw(st.integers(1, 6))
    items = draw(
        st.lists(
            st.tuples(st.integers(0, n_strata - 1), st.integers(0, 12), st.integers(0, 4)),
            min_size=1,
            max_size=60,
        )
    )
    strata, scenes, dice = np.array(items, dtype=np.int64).T
    strata[0] = n_strata - 1  # numbers of strata end where one is
    rows = make_bursts(scenes)
    ms = np.cumsum(1 + dice * 20_000)
    rows["captured"] = np.datetime64("2024-01-01", "ms") + ms.astype("timedelta64[ms]")
    pool = make_pool(rows, strata, kept=np.flatnonzero(dice == 0), regime=draw(regimes))
    sizes = np.bincount(strata[dice != 0], minlength=n_strata)
    counts = [draw(st.integers(0, size)) for size in sizes.tolist()]
    return pool, np.array(counts, dtype=np.int64)


@st.composite
def draw_grouped_pools(draw: st.DrawFn) -> tuple[Pool, IntArray, IntArray]:
    """Draw a pool of a few groups of strata, with counts for groups, and the groups of strata."""
    n_groups = draw(st.integers(1, 3))
    n = draw(st.integers(1, 60))
    groups = np.array(draw(st.lists(st.integers(0, n_groups - 1), min_size=n, max_size=n)))
    kinds = np.array(draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)))
    keys, strata = np.unique(groups * 10 + kinds, return_inverse=True)
    scenes = np.array(draw(st.lists(st.integers(0, 12), min_size=n, max_size=n)))
    pool = make_pool(make_bursts(scenes), strata, groups=groups, regime=draw(regimes))
    n_strata = np.bincount(keys // 10, minlength=n_groups)
    sizes = np.bincount(groups, minlength=n_groups)
    pairs = zip(n_strata.tolist(), sizes.tolist(), strict=True)
    return pool, np.array([draw(st.integers(*pair)) for pair in pairs]), keys // 10


def describe(chunk: Sequence[ByteArray], hash_size: int) -> RowArray:
    """Compute the feature rows of pictures in one go."""
    return compute_features(make_thumbnails(chunk, hash_size), make_spec(hash_size, "exact"))


@given(draw_pools(), looks, seeds)
def test_picks_are_distinct_free_rows_and_meet_the_counts(
    pool_and_counts: PoolAndCounts, by_looks: Looks, seed: int
) -> None:
    """None of them is kept, and of each stratum there are exactly as many as its count."""
    pool, counts = pool_and_counts
    rows = pick(pool, counts, seed, by_looks=by_looks)
    assert rows == sorted(set(rows))
    assert set(rows) <= set(pool.items[~pool.is_kept].tolist())
    assert np.bincount(_of(pool, rows), minlength=len(counts)).tolist() == counts.tolist()


@given(draw_grouped_pools(), looks, seeds)
def test_every_stratum_is_represented_and_counts_of_groups_are_met(
    drawn: tuple[Pool, IntArray, IntArray], by_looks: Looks, seed: int
) -> None:
    """Where groups have counts, at least as many as they have strata."""
    pool, counts, groups = drawn
    wanted = [True] * len(groups)
    rows = pick(pool, counts, seed, is_represented=wanted, by_looks=by_looks)
    assert rows == sorted(set(rows))
    n_picks = np.bincount(_of(pool, rows), minlength=len(groups))
    assert (n_picks > 0).all()
    assert np.bincount(groups, n_picks, len(counts)).tolist() == counts.tolist()


def _of(pool: Pool, rows: Sequence[int]) -> IntArray:
    """List the strata of rows."""
    strata = np.empty(len(pool.rows), dtype=np.int64)
    strata[pool.items] = pool.strata
    return strata[list(rows)]


@settings(max_examples=12)
@given(st.integers(1200, 3000), st.integers(1, 7), regimes, seeds)
def test_picks_of_many_points_meet_the_counts(
    n: int, n_strata: int, regime: Regime, seed: int
) -> None:
    """Also where candidates are too many to be compared all with all."""
    rng = np.random.default_rng(seed)
    strata = rng.integers(n_strata, size=n)
    kept = np.flatnonzero(rng.random(n) < 0.1)
    rows = make_scattered_rows(n, seed % 1000)
    rows["captured"] = np.datetime64("2024-01-01", "ms") + np.arange(n) * np.timedelta64(9, "s")
    pool = make_pool(rows, strata, kept, regime=regime)
    sizes = np.bincount(np.delete(strata, kept), minlength=int(strata.max()) + 1)
    counts = rng.integers(sizes * 3 // 4 + 1)
    picks = pick(pool, counts, seed)
    assert picks == sorted(set(picks))
    assert not set(picks) & set(kept.tolist())
    assert np.bincount(strata[picks], minlength=len(counts)).tolist() == counts.tolist()


@given(draw_pools(), looks, seeds)
def test_one_seed_gives_one_selection(
    pool_and_counts: PoolAndCounts, by_looks: Looks, seed: int
) -> None:
    """The generator is the only chance there is."""
    pool, counts = pool_and_counts
    assert pick(pool, counts, seed, by_looks=by_looks) == pick(
        pool, counts, seed, by_looks=by_looks
    )


@given(draw_pools(), looks, seeds, st.integers(0, 2**32 - 1))
def test_global_random_state_neither_matters_nor_changes(
    pool_and_counts: PoolAndCounts, by_looks: Looks, seed: int, global_seed: int
) -> None:
    """NumPy's old generator belongs to the caller."""
    pool, counts = pool_and_counts
    expected = pick(pool, counts, seed, by_looks=by_looks)
    with random_state_of(global_seed) as read_state:
        before = read_state()
        assert pick(pool, counts, seed, by_looks=by_looks) == expected
        assert read_state() == before


@contextmanager
def random_state_of(global_seed: int) -> Iterator[Callable[[], str]]:
    """Set NumPy's global random state for a while; yields a function that reads it."""
    kept = np.random.get_state()  # noqa: NPY002 - the old global state is what is tested
    np.random.seed(global_seed)  # noqa: NPY002 - as above
    try:
        yield lambda: repr(np.random.get_state(legacy=False))  # noqa: NPY002 - as above
    finally:
        np.random.set_state(kept)  # noqa: NPY002 - as above


@given(st.integers(2, 200), st.integers(1, 60), seeds)
def test_even_steps_leave_no_gap(n: int, quota: int, seed: int) -> None:
    """Neighbouring picks are a step apart, but for rounding, whatever the pictures."""
    quota = min(quota, n - 1)
    rows = pick(make_pool(make_scattered_rows(n, 1)), quota, seed, by_looks=False)
    gaps = np.diff([*rows, rows[0] + n])
    assert gaps.max() <= -(-n // quota) + 1


@given(pictures, hash_sizes)
def test_thumbnails_are_pillows(pixels: ByteArray, hash_size: int) -> None:
    """To the bit."""
    expected = oracles.stack_thumbnails(oracles.make_thumbnails(Image.fromarray(pixels), hash_size))
    assert are_equal(make_single_thumbnails(pixels, hash_size), expected)


@given(chunks, hash_sizes)
def test_features_of_a_chunk_equal_the_scalar_formulas(
    chunk: list[ByteArray], hash_size: int
) -> None:
    """Every field and the code of every row."""
    rows = describe(chunk, hash_size)
    codes = encode_buckets(rows, make_spec(hash_size, "exact"))
    for row, code, pixels in zip(rows, codes.tolist(), chunk, strict=True):
        thumbnails = oracles.list_thumbnails(*make_single_thumbnails(pixels, hash_size))
        expected = oracles.describe_thumbnails(thumbnails, hash_size)
        assert row["dhash"].tobytes() == oracles.pack_bits(expected.dhash)
        assert row["ahash"].tobytes() == oracles.pack_bits(expected.ahash)
        assert row["mean_rgb"].tolist() == [float(mean) for mean in expected.mean_rgb]
        assert np.abs(row["lab_layout"] - np.array(expected.lab_layout)).max() <= 0.5 + 1e-9
        assert code == oracles.bucket_code(expected.key)


@given(chunks, hash_sizes, st.randoms(use_true_random=False))
def test_rows_of_a_shuffled_chunk_are_the_rows_shuffled(
    chunk: list[ByteArray], hash_size: int, random: Random
) -> None:
    """No picture's features depend on its neighbours or its place."""
    order = list(range(len(chunk)))
    random.shuffle(order)
    shuffled = describe([chunk[place] for place in order], hash_size)
    assert shuffled.tobytes() == describe(chunk, hash_size)[order].tobytes()


@given(chunks, hash_sizes)
def test_rows_of_a_chunk_are_those_of_single_pictures(
    chunk: list[ByteArray], hash_size: int
) -> None:
    """How a collection is cut into chunks changes nothing."""
    singles = np.concatenate([describe([pixels], hash_size) for pixels in chunk])
    assert describe(chunk, hash_size).tobytes() == singles.tobytes()


@given(st.lists(st.tuples(levels, levels, levels), min_size=1, max_size=60), st.randoms())
def test_codes_depend_on_nothing_but_their_own_row(
    colours: list[tuple[int, int, int]], random: Random
) -> None:
    """Codes of shuffled rows are the codes shuffled, and are those of the scalar formulas."""
    spec = make_spec(8, "exact")
    rows = np.zeros(len(colours), dtype=spec.row_dtype)
    rows["mean_rgb"] = colours
    codes = encode_buckets(rows, spec)
    order = list(range(len(rows)))
    random.shuffle(order)
    np.testing.assert_array_equal(encode_buckets(rows[order], spec), codes[order])
    for colour, code in zip(colours, codes.tolist(), strict=True):
        mean = oracles.average_colours([colour])
        assert code == oracles.bucket_code(oracles.bucket_key([0] * 64, [0] * 16, mean, 8))
