"""Collections made of plain numbers: looks, buckets and groups without a picture.

Everything is integer arithmetic, so that a collection is the same on every machine.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from smartdownsample.features.spec import make_spec
from smartdownsample.records import ByteArray, FeatureSpec, IntArray, Regime, RowArray
from smartdownsample.sampling.layout import lay_out_by, number_events
from smartdownsample.sampling.picking import pick_places
from smartdownsample.sampling.pool import Pool
from smartdownsample.sampling.pool import make_pool as lay_out_pool

SPEC = make_spec(8, "exact")
N_LAB = 48


def scatter_bytes(n: int, n_columns: int, seed: int) -> ByteArray:
    """Compute bytes of no pattern, shape (n, n_columns), without a random generator."""
    numbers = np.arange(1, n * n_columns + 1, dtype=np.uint64) + np.uint64(seed << 32)
    for shift, factor in ((33, 0xFF51AFD7ED558CCD), (29, 0xC4CEB9FE1A85EC53)):
        numbers ^= numbers >> np.uint64(shift)
        numbers *= np.uint64(factor)
    return (numbers >> np.uint64(56)).astype(np.uint8).reshape(n, n_columns)


def make_rows(lab: ByteArray, dhash: ByteArray | None = None, spec: FeatureSpec = SPEC) -> RowArray:
    """Make rows of these looks; without hashes all bits are zero."""
    rows = np.zeros(len(lab), dtype=spec.row_dtype)
    rows["lab_layout"] = lab
    if dhash is not None:
        rows["dhash"] = dhash
    return rows


def make_scattered_rows(n: int, seed: int, spec: FeatureSpec = SPEC) -> RowArray:
    """Make rows that look like nothing and unlike one another."""
    n_bits = spec.hash_size**2
    bits = scatter_bytes(n, n_bits, seed + 1) >> 7
    return make_rows(scatter_bytes(n, N_LAB, seed), np.packbits(bits, axis=1), spec)


def make_bursts(scenes: IntArray, seed: int = 0) -> RowArray:
    """Make one row for each number of a scene; rows of a scene differ by a level or two."""
    looks = scatter_bytes(int(scenes.max(initial=0)) + 1, N_LAB, seed) // 2 + 60
    noise = scatter_bytes(len(scenes), N_LAB, seed + 1) >> 6
    return make_rows(looks[scenes] + noise)


def make_pool(
    rows: RowArray,
    strata: Sequence[int] | IntArray | None = None,
    kept: Sequence[int] | IntArray = (),
    *,
    groups: npt.ArrayLike | None = None,
    regime: Regime = "ordered",
) -> Pool:
    """Make a pool of rows; without strata all are of one.

    Counts are those of the strata, or, where there are groups, of the groups. Timed rows need
    times that ascend.
    """
    n = len(rows)
    numbers = np.zeros(n, dtype=np.int64) if strata is None else np.asarray(strata, dtype=np.int64)
    segments = numbers if groups is None else np.asarray(groups, dtype=np.int64)
    is_kept = np.zeros(n, dtype=np.bool_)
    is_kept[np.asarray(kept, dtype=np.int64)] = True
    layout = lay_out_by(rows, regime)
    if regime == "timed":
        events = number_events(rows["captured"], np.zeros(n, dtype=np.int64))
        layout = replace(layout, events=events)
    return lay_out_pool(rows, SPEC, layout, segments, numbers, is_kept)


def pick(
    pool: Pool,
    counts: Sequence[int] | IntArray | int,
    seed: int = 42,
    *,
    is_represented: Sequence[bool] | None = None,
    by_looks: bool = True,
) -> list[int]:
    """Pick as many of each segment as `counts` says; rows, ascending.

    By default every stratum of a segment with a count is to have a pick, if each is a segment.
    """
    wanted = np.atleast_1d(np.array(counts, dtype=np.int64))
    strata = np.array(wanted > 0 if is_represented is None else is_represented)
    places = pick_places(pool, wanted, strata, np.random.default_rng(seed), by_looks=by_looks)
    assert places.dtype == np.int64
    return sorted(pool.items[places].tolist())
