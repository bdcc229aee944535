"""Rankings are nested selections, each of them exact."""

import numpy as np
import pytest

from feature_tables import make_table, scenes_of
from pools import make_bursts, make_pool
from smartdownsample import ImageIndex, InvalidParameterError
from smartdownsample.sampling.nested_ranking import hand_down


def test_a_ranking_holds_every_image_once() -> None:
    """The places are those of the rows; the first N are nested by nature."""
    index = ImageIndex(make_table(150))
    ranking = index.rank()
    assert sorted(ranking.rows.tolist()) == list(range(150))
    assert ranking.places[ranking.rows].tolist() == list(range(150))
    assert ranking.paths == [index.paths[row] for row in ranking.rows]
    assert repr(ranking) == "<Ranking of 150 of 150 images>"
    assert set(ranking.first(40).paths) == set(ranking.paths[:40])
    assert ranking.first(40).paths == sorted(ranking.first(40).paths)
    assert len(ranking.first(1000)) == 150


@pytest.mark.parametrize("quotas", ["proportional", "equal"])
def test_every_first_n_represents_the_buckets(quotas: str) -> None:
    """As many buckets as there are images, the largest first; then all."""
    index = ImageIndex(make_table(300, burst=1))
    ranking = index.rank(quotas=quotas)  # type: ignore[arg-type] # of the parameters above
    sizes = np.bincount(index.codes, minlength=256)
    for n in range(1, 120):
        codes = index.codes[ranking.rows[:n]]
        n_buckets = int((sizes > 0).sum())
        assert len(np.unique(codes)) == min(n, n_buckets)
        if n <= n_buckets:
            assert sizes[codes].min() >= np.sort(sizes[sizes > 0])[::-1][n - 1]


def test_a_bucket_has_about_its_share_of_every_first_n() -> None:
    """As in a selection: one, and of the rest about what falls to it."""
    index = ImageIndex(make_table(600, burst=1))
    ranking = index.rank(300)
    for n in (100, 137, 200, 300):
        for bucket in ranking.first(n).buckets:
            assert abs(bucket.n_kept - bucket.size * n / 600) <= 1 + 3 * np.sqrt(bucket.size / 4)


def test_the_first_ones_are_of_different_bursts() -> None:
    """Random order would leave a third of them out."""
    index = ImageIndex(make_table(500))
    rows = index.rank(100).rows
    for n in (25, 60, 100):
        assert len(np.unique(scenes_of(rows[:n]))) >= 0.85 * n


def test_a_longer_ranking_begins_with_a_shorter_one() -> None:
    """What is labelled already is not wasted."""
    index = ImageIndex(make_table(200))
    whole = index.rank().rows.tolist()
    for limit in (1, 10, 33, 50, 99, 150):
        assert index.rank(limit).rows.tolist() == whole[:limit]


def test_a_limit_takes_no_more_than_asked_for() -> None:
    """Zero gives nothing, more than there are gives all."""
    index = ImageIndex(make_table(50))
    assert [len(index.rank(limit)) for limit in (0, 1, 7, 50, 99)] == [0, 1, 7, 50, 50]
    assert len(ImageIndex(make_table(0)).rank()) == 0


def test_earlier_images_are_not_ranked() -> None:
    """They count, like in a selection."""
    index = ImageIndex(make_table(60))
    ranking = index.rank(keep=index.paths[:10])
    assert sorted(ranking.rows.tolist()) == list(range(10, 60))
    assert ranking.earlier_rows.tolist() == list(range(10))
    assert (ranking.places[:10] == -1).all()


def test_every_group_has_one_before_any_bucket_has_its_first() -> None:
    """One large group of many buckets, and twenty small ones."""
    index = ImageIndex(make_table(600, burst=1))
    labels = ["large"] * 560 + [f"small {i // 2}" for i in range(40)]
    ranking = index.rank(groups=labels, random_seed=3)
    for n in (21, 25, 30):
        assert sum(group.n_kept > 0 for group in ranking.first(n).groups) == 21


def test_groups_and_sequences_are_heeded() -> None:
    """Each group is represented from the start."""
    index = ImageIndex(make_table(90))
    labels = ["a"] * 60 + ["b"] * 25 + ["c"] * 5
    ranking = index.rank(groups=labels, balance=1.0, max_per_sequence=1)
    assert len(ranking) == 18
    assert [group.n_kept for group in ranking.first(3).groups] == [1, 1, 1]


def test_the_seed_decides() -> None:
    """Same seed, same ranking."""
    index = ImageIndex(make_table(200))
    rankings = [index.rank(random_seed=seed).rows.tolist() for seed in (1, 1, 2)]
    assert rankings[0] == rankings[1] != rankings[2]


def test_what_gives_no_nested_selections_is_refused() -> None:
    """With what is allowed."""
    index = ImageIndex(make_table(20))
    with pytest.raises(InvalidParameterError, match="'quotas' parameter must be 'proportional' or"):
        index.rank(quotas="two-phase")
    with pytest.raises(InvalidParameterError, match="'limit' parameter must be an integer"):
        index.rank(-1)
    with pytest.raises(InvalidParameterError, match="'target_count' parameter must be an integer"):
        index.rank().first(-1)


def test_places_that_remain_stand_for_those_that_were_dropped() -> None:
    """First for their own event, then for the nearest events without any, in their segment."""
    rows = make_bursts(np.zeros(12, dtype=np.int64))
    minutes = np.array([0, 0, 0, 9, 9, 18, 27, 36, 45, 45, 54, 63])
    rows["captured"] = np.datetime64("2024-01-01", "ms") + minutes.astype("timedelta64[m]")
    pool = make_pool(rows, regime="timed", groups=np.repeat([0, 1], [9, 3]))
    assert pool.worth[[0, 3, 8, 9]].tolist() == [1 / 3, 1 / 2, 1, 1]
    among = np.array([0, 2, 5, 9])
    # Events of three, two and one frame; of the second group the last frames go to the first.
    assert hand_down(pool, among).tolist() == [1, 1, 4, 3]
    assert hand_down(pool, np.arange(12)).tolist() == pool.worth.tolist()
