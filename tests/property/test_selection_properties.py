"""What holds for every collection, whatever its pictures, buckets, target and seed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import Image

import oracles
from pictures import make_single_thumbnails
from smartdownsample.buckets import N_CODES, encode_buckets
from smartdownsample.features import compute_features, make_spec
from smartdownsample.model import ByteArray, RowArray
from smartdownsample.picking import pick_rows, step_evenly
from smartdownsample.quotas import allocate_quotas
from smartdownsample.resample import make_thumbnails, resize_lanczos

sizes_of_buckets = st.lists(st.integers(1, 400), min_size=1, max_size=80)
targets = st.integers(0, 4000)
seeds = st.integers(0, 2**64 - 1)
# Few codes make large buckets, all 80 make small ones.
codes_of_items = st.integers(1, N_CODES).flatmap(
    lambda n_codes: st.lists(st.integers(0, n_codes - 1), max_size=300)
)
hash_sizes = st.sampled_from([2, 3, 4, 7, 8, 16])
levels = st.integers(0, 255)
pictures = st_numpy.arrays(
    np.uint8,
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)),
    elements=levels,
)
chunks = st.lists(pictures, min_size=1, max_size=5)


def allocate(sizes: Sequence[int], target_count: int) -> list[int]:
    return [int(quota) for quota in allocate_quotas(np.array(sizes, dtype=np.int64), target_count)]


def pick(codes: Sequence[int], target_count: int, seed: int) -> list[int]:
    return [int(row) for row in pick_rows(np.array(codes, dtype=np.uint8), target_count, seed)]


def describe(chunk: Sequence[ByteArray], hash_size: int) -> RowArray:
    """Compute the feature rows of pictures in one go."""
    return compute_features(
        make_thumbnails(chunk, hash_size),
        [(pixels.shape[1], pixels.shape[0]) for pixels in chunk],
        make_spec(hash_size, "exact"),
    )


@given(sizes_of_buckets, targets)
def test_quotas_add_up_and_fit(sizes: list[int], target_count: int) -> None:
    """Their sum is exact, and none is negative or beyond its bucket."""
    quotas = allocate(sizes, target_count)
    assert sum(quotas) == min(target_count, sum(sizes))
    assert all(0 <= quota <= size for quota, size in zip(quotas, sizes, strict=True))


@given(sizes_of_buckets, targets)
def test_quotas_equal_the_scalar_version(sizes: list[int], target_count: int) -> None:
    """One each, then largest remainder, in exact fractions."""
    assert allocate(sizes, target_count) == oracles.allocate_quotas(sizes, target_count)


@given(sizes_of_buckets, st.integers(0, 4000))
def test_every_bucket_has_a_quota(sizes: list[int], n_more: int) -> None:
    """From as many picks as buckets on."""
    assert min(allocate(sizes, len(sizes) + n_more)) >= 1


@given(sizes_of_buckets, targets)
def test_larger_buckets_never_get_less(sizes: list[int], target_count: int) -> None:
    """Quotas rise with sizes."""
    quotas = allocate(sizes, target_count)
    ordered = [quota for _, quota in sorted(zip(sizes, quotas, strict=True))]
    assert ordered == sorted(ordered)


@given(sizes_of_buckets, targets)
def test_equal_buckets_differ_by_one_at_most(sizes: list[int], target_count: int) -> None:
    """What cannot be shared evenly is a single pick."""
    by_size: dict[int, set[int]] = {}
    for size, quota in zip(sizes, allocate(sizes, target_count), strict=True):
        by_size.setdefault(size, set()).add(quota)
    assert all(max(quotas) - min(quotas) <= 1 for quotas in by_size.values())


@given(st.integers(1, 10**6), st.data())
def test_steps_are_distinct_even_and_inside(n: int, data: st.DataObject) -> None:
    """Gaps differ by one at most, also around the end."""
    quota = data.draw(st.integers(1, min(n, 500)))
    start = data.draw(st.floats(0, 1, exclude_max=True))
    places = step_evenly(n, quota, start).tolist()
    assert places == oracles.step_evenly(n, quota, start)
    assert 0 <= places[0] <= places[-1] < n
    gaps = [b - a for a, b in zip(places, [*places[1:], places[0] + n], strict=True)]
    assert max(gaps) - min(gaps) <= 1
    assert min(gaps) >= 1


@given(codes_of_items, targets, seeds)
def test_picks_are_distinct_rows_exactly_as_many_as_wanted(
    codes: list[int], target_count: int, seed: int
) -> None:
    """A subset in natural order, of exactly min(N, n)."""
    rows = pick(codes, target_count, seed)
    assert len(rows) == min(target_count, len(codes))
    assert rows == sorted(set(rows))
    assert set(rows) <= set(range(len(codes)))


@given(codes_of_items, targets, seeds)
def test_picks_equal_the_scalar_version(codes: list[int], target_count: int, seed: int) -> None:
    """Bucket by bucket, place by place."""
    assert pick(codes, target_count, seed) == oracles.pick_rows(codes, target_count, seed)


@given(codes_of_items, st.integers(0, 300), seeds)
def test_every_bucket_is_represented(codes: list[int], n_more: int, seed: int) -> None:
    """From as many picks as buckets on."""
    rows = pick(codes, len(set(codes)) + n_more, seed)
    assert {codes[row] for row in rows} == set(codes)


@given(codes_of_items, targets, seeds)
def test_too_few_picks_are_of_different_buckets(
    codes: list[int], target_count: int, seed: int
) -> None:
    """With fewer picks than buckets no bucket gives two."""
    target_count %= len(set(codes)) + 1
    rows = pick(codes, target_count, seed)
    assert len({codes[row] for row in rows}) == len(rows) == target_count


@given(codes_of_items, targets, seeds, st.integers(0, 2**32 - 1))
def test_global_random_state_neither_matters_nor_changes(
    codes: list[int], target_count: int, seed: int, global_seed: int
) -> None:
    """The seed is the only chance there is."""
    expected = pick(codes, target_count, seed)
    with random_state_of(global_seed) as read_state:
        before = read_state()
        assert pick(codes, target_count, seed) == expected
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


@given(codes_of_items, targets, seeds)
def test_numbers_of_buckets_do_not_matter_but_their_order(
    codes: list[int], target_count: int, seed: int
) -> None:
    """Codes are labels: the same partition numbered otherwise in the same order picks the same."""
    renumbered = [2 * code + 7 for code in codes]
    assert pick(renumbered, target_count, seed) == pick(codes, target_count, seed)


@given(pictures, hash_sizes)
def test_thumbnails_are_pillows(pixels: ByteArray, hash_size: int) -> None:
    """To the bit."""
    expected = oracles.make_thumbnails(Image.fromarray(pixels), hash_size)
    for got, wanted in zip(make_single_thumbnails(pixels, hash_size), expected, strict=True):
        assert np.array_equal(got, np.array(wanted))


@given(pictures, st.integers(1, 40), st.integers(1, 40))
def test_resize_commutes_with_mirroring_but_for_ties(
    pixels: ByteArray, width: int, height: int
) -> None:
    """The filter favours no side."""
    mirrored = resize_lanczos(pixels[::-1, ::-1], width, height)[::-1, ::-1]
    gaps = np.abs(resize_lanczos(pixels, width, height).astype(int) - mirrored)
    assert gaps.max() <= 2


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
        assert (row["height"], row["width"]) == pixels.shape[:2]
        assert code == oracles.bucket_code(expected.key)


@given(chunks, hash_sizes, st.randoms(use_true_random=False))
def test_rows_of_a_shuffled_chunk_are_the_rows_shuffled(
    chunk: list[ByteArray], hash_size: int, random: Random
) -> None:
    """No picture's features depend on its neighbours or its place."""
    order = list(range(len(chunk)))
    random.shuffle(order)
    shuffled = describe([chunk[place] for place in order], hash_size)
    np.testing.assert_array_equal(shuffled, describe(chunk, hash_size)[order])


@given(chunks, hash_sizes)
def test_rows_of_a_chunk_are_those_of_single_pictures(
    chunk: list[ByteArray], hash_size: int
) -> None:
    """How a collection is cut into chunks changes nothing."""
    singles = np.concatenate([describe([pixels], hash_size) for pixels in chunk])
    np.testing.assert_array_equal(describe(chunk, hash_size), singles)


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
