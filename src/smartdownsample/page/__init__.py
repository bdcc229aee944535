"""The report page: a selection as one file that any browser opens, without a network."""

from .comparison import ComparedPicks, compare_selections
from .page import PAGE, save_page, save_report

__all__ = ["PAGE", "ComparedPicks", "compare_selections", "save_page", "save_report"]
