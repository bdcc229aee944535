"""Judge selections: by groups that people know, and by descriptors that no sampler sees.

Pictures are described by edges, colours and a grey layout, in the manner of N. Dalal, B. Triggs,
"Histograms of oriented gradients for human detection", CVPR 2005,
https://doi.org/10.1109/CVPR.2005.177. The samplers compare a difference hash and a Lab layout of
4×4 instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed

from smartdownsample.pictures.decode import decode_image
from smartdownsample.records import Cause, IntArray

PointArray = npt.NDArray[np.float32]

_SIDE = 64
_CELL = 8
_N_ANGLES = 9
_COLOUR_BINS = (8, 4, 4)
_GREY_SIDE = 12
# Of the distances between consecutive pictures: nearer than this is a near-duplicate.
_NEAR_PERCENTILE = 15
_BATCH = 1024


@dataclass(frozen=True)
class Judge:
    """What is known of a collection, in natural order, that samplers do not know."""

    points: PointArray  # descriptors, shape (n, d)
    groups: IntArray  # number of each picture's true group
    near_distance: float  # nearer pictures are near-duplicates

    @classmethod
    def look_at(cls, paths: Sequence[str], groups: Sequence[str]) -> "Judge":
        """Describe a collection."""
        described = Parallel(n_jobs=-1, prefer="threads")(map(delayed(_describe), paths))
        blocks = zip(*described, strict=True)
        points = np.concatenate([_normalise(np.array(block)) for block in blocks], axis=1)
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        numbers = np.unique(np.array(groups), return_inverse=True)[1]
        return cls(points, numbers, float(np.percentile(steps, _NEAR_PERCENTILE)))

    def judge(self, picks: IntArray) -> dict[str, float]:
        """Judge a selection of places in natural order, of repeated ones the distinct."""
        different = np.unique(picks)
        chosen = self.points[different]
        among = _find_nearest(chosen, chosen, leave_out_self=True)
        to_all = _find_nearest(self.points, chosen)
        return {
            "n_different": len(different),
            # True groups represented.
            "groups": len(np.unique(self.groups[different])),
            # Share of the picks with another pick nearer than most consecutive pictures are.
            "near": float((among < self.near_distance).mean()),
            # Distance from the pictures of the collection to the nearest pick.
            "mean": float(to_all.mean()),
            "worst": float(to_all.max()),
        }


def measure_overlap(selections: Sequence[IntArray]) -> float:
    """Measure which share of their picks two selections have in common."""
    shares = [
        len(np.intersect1d(a, b)) / max(1, min(len(np.unique(a)), len(np.unique(b))))
        for a, b in combinations(selections, 2)
    ]
    return float(np.mean(shares)) if shares else 1.0


def _describe(path: str) -> tuple[PointArray, PointArray, PointArray]:
    """Describe one picture by its edges, its colours and its grey layout."""
    with open(path, "rb") as file:
        picture = decode_image(file.read(), min_side=2 * _SIDE)
    if isinstance(picture, Cause):
        msg = f"{path} became unreadable: {picture.value}."
        raise OSError(msg)
    small = cv2.resize(picture.pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    levels = zip(cv2.split(hsv), (180, 256, 256), _COLOUR_BINS, strict=True)
    bins = [channel.ravel().astype(np.int64) * n // top for channel, top, n in levels]
    colours = np.bincount(np.ravel_multi_index(bins, _COLOUR_BINS), minlength=8 * 4 * 4)
    layout = cv2.resize(grey, (_GREY_SIDE, _GREY_SIDE), interpolation=cv2.INTER_AREA)
    roots = np.sqrt(colours).astype(np.float32)
    return _describe_edges(grey), roots, layout.ravel().astype(np.float32)


def _describe_edges(grey: np.ndarray) -> PointArray:
    """Count how strong edges of each direction are in each cell, square-rooted."""
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0).ravel()
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1).ravel()
    angles = (np.arctan2(down, across) % np.pi * (_N_ANGLES / np.pi)).astype(np.int64) % _N_ANGLES
    rows, columns = np.indices(grey.shape) // _CELL
    cells = (rows * (_SIDE // _CELL) + columns).ravel()
    n_bins = (_SIDE // _CELL) ** 2 * _N_ANGLES
    strengths = np.bincount(cells * _N_ANGLES + angles, np.hypot(across, down), n_bins)
    return np.sqrt(strengths).astype(np.float32)


def _normalise(block: PointArray) -> PointArray:
    """Centre a block and scale it to unit mean square norm, so that all blocks weigh the same."""
    centred = block - block.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=1).mean())
    return np.asarray(centred / max(size, 1e-9), dtype=np.float32)


def _find_nearest(
    points: PointArray, chosen: PointArray, *, leave_out_self: bool = False
) -> PointArray:
    """Measure the distance from each point to the nearest chosen one, shape (n,)."""
    nearest = np.empty(len(points), dtype=np.float32)
    norms = (chosen**2).sum(axis=1)
    for start in range(0, len(points), _BATCH):
        batch = points[start : start + _BATCH]
        squares = (batch**2).sum(axis=1)[:, np.newaxis] + norms - 2 * (batch @ chosen.T)
        if leave_out_self:
            np.fill_diagonal(squares[:, start:], np.inf)
        nearest[start : start + _BATCH] = np.sqrt(np.maximum(squares.min(axis=1), 0))
    return nearest
