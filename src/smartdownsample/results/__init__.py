"""What is made of a selection: tables, files, copies and links of images, manifests, splits."""

from .earlier_selection import selection_kind
from .inspection import Figures, Inspection, inspect_collection
from .manifest import MANIFEST, describe_run, write_manifest
from .place import Placed, place_images
from .placement_plan import find_base
from .selection_file import write_selection
from .selection_table import explain_selection, name_source_columns, tabulate_selection
from .split import NearDuplicate, Split, split_selection

__all__ = [
    "MANIFEST",
    "Figures",
    "Inspection",
    "NearDuplicate",
    "Placed",
    "Split",
    "describe_run",
    "explain_selection",
    "find_base",
    "inspect_collection",
    "name_source_columns",
    "place_images",
    "selection_kind",
    "split_selection",
    "tabulate_selection",
    "write_manifest",
    "write_selection",
]
