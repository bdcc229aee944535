"""The report page: a selection as one file that any browser opens, without a network."""

from .page import PAGE, save_page, save_report

__all__ = ["PAGE", "save_page", "save_report"]
