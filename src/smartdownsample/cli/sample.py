"""``smartdownsample sample``: a selection, and all that can be made of it."""

import argparse
import os
from collections.abc import Sequence

from ..display import count_noun
from .base_parser import FAILED

# Importing typing takes a tenth of the time in which help is to appear.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..items import DocumentItems, NamedImages
    from ..options import How
    from ..records import Picks
    from ..results import Placed
    from .lock_input import Reopened

SUMMARY = "Select images and print their paths"
USAGE = "SOURCE ... -n N [options]"
EXAMPLES = (
    "sample photos -n 200 --copy-to to_label",
    "sample results.json --root photos -n 10% --group-by species --balance 1 -o part.json",
)

_LINKS: "dict[str, How]" = {"hard": "hardlink", "symbolic": "symlink"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from .option_values import file_called
    from .shared_options import (
        add_explain,
        add_json,
        add_page,
        add_parents,
        add_printing,
        add_reading,
        add_sampling,
        add_sources,
    )

    add_sources(parser, nargs="*")
    add_sampling(parser)
    outputs = parser.add_argument_group("outputs")
    add = outputs.add_argument
    add(
        "-o",
        "--output",
        metavar="FILE",
        type=_read_output,
        help="write the selection to this .txt, .csv, .json or .parquet file; where a document of "
        "detections is the only source and the name ends as its own, the same document with the "
        "selection alone (a folder for Camtrap DP)",
    )
    add(
        "--format",
        dest="output_format",
        choices=("records",),
        help="write a table to that file, whatever the source is",
    )
    add(
        "--only-selected-boxes",
        action="store_true",
        help="let photos in that document keep their selected boxes alone",
    )
    add(
        "--to",
        dest="target_format",
        choices=("coco", "megadetector", "camtrap-dp"),
        help="write that document in another format; Camtrap DP from Camtrap DP alone",
    )
    add_explain(
        add, "each image's rank, which other selected one looks nearest, and why it was taken"
    )
    add_printing(add)
    add("--copy-to", metavar="DIR", help="copy the selected images to this folder")
    add("--crops-to", metavar="DIR", help="write the selected crops to this folder, in full size")
    add("--link-to", metavar="DIR", help="link to the selected images from this folder")
    add(
        "--link-type",
        choices=tuple(_LINKS),
        default="symbolic",
        help="kind of link (%(default)s)",
    )
    add(
        "--add",
        action="store_true",
        help="copy or link the images although there are others in that folder",
    )
    add(
        "--flat",
        action="store_true",
        help="copy or link all images into that folder itself, with their folders in their names: "
        "cam_A--IMG_3.JPG",
    )
    for name, extensions, summary in (
        ("--manifest", (".json",), "write down how the selection came about (%s)"),
        ("--report", (".html", ".htm"), "write a page about the selection (%s)"),
        ("--distribution", (".png", ".pdf", ".svg"), "draw the sizes of the buckets (%s)"),
        ("--thumbnails", (".png", ".pdf", ".svg"), "draw the first images of each bucket (%s)"),
    ):
        shown = " or ".join(extensions)
        add(name, metavar="FILE", type=file_called(*extensions), help=summary % shown)
    add_page(add)
    add_parents(add)
    add(
        "--lock",
        metavar="FILE",
        type=file_called(".lock", ".json"),
        help="write down which images were selected, from what and how, to check or repeat it with "
        "(.lock or .json); without sources: take the selection of that file again",
    )
    add(
        "--update",
        metavar="FILE",
        type=file_called(".lock", ".json"),
        help="select -n more images than that lockfile has, and write it anew; outputs are of the "
        "new ones",
    )
    add_reading(parser)
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="list buckets and groups in the summary"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="only tell how many images would be decoded, from where, and for about how long",
    )
    add_json(parser.add_argument, "print JSON: the selection, or what --dry-run tells")


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit code: 1 when an image was gone before it was placed."""
    from .. import report
    from ..results import describe_run
    from .inputs import collect, draw_selection, list_parameters, tell_of_documents
    from .printing import print_json, print_paths, say

    if options.dry_run:
        from .dry_run import forecast

        return forecast(options)
    locked = _reopen(options)
    if locked is None:
        inputs = collect(options, _check_outputs)
        tell_of_documents(options, inputs)
        selection, images = draw_selection(options, inputs), inputs.images
    else:
        options, selection, images = locked.options, locked.selection, locked.images
    is_complete = _write_files(options, selection, images)
    _save_lock(options, selection, images, locked)
    if options.json:
        print_json({**describe_run(selection, list_parameters(options)), "paths": selection.paths})
    elif not any((options.output, options.copy_to, options.link_to, options.crops_to)):
        # A photo once, however many of its crops are selected.
        paths = list(dict.fromkeys(selection.paths))
        print_paths(paths, is_null_ended=options.null, relative_to=options.relative_to)
    if not options.quiet:
        summary = report.format_summary(
            selection,
            is_verbose=options.verbose,
            n_collection=None if locked is None else locked.n_collection,
        )
        say(*summary.split("\n"))
    return 0 if is_complete else FAILED


def _reopen(options: argparse.Namespace) -> "Reopened | None":
    """Take a selection from a lockfile; None where sources are named."""
    if options.sources:
        return None
    from .lock_input import reopen

    return reopen(options, _check_outputs)


def _save_lock(
    options: argparse.Namespace,
    selection: "Picks",
    images: "NamedImages",
    locked: "Reopened | None",
) -> None:
    """Write a lockfile at last, so that a run that is interrupted can be repeated."""
    if locked is not None:
        locked.save()
    elif options.lock is not None:
        from .lock_output import lock_selection

        lock_selection(options, selection, images)


def _check_outputs(options: argparse.Namespace, images: "NamedImages", read: list[str]) -> None:
    """Make sure that all files can be written, before there is anything to write."""
    from .. import page, report
    from ..locks import lock_kind
    from ..results import (
        MANIFEST,
        check_crops,
        check_document_output,
        choose_target,
        selection_kind,
    )
    from ..writing import check_filled_folder, check_output
    from .inputs import refuse_objects
    from .tables import take_columns

    columns = () if images.table is None else take_columns(options, images.table).column_names
    lock = None if options.is_locked else options.lock
    outputs = {lock: lock_kind(), options.manifest: MANIFEST, options.report: page.PAGE}
    document = _find_document(options, images)
    if document is None:
        outputs[options.output] = selection_kind(columns, images.paths, options.relative_to)
    else:
        target = choose_target(document, options.target_format)
        check_document_output(document, options.output, target, read)
    if options.crops_to is not None:
        check_crops(images.list_items())
    for folder in (options.copy_to, options.link_to, options.crops_to):
        if folder is not None:
            check_filled_folder(folder)
    refuse_objects(options, images.paths)
    for path, kind in outputs.items():
        if path is not None:
            check_output(path, kind, read)
    figures = [path for path in (options.distribution, options.thumbnails) if path is not None]
    if figures:
        report.check_drawing(*figures, inputs=read)


def _write_files(options: argparse.Namespace, selection: "Picks", images: "NamedImages") -> bool:
    """Place images and write all files that are asked for; tell whether all could be placed."""
    from .. import page, report
    from ..results import write_document, write_manifest, write_selection
    from .inputs import list_parameters
    from .tables import describe

    # First, since files of a selection that was not placed would tell what is not so.
    is_complete = True
    if options.crops_to is not None:
        is_complete &= _write_crops(options, selection)
    if options.copy_to is not None:
        is_complete &= _place(options, selection, options.copy_to, "copy")
    if options.link_to is not None:
        is_complete &= _place(options, selection, options.link_to, _LINKS[options.link_type])
    document = _find_document(options, images)
    if document is not None:
        write_document(
            document,
            selection,
            options.output,
            only_selected_boxes=options.only_selected_boxes,
            to=options.target_format,
        )
    elif options.output is not None:
        write_selection(
            selection,
            options.output,
            relative_to=options.relative_to,
            table=describe(options, selection, images.table),
        )
    if options.manifest is not None:
        write_manifest(selection, options.manifest, list_parameters(options))
    if options.report is not None:
        page.save_report(
            selection,
            options.report,
            absolute_paths=options.absolute_paths,
            arguments=options.arguments,
        )
    if options.distribution is not None:
        report.save_figure(report.draw_distribution, selection, options.distribution)
    if options.thumbnails is not None:
        report.save_figure(report.draw_thumbnails, selection, options.thumbnails)
    return is_complete


def _read_output(text: str) -> str:
    """Check the name of the file, or folder, that a selection is written to."""
    from .option_values import file_called

    is_file = "." in os.path.basename(text)[1:]
    return file_called(".txt", ".csv", ".json", ".parquet")(text) if is_file else text


def _find_document(options: argparse.Namespace, images: "NamedImages") -> "DocumentItems | None":
    """Find the document of which a part is to be written; None where a table or list is."""
    from ..errors import InvalidParameterError
    from ..results import choose_target

    is_only = len(options.sources) == 1 and len(images.documents) == 1
    needing = "--to" if options.target_format else "--only-selected-boxes"
    is_needed = options.target_format is not None or options.only_selected_boxes
    if not is_only and is_needed:
        msg = f"{needing} needs a document of detections as the only source. Got other sources."
        raise InvalidParameterError(msg)
    if not is_only or options.output is None or options.output_format is not None:
        return None
    (document,) = images.documents
    extension = os.path.splitext(options.output)[1].lower()
    target = choose_target(document, options.target_format)
    is_folder = document.annotations.is_folder and target is None
    if extension == ("" if is_folder else ".json"):
        if options.explain:
            msg = "--explain needs a table to add to. Add --format records, or name a .csv file."
            raise InvalidParameterError(msg)
        return document
    if is_needed:
        what = "a folder, whose name has no extension" if is_folder else "a .json file"
        msg = f"{needing} is about a document, which is {what}. Got {options.output!r} instead."
        raise InvalidParameterError(msg)
    return None


def _write_crops(options: argparse.Namespace, selection: "Picks") -> bool:
    """Write the selected crops; tell whether all photos were there."""
    from ..results import write_crops

    written = write_crops(
        selection,
        options.crops_to,
        base=options.relative_to or _choose_base(options.sources, selection),
        add=options.add,
        n_workers=options.n_workers,
    )
    told = f"Wrote {count_noun(written.n_new, 'crop')} to {options.crops_to}"
    return _tell_placed(options, written, told, "cut")


def _place(options: argparse.Namespace, selection: "Picks", folder: str, how: "How") -> bool:
    """Copy or link the selected images; tell whether all were there."""
    from ..results import place_images

    base = options.relative_to or _choose_base(options.sources, selection)
    placed = place_images(
        selection.paths,
        folder,
        how,
        base=base,
        add=options.add,
        flat=options.flat,
        manifest=options.manifest,
    )
    told = f"Placed {count_noun(placed.n_new, 'image')} in {folder}"
    return _tell_placed(options, placed, told, "placed")


def _tell_placed(options: argparse.Namespace, placed: "Placed", told: str, done: str) -> bool:
    """Say what came of placing images; tell whether all could be placed."""
    from .printing import say

    for path, cause in placed.failures:
        say(f"Could not be {done}: {path} ({cause.value})")
    if not options.quiet:
        say(told + f", {placed.n_there:,} there already" * (placed.n_there > 0))
    return not placed.failures


def _is_folder(source: str) -> bool:
    """Tell whether a source is a folder, of this machine or of a bucket."""
    from ..items import has_image_extension
    from ..object_urls import is_remote

    return os.path.isdir(source) or (is_remote(source) and not has_image_extension(source))


def _choose_base(sources: Sequence[str], selection: "Picks") -> "str | None":
    """Choose the folder below which folders are kept, so that other selections fit in beside."""
    from ..items import find_common_folder, to_key
    from ..results import find_base_of

    # Photos of a package, which is a folder as well, may lie anywhere.
    if all(map(_is_folder, sources)) and selection.table.details is None:
        return os.fsdecode(find_common_folder(list(map(to_key, sources))))
    return os.fsdecode(find_base_of(selection)) or None
