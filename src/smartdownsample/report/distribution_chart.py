"""The distribution chart: kept against excluded images of each bucket."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..display import count_noun, pluralize
from ..records import BucketCount, Picks
from ..sampling import name_buckets

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KEPT_COLOUR = "#1b5fc1"
EXCLUDED_COLOUR = "#c9d0d8"
TEXT_COLOUR = "#30363b"

_WIDTH_INCHES = 10.0
_BAR_INCHES = 0.27
_FRAME_INCHES = 1.5
_RESOLUTION = 120  # pixels per inch
# A chart of fewer bars has room for this many.
_MIN_BARS = 3


def draw_distribution(figure: "Figure", selection: Picks) -> None:
    """Draw a horizontal bar for each bucket, the largest on top.

    The figure is empty before; its size is set to fit the buckets.
    """
    buckets = selection.buckets
    n_bars = max(len(buckets), _MIN_BARS)
    figure.set_dpi(_RESOLUTION)
    figure.set_size_inches(_WIDTH_INCHES, _FRAME_INCHES + _BAR_INCHES * n_bars)
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot()
    _draw_bars(axes, buckets)
    names = name_buckets(selection.table.rows, selection.codes)
    labels = [names[bucket.code] for bucket in buckets]
    axes.set_yticks(np.arange(len(buckets)), labels, fontsize=8)
    axes.set_ylim(n_bars - 0.4, -0.6)
    _style_axes(axes, pluralize(selection.table.noun))
    figure.suptitle(
        f"{len(selection):,} of {selection.table.count_items()} kept, "
        f"from {count_noun(len(buckets), 'bucket')}",
        x=0.01,
        ha="left",
        fontsize=12,
        color=TEXT_COLOUR,
    )
    axes.legend(loc="lower right", frameon=False, fontsize=9)


def _draw_bars(axes: "Axes", buckets: Sequence[BucketCount]) -> None:
    """Draw the bars, from the top, with their counts on the right."""
    sizes = np.array([bucket.size for bucket in buckets], dtype=np.int64)
    kept = np.array([bucket.n_kept for bucket in buckets], dtype=np.int64)
    levels = np.arange(len(buckets))
    axes.barh(levels, kept, height=0.72, color=KEPT_COLOUR, label="kept")
    axes.barh(levels, sizes - kept, left=kept, height=0.72, color=EXCLUDED_COLOUR, label="excluded")
    for level, bucket in enumerate(buckets):
        axes.annotate(
            f"{bucket.n_kept:,} of {bucket.size:,}",
            (bucket.size, level),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=TEXT_COLOUR,
        )
    axes.set_xlim(0, 1.15 * max(sizes.max(initial=0), 1))


def _style_axes(axes: "Axes", noun: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(noun, color=TEXT_COLOUR)
    axes.tick_params(colors=TEXT_COLOUR, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
