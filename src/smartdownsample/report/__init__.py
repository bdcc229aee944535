"""What people look at: a summary in text, a chart of the buckets, grids of thumbnails.

Drawing needs matplotlib, which the extra ``viz`` installs; it is imported on first need.
"""

from .chart import draw_distribution
from .figures import check_drawing, save_figure, show_figure
from .text import format_summary
from .thumbnails import draw_thumbnails

__all__ = [
    "check_drawing",
    "draw_distribution",
    "draw_thumbnails",
    "format_summary",
    "save_figure",
    "show_figure",
]
