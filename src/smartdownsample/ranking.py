"""Nested selections: an order of items of which every first N are a good selection."""

from dataclasses import dataclass, replace

import numpy as np

from .looks import DistanceArray
from .model import BoolArray, ByteArray, FeatureTable, GroupLabels, IntArray, Selection
from .parameters import check_integer
from .picking import pick_rows
from .sampling import Frame, SamplingOptions, allocate_strata, make_frame
from .separation import rank_within

# Each round adds half of what is there. Larger rounds are faster and better at their ends, and the
# selections between their ends worse.
_GROWTH = 1.5


@dataclass(frozen=True, eq=False, repr=False)
class Ranking:
    """Items of a collection in an order of which every first N are a selection.

    Attributes
    ----------
    table : FeatureTable
        The collection.
    codes : ndarray of uint8, shape (n,)
        Each item's bucket.
    rows : ndarray of int64, shape (k,)
        Rows of the table, first the one to take first.
    random_seed : int or None
        The seed that they were ranked with.
    labels : GroupLabels or None
        The groups, if any.
    earlier_rows : ndarray of int64
        Rows selected before, which are not ranked.
    """

    table: FeatureTable
    codes: ByteArray
    rows: IntArray
    random_seed: int | None
    labels: GroupLabels | None
    earlier_rows: IntArray

    def __len__(self) -> int:
        """Count the ranked items."""
        return len(self.rows)

    def __repr__(self) -> str:
        """Show the counts."""
        return f"<Ranking of {len(self):,} of {len(self.table):,} images>"

    @property
    def paths(self) -> list[str]:
        """Paths in the order of rank, each as the caller gave it."""
        return [self.table.paths[row] for row in self.rows.tolist()]

    @property
    def indices(self) -> IntArray:
        """Places in the caller's list, in the order of rank, shape (k,)."""
        return self.table.indices[self.rows]

    @property
    def places(self) -> IntArray:
        """Rank of each item of the table, from 0, shape (n,); -1 for items without one."""
        places = np.full(len(self.table), -1)
        places[self.rows] = np.arange(len(self.rows))
        return places

    def first(self, target_count: int) -> Selection:
        """Select the first items.

        Parameters
        ----------
        target_count : int
            How many, at least 0.

        Returns
        -------
        Selection
            Of ``min(target_count, len(self))`` items, in natural order.
        """
        target_count = check_integer("target_count", target_count, at_least=0)
        return Selection(
            table=self.table,
            codes=self.codes,
            rows=np.sort(self.rows[:target_count]),
            target_count=target_count,
            random_seed=self.random_seed,
            labels=self.labels,
            earlier_rows=self.earlier_rows,
        )


def draw_ranking(
    table: FeatureTable,
    codes: ByteArray,
    steps: DistanceArray,
    limit: int | None,
    random_seed: int | None,
    options: SamplingOptions,
) -> Ranking:
    """Rank items of a collection.

    Parameters
    ----------
    table : FeatureTable
        The collection.
    codes : ndarray of uint8, shape (n,)
        Each item's bucket.
    steps : ndarray of uint16, shape (n,)
        From `smartdownsample.looks.measure_steps`.
    limit : int or None
        Items to rank; None for all.
    random_seed : int or None
        Same seed, same ranking.
    options : SamplingOptions
        How to sample.

    Returns
    -------
    Ranking
        Of exactly as many items as asked for, or as there are.

    Notes
    -----
    The ranking grows in rounds. Each round is a selection that keeps all earlier picks and is
    kept apart from them; quotas are monotone, so that no bucket would have to give one back.
    Within a round each bucket's picks are spread evenly.
    """
    rng = np.random.default_rng(random_seed)
    frame = make_frame(table, codes, steps, options, rng)
    n_ranked = frame.n_free if limit is None else min(limit, frame.n_free)
    is_taken = frame.pool.is_kept.copy()
    ranked = [np.zeros(0, dtype=np.int64)]
    n_done = 0
    while n_done < n_ranked:
        # Rounds do not depend on the limit, so that a longer ranking begins with a shorter one.
        n_next = min(max(n_done + 1, int(n_done * _GROWTH)), frame.n_free) - n_done
        quotas = allocate_strata(frame, is_taken, n_next)
        picks = pick_rows(replace(frame.pool, is_kept=is_taken), quotas, options.spread, rng)
        ranked.append(_order_round(frame, picks, is_taken, rng))
        is_taken[picks] = True
        n_done += n_next
    return Ranking(
        table=table,
        codes=codes,
        rows=frame.open_rows[np.concatenate(ranked)[:n_ranked]],
        random_seed=random_seed,
        labels=frame.labels,
        earlier_rows=frame.earlier_rows,
    )


def _order_round(
    frame: Frame, picks: IntArray, is_taken: BoolArray, rng: np.random.Generator
) -> IntArray:
    """Order the picks of a round: strata that had none come first, the largest first of all.

    The others take turns in proportion to their picks.
    """
    strata = frame.pool.strata[picks]
    n_taken = np.bincount(frame.pool.strata[is_taken], minlength=len(frame.sizes))
    n_picks = np.bincount(strata, minlength=len(frame.sizes))
    shuffled = rng.random(len(picks))
    turns = rank_within(strata, shuffled)
    times = (turns + rng.random(len(n_picks))[strata]) / n_picks[strata]
    is_first = (turns == 0) & (n_taken[strata] == 0)
    times[is_first] = -frame.sizes[strata[is_first]]
    return picks[np.lexsort((picks, times))]
