"""The map of looks: every image as a point, near those of similar light and colour."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..records import LAB_LAYOUT_SIDE, ByteArray, Float32Array, Float64Array, IntArray

# What is at the two ends of an axis; None where no word fits.
Ends: TypeAlias = tuple[str, str] | None

# Steps along the longer side of the map.
N_STEPS = 1000
# Images that decide about the axes, at most.
_MAX_DECIDING = 100_000
_MIN_MAPPED = 3
# Least correlation of an axis with what it is called by.
_MIN_CORRELATION = 0.7


class Looks(NamedTuple):
    """Where images lie on the map.

    Attributes
    ----------
    places : ndarray of int64, shape (n, 2)
        Steps from the left and from below; the longer side has `N_STEPS`.
    across, up : tuple of str or None
        What is at both ends, from left to right and from below; None where no word fits.
    """

    places: IntArray
    across: Ends
    up: Ends


def _make_traits() -> tuple[list[tuple[str, str]], Float64Array]:
    """List what axes may be called by: names of both ends, and how much of each level it takes."""
    side, half = LAB_LAYOUT_SIDE, LAB_LAYOUT_SIDE // 2
    cells = np.zeros((6, side, side, 3))
    cells[0, :, :, 0] = 1
    cells[1, :half, :, 0], cells[1, half:, :, 0] = 1, -1
    cells[2, :, :half, 0], cells[2, :, half:, 0] = -1, 1
    cells[3, :, :, 0], cells[3, 1:-1, 1:-1, 0] = -1, 3
    cells[4, :, :, 1] = 1
    cells[5, :, :, 2] = 1
    names = [
        ("dark", "light"),
        ("lighter below", "lighter above"),
        ("lighter on the left", "lighter on the right"),
        ("lighter around", "lighter in the centre"),
        ("greenish", "reddish"),
        ("bluish", "yellowish"),
    ]
    return names, cells.reshape(len(cells), -1)


_NAMES, _TRAITS = _make_traits()


def map_looks(layouts: ByteArray) -> Looks | None:
    """Lay pictures out by their colour layouts, the field ``lab_layout``, shape (n, 48).

    The map is the plane in which they differ most, found by principal components and turned so
    that light is to the right. Distances are those between the pictures, as far as a plane has
    them. There is none of pictures that all look the same, nor of two of them.

    I. T. Jolliffe, "Principal Component Analysis", 2002, https://doi.org/10.1007/b98835
    """
    if len(layouts) < _MIN_MAPPED or (layouts == layouts[0]).all():
        return None
    step = -(-len(layouts) // _MAX_DECIDING)
    deciding = layouts[::step].astype(np.float64)
    axes = _turn_to_light(_find_plane(deciding))
    ends: list[Ends] = []
    for axis in range(2):
        correlations = _correlate(deciding @ axes[:, axis], deciding @ _TRAITS.T)
        best = int(np.abs(correlations).argmax())
        axes[:, axis] *= -1 if correlations[best] < 0 else 1
        ends.append(_NAMES[best] if abs(correlations[best]) >= _MIN_CORRELATION else None)
    return Looks(_place(layouts.astype(np.float32) @ axes.astype(np.float32)), *ends)


def _find_plane(layouts: Float64Array) -> Float64Array:
    """Find the two directions in which layouts differ most, shape (48, 2)."""
    _, directions = np.linalg.eigh(np.cov(layouts, rowvar=False))
    return np.asarray(directions[:, :-3:-1])


def _turn_to_light(axes: Float64Array) -> Float64Array:
    """Turn a plane so that its first axis is as much of light as can be."""
    right, up = _TRAITS[0] @ axes
    length = np.hypot(right, up)
    if not length:
        return axes
    return np.asarray(axes @ (np.array([[right, -up], [up, right]]) / length))


def _correlate(values: Float64Array, others: Float64Array) -> Float64Array:
    """Compute the correlation of values, shape (n,), with each column of others, shape (n, m)."""
    values = values - values.mean()
    others = others - others.mean(axis=0)
    scale = np.linalg.norm(values) * np.linalg.norm(others, axis=0)
    return np.asarray(np.divide(values @ others, scale, out=np.zeros(len(scale)), where=scale > 0))


def _place(points: Float32Array) -> IntArray:
    """Scale points, shape (n, 2), to the steps of the map."""
    points = points - points.min(axis=0)
    return np.asarray(np.rint(points * (N_STEPS / points.max())), dtype=np.int64)


def list_looks(looks: Looks | None) -> dict[str, Any]:
    """List the page's columns of the map."""
    return (
        {} if looks is None else dict(zip(("across", "up"), looks.places.T.tolist(), strict=True))
    )
