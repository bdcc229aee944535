"""The published call: diverse paths in one line."""

import os
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Literal, overload

from . import report
from .gather import OnTruncated
from .groups import GroupsLike, PerGroup
from .index import ImageIndex, OnLoadingError
from .model import MAX_PIXELS, DecodeMode, Selection
from .parameters import check_seed
from .paths import PathLike, find_images, to_key, to_text
from .picking import Spread
from .quotas import Quotas
from .sampling import SEQUENCE_GAP_S, SamplingOptions, check_target

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@overload
def sample_diverse(
    image_paths: PathLike | Iterable[PathLike],
    target_count: int | None,
    hash_size: int = ...,
    n_workers: int | None = ...,
    show_progress: bool = ...,
    random_seed: int | None = ...,
    show_summary: bool = ...,
    show_distribution: bool = ...,
    show_thumbnails: bool = ...,
    *,
    save_distribution: PathLike | None = ...,
    save_thumbnails: PathLike | None = ...,
    image_loading_errors: OnLoadingError = ...,
    return_indices: Literal[False] = ...,
    truncated: OnTruncated = ...,
    max_pixels: int = ...,
    decode: DecodeMode = ...,
    cache: bool = ...,
    cache_dir: PathLike | None = ...,
    spread: Spread = ...,
    quotas: Quotas = ...,
    groups: GroupsLike | None = ...,
    per_group: PerGroup | None = ...,
    balance: float = ...,
    keep: Collection[PathLike] = ...,
    max_per_sequence: int | None = ...,
    sequence_gap_s: float = ...,
) -> list[str]: ...


@overload
def sample_diverse(
    image_paths: PathLike | Iterable[PathLike],
    target_count: int | None,
    hash_size: int = ...,
    n_workers: int | None = ...,
    show_progress: bool = ...,
    random_seed: int | None = ...,
    show_summary: bool = ...,
    show_distribution: bool = ...,
    show_thumbnails: bool = ...,
    *,
    save_distribution: PathLike | None = ...,
    save_thumbnails: PathLike | None = ...,
    image_loading_errors: OnLoadingError = ...,
    return_indices: Literal[True],
    truncated: OnTruncated = ...,
    max_pixels: int = ...,
    decode: DecodeMode = ...,
    cache: bool = ...,
    cache_dir: PathLike | None = ...,
    spread: Spread = ...,
    quotas: Quotas = ...,
    groups: GroupsLike | None = ...,
    per_group: PerGroup | None = ...,
    balance: float = ...,
    keep: Collection[PathLike] = ...,
    max_per_sequence: int | None = ...,
    sequence_gap_s: float = ...,
) -> list[int]: ...


@overload
def sample_diverse(
    image_paths: PathLike | Iterable[PathLike],
    target_count: int | None,
    hash_size: int = ...,
    n_workers: int | None = ...,
    show_progress: bool = ...,
    random_seed: int | None = ...,
    show_summary: bool = ...,
    show_distribution: bool = ...,
    show_thumbnails: bool = ...,
    *,
    save_distribution: PathLike | None = ...,
    save_thumbnails: PathLike | None = ...,
    image_loading_errors: OnLoadingError = ...,
    return_indices: bool = ...,
    truncated: OnTruncated = ...,
    max_pixels: int = ...,
    decode: DecodeMode = ...,
    cache: bool = ...,
    cache_dir: PathLike | None = ...,
    spread: Spread = ...,
    quotas: Quotas = ...,
    groups: GroupsLike | None = ...,
    per_group: PerGroup | None = ...,
    balance: float = ...,
    keep: Collection[PathLike] = ...,
    max_per_sequence: int | None = ...,
    sequence_gap_s: float = ...,
) -> list[str] | list[int]: ...


def sample_diverse(
    image_paths: PathLike | Iterable[PathLike],
    target_count: int | None,
    hash_size: int = 8,
    n_workers: int | None = None,
    show_progress: bool = True,
    random_seed: int | None = 42,
    show_summary: bool = True,
    show_distribution: bool = False,
    show_thumbnails: bool = False,
    *,
    save_distribution: PathLike | None = None,
    save_thumbnails: PathLike | None = None,
    image_loading_errors: OnLoadingError = "skip",
    return_indices: bool = False,
    truncated: OnTruncated = "keep",
    max_pixels: int = MAX_PIXELS,
    decode: DecodeMode = "fast",
    cache: bool = True,
    cache_dir: PathLike | None = None,
    spread: Spread = "joint",
    quotas: Quotas = "proportional",
    groups: GroupsLike | None = None,
    per_group: PerGroup | None = None,
    balance: float = 0.0,
    keep: Collection[PathLike] = (),
    max_per_sequence: int | None = None,
    sequence_gap_s: float = SEQUENCE_GAP_S,
) -> list[str] | list[int]:
    """Select exactly `target_count` visually diverse images.

    Images that look alike at a glance share a bucket; every bucket is represented, and the rest
    is shared in proportion. The picks are spread over the natural order of folders and frames and
    kept apart in looks.

    Parameters
    ----------
    image_paths : str, path-like or iterable of them
        The images' paths, or one folder or glob. Paths that lead to the same absolute path are
        one image.
    target_count : int or None
        How many images to select, at least 0. None only with ``per_group``: then every group
        gives as many as it may.
    hash_size : int
        Side of the DHash in bits, 2 to 32.
    n_workers : int, optional
        Images decoded at a time; by default the usable cores, at least 4.
    show_progress : bool
        Whether to draw a progress bar on standard error while images are decoded.
    random_seed : int or None
        Same seed, same selection. None takes a fresh one.
    show_summary : bool
        Whether to print a summary.
    show_distribution, show_thumbnails : bool
        Whether to open the chart of the buckets and the grids of thumbnails. Needs the extra
        ``viz``.
    save_distribution, save_thumbnails : path, optional
        Files to save them to; missing folders are made. Needs the extra ``viz``.
    image_loading_errors : {"skip", "raise"}
        Whether an image that cannot be loaded is left out (with one warning for all of them)
        or ends the call.
    return_indices : bool
        Whether to return places in `image_paths` instead of paths. For a folder or glob, places
        in the list that `find_images` gives of it.
    truncated : {"keep", "skip", "raise"}
        Whether an image whose file ends too early, and of which a sensible share can be decoded,
        is used like others, left out, or ends the call.
    max_pixels : int
        An image that claims more pixels is a failure; its pixels are not decoded.
    decode : {"fast", "exact", "preview"}
        ``fast`` decodes JPEGs at a reduced size; ``exact`` decodes in full and gives the
        features of the published package; ``preview`` takes the thumbnails that cameras put into
        their files, folder by folder, where a few decoded photos show that these are alike.
    cache : bool
        Whether features are kept in the store and taken from it.
    cache_dir : path, optional
        Folder of the store, by default ``SMARTDOWNSAMPLE_CACHE_DIR`` or the platform's user
        cache folder.
    spread, quotas, groups, per_group, balance, max_per_sequence, sequence_gap_s
        How to sample, see `smartdownsample.ImageIndex.sample`.
    keep : collection of paths
        Images selected before, whether among `image_paths` or not. They are not selected again,
        but count as picks of their buckets and groups, and new ones are kept apart from them.

    Returns
    -------
    list of str or list of int
        Exactly ``min(target_count, readable images)`` distinct paths in natural order, each as
        the caller gave it; or their indices.

    Raises
    ------
    InvalidParameterError
        When a parameter has a wrong type or value; no file has been opened then.
    MissingImageError, DecodeError
        With ``image_loading_errors="raise"``, for one of the images that cannot be loaded.
    MissingExtraError
        When something is to be drawn and matplotlib is not installed.

    Warns
    -----
    ImageLoadingWarning
        When images were left out.
    StoreWarning
        When the store could not be read or written; the result is the same.
    HelperWarning
        When a process that helped to decode ended early; the result is the same.

    Notes
    -----
    The published package, release 1.8.4, takes its picks from near-equal quotas and in even steps
    through each bucket. ``spread="order", quotas="two-phase", decode="exact"`` gives that, without
    its repetitions. It ignores the seed; here the seed decides where the steps start.

    Examples
    --------
    >>> from smartdownsample import sample_diverse
    >>> paths = sample_diverse("data_samples", 20)  # doctest: +SKIP
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
    target_count = check_target(target_count, options)
    random_seed = check_seed(random_seed)
    destinations = [path for path in (save_distribution, save_thumbnails) if path is not None]
    if show_distribution or show_thumbnails or destinations:
        report.check_drawing(*destinations)
    index = ImageIndex.build(
        _add_kept(image_paths, keep),
        hash_size=hash_size,
        n_workers=n_workers,
        show_progress=show_progress,
        image_loading_errors=image_loading_errors,
        truncated=truncated,
        max_pixels=max_pixels,
        decode=decode,
        cache=cache,
        cache_dir=cache_dir,
    )
    selection = index.draw(target_count, random_seed, options)
    if show_summary:
        print(report.format_summary(selection))
    _present(report.draw_distribution, selection, save_distribution, is_shown=show_distribution)
    _present(report.draw_thumbnails, selection, save_thumbnails, is_shown=show_thumbnails)
    return selection.indices.tolist() if return_indices else selection.paths


def _add_kept(
    image_paths: PathLike | Iterable[PathLike], keep: Collection[PathLike]
) -> PathLike | Iterable[PathLike]:
    """Add the images selected before that are not in the collection, after all others."""
    if not len(keep):
        return image_paths
    if isinstance(image_paths, (str, os.PathLike)):
        paths: list[PathLike] = [*find_images(image_paths)]
    else:
        paths = [*image_paths]
    named = {to_key(to_text(path, "An element of the paths")) for path in paths}
    earlier = (to_text(path, "An element of 'keep'") for path in keep)
    return [*paths, *(path for path in earlier if to_key(path) not in named)]


def _present(
    draw: "Callable[[Figure, Selection], None]",
    selection: Selection,
    path: PathLike | None,
    *,
    is_shown: bool,
) -> None:
    """Save and show one drawing, where it is wanted."""
    if path is not None:
        report.save_figure(draw, selection, path)
    if is_shown:
        report.show_figure(draw, selection)
