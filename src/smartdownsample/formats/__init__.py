"""Documents that name images: a document goes in, the images that it names come out.

Each module is about one format and knows no other. ``…_EXTENSIONS`` are the names of its files;
``read_…`` gives the paths as they are spelt in the document, and what else it says of the images.
"""

from .annotations import BOXES, ENTRIES, Annotations, Fault, FaultLog
from .cells import free_names, guard_cells
from .documents import looks_like_document, read_document
from .json_values import dump_json
from .path_lists import LIST_EXTENSIONS, read_list, split_list
from .path_tables import (
    BYTES_COLUMN,
    TABLE_EXTENSIONS,
    find_path_column,
    list_cells,
    list_columns,
    read_table,
)

__all__ = [
    "BOXES",
    "BYTES_COLUMN",
    "ENTRIES",
    "LIST_EXTENSIONS",
    "TABLE_EXTENSIONS",
    "Annotations",
    "Fault",
    "FaultLog",
    "dump_json",
    "find_path_column",
    "free_names",
    "guard_cells",
    "list_cells",
    "list_columns",
    "looks_like_document",
    "read_document",
    "read_list",
    "read_table",
    "split_list",
]
