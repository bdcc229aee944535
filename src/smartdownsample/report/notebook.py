"""What notebooks show of a collection or a selection."""

from collections.abc import Iterable

from ..collection import Picks
from ..display import count_noun
from ..sampling import name_buckets

_BAR_EM = 12
# Buckets that have a line. The others are only counted.
_MAX_LINES = 20


def format_html(selection: Picks) -> str:
    """Show a selection's counts and buckets as HTML; an empty selection shows its collection.

    The fragment has no scripts and is readable on light and dark pages.
    """
    n_kept, counted = len(selection), selection.table.count_items()
    number, _, rest = counted.partition(" ")
    words = f"<b>{n_kept:,}</b> of {counted} selected" if n_kept else f"<b>{number}</b> {rest}"
    n_failures = len(selection.failures)
    failures = f", {n_failures:,} could not be loaded" if n_failures else ""
    buckets = selection.buckets
    heading = f"{words} from {count_noun(len(buckets), 'bucket')}{failures}"
    lines = "".join(_format_lines(selection))
    n_more = len(buckets) - _MAX_LINES
    more = f"<div>and {count_noun(n_more, 'more bucket')}</div>" if n_more > 0 else ""
    return f"<div><div>{heading}</div><table>{lines}</table>{more}</div>"


def _format_lines(selection: Picks) -> Iterable[str]:
    """Yield a table row for each of the largest buckets."""
    from html import escape

    buckets = selection.buckets[:_MAX_LINES]
    names = name_buckets(selection.table.rows, selection.codes)
    largest = max((bucket.size for bucket in buckets), default=1)
    for code, size, n_kept in buckets:
        bar = _draw_bar(size / largest, n_kept / size)
        count = f"{n_kept:,} of {size:,}" if len(selection) else f"{size:,}"
        yield (
            f"<tr><td style='text-align:left'>{escape(names[code])}</td>"
            f"<td>{bar}</td><td style='text-align:right'>{count}</td></tr>"
        )


def _draw_bar(length: float, share: float) -> str:
    """Draw a bar with its selected share in blue; `length` is a share of the longest bar."""
    blue = f"linear-gradient(90deg,#1b5fc1 {share:.1%},#999 {share:.1%})"
    return (
        f"<div style='height:.7em;width:{length * _BAR_EM:.2f}em;min-width:1px;"
        f"background:{blue}'></div>"
    )
