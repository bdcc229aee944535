"""From a list of items to their features: what the store knows, and the rest by decoding."""

import errno
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from .errors import DecodeError, ImageLoadingWarning, MissingImageError, warn_user
from .model import (
    FLAG_TRUNCATED,
    MAX_PIXELS,
    Cause,
    Failure,
    FeatureBatch,
    FeatureSpec,
    FeatureTable,
    FileStats,
    ItemList,
)
from .natural_order import encode_order_key
from .ordering import needed_columns, order_features
from .paths import stat_items
from .store import FeatureStore

OnTruncated = Literal["keep", "skip", "raise"]


def gather_features(
    items: ItemList,
    spec: FeatureSpec,
    cache_dir: Path | None,
    *,
    n_workers: int | None,
    show_progress: bool,
    is_strict: bool,
    truncated: OnTruncated,
    max_pixels: int,
) -> FeatureTable:
    """Take known features from the store, compute the others and bring all in order.

    Parameters
    ----------
    items : ItemList
        The collection.
    spec : FeatureSpec
        What features are.
    cache_dir : Path or None
        Folder of the store; None keeps nothing.
    n_workers : int or None
        Images decoded at a time.
    show_progress : bool
        Whether to draw a progress bar.
    is_strict : bool
        Whether the first failure ends the call.
    truncated : {"keep", "skip", "raise"}
        What becomes of images whose file ends too early.
    max_pixels : int
        Larger images are failures.

    Returns
    -------
    FeatureTable
        In natural order.

    Raises
    ------
    MissingImageError, DecodeError
        For one of the failures, if strict.

    Warns
    -----
    ImageLoadingWarning
        Once, when images were left out.
    """
    stats = stat_items(items.keys)
    fresh = [_describe_missing(items, stats, spec)]
    _raise_failure(items, fresh[0], is_strict=is_strict)
    with FeatureStore(spec, cache_dir) as store:
        # Images that were too large for the default limit may not be for this one.
        retried = () if max_pixels == MAX_PIXELS else (Cause.TOO_LARGE,)
        known = store.look_up(items.keys, stats, needed_columns(spec), retried)
        if len(known.misses):
            # The decoder is imported on first need: a run whose images are all known is done
            # sooner than its import.
            from .extract import extract_features

            for batch in extract_features(
                known.misses,
                items.keys,
                spec,
                n_workers=n_workers,
                show_progress=show_progress,
                max_pixels=max_pixels,
                size_bytes=stats.size_bytes,
            ):
                store.append(batch)
                _raise_failure(items, batch, is_strict=is_strict)
                fresh.append(batch)
    ordered = order_features(spec, known, fresh, items.keys)
    failures = tuple(Failure(items.paths[item], cause) for item, cause in ordered.causes)
    if is_strict and failures:  # known to the store
        _raise(failures[0])
    positions = ordered.ranks if items.positions is None else items.positions
    table = FeatureTable(
        spec=spec,
        paths=[items.paths[item] for item in ordered.items.tolist()],
        indices=positions[ordered.items],
        rows=ordered.rows,
        failures=failures,
        n_given=items.n_given,
        n_extracted=len(known.misses),
        n_known=len(known.items),
    )
    if truncated != "keep":
        table = _leave_out_truncated(table)
        if truncated == "raise":
            _raise_first(table.failures, Cause.TRUNCATED)
    _warn_of_failures(table.failures)
    return table


def _leave_out_truncated(table: FeatureTable) -> FeatureTable:
    """Make failures of the truncated images."""
    is_cut = table.rows["flags"] & FLAG_TRUNCATED != 0
    cut = tuple(Failure(table.paths[row], Cause.TRUNCATED) for row in np.flatnonzero(is_cut))
    return replace(
        table,
        paths=[table.paths[row] for row in np.flatnonzero(~is_cut)],
        indices=table.indices[~is_cut],
        rows=table.rows[~is_cut],
        failures=table.failures + cut,
    )


def _raise_first(failures: tuple[Failure, ...], cause: Cause) -> None:
    """Raise the first failure of a cause, if there is one."""
    for failure in failures:
        if failure.cause is cause:
            _raise(failure)


def _describe_missing(items: ItemList, stats: FileStats, spec: FeatureSpec) -> FeatureBatch:
    """Describe the items that are no files like those that are no images."""
    places = np.array(sorted(stats.causes), dtype=np.int64)
    keys = [items.keys[place] for place in places.tolist()]
    return FeatureBatch(
        items=places,
        keys=keys,
        order_keys=[encode_order_key(key) for key in keys],
        mtime_ns=stats.mtime_ns[places],
        size_bytes=stats.size_bytes[places],
        rows=np.zeros(len(places), dtype=spec.row_dtype),
        causes=[stats.causes[place] for place in places.tolist()],
        is_lasting=np.zeros(len(places), dtype=np.bool_),
    )


def _raise_failure(items: ItemList, batch: FeatureBatch, *, is_strict: bool) -> None:
    """Raise the first failure of a batch if failures end the call."""
    if not is_strict:
        return
    for item, cause in zip(batch.items.tolist(), batch.causes, strict=True):
        if cause is not None:
            _raise(Failure(items.paths[item], cause))


def _raise(failure: Failure) -> None:
    kind = MissingImageError if failure.cause is Cause.MISSING else DecodeError
    msg = (
        f"{failure.cause.value}: {failure.path}. "
        "Use image_loading_errors='skip' to go on without such images."
    )
    error = kind(msg)
    error.filename = failure.path
    if failure.cause is Cause.MISSING:
        error.errno = errno.ENOENT
    raise error


def _warn_of_failures(failures: tuple[Failure, ...]) -> None:
    """Warn once of all images that were left out."""
    if failures:
        warn_user(
            f"{len(failures):,} image(s) could not be loaded and were left out: "
            f"{'; '.join(_count_causes(failures))}.",
            ImageLoadingWarning,
        )


def _count_causes(failures: tuple[Failure, ...]) -> Iterator[str]:
    """Count each cause and give its first path."""
    for cause, count in Counter(failure.cause for failure in failures).most_common():
        first = next(failure.path for failure in failures if failure.cause is cause)
        yield f"{cause.value} ({count:,}, first {first!r})"
