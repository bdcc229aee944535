"""A collection's features in memory, to be sampled again and again."""

from collections.abc import Collection as CollectionOf
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import report
from .checks import check_integer, check_seed, choose_seed
from .display import count_noun
from .document import Document
from .gathering import gather_features, open_pack, warn_of_failures
from .items import list_items
from .options import (
    RANDOM_SEED,
    DecodeMode,
    GroupsLike,
    Kept,
    OnLoadingError,
    OnTruncated,
    PathLike,
    PerGroup,
    Quotas,
    ReadingOptions,
    SamplingKeywords,
    SamplingOptions,
    Spread,
    check_amount,
    check_target,
    count_share,
)
from .records import Collection, Failure, FeatureTable, ItemList
from .sampling import (
    Coverage,
    draw_ranking,
    draw_selection,
    encode_buckets,
    lay_out,
    measure_coverage,
)
from .selection import Ranking, Selection
from .store import choose_cache_dir, choose_store_dir

if TYPE_CHECKING:
    from typing import SupportsIndex

    from typing_extensions import Unpack


class ImageIndex:
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
        """Paths of the readable images, each as given, in natural order; see `sample` on labels."""
        return list(self.table.paths)

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
            column of paths (path, file, filepath, filename or image), or a document of detections.
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
            Whether features are kept and taken from the store; the store's folder, by default
            ``SMARTDOWNSAMPLE_CACHE_DIR`` or the platform's cache folder.
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
        items = paths.items if isinstance(paths, Document) else list_items(paths)
        index = cls.gather_items(items, reading)
        warn_of_failures(index.failures)
        return index

    @classmethod
    def gather_items(cls, items: ItemList, reading: ReadingOptions) -> "ImageIndex":
        """Gather features, with all options in one record, see `build`, but without a warning."""
        return cls(gather_features(items, reading), choose_store_dir(reading))

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
        return cls(open_pack(pack, root), choose_cache_dir(None))

    @cached_property
    def collection(self) -> Collection:
        """The images, their buckets and the order that picks are spread along."""
        return Collection(self.table, self.codes, lay_out(self.table), self.cache_dir)

    def sample(
        self,
        target_count: "SupportsIndex | str | None" = None,
        *,
        random_seed: "SupportsIndex | None" = RANDOM_SEED,
        spread: Spread = SamplingOptions.spread,
        quotas: Quotas = SamplingOptions.quotas,
        groups: GroupsLike | None = SamplingOptions.groups,
        per_group: "PerGroup | None" = SamplingOptions.per_group,
        balance: float = SamplingOptions.balance,
        keep: CollectionOf[Kept] = SamplingOptions.keep,
        max_per_sequence: "SupportsIndex | None" = SamplingOptions.max_per_sequence,
        sequence_gap_s: float = SamplingOptions.sequence_gap_s,
        skip_flat: bool = SamplingOptions.skip_flat,
    ) -> Selection:
        """Select visually diverse images.

        Parameters
        ----------
        target_count : int or str, optional
            How many new ones, at least 0, or a share of all, such as ``"10%"``. Left out only with
            ``per_group``: then every group gives as many as it may.
        random_seed : int or None
            Same seed, same selection. None takes a fresh one, which the selection tells.
        spread : {"joint", "order", "visual"}
            ``joint`` takes even steps along the order that fits the collection: over events by
            capture time, camera by camera, where most times are known and tell more than names;
            else over the natural order of names; else by looks. A few picks move where looks say
            clearly that it pays. ``order`` takes even steps in natural order, whatever images
            look like. ``visual`` goes by looks alone, for names and times that must not matter.
        quotas : {"proportional", "equal", "two-phase"}
            What each bucket gives: at least one, and the rest falls where the steps take it; or
            an equal share; or what it gives in the published package.
        groups : str, mapping or sequence, optional
            What is counted and balanced by: ``"parent"``, the folder of each image; ``"regex:…"``,
            what a pattern finds in its path; ``"species"`` and the like, what a document says; a
            label for each path, such as ``dict(zip(index.paths, labels))``; or the labels of all
            images in the order in which they were given, which is not that of ``paths``.
        per_group : int or mapping of str to int, optional
            Most images of each group, those in ``keep`` included.
        balance : float
            0 shares images among groups in proportion to their sizes, 1 equally. Every group
            gets one, as far as images go.
        keep : Selection, data frame, or collection of paths, of pairs or of places
            Images selected before: a selection, with what it was kept apart from; or paths, also
            as a column of a frame, each for all crops of its photo; pairs of path and region,
            (x, y, width, height) in shares of the upright photo; or places as
            ``Selection.indices`` has them. They count as picks; new ones are kept apart from them.
        max_per_sequence : int, optional
            Most images of one sequence, those in ``keep`` included: as a document tells it, or of
            frames of one folder whose capture times follow one another within ``sequence_gap_s``,
            or, without times, that look alike. Crops of one photo are always of one sequence.
        sequence_gap_s : float
            Longest pause within a sequence, in seconds.
        skip_flat : bool
            Leave out images that show nothing, as of a covered lens; ``skipped_rows`` has them.

        Returns
        -------
        Selection
            Exactly as many distinct images as asked for, or as there are; in natural order.

        Raises
        ------
        InvalidParameterError
            When a parameter has a wrong type or value, or excludes another.
        """
        options = SamplingOptions(
            spread=spread,
            quotas=quotas,
            groups=groups,
            per_group=per_group,
            balance=balance,
            keep=keep,
            max_per_sequence=max_per_sequence,
            sequence_gap_s=sequence_gap_s,
            skip_flat=skip_flat,
        )
        return self.draw(target_count, random_seed, options)

    def draw(
        self,
        target_count: "SupportsIndex | str | None",
        random_seed: "SupportsIndex | None",
        options: SamplingOptions,
    ) -> Selection:
        """Select images with all options in one record, see `sample`."""
        amount = check_target(target_count, options)
        count = count_share(amount, len(self)) if isinstance(amount, float) else amount
        seed = choose_seed(random_seed)
        return Selection.wrap(draw_selection(self.collection, count, seed, options))

    def rank(
        self,
        limit: "SupportsIndex | str | None" = None,
        *,
        random_seed: "SupportsIndex | None" = RANDOM_SEED,
        **options: "Unpack[SamplingKeywords]",
    ) -> Ranking:
        """Rank images so that the first N are a good selection for every N.

        For learning curves, and for adding to what is labelled already: a larger selection
        contains every smaller one.

        Parameters
        ----------
        limit : int or str, optional
            How many to rank, or what share, such as ``"10%"``; by default all. Fewer are faster.
        random_seed, spread, groups, balance, keep, max_per_sequence, sequence_gap_s, skip_flat
            As in `sample`.
        quotas : {"proportional", "equal"}
            As in `sample`; the published rule gives no nested selections.

        Returns
        -------
        Ranking
            Of exactly as many images as asked for, or as there are.

        Raises
        ------
        InvalidParameterError
            When a parameter has a wrong type or value, or excludes another.
        """
        return self.draw_ranking(limit, random_seed, SamplingOptions(**options))

    def draw_ranking(
        self,
        limit: "SupportsIndex | str | None",
        random_seed: "SupportsIndex | None",
        options: SamplingOptions,
    ) -> Ranking:
        """Rank images with all options in one record, see `rank`."""
        amount = None if limit is None else check_amount("limit", limit)
        count = count_share(amount, len(self)) if isinstance(amount, float) else amount
        seed = choose_seed(random_seed)
        picks = draw_ranking(self.collection, count, seed, options.for_ranking())
        return Ranking.wrap(picks)

    def measure_coverage(
        self, limit: int | None = None, *, random_seed: int | None = RANDOM_SEED
    ) -> Coverage:
        """Measure how well selections of growing size cover the collection.

        For choosing how many images to select: how many cover 80, 90 and 95 % of what there is,
        by looks and by events, and a suggestion where more add clearly little.

        Parameters
        ----------
        limit : int, optional
            Largest selection looked at, at least 1, by default 10,000; none larger is suggested.
        random_seed : int or None
            Same seed, same result.

        Returns
        -------
        Coverage
            Of selections of 1 to `limit` images, or to as many as there are.

        Raises
        ------
        InvalidParameterError
            When a parameter has a wrong type or value.
        """
        if limit is not None:
            limit = check_integer("limit", limit, at_least=1)
        return measure_coverage(self.collection, limit, check_seed(random_seed))

    # Methods of a selection, which earlier versions had here.
    explain = staticmethod(Selection.explain)
    split = staticmethod(Selection.split)
