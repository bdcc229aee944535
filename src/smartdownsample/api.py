"""Calls of one line: the published one for diverse paths, and the figures of a collection."""

import inspect
import os
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal, overload

from . import report
from .checks import check_flag, check_seed, check_type
from .errors import InvalidParameterError
from .gathering import warn_of_failures
from .index import ImageIndex
from .items import add_items, list_items, listing_once
from .options import (
    RANDOM_SEED,
    PathLike,
    ReadingKeywords,
    ReadingOptions,
    SamplingKeywords,
    SamplingOptions,
    align_series,
    check_target,
)
from .records import Picks
from .results import Inspection, inspect_collection, resolve_keep
from .sampling import check_groups

if TYPE_CHECKING:
    from typing import SupportsIndex

    from matplotlib.figure import Figure
    from typing_extensions import Unpack


class _Keywords(ReadingKeywords, SamplingKeywords, total=False):
    """The keywords that the published package does not have, and those it takes by name only."""

    save_distribution: PathLike | None
    save_thumbnails: PathLike | None


@overload
def sample_diverse(
    image_paths: PathLike | Iterable[PathLike],
    target_count: "SupportsIndex | str | None",
    hash_size: int = ...,
    n_workers: "SupportsIndex | None" = ...,
    show_progress: bool | None = ...,
    random_seed: "SupportsIndex | None" = ...,
    show_summary: bool = ...,
    show_distribution: bool = ...,
    show_thumbnails: bool = ...,
    *,
    return_indices: Literal[False] = ...,
    **options: "Unpack[_Keywords]",
) -> list[str]: ...


@overload
def sample_diverse(
    image_paths: PathLike | Iterable[PathLike],
    target_count: "SupportsIndex | str | None",
    hash_size: int = ...,
    n_workers: "SupportsIndex | None" = ...,
    show_progress: bool | None = ...,
    random_seed: "SupportsIndex | None" = ...,
    show_summary: bool = ...,
    show_distribution: bool = ...,
    show_thumbnails: bool = ...,
    *,
    return_indices: Literal[True],
    **options: "Unpack[_Keywords]",
) -> list[int]: ...


@overload
def sample_diverse(
    image_paths: PathLike | Iterable[PathLike],
    target_count: "SupportsIndex | str | None",
    hash_size: int = ...,
    n_workers: "SupportsIndex | None" = ...,
    show_progress: bool | None = ...,
    random_seed: "SupportsIndex | None" = ...,
    show_summary: bool = ...,
    show_distribution: bool = ...,
    show_thumbnails: bool = ...,
    *,
    return_indices: bool,
    **options: "Unpack[_Keywords]",
) -> list[str] | list[int]: ...


def sample_diverse(
    image_paths: PathLike | Iterable[PathLike],
    target_count: "SupportsIndex | str | None",
    hash_size: int = ReadingOptions.hash_size,
    n_workers: "SupportsIndex | None" = ReadingOptions.n_workers,
    show_progress: bool | None = True,
    random_seed: "SupportsIndex | None" = RANDOM_SEED,
    show_summary: bool = True,
    show_distribution: bool = False,
    show_thumbnails: bool = False,
    *,
    return_indices: bool = False,
    save_distribution: PathLike | None = None,
    save_thumbnails: PathLike | None = None,
    **options: Any,
) -> list[str] | list[int]:
    """Select exactly `target_count` visually diverse images.

    The picks are spread over what the cameras saw: by capture times, else by names, else by looks.
    Images that are alike in brightness, colour and rough layout share a bucket, and every bucket
    is represented. Near-duplicates are avoided.

    Parameters
    ----------
    image_paths : str, path-like or iterable of them
        The images' paths, or a folder or glob, or several of each; also a data frame or Arrow table
        with a column of paths (path, file, file_name and the like). Paths that lead to the
        same absolute path are one image.
    target_count : int, str or None
        How many images to select, at least 0, or a share of the readable ones, such as ``"10%"``,
        of those in ``keep`` as well. None only with ``per_group``: then every group
        gives as many as it may.
    hash_size : int
        Side of the DHash in bits, 2 to 32.
    n_workers : int, optional
        Images decoded at a time; by default the usable cores, at least 4.
    show_progress : bool, optional
        Whether to draw a progress bar on standard error while images are decoded. As in the
        published package it is drawn into logs as well; with None, as by default in
        `ImageIndex.build`, in notebooks and on terminals alone.
    random_seed : int or None
        Same seed, same selection. None takes a fresh one.
    show_summary : bool
        Whether to print a summary.
    show_distribution, show_thumbnails : bool
        Whether to open the chart of the buckets and the grids of thumbnails. Needs the extra
        ``viz``.
    save_distribution, save_thumbnails : path, optional
        Files to save them to; missing folders are made. Needs the extra ``viz``.
    return_indices : bool
        Whether to return places in `image_paths` instead of paths. Where folders or globs are
        among them, places in the list that `find_images` gives of all.
    **options
        How to read images, as in `ImageIndex.build` (decode, truncated, max_pixels,
        image_loading_errors, cache, cache_dir, whole_seconds), and how to sample, as in
        `ImageIndex.sample` (spread, quotas, groups, per_group, balance, keep, max_per_sequence,
        sequence_gap_s, skip_flat).
        Images in ``keep`` need not be among `image_paths`.

    Returns
    -------
    list of str or list of int
        Exactly ``min(target_count, readable images)`` distinct paths in natural order, each as
        the caller gave it; or their indices.

    Raises
    ------
    InvalidParameterError
        When a parameter has a wrong type or value; no image has been opened then.
    MissingImageError, DecodeError
        With ``image_loading_errors="raise"``, for one of the images that cannot be loaded.
    ExtractionError
        When workers elsewhere, which joblib is configured for, do not answer for each image.
    MissingExtraError
        When something is to be drawn and matplotlib is not installed.

    Warns
    -----
    ImageLoadingWarning
        When images were left out.
    StoreWarning
        When the store could not be read or written; the result is the same.
    HelperWarning
        When a process that helps to decode ended early or cannot be used; the result is the same.
    ShortfallWarning
        When groups, sequences and what was selected before leave fewer images than asked for.

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
    _check_figures("distribution", show_distribution, save_distribution)
    _check_figures("thumbnails", show_thumbnails, save_thumbnails)
    reading, sampling = (
        {name: options.pop(name) for name in keywords.__annotations__ if name in options}
        for keywords in (ReadingKeywords, SamplingKeywords)
    )
    if options:
        msg = f"sample_diverse() got an unexpected keyword argument {min(options)!r}"
        raise TypeError(msg)
    if "groups" in sampling:
        sampling["groups"] = align_series(sampling["groups"], image_paths)
    sampling_options = SamplingOptions(**sampling)
    check_target(target_count, sampling_options)
    check_seed(random_seed)
    is_summarised = check_flag("show_summary", show_summary)
    returns_indices = check_flag("return_indices", return_indices)
    reading_options = ReadingOptions(
        hash_size=hash_size, n_workers=n_workers, show_progress=show_progress, **reading
    )
    with listing_once():
        items = list_items(image_paths)
        sampling_options = resolve_keep(sampling_options, items)
        items = add_items(items, sampling_options.keep)
        destinations = [path for path in (save_distribution, save_thumbnails) if path is not None]
        if show_distribution or show_thumbnails or destinations:
            report.check_drawing(*destinations, inputs=items.paths)
        check_groups(sampling_options, items)
        index = ImageIndex.gather_items(items, reading_options)
    warn_of_failures(index.failures)
    selection = index.draw(target_count, random_seed, sampling_options)
    report.warn_of_shortfall(selection)
    if is_summarised:
        print(report.format_summary(selection))
    _present(report.draw_distribution, selection, save_distribution, is_shown=show_distribution)
    _present(report.draw_thumbnails, selection, save_thumbnails, is_shown=show_thumbnails)
    return selection.indices.tolist() if returns_indices else selection.paths


def inspect_index(
    index: ImageIndex, *, sequence_gap_s: float = SamplingOptions.sequence_gap_s
) -> Inspection:
    """Tell what is in a collection.

    Parameters
    ----------
    index : ImageIndex
        The collection; not changed.
    sequence_gap_s : float
        Longest pause within a sequence, in seconds.

    Returns
    -------
    Inspection
        Its figures.
    """
    check_type("index", index, ImageIndex, "an ImageIndex")
    return inspect_collection(index.collection, sequence_gap_s)


def _check_figures(what: str, is_shown: object, path: object) -> None:
    """Tell showing from saving, which releases 1.8 and 1.9 have in the same places."""
    if isinstance(path, bool):
        msg = (
            f"The 'save_{what}' parameter must be a file path string or None, not a boolean. "
            f"Got {path}. To open a window give show_{what}={path}."
        )
        raise InvalidParameterError(msg)
    if isinstance(is_shown, (str, os.PathLike)):
        msg = (
            f"The 'show_{what}' parameter must be True or False. Got {is_shown!r} instead. To save "
            f"a file give save_{what}={os.fspath(is_shown)!r}."
        )
        raise InvalidParameterError(msg)
    check_flag(f"show_{what}", is_shown)


def _present(
    draw: "Callable[[Figure, Picks], None]",
    selection: Picks,
    path: PathLike | None,
    *,
    is_shown: bool,
) -> None:
    """Save and show one drawing, where it is wanted."""
    if path is not None:
        report.save_figure(draw, selection, path)
    if is_shown:
        report.show_figure(draw, selection)


def _spell_keywords(call: Callable[..., object]) -> inspect.Signature:
    """Make the signature of a call that takes the fields of both records by keyword."""
    signature = inspect.signature(call)
    *parameters, _ = signature.parameters.values()
    records = ((ReadingOptions, ReadingKeywords), (SamplingOptions, SamplingKeywords))
    for record, keywords in records:
        defaults = {field.name: field.default for field in fields(record)}
        parameters += [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name])
            for name in keywords.__annotations__
        ]
    return signature.replace(parameters=parameters)


# What `help` shows; type checkers go by the overloads.
sample_diverse.__signature__ = _spell_keywords(sample_diverse)  # type: ignore[attr-defined] # read by inspect
