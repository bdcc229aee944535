"""What people look at: a summary in text, a chart of the buckets, grids of thumbnails.

Drawing needs matplotlib, which the extra ``viz`` installs; it is imported on first need.
"""

from .distribution_chart import draw_distribution
from .document_summary import describe_document, summarize_document, tabulate_document
from .drawings import check_drawing, make_figure, save_figure, show_figure
from .notebook import format_collection, format_picks
from .summary import (
    describe_skipped,
    describe_unknown_quality,
    format_summary,
    warn_of_shortfall,
)
from .thumbnail_grid import draw_thumbnails

__all__ = [
    "check_drawing",
    "describe_document",
    "describe_skipped",
    "describe_unknown_quality",
    "draw_distribution",
    "draw_thumbnails",
    "format_collection",
    "format_picks",
    "format_summary",
    "make_figure",
    "save_figure",
    "show_figure",
    "summarize_document",
    "tabulate_document",
    "warn_of_shortfall",
]
