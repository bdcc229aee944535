"""From the options of a command to the features of the images that it names."""

import argparse
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidParameterError
from ..index import ImageIndex
from ..sources import Grouping, NamedImages, add_images, leave_out_folder, name_images

_BUILD_PARAMETERS = (
    "hash_size",
    "decode",
    "n_workers",
    "image_loading_errors",
    "cache",
    "cache_dir",
)
_SAMPLING_PARAMETERS = (
    "random_seed",
    "spread",
    "quotas",
    "per_group",
    "balance",
    "max_per_sequence",
    "sequence_gap_s",
)


@dataclass(frozen=True)
class Collection:
    """What a command works with.

    Attributes
    ----------
    index : ImageIndex
        Of all images, those selected before included.
    images : NamedImages
        The same as they were named.
    kept : list of str
        Paths of the images selected before.
    """

    index: ImageIndex
    images: NamedImages
    kept: list[str]


def name_all(options: argparse.Namespace) -> tuple[NamedImages, list[str]]:
    """List the images of a command.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command.

    Returns
    -------
    images : NamedImages
        All, those selected before at last.
    kept : list of str
        Paths of the images selected before.
    """
    grouping = _read_grouping(getattr(options, "grouping", None))
    images = name_images(
        options.sources,
        path_column=options.path_column,
        grouping=grouping,
        include=options.include,
        exclude=options.exclude,
    )
    for folder in (getattr(options, "copy_to", None), getattr(options, "link_to", None)):
        if folder is not None:
            n_named = len(images.paths)
            images = leave_out_folder(images, folder)
            if n_named and not images.paths:
                msg = (
                    f"All images are below {folder!r}, where the selected ones are to be placed. "
                    "Name a folder of its own."
                )
                raise InvalidParameterError(msg)
    sources = getattr(options, "keep", [])
    if not sources:
        return images, []
    # A table of earlier images need not tell their groups again.
    grouping = grouping if grouping and grouping.rule == "regex" else None
    kept = name_images(sources, path_column=options.path_column, grouping=grouping)
    return add_images(images, kept), kept.paths


def _read_grouping(text: str | None) -> Grouping | None:
    """Read what makes a group; None for the folder, and without groups."""
    rule, _, rest = (text or "").partition(":")
    if rule == "regex":
        return Grouping("regex", rest)
    return Grouping("column", rest) if rule == "column" else None


def build_index(options: argparse.Namespace, images: NamedImages) -> ImageIndex:
    """Gather the features of images.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command.
    images : NamedImages
        The images.

    Returns
    -------
    ImageIndex
        Of them.
    """
    parameters: dict[str, Any] = {name: getattr(options, name) for name in _BUILD_PARAMETERS}
    return ImageIndex.build(images.paths, show_progress=not options.quiet, **parameters)


def collect(options: argparse.Namespace) -> Collection:
    """Gather the features of the images of a command.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command.

    Returns
    -------
    Collection
        Of these images.
    """
    images, kept = name_all(options)
    return Collection(build_index(options, images), images, kept)


def choose_parameters(options: argparse.Namespace, collection: Collection) -> dict[str, Any]:
    """Choose how to sample.

    Parameters
    ----------
    options : argparse.Namespace
        Of a command that samples.
    collection : Collection
        What is sampled.

    Returns
    -------
    dict
        Parameters of `ImageIndex.sample`, but for the count.
    """
    return {
        **{name: getattr(options, name) for name in _SAMPLING_PARAMETERS if name in options},
        "groups": "parent" if options.grouping == "parent" else collection.images.labels,
        "keep": collection.kept,
    }


def count_target(options: argparse.Namespace, index: ImageIndex) -> int | None:
    """Count the images that are asked for.

    Parameters
    ----------
    options : argparse.Namespace
        Of a command that samples.
    index : ImageIndex
        What is sampled.

    Returns
    -------
    int or None
        The count; None for no limit.
    """
    amount: int | float | None = options.target_count
    return round(amount * len(index)) if isinstance(amount, float) else amount


def list_parameters(options: argparse.Namespace) -> dict[str, Any]:
    """List what was asked for and decides about the selection, for a manifest.

    Parameters
    ----------
    options : argparse.Namespace
        Of a command that samples.

    Returns
    -------
    dict
        By the names of the library's parameters, where it has them.
    """
    names = ("sources", "path_column", "include", "exclude", "target_count", "grouping", "keep")
    features = ("hash_size", "decode", "image_loading_errors")
    return {name: getattr(options, name) for name in (*names, *_SAMPLING_PARAMETERS, *features)}
