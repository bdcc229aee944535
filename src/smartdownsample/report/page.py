"""The report page: what went in, what came out and why, as one file that any browser opens."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..atomic_files import write_file
from ..collection import Picks
from ..gathering import count_previews, describe_previews
from ..items import to_text
from ..options import PathLike
from ..records import IntArray
from ..results import explain_selection
from ..sampling import Coverage, measure_coverage, name_bucket
from .page_curve import HEIGHT, WIDTH, plot_coverage
from .page_items import find_reasons, pack_items
from .page_thumbnails import Shown, choose_shown, load_thumbnails

if TYPE_CHECKING:
    import pyarrow as pa

# Groups that have a line on the page.
_MAX_GROUPS = 500
# Thumbnails of each kind in a small panel.
_SMALL_COUNT = 3
# Larger selections are not explained: each image would be compared with each.
_MAX_EXPLAINED = 20_000


class Thumbnail(NamedTuple):
    """An image that is shown; ``source`` is None where it cannot be read any more."""

    row: int
    path: str
    source: str | None
    colour: str


class Panel(NamedTuple):
    """A bucket and some of its images.

    ``name`` says how bright and of which colour they are, ``traits`` what else they share.
    """

    name: str
    traits: str
    size: int
    n_kept: int
    n_excluded: int
    kept: list[Thumbnail]
    excluded: list[Thumbnail]

    @property
    def is_small(self) -> bool:
        """Whether two such panels fit beside each other."""
        return max(len(self.kept), len(self.excluded)) <= _SMALL_COUNT


class Fact(NamedTuple):
    """A line about the run: what it is, its value and, if needed, a remark."""

    name: str
    value: str
    remark: str = ""


def save_report(
    selection: Picks, path: PathLike, *, title: str | None = None, cache: bool = True
) -> None:
    """Write the report page of a selection, with all that can be found out about it.

    Images are read again for the thumbnails, 1,500 at most, that are not kept yet; with `cache` they
    are kept for later pages where the features are. Selections of more than 20,000 images are not
    explained one by one.
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
    )


def save_page(
    selection: Picks,
    path: PathLike,
    *,
    coverage: Coverage | None = None,
    explained: "pa.Table | None" = None,
    title: str | None = None,
    cache_dir: Path | None = None,
) -> None:
    """Write a page about a selection that any browser opens, without a network.

    Parameters
    ----------
    selection : Picks
        Not changed.
    path : path
        The file to write, by custom ``*.html``. Missing folders are made. It exists either
        completely or as it was before.
    coverage : Coverage, optional
        Of the collection; without it the page has no coverage curves.
    explained : pyarrow.Table, optional
        From `smartdownsample.explain.explain_selection`, of this selection; without it the page
        does not tell why the kept images were chosen.
    title : str, optional
        Heading of the page, by default what was selected.
    cache_dir : Path, optional
        Where thumbnails are kept for later pages; by default nowhere.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    name = to_text(path, "The path of a page")
    text = render_page(selection, coverage, explained, title, cache_dir)
    write_file(name, text.encode(errors="backslashreplace"))


def render_page(
    selection: Picks,
    coverage: Coverage | None,
    explained: "pa.Table | None",
    title: str | None,
    cache_dir: Path | None,
) -> str:
    """Render the page.

    Parameters
    ----------
    selection : Picks
        Not changed.
    coverage : Coverage or None
        Of the collection.
    explained : pyarrow.Table or None
        From `smartdownsample.explain.explain_selection`.
    title : str or None
        Heading of the page.
    cache_dir : Path or None
        Where thumbnails are kept for later pages.

    Returns
    -------
    str
        HTML. Bytes of paths that are no Unicode are surrogates in it.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["grouped"] = "{:,}".format
    shown = choose_shown(selection)
    shown_rows = np.concatenate([np.zeros(0, dtype=np.int64), *(some.excluded for some in shown)])
    items = pack_items(selection, find_reasons(selection, explained, shown_rows))
    script = _read_source("page.js")
    return environment.from_string(_read_source("page.html.jinja")).render(
        title=title or f"{len(selection):,} of {len(selection.table):,} images kept",
        selection=selection,
        panels=[*_list_panels(selection, shown, cache_dir)],
        groups=selection.groups[:_MAX_GROUPS],
        facts=[*_list_facts(selection)],
        settings=[*_list_settings(selection)],
        causes=Counter(failure.cause.value for failure in selection.failures).most_common(),
        coverage=coverage,
        curves=[] if coverage is None else plot_coverage(coverage, len(selection)),
        curve_width=WIDTH,
        curve_height=HEIGHT,
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=_read_source("page.css"),
        script=script,
        items=items,
    )


def _read_source(name: str) -> str:
    """Read a file that lies beside this module."""
    from importlib import resources  # as is metadata, on first need: most runs save no page

    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _list_panels(selection: Picks, shown: list[Shown], cache_dir: Path | None) -> Iterator[Panel]:
    """Describe each bucket, the largest first."""
    sources = load_thumbnails(selection, shown, cache_dir)
    for bucket, some in zip(selection.buckets, shown, strict=True):
        name, _, traits = name_bucket(bucket.code).partition(", ")
        yield Panel(
            name=name,
            traits=traits,
            size=bucket.size,
            n_kept=bucket.n_kept,
            n_excluded=some.n_excluded,
            kept=_list_thumbnails(selection, some.kept, sources),
            excluded=_list_thumbnails(selection, some.excluded, sources),
        )


def _list_thumbnails(
    selection: Picks, rows: IntArray, sources: Mapping[int, str]
) -> list[Thumbnail]:
    """Describe some images."""
    paths, levels = selection.table.paths, np.rint(selection.table.rows["mean_rgb"][rows])
    return [
        Thumbnail(row, paths[row], sources.get(row), f"rgb({red:.0f} {green:.0f} {blue:.0f})")
        for row, (red, green, blue) in zip(rows.tolist(), levels.tolist(), strict=True)
    ]


def _list_facts(selection: Picks) -> Iterator[Fact]:
    """Say what went in and what came out."""
    table, n_kept = selection.table, len(selection)
    yield Fact(
        "Given",
        f"{table.n_given:,}",
        f"{table.n_duplicates:,} of them repeated" if table.n_duplicates else "",
    )
    yield Fact("Unreadable", f"{len(table.failures):,}")
    yield Fact(
        "Readable",
        f"{len(table):,}",
        f"{table.n_truncated:,} of them truncated" if table.n_truncated else "",
    )
    if table.n_extracted or table.n_known:
        known = f"{table.n_known:,} known from earlier runs" if table.n_known else ""
        yield Fact("Decoded", f"{table.n_extracted:,}", known)
    if len(selection.earlier_rows):
        yield Fact("Selected before", f"{len(selection.earlier_rows):,}", "kept apart from")
    if table.spec.decode == "preview":
        counts = count_previews(table)
        _, *notes = describe_previews(counts)
        yield Fact("From previews", f"{counts.n_previews:,}", "; ".join(notes))
    n_empty = sum(not bucket.n_kept for bucket in selection.buckets)
    yield Fact(
        "Buckets",
        f"{len(selection.buckets):,}",
        f"{n_empty:,} without a kept image" if n_empty else "all of them represented",
    )
    is_short = n_kept < selection.target_count
    yield Fact(
        "Kept",
        f"{n_kept:,}",
        f"asked for {selection.target_count:,}" if is_short else "as many as asked for",
    )


def _list_settings(selection: Picks) -> Iterator[Fact]:
    """Say with which parameters the selection can be made again."""
    from importlib import metadata

    spec, seed = selection.table.spec, selection.random_seed
    yield Fact("Images asked for", f"{selection.target_count:,}")
    yield Fact("Random seed", "none, a fresh one" if seed is None else str(seed))
    yield Fact("Hash size", str(spec.hash_size))
    yield Fact("Decoding", spec.decode)
    yield Fact("Feature version", str(spec.version))
    yield Fact("smartdownsample", metadata.version("smartdownsample"))
