"""The summary that a run prints."""

from collections import Counter
from collections.abc import Iterator

from ..buckets import name_bucket
from ..model import FeatureTable, Selection


def format_summary(selection: Selection) -> str:
    """Say in text what went in, what came out, and how each bucket fared.

    Parameters
    ----------
    selection : Selection
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


def _lines(selection: Selection) -> Iterator[str]:
    table = selection.table
    n, n_kept = len(table), len(selection)
    share = f" ({n_kept / n:.1%})" if n else ""
    yield f"Selected {n_kept:,} of {n:,} images{share} from {len(selection.buckets)} buckets"
    if n_kept < selection.target_count:
        yield f"  asked for {selection.target_count:,}: every readable image is selected"
    if table.n_extracted or table.n_known:
        yield f"  {_describe_work(table)}"
    if table.n_duplicates:
        yield f"  {table.n_duplicates:,} paths named an image again and were ignored"
    if table.n_truncated:
        yield f"  {table.n_truncated:,} are truncated and used as far as they go"
    if table.failures:
        causes = Counter(failure.cause.value for failure in table.failures).most_common()
        listed = ", ".join(f"{cause} ({count:,})" for cause, count in causes)
        yield f"  {len(table.failures):,} could not be loaded: {listed}"
    if selection.buckets:
        yield ""
        yield f"  {'bucket':<55}{'images':>9}{'kept':>9}{'share':>8}"
        for code, size, kept in selection.buckets:
            yield f"  {name_bucket(code):<55}{size:>9,}{kept:>9,}{kept / size:>8.1%}"
