"""A collection's features in memory, to be sampled again and again."""

import os
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import pyarrow as pa

from .buckets import encode_buckets
from .coverage import Coverage, measure_coverage
from .explain import explain_selection
from .features import MIN_HASH_SIZE, make_spec
from .gather import OnTruncated, gather_features
from .groups import GroupsLike, PerGroup, label_items
from .looks import DistanceArray, measure_steps
from .model import MAX_PIXELS, ByteArray, DecodeMode, Failure, FeatureTable, Selection
from .ordering import order_features
from .packs import read_pack
from .parameters import check_choice, check_integer, check_number, check_seed
from .paths import PathLike, list_items
from .picking import Spread
from .quotas import Quotas
from .ranking import Ranking, draw_ranking
from .sampling import SEQUENCE_GAP_S, SamplingOptions, check_target, draw_selection
from .split import Split, split_selection
from .store import choose_cache_dir

OnLoadingError = Literal["skip", "raise"]


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

    def _repr_html_(self) -> str:
        """Show the counts and the buckets in a notebook."""
        from .report import format_html

        return format_html(Selection(self.table, self.codes, np.zeros(0, dtype=np.int64), 0, None))

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
        decode : {"fast", "exact", "preview"}
            ``fast`` decodes JPEGs at a reduced size; ``exact`` decodes in full; ``preview`` takes
            the thumbnails that cameras put into their files, where a few decoded photos of the
            folder show that these are alike, and decodes the others as ``fast`` does. Damage of a
            file behind its thumbnail is not seen then, and a thumbnail may be older than the
            photo; `smartdownsample.provenance.count_previews` tells what came of it.
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
        HelperWarning
            When a process that helped to decode ended early; the result is the same.
        """
        spec = make_spec(check_integer("hash_size", hash_size, at_least=MIN_HASH_SIZE), decode)
        if n_workers is not None:
            n_workers = check_integer("n_workers", n_workers, at_least=1)
        check_choice("image_loading_errors", image_loading_errors, get_args(OnLoadingError))
        check_choice("truncated", truncated, get_args(OnTruncated))
        max_pixels = check_integer("max_pixels", max_pixels, at_least=1)
        folder = choose_cache_dir(cache_dir) if cache else None
        table = gather_features(
            list_items(paths),
            spec,
            folder,
            n_workers=n_workers,
            show_progress=show_progress,
            is_strict=image_loading_errors == "raise",
            truncated=truncated,
            max_pixels=max_pixels,
        )
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

    @cached_property
    def steps(self) -> DistanceArray:
        """How far each image looks from the one before it, see `measure_steps`, shape (n,)."""
        return measure_steps(self.table.rows, self.table.spec)

    def sample(
        self,
        target_count: int | None = None,
        *,
        random_seed: int | None = 42,
        spread: Spread = "joint",
        quotas: Quotas = "proportional",
        groups: GroupsLike | None = None,
        per_group: PerGroup | None = None,
        balance: float = 0.0,
        keep: Collection[PathLike] = (),
        max_per_sequence: int | None = None,
        sequence_gap_s: float = SEQUENCE_GAP_S,
    ) -> Selection:
        """Select visually diverse images.

        Parameters
        ----------
        target_count : int, optional
            How many new ones, at least 0. Left out only with ``per_group``: then every group
            gives as many as it may.
        random_seed : int or None
            Same seed, same selection. None takes a fresh one.
        spread : {"joint", "order", "visual"}
            ``joint`` spreads picks over the natural order of folders and frames and keeps them
            apart in looks. ``order`` takes even steps through each bucket, whatever it looks
            like. ``visual`` goes by looks alone, for names and folders that mean nothing.
        quotas : {"proportional", "equal", "two-phase"}
            What each bucket gives: one, and of the rest a share in proportion to its size, or an
            equal one; or what it gives in the published package.
        groups : "parent", mapping or sequence, optional
            What is counted and balanced by: the folder of each image, a label for each path, or
            the labels of all images in the order in which they were given. Buckets are then
            represented within each group.
        per_group : int or mapping of str to int, optional
            Most images of each group, those in ``keep`` included.
        balance : float
            0 shares images among groups in proportion to their sizes, 1 equally. Every group
            gets one, as far as images go.
        keep : collection of paths
            Images selected before, all part of the collection. They are not selected again, but
            count as picks of their buckets and groups, and new ones are kept apart from them.
        max_per_sequence : int, optional
            Most images of one sequence, those in ``keep`` included: of frames of one folder whose
            capture times follow one another within ``sequence_gap_s``, or, without capture
            times, that follow one another and look alike.
        sequence_gap_s : float
            Longest pause within a sequence, in seconds.

        Returns
        -------
        Selection
            Exactly as many distinct images as asked for, or as there are to select; in natural
            order.

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
        )
        return self.draw(target_count, random_seed, options)

    def draw(
        self, target_count: int | None, random_seed: int | None, options: SamplingOptions
    ) -> Selection:
        """Select images, with all options in one: see `sample`.

        Parameters
        ----------
        target_count : int or None
            How many new ones.
        random_seed : int or None
            Same seed, same selection.
        options : SamplingOptions
            How to sample.

        Returns
        -------
        Selection
            In natural order.

        Raises
        ------
        InvalidParameterError
            When a parameter has a wrong type or value.
        """
        target_count = check_target(target_count, options)
        random_seed = check_seed(random_seed)
        return draw_selection(
            self.table, self.codes, self.steps, target_count, random_seed, options
        )

    def rank(
        self,
        limit: int | None = None,
        *,
        random_seed: int | None = 42,
        spread: Spread = "joint",
        quotas: Quotas = "proportional",
        groups: GroupsLike | None = None,
        balance: float = 0.0,
        keep: Collection[PathLike] = (),
        max_per_sequence: int | None = None,
        sequence_gap_s: float = SEQUENCE_GAP_S,
    ) -> Ranking:
        """Rank images so that the first N are a good selection for every N.

        For learning curves, and for adding to what is labelled already: a larger selection
        contains every smaller one.

        Parameters
        ----------
        limit : int, optional
            How many to rank; by default all. Fewer take less time.
        random_seed, spread, groups, balance, keep, max_per_sequence, sequence_gap_s
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
        check_choice("quotas", quotas, ("proportional", "equal"))
        options = SamplingOptions(
            spread=spread,
            quotas=quotas,
            groups=groups,
            balance=balance,
            keep=keep,
            max_per_sequence=max_per_sequence,
            sequence_gap_s=sequence_gap_s,
        )
        if limit is not None:
            limit = check_integer("limit", limit, at_least=0)
        random_seed = check_seed(random_seed)
        return draw_ranking(self.table, self.codes, self.steps, limit, random_seed, options)

    def measure_coverage(
        self, limit: int | None = None, *, random_seed: int | None = 42
    ) -> Coverage:
        """Measure how well selections of growing size cover the collection.

        For choosing how many images to select: up to the suggested count each adds much, beyond
        it little.

        Parameters
        ----------
        limit : int, optional
            Largest selection looked at, at least 1; by default 10,000. The suggestion is up to
            that.
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

        Examples
        --------
        >>> coverage = index.measure_coverage()  # doctest: +SKIP
        >>> selection = index.sample(coverage.suggested_count)  # doctest: +SKIP
        """
        if limit is not None:
            limit = check_integer("limit", limit, at_least=1)
        random_seed = check_seed(random_seed)
        return measure_coverage(self.table, self.codes, self.steps, limit, random_seed)

    @staticmethod
    def explain(selection: Selection, *, random_seed: int | None = 42) -> pa.Table:
        """Describe each selected image.

        Parameters
        ----------
        selection : Selection
            From this index or another. Not changed.
        random_seed : int or None
            Of the ranks. Same seed, same ranks.

        Returns
        -------
        pyarrow.Table
            A row for each selected image, in natural order: its path and index, bucket, group
            and capture time, its rank among the selected ones, the other selected image that
            looks most like it, and how far apart both look. See
            `smartdownsample.explain.explain_selection`.

        Raises
        ------
        InvalidParameterError
            When the seed has a wrong type or value.
        """
        return explain_selection(selection, check_seed(random_seed))

    @staticmethod
    def split(
        selection: Selection,
        validation: float = 0.2,
        *,
        groups: GroupsLike | None = None,
        random_seed: int | None = 42,
    ) -> Split:
        """Split a selection in two, for training and for validation, by whole groups.

        Parameters
        ----------
        selection : Selection
            From this index or another. Not changed.
        validation : float
            Share of the selected images that is for validation, from 0 to 1. It is met as well
            as whole groups can.
        groups : "parent", mapping or sequence, optional
            What is not to be torn apart, as in `sample`. By default the groups of the selection,
            or, where it has none, the folders.
        random_seed : int or None
            Same seed, same split.

        Returns
        -------
        Split
            Both sides, each a selection, and the near-duplicates between them.

        Raises
        ------
        InvalidParameterError
            When a parameter has a wrong type or value, or the selected images are of fewer than
            two groups.
        """
        check_number("validation", validation, at_least=0, at_most=1)
        random_seed = check_seed(random_seed)
        labels = selection.labels if groups is None else label_items(groups, selection.table)
        if labels is None:
            labels = label_items("parent", selection.table)
        return split_selection(selection, labels, validation, random_seed)
