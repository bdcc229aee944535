"""Sequences: frames that a camera took in quick succession and that show much the same."""

from collections.abc import Sequence

import numpy as np

from ..items import number_cameras, number_folders
from ..records import (
    BoolArray,
    ByteArray,
    FeatureSpec,
    FeatureTable,
    IntArray,
    RowArray,
    number_texts,
)
from .distances import measure_steps
from .near_duplicates import SAME_SCENE
from .within_keys import rank_within


def number_sequences(table: FeatureTable, gap_s: float) -> IntArray:
    """Find the sequence of each item: int64, shape (n,), numbered by their first rows.

    Crops of one photo are of one sequence, which is that of the first of them. Where a document
    tells a photo's sequence, all that it tells of one location are together, or of one folder
    where it tells no location. Other photos go by `find_sequences`.
    """
    told = _number_told(table)
    if not table.has_regions and (told < 0).all():
        return find_sequences(table.rows, table.spec, number_cameras(table), gap_s)
    _, firsts = np.unique(table.photos, return_index=True)
    sequences = told[firsts]
    rest = np.flatnonzero(sequences < 0)
    if len(rest):
        rows = firsts[rest]
        cameras = number_cameras(table)[rows]
        others = find_sequences(table.rows[rows], table.spec, cameras, gap_s)
        sequences[rest] = told.max(initial=-1) + 1 + others
    return _number_by_first(sequences)[table.photos]


def _number_told(table: FeatureTable) -> IntArray:
    """Give the sequences that a document tells numbers, shape (n,); -1 where it tells none."""
    if table.details is None:
        return np.full(len(table), -1)
    sequences = number_texts(table.details["sequence"])
    locations = number_texts(table.details["location"])
    is_nowhere = (locations < 0) & (sequences >= 0)
    if is_nowhere.any():
        folders = number_folders(table.paths)
        locations[is_nowhere] = locations.max() + 1 + folders[is_nowhere]
    return np.where(sequences < 0, -1, locations * (sequences.max(initial=-1) + 1) + sequences)


def _number_by_first(sequences: IntArray) -> IntArray:
    """Give sequences numbers in order of their first rows."""
    _, firsts, inverse = np.unique(sequences, return_index=True, return_inverse=True)
    numbers = np.empty(len(firsts), dtype=np.int64)
    numbers[np.argsort(firsts)] = np.arange(len(firsts))
    return numbers[inverse]


def find_sequences(rows: RowArray, spec: FeatureSpec, folders: IntArray, gap_s: float) -> IntArray:
    """Find the sequence of each row: int64, shape (n,), numbered by their first rows.

    A frame belongs to the sequence of the one taken before it in its folder if the gap between
    them is at most `gap_s`. A frame without a time belongs to the sequence of the frame before
    it, in natural order in its folder, if that has no time either and is of the same scene.

    ``rows`` are in natural order; ``folders``, shape (n,), are their folders' numbers. Rows of
    different folders may alternate.
    """
    captured = rows["captured"]
    # NaT is the smallest number, so frames without a time come first in each folder.
    order = np.lexsort((captured.astype(np.int64), folders))
    before, after = order[:-1], order[1:]
    places = rank_within(folders, np.arange(len(rows)))
    gaps_s = (captured[after] - captured[before]) / np.timedelta64(1, "s")
    is_soon = gaps_s <= gap_s  # False for NaT
    is_next = np.isnat(captured[after]) & (places[after] == places[before] + 1)
    is_alike = measure_steps(rows, spec, order)[1:] < SAME_SCENE
    is_start = np.ones(len(rows), dtype=np.bool_)
    is_start[1:] = (folders[before] != folders[after]) | ~(is_soon | is_next & is_alike)
    starts = np.flatnonzero(is_start)
    by_first_row = np.argsort(np.minimum.reduceat(order, starts))
    numbers = np.empty_like(starts)
    numbers[by_first_row] = np.arange(len(starts))
    sequences = np.empty_like(order)
    sequences[order] = np.repeat(numbers, np.diff(starts, append=len(rows)))
    return sequences


def thin_sequences(
    sequences: IntArray,
    kinds: Sequence[ByteArray | IntArray],
    max_per_sequence: int,
    is_kept: BoolArray,
    rng: np.random.Generator,
) -> BoolArray:
    """Choose up to `max_per_sequence` random frames of each sequence: the rows that remain, (n,).

    Kept frames always remain, and count. ``kinds`` are each row's bucket and, where there are
    groups, its group, arrays of shape (n,). A bucket or group that would lose all its frames gets
    one back in exchange for another frame of the same sequence, unless that would lose a bucket
    or group in turn.
    """
    n_sequences = sequences.max(initial=-1) + 1
    n_left = max_per_sequence - np.bincount(sequences[is_kept], minlength=n_sequences)
    new = np.flatnonzero(~is_kept)
    ranks = rank_within(sequences[new], rng.random(len(new)))
    remains = is_kept.copy()
    remains[new] = ranks < n_left[sequences[new]]
    for codes in kinds:
        for code in np.setdiff1d(codes, codes[remains]):
            members = np.flatnonzero(codes == code)
            _bring_back(members, remains, sequences, kinds, is_kept, rng)
    return remains


def _bring_back(
    members: IntArray,
    remains: BoolArray,
    sequences: IntArray,
    kinds: Sequence[ByteArray | IntArray],
    is_kept: BoolArray,
    rng: np.random.Generator,
) -> None:
    """Let one of `members` remain instead of another frame, if possible; changes `remains`."""
    spares = np.flatnonzero(remains & ~is_kept)
    for codes in kinds:
        n_remaining = np.bincount(codes[remains])
        spares = spares[n_remaining[codes[spares]] > 1]
    members = members[np.isin(sequences[members], sequences[spares])]
    if len(members):
        added = rng.choice(members)
        dropped = rng.choice(spares[sequences[spares] == sequences[added]])
        remains[added], remains[dropped] = True, False
