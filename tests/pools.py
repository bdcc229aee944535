"""Collections made of plain numbers: looks, buckets and groups without a picture.

Everything is integer arithmetic, so that a collection is the same on every machine.
"""

from collections.abc import Sequence

import numpy as np

from smartdownsample.features.spec import make_spec
from smartdownsample.records import ByteArray, FeatureSpec, IntArray, RowArray
from smartdownsample.sampling.distances import measure_steps
from smartdownsample.sampling.picking import Pool

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
    stratum_groups: Sequence[int] = (),
    kept: Sequence[int] | IntArray = (),
) -> Pool:
    """Make a pool of rows; without strata all are of one."""
    numbers = np.zeros(len(rows), dtype=np.int64) if strata is None else np.asarray(strata)
    n_strata = int(numbers.max(initial=0)) + 1
    is_kept = np.zeros(len(rows), dtype=np.bool_)
    is_kept[np.asarray(kept, dtype=np.int64)] = True
    return Pool(
        rows=rows,
        spec=SPEC,
        steps=measure_steps(rows, SPEC),
        strata=numbers.astype(np.int64),
        stratum_groups=np.array(stratum_groups or [0] * n_strata, dtype=np.int64),
        is_kept=is_kept,
    )
