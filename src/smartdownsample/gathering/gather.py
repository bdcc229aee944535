"""From a list of items to their features: what the store knows, and the rest by decoding."""

import errno
from collections import Counter
from collections.abc import Iterator

import numpy as np

from ..errors import DecodeError, ImageLoadingWarning, MissingImageError, warn_user
from ..features import make_spec
from ..items import encode_order_key, stat_files
from ..options import MAX_PIXELS, PathLike, ReadingOptions
from ..records import (
    Cause,
    Failure,
    FeatureBatch,
    FeatureSpec,
    FeatureTable,
    FileStats,
    ItemList,
)
from ..store import FeatureStore, choose_store_dir, read_pack
from .natural_table import needed_columns, order_features


def gather_features(items: ItemList, reading: ReadingOptions) -> FeatureTable:
    """Take known features from the store, compute the others and bring all in order.

    Parameters
    ----------
    items : ItemList
        The collection.
    reading : ReadingOptions
        How to read it.

    Returns
    -------
    FeatureTable
        In natural order.

    Raises
    ------
    MissingImageError, DecodeError
        For one of the failures, if these end the call.

    Warns
    -----
    ImageLoadingWarning
        Once, when images were left out.
    """
    spec = make_spec(reading.hash_size, reading.decode)
    is_strict = reading.image_loading_errors == "raise"
    stats = stat_files(items.keys)
    fresh = [_list_missing(items, stats, spec)]
    _raise_failure(items, fresh[0], is_strict=is_strict)
    with FeatureStore(spec, choose_store_dir(reading)) as store:
        # Images that were too large for the default limit may not be for this one.
        retried = () if reading.max_pixels == MAX_PIXELS else (Cause.TOO_LARGE,)
        known = store.look_up(items, stats, needed_columns(spec), retried)
        if len(known.misses):
            # The decoder is imported on first need: a run whose images are all known is done
            # sooner than its import.
            from .schedule import extract_features

            for batch in extract_features(known.misses, items, stats, spec, reading):
                store.append(batch)
                _raise_failure(items, batch, is_strict=is_strict)
                fresh.append(batch)
    ordered = order_features(spec, known, fresh, items)
    if reading.truncated != "keep":
        ordered = ordered.leave_out_truncated()
    table = ordered.make_table(
        spec,
        items,
        n_extracted=len(np.unique(items.file_of[known.misses])),
        n_known=len(known.items),
    )
    if is_strict and table.failures:  # known to the store
        _raise(table.failures[0])
    if reading.truncated == "raise":
        for failure in table.failures:
            if failure.cause is Cause.TRUNCATED:
                _raise(failure)
    _warn_of_failures(table.failures)
    return table


def _list_missing(items: ItemList, stats: FileStats, spec: FeatureSpec) -> FeatureBatch:
    """List the items whose files are missing, or are no files, like those that are no images."""
    is_missing = np.zeros(len(items.keys), dtype=np.bool_)
    is_missing[list(stats.causes)] = True
    missing = np.flatnonzero(is_missing[items.file_of])
    files = items.file_of[missing].tolist()
    keys = [items.keys[file] for file in files]
    return FeatureBatch(
        items=missing,
        keys=keys,
        order_keys=[encode_order_key(key) for key in keys],
        frames=items.frames[missing],
        regions=items.regions[missing],
        mtime_ns=stats.mtime_ns[files],
        size_bytes=stats.size_bytes[files],
        rows=np.zeros(len(missing), dtype=spec.row_dtype),
        causes=[stats.causes[file] for file in files],
        is_lasting=np.zeros(len(missing), dtype=np.bool_),
    )


def open_pack(pack: PathLike, root: PathLike | None) -> FeatureTable:
    """Take the features of a collection from a pack, without the photos.

    Its relative paths are put below `root`, where there is one.
    """
    spec, known, items = read_pack(pack, root)
    ordered = order_features(spec, known, [], items)
    return ordered.make_table(spec, items, n_extracted=0, n_known=len(items))


def _raise_failure(items: ItemList, batch: FeatureBatch, *, is_strict: bool) -> None:
    """Raise the first failure of a batch if failures end the call."""
    if not is_strict:
        return
    for item, cause in zip(batch.items.tolist(), batch.causes, strict=True):
        if cause is not None:
            _raise(Failure(items.name(item), cause))


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
