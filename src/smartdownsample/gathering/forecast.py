"""How much a run would have to decode, and how long that would take."""

import time
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from ..features import make_spec_for
from ..items import name_folder, stat_files
from ..options import ReadingOptions
from ..records import ItemList
from ..store import FeatureStore
from .box_orientation import look_up_upright
from .gather import check_items, choose_retried

# Keeps each worker busy for a while, and takes only a second or two.
_MEASURED_PER_WORKER = 8


@dataclass(frozen=True)
class Forecast:
    """What a run would have to do; photos count once, however many crops of them are asked for.

    Attributes
    ----------
    n_images : int
        Distinct photos.
    n_known : int
        Photos of which the store knows all features.
    n_unreadable : int
        Photos that are missing, that the store knows to be unreadable, or that a document names and
        marks as unusable.
    n_to_decode : int
        All other photos.
    folders : dict of str to int
        How many photos are to be decoded in each folder, in the order of the paths.
    n_measured : int
        How many photos were decoded to measure the rate.
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


def forecast_work(items: ItemList, reading: ReadingOptions) -> Forecast:
    """Forecast the work of gathering the features of items, without writing anything.

    The rate is measured by decoding a few of the photos, evenly spread over the list.
    """
    # Imported here, since it imports the decoder.
    from ..pictures import count_workers
    from .schedule import extract_features

    check_items(items, reading)
    spec = make_spec_for(reading)
    stats = stat_files(items.keys)
    store = FeatureStore.of(spec, reading)
    retried = choose_retried(reading)
    items, known = look_up_upright(store, items, stats, retried)
    to_decode = np.unique(items.file_of[known.misses])
    known_files = np.setdiff1d(items.file_of[known.readable], to_decode)
    n_images = len(items.keys) + _count_other_failures(items)
    n_measured = min(len(to_decode), _MEASURED_PER_WORKER * count_workers(reading.n_workers))
    places = np.linspace(0, len(to_decode) - 1, n_measured).astype(np.int64)
    is_measured = np.isin(items.file_of[known.misses], to_decode[places])
    measured, reading = known.misses[is_measured], replace(reading, show_progress=False)
    started = time.perf_counter()
    for _ in extract_features(measured, items, stats, spec, reading):
        pass
    seconds = time.perf_counter() - started
    return Forecast(
        n_images=n_images,
        n_known=len(known_files),
        n_unreadable=n_images - len(known_files) - len(to_decode),
        n_to_decode=len(to_decode),
        folders=dict(Counter(name_folder(items.paths[file]) for file in to_decode.tolist())),
        n_measured=n_measured,
        seconds=seconds * len(to_decode) / max(n_measured, 1),
    )


def _count_other_failures(items: ItemList) -> int:
    """Count the photos that a document names, of which nothing is an item."""
    failed = {failure.path for failure in items.failures}
    return len(failed.difference(items.paths))
