"""Points within intervals, for many of both at a time."""

from typing import NamedTuple

import numpy as np

from ..records import IntArray


class Within(NamedTuple):
    """Which points are within which intervals.

    Attributes
    ----------
    points : ndarray of int64, shape (n,)
        Rows of all points, so sorted that those of an interval stand together.
    froms, tos : ndarray of int64, shape (k,)
        Where the points of each interval begin and end in `points`.
    """

    points: IntArray
    froms: IntArray
    tos: IntArray


def find_within(
    point_lines: IntArray,
    points: np.ndarray,
    lines: IntArray,
    starts: np.ndarray,
    ends: np.ndarray,
) -> Within:
    """Find the points of each interval, both ends included.

    Parameters
    ----------
    point_lines : ndarray of int64, shape (n,)
        Number of the line that each point is on, from 0; -1 for none.
    points : ndarray, shape (n,)
        Where it is there; NaT is nowhere.
    lines : ndarray of int64, shape (k,)
        Number of the line that each interval is on; -1 for none.
    starts, ends : ndarray, shape (k,)
        Its ends; NaT makes it empty.

    Returns
    -------
    Within
        The points of each interval.

    Notes
    -----
    Costs O((n + k) log n), however many points the intervals share.
    """
    places = np.sort(points[~np.isnat(points)])
    length = len(places) + 1
    ranks = np.searchsorted(places, points)
    is_somewhere = (point_lines >= 0) & ~np.isnat(points)
    # Points that are nowhere are before all others, where no interval begins.
    keys = np.where(is_somewhere, point_lines * length + ranks, -1)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    froms = np.searchsorted(keys, lines * length + np.searchsorted(places, starts))
    tos = np.searchsorted(keys, lines * length + np.searchsorted(places, ends, side="right"))
    is_empty = (lines < 0) | np.isnat(starts) | np.isnat(ends) | (tos < froms)
    return Within(order, np.where(is_empty, 0, froms), np.where(is_empty, 0, tos))


def find_first_cover(within: Within, intervals: IntArray) -> IntArray:
    """Find the first of some intervals that each point is within.

    Parameters
    ----------
    within : Within
        Which points are within which intervals.
    intervals : ndarray of int64
        Those that count, the first one first.

    Returns
    -------
    ndarray of int64, shape (n,)
        A place in `intervals` for each point; -1 where there is none.

    Notes
    -----
    An interval is two that overlap, each as long as the largest power of two within it. The
    shorter ones are told by halving the longer ones, which costs O((n + k) log n).
    """
    n = len(within.points)
    froms, tos = within.froms[intervals], within.tos[intervals]
    places = np.flatnonzero(tos > froms)
    froms, tos = froms[places], tos[places]
    levels = np.frexp(tos - froms)[1] - 1
    none = len(intervals)
    first = np.full(n, none)
    for level in range(int(levels.max(initial=0)), -1, -1):
        is_here = levels == level
        np.minimum.at(first, froms[is_here], places[is_here])
        np.minimum.at(first, tos[is_here] - 2**level, places[is_here])
        if level:
            half = 2 ** (level - 1)
            np.minimum(first[half:], first[:-half].copy(), out=first[half:])
    found = np.empty(n, dtype=np.int64)
    found[within.points] = np.where(first == none, -1, first)
    return found
