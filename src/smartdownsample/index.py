"""A collection's features in memory, to be sampled again and again."""

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

from . import report
from .checks import check_choice
from .display import count_noun
from .document import Document
from .gathering import gather_features, open_pack, open_stored, warn_of_failures
from .items import check_root, list_items, listing_once, to_text
from .options import DecodeMode, ItemKind, OnLoadingError, OnTruncated, PathLike, ReadingOptions
from .records import Collection, Failure, FeatureTable, IntArray, ItemList, NamedBy
from .sampler import Sampler
from .sampling import encode_buckets, lay_out
from .store import choose_own_cache_dir

if TYPE_CHECKING:
    from typing import SupportsIndex


class ImageIndex(Sampler):
    """The readable images of a collection with their features and buckets.

    Make one with `ImageIndex.build`, then call `sample` often: no file is touched again.

    Parameters
    ----------
    table : FeatureTable
        The collection: paths, features and failures, in natural order.
    cache_dir : Path, optional
        Folder for what is kept about it beside its features; by default nothing is.

    Attributes
    ----------
    codes : ndarray of uint8, shape (n,)
        Each image's bucket.

    Examples
    --------
    >>> index = ImageIndex.build("data_samples", cache=False)  # doctest: +SKIP
    >>> small, large = index.sample(20), index.sample(100)  # doctest: +SKIP
    """

    # Known of what `build` makes.
    named_by: NamedBy | None = None

    def __init__(self, table: FeatureTable, cache_dir: Path | None = None) -> None:
        self.table = table
        self.cache_dir = cache_dir
        self.codes = encode_buckets(table.rows, table.spec)

    def __len__(self) -> int:
        """Count the readable images."""
        return len(self.table)

    def __repr__(self) -> str:
        """Show the counts."""
        buckets = count_noun(len(np.unique(self.codes)), "bucket")
        counts = f"{self.table.count_items()} in {buckets}, {len(self.failures):,} unreadable"
        return f"<ImageIndex of {counts}>"

    def _repr_html_(self) -> str:
        """Show the counts and the buckets in a notebook."""
        return report.format_collection(self.collection)

    @cached_property
    def paths(self) -> list[str]:
        """Paths of the readable images, each as given, in natural order; see ``indices``."""
        return list(self.table.paths)

    @property
    def indices(self) -> IntArray:
        """Place of each of ``paths`` in the list that was given, int64, shape (n,).

        ``labels[index.indices]`` puts an array of labels of that list in the order of ``paths``,
        without those of images that could not be loaded.
        """
        return self.table.indices

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The images that could not be loaded, with the causes."""
        return self.table.failures

    @classmethod
    def build(
        cls,
        paths: "PathLike | Iterable[PathLike] | Document",
        *,
        hash_size: int = ReadingOptions.hash_size,
        n_workers: "SupportsIndex | None" = ReadingOptions.n_workers,
        show_progress: bool | None = ReadingOptions.show_progress,
        image_loading_errors: OnLoadingError = ReadingOptions.image_loading_errors,
        truncated: OnTruncated = ReadingOptions.truncated,
        max_pixels: int = ReadingOptions.max_pixels,
        decode: DecodeMode = ReadingOptions.decode,
        cache: bool = ReadingOptions.cache,
        cache_dir: PathLike | None = ReadingOptions.cache_dir,
        crop_margin: float = ReadingOptions.crop_margin,
        crop_square: bool = ReadingOptions.crop_square,
        whole_seconds: bool = ReadingOptions.whole_seconds,
    ) -> "ImageIndex":
        """Gather the features of images: from the store where it knows them, else by decoding.

        Parameters
        ----------
        paths : str, path-like, iterable of them, data frame, or Document
            A folder, a glob, the images' paths, several of each, a data frame or Arrow table with a
            column of paths (path, file, file_name and the like), or a document of detections.
            Paths that lead to the same absolute path are one image.
        hash_size : int
            Side of the DHash in bits, 2 to 32.
        n_workers : int, optional
            Images decoded at a time; by default the usable cores, at least 4.
        show_progress : bool, optional
            Whether to draw a progress bar; by default in notebooks and on terminals.
        image_loading_errors : {"skip", "raise"}
            Whether an image that cannot be loaded is left out, with one warning, or ends the call.
        truncated : {"keep", "skip", "raise"}
            Whether an image cut off after a quarter or more is used, left out, or ends the call.
        max_pixels : int
            An image that claims more pixels is a failure, and so is one whose decoder takes more
            memory than four bytes for each of so many pixels, by default 1 GiB, or 64 MiB where
            that is more. All that are decoded at a time share that much: large ones wait.
        decode : {"fast", "exact", "preview"}
            ``fast`` decodes JPEGs at a reduced size; ``exact`` decodes in full; ``preview`` takes
            the thumbnails that cameras put into their files, where a few decoded photos of the
            folder show that these are alike, and decodes the others as ``fast`` does. Damage behind
            a thumbnail is not seen then; `smartdownsample.count_previews` tells what came of it.
        cache, cache_dir : bool, path
            Whether features are kept and taken from the store; the store's folder, also the URL of
            one in a bucket, by default ``SMARTDOWNSAMPLE_CACHE_DIR`` or the platform's cache
            folder.
        crop_margin, crop_square : float, bool
            Share of a box's side added on each side of its crop; whether crops are made square.
        whole_seconds : bool
            Whether kept features are used where times of files agree up to the second.

        Returns
        -------
        ImageIndex
            Of the readable images.

        Raises
        ------
        InvalidParameterError
            When a parameter has a wrong type or value; no image has been opened then.
        MissingImageError, DecodeError
            With ``image_loading_errors="raise"``, for one of the images that cannot be loaded.
        ExtractionError
            When workers elsewhere, which joblib is configured for, do not answer for each image.

        Warns
        -----
        ImageLoadingWarning
            When images were left out.
        StoreWarning, HelperWarning
            Of a store that could not be used, or a helper that ended; the result is the same.
        """
        reading = ReadingOptions(
            hash_size=hash_size,
            n_workers=n_workers,
            show_progress=show_progress,
            image_loading_errors=image_loading_errors,
            truncated=truncated,
            max_pixels=max_pixels,
            decode=decode,
            cache=cache,
            cache_dir=cache_dir,
            crop_margin=crop_margin,
            crop_square=crop_square,
            whole_seconds=whole_seconds,
        )
        with listing_once():
            items = paths.items if isinstance(paths, Document) else list_items(paths)
            index = cls.gather_items(items, reading)
        index.named_by = _tell_names(paths, items, reading)
        index.given = paths if hasattr(paths, "index") and not isinstance(paths, list) else None
        warn_of_failures(index.failures)
        return index

    @classmethod
    def gather_items(cls, items: ItemList, reading: ReadingOptions) -> "ImageIndex":
        """Gather features, with all options in one record, see `build`, but without a warning."""
        return cls(gather_features(items, reading), choose_own_cache_dir(reading))

    @classmethod
    def from_pack(cls, pack: PathLike, root: PathLike | None = None) -> "ImageIndex":
        """Take the features of a collection from a pack, without the photos.

        Parameters
        ----------
        pack : path
            As `smartdownsample.export_pack` wrote it.
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
        return cls(open_pack(pack, root), choose_own_cache_dir(ReadingOptions()))

    @classmethod
    def open(
        cls,
        cache_dir: PathLike | None,
        root: PathLike,
        *,
        items: ItemKind = "photos",
        hash_size: int = ReadingOptions.hash_size,
        decode: DecodeMode = ReadingOptions.decode,
        crop_margin: float = ReadingOptions.crop_margin,
        crop_square: bool = ReadingOptions.crop_square,
    ) -> "ImageIndex":
        """Take what the store knows of the images below a folder, without touching any file.

        For very many images, of which ten million take some 1.1 GB of memory, and for photos that
        are not at hand. What has changed since, or is gone, is not noticed.

        Parameters
        ----------
        cache_dir : path or None
            Of the store, also the URL of one in a bucket; None is ``SMARTDOWNSAMPLE_CACHE_DIR`` or
            the platform's cache folder. Some 200 bytes for each image are written there, for a
            bucket into the cache folder of this machine, and gone when the index is.
        root : path
            The folder, which need not exist here, or the URL of a bucket or of a folder in one.
            Paths begin as it is spelt.
        items : {"photos", "crops"}
            What to take: whole photos, or all crops that were ever read there by their boxes.
        hash_size, decode, crop_margin, crop_square : int, str, float, bool
            As they were when the images were read, see `build`.

        Returns
        -------
        ImageIndex
            In natural order; indices refer to that order.

        Raises
        ------
        InvalidParameterError
            When `items` is another word.
        StoreError
            When the store knows no such items below the folder, or the disk has no room.
        """
        check_choice("items", items, get_args(ItemKind))
        reading = ReadingOptions(
            hash_size=hash_size,
            decode=decode,
            cache_dir=cache_dir,
            crop_margin=crop_margin,
            crop_square=crop_square,
        )
        table = open_stored(check_root("root", root), reading, items)
        return cls(table, choose_own_cache_dir(reading))

    @cached_property
    def collection(self) -> Collection:
        """The images, their buckets and the order that picks are spread along."""
        layout = lay_out(self.table)
        return Collection(self.table, self.codes, layout, self.cache_dir, named_by=self.named_by)


def _tell_names(
    paths: "PathLike | Iterable[PathLike] | Document", items: ItemList, reading: ReadingOptions
) -> NamedBy:
    """Tell what named the images, as lockfiles say it; images one by one, where nothing else is."""
    if isinstance(paths, Document):
        contents = paths.contents
        return NamedBy([contents.annotations.file], reading, contents.options)
    if isinstance(paths, (str, os.PathLike)):
        return NamedBy([to_text(paths, "A source")], reading)
    if items.positions is None and isinstance(paths, (list, tuple)):  # folders or globs
        return NamedBy([to_text(path, "A source") for path in paths], reading)
    return NamedBy(items.paths, reading)
