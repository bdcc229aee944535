"""From the options of a command to the features of the images that it names."""

import argparse
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, TypeAlias

from ..display import count_noun
from ..errors import InvalidParameterError, SmartDownsampleError, StorageError
from ..formats import LIST_EXTENSIONS, TABLE_EXTENSIONS, looks_like_document, read_document
from ..gathering import describe_failures, measure_photo, turn_upright, warn_of_failures
from ..index import ImageIndex
from ..items import (
    DocumentItems,
    Grouping,
    NamedImages,
    ReadItems,
    add_images,
    join_images,
    label_paths,
    leave_out_folder,
    list_document_items,
    name_images,
)
from ..locks import is_lockfile, refuse_locking
from ..options import DocumentOptions, Kept, ReadingOptions, SamplingOptions, count_amount
from ..records import NOT_REACHED, REGION_COLUMNS, Cause, Failure, IntArray, Picks
from ..results import refuse_linking
from ..sampling import check_groups
from ..selection import Selection
from .earlier import list_roots, name_originals, read_earlier
from .time_limit import limit_matching

# Checks where outputs go, from the options, the images, and all paths that are read.
CheckOutputs: TypeAlias = Callable[[argparse.Namespace, NamedImages, list[str]], None]

# What to do about files that people take for lists of images.
_ADVICE = {
    (".xlsx", ".xls", ".ods"): "Save the sheet as CSV, and name that.",
    (".yaml", ".yml", ".xml"): "Name the folder of its images, or a list of their paths (.txt).",
    (".zip", ".gz", ".tar", ".7z"): "Unpack it, and name what is in it.",
}


@dataclass(frozen=True)
class Inputs:
    """What a command works with.

    ``index`` is of all images, those selected before included; ``images`` are the same as they
    were named; ``sampling`` says how to sample them.
    """

    index: ImageIndex
    images: NamedImages
    sampling: SamplingOptions


def name_all(options: argparse.Namespace) -> tuple[NamedImages, list[Kept] | IntArray]:
    """List the images of a command, and which of them were selected before; these come last."""
    with limit_matching(getattr(options, "foreign_patterns", [])):
        return _name_all(options)


def _name_all(options: argparse.Namespace) -> tuple[NamedImages, list[Kept] | IntArray]:
    """List images as `name_all` does, for however long it takes."""
    grouping = Grouping.read(getattr(options, "grouping", None) or "")
    read_items = make_reader(options)
    respell = getattr(options, "respell", str)
    images = name_images(
        options.sources,
        path_column=options.path_column,
        # Other commands may have a root of their own.
        root=options.root if "strict" in options else None,
        grouping=grouping,
        include=options.include,
        exclude=options.exclude,
        read_items=read_items,
        turn=turn_upright,
        may_be_empty=False,
        respell=respell,
        shard=getattr(options, "shard", None),
    )
    placed = (getattr(options, name, None) for name in ("copy_to", "link_to", "crops_to"))
    for folder in (*placed, *getattr(options, "left_out", ())):
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
        _check_document_options(options, images.documents)
        return images, []
    # A table or a document of earlier images need not tell their groups again.
    grouping = grouping if grouping and grouping.rule == "regex" else None
    roots = list_roots(options, options.sources)
    parts = [read_earlier(source, roots, options.path_column, read_items) for source in sources]
    kept = join_images(parts, turn_upright)
    if kept.items is not None and not (images.documents or kept.documents):  # crops of a lockfile
        kept = NamedImages(list(kept.items.paths))
    kept = name_originals(kept, images)
    if grouping is not None:
        kept = replace(kept, labels=label_paths(list(map(respell, kept.paths)), None, grouping))
    _check_document_options(options, (*images.documents, *kept.documents))
    if images.documents:
        read = {document.annotations.file for document in kept.documents}
        _check_kept([each for each in sources if each not in read], options.path_column)
    return add_images(images, kept, turn_upright)


def _check_kept(sources: list[str], path_column: str | None) -> None:
    """Make sure that no table of crops is taken for a table of whole photos."""
    for source in sources:
        # A pipe or standard input cannot be read again, and is no table.
        if not os.path.isfile(source) or is_lockfile(source):
            continue
        table = name_images([source], path_column=path_column).table
        if table is not None and {*REGION_COLUMNS} <= {*table.column_names}:
            msg = (
                f"--keep needs a document where crops are sampled. Got the table {source!r}, of "
                "which only the photos would be read. Write each round with -o, a name that ends "
                "as the document's does, and --only-selected-boxes."
            )
            raise InvalidParameterError(msg)


def _check_document_options(
    options: argparse.Namespace, documents: tuple[DocumentItems, ...]
) -> None:
    """Make sure that options about documents and crops are about something."""
    if "strict" not in options:  # a command that has them not, and may have a root of its own
        return
    given = [
        (f"--{'category' if field.name == 'categories' else field.name.replace('_', '-')}", kind)
        for kind in (DocumentOptions, ReadingOptions)
        for field in fields(kind)
        if kind is DocumentOptions or field.name.startswith("crop_")
        if getattr(options, field.name, field.default) not in (field.default, [])
    ]
    has_crops = any(document.options.items == "crops" for document in documents)
    has_lists = any(
        source.lower().endswith((*TABLE_EXTENSIONS, *LIST_EXTENSIONS)) for source in options.sources
    )
    for name, kind in given:
        if not documents and not (has_lists and name == "--root"):
            msg = (
                f"{name} is about documents of detections, such as MegaDetector writes, and there "
                "is none among the sources. Name one, or leave the option out."
            )
            raise InvalidParameterError(msg)
        if kind is ReadingOptions and not has_crops:
            msg = (
                f"{name} is about crops, and there are photos alone. Leave it out, or choose "
                "--items crops."
            )
            raise InvalidParameterError(msg)


def make_reader(options: argparse.Namespace) -> ReadItems:
    """Make a reader of the items of documents."""
    return partial(_read_items, DocumentOptions(**_take(options, DocumentOptions)))


def _read_items(options: DocumentOptions, source: str) -> DocumentItems | None:
    """Read the items of a document; None for any other file or folder."""
    annotations = read_document(source) if looks_like_document(source) else None
    if annotations is None:
        return None
    return list_document_items(annotations, options, measure_photo)


def choose_reading(options: argparse.Namespace) -> ReadingOptions:
    """Choose how to read images."""
    return ReadingOptions(**_take(options, ReadingOptions), show_progress=not options.quiet)


def refuse_objects(options: argparse.Namespace, paths: Iterable[str]) -> None:
    """Refuse of objects, while nothing is read, what only files have: links and lockfiles."""
    if options.link_to is not None:
        refuse_linking(paths)
    if options.lock is not None:
        refuse_locking(paths)


def _choose_sampling(
    options: argparse.Namespace, images: NamedImages, kept: list[Kept] | IntArray
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

    `check_outputs` is called before as well, with the images and all paths that are read. Raises
    `SmartDownsampleError` when no image can be used.
    """
    images, kept = name_all(options)
    return gather_named(options, images, kept, check_outputs)


def gather_named(
    options: argparse.Namespace,
    images: NamedImages,
    kept: list[Kept] | IntArray,
    check_outputs: CheckOutputs | None = None,
) -> Inputs:
    """Gather the features of images that are named already, see `collect`."""
    items = images.list_items()
    if check_outputs is not None:
        documents = [*options.sources, *getattr(options, "keep", [])]
        check_outputs(options, images, [*documents, *items.paths])
    sampling = _choose_sampling(options, images, kept)
    check_groups(sampling, items)
    index = ImageIndex.gather_items(items, choose_reading(options))
    if not len(index):
        raise SmartDownsampleError(_explain_nothing(images, index.failures))
    _check_reached(options, index)
    warn_of_failures(index.failures)
    return Inputs(index, images, sampling)


def _check_reached(options: argparse.Namespace, index: ImageIndex) -> None:
    """Raise StorageError when most images that were to be read could not be reached."""
    lost = tuple(failure for failure in index.failures if failure.cause in NOT_REACHED)
    n_wanted = len(index) + len(index.failures) - index.table.n_known
    if 2 * len(lost) > n_wanted:
        kept = " goes on from there, since all else is kept" if options.cache else " reads all anew"
        msg = (
            f"{len(lost):,} of {count_noun(n_wanted, 'image')} to be read could not be reached: "
            f"{describe_failures(lost)}. The same command{kept}."
        )
        raise StorageError(msg)


def _explain_nothing(images: NamedImages, failures: tuple[Failure, ...]) -> str:
    """Say why there are no images at all, and what to do where a document leads nowhere."""
    reason = (
        f"none of {len(failures):,} could be loaded. {describe_failures(failures)}"
        if failures
        else "the sources name none, or none that --category and --min-confidence allow"
    )
    is_lost = any(failure.cause is Cause.MISSING for failure in failures)
    advice = ""
    if is_lost and (images.documents or images.table is not None):
        what = "document" if images.documents else "table"
        advice = f" Say with --root what folder the paths of the {what} count from."
    if failures and all(failure.cause is Cause.ON_THE_WEB for failure in failures):
        advice = " Download them, and write into the document where they are."
    extension = os.path.splitext(failures[0].path)[1].lower() if failures else ""
    for extensions, text in _ADVICE.items():
        if extension in extensions:
            advice = f" {text}"
    return f"There are no images to work with: {reason}.{advice}"


def tell_of_documents(options: argparse.Namespace, inputs: Inputs) -> None:
    """Tell people what the documents hold, what was taken and what is wrong, unless quiet."""
    from ..report import describe_document
    from .printing import say

    if not options.quiet:
        for document in inputs.images.documents:
            say(*describe_document(document))


def draw_selection(options: argparse.Namespace, inputs: Inputs) -> Selection:
    """Select as many images as are asked for; raise `SmartDownsampleError` when there are none."""
    target_count = count_target(options, inputs.index)
    selection = inputs.index.draw(target_count, options.random_seed, inputs.sampling)
    check_picks(options, selection)
    return selection


def check_picks(options: argparse.Namespace, picks: Picks) -> None:
    """Make sure that something was picked, unless nothing was asked for."""
    if len(picks) or options.target_count == 0:
        return
    n_earlier = len(picks.earlier_rows)
    msg = (
        f"Nothing new can be selected of {picks.table.count_items()}: {n_earlier:,} were selected "
        "before, and the options about groups and sequences allow no others."
    )
    raise SmartDownsampleError(msg)


def count_target(options: argparse.Namespace, index: ImageIndex) -> int | None:
    """Count the images that are asked for; None for no limit. A share is of at least one."""
    return count_amount(options.target_count, len(index))


def list_parameters(options: argparse.Namespace) -> dict[str, Any]:
    """List what was asked for and decides about the selection, for a manifest.

    Names are those of the library's parameters, where it has them.
    """
    named = ("sources", "path_column", "include", "exclude", "target_count", "grouping", "keep")
    document = tuple(field.name for field in fields(DocumentOptions))
    sampling = _take(options, SamplingOptions)
    reading = ("hash_size", "decode", "image_loading_errors", "truncated", "max_pixels")
    names = dict.fromkeys((*named, *document, "random_seed", *sampling, *reading))
    return {name: getattr(options, name) for name in names}
