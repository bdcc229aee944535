"""Tables of made-up features, for tests of what comes after decoding."""

import numpy as np

from smartdownsample.features.spec import make_spec
from smartdownsample.records import FeatureTable, IntArray
from whole_photos import photo_table

SPEC = make_spec(8, "fast")
FRAME_S = 2
BURST_S = 3600


def make_table(n: int, *, burst: int = 5, n_folders: int = 3, seed: int = 0) -> FeatureTable:
    """Make bursts of near-identical frames, hours apart, in a few folders."""
    rng = np.random.default_rng(seed)
    scenes = np.arange(n) // burst
    rows = np.zeros(n, dtype=SPEC.row_dtype)
    for name, high in (("dhash", 256), ("ahash", 256), ("lab_layout", 240)):
        of_scene = rng.integers(0, high, (scenes[-1] + 1 if n else 0, *rows.dtype[name].shape))
        rows[name] = of_scene[scenes]
    rows["lab_layout"] += rng.integers(0, 3, rows["lab_layout"].shape).astype(np.uint8)
    rows["mean_rgb"] = rng.integers(0, 256, (scenes[-1] + 1 if n else 0, 3))[scenes]
    seconds = scenes * BURST_S + np.arange(n) % burst * FRAME_S
    rows["captured"] = np.datetime64("2024-01-01", "ms") + seconds * np.timedelta64(1000, "ms")
    per_folder = max(1, -(-n // (burst * n_folders))) * burst  # no burst is in two folders
    paths = [f"cam_{i // per_folder}/IMG_{i:05d}.JPG" for i in range(n)]
    return photo_table(SPEC, paths, rows)


def scenes_of(rows: IntArray, burst: int = 5) -> IntArray:
    """Tell which burst of a table each row is of."""
    return rows // burst
