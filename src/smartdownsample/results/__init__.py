"""From picks to what is made of them: tables, files, copies, manifests, splits."""

from .inspection import Figures, Inspection, inspect_collection
from .manifest import describe_run, write_manifest
from .place import Placed, find_base, place_images
from .split import NearDuplicate, Split, split_selection
from .table import explain_selection, tabulate_selection
from .write import write_selection

__all__ = [
    "Figures",
    "Inspection",
    "NearDuplicate",
    "Placed",
    "Split",
    "describe_run",
    "explain_selection",
    "find_base",
    "inspect_collection",
    "place_images",
    "split_selection",
    "tabulate_selection",
    "write_manifest",
    "write_selection",
]
