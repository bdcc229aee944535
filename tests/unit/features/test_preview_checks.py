"""Tests of smartdownsample.features.preview_checks."""

import numpy as np

from smartdownsample.features import MIN_COMPARED, N_CHECKED, choose_checked, is_trusted
from smartdownsample.records import FLAG_ALIKE, FLAG_CHECKED, FLAG_COMPARED

CHECKED, COMPARED = FLAG_CHECKED, FLAG_CHECKED | FLAG_COMPARED
ALIKE = COMPARED | FLAG_ALIKE


def test_checked_images_are_evenly_spread() -> None:
    """Distinct, from first to last, and none where all would be."""
    assert choose_checked(np.arange(100)).tolist() == [10, 30, 50, 70, 90]
    assert choose_checked(np.arange(50, 56)).tolist() == [50, 51, 53, 54, 55]
    for n in range(N_CHECKED + 1, 40):
        assert len(set(choose_checked(np.arange(n)).tolist())) == N_CHECKED
    for n in range(N_CHECKED + 1):
        assert choose_checked(np.arange(n)).tolist() == []


def test_a_folder_is_trusted_when_enough_are_compared_and_all_alike() -> None:
    """Most photos must have a preview, and none may be unlike it."""
    assert is_trusted(np.array([ALIKE] * N_CHECKED, dtype=np.uint8))
    assert is_trusted(np.array([ALIKE] * MIN_COMPARED + [CHECKED] * 2, dtype=np.uint8))
    assert not is_trusted(np.array([ALIKE] * (MIN_COMPARED - 1) + [CHECKED], dtype=np.uint8))
    assert not is_trusted(np.array([ALIKE] * N_CHECKED + [COMPARED], dtype=np.uint8))
    assert not is_trusted(np.zeros(0, dtype=np.uint8))
