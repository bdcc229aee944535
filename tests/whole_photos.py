"""Whole photos as items, for tests of what takes items."""

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from smartdownsample.engines.task import Task
from smartdownsample.gathering.schedule import extract_features
from smartdownsample.items.locations import to_key
from smartdownsample.options import MAX_PIXELS, ReadingOptions
from smartdownsample.pictures.previews import Treatment
from smartdownsample.records import (
    Failure,
    FeatureBatch,
    FeatureSpec,
    FeatureTable,
    FileStats,
    IntArray,
    ItemList,
    RowArray,
    pack_paths,
    whole_photos,
)


def list_photos(keys: Sequence[bytes]) -> ItemList:
    """List photos by their keys."""
    paths = [key.decode(errors="surrogateescape") for key in keys]
    return ItemList.of_photos(paths, list(keys), None, len(keys))


def photo_table(
    spec: FeatureSpec,
    paths: Sequence[str],
    rows: RowArray,
    failures: tuple[Failure, ...] = (),
    *,
    indices: IntArray | None = None,
    n_given: int | None = None,
    n_extracted: int = 0,
) -> FeatureTable:
    """Make the table of photos, by default all that were given, known from earlier runs."""
    n = len(paths)
    return FeatureTable(
        spec,
        pack_paths(paths),
        *whole_photos(n),
        np.arange(n) if indices is None else indices,
        rows,
        failures,
        n if n_given is None else n_given,
        n_extracted,
        n - n_extracted,
    )


def photo_batch(keys: list[bytes], **others: Any) -> FeatureBatch:
    """Make a batch of photos whose keys are their own order."""
    frames, regions = whole_photos(len(keys))
    return FeatureBatch(
        items=np.arange(len(keys)),
        keys=keys,
        order_keys=keys,
        frames=frames,
        regions=regions,
        **others,
    )


def photo_task(
    paths: Sequence[str],
    spec: FeatureSpec,
    treatments: list[Treatment] | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Task:
    """Make a task of photos."""
    n = len(paths)
    return Task(list(paths), [1] * n, *whole_photos(n), spec, treatments, max_pixels)


def extract_photos(
    keys: Sequence[bytes],
    spec: FeatureSpec,
    *,
    misses: IntArray | None = None,
    sizes: IntArray | None = None,
    etags: list[str | None] | None = None,
    n_workers: int = 1,
) -> Generator[FeatureBatch, None, None]:
    """Extract photos, by default all of them, and of large files."""
    n = len(keys)
    sizes = np.full(n, 2**20) if sizes is None else sizes
    stats = FileStats(np.zeros(n, np.int64), sizes, {}, etags)
    return extract_features(
        np.arange(n) if misses is None else misses,
        list_photos(keys),
        stats,
        spec,
        ReadingOptions(n_workers=n_workers),
    )


def keys_of(paths: Sequence[str]) -> list[bytes]:
    """Make the keys of paths."""
    return [to_key(path) for path in paths]
