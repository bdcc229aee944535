"""What notebooks show of a collection, of a selection or of a ranking."""

from collections.abc import Sequence

import numpy as np

from ..display import count_noun, to_line
from ..records import Collection, Picks
from ..sampling import name_buckets

_BAR_EM = 12
# Buckets or groups that have a line. The others are only counted.
_MAX_LINES = 20


def format_collection(collection: Collection) -> str:
    """Show a collection's counts and buckets as HTML, see `format_picks`."""
    number, _, noun = collection.table.count_items().partition(" ")
    nothing = Picks(collection, np.zeros(0, dtype=np.int64), 0, None)
    return _format(nothing, f"<b>{number}</b> {noun}", is_picked=False)


def format_picks(picks: Picks, verb: str = "selected") -> str:
    """Show the counts of picks, their buckets and their groups as HTML.

    The fragment has no scripts and is readable on light and dark pages.
    """
    return _format(picks, f"<b>{len(picks):,}</b> of {picks.table.count_items()} {verb}")


def _format(picks: Picks, words: str, *, is_picked: bool = True) -> str:
    """Put a heading that begins with some words above the tables."""
    names = name_buckets(picks.table.rows, picks.codes)
    buckets = [(names[code], size, n_kept) for code, size, n_kept in picks.buckets]
    heading = f"{words} from {count_noun(len(buckets), 'bucket')}"
    if picks.labels is not None:
        heading += f" and {count_noun(len(picks.groups), 'group')}"
    if len(picks.earlier_rows):
        heading += f", kept apart from {len(picks.earlier_rows):,} selected before"
    if picks.failures:
        heading += f", {len(picks.failures):,} could not be loaded"
    tables = _format_table("bucket", buckets, is_picked=is_picked)
    if picks.groups:
        # The largest first, as of buckets.
        groups = sorted(picks.groups, key=lambda group: -group.size)
        tables += f"<div>Groups</div>{_format_table('group', groups, is_picked=is_picked)}"
    return f"<div><div>{heading}</div>{tables}</div>"


def _format_table(noun: str, counts: Sequence[tuple[str, int, int]], *, is_picked: bool) -> str:
    """Make a table with a line for each of the first names, with its size and its picks."""
    from html import escape

    shown, n_more = counts[:_MAX_LINES], len(counts) - _MAX_LINES
    largest = max((size for _, size, _ in shown), default=1)
    lines = [
        f"<tr><td style='text-align:left'>{escape(to_line(name))}</td>"
        f"<td>{_draw_bar(size / largest, n_kept / size)}</td><td style='text-align:right'>"
        f"{f'{n_kept:,} of ' if is_picked else ''}{size:,}</td></tr>"
        for name, size, n_kept in shown
    ]
    more = f"<div>and {count_noun(n_more, f'more {noun}')}</div>" if n_more > 0 else ""
    return f"<table>{''.join(lines)}</table>{more}"


def _draw_bar(length: float, share: float) -> str:
    """Draw a bar with its selected share in blue; `length` is a share of the longest bar."""
    blue = f"linear-gradient(90deg,#1b5fc1 {share:.1%},#999 {share:.1%})"
    return (
        f"<div style='height:.7em;width:{length * _BAR_EM:.2f}em;min-width:1px;"
        f"background:{blue}'></div>"
    )
