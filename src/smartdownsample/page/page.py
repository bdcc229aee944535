"""The report page: what went in, what came out and why, as one file that any browser opens."""

import base64
import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..items import call_camera, to_text
from ..options import PathLike
from ..records import GroupCount, Picks
from ..results import explain_selection
from ..sampling import Coverage, measure_coverage
from ..writing import OutputKind, write_output
from .boxes import list_boxes
from .cameras import list_cameras
from .comparison import ComparedPicks, find_comparison, list_comparison
from .curve import HEIGHT, WIDTH, plot_coverage
from .facts import list_facts, list_settings
from .items import Reasons, find_reasons, list_columns, pack_items
from .joined_parts import join_parts, read_part
from .looks import list_looks, map_looks
from .origin import name_collection, spell_call, spell_command
from .paths import ShownPaths, show_paths
from .quality import find_words
from .thumbnails import choose_shown, fit_thumbnails, load_thumbnails, pack_thumbnails
from .timeline import list_periods

if TYPE_CHECKING:
    import pyarrow as pa

_MARK = b'<meta name="generator" content="smartdownsample">'
PAGE = OutputKind("a report page", (".html", ".htm"), lambda _, head: _MARK in head)
# Groups that have a line on the page.
_MAX_GROUPS = 500
# In larger selections, comparing each image with each other takes too long.
_MAX_EXPLAINED = 20_000
# What mail takes. In a very large collection, thumbnails have the smaller share nevertheless.
_MAX_BYTES = 14_500_000
_MIN_THUMBNAIL_BYTES = 2_000_000


def save_report(
    selection: Picks,
    path: PathLike,
    *,
    cache: bool = True,
    absolute_paths: bool = False,
    arguments: Sequence[str] | None = None,
) -> None:
    """Write the report page of a selection with everything that can be found out about it.

    Thumbnails, 4,000 at most, are made by reading images again; `cache` keeps them for later
    pages beside the features. In selections of more than 20,000 images, the page does not tell
    which other pick looks most like each. Where the images lie is shown with `absolute_paths`
    only, see `show_paths`. `arguments` are those of the command that made the selection.

    Two selections that are compared, and what was selected before, have a section of their own.
    """
    seed = selection.random_seed
    # Selections that are compared were drawn apart: they have no ranks in common.
    is_drawn = not isinstance(selection, ComparedPicks)
    is_explained = is_drawn and len(selection) <= _MAX_EXPLAINED
    save_page(
        selection,
        path,
        coverage=measure_coverage(selection.collection, None, seed) if is_drawn else None,
        explained=explain_selection(selection, seed) if is_explained else None,
        cache_dir=selection.collection.cache_dir if cache else None,
        absolute_paths=absolute_paths,
        arguments=arguments,
    )


def save_page(
    selection: Picks,
    path: PathLike,
    *,
    coverage: Coverage | None = None,
    explained: "pa.Table | None" = None,
    cache_dir: Path | None = None,
    absolute_paths: bool = False,
    arguments: Sequence[str] | None = None,
) -> None:
    """Write a page about a selection that any browser opens, without a network.

    Without `coverage` the page has no coverage curves. Without `explained`, the table of
    `smartdownsample.results.explain_selection`, it has no ranks. Thumbnails are kept for
    later pages in `cache_dir`. An earlier page is replaced, see `check_output`. The rest is as for
    `save_report`.
    """
    name = to_text(path, "The path of a page")
    paths = show_paths(selection, absolute_paths=absolute_paths)
    reasons = find_reasons(selection, explained)
    content = _list_content(selection, paths, reasons, os.path.abspath(name))
    room = _MAX_BYTES - len(content["items"])
    text = _render(
        content,
        thumbnails=_pack_pictures(selection, reasons, cache_dir, room),
        made_by=spell_call(selection, paths)
        if arguments is None
        else spell_command(arguments, paths),
        coverage=coverage,
        curves=[] if coverage is None else plot_coverage(coverage, len(selection)),
    )
    write_output(name, text.encode(errors="backslashreplace"), PAGE, selection.inputs)


def _list_content(
    selection: Picks, paths: ShownPaths, reasons: Reasons, page_path: str
) -> dict[str, Any]:
    """List what the templates tell, with the packed columns for the script as ``items``."""
    is_drawn = not isinstance(selection, ComparedPicks)
    columns = list_columns(selection, reasons, paths, page_path)
    comparison = find_comparison(selection)
    timeline = list_periods(selection.table)
    words = find_words(selection)
    looks = map_looks(selection.table.rows["lab_layout"])
    return {
        "selection": selection,
        "collection": name_collection(selection, paths),
        "facts": [*list_facts(selection, is_drawn=is_drawn)],
        "settings": [*list_settings(selection, is_drawn=is_drawn)],
        "causes": Counter(failure.cause.value for failure in selection.failures).most_common(),
        "comparison": comparison,
        "place": call_camera(selection.table),
        "scope": comparison and comparison.describe_scope(paths.shorten(comparison.folder)),
        "timeline": timeline,
        "looks": looks,
        "words": words,
        "buckets": [
            GroupCount(bucket, size, n_kept)
            for bucket, (_, size, n_kept) in zip(columns["buckets"], selection.buckets, strict=True)
        ],
        "groups": [
            group._replace(name=name)
            for group, name in zip(selection.groups, paths.groups, strict=True)
        ][:_MAX_GROUPS],
        "items": pack_items(
            columns,
            list_cameras(selection, paths),
            list_boxes(selection.table),
            list_comparison(comparison),
            timeline,
            list_looks(looks),
            words.list_columns(),
        ),
    }


def _pack_pictures(selection: Picks, reasons: Reasons, cache_dir: Path | None, n_bytes: int) -> str:
    """Make the thumbnails that fit into so many bytes of the page, in base64 of a third more."""
    shown = choose_shown(selection, reasons.representatives)
    thumbnails = load_thumbnails(selection, shown, cache_dir)
    return pack_thumbnails(fit_thumbnails(thumbnails, max(n_bytes * 3 // 4, _MIN_THUMBNAIL_BYTES)))


def _render(content: Mapping[str, object], **parts: object) -> str:
    """Render the page as HTML; surrogates stand for bytes of paths that are not valid Unicode."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(read_part),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["grouped"] = "{:,}".format
    environment.globals.update(curve_width=WIDTH, curve_height=HEIGHT)
    script = join_parts("js")
    return environment.get_template("frame.html.jinja").render(
        content,
        script=script,
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=join_parts("css"),
        **parts,
    )
