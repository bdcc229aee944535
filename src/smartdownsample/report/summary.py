"""The summary that a run prints."""

from collections import Counter
from collections.abc import Iterator, Sequence

from ..collection import Layout, Picks
from ..display import to_line
from ..gathering import count_previews, describe_previews
from ..records import FeatureTable
from ..sampling import name_buckets

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
        rest = f"every readable {noun} is selected" if n_kept + n_earlier == n else _NO_MORE
        yield f"  asked for {selection.target_count:,}: {rest}"
    if n_earlier:
        yield f"  {n_earlier:,} were selected before: counted, and kept apart from"


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
