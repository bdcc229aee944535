"""The summary that a run prints."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from ..display import count_noun, pluralize, to_line
from ..errors import ShortfallWarning, warn_user
from ..features import tell_infrared
from ..gathering import count_previews, describe_previews
from ..items import call_camera, find_cameras
from ..records import FeatureTable, Layout, Picks
from ..sampling import count_quality_unknown, name_buckets

_NAME_WIDTH = 54
_MAX_GROUPS = 30
_NO_MORE = "groups, sequences and earlier selections leave no more"


def format_summary(
    selection: Picks, *, is_verbose: bool = False, n_collection: int | None = None
) -> str:
    """Say in six lines of text what went in and what came out, and what was left out as flat.

    With `is_verbose`, lists of the buckets and of the groups follow, and what came of previews.
    Where only the selected items were looked at, `n_collection` is how many they were chosen from.
    """
    told = {
        pluralize(selection.table.noun).capitalize(): _describe_items(selection.table),
        "Kept": _describe_kept(selection, n_collection),
        **_describe_places(selection),
        "Light": _describe_light(selection),
        "Taken": _describe_times(selection.table),
        "Failures": _describe_failures(selection.table),
    }
    lines = [f"{name:<9} {text}" for name, text in told.items()]
    lines += [f"Flat      {line}" for line in describe_skipped(selection)]
    return "\n".join([*lines, *(_list_more(selection) if is_verbose else ())])


def _describe_items(table: FeatureTable) -> str:
    read = count_noun(table.n_extracted, "file")
    remarks = []
    if table.n_extracted and table.n_known:
        remarks = [f"{read} read now", f"{table.n_known:,} known from earlier runs"]
    elif table.n_extracted:
        remarks = ["all read now"]
    elif table.n_known:
        remarks = ["all known from earlier runs"]
    if table.n_duplicates:
        remarks.append(f"{table.n_duplicates:,} named again")
    if table.n_truncated:
        goes = "it goes" if table.n_truncated == 1 else "they go"
        remarks.append(f"{table.n_truncated:,} truncated and used as far as {goes}")
    where = f" in {count_noun(table.n_files, 'photo')}" if table.has_regions else ""
    return ", ".join([f"{len(table):,}{where}", *remarks])


def _describe_kept(selection: Picks, n_collection: int | None) -> str:
    if n_collection is not None:
        share = f" ({len(selection) / n_collection:.1%})" if n_collection else ""
        return (
            f"{len(selection):,} of {n_collection:,}{share}, as the lockfile says; "
            "the others were not looked at"
        )
    n, n_kept, n_earlier = len(selection.table), len(selection), len(selection.earlier_rows)
    text = f"{n_kept:,} ({n_kept / n:.1%})" if n else f"{n_kept:,}"
    if n:
        text += f", spread {_describe_layout(selection.collection.layout)}"
    if n_kept < selection.target_count:
        kind = "other" if _count_skipped(selection) else "readable"
        is_all = not _count_left(selection)
        rest = f"every {kind} {selection.table.noun} is selected" if is_all else _NO_MORE
        text += f"; asked for {selection.target_count:,}: {rest}"
    if n_earlier:
        text += f"; kept apart from {n_earlier:,} selected before"
    return text


def _count_skipped(selection: Picks) -> int:
    """Count what was left out as flat."""
    return 0 if selection.skipped_rows is None else len(selection.skipped_rows)


def _count_left(selection: Picks) -> int:
    """Count the items that could have been selected as well."""
    n_taken = len(selection) + len(selection.earlier_rows) + _count_skipped(selection)
    return len(selection.table) - n_taken


def warn_of_shortfall(selection: Picks) -> None:
    """Warn where fewer items were selected than asked for, though there are more."""
    if len(selection) < selection.target_count and _count_left(selection):
        nouns = pluralize(selection.table.noun)
        warn_user(
            f"Selected {len(selection):,} {nouns} of the {selection.target_count:,} asked for: "
            f"{_NO_MORE}. Raise 'per_group' or 'max_per_sequence', or ask for fewer.",
            ShortfallWarning,
        )


def describe_skipped(selection: Picks) -> Iterator[str]:
    """Say how many images were left out as flat, and how many may be; nothing unless asked to."""
    if selection.skipped_rows is None:
        return
    table, skipped = selection.table, selection.skipped_rows
    if len(skipped):
        yield f"{len(skipped):,} left out as flat, first {to_line(table.paths[skipped[0]])}"
    else:
        yield "none left out as flat"
    n_unknown = count_quality_unknown(table.rows)
    if n_unknown:
        yield describe_unknown_quality(n_unknown)


def describe_unknown_quality(n: int) -> str:
    """Say of how many images it is unknown whether they are blurred or flat, and what to do."""
    return (
        f"{n:,} may be blurred or flat, as they were kept before that was looked at; "
        "'smartdownsample cache clear' has all images read anew"
    )


def _describe_layout(layout: Layout) -> str:
    """Say along which order picks are spread."""
    if layout.regime == "timed":
        return f"over {count_noun(layout.n_events, 'event')} by capture time"
    return "over the natural order of names" if layout.regime == "ordered" else "by looks"


def _describe_places(selection: Picks) -> dict[str, str]:
    """Count cameras, and those that have picks; those that have failures alone count as well."""
    table = selection.table
    cameras = find_cameras(table)
    n_all, n_readable = len(cameras), cameras.n_readable
    # `numpy.unique` would import much for it.
    n_kept = int(np.count_nonzero(np.bincount(cameras.of_items[selection.rows])))
    nouns = pluralize(table.noun)
    text = f"{n_all:,}, {'all' if n_kept == n_all else f'{n_kept:,}'} with kept {nouns}"
    if n_readable < n_all:
        text += f", {n_all - n_readable:,} without a readable one"
    return {pluralize(call_camera(table)).capitalize(): text}


def _describe_light(selection: Picks) -> str:
    """Count what was taken by day and by night, as far as colours tell."""
    is_infrared = tell_infrared(selection.table.rows)
    is_all = len(selection) == len(selection.table)
    told = [
        f"{is_such.sum():,} {name}"
        + f" ({(is_such & selection.is_kept).sum():,} kept)" * (not is_all)
        for name, is_such in (("in colour", ~is_infrared), ("infrared", is_infrared))
        if is_such.any()
    ]
    return ", ".join(told) or "no images"


def _describe_times(table: FeatureTable) -> str:
    captured = table.rows["captured"]
    known = captured[~np.isnat(captured)]
    if not len(known):
        return "at unknown times"
    first, last = (
        str(time.astype("datetime64[m]")).replace("T", " ") for time in (known.min(), known.max())
    )
    unknown = f"; {len(table) - len(known):,} at unknown times" if len(known) < len(table) else ""
    return f"{first} to {last}{unknown}"


def _describe_failures(table: FeatureTable) -> str:
    causes = Counter(failure.cause.value for failure in table.failures).most_common()
    listed = ", ".join(f"{cause} ({count:,})" for cause, count in causes)
    return f"{len(table.failures):,} could not be loaded: {listed}" if causes else "none"


def _list_more(selection: Picks) -> Iterator[str]:
    """Yield lines on previews, where they were used, and tables of buckets and groups."""
    table = selection.table
    if table.spec.decode == "preview":
        for line in describe_previews(count_previews(table)):
            yield f"Previews  {line}"
    names = name_buckets(table.rows, selection.codes)
    buckets = [(names[code], size, n_kept) for code, size, n_kept in selection.buckets]
    yield from _list_counts("bucket", table.noun, buckets)
    yield from _list_counts("group", table.noun, selection.groups[:_MAX_GROUPS])
    if len(selection.groups) > _MAX_GROUPS:
        yield f"  and {count_noun(len(selection.groups) - _MAX_GROUPS, 'more group')}"


def _list_counts(heading: str, noun: str, counts: Sequence[tuple[str, int, int]]) -> Iterator[str]:
    """Make a table of names, sizes and numbers of kept items, after an empty line."""
    if counts:
        yield ""
        yield f"  {heading:<55}{pluralize(noun):>9}{'kept':>9}{'share':>8}"
    for name, size, kept in counts:
        line = to_line(name)
        # The end of a long path says most.
        shown = line if len(line) <= _NAME_WIDTH else "…" + line[1 - _NAME_WIDTH :]
        yield f"  {shown:<55}{size:>9,}{kept:>9,}{kept / size:>8.1%}"
