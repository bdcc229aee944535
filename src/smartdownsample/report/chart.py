"""The distribution chart: kept against excluded images of each bucket."""

from typing import TYPE_CHECKING

import numpy as np

from ..collection import Picks
from ..sampling import name_bucket

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KEPT_COLOUR = "#1b5fc1"
EXCLUDED_COLOUR = "#c9d0d8"
TEXT_COLOUR = "#30363b"

_WIDTH_INCHES = 10.0
_BAR_INCHES = 0.27
_FRAME_INCHES = 1.5
_RESOLUTION = 120  # pixels per inch


def draw_distribution(figure: "Figure", selection: Picks) -> None:
    """Draw one horizontal bar for each bucket, the largest on top.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        An empty figure; its size is set to fit the buckets.
    selection : Picks
        What to draw.
    """
    from matplotlib.ticker import MaxNLocator

    buckets = selection.buckets
    sizes = np.array([bucket.size for bucket in buckets], dtype=np.int64)
    kept = np.array([bucket.n_kept for bucket in buckets], dtype=np.int64)
    figure.set_dpi(_RESOLUTION)
    figure.set_size_inches(_WIDTH_INCHES, _FRAME_INCHES + _BAR_INCHES * max(len(buckets), 3))
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot()
    places = np.arange(len(buckets))
    axes.barh(places, kept, height=0.72, color=KEPT_COLOUR, label="kept")
    axes.barh(places, sizes - kept, left=kept, height=0.72, color=EXCLUDED_COLOUR, label="excluded")
    for place, bucket in enumerate(buckets):
        axes.annotate(
            f"{bucket.n_kept:,} of {bucket.size:,}",
            (bucket.size, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=TEXT_COLOUR,
        )
    axes.set_yticks(places, [name_bucket(bucket.code) for bucket in buckets], fontsize=8)
    axes.set_ylim(max(len(buckets), 3) - 0.4, -0.6)
    axes.set_xlim(0, 1.15 * max(sizes.max(initial=0), 1))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("images", color=TEXT_COLOUR)
    axes.tick_params(colors=TEXT_COLOUR, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.suptitle(
        f"{len(selection):,} of {len(selection.table):,} images kept, from {len(buckets)} buckets",
        x=0.01,
        ha="left",
        fontsize=12,
        color=TEXT_COLOUR,
    )
    axes.legend(loc="lower right", frameon=False, fontsize=9)
