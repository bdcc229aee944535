"""Weights of a side are the same to the last bit, whichever way they are computed."""

import numpy as np
import pytest

from smartdownsample.features import side_weights
from smartdownsample.features.lanczos import compute_weights, estimate_weights
from smartdownsample.features.side_weights import SideWeights, compute_side_weights
from smartdownsample.features.thumbnails import GREY_WEIGHTS


def are_same(some: SideWeights, others: SideWeights) -> bool:
    """Tell whether all weights are equal."""
    pairs = (some.down, others.down), (some.cells, others.cells), (some.greys, others.greys)
    return all(np.array_equal(a, b) for a, b in pairs)


def weigh_plainly(length: int, n_halvings: int, hash_size: int) -> SideWeights:
    """Compute weights step by step, as their formula says."""
    weights = compute_weights(length, 32, hash_size, hash_size + 1, hash_size // 2)
    colours = weights[:32].reshape(4, 8, length).mean(axis=1)
    weights = np.vstack([colours, weights[32:]])
    for _ in range(n_halvings):
        pairs = np.pad(weights, ((0, 0), (0, weights.shape[1] % 2)))
        pairs = pairs[:, ::2] + pairs[:, 1::2]
        edged = np.pad(pairs, ((0, 0), (1, 1)), mode="edge")
        weights = pairs - np.diff(edged, 2, axis=1) / 16
    cells, heights, widths, sides = np.split(
        weights, np.cumsum([4, hash_size, hash_size + 1]).tolist()
    )
    greys = np.concatenate([widths, sides]).repeat(3, axis=1)
    greys = greys * np.tile(GREY_WEIGHTS, weights.shape[1])
    parts = (np.concatenate([cells, heights, sides]), 2**15), (cells, 2**22), (greys, 2**22)
    down, across, mixed = (
        np.diff(np.rint(part.cumsum(axis=1) * n_steps), axis=1, prepend=0) / n_steps
        for part, n_steps in parts
    )
    return SideWeights(down.astype(np.float32), across, mixed.T)


@pytest.mark.parametrize(("n_halvings", "lengths"), [(0, range(1, 240, 7)), (1, range(96, 432, 9))])
def test_weights_are_those_of_the_plain_formula(n_halvings: int, lengths: range) -> None:
    """To the last bit: features of stores that are there must not change."""
    for length in (*lengths, 700 * (n_halvings + 1) + 1):
        expected = weigh_plainly(length, n_halvings, 8)
        assert are_same(compute_side_weights(length, n_halvings, 8), expected)


@pytest.mark.parametrize("hash_size", [2, 8, 16, 32])
def test_estimated_weights_are_rounded_as_computed_ones(
    hash_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a sample of lengths, halved or not."""
    sides = [(length, halvings) for length in range(1, 2000, 61) for halvings in range(3)]
    quick = [compute_side_weights(*side, hash_size) for side in sides]
    monkeypatch.setattr(side_weights, "estimate_weights", compute_weights)
    for side, ours in zip(sides, quick, strict=True):
        assert are_same(ours, compute_side_weights(*side, hash_size))


def test_most_weights_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow way is for the few lengths whose rounding is not sure, and for enlarging."""
    computed = []

    def compute(length: int, *sides: int) -> object:
        computed.append(length)
        return compute_weights(length, *sides)

    monkeypatch.setattr(side_weights, "compute_weights", compute)
    for length in range(20, 520, 5):
        compute_side_weights(length, 0, 8)
    assert computed[:3] == [20, 25, 30]
    assert 3 <= len(computed) < 20


def test_what_is_not_sure_is_computed_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """An estimate too near to half a step is not used, however wrong it is."""
    expected = compute_side_weights(240, 1, 8)
    monkeypatch.setattr(side_weights, "_SURE_STEPS", 0)
    monkeypatch.setattr(
        side_weights, "estimate_weights", lambda *lengths: compute_weights(*lengths) / 2
    )
    found = compute_side_weights(240, 1, 8)
    assert are_same(found, expected)


def test_estimates_are_as_near_as_it_takes() -> None:
    """Sums of weights are fifty times nearer than the millionth of a step that is allowed."""
    for length in (34, 60, 107, 240, 641, 3000):
        estimated, computed = (
            compute(length, 32, 8, 9, 4).cumsum(axis=1)
            for compute in (estimate_weights, compute_weights)
        )
        assert np.abs(estimated - computed).max() < 1e-6 / 2**22 / 50


def test_weights_are_multiples_of_steps_that_add_up_to_one() -> None:
    """A float32 holds those along the columns exactly, which are multiplied first."""
    for length, n_halvings in ((1, 0), (9, 0), (107, 0), (241, 1), (999, 3)):
        down, cells, greys = compute_side_weights(length, n_halvings, 8)
        halved = -(-length // 2**n_halvings)
        assert down.dtype == np.float32
        assert (down.shape, cells.shape, greys.shape) == (
            (16, halved),
            (4, halved),
            (3 * halved, 13),
        )
        for part, n_steps in ((down, 2**15), (cells, 2**22), (greys.T, 2**22)):
            assert (part.sum(axis=1, dtype=np.float64) == 1).all()
            assert not (part.astype(np.float64) * n_steps % 1).any()
