"""The summary that a run prints."""

from collections import Counter
from collections.abc import Iterator, Sequence

from ..collection import Picks
from ..gathering import count_previews, describe_previews
from ..records import FeatureTable
from ..sampling import name_bucket

_NAME_WIDTH = 54
# Groups that are listed at most.
_MAX_GROUPS = 30
_NO_MORE = "groups, sequences and earlier selections leave no more"


def format_summary(selection: Picks) -> str:
    """Say in text what went in, what came out, and how each bucket fared.

    Parameters
    ----------
    selection : Picks
        Of any size.

    Returns
    -------
    str
        Lines without an end of line after the last.
    """
    return "\n".join(_lines(selection))


def _describe_work(table: FeatureTable) -> str:
    if not table.n_extracted:
        return f"none was read: {table.n_known:,} are known from earlier runs"
    if not table.n_known:
        return f"{table.n_extracted:,} read"
    return f"{table.n_extracted:,} read, {table.n_known:,} known from earlier runs"


def _lines(selection: Picks) -> Iterator[str]:
    table = selection.table
    n, n_kept = len(table), len(selection)
    share = f" ({n_kept / n:.1%})" if n else ""
    yield f"Selected {n_kept:,} of {n:,} images{share} from {len(selection.buckets)} buckets"
    n_earlier = len(selection.earlier_rows)
    if n_kept < selection.target_count:
        rest = "every readable image is selected" if n_kept + n_earlier == n else _NO_MORE
        yield f"  asked for {selection.target_count:,}: {rest}"
    if n_earlier:
        yield f"  {n_earlier:,} were selected before: counted, and kept apart from"
    if table.n_extracted or table.n_known:
        yield f"  {_describe_work(table)}"
    if table.spec.decode == "preview":
        for line in describe_previews(count_previews(table)):
            yield f"  {line}"
    if table.n_duplicates:
        yield f"  {table.n_duplicates:,} paths named an image again and were ignored"
    if table.n_truncated:
        yield f"  {table.n_truncated:,} are truncated and used as far as they go"
    if table.failures:
        causes = Counter(failure.cause.value for failure in table.failures).most_common()
        listed = ", ".join(f"{cause} ({count:,})" for cause, count in causes)
        yield f"  {len(table.failures):,} could not be loaded: {listed}"
    buckets = [(name_bucket(code), size, kept) for code, size, kept in selection.buckets]
    yield from _table("bucket", buckets)
    yield from _table("group", selection.groups[:_MAX_GROUPS])
    if len(selection.groups) > _MAX_GROUPS:
        yield f"  and {len(selection.groups) - _MAX_GROUPS:,} groups more"


def _table(heading: str, counts: Sequence[tuple[str, int, int]]) -> Iterator[str]:
    """Lay out names, sizes and numbers of selected items, after an empty line."""
    if counts:
        yield ""
        yield f"  {heading:<55}{'images':>9}{'kept':>9}{'share':>8}"
    for name, size, kept in counts:
        # The end of a long path says most.
        shown = name if len(name) <= _NAME_WIDTH else "…" + name[1 - _NAME_WIDTH :]
        yield f"  {shown:<55}{size:>9,}{kept:>9,}{kept / size:>8.1%}"
