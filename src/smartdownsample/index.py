"""A collection's features in memory, to be sampled again and again."""

import errno
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from .buckets import encode_buckets
from .columns import needed_columns, order_features
from .errors import (
    DecodeError,
    ImageLoadingWarning,
    MissingImageError,
    warn_user,
)
from .features import MIN_HASH_SIZE, make_spec
from .model import (
    FLAG_TRUNCATED,
    MAX_PIXELS,
    ByteArray,
    Cause,
    DecodeMode,
    Failure,
    FeatureBatch,
    FeatureSpec,
    FeatureTable,
    FileStats,
    ItemList,
    Selection,
)
from .packs import read_pack
from .parameters import check_choice, check_integer, check_seed
from .paths import PathLike, encode_order_key, list_items, stat_items
from .picking import pick_rows
from .store import FeatureStore, choose_cache_dir

OnLoadingError = Literal["skip", "raise"]
OnTruncated = Literal["keep", "skip", "raise"]


class ImageIndex:
    """The readable images of a collection with their features and buckets.

    Make one with `ImageIndex.build`, then call `sample` as often as you like: no file is
    touched again.

    Parameters
    ----------
    table : FeatureTable
        The collection.

    Attributes
    ----------
    table : FeatureTable
        Paths, features and failures, in natural order.
    codes : ndarray of uint8, shape (n,)
        Each image's bucket.

    Examples
    --------
    >>> index = ImageIndex.build("data_samples", cache=False)  # doctest: +SKIP
    >>> small, large = index.sample(20), index.sample(100)  # doctest: +SKIP
    """

    table: FeatureTable
    codes: ByteArray

    def __init__(self, table: FeatureTable) -> None:
        self.table = table
        self.codes = encode_buckets(table.rows, table.spec)

    def __len__(self) -> int:
        """Count the readable images."""
        return len(self.table)

    def __repr__(self) -> str:
        """Show the counts."""
        return (
            f"<ImageIndex of {len(self):,} images in {len(np.unique(self.codes))} buckets, "
            f"{len(self.failures):,} unreadable>"
        )

    @property
    def paths(self) -> list[str]:
        """Paths of the readable images as the caller gave them, in natural order."""
        return self.table.paths

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The images that could not be loaded, with the causes."""
        return self.table.failures

    @classmethod
    def build(
        cls,
        paths: PathLike | Iterable[PathLike],
        *,
        hash_size: int = 8,
        n_workers: int | None = None,
        show_progress: bool = False,
        image_loading_errors: OnLoadingError = "skip",
        truncated: OnTruncated = "keep",
        max_pixels: int = MAX_PIXELS,
        decode: DecodeMode = "fast",
        cache: bool = True,
        cache_dir: PathLike | None = None,
    ) -> "ImageIndex":
        """Gather the features of images: from the store where it knows them, else by decoding.

        Parameters
        ----------
        paths : str, path-like or iterable of them
            A folder, a glob, or the images' paths. Paths that lead to the same absolute path
            are one image.
        hash_size : int
            Side of the DHash in bits, 2 to 32.
        n_workers : int, optional
            Images decoded at a time; by default the usable cores, at least 4.
        show_progress : bool
            Whether to draw a progress bar on standard error while images are decoded.
        image_loading_errors : {"skip", "raise"}
            Whether an image that cannot be loaded is left out (with one warning for all of
            them) or ends the call.
        truncated : {"keep", "skip", "raise"}
            Whether an image whose file ends too early, and of which a sensible share can be
            decoded, is used like others, left out, or ends the call.
        max_pixels : int
            An image that claims more pixels is a failure; its pixels are not decoded.
        decode : {"fast", "exact"}
            ``fast`` decodes JPEGs at a reduced size; ``exact`` decodes in full.
        cache : bool
            Whether features are kept in the store and taken from it.
        cache_dir : path, optional
            Folder of the store, by default ``SMARTDOWNSAMPLE_CACHE_DIR`` or the platform's
            user cache folder.

        Returns
        -------
        ImageIndex
            Of the readable images.

        Raises
        ------
        InvalidParameterError
            When a parameter has a wrong type or value; no file has been opened then.
        MissingImageError, DecodeError
            With ``image_loading_errors="raise"``, for one of the images that cannot be loaded.

        Warns
        -----
        ImageLoadingWarning
            When images were left out.
        StoreWarning
            When the store could not be read or written; the result is the same.
        """
        spec = make_spec(check_integer("hash_size", hash_size, at_least=MIN_HASH_SIZE), decode)
        if n_workers is not None:
            n_workers = check_integer("n_workers", n_workers, at_least=1)
        check_choice("image_loading_errors", image_loading_errors, get_args(OnLoadingError))
        check_choice("truncated", truncated, get_args(OnTruncated))
        max_pixels = check_integer("max_pixels", max_pixels, at_least=1)
        folder = choose_cache_dir(cache_dir) if cache else None
        table = _gather_features(
            list_items(paths),
            spec,
            folder,
            n_workers=n_workers,
            show_progress=show_progress,
            is_strict=image_loading_errors == "raise",
            max_pixels=max_pixels,
        )
        if truncated != "keep":
            table = _leave_out_truncated(table)
            if truncated == "raise":
                _raise_first(table.failures, Cause.TRUNCATED)
        _warn_of_failures(table.failures)
        return cls(table)

    @classmethod
    def from_pack(cls, pack: PathLike, root: PathLike | None = None) -> "ImageIndex":
        """Take the features of a collection from a pack, without the photos.

        Parameters
        ----------
        pack : path
            As `smartdownsample.packs.export_pack` wrote it.
        root : path, optional
            Put before the pack's relative paths.

        Returns
        -------
        ImageIndex
            In natural order; indices refer to that order.

        Raises
        ------
        StoreError
            When the file is no pack of this version or is damaged.
        """
        spec, known, paths = read_pack(pack)
        if root is not None:
            paths = [os.path.join(root, path) for path in paths]
        ordered = order_features(spec, known, [], [os.fsencode(path) for path in paths])
        return cls(
            FeatureTable(
                spec=spec,
                paths=[paths[item] for item in ordered.items.tolist()],
                indices=ordered.ranks[ordered.items],
                rows=ordered.rows,
                failures=tuple(Failure(paths[item], cause) for item, cause in ordered.causes),
                n_given=len(paths),
                n_extracted=0,
                n_known=len(paths),
            )
        )

    def sample(self, target_count: int, *, random_seed: int | None = 42) -> Selection:
        """Select visually diverse images.

        Parameters
        ----------
        target_count : int
            How many, at least 0.
        random_seed : int or None
            Same seed, same selection. None takes a fresh one.

        Returns
        -------
        Selection
            Exactly ``min(target_count, len(self))`` distinct images, in natural order.

        Raises
        ------
        InvalidParameterError
            When a parameter has a wrong type or value.
        """
        target_count = check_integer("target_count", target_count, at_least=0)
        random_seed = check_seed(random_seed)
        rows = pick_rows(self.codes, target_count, random_seed)
        return Selection(self.table, self.codes, rows, target_count, random_seed)


def _gather_features(
    items: ItemList,
    spec: FeatureSpec,
    cache_dir: Path | None,
    *,
    n_workers: int | None,
    show_progress: bool,
    is_strict: bool,
    max_pixels: int,
) -> FeatureTable:
    """Take known features from the store, compute the others and bring all in order."""
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
            ):
                store.append(batch)
                _raise_failure(items, batch, is_strict=is_strict)
                fresh.append(batch)
    ordered = order_features(spec, known, fresh, items.keys)
    failures = tuple(Failure(items.paths[item], cause) for item, cause in ordered.causes)
    if is_strict and failures:  # known to the store
        _raise(failures[0])
    positions = ordered.ranks if items.positions is None else items.positions
    return FeatureTable(
        spec=spec,
        paths=[items.paths[item] for item in ordered.items.tolist()],
        indices=positions[ordered.items],
        rows=ordered.rows,
        failures=failures,
        n_given=items.n_given,
        n_extracted=len(known.misses),
        n_known=len(known.items),
    )


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
