"""``smartdownsample sample``: a selection, and all that can be made of it."""

import argparse
import dataclasses
import os
from collections.abc import Sequence

import pyarrow as pa

from .. import report
from ..columns import pack_values
from ..explain import explain_selection
from ..features import make_spec
from ..manifest import describe_run, write_manifest
from ..model import Selection
from ..outputs import write_selection
from ..paths import to_key
from ..placing import How, find_base, place_images
from ..sources import NamedImages
from ..store import choose_cache_dir
from ..tabulate import tabulate_selection
from .collection import choose_parameters, collect, count_target, list_parameters, name_all
from .grammar import FAILED
from .printing import print_json, print_paths, say

_LINKS: dict[str, How] = {"hard": "hardlink", "symbolic": "symlink", "reflink": "reflink"}
# Folders that a dry run lists.
_MAX_FOLDERS = 20


def run(options: argparse.Namespace) -> int:
    """Run the command.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command.

    Returns
    -------
    int
        Exit code: 1 when an image was gone before it could be placed.
    """
    if options.dry_run:
        return _forecast(options)
    figures = [path for path in (options.distribution, options.thumbnails) if path is not None]
    if figures:
        report.check_drawing(*figures)
    collection = collect(options)
    index = collection.index
    selection = index.sample(count_target(options, index), **choose_parameters(options, collection))
    is_complete = _write_files(options, selection, collection.images)
    if options.json:
        print_json({**describe_run(selection, list_parameters(options)), "paths": selection.paths})
    elif not any((options.output, options.copy_to, options.link_to)):
        print_paths(selection.paths, is_null_ended=options.null, relative_to=options.relative_to)
    if not options.quiet:
        say(report.format_summary(selection))
    return 0 if is_complete else FAILED


def _write_files(options: argparse.Namespace, selection: Selection, images: NamedImages) -> bool:
    """Write all files that are asked for; tell whether all images could be placed."""
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
        report.save_report(
            selection, options.report, cache=options.cache, cache_dir=options.cache_dir
        )
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
    options: argparse.Namespace, selection: Selection, table: pa.Table | None
) -> pa.Table:
    """Describe the selected images, with the other columns of the table that named them."""
    if options.explain:
        described = explain_selection(selection, options.random_seed)
    else:
        described = tabulate_selection(selection)
    if table is not None:
        rows = table.take(pack_values(selection.indices, pa.int64()))
        for name in table.column_names:
            if name == "path":
                continue
            # What the table calls like one of our columns is told from it.
            shown = f"source_{name}" if name in described.column_names else name
            described = described.append_column(shown, rows[name])
    return described


def _place(options: argparse.Namespace, selection: Selection, folder: str, how: How) -> bool:
    """Copy or link the selected images; tell whether all were there."""
    base = options.relative_to or _choose_base(options.sources, selection)
    placed = place_images(selection.paths, folder, how, base=base)
    for path, cause in placed.failures:
        say(f"Could not be placed: {path} ({cause.value})")
    if not options.quiet:
        there = f", {placed.n_there:,} were there already" if placed.n_there else ""
        say(f"Placed {placed.n_new:,} images in {folder}{there}")
    return not placed.failures


def _choose_base(sources: Sequence[str], selection: Selection) -> str | None:
    """Choose the folder below which folders are kept, so that other selections fit in beside."""
    if all(map(os.path.isdir, sources)):
        return os.path.commonpath(list(map(os.path.abspath, sources)))
    earlier = set(selection.earlier_rows.tolist())
    paths = (path for row, path in enumerate(selection.table.paths) if row not in earlier)
    return os.fsdecode(find_base(list(map(to_key, paths)))) or None


def _forecast(options: argparse.Namespace) -> int:
    """Tell what there is to do."""
    # It imports the decoder, which a run that knows all images does without.
    from ..forecast import forecast_work

    images, _ = name_all(options)
    forecast = forecast_work(
        images.paths,
        make_spec(options.hash_size, options.decode),
        choose_cache_dir(options.cache_dir) if options.cache else None,
        n_workers=options.n_workers,
    )
    if options.json:
        print_json(dataclasses.asdict(forecast))
        return 0
    print(
        f"{forecast.n_images:,} images: {forecast.n_known:,} known from earlier runs, "
        f"{forecast.n_unreadable:,} missing or unreadable, {forecast.n_to_decode:,} to decode"
    )
    if forecast.n_to_decode:
        most = "at most" if options.decode == "preview" else "about"
        print(
            f"Decoding takes {most} {forecast.seconds:,.0f} s, going by {forecast.n_measured:,} "
            "of them, from:"
        )
    folders = sorted(forecast.folders.items(), key=lambda folder: -folder[1])
    for folder, count in folders[:_MAX_FOLDERS]:
        print(f"{count:9,}  {folder}")
    if len(folders) > _MAX_FOLDERS:
        print(f"           and {len(folders) - _MAX_FOLDERS:,} more folders")
    return 0
