"""From the options of a command to the features of the images that it names."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from ..errors import InvalidParameterError
from ..index import ImageIndex
from ..items import Grouping, add_images, leave_out_folder, list_items, name_images
from ..options import ReadingOptions, SamplingOptions
from ..records import NamedImages
from ..sampling import check_groups

# Checks where outputs go, from the options, the images, and all paths that are read.
CheckOutputs: TypeAlias = Callable[[argparse.Namespace, NamedImages, list[str]], None]


@dataclass(frozen=True)
class Inputs:
    """What a command works with.

    ``index`` is of all images, those selected before included; ``images`` are the same as they
    were named; ``sampling`` says how to sample them.
    """

    index: ImageIndex
    images: NamedImages
    sampling: SamplingOptions


def name_all(options: argparse.Namespace) -> tuple[NamedImages, list[str]]:
    """List the images of a command, and the paths of those selected before, which come last."""
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


def choose_reading(options: argparse.Namespace) -> ReadingOptions:
    """Choose how to read images."""
    return ReadingOptions(**_take(options, ReadingOptions), show_progress=not options.quiet)


def _choose_sampling(
    options: argparse.Namespace, images: NamedImages, kept: list[str]
) -> SamplingOptions:
    """Choose how to sample; commands that do not have no groups."""
    is_by_folder = getattr(options, "grouping", None) == "parent"
    groups = "parent" if is_by_folder else images.labels
    return SamplingOptions(**{**_take(options, SamplingOptions), "groups": groups, "keep": kept})


def _take(options: argparse.Namespace, kind: type) -> dict[str, Any]:
    """Take the options that are fields of a record, by their names."""
    return {
        field.name: getattr(options, field.name) for field in fields(kind) if field.name in options
    }


def collect(options: argparse.Namespace, check_outputs: CheckOutputs | None = None) -> Inputs:
    """Gather the features of the images of a command, once their groups have been checked.

    `check_outputs` is called before as well, with the images and all paths that are read.
    """
    images, kept = name_all(options)
    if check_outputs is not None:
        documents = [*options.sources, *getattr(options, "keep", [])]
        check_outputs(options, images, [*documents, *images.paths])
    sampling = _choose_sampling(options, images, kept)
    items = list_items(images.paths)
    check_groups(sampling, items)
    return Inputs(ImageIndex.gather_items(items, choose_reading(options)), images, sampling)


def count_target(options: argparse.Namespace, index: ImageIndex) -> int | None:
    """Count the images that are asked for; None for no limit."""
    amount: int | float | None = options.target_count
    return round(amount * len(index)) if isinstance(amount, float) else amount


def list_parameters(options: argparse.Namespace) -> dict[str, Any]:
    """List what was asked for and decides about the selection, for a manifest.

    Names are those of the library's parameters, where it has them.
    """
    named = ("sources", "path_column", "include", "exclude", "target_count", "grouping", "keep")
    sampling = _take(options, SamplingOptions)
    reading = ("hash_size", "decode", "image_loading_errors", "truncated", "max_pixels")
    names = dict.fromkeys((*named, "random_seed", *sampling, *reading))
    return {name: getattr(options, name) for name in names}
