"""Documents that name images: a document goes in, the images that it names come out.

Each module is about one format and knows no other. ``…_EXTENSIONS`` are the names of its files;
``read_…`` gives the paths as they are spelt in the document, and what else it says of the images.
"""

from .path_lists import LIST_EXTENSIONS, read_list, split_list
from .path_tables import TABLE_EXTENSIONS, check_column, read_table

__all__ = [
    "LIST_EXTENSIONS",
    "TABLE_EXTENSIONS",
    "check_column",
    "read_list",
    "read_table",
    "split_list",
]
