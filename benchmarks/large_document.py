"""Measure a large document: reading it, a selection from known boxes, and writing it again.

Photos are hard links of a few small files that are never decoded; features of the boxes are random,
written through the store itself, as in `bench_store`.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from bench_store import fill, link_files
from boxed_photos import write_document
from kept import Record, trim
from measuring import say
from peers.job import measure_peak_memory
from smartdownsample import Document, ImageIndex
from smartdownsample.features.spec import make_spec
from smartdownsample.formats import read_document
from smartdownsample.gathering import measure_photo
from smartdownsample.items import list_document_items, stat_files
from smartdownsample.options import DocumentOptions
from smartdownsample.records import FileStats
from smartdownsample.store.store import FeatureStore

_SPEC = make_spec(8, "fast")
_BOXES_PER_PHOTO = 2
_SHARE_WRITTEN = 0.1
_N_PICKED = 1000


def measure_large(folder: str, n_entries: int, n_rounds: int) -> Record:
    """Lay out a document of two boxes for each photo, and measure what is done with it."""
    say(f"laying out {n_entries:,} entries")
    photos = os.path.join(folder, "survey")
    os.mkdir(photos)
    paths = link_files(Path(photos), n_entries)
    document = os.path.join(folder, "survey.json")
    write_document(document, _make_entries(paths, photos))
    store = os.path.join(folder, "survey-store")
    rounds = []
    for number in range(1, n_rounds + 1):
        figures: Record = _call(_time_reading, document, photos)
        if number == 1:
            _call(_fill_store, document, photos, store)
        figures |= _call(_time_selection, document, photos, store)
        rounds.append(figures)
        say(f"large document, round {number} done")
    return {
        "n_entries": n_entries,
        "n_boxes": n_entries * _BOXES_PER_PHOTO,
        "n_picked": _N_PICKED,
        "document_bytes": os.path.getsize(document),
        "rounds": rounds,
    }


def _make_entries(paths: Iterable[str], photos: str) -> list[object]:
    """Make entries with boxes at random places."""
    generator = np.random.default_rng(42)
    entries: list[object] = []
    for path in paths:
        boxes = generator.uniform(0.01, 0.5, (_BOXES_PER_PHOTO, 4)).round(4).tolist()
        confidences = generator.uniform(0.3, 1, _BOXES_PER_PHOTO).round(3).tolist()
        detections = [
            {"category": "1", "conf": confidence, "bbox": box}
            for confidence, box in zip(confidences, boxes, strict=True)
        ]
        entries.append({"file": os.path.relpath(path, photos), "detections": detections})
    return entries


def _call(work: Callable[..., Record], *arguments: object) -> Record:
    """Do work in a new process, since memory that was used once stays with a process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _time_reading(document: str, photos: str) -> Record:
    """Read the document: seconds, and the largest size of the process by then.

    Then list its items as well, which looks for photos.
    """
    started = time.perf_counter()
    annotations = read_document(document)
    figures: Record = {"read_s": trim(time.perf_counter() - started)}
    figures["read_bytes"] = measure_peak_memory()
    assert annotations is not None
    started = time.perf_counter()
    listed = list_document_items(annotations, DocumentOptions(root=photos), measure_photo)
    figures["list_s"] = trim(time.perf_counter() - started)
    figures["list_bytes"] = measure_peak_memory()
    assert len(listed.items) > 0
    return figures


def _fill_store(document: str, photos: str, store: str) -> Record:
    """Make a store that knows all boxes."""
    items = Document.read(document, root=photos).items
    stats = stat_files(items.keys)
    keys = [items.keys[number] for number in items.file_of.tolist()]
    stats = FileStats(stats.mtime_ns[items.file_of], stats.size_bytes[items.file_of], causes={})
    fill(FeatureStore(_SPEC, Path(store)), keys, stats, regions=items.regions)
    return {}


def _time_selection(document: str, photos: str, store: str) -> Record:
    """Select from known boxes, and write the document of that and of a larger selection."""
    started = time.perf_counter()
    read = Document.read(document, root=photos)
    index = ImageIndex.build(read, cache_dir=store)
    selection = index.sample(_N_PICKED)
    seconds = time.perf_counter() - started
    assert index.table.n_extracted == 0
    figures: Record = {"select_s": trim(seconds), "select_bytes": measure_peak_memory()}
    larger = index.sample(round(len(index) * _SHARE_WRITTEN))
    for name, each in (("write_s", selection), ("write_tenth_s", larger)):
        started = time.perf_counter()
        read.write(each, document + ".out.json")
        figures[name] = trim(time.perf_counter() - started)
        os.remove(document + ".out.json")
    return figures
