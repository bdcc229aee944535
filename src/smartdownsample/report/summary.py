"""The summary that a run prints."""

from collections import Counter
from collections.abc import Iterator, Sequence

from ..collection import Layout, Picks
from ..display import to_line
from ..gathering import count_previews, describe_previews
from ..records import FeatureTable
from ..sampling import is_quality_known, name_buckets

_NAME_WIDTH = 54
_MAX_GROUPS = 30
_NO_MORE = "groups, sequences and earlier selections leave no more"


def format_summary(selection: Picks) -> str:
    """Say in text what went in, what came out, and how many images of each bucket were kept."""
    names = name_buckets(selection.table.rows, selection.codes)
    buckets = [(names[code], size, n_kept) for code, size, n_kept in selection.buckets]
    lines = [
        *_describe_selection(selection),
        *_describe_reading(selection.table),
        *_list_counts("bucket", selection.table.noun, buckets),
        *_list_counts("group", selection.table.noun, selection.groups[:_MAX_GROUPS]),
    ]
    if len(selection.groups) > _MAX_GROUPS:
        lines.append(f"  and {len(selection.groups) - _MAX_GROUPS:,} groups more")
    return "\n".join(lines)


def _describe_selection(selection: Picks) -> Iterator[str]:
    n, n_kept, counted = len(selection.table), len(selection), selection.table.count_items()
    share = f" ({n_kept / n:.1%})" if n else ""
    yield f"Selected {n_kept:,} of {counted}{share} from {len(selection.buckets)} buckets"
    if n:
        yield f"  spread {_describe_layout(selection.collection.layout)}"
    n_earlier = len(selection.earlier_rows)
    if n_kept < selection.target_count:
        noun = selection.table.noun.removesuffix("s")
        n_skipped = 0 if selection.skipped_rows is None else len(selection.skipped_rows)
        n_left = n - n_kept - n_earlier - n_skipped
        kind = "other" if n_skipped else "readable"
        rest = _NO_MORE if n_left else f"every {kind} {noun} is selected"
        yield f"  asked for {selection.target_count:,}: {rest}"
    if n_earlier:
        yield f"  {n_earlier:,} were selected before: counted, and kept apart from"
    yield from (f"  {line}" for line in describe_skipped(selection))


def describe_skipped(selection: Picks) -> Iterator[str]:
    """Say how many images were left out as flat, and how many may be; nothing unless asked to."""
    if selection.skipped_rows is None:
        return
    table, skipped = selection.table, selection.skipped_rows
    if len(skipped):
        yield f"{len(skipped):,} left out as flat, first {to_line(table.paths[skipped[0]])}"
    else:
        yield "none left out as flat"
    n_unknown = int((~is_quality_known(table.rows)).sum())
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
        n_events = layout.n_events
        return f"over {n_events:,} event{'s' * (n_events != 1)} by capture time"
    return "over the natural order of names" if layout.regime == "ordered" else "by looks alone"


def _describe_reading(table: FeatureTable) -> Iterator[str]:
    photos, crops = (" photos", " crops") if table.has_regions else ("", "")
    known = f"{table.n_known:,}{crops} known from earlier runs"
    if table.n_extracted:
        yield f"  {table.n_extracted:,}{photos} read" + (f", {known}" if table.n_known else "")
    elif table.n_known:
        yield f"  none was read: {table.n_known:,}{crops} are known from earlier runs"
    if table.spec.decode == "preview":
        for line in describe_previews(count_previews(table)):
            yield f"  {line}"
    if table.n_duplicates:
        named = "boxes named a crop" if table.has_regions else "paths named an image"
        yield f"  {table.n_duplicates:,} {named} again and were ignored"
    if table.n_truncated:
        yield f"  {table.n_truncated:,} are truncated and used as far as they go"
    if table.failures:
        causes = Counter(failure.cause.value for failure in table.failures).most_common()
        listed = ", ".join(f"{cause} ({count:,})" for cause, count in causes)
        yield f"  {len(table.failures):,} could not be loaded: {listed}"


def _list_counts(heading: str, noun: str, counts: Sequence[tuple[str, int, int]]) -> Iterator[str]:
    """Make a table of names, sizes and numbers of kept items, after an empty line."""
    if counts:
        yield ""
        yield f"  {heading:<55}{noun:>9}{'kept':>9}{'share':>8}"
    for name, size, kept in counts:
        line = to_line(name)
        # The end of a long path says most.
        shown = line if len(line) <= _NAME_WIDTH else "…" + line[1 - _NAME_WIDTH :]
        yield f"  {shown:<55}{size:>9,}{kept:>9,}{kept / size:>8.1%}"
