"""The published call: diverse paths in one line."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, overload

from . import report
from .index import ImageIndex, OnLoadingError, OnTruncated
from .model import MAX_PIXELS, DecodeMode, Selection
from .parameters import check_integer, check_seed
from .paths import PathLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@overload
def sample_diverse(
    image_paths: PathLike | Iterable[PathLike],
    target_count: int,
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
) -> list[str]: ...


@overload
def sample_diverse(
    image_paths: PathLike | Iterable[PathLike],
    target_count: int,
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
) -> list[int]: ...


@overload
def sample_diverse(
    image_paths: PathLike | Iterable[PathLike],
    target_count: int,
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
) -> list[str] | list[int]: ...


def sample_diverse(
    image_paths: PathLike | Iterable[PathLike],
    target_count: int,
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
) -> list[str] | list[int]:
    """Select exactly `target_count` visually diverse images.

    Images that look alike at a glance share a bucket; every bucket is represented, the rest is
    shared in proportion, and within a bucket the picks are spread evenly over the natural order
    of folders and frames.

    Parameters
    ----------
    image_paths : str, path-like or iterable of them
        The images' paths, or one folder or glob. Paths that lead to the same absolute path are
        one image.
    target_count : int
        How many images to select, at least 0.
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
    decode : {"fast", "exact"}
        ``fast`` decodes JPEGs at a reduced size; ``exact`` decodes in full and gives the
        features of the published package.
    cache : bool
        Whether features are kept in the store and taken from it.
    cache_dir : path, optional
        Folder of the store, by default ``SMARTDOWNSAMPLE_CACHE_DIR`` or the platform's user
        cache folder.

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

    Examples
    --------
    >>> from smartdownsample import sample_diverse
    >>> paths = sample_diverse("data_samples", 20)  # doctest: +SKIP
    """
    check_integer("target_count", target_count, at_least=0)
    check_seed(random_seed)
    destinations = [path for path in (save_distribution, save_thumbnails) if path is not None]
    if show_distribution or show_thumbnails or destinations:
        report.check_drawing(*destinations)
    index = ImageIndex.build(
        image_paths,
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
    selection = index.sample(target_count, random_seed=random_seed)
    if show_summary:
        print(report.format_summary(selection))
    _present(report.draw_distribution, selection, save_distribution, is_shown=show_distribution)
    _present(report.draw_thumbnails, selection, save_thumbnails, is_shown=show_thumbnails)
    return selection.indices.tolist() if return_indices else selection.paths


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
