"""Gathering the features of all items: the store is asked first, and told what is new."""

import errno
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from ..display import count_noun
from ..errors import (
    DecodeError,
    ExtractionError,
    ImageLoadingWarning,
    InvalidParameterError,
    MissingImageError,
    StoreError,
    warn_user,
)
from ..features import make_spec_for
from ..items import encode_order_key, stat_files
from ..options import MAX_PIXELS, PathLike, ReadingOptions
from ..records import (
    NOT_REACHED,
    Cause,
    Failure,
    FeatureBatch,
    FeatureSpec,
    FeatureTable,
    FileStats,
    IntArray,
    ItemList,
    list_some,
)
from ..store import FeatureStore, KnownFeatures, KnownRows, make_table, read_pack
from .box_orientation import look_up_upright
from .ordered_features import order_features

# Shared folders list what other machines wrote some seconds late: it is looked for again after each
# of these times.
_LATE_S = (0.0, 0.5, 1.0, 2.0, 4.0)


def gather_features(items: ItemList, reading: ReadingOptions) -> FeatureTable:
    """Take known features from the store, compute the others, and put all in natural order.

    Failures raise `MissingImageError` or `DecodeError` where the options say so; the caller warns
    of the others by `warn_of_failures`.
    """
    check_items(items, reading)
    spec = make_spec_for(reading)
    is_strict = reading.image_loading_errors == "raise"
    stats = stat_files(items.keys)
    fresh = [_list_missing(items, stats, spec)]
    if is_strict:
        for failure in items.failures:
            _raise_failure(failure)
        _raise_first_failure(items, fresh[0])
    with FeatureStore.of(spec, reading) as store:
        retried = choose_retried(reading)
        items, known = look_up_upright(store, items, stats, retried)
        if len(known.misses):
            # Imported here, since importing the decoder takes longer than a run that knows all.
            from .schedule import extract_features

            for batch in extract_features(known.misses, items, stats, spec, reading, store):
                store.append(batch)
                _check_kept(store, reading)
                if is_strict:
                    _raise_first_failure(items, batch)
                fresh.append(batch)
        n_known = len(known.items)
        new = _gather_new(store, items, stats, known.misses, fresh)
    _check_kept(store, reading)
    n_missed = len(set(items.file_of[known.misses].tolist()))
    del stats
    n_extracted = n_missed - _count_unreached(items, fresh[1:])
    ordered = order_features(spec, known, new, items)
    ordered = ordered.leave_out_larger(reading.max_pixels, items.regions)
    if reading.truncated != "keep":
        ordered = ordered.leave_out_truncated()
    table = ordered.to_feature_table(
        spec,
        items,
        n_extracted=n_extracted,
        n_known=n_known,
    )
    _raise_intolerable(table.failures, reading)
    return table


def _check_kept(store: FeatureStore, reading: ReadingOptions) -> None:
    """Raise StoreError where a run is for features alone, and these cannot be kept."""
    if reading.must_keep and not store.is_writable:
        msg = (
            f"No more images are read, since their features cannot be kept in {store.place!r}. "
            "Mend what the warning says, then run the command again: it goes on from there."
        )
        raise StoreError(msg)


def _count_unreached(items: ItemList, batches: Sequence[FeatureBatch]) -> int:
    """Count the files that were not read because their store did not answer."""
    unreached = [
        batch.items[[cause in NOT_REACHED for cause in batch.causes]]
        for batch in batches
        if not NOT_REACHED.isdisjoint(batch.causes)
    ]
    return len(np.unique(items.file_of[np.concatenate(unreached)])) if unreached else 0


def _gather_new(
    store: FeatureStore,
    items: ItemList,
    stats: FileStats,
    misses: IntArray,
    fresh: Sequence[FeatureBatch],
) -> KnownFeatures | None:
    """Gather what was not known: what has come back, and what workers have kept of the misses.

    ``fresh`` begins with the items that have no readable file. None where nothing is new.
    """
    missing, *others = (batch.items for batch in fresh)
    new = np.concatenate([missing, *others])
    kept = misses[:0]
    if len(misses) > len(new) - len(missing):
        kept = np.setdiff1d(misses, new)
    if not len(new) + len(kept):
        return None
    columns = ["order_key", "cause", *(store.spec.row_dtype.names or ())]
    table = make_table(fresh, store.schema, columns)
    if len(kept):
        found = _look_up_kept(
            store, items.take(kept), stats.take(np.unique(items.file_of[kept])), columns
        )
        table = pa.concat_tables([table, found.table])
        new = np.concatenate([new, kept[found.items]])
    return KnownFeatures(table, new, misses)


def _look_up_kept(
    store: FeatureStore, items: ItemList, stats: FileStats, columns: Sequence[str]
) -> KnownFeatures:
    """Look up rows that workers have kept, all of them."""
    for late_s in _LATE_S:
        time.sleep(late_s)
        found = store.look_up(items, stats, columns)
        if not len(found.misses):
            return found
    led_astray = (
        "Or are workers led to another bucket of that name? Set variables such as AWS_ENDPOINT_URL "
        "alike on all machines. "
    )
    msg = (
        f"Workers have kept features of {count_noun(len(found.misses), 'image')} that are not "
        f"in the feature store {store.place!r} now. Was it cleared meanwhile? "
        f"{led_astray if store.bucket else ''}The same call computes them again."
    )
    raise ExtractionError(msg)


def check_items(items: ItemList, reading: ReadingOptions) -> None:
    """Make sure that the items can be read as the options say."""
    if items.frames.any():
        msg = "Only the first frame of a file can be read, whose number is 0. Leave the others out."
        raise InvalidParameterError(msg)
    if reading.decode == "preview" and items.has_regions:
        msg = (
            "The 'decode' parameter cannot be 'preview' for crops: the previews in photos are too "
            "small to cut from. Use 'fast' or 'exact'."
        )
        raise InvalidParameterError(msg)


def choose_retried(reading: ReadingOptions) -> tuple[Cause, ...]:
    """Choose the known failures to try again: what was too large may not be for another limit."""
    return () if reading.max_pixels == MAX_PIXELS else (Cause.TOO_LARGE,)


def _list_missing(items: ItemList, stats: FileStats, spec: FeatureSpec) -> FeatureBatch:
    """Make the batch of the items that have no readable file."""
    is_missing = np.zeros(len(items.keys), dtype=np.bool_)
    is_missing[list(stats.causes)] = True
    missing = np.flatnonzero(is_missing[items.file_of])
    files = items.file_of[missing].tolist()
    keys = list_some(items.keys, items.file_of[missing])
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
        etags=stats.etags and [stats.etags[file] for file in files],
    )


def open_pack(pack: PathLike, root: PathLike | None) -> FeatureTable:
    """Take features from a pack, without the photos; paths are put below `root` if given."""
    spec, rows, items = read_pack(pack, root)
    none = np.zeros(0, dtype=np.int64)
    known = KnownRows(none, np.zeros(0, dtype=spec.row_dtype), {}, none)
    new = KnownFeatures(rows, np.arange(len(items)), none)
    ordered = order_features(spec, known, new, items)
    return ordered.to_feature_table(spec, items, n_extracted=0, n_known=len(items))


def _raise_first_failure(items: ItemList, batch: FeatureBatch) -> None:
    """Raise the first failure of a batch, if there is one."""
    for item, cause in zip(batch.items.tolist(), batch.causes, strict=True):
        if cause is not None:
            _raise_failure(Failure(items.name(item), cause))


def _raise_failure(failure: Failure) -> None:
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


def _raise_intolerable(failures: tuple[Failure, ...], reading: ReadingOptions) -> None:
    """Raise the first failure that the options do not tolerate."""
    if reading.image_loading_errors == "raise" and failures:  # failures that the store knew
        _raise_failure(failures[0])
    if reading.truncated == "raise":
        for failure in failures:
            if failure.cause is Cause.TRUNCATED:
                _raise_failure(failure)


def warn_of_failures(failures: tuple[Failure, ...]) -> None:
    """Warn once of all images that could not be loaded, if there are any."""
    if failures:
        were = "was" if len(failures) == 1 else "were"
        warn_user(
            f"{count_noun(len(failures), 'image')} could not be loaded and {were} left out: "
            f"{describe_failures(failures)}.",
            ImageLoadingWarning,
        )


def describe_failures(failures: tuple[Failure, ...]) -> str:
    """Say how often each cause occurs, the most frequent first, and its first path."""
    return "; ".join(_count_causes(failures))


def _count_causes(failures: tuple[Failure, ...]) -> Iterator[str]:
    """Yield what is said of each cause."""
    for cause, count in Counter(failure.cause for failure in failures).most_common():
        first = next(failure.path for failure in failures if failure.cause is cause)
        yield f"{cause.value} ({count:,}, first {first!r})"
