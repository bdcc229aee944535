"""``smartdownsample sample``: a selection, and all that can be made of it."""

import argparse
import os
from collections.abc import Sequence

from .base_parser import FAILED

# Importing typing takes a tenth of the time in which help is to appear.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import pyarrow as pa

    from ..collection import Picks
    from ..options import How
    from ..records import NamedImages

SUMMARY = "Select images and print their paths"
USAGE = "SOURCE ... -n N [options]"

_LINKS: "dict[str, How]" = {"hard": "hardlink", "symbolic": "symlink"}
# Folders that a dry run lists.
_MAX_FOLDERS = 20


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from .shared_options import (
        add_json,
        add_page,
        add_printing,
        add_reading,
        add_sampling,
        add_sources,
        file_called,
    )

    add_sources(parser)
    add_sampling(parser)
    outputs = parser.add_argument_group("outputs")
    add = outputs.add_argument
    add(
        "-o",
        "--output",
        metavar="FILE",
        type=file_called(".txt", ".csv", ".json", ".parquet"),
        help="write the selection to this .txt, .csv, .json or .parquet file",
    )
    add(
        "--explain",
        action="store_true",
        help="add to that file the rank of each image, and which other selected one looks nearest",
    )
    add_printing(add)
    add("--copy-to", metavar="DIR", help="copy the selected images to this folder")
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
    for name, extensions, summary in (
        ("--manifest", (".json",), "write down how the selection came about (%s)"),
        ("--report", (".html", ".htm"), "write a page about the selection (%s)"),
        ("--distribution", (".png", ".pdf", ".svg"), "draw the sizes of the buckets (%s)"),
        ("--thumbnails", (".png", ".pdf", ".svg"), "draw the first images of each bucket (%s)"),
    ):
        shown = " or ".join(extensions)
        add(name, metavar="FILE", type=file_called(*extensions), help=summary % shown)
    add_page(add)
    add_reading(parser)
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
    from .inputs import collect, count_target, list_parameters
    from .printing import print_json, print_paths, say

    if options.dry_run:
        return _forecast(options)
    inputs = collect(options, _check_outputs)
    index = inputs.index
    selection = index.draw(count_target(options, index), options.random_seed, inputs.sampling)
    is_complete = _write_files(options, selection, inputs.images)
    if options.json:
        print_json({**describe_run(selection, list_parameters(options)), "paths": selection.paths})
    elif not any((options.output, options.copy_to, options.link_to)):
        print_paths(selection.paths, is_null_ended=options.null, relative_to=options.relative_to)
    if not options.quiet:
        say(*report.format_summary(selection).split("\n"))
    return 0 if is_complete else FAILED


def _check_outputs(options: argparse.Namespace, images: "NamedImages", read: list[str]) -> None:
    """Make sure that all files can be written, before there is anything to write."""
    from .. import report
    from ..checks import check_place
    from ..output_files import check_output
    from ..results import MANIFEST, selection_kind

    columns = () if images.table is None else _take_columns(options, images.table).column_names
    outputs = {
        options.output: selection_kind(columns, images.paths, options.relative_to),
        options.manifest: MANIFEST,
        options.report: report.PAGE,
    }
    for folder in (options.copy_to, options.link_to):
        if folder is not None:
            check_place(folder)
    for path, kind in outputs.items():
        if path is not None:
            check_output(path, kind, read)
    figures = [path for path in (options.distribution, options.thumbnails) if path is not None]
    if figures:
        report.check_drawing(*figures, inputs=read)


def _write_files(options: argparse.Namespace, selection: "Picks", images: "NamedImages") -> bool:
    """Write all files that are asked for; tell whether all images could be placed."""
    from .. import report
    from ..results import write_manifest, write_selection
    from .inputs import list_parameters

    if options.output is not None:
        write_selection(
            selection,
            options.output,
            relative_to=options.relative_to,
            table=_describe(options, selection, images.table),
        )
    if options.manifest is not None:
        write_manifest(selection, options.manifest, list_parameters(options))
    if options.report is not None:
        report.save_report(selection, options.report, absolute_paths=options.absolute_paths)
    if options.distribution is not None:
        report.save_figure(report.draw_distribution, selection, options.distribution)
    if options.thumbnails is not None:
        report.save_figure(report.draw_thumbnails, selection, options.thumbnails)
    is_complete = True
    if options.copy_to is not None:
        is_complete &= _place(options, selection, options.copy_to, "copy")
    if options.link_to is not None:
        is_complete &= _place(options, selection, options.link_to, _LINKS[options.link_type])
    return is_complete


def _describe(
    options: argparse.Namespace, selection: "Picks", table: "pa.Table | None"
) -> "pa.Table":
    """Describe the selected images, with the other columns of the table that named them."""
    import pyarrow as pa

    from ..arrow import pack_values
    from ..results import explain_selection, tabulate_selection

    if options.explain:
        described = explain_selection(selection, options.random_seed)
    else:
        described = tabulate_selection(selection)
    if table is not None:
        rows = _take_columns(options, table).take(pack_values(selection.indices, pa.int64()))
        names = described.column_names + rows.column_names
        # At once: to append a column copies the list of all others.
        described = pa.table(described.columns + rows.columns, names=names)
    return described


def _take_columns(options: argparse.Namespace, table: "pa.Table") -> "pa.Table":
    """Take what a table tells beside the paths, with names that are told from ours."""
    from ..formats import BYTES_COLUMN
    from ..results import name_source_columns

    # A column of paths with another name stays, as paths may be told in another way there.
    told = {BYTES_COLUMN, "path"} if options.path_column in {None, "path"} else {BYTES_COLUMN}
    places = [place for place, name in enumerate(table.column_names) if name not in told]
    others = table.select(places)
    return others.rename_columns(name_source_columns(others.column_names))


def _place(options: argparse.Namespace, selection: "Picks", folder: str, how: "How") -> bool:
    """Copy or link the selected images; tell whether all were there."""
    from ..results import place_images
    from .printing import say

    base = options.relative_to or _choose_base(options.sources, selection)
    placed = place_images(
        selection.paths, folder, how, base=base, add=options.add, manifest=options.manifest
    )
    for path, cause in placed.failures:
        say(f"Could not be placed: {path} ({cause.value})")
    if not options.quiet:
        there = f", {placed.n_there:,} were there already" if placed.n_there else ""
        say(f"Placed {placed.n_new:,} images in {folder}{there}")
    return not placed.failures


def _choose_base(sources: Sequence[str], selection: "Picks") -> "str | None":
    """Choose the folder below which folders are kept, so that other selections fit in beside."""
    from ..items import to_key
    from ..results import find_base

    if all(map(os.path.isdir, sources)):
        return os.fsdecode(os.path.commonpath(list(map(to_key, sources))))
    earlier = set(selection.earlier_rows.tolist())
    paths = (path for row, path in enumerate(selection.table.paths) if row not in earlier)
    return os.fsdecode(find_base(list(map(to_key, paths)))) or None


def _forecast(options: argparse.Namespace) -> int:
    """Tell what there is to do."""
    import dataclasses

    from ..gathering import forecast_work
    from .inputs import choose_reading, name_all
    from .printing import print_json, tell

    images, _ = name_all(options)
    forecast = forecast_work(images.paths, choose_reading(options))
    if options.json:
        print_json(dataclasses.asdict(forecast))
        return 0
    tell(
        f"{forecast.n_images:,} images: {forecast.n_known:,} known from earlier runs, "
        f"{forecast.n_unreadable:,} missing or unreadable, {forecast.n_to_decode:,} to decode"
    )
    if forecast.n_to_decode:
        most = "at most" if options.decode == "preview" else "about"
        tell(
            f"Decoding takes {most} {forecast.seconds:,.0f} s, going by {forecast.n_measured:,} "
            "of them, from:"
        )
    folders = sorted(forecast.folders.items(), key=lambda folder: -folder[1])
    for folder, count in folders[:_MAX_FOLDERS]:
        tell(f"{count:9,}  {folder}")
    if len(folders) > _MAX_FOLDERS:
        tell(f"           and {len(folders) - _MAX_FOLDERS:,} more folders")
    return 0
