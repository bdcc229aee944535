"""What a run would have to do, before it does it."""

import time
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from ..features import make_spec
from ..items import list_items, name_folder, stat_files
from ..options import ReadingOptions
from ..store import FeatureStore, choose_store_dir

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


def forecast_work(paths: list[str], reading: ReadingOptions) -> Forecast:
    """Forecast what gathering the features of images would take, and write nothing.

    Parameters
    ----------
    paths : list of str
        The collection.
    reading : ReadingOptions
        How it would be read.

    Returns
    -------
    Forecast
        With a time that is measured on a few of the images, evenly spread over the paths.
    """
    # It imports the decoder, which a run that knows all images does without.
    from ..pictures import count_workers
    from .schedule import extract_features

    spec = make_spec(reading.hash_size, reading.decode)
    items = list_items(paths)
    stats = stat_files(items.keys)
    known = FeatureStore(spec, choose_store_dir(reading)).look_up(items, stats, ["cause"])
    misses = known.misses
    n_failures = len(known.items) - known.table["cause"].null_count
    n_measured = min(len(misses), _MEASURED_PER_WORKER * count_workers(reading.n_workers))
    measured = misses[np.linspace(0, len(misses) - 1, n_measured).astype(np.int64)]
    started = time.perf_counter()
    for _ in extract_features(measured, items, stats, spec, replace(reading, show_progress=False)):
        pass
    seconds = time.perf_counter() - started
    return Forecast(
        n_images=len(items),
        n_known=len(known.items) - n_failures,
        n_unreadable=len(stats.causes) + n_failures,
        n_to_decode=len(misses),
        folders=dict(Counter(name_folder(items.name(item)) for item in misses.tolist())),
        n_measured=n_measured,
        seconds=seconds * len(misses) / max(n_measured, 1),
    )
