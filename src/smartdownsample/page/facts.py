"""The facts about a run that the report page lists: what went in, what came out, the settings."""

from collections.abc import Iterator
from typing import NamedTuple

from ..display import pluralize
from ..gathering import count_previews, describe_previews
from ..records import FeatureTable, Layout, Picks
from ..sampling import count_quality_unknown


class Fact(NamedTuple):
    """A name, a value and, where needed, a remark."""

    name: str
    value: str
    remark: str = ""


def list_facts(selection: Picks, *, is_drawn: bool = True) -> Iterator[Fact]:
    """Say what went in and what came out; `is_drawn` tells whether it was asked for by a number."""
    yield from _list_input(selection.table)
    n_kept, n_earlier = len(selection), len(selection.earlier_rows)
    if n_earlier:
        yield Fact("Selected before", f"{n_earlier:,}", "kept apart from")
    if selection.skipped_rows is not None:
        yield Fact(
            "Left out as flat", f"{len(selection.skipped_rows):,}", _describe_unknown(selection)
        )
    if selection.table.spec.decode == "preview":
        counts = count_previews(selection.table)
        _, *notes = describe_previews(counts)
        yield Fact("From previews", f"{counts.n_previews:,}", "; ".join(notes))
    if len(selection.table):
        yield _describe_spread(selection.collection.layout)
    n_empty = sum(not bucket.n_kept for bucket in selection.buckets)
    yield Fact(
        "Buckets",
        f"{len(selection.buckets):,}",
        f"{n_empty:,} without a kept image" if n_empty else "all of them represented",
    )
    if not is_drawn:
        return
    is_short = n_kept < selection.target_count
    yield Fact(
        "Kept",
        f"{n_kept:,}",
        f"asked for {selection.target_count:,}" if is_short else "as many as asked for",
    )


def _describe_unknown(selection: Picks) -> str:
    """Say how many images may be flat as well."""
    n_unknown = count_quality_unknown(selection.table.rows)
    return f"{n_unknown:,} more may be, which earlier versions kept" if n_unknown else ""


def _describe_spread(layout: Layout) -> Fact:
    """Say along which order picks are spread."""
    if layout.regime == "timed":
        return Fact("Events", f"{layout.n_events:,}", "by capture time, spread over them")
    return Fact("Spread", "by name" if layout.regime == "ordered" else "by looks")


def _list_input(table: FeatureTable) -> Iterator[Fact]:
    n_repeated, n_truncated = table.n_duplicates, table.n_truncated
    repeated = f"{n_repeated:,} of them repeated" if n_repeated else ""
    yield Fact("Given", f"{table.n_given + table.n_not_items:,}", repeated)
    yield Fact("Unreadable", f"{len(table.failures):,}")
    truncated = f"{n_truncated:,} of them truncated" if n_truncated else ""
    yield Fact("Readable", f"{len(table):,}", truncated)
    crops, photos = "", ""
    if table.has_regions:
        yield Fact("Photos", f"{table.n_files:,}", "with these crops")
        crops, photos = "crops ", " photos"
    if table.n_extracted or table.n_known:
        known = f"{table.n_known:,} {crops}known from earlier runs" if table.n_known else ""
        yield Fact("Decoded", f"{table.n_extracted:,}{photos}", known)


def list_settings(selection: Picks, *, is_drawn: bool = True) -> Iterator[Fact]:
    """Say with which parameters the selection can be made again."""
    from importlib import metadata

    spec, seed = selection.table.spec, selection.random_seed
    if is_drawn:
        items = pluralize(selection.table.noun).capitalize()
        yield Fact(f"{items} asked for", f"{selection.target_count:,}")
        yield Fact("Random seed", "none, a fresh one" if seed is None else str(seed))
    yield Fact("Hash size", str(spec.hash_size))
    yield Fact("Decoding", spec.decode)
    if spec.crop_margin:
        yield Fact("Crop margin", f"{spec.crop_margin:.0%} of a box's side")
    if spec.crop_square:
        yield Fact("Crops", "made square")
    yield Fact("Feature version", str(spec.version))
    yield Fact("smartdownsample", metadata.version("smartdownsample"))
