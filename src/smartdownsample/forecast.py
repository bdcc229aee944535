"""What a run would have to do, before it does it."""

import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .extract import count_workers, extract_features
from .model import FeatureSpec, IntArray
from .paths import list_items, stat_items
from .store import FeatureStore

# Enough for each worker to be busy for a while, few enough to take a second or two.
_MEASURED_PER_WORKER = 8


@dataclass(frozen=True)
class Forecast:
    """What a run would have to do.

    Attributes
    ----------
    n_images : int
        Distinct images.
    n_known : int
        Of them that the store knows the features of.
    n_unreadable : int
        Of them that are no files, or that the store knows to be unreadable.
    n_to_decode : int
        The others.
    folders : dict of str to int
        How many are to be decoded from which folder, in the order of the paths.
    n_measured : int
        How many were decoded to measure the rate.
    seconds : float
        How long decoding all of them would take at that rate. With previews it takes less: how
        many folders have them is not known before.
    """

    n_images: int
    n_known: int
    n_unreadable: int
    n_to_decode: int
    folders: dict[str, int]
    n_measured: int
    seconds: float


def forecast_work(
    paths: list[str], spec: FeatureSpec, cache_dir: Path | None, *, n_workers: int | None = None
) -> Forecast:
    """Forecast what gathering the features of images would take.

    Parameters
    ----------
    paths : list of str
        The collection.
    spec : FeatureSpec
        What features are.
    cache_dir : Path or None
        Folder of the store; None knows nothing.
    n_workers : int, optional
        Images decoded at a time.

    Returns
    -------
    Forecast
        With a time that is measured on a few of the images, evenly spread over the paths. Nothing
        is written.
    """
    items = list_items(paths)
    stats = stat_items(items.keys)
    known = FeatureStore(spec, cache_dir).look_up(items.keys, stats, ["cause"])
    misses = known.misses
    n_failures = len(known.items) - known.table["cause"].null_count
    n_measured = min(len(misses), _MEASURED_PER_WORKER * count_workers(n_workers))
    measured = misses[np.linspace(0, len(misses) - 1, n_measured).astype(np.int64)]
    seconds = _time_decoding(measured, items.keys, spec, n_workers)
    return Forecast(
        n_images=len(items.keys),
        n_known=len(known.items) - n_failures,
        n_unreadable=len(stats.causes) + n_failures,
        n_to_decode=len(misses),
        folders=dict(
            Counter(os.path.dirname(items.paths[item]) or os.curdir for item in misses.tolist())
        ),
        n_measured=n_measured,
        seconds=seconds * len(misses) / max(n_measured, 1),
    )


def _time_decoding(
    items: IntArray, keys: list[bytes], spec: FeatureSpec, n_workers: int | None
) -> float:
    """Decode some images and tell how many seconds that took."""
    started = time.perf_counter()
    for _ in extract_features(items, keys, spec, n_workers=n_workers):
        pass
    return time.perf_counter() - started
