"""Documents that name images: one module for each format, none of which knows another."""

from .lists import LIST_EXTENSIONS, read_list, split_list
from .tables import TABLE_EXTENSIONS, check_column, read_table

__all__ = [
    "LIST_EXTENSIONS",
    "TABLE_EXTENSIONS",
    "check_column",
    "read_list",
    "read_table",
    "split_list",
]
