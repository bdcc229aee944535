"""How much a run would have to decode, and how long that would take."""

import time
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from ..features import make_spec
from ..items import list_items, name_folder, stat_files
from ..options import ReadingOptions
from ..store import FeatureStore, choose_store_dir
from .gather import choose_retried

# Keeps each worker busy for a while, and takes only a second or two.
_MEASURED_PER_WORKER = 8


@dataclass(frozen=True)
class Forecast:
    """What a run would have to do.

    Attributes
    ----------
    n_images : int
        Distinct images.
    n_known : int
        Images whose features the store knows.
    n_unreadable : int
        Images that are missing, or that the store knows to be unreadable.
    n_to_decode : int
        All other images.
    folders : dict of str to int
        How many images are to be decoded in each folder, in the order of the paths.
    n_measured : int
        How many images were decoded to measure the rate.
    seconds : float
        How long decoding all of them would take at that rate. Previews can make it shorter, but
        which folders have them is not known in advance.
    """

    n_images: int
    n_known: int
    n_unreadable: int
    n_to_decode: int
    folders: dict[str, int]
    n_measured: int
    seconds: float


def forecast_work(paths: list[str], reading: ReadingOptions) -> Forecast:
    """Forecast the work of gathering features, without writing anything.

    The rate is measured by decoding a few of the images, evenly spread over the paths.
    """
    # Imported here, since it imports the decoder.
    from ..pictures import count_workers
    from .schedule import extract_features

    spec = make_spec(reading.hash_size, reading.decode)
    items = list_items(paths)
    stats = stat_files(items.keys)
    store = FeatureStore(spec, choose_store_dir(reading))
    known = store.look_up(items, stats, ["cause"], choose_retried(reading))
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
