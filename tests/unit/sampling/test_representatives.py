"""Every image belongs to a pick."""

from dataclasses import replace

import numpy as np
import pytest

from feature_tables import make_table, scenes_of
from pools import SPEC, make_bursts
from smartdownsample import ImageIndex
from whole_photos import photo_table


def test_each_belongs_to_the_pick_of_its_event() -> None:
    """Where there is one; a pick stands for itself."""
    index = ImageIndex(make_table(200))
    selection = index.sample(40)
    representatives = selection.representatives
    assert representatives[selection.rows].tolist() == selection.rows.tolist()
    assert set(representatives.tolist()) == set(selection.rows.tolist())
    own = scenes_of(np.arange(200))
    has_pick = np.isin(own, scenes_of(selection.rows))
    assert (scenes_of(representatives)[has_pick] == own[has_pick]).all()
    assert selection.n_represented.tolist() == [5] * 40


def test_counts_add_up_to_the_collection() -> None:
    """Each image is counted once."""
    index = ImageIndex(make_table(333))
    for n in (1, 7, 100, 333):
        selection = index.sample(n)
        assert selection.n_represented.sum() == 333
        assert selection.n_represented.min() >= 1
        assert selection.to_arrow()["n_represented"].to_pylist() == selection.n_represented.tolist()


def test_of_those_beside_it_the_one_that_looks_most_like_it_counts() -> None:
    """Two scenes that alternate, without times."""
    scenes = np.arange(40) // 2 % 2
    rows = make_bursts(scenes)
    index = ImageIndex(photo_table(SPEC, [f"cam/{row:02}.jpg" for row in range(40)], rows))
    chosen = np.array([4, 5, 18, 19, 30, 31], dtype=np.int64)
    selection = replace(index.sample(6), rows=chosen)
    assert scenes[chosen].tolist() == [0, 0, 1, 1, 1, 1]
    beside = selection.representatives
    # Two before and two after: those between the first and the second pair have both.
    assert (scenes[beside] == scenes)[6:18].all()


@pytest.mark.parametrize("is_kept", [False, True])
def test_images_selected_before_stand_for_others(*, is_kept: bool) -> None:
    """And are counted for nothing new."""
    index = ImageIndex(make_table(100))
    earlier = index.sample(10, random_seed=1)
    selection = index.sample(10, keep=earlier.paths if is_kept else ())
    found = set(selection.representatives.tolist())
    assert bool(found & set(earlier.rows.tolist()) - set(selection.rows.tolist())) == is_kept
    assert (selection.n_represented.sum() < 100) == is_kept


def test_groups_stand_for_themselves() -> None:
    """As far as they have a pick."""
    index = ImageIndex(make_table(120))
    labels = np.array(["a", "b"])[np.arange(120) % 2]
    selection = index.sample(20, groups=labels)
    assert (labels[selection.representatives] == labels).all()


def test_nothing_selected_stands_for_nothing() -> None:
    """No image has a representative."""
    selection = ImageIndex(make_table(10)).sample(0)
    assert selection.representatives.tolist() == [-1] * 10
    assert selection.n_represented.tolist() == []
    assert len(ImageIndex(make_table(0)).sample(3).representatives) == 0
