"""The report page: what went in, what came out and why, as one file that any browser opens."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..collection import Picks
from ..items import to_text
from ..options import PathLike
from ..output_files import OutputKind, write_output
from ..records import IntArray
from ..results import explain_selection
from ..sampling import Coverage, describe_bucket, measure_coverage, name_buckets
from .boxes import list_boxes, name_items
from .cameras import list_cameras
from .curve import HEIGHT, WIDTH, plot_coverage
from .facts import list_facts, list_settings
from .items import find_reasons, list_columns, pack_items
from .joined_parts import join_parts, read_part
from .paths import ShownPaths, show_paths
from .thumbnails import ShownRows, choose_shown, load_thumbnails

if TYPE_CHECKING:
    import pyarrow as pa

_MARK = b'<meta name="generator" content="smartdownsample">'
PAGE = OutputKind("a report page", (".html", ".htm"), lambda _, head: _MARK in head)
# Groups that have a line on the page.
_MAX_GROUPS = 500
# Kept and excluded thumbnails of a panel that takes half of the page's width.
_MAX_SMALL = 3
# In larger selections, comparing each image with each other takes too long.
_MAX_EXPLAINED = 20_000


class Thumbnail(NamedTuple):
    """An image of a panel; `source` is a data URI, or None where the image is not readable now.

    `name` is its path and, of a crop, what is in it.
    """

    row: int
    name: str
    source: str | None
    colour: str


class Panel(NamedTuple):
    """A bucket and some of its images; `bits` spells its code."""

    name: str
    bits: str
    size: int
    n_kept: int
    n_excluded: int
    kept: list[Thumbnail]
    excluded: list[Thumbnail]

    @property
    def is_small(self) -> bool:
        """Whether two such panels fit beside each other."""
        return max(len(self.kept), len(self.excluded)) <= _MAX_SMALL


def save_report(
    selection: Picks,
    path: PathLike,
    *,
    title: str | None = None,
    cache: bool = True,
    absolute_paths: bool = False,
) -> None:
    """Write the report page of a selection with everything that can be found out about it.

    Thumbnails, 1,500 at most, are made by reading images again; `cache` keeps them for later
    pages beside the features. In selections of more than 20,000 images, the page does not tell
    why each was kept. Where the images lie is shown with `absolute_paths` only, see `show_paths`.
    """
    seed = selection.random_seed
    is_explained = len(selection) <= _MAX_EXPLAINED
    save_page(
        selection,
        path,
        coverage=measure_coverage(selection.collection, None, seed),
        explained=explain_selection(selection, seed) if is_explained else None,
        title=title,
        cache_dir=selection.collection.cache_dir if cache else None,
        absolute_paths=absolute_paths,
    )


def save_page(
    selection: Picks,
    path: PathLike,
    *,
    coverage: Coverage | None = None,
    explained: "pa.Table | None" = None,
    title: str | None = None,
    cache_dir: Path | None = None,
    absolute_paths: bool = False,
) -> None:
    """Write a page about a selection that any browser opens, without a network.

    Without `coverage` the page has no coverage curves. Without `explained`, the table of
    `smartdownsample.results.explain_selection`, it does not tell why images were kept. Thumbnails
    are kept for later pages in `cache_dir`. Where the images lie is shown with `absolute_paths`
    only, see `show_paths`. An earlier page is replaced, see `check_output`.
    """
    shown_paths = show_paths(selection, absolute_paths=absolute_paths)
    name = to_text(path, "The path of a page")
    text = _render_page(selection, coverage, explained, title, cache_dir, shown_paths)
    write_output(name, text.encode(errors="backslashreplace"), PAGE, selection.inputs)


def _render_page(
    selection: Picks,
    coverage: Coverage | None,
    explained: "pa.Table | None",
    title: str | None,
    cache_dir: Path | None,
    paths: ShownPaths,
) -> str:
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
    shown = choose_shown(selection)
    shown_rows = np.concatenate([np.zeros(0, dtype=np.int64), *(some.excluded for some in shown)])
    reasons = find_reasons(selection, explained, shown_rows)
    items = pack_items(
        list_columns(selection, reasons, paths),
        list_cameras(selection, paths),
        list_boxes(selection.table),
    )
    groups = [
        group._replace(name=name)
        for group, name in zip(selection.groups, paths.groups, strict=True)
    ]
    script = join_parts("js")
    thumbnails = load_thumbnails(selection, shown, cache_dir)
    return environment.get_template("frame.html.jinja").render(
        title=title or f"{len(selection):,} of {selection.table.count_items()} kept",
        selection=selection,
        panels=[*_list_panels(selection, shown, thumbnails.items, paths.images)],
        photos=thumbnails.photos,
        groups=groups[:_MAX_GROUPS],
        facts=[*list_facts(selection)],
        settings=[*list_settings(selection)],
        causes=Counter(failure.cause.value for failure in selection.failures).most_common(),
        coverage=coverage,
        curves=[] if coverage is None else plot_coverage(coverage, len(selection)),
        curve_width=WIDTH,
        curve_height=HEIGHT,
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=join_parts("css"),
        script=script,
        items=items,
    )


def _list_panels(
    selection: Picks, shown: list[ShownRows], sources: Mapping[int, str], paths: list[str]
) -> Iterator[Panel]:
    names = name_buckets(selection.table.rows, selection.codes)
    for bucket, some in zip(selection.buckets, shown, strict=True):
        yield Panel(
            name=names[bucket.code],
            bits=describe_bucket(bucket.code),
            size=bucket.size,
            n_kept=bucket.n_kept,
            n_excluded=some.n_excluded,
            kept=_list_thumbnails(selection, some.kept, sources, paths),
            excluded=_list_thumbnails(selection, some.excluded, sources, paths),
        )


def _list_thumbnails(
    selection: Picks, rows: IntArray, sources: Mapping[int, str], paths: list[str]
) -> list[Thumbnail]:
    levels = np.rint(selection.table.rows["mean_rgb"][rows])
    names = name_items(selection.table, rows, paths)
    return [
        Thumbnail(row, name, sources.get(row), f"rgb({red:.0f} {green:.0f} {blue:.0f})")
        for row, name, (red, green, blue) in zip(rows.tolist(), names, levels.tolist(), strict=True)
    ]
