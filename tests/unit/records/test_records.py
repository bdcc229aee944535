"""Tests of smartdownsample.records."""

import numpy as np
import pytest

from smartdownsample import FeatureSpec, ImageIndex


@pytest.mark.parametrize(
    ("hash_size", "dhash_bytes", "ahash_bytes"), [(2, 1, 1), (8, 8, 2), (9, 11, 2), (32, 128, 32)]
)
def test_a_row_holds_the_bits_of_its_hashes(
    hash_size: int, dhash_bytes: int, ahash_bytes: int
) -> None:
    """Bits are packed; a last byte may be part full."""
    dtype = FeatureSpec(hash_size, "fast", 1).row_dtype
    assert dtype["dhash"].shape == (dhash_bytes,)
    assert dtype["ahash"].shape == (ahash_bytes,)


def test_specs_that_differ_have_different_fingerprints() -> None:
    """Rows of different specs never share a folder."""
    specs = [
        FeatureSpec(hash_size, decode, version)
        for hash_size in (8, 16)
        for decode in ("exact", "fast", "preview")
        for version in (1, 2)
    ]
    assert len({spec.fingerprint for spec in specs}) == len(specs)
    assert [FeatureSpec.from_fingerprint(spec.fingerprint) for spec in specs] == specs


def test_a_selection_counts_its_buckets_largest_first(collection: list[str]) -> None:
    """Sizes add up to the collection and kept ones to the selection."""
    selection = ImageIndex.build(collection).sample(15)
    sizes = [bucket.size for bucket in selection.buckets]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == 60
    assert sum(bucket.n_kept for bucket in selection.buckets) == len(selection) == 15
    for bucket in selection.buckets:
        is_in_bucket = selection.codes == bucket.code
        assert bucket.size == is_in_bucket.sum()
        assert bucket.n_kept == (is_in_bucket & selection.is_kept).sum()


def test_paths_and_indices_of_a_selection_agree(collection: list[str]) -> None:
    """An index leads to the path in the caller's list."""
    shuffled = [collection[i] for i in np.random.default_rng(0).permutation(60)]
    selection = ImageIndex.build(shuffled).sample(15)
    assert [shuffled[i] for i in selection.indices] == selection.paths
